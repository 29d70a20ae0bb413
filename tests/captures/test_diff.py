"""Two streams are the same where they tell the same, however they came; and where they do not, the first place is named."""

from __future__ import annotations

import json
from typing import Any

import corpus
import pytest
from corpus_captures import corpus_streams
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.diff import Difference, Told, differences, tell
from streamnorm.normalizer import Normalizer

lines = st.lists(
    st.fixed_dictionaries({"event": st.sampled_from("abc"), "n": st.integers(0, 2)}), max_size=12
)


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    told = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", **more}
    return b"data: %s\n\n" % json.dumps({**told, "choices": [choice]}).encode()


def call(name: str = "weather", call_id: str = "call_1", *fragments: str) -> list[bytes]:
    opening = {"index": 0, "id": call_id, "type": "function"}
    function = {"name": name, "arguments": ""}
    return [
        chunk({"role": "assistant", "tool_calls": [{**opening, "function": function}]}),
        *(
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": each}}]})
            for each in fragments
        ),
    ]


def text(*parts: str, **more: Any) -> list[bytes]:
    return [
        chunk({"role": "assistant", "content": ""}, **more),
        *(chunk({"content": part}, **more) for part in parts),
        chunk({}, "stop", **more),
        b"data: [DONE]\n\n",
    ]


def told(pieces: list[bytes], **options: Any) -> Told:
    return tell(pieces, Normalizer(dialect="auto"), **options)


def test_streams_of_the_corpus_tell_the_same_however_they_are_cut() -> None:
    corpus.require(corpus.CAPTURES)
    for stream in corpus_streams()[::13]:
        body = stream.read_bytes()
        whole = told([body])
        assert told([body[at : at + 7] for at in range(0, len(body), 7)]) == whole
        assert differences(whole.events, whole.events) == []


@given(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=6))
def test_how_the_text_was_cut_into_chunks_makes_no_difference(parts: list[str]) -> None:
    assert told(text(*parts)) == told(text("".join(parts)))


def test_fragments_of_arguments_are_merged_too() -> None:
    end = [chunk({}, "tool_calls"), b"data: [DONE]\n\n"]
    one = told([*call("weather", "call_1", '{"a":', "1}"), *end])
    other = told([*call("weather", "call_1", "{", '"a":1', "}"), *end])
    assert one == other
    assert [line["event"] for line in one.events] == [
        *("start", "tool_call_started", "arguments", "tool_call_finished", "finish", "end")
    ]


def test_ids_times_and_the_model_are_compared_only_where_that_is_asked() -> None:
    one, other = text("Hi"), text("Hi", id="c2", created=9, model="n")
    assert told(one) == told(other)
    found = differences(told(one, every=True).events, told(other, every=True).events)
    assert [(each.at, each.a and each.a["event"]) for each in found] == [(1, "start")]
    renamed = (call("weather", each, "{}") for each in ("call_1", "call_2"))
    assert len({str(told(pieces)) for pieces in renamed}) == 1


def test_the_first_difference_comes_first() -> None:
    one, other = told(text("It is ", "sunny")), told(text("It ", "is rainy"))
    [found] = differences(one.events, other.events)
    assert found == Difference(
        2,
        {"event": "text", "choice": 0, "text": "It is sunny"},
        {"event": "text", "choice": 0, "text": "It is rainy"},
    )


def test_what_was_put_right_is_told() -> None:
    findings = told(text("Hi")[:-1]).findings
    assert findings == ({"finding": "done-missing", "count": 1},)


@given(lines, lines)
def test_differences_rebuild_the_other(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    found = differences(a, b)
    assert (found == []) == (a == b)
    assert sum(1 for each in found if each.a) <= len(a)
    assert len(a) - sum(1 for each in found if each.a) == len(b) - sum(
        1 for each in found if each.b
    )
    if found:
        at = found[0].at - 1
        assert a[:at] == b[:at]


@pytest.mark.parametrize("extra", [0, 1, 50])
def test_far_behind_the_first_difference_line_stands_against_line(extra: int) -> None:
    a = [{"event": "a", "n": at} for at in range(3_000)]
    b = [{"event": "b", "n": 0}, *a[1:2_500], {"event": "c"}, *a[2_501:], *a[:extra]]
    found = differences(a, b)
    assert [each.at for each in found[:2]] == [1, 2_501]
    assert len(found) == 2 + extra
