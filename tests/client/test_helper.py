"""The helper's events are the OpenAI SDK's, for the same canonical chunks."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pydantic
import pytest
from bodies import LOGPROBS
from corpus import CAPTURES, require
from hypothesis import given, settings
from strategies import chunk, conformant_streams, continuing, opening, sse, tell
from test_captures import everything

import streamnorm
from streamnorm.client.errors import ContentFilterFinishReasonError, LengthFinishReasonError
from streamnorm.client.helper import (
    AsyncChatCompletionStream,
    ChatCompletionStream,
    ChatCompletionStreamManager,
    ChatCompletionStreamState,
)
from streamnorm.client.types import ChatCompletion

openai = pytest.importorskip("openai", minversion="3.52")

from openai._models import construct_type  # noqa: E402 - after the skip
from openai.lib.streaming.chat import ChatCompletionStreamState as TheirState  # noqa: E402
from openai.types.chat import ChatCompletionChunk as TheirChunk  # noqa: E402
from test_sdk_agrees import BEYOND_THE_SDK  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

#: Captures whose snapshot is not the SDK's, by the end of their names, and why ours is right.
BETTER = dict.fromkeys(
    (
        "pydantic-ai.models-test-huggingface-test-hf-model-thinking-part-iter.0.cf5f743f.sse",
        "openinference.together-test-instrumentor-test-chat-stream.0.ad940ef2.sse",
        "genai.openaicompatible-genstream-simple-togetherai.0.430ca69e.sse",
    ),
    "the SDK adds up the ids of tokens",
) | dict.fromkeys(
    (
        "genai.deepseek-deepseek-v4-pro-thinking-genstream-toplogprobs.0.9fa810e6.sse",
        "genai.togetherai-deepseek-ai-deepseek-v4-pro-thinking-genstream-toplogprobs.0.a85eba98.sse",
        "genai.togetherai-openai-gpt-oss-20b-thinking-genstream-toplogprobs.0.4c83bfa2.sse",
        "rig.deepseek-streaming-logprobs-matrix-streaming-low-length-top-absent.0.159fd226.sse",
        "rig.deepseek-streaming-logprobs-matrix-streaming-low-stop-top-zero.0.b8902688.sse",
    ),
    "the SDK drops the fields of logprobs that it does not know",
)

#: A name that the SDK joins to itself with each delta that repeats it.
_REPEATED = re.compile(r"\b('?(?:format|id)'?[:=] ?')(.+?)\2+'")


def theirs_of(ours: Any) -> Any:
    return construct_type(type_=TheirChunk, value=ours.model_dump(exclude_unset=True))


def look_of(event: Any) -> Any:
    """Its class and its fields in order, as they are now: what is parsed grows in place. Of a chunk's event, its kind."""
    if event.type == "chunk":
        return "chunk"
    options = {"warnings": False} if hasattr(event, "model_fields_set") else {}
    return type(event).__name__, list(copy.deepcopy(event.model_dump(**options)).items())


def run_both(
    chunks: list[Any], ours: ChatCompletionStreamState, theirs: Any
) -> tuple[list[Any], list[Any]]:
    here, there = [], []
    for each in chunks:
        here += [look_of(event) for event in ours.handle_chunk(each)]
        there += [look_of(event) for event in theirs.handle_chunk(theirs_of(each))]
    return here, there


#: Frames of a capture that is read with the others only where there is time: the SDK's work grows with their square.
LONG = 300


@cache
def captures() -> list[tuple[str, bytes]]:
    return [(name, body) for name, body in everything() if not name.endswith(tuple(BEYOND_THE_SDK))]


@pytest.mark.parametrize("part", range(4))
def test_for_every_capture_the_events_are_the_sdks(part: int) -> None:
    require(CAPTURES / "index.json")
    short = [(name, body) for name, body in captures() if body.count(b"\n\n") <= LONG]
    assert len(short) > 900
    assert_events_are_the_sdks(short[part::4])


@pytest.mark.deep
def test_for_long_captures_too() -> None:
    require(CAPTURES / "index.json")
    assert_events_are_the_sdks([each for each in captures() if each[1].count(b"\n\n") > LONG])


def assert_events_are_the_sdks(streams: list[tuple[str, bytes]]) -> None:
    wrong, compared = [], 0
    for name, body in streams:
        chunks = tell(body, "chunks").output
        if not chunks:
            continue
        ours, theirs = ChatCompletionStreamState(), TheirState()
        here, there = run_both(chunks, ours, theirs)
        compared += len(here)
        wrong += [name] if here != there else []
        snapshot, other = ours.current_completion_snapshot, theirs.current_completion_snapshot
        # The SDK forgets the fingerprint where the last chunk has none.
        snapshot.system_fingerprint = other.system_fingerprint
        same = repr(snapshot) == _REPEATED.sub(r"\1\2'", repr(other))
        wrong += [f"{name}: snapshot"] if same == name.endswith(tuple(BETTER)) else []
    assert wrong == []
    assert compared > 10_000


@settings(max_examples=30)
@given(conformant_streams(custom=False))
def test_at_every_chunk_the_snapshot_is_the_sdks(stream: Any) -> None:
    ours, theirs = ChatCompletionStreamState(), TheirState()
    for each in tell(stream.body, "chunks").output:
        (event, *_), (other, *_) = ours.handle_chunk(each), theirs.handle_chunk(theirs_of(each))
        event.snapshot.system_fingerprint = other.snapshot.system_fingerprint
        assert repr(event.snapshot) == repr(other.snapshot)
        assert repr(event).startswith("ChunkEvent(type='chunk', chunk=ChatCompletionChunk(id=")


class Weather(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    city: str
    days: list[int] = []


ANY = {"type": "function", "function": {"name": "any", "strict": True, "parameters": {}}}
VALUE = '{"city": "Os\\"lo", "days": [1, 23, 4], "deep": {"a": [true, null, "x"], "b": {}}}'


def chunks_of(*deltas: dict[str, Any], finish: str = "stop") -> list[Any]:
    body = sse([chunk({"role": "assistant"}), *map(chunk, deltas), chunk({}, finish)])
    made: list[Any] = tell(body, "chunks").output
    return made


def cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_content_is_parsed_as_it_comes(size: int) -> None:
    chunks = chunks_of(*({"content": part} for part in cut(VALUE, size)))
    ours = ChatCompletionStreamState(response_format=Weather)
    theirs = TheirState(response_format=Weather)
    here, there = run_both(chunks, ours, theirs)
    assert here == there
    final = ours.get_final_completion()
    assert final.choices[0].message.parsed == Weather.model_validate_json(VALUE)
    assert repr(final) == repr(theirs.get_final_completion())


@pytest.mark.parametrize("size", [1, 3, 100])
def test_arguments_are_parsed_as_they_come(size: int) -> None:
    deltas = [
        {"tool_calls": [entry]}
        for at, name in enumerate(("Weather", "any", "unknown"))
        for entry in (
            opening(at, f"c{at}", name),
            *(continuing(at, part) for part in cut(VALUE, size)),
        )
    ]
    chunks = chunks_of({"content": "Let me see."}, *deltas, finish="tool_calls")
    ours = ChatCompletionStreamState(input_tools=[streamnorm.pydantic_function_tool(Weather), ANY])
    theirs = TheirState(input_tools=[openai.pydantic_function_tool(Weather), ANY])
    here, there = run_both(chunks, ours, theirs)
    assert here == there
    calls = ours.get_final_completion().choices[0].message.tool_calls or ()
    assert [type(each.function.parsed_arguments) for each in calls] == [Weather, dict, type(None)]  # type: ignore[union-attr]


def test_logprobs_come_with_what_came_before() -> None:
    body = sse(
        [
            chunk({"role": "assistant", "content": ""}),
            *(
                {**made, "choices": [{**made["choices"][0], "logprobs": logprobs}]}
                for made, logprobs in (
                    (chunk({"content": "a"}), LOGPROBS),
                    (chunk({"content": "b"}), {"refusal": LOGPROBS["content"]}),
                    (chunk({"content": "c"}), LOGPROBS),
                )
            ),
            chunk({}, "stop"),
        ]
    )
    chunks = tell(body, "chunks").output
    events = [
        event
        for each in chunks
        for event in ChatCompletionStreamState().handle_chunk(each)  # a state each: no total
        if event.type.startswith("logprobs")
    ]
    assert len(events) == 3
    here, there = run_both(chunks, ChatCompletionStreamState(), TheirState())
    assert here == there


@pytest.mark.parametrize(
    ("finish", "kind"),
    [("length", LengthFinishReasonError), ("content_filter", ContentFilterFinishReasonError)],
)
def test_a_cut_answer_is_an_error_where_something_was_to_be_parsed(
    finish: str, kind: type[Exception]
) -> None:
    chunks = chunks_of({"content": '{"ci'}, finish=finish)
    state = ChatCompletionStreamState(response_format=Weather)
    for each in chunks[:-1]:
        state.handle_chunk(each)
    with pytest.raises(kind) as raised:
        state.handle_chunk(chunks[-1])
    assert raised.value.completion.choices[0].message.content == '{"ci'  # type: ignore[attr-defined]
    plain = ChatCompletionStreamState()
    told = [event.type for each in chunks for event in plain.handle_chunk(each)]
    assert told[-1] == "content.done"
    with pytest.raises(kind):
        plain.get_final_completion()


def test_content_that_is_not_what_was_promised_fails_when_it_is_done() -> None:
    """The SDK fails at the first character, with an error of its JSON reader."""
    chunks = chunks_of({"content": "Sorry, "}, {"content": "no."})
    state = ChatCompletionStreamState(response_format=Weather)
    for each in chunks[:-1]:
        state.handle_chunk(each)
    with pytest.raises(pydantic.ValidationError):
        state.handle_chunk(chunks[-1])


def test_calls_told_in_turns_are_done_once_and_whole() -> None:
    """The SDK says that the first is done when the second begins."""
    entries = [opening(0, "a", "any"), continuing(0, '{"k": ')]
    entries += [
        opening(1, "b", "any"),
        continuing(1, '{"l": '),
        continuing(0, "1}"),
        continuing(1, "2}"),
    ]
    chunks = chunks_of(*({"tool_calls": [entry]} for entry in entries), finish="tool_calls")
    state = ChatCompletionStreamState(input_tools=[ANY])
    done = [
        (event.index, event.arguments, event.parsed_arguments)  # type: ignore[attr-defined]
        for each in chunks
        for event in state.handle_chunk(each)
        if event.type == "tool_calls.function.arguments.done"
    ]
    assert sorted(done) == [(0, '{"k": 1}', {"k": 1}), (1, '{"l": 2}', {"l": 2})]


def test_a_custom_call_is_in_the_completion() -> None:
    """The SDK breaks over it."""
    custom = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "grep", "input": ""}}
    more = {"index": 0, "custom": {"input": "x y"}}
    chunks = chunks_of({"tool_calls": [custom]}, {"tool_calls": [more]}, finish="tool_calls")
    state = ChatCompletionStreamState()
    assert {event.type for each in chunks for event in state.handle_chunk(each)} == {"chunk"}
    calls = state.get_final_completion().choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].custom.input == "x y"  # type: ignore[union-attr]


def test_an_event_says_what_was_so_when_it_came() -> None:
    state = ChatCompletionStreamState()
    chunks = chunks_of(*({"content": part} for part in "abc"))
    events = [event for each in chunks for event in state.handle_chunk(each)]
    deltas = [event for event in events if event.type == "content.delta"]
    assert [event.snapshot for event in deltas] == ["a", "ab", "abc"]  # type: ignore[attr-defined]


def test_a_snapshot_is_made_when_asked_for_and_once() -> None:
    state = ChatCompletionStreamState()
    with pytest.raises(streamnorm.LocalError, match="no chunk"):
        _ = state.current_completion_snapshot
    for each in chunks_of({"content": "a"}):
        state.handle_chunk(each)
    assert state.current_completion_snapshot is state.current_completion_snapshot


@given(conformant_streams(custom=False, most_choices=2))
def test_the_final_completion_is_what_the_core_assembles(stream: Any) -> None:
    told = tell(stream.body)
    state = ChatCompletionStreamState()
    for each in tell(stream.body, "chunks").output:
        state.handle_chunk(each)
    completion = ChatCompletion.from_dict(json.loads(state.current_completion_snapshot.to_json()))
    for ours, choice in zip(told.result.choices, completion.choices, strict=True):
        assert (choice.message.content or "") == (ours.message.content or "")
        assert [
            (each.id, each.function.arguments)  # type: ignore[union-attr]
            for each in choice.message.tool_calls or ()
        ] == [(each.id, each.arguments) for each in ours.message.tool_calls]


class Raw:
    """A stream of chunks, as the client's."""

    response = "the response"

    def __init__(self, chunks: list[Any]) -> None:
        self._chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._chunks)

    def close(self) -> None:
        self.closed += 1


class AsyncRaw(Raw):
    async def __aiter__(self) -> Any:
        for each in self._chunks:
            yield each

    async def close(self) -> None:  # type: ignore[override]
        self.closed += 1


def test_the_blocking_and_the_other_helper_tell_the_same() -> None:
    chunks = chunks_of({"content": "a"}, {"content": "b"})
    raw = Raw(chunks)
    with ChatCompletionStreamManager(lambda: raw) as stream:
        assert stream.response == "the response"
        first = next(stream)
        told = [look_of(event) for event in [first, *stream]]
        final = stream.get_final_completion()
    assert raw.closed == 1

    async def read() -> tuple[list[Any], Any]:
        async with AsyncChatCompletionStream(raw_stream=AsyncRaw(chunks)) as other:
            events = [look_of(event) async for event in other]
            return events, await other.get_final_completion()

    assert asyncio.run(read()) == (told, final)


def test_a_stream_can_be_read_to_its_end_at_once() -> None:
    stream = ChatCompletionStream(raw_stream=Raw(chunks_of({"content": "abc"})))
    assert stream.get_final_completion().choices[0].message.content == "abc"
    assert stream.current_completion_snapshot.choices[0].finish_reason == "stop"
