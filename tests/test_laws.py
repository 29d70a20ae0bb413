"""The laws of the normal form, each as one property over generated streams."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from corpus import CAPTURES
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import (
    CHECKS,
    DONE,
    FRAMINGS,
    QUIRKS,
    TEXT,
    Chunks,
    Stream,
    argument_texts,
    by_choice,
    chunk,
    conformant_streams,
    continuing,
    cut_text,
    cut_up,
    expected_of,
    found_in,
    judge,
    opening,
    quirky_bodies,
    sse,
    tell,
    with_quirks,
)
from test_captures import body_of, varied

from streamnorm import StreamnormError
from streamnorm.events import ArgumentsDelta, TextDelta

CAPTURED = [body_of(entry) for entry in varied()] if (CAPTURES / "index.json").exists() else []
BODIES = st.one_of(
    conformant_streams(most_choices=3).map(lambda stream: stream.body),
    quirky_bodies(),
    *([st.sampled_from(CAPTURED)] if CAPTURED else []),
)
DRIVES = st.sampled_from(["events", "chunks", "sse"])

# Any split of the bytes.


@given(st.data(), BODIES, DRIVES)
def test_how_the_bytes_are_cut_changes_nothing(
    data: st.DataObject, body: bytes, drive: Any
) -> None:
    pieces = data.draw(cut_up(body))
    assert tell(pieces, drive) == tell(body, drive)


@given(st.data(), BODIES, st.integers(0, 400))
def test_how_the_bytes_are_cut_changes_nothing_at_the_cap(
    data: st.DataObject, body: bytes, cap: int
) -> None:
    pieces = data.draw(cut_up(body))
    assert tell(pieces, max_frame=cap) == tell(body, max_frame=cap)


# A conformant stream is untouched.


@given(conformant_streams())
def test_a_conformant_stream_leaves_byte_for_byte_as_it_came(stream: Stream) -> None:
    told = tell(stream.body, "sse")
    assert told.findings == []
    assert told.complete
    assert told.output == stream.body


@given(conformant_streams(most_choices=3))
def test_in_a_conformant_stream_nothing_is_found(stream: Stream) -> None:
    """With several choices too, and each says what it says (only the order in which they speak may change)."""
    told = judge(stream.body)
    assert told.findings == []
    assert told.complete
    said = [found_in(told.result, at) for at in range(len(stream.said))]
    assert said == [expected_of(message) for message in stream.said]
    assert told.result.usage == stream.usage
    assert all(call.complete for c in told.result.choices for call in c.message.tool_calls)


@given(conformant_streams(), st.booleans())
def test_what_a_stream_says_is_told_as_it_comes(stream: Stream, named: bool) -> None:
    """Deltas are events of their own: none is merged, split or lost."""
    tools = [call.name for call in stream.said[0].calls] if named else None
    events = tell(stream.body, tools=tools).events
    assert [e.text for e in events if isinstance(e, TextDelta)] == [
        part for part in stream.said[0].content if part
    ]
    for index, call in enumerate(stream.said[0].calls):
        fragments = [e for e in events if isinstance(e, ArgumentsDelta) and e.index == index]
        assert [event.fragment for event in fragments] == call.fragments


# Quirks are put right.


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_a_quirk_changes_nothing_of_what_is_said(
    quirk: Callable[[Chunks], Chunks], data: st.DataObject
) -> None:
    # A placeholder is seen for what it is only where the arguments follow it at once, and calls that share an index only
    # where one ends before the next.
    mixed = quirk.__name__ not in ("placeholder_first", "indexes_all_zero")
    stream = data.draw(conformant_streams(mixed=mixed))
    told = judge(sse(with_quirks(stream, [quirk]), **stream.style))
    assert told.complete
    assert found_in(told.result) == expected_of(stream.said[0])
    assert told.result.usage == stream.usage


@pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.__name__)
@settings(max_examples=40)
@given(stream=conformant_streams())
def test_a_quirk_of_framing_changes_nothing_of_what_is_said(
    framing: Callable[[bytes], bytes], stream: Stream
) -> None:
    told = judge(framing(stream.body))
    assert told.complete
    assert told.events == tell(stream.body).events
    assert told.result == tell(stream.body).result


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(quirky_bodies())
def test_a_repaired_stream_is_conformant(body: bytes) -> None:
    once = tell(body, "sse")
    assume(once.error is None)
    again, told = tell(once.output, "sse"), tell(once.output)
    assert told.codes <= CHECKS
    assert by_choice(told.events) == by_choice(tell(body).events)
    if len(told.result.choices) == 1:
        assert again.output == once.output


# Nothing truncated is ever complete.


@given(st.data(), conformant_streams(most_choices=2))
def test_a_stream_cut_before_its_finish_is_never_complete(
    data: st.DataObject, stream: Stream
) -> None:
    at = data.draw(st.integers(0, stream.last_finish - 1))
    told = tell(stream.body[:at])
    assert not told.complete
    assert told.error is not None
    calls = [call for choice in told.result.choices for call in choice.message.tool_calls]
    assert not any(call.complete for call in calls)


@given(conformant_streams())
def test_a_stream_cut_after_its_finish_is_complete(stream: Stream) -> None:
    told = tell(stream.body[: stream.last_finish])
    assert told.error is None
    assert told.complete
    assert found_in(told.result) == expected_of(stream.said[0])


@given(st.data(), argument_texts())
def test_arguments_cut_by_the_server_are_never_complete(data: st.DataObject, text: str) -> None:
    """The finish says `tool_calls` and [DONE] comes, but the arguments stop short."""
    cut = text.rstrip()[: data.draw(st.integers(0, len(text.rstrip()) - 1))]
    assume(cut.strip())
    deltas = [
        opening(0, "call_0", "get"),
        *(continuing(0, part) for part in cut_text(data.draw, cut)),
    ]
    body = sse(
        [
            chunk({"role": "assistant"}),
            *(chunk({"tool_calls": [delta]}) for delta in deltas),
            chunk({}, "tool_calls"),
        ]
    )
    call = judge(body).result.message.tool_calls[0]
    assert not call.complete
    assert call.arguments == cut


# Garbage.

LINES = st.sampled_from(
    [
        *[b"data: ", b"data:", b"data", b"event: error", b"event: ping", b"id: 1", b"retry: 1"],
        *[b": comment", b"error: {", b"\n", b"\n\n", b"\r", b"\r\n", b"[DONE]", b"\xef\xbb\xbf"],
        *[b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"1e999", b"NaN", b"\\ud800", b"\\"],
        *[b'{"error": "x"}', b'"choices": [', b'"delta": {', b'"content": "a"', b"{}", b"[]"],
        *[b'{"choices": [{"delta": {}}]}', b"<html>", b"\x00", b"0", b"-", b"\xe2\x80\xa8"],
        json.dumps(chunk({"role": "assistant", "content": "a"})).encode(),
        json.dumps(chunk({}, "stop")).encode(),
    ]
)


@given(st.lists(LINES, max_size=30).map(b"".join))
def test_garbage_raises_only_our_errors(body: bytes) -> None:
    judge(body)


@settings(max_examples=300)
@given(st.one_of(st.binary(), st.lists(LINES | st.binary(max_size=3), max_size=30).map(b"".join)))
def test_garbage_of_any_bytes_raises_only_our_errors(body: bytes) -> None:
    judge(body)


@given(st.lists(LINES, max_size=8).map(b"".join))
def test_what_fails_fails_as_ours_in_the_facade(body: bytes) -> None:
    from streamnorm import normalize

    told = tell(body)
    if told.error is None:
        assert list(normalize(body)) == told.events
    else:
        with pytest.raises(StreamnormError, match=re.escape(told.error.message)):
            list(normalize(body))


# The fast path.


@given(BODIES, DRIVES)
def test_the_fast_path_changes_nothing(body: bytes, drive: Any) -> None:
    assert tell(body, drive, slow=True) == tell(body, drive)


# Arguments.


@given(st.data(), argument_texts(), st.booleans())
def test_argument_fragments_join_byte_for_byte(
    data: st.DataObject, text: str, in_opening: bool
) -> None:
    """However the text is cut; a fragment that looks like all that came before is no repetition of it."""
    parts = cut_text(data.draw, text, most=8)
    first = parts.pop(0) if in_opening else ""
    told = judge(_one_call(first, parts))
    call = told.result.message.tool_calls[0]
    assert call.arguments == text
    assert call.complete
    assert told.codes <= {"tool-arguments-in-opening"}


@pytest.mark.parametrize(
    "parts",
    [
        ["{", '"a": ', '{"a": 0}}'],
        ['{"a": ', '{"a": ', '{"a": 1}}}'],
        ["{", "}"],
        ["{ ", "}"],
        ["{}", " "],
        [" ", "{}"],
        ['{"a":[', '{"a":[', "0]}]}"],
        ['{"a":"{', "{", '"}'],
        ['{"a":1', "1}"],
        ['{"null":', "null", "}"],
    ],
    ids=repr,
)
def test_fragments_that_look_like_repetitions_stay_incremental(parts: list[str]) -> None:
    text = "".join(parts)
    json.loads(text)
    told = judge(_one_call("", parts))
    assert told.result.message.tool_calls[0].arguments == text
    assert told.findings == []


@given(argument_texts(), st.data())
def test_cumulative_arguments_are_read_once(text: str, data: st.DataObject) -> None:
    """Each delta repeats all that came before. Where going on would be JSON as well nobody can tell, so such texts are
    left out: those that open a container or a string where the whole text could stand."""
    body = text.strip()
    assume(body.count("{") == 1 and "[" not in body and "\\" not in body)
    parts = cut_text(data.draw, body, most=4)
    sums = ["".join(parts[: at + 1]) for at in range(len(parts))]
    assume(all(not total.rstrip().endswith((":", "{", "{\n")) for total in sums))
    assume(all(total.count('"') % 2 == 0 for total in sums))
    told = judge(_one_call("", sums))
    assert told.result.message.tool_calls[0].arguments == body


def test_a_call_that_has_repeated_itself_goes_on_doing_so_wherever_it_is_cut() -> None:
    text = '{"city": "Rome", "at": {"days": [1, 2], "hour": "ten"}}'
    for cut in range(5, len(text)):
        told = judge(_one_call("", [text[:3], text[:4], text[:cut], text]))
        assert told.result.message.tool_calls[0].arguments == text


def _one_call(first: str, parts: list[str]) -> bytes:
    deltas = [opening(0, "call_0", "get", first), *(continuing(0, part) for part in parts)]
    chunks = [chunk({"tool_calls": [delta]}) for delta in deltas]
    chunks[0]["choices"][0]["delta"]["role"] = "assistant"
    return sse([*chunks, chunk({}, "tool_calls")])


# Characters cut in half.


def halves(text: str) -> list[str]:
    """The UTF-16 units of `text`: a character beyond the first plane is two."""
    units = text.encode("utf-16-le")
    return [chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)]


WIDE = st.text(st.sampled_from(["😀", "a", "é", "𝄞", "\U0010ffff"]), min_size=1, max_size=8)


def _in_units(data: st.DataObject, text: str) -> list[str]:
    """`text` cut between any two units."""
    units = halves(text)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(units)), max_size=5)))
    bounds = [0, *cuts, len(units)]
    parts = itertools.pairwise(bounds)
    return ["".join(units[start:end]) for start, end in parts if start < end]


@given(st.data(), WIDE, WIDE, WIDE, WIDE)
def test_characters_cut_in_half_are_joined(
    data: st.DataObject, content: str, reasoning: str, refusal: str, value: str
) -> None:
    arguments = json.dumps({"a": value}, ensure_ascii=False)
    queues = {
        "content": [{"content": part} for part in _in_units(data, content)],
        "reasoning": [{"reasoning_content": part} for part in _in_units(data, reasoning)],
        "refusal": [{"refusal": part} for part in _in_units(data, refusal)],
        "call": [{"tool_calls": [continuing(0, part)]} for part in _in_units(data, arguments)],
    }
    order = data.draw(st.permutations([name for name, queue in queues.items() for _ in queue]))
    first = {"role": "assistant", "tool_calls": [opening(0, "call_0", "get")]}
    deltas = [first, *(queues[name].pop(0) for name in order)]
    body = sse([*(chunk(delta) for delta in deltas), chunk({}, "tool_calls")])
    told = judge(body)
    message = told.result.message
    assert (message.content, message.reasoning_content) == (content, reasoning)
    assert message.refusal == refusal
    assert message.tool_calls[0].arguments == arguments
    assert told.codes <= {"surrogate-split"}
    assert tell(body, slow=True) == tell(body)


@given(TEXT, st.sampled_from(["\ud800", "\udbff", "\udc00", "\udfff"]), TEXT)
def test_half_a_character_becomes_the_replacement_character(
    before: str, half: str, after: str
) -> None:
    told = judge(
        sse([chunk({"role": "assistant", "content": before + half + after}), chunk({}, "stop")])
    )
    said = (told.result.message.content or "") if after else before + "\ufffd"
    assert said == before + "\ufffd" + after
    assert "surrogate-lone" in told.codes


# Several calls at once.


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(
    st.data(), st.lists(argument_texts(), min_size=2, max_size=4), st.sampled_from(["index", "id"])
)
def test_interleaved_calls_never_mix(data: st.DataObject, texts: list[str], told_by: str) -> None:
    """Told apart by their indexes, or by their ids alone."""
    queues = [
        [continuing(at, part) for part in cut_text(data.draw, text)]
        for at, text in enumerate(texts)
    ]
    order = data.draw(st.permutations([at for at, queue in enumerate(queues) for _ in queue]))
    entries = [opening(at, f"call_{at}", f"tool_{at % 2}") for at in range(len(texts))]
    entries += [queues[at].pop(0) for at in order]
    if told_by == "id":
        for entry in entries:
            entry["id"] = f"call_{entry.pop('index')}"
    if data.draw(st.booleans()):
        deltas = [{"tool_calls": [entry]} for entry in entries]
    else:
        deltas = [{"tool_calls": entries[at : at + 3]} for at in range(0, len(entries), 3)]
    deltas[0]["role"] = "assistant"
    told = judge(sse([*(chunk(delta) for delta in deltas), chunk({}, "tool_calls")]))
    calls = told.result.message.tool_calls
    assert [call.arguments for call in calls] == texts
    assert [call.id for call in calls] == [f"call_{at}" for at in range(len(texts))]
    assert [call.name for call in calls] == [f"tool_{at % 2}" for at in range(len(texts))]
    assert all(call.complete for call in calls)


# Streamed or not.


@given(conformant_streams(most_choices=2))
def test_streamed_and_not_streamed_are_one_message(stream: Stream) -> None:
    """A plain completion, where a stream was asked for, amounts to the same."""
    told, plain = tell(stream.body), judge(json.dumps(completion_of(stream)).encode())
    assert plain.complete
    assert plain.result == told.result
    assert plain.codes >= {"json-body", "message-for-delta"}


def completion_of(stream: Stream) -> dict[str, Any]:
    """The stream's message as the completion that a request without `stream` gets."""
    choices = []
    for index, said in enumerate(stream.said):
        calls = []
        for call in said.calls:
            function = {"name": call.name, "arguments": call.text}
            custom = {"name": call.name, "input": call.text}
            body = {"custom": custom} if call.custom else {"function": function}
            calls.append({"id": call.id, "type": next(iter(body)), **body})
        message = {
            "role": "assistant",
            "content": "".join(said.content) or None,
            "refusal": "".join(said.refusal) or None,
        }
        if said.reasoning:
            message["reasoning_content"] = "".join(said.reasoning)
        if calls:
            message["tool_calls"] = calls
        choices.append({"index": index, "message": message, "finish_reason": said.finish})
    made = {**chunk(), "object": "chat.completion", "choices": choices}
    return {**made, "usage": stream.usage} if stream.usage is not None else made


# What the laws need the generators to do.


def test_the_end_of_a_stream_is_its_done() -> None:
    assert sse([chunk({}, "stop")]).endswith(DONE)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_a_custom_call_before_a_cut_is_not_complete(reason: str) -> None:
    """Nothing in free text says where it ends."""
    calls = [
        {"index": at, "id": f"c{at}", "type": "custom", "custom": {"name": "run", "input": ""}}
        for at in (0, 1)
    ]
    inputs = [{"index": at, "custom": {"input": "ls"}} for at in (0, 1)]
    deltas = [calls[0], inputs[0], calls[1], inputs[1]]
    body = sse(
        [
            chunk({"role": "assistant"}),
            *(chunk({"tool_calls": [delta]}) for delta in deltas),
            chunk({}, reason),
        ]
    )
    told = judge(body)
    assert [call.complete for call in told.result.message.tool_calls] == [True, False]
    assert told.codes == {"tool-arguments-incomplete"}
