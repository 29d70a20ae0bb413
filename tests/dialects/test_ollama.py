"""Ollama's own streams: what was recorded, what its documentation has, and what no server should send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, FACTS, facts, require
from dialect_streams import (
    as_lines,
    as_sse,
    damaged,
    fixtures_of,
    objects_of,
    parsed,
    story,
    two_way_splits_differ,
    with_each_between,
)
from strategies import judge, tell

from streamnorm.dialects.ollama import OllamaReader
from streamnorm.normalizer import Normalizer

DIALECT = "ollama"

STRANGERS: list[Any] = [
    {"status": "pulling the model", "completed": 1, "total": 2},
    {"model": "m-1", "hologram": {"content": "x"}},
    {"error": None},
    {},
]


def captures() -> dict[str, Path]:
    """The recordings in lines; those that are chat streams of Ollama are in SSE."""
    return {
        f"{path.parent.name}/{path.stem}": path
        for path in sorted(CAPTURES.glob("live/*/*ollama*.sse"))
        if path.read_bytes().startswith(b"{")
    }


def line(*, done: bool = False, **fields: Any) -> dict[str, Any]:
    beside = {"model", "created_at", "done_reason", "prompt_eval_count", "eval_count"}
    message = {key: value for key, value in fields.items() if key not in beside}
    return {
        "model": "m-1",
        "created_at": "2026-03-01T09:30:00Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": done,
        **{key: value for key, value in fields.items() if key in beside},
    }


END = line(done=True, done_reason="stop")


def called(arguments: Any, **call: Any) -> dict[str, Any]:
    function = {"name": "find", "arguments": arguments}
    return line(tool_calls=[{"id": "call_1", "function": function, **call}])


def test_the_capture_is_complete_without_findings() -> None:
    require(CAPTURES / "index.json")
    assert list(captures()) == ["aimock/ollama_tools_parallel"]
    body = captures()["aimock/ollama_tools_parallel"].read_bytes()
    told = judge(body, dialect=DIALECT)
    assert told.complete
    assert told.codes == set()
    message = told.result.message
    wanted = objects_of(body)
    assert message.content == "".join(item["message"]["content"] for item in wanted)
    calls = [call for item in wanted for call in item["message"].get("tool_calls", ())]
    assert [(call.name, parsed(call.arguments)) for call in message.tool_calls] == [
        (call["function"]["name"], call["function"]["arguments"]) for call in calls
    ]
    assert all(call.complete for call in message.tool_calls)
    assert told.result.choices[0].finish_reason == "tool_calls"
    assert two_way_splits_differ(body, DIALECT) == []


def test_the_quirk_of_native_lines_is_this_dialect() -> None:
    require(FACTS / "quirks.json")
    quirk = next(quirk for quirk in facts("quirks.json") if quirk["id"] == "sse-ndjson-native")
    for example in quirk["example_lines"]:
        told = judge(example["line"].encode() + b"\n" + as_lines([END]), dialect=DIALECT)
        assert told.complete
        assert told.codes == set()


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_lines_sse_and_an_array_say_the_same(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_lines(objects), dialect=DIALECT))
    array = b"[" + as_lines(objects).strip().replace(b"\n", b",\n") + b"]"
    assert story(tell(as_sse(objects), dialect=DIALECT)) == whole
    assert story(tell(array, dialect=DIALECT)) == whole
    assert story(tell(as_lines(objects).replace(b"\n", b"\r\n\r\n"), dialect=DIALECT)) == whole


@pytest.mark.parametrize("path", fixtures_of(DIALECT), ids=lambda path: path.stem)
def test_unknown_lines_change_nothing(path: Path) -> None:
    objects = objects_of(path.read_bytes())
    whole = story(tell(as_lines(objects), dialect=DIALECT))
    for with_one in with_each_between(objects, STRANGERS):
        assert story(tell(as_lines(with_one), dialect=DIALECT)) == whole


def test_it_is_known_for_what_it_is() -> None:
    for path in [*fixtures_of(DIALECT), *captures().values()]:
        normalizer = Normalizer(dialect="auto")
        normalizer.feed(path.read_bytes())
        normalizer.close()
        assert normalizer.dialect == DIALECT, path


def test_without_its_last_line_a_stream_is_truncated() -> None:
    objects = [line(content="Hello"), called({"a": 1}), END]
    body = as_lines(objects)
    for end in range(len(body) - 2):
        told = judge(body[:end], dialect=DIALECT)
        assert told.error is not None
        assert told.error.kind == "truncated"
        assert not told.complete
    assert judge(body[:-1], dialect=DIALECT).complete


def test_nothing_follows_the_last_line() -> None:
    for late in (line(content="x"), END, {"error": "late"}, {}):
        told = judge(as_lines([line(content="Hello"), END, late]), dialect=DIALECT)
        assert told.complete
        assert told.result.message.content == "Hello"
        assert told.codes == {"event-after-end"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "{}"),
        ({"a": 1.0, "b": 1e22, "c": 2**70, "d": -0.0}, None),
        ({"é": "\u2028 😀", "n": None, "l": [True, []]}, None),
        ('{"a" : 1}', '{"a" : 1}'),
        (None, "{}"),
    ],
)
def test_arguments_are_written_as_json_and_text_is_left_as_it_is(
    arguments: Any, text: str | None
) -> None:
    told = judge(as_lines([called(arguments), END]), dialect=DIALECT)
    (call,) = told.result.message.tool_calls
    assert call.complete
    assert told.codes == set()
    if text is None:
        value = json.loads(call.arguments)
        assert value == arguments
        assert [type(item) for item in value.values()] == [type(v) for v in arguments.values()]
    else:
        assert call.arguments == text


@pytest.mark.parametrize("arguments", [[], [1], 7, True, "", '{"a"'])
def test_arguments_that_are_no_object_are_not_complete(arguments: Any) -> None:
    end = line(done=True, done_reason="length")
    told = judge(as_lines([called(arguments), end]), dialect=DIALECT)
    (call,) = told.result.message.tool_calls
    assert not call.complete
    assert told.codes == {"tool-arguments-incomplete"}


def test_calls_without_ids_get_one_each_and_an_id_names_one_call() -> None:
    without = judge(as_lines([called({}, id=None), called({}, id=""), END]), dialect=DIALECT)
    assert len({call.id for call in without.result.message.tool_calls}) == 2
    assert without.codes == set()
    twice = judge(as_lines([called({}), called({}), END]), dialect=DIALECT)
    assert len({call.id for call in twice.result.message.tool_calls}) == 2
    assert twice.codes == {"tool-id-missing"}


@pytest.mark.parametrize(("word", "reason"), OllamaReader.reasons.items())
def test_every_reason_has_its_meaning(word: str, reason: str) -> None:
    told = judge(as_lines([line(done=True, done_reason=word)]), dialect=DIALECT)
    assert told.complete
    assert told.codes == set()
    assert told.result.choices[0].finish_reason == reason
    assert told.result.choices[0].raw_finish_reason == word
    with_call = judge(as_lines([called({}), line(done=True, done_reason=word)]), dialect=DIALECT)
    finish = "length" if reason == "length" else "tool_calls"
    assert with_call.result.choices[0].finish_reason == finish
    assert with_call.codes == set()


def test_a_reason_without_the_end_is_taken_for_it() -> None:
    told = judge(as_lines([line(content="Hello", done_reason="stop")]), dialect=DIALECT)
    assert told.complete
    assert told.codes == {"end-missing"}


def test_an_end_without_a_reason_is_found() -> None:
    for calls, reason in (([], "stop"), ([called({})], "tool_calls")):
        told = judge(as_lines([*calls, line(done=True)]), dialect=DIALECT)
        assert told.complete
        assert told.codes == {"finish-missing"}
        assert told.result.choices[0].finish_reason == reason
        assert told.result.choices[0].raw_finish_reason is None


@pytest.mark.parametrize(
    "error",
    [
        {"error": "it broke"},
        {"error": {"message": "it broke"}},
        {"error": "it broke", "status": 500},
        {**END, "error": "it broke"},
        {"message": "it broke"},
    ],
)
def test_an_error_ends_the_stream_in_the_words_of_the_server(error: dict[str, Any]) -> None:
    told = judge(as_lines([line(content="Hello"), error, END]), dialect=DIALECT)
    assert told.error is not None
    assert (told.error.kind, told.error.message) == ("server", "it broke")
    assert told.result.message.content == "Hello"


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29T12:34:56Z", 951_827_696),
        ("2023-08-04T08:52:19.385406455-07:00", 1_691_164_339),
        ("2023-08-04t15:52:19z", 1_691_164_339),
        ("2026-12-31T23:59:60Z", 1_798_761_600),
        ("2026-03-01T09:30:00+05:30", 1_772_337_600),
        ("0001-01-01T00:00:00Z", 0),
        ("0000-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", 0),
        ("2026-13-01T00:00:00Z", 0),
        ("2026-00-01T00:00:00Z", 0),
        ("2026-03-01T09:30:00", 0),
        ("2026-03-01", 0),
        ("٢٠٢٦-03-01T09:30:00Z", 0),
        ("yesterday", 0),
        ("", 0),
        (None, 0),
        (1_772_337_600, 0),
        ({"seconds": 1}, 0),
    ],
)
def test_created_is_the_time_of_the_first_line(time: Any, seconds: int) -> None:
    told = judge(as_lines([line(created_at=time), END]), dialect=DIALECT)
    assert told.result.created == seconds
    assert told.complete


def test_the_usage_has_the_names_of_chat_and_its_own() -> None:
    counts = {"prompt_eval_count": 26, "eval_count": 298}
    told = tell(as_lines([line(content="Hi"), {**END, **counts}]), dialect=DIALECT)
    assert told.result.usage == {
        "prompt_tokens": 26,
        "completion_tokens": 298,
        "total_tokens": 324,
        **counts,
    }
    assert tell(as_lines([line(content="Hi"), END]), dialect=DIALECT).result.usage is None


def test_whatever_is_in_the_fields_what_is_true_of_every_stream_holds() -> None:
    streams = [objects_of(path.read_bytes()) for path in fixtures_of(DIALECT)]
    for seed in range(4_000):
        objects = damaged(streams[seed % len(streams)], seed)
        judge(as_lines(objects) if seed % 3 else as_sse(objects), dialect=DIALECT)
