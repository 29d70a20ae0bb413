"""The handlers call what OpenAI's SDK calls: the same callbacks, in the same order, with the same, knowing the same."""

from __future__ import annotations

import asyncio
import copy
import random
import subprocess
import sys
from typing import Any

import pytest
from corpus import CAPTURES, require
from hypothesis import given, settings
from run_streams import CALLBACKS, AsyncFeed, Feed, frames_of, logging, pairs_of, runs, streams

from streamnorm.assistants import (
    AssistantEventHandler,
    AssistantStreamManager,
    AsyncAssistantEventHandler,
    AsyncAssistantStreamManager,
    HandlerError,
    event_of,
    events_in,
)
from streamnorm.errors import LocalError, ServerError, StreamInvalid
from streamnorm.sse import Frame

sdk = pytest.importorskip("openai.lib.streaming", exc_type=ImportError)
models = pytest.importorskip("openai._models")
beta = pytest.importorskip("openai.types.beta")


#: Values that a field may have instead of its own.
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, "", "x", [], [None], ["x"], [[]], [{}], {}),
    *({"index": 0}, {"text": "x"}, {"type": "text"}, {"a": {"b": [1]}}),
)


def theirs(pairs: list[tuple[str, Any]]) -> list[Any]:
    """The SDK's own events."""
    return [
        models.construct_type(type_=beta.AssistantStreamEvent, value={"event": name, "data": data})
        for name, data in copy.deepcopy(pairs)
    ]


def ours(pairs: list[tuple[str, Any]]) -> list[Any]:
    return [event_of(name, data) for name, data in copy.deepcopy(pairs)]


def followed(base: type, events: list[Any], **feed: Any) -> Any:
    handler = logging(base)()
    handler._init(Feed(events, **feed))
    handler.until_done()
    return handler


async def followed_async(base: type, events: list[Any]) -> Any:
    handler = logging(base)()
    handler._init(AsyncFeed(events))
    await handler.until_done()
    return handler


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "index.json")
    assert sum("assistants" in str(path.parents[1]) for path in streams().values()) >= 16


@pytest.mark.parametrize("name", streams())
def test_each_callback_is_that_of_the_sdk(name: str) -> None:
    pairs = pairs_of(streams()[name])
    mine = followed(AssistantEventHandler, list(events_in(frames_of(streams()[name]))))
    real = followed(sdk.AssistantEventHandler, theirs(pairs))
    assert mine.log == real.log
    assert mine.log[-1][0] == "on_end"
    later = asyncio.run(followed_async(AsyncAssistantEventHandler, ours(pairs)))
    assert later.log == mine.log
    real_later = asyncio.run(followed_async(sdk.AsyncAssistantEventHandler, theirs(pairs)))
    assert later.log == real_later.log


@settings(max_examples=150, deadline=None)
@given(runs())
def test_each_callback_is_that_of_the_sdk_in_runs_that_nobody_recorded(pairs: Any) -> None:
    mine = followed(AssistantEventHandler, ours(pairs))
    assert mine.log == followed(sdk.AssistantEventHandler, theirs(pairs)).log


@pytest.mark.parametrize("name", streams())
def test_what_is_there_in_the_end_is_that_of_the_sdk(name: str) -> None:
    pairs = pairs_of(streams()[name])
    texts = []
    for base, events in (
        (AssistantEventHandler, ours(pairs)),
        (sdk.AssistantEventHandler, theirs(pairs)),
    ):
        handler = base()
        handler._init(Feed(events))
        texts.append(list(handler.text_deltas))
        for ask in ("get_final_run", "get_final_run_steps", "get_final_messages"):
            try:
                texts.append(repr(getattr(handler, ask)()))
            except RuntimeError:
                texts.append("none")
    assert texts[: len(texts) // 2] == texts[len(texts) // 2 :]


def test_both_have_all_callbacks_and_members_of_the_sdks() -> None:
    assert len(CALLBACKS) == 17
    for mine, real in (
        (AssistantEventHandler, sdk.AssistantEventHandler),
        (AsyncAssistantEventHandler, sdk.AsyncAssistantEventHandler),
    ):
        public = {name for name in dir(real) if name[0] != "_"}
        assert public >= set(CALLBACKS)
        assert public <= set(dir(mine)) | set(dir(mine()))


def test_in_on_event_the_run_is_still_the_one_before() -> None:
    seen = []

    class Handler(AssistantEventHandler):
        def on_event(self, event: Any) -> None:
            seen.append(
                (
                    event.event,
                    self.current_run and self.current_run.status,
                    self.current_event is event,
                )
            )

    handler = Handler()
    run = {"id": "run_1", "status": "in_progress"}
    action = {**run, "status": "requires_action"}
    handler._init(
        Feed(ours([("thread.run.in_progress", run), ("thread.run.requires_action", action)]))
    )
    handler.until_done()
    assert seen[-1] == ("thread.run.requires_action", "in_progress", True)
    assert handler.current_run is not None
    assert handler.current_run.status == "requires_action"
    assert handler.current_event is None


def test_a_handler_may_follow_another_stream_in_a_callback_of_its_own_with_a_new_handler() -> None:
    texts: list[str] = []
    pairs = pairs_of(streams()["text"])

    class Handler(AssistantEventHandler):
        def on_event(self, event: Any) -> None:
            if event.event == "thread.run.requires_action":
                feed = Feed(ours(pairs))
                with AssistantStreamManager(lambda: feed, event_handler=Handler()) as inner:
                    texts.extend(inner.text_deltas)
                assert feed.closed

    with AssistantStreamManager(
        lambda: Feed(ours(pairs_of(streams()["calls"]))), event_handler=Handler()
    ) as handler:
        handler.until_done()
    assert texts == ["Hel", "lo", "."]


def test_events_are_given_as_they_come_and_only_once() -> None:
    handler = AssistantEventHandler()
    events = ours(pairs_of(streams()["text"]))
    handler._init(Feed(events))
    assert next(handler) is events[0]
    assert list(handler) == events[1:]
    assert list(handler) == []


def test_one_handler_follows_one_stream() -> None:
    handler = AssistantEventHandler()
    with pytest.raises(HandlerError, match="no stream yet"):
        handler.until_done()
    handler = AssistantEventHandler()
    handler._init(Feed([]))
    with pytest.raises(RuntimeError, match="make a new one for each"):
        handler._init(Feed([]))
    assert issubclass(HandlerError, LocalError)


def test_what_never_came_is_said_to_be_missing() -> None:
    for ask, words in (("run", "no run"), ("run_steps", "no steps"), ("messages", "no messages")):
        handler = AssistantEventHandler()
        handler._init(Feed([]))
        with pytest.raises(HandlerError, match=words):
            getattr(handler, f"get_final_{ask}")()


class APITimeoutError(Exception):
    """As a client calls it."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("x"), ["on_exception", "on_end"]),
        (TimeoutError("x"), ["on_timeout", "on_exception", "on_end"]),
        (APITimeoutError("x"), ["on_timeout", "on_exception", "on_end"]),
    ],
)
def test_an_exception_is_told_and_goes_on(error: Exception, told: list[str]) -> None:
    handler = logging(AssistantEventHandler)()
    handler._init(Feed([], error))
    with pytest.raises(type(error)):
        handler.until_done()
    assert [entry[0] for entry in handler.log] == told
    later = logging(AsyncAssistantEventHandler)()
    later._init(AsyncFeed([], error))
    with pytest.raises(type(error)):
        asyncio.run(later.until_done())
    assert later.log == handler.log


def test_an_exception_of_a_callback_is_told_too() -> None:
    told: list[Exception] = []

    class Handler(AssistantEventHandler):
        def on_text_delta(self, delta: Any, snapshot: Any) -> None:
            raise KeyError("mine")

        def on_exception(self, exception: Exception) -> None:
            told.append(exception)

    handler = Handler()
    handler._init(Feed(ours(pairs_of(streams()["text"]))))
    with pytest.raises(KeyError, match="mine"):
        handler.until_done()
    assert [type(error) for error in told] == [KeyError]


def test_the_async_manager_awaits_the_stream_and_closes_it() -> None:
    feed = AsyncFeed(ours(pairs_of(streams()["text"])))

    async def begin() -> AsyncFeed:
        return feed

    async def read() -> list[str]:
        manager = AsyncAssistantStreamManager(begin(), event_handler=AsyncAssistantEventHandler())
        async with manager as handler:
            assert (await anext(handler)).event == "thread.created"
            return [text async for text in handler.text_deltas]

    assert asyncio.run(read()) == ["Hel", "lo", "."]
    assert feed.closed


def test_a_snapshot_that_was_handed_out_stays_what_it_was() -> None:
    kept: list[Any] = []

    class Handler(AssistantEventHandler):
        def on_text_delta(self, delta: Any, snapshot: Any) -> None:
            kept.append(snapshot)

        def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
            kept.append(snapshot.function)

    for name, field, wanted in (
        ("text", "value", ["Hel", "Hello", "Hello."]),
        ("calls", "arguments", ['{"city": ', '{"city": "Oslo"}', '{"city": "Rome"}']),
    ):
        kept.clear()
        handler = Handler()
        handler._init(Feed(ours(pairs_of(streams()[name]))))
        handler.until_done()
        assert [getattr(each, field) for each in kept] == wanted


# Bad input.


def test_an_unknown_event_is_handed_on_untouched() -> None:
    handler = logging(AssistantEventHandler)()
    data = {"id": "msg_1", "glitter": [1, None]}
    for sent in (data, [1], None):
        event = event_of("thread.message.sparkle", sent)
        assert (event.event, event.data) == ("thread.message.sparkle", sent)
    odd = [event_of("thread.message.sparkle", data), event_of("thread.message.delta", [1])]
    handler._init(Feed(odd))
    assert list(handler.text_deltas) == []
    assert [entry[0] for entry in handler.log] == ["on_event", "on_event", "on_end"]


@pytest.mark.parametrize(
    "pairs",
    [
        [("thread.message.delta", {"id": "m", "delta": {"content": []}})],
        [("thread.run.step.delta", {"id": "s", "delta": {}})],
        [("thread.message.created", {"id": "m"}), ("thread.message.delta", {"id": "m"})],
        *(
            [
                ("thread.message.created", {"id": "m"}),
                ("thread.message.delta", {"id": "m", "delta": {"content": [part]}}),
            ]
            for part in (
                "x",
                {"type": "text"},
                {"type": "text", "index": 3},
                {"type": "text", "index": -1},
            )
        ),
        *(
            [
                ("thread.run.step.created", {"id": "s"}),
                (
                    "thread.run.step.delta",
                    {
                        "id": "s",
                        "delta": {"step_details": {"type": "tool_calls", "tool_calls": [call]}},
                    },
                ),
            ]
            for call in ("x", {"type": "function"}, {"type": "function", "index": 2})
        ),
    ],
)
def test_a_delta_that_cannot_be_added_is_the_servers_fault(pairs: Any) -> None:
    with pytest.raises(StreamInvalid):
        followed(AssistantEventHandler, ours(pairs))


def damaged(pairs: list[tuple[str, Any]], chance: random.Random) -> list[tuple[str, Any]]:
    """The events of a run with one to three things wrong: a value, a key, an event lost, doubled or moved."""
    made = copy.deepcopy(pairs)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(made))
        match chance.randrange(6):
            case 0:
                made.insert(chance.randrange(len(made)), copy.deepcopy(made[at]))
            case 1 if len(made) > 1:
                del made[at]
            case 2:
                made.insert(chance.randrange(len(made)), made.pop(at))
            case _:
                owner: Any = made[at][1]
                while isinstance(owner, dict | list) and owner:
                    keys = list(owner if isinstance(owner, dict) else range(len(owner)))
                    key = chance.choice(keys)
                    if chance.random() < 0.4:
                        owner[key] = copy.deepcopy(chance.choice(VALUES))
                        break
                    owner = owner[key]
    return made


def test_whatever_is_damaged_only_our_errors_are_raised() -> None:
    recorded = [pairs_of(path) for path in streams().values() if path.parent.name == "assistants"]
    raised = 0
    for seed in range(2_000):
        chance = random.Random(seed)
        handler = AssistantEventHandler()
        handler._init(Feed(ours(damaged(recorded[seed % len(recorded)], chance))))
        try:
            list(handler.text_deltas)
        except StreamInvalid:
            raised += 1
    assert 0 < raised < 2_000


def test_frames_are_read_as_servers_write_them() -> None:
    run = b'{"id": "run_1", "status": "queued"}'
    frames = [
        Frame("thread.run.queued", run + b"}"),
        Frame("keepalive", b""),
        Frame(
            "thread.message.delta",
            b'{"id": "m", "delta": {"content": {"index": 0, "type": "text"}}}',
        ),
        Frame("done", b"[DONE]"),
        Frame("thread.run.queued", run),
    ]
    first, second = events_in(frames)
    assert first == event_of("thread.run.queued", {"id": "run_1", "status": "queued"})
    assert second.data.delta.content[0].type == "text"
    with pytest.raises(StreamInvalid, match=r"'thread.run.queued' has data that is no JSON"):
        list(events_in([Frame("thread.run.queued", b"{")]))
    with pytest.raises(ServerError, match="Out of steam"):
        list(events_in([Frame("error", b'{"error": {"message": "Out of steam."}}')]))
    (bare,) = events_in([Frame("error", b'{"message": "Out of steam.", "type": "server_error"}')])
    assert (bare.event, bare.data.message) == ("error", "Out of steam.")


def test_it_costs_no_pydantic_and_no_http_to_import() -> None:
    code = (
        "import sys, streamnorm.openai as openai\n"
        "from streamnorm.openai.types.beta.threads.runs import RunStep\n"
        "openai.AssistantEventHandler(), openai.AsyncAssistantEventHandler()\n"
        "print([n for n in ('pydantic', 'httpx', 'httpx2', 'openai', 'asyncio') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
