"""The frame decoder: the specification to the letter where it is strict, what servers mean where it is lenient, and the same
result however the bytes are cut."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import httpx
import httpx_sse
import pytest
from corpus import facts
from hypothesis import given
from hypothesis import strategies as st

from streamnorm import Frame, FrameDecoder, FrameEncoder, FrameTooLarge, LocalError
from streamnorm.findings import Findings


def decoded(pieces: Sequence[bytes], *, strict: bool) -> tuple[Any, ...]:
    decoder = FrameDecoder(strict)
    frames: list[Frame] = []
    for piece in pieces:
        frames += decoder.feed(piece)
    frames += decoder.close()
    told = [(finding.code, finding.chunk, finding.count) for finding in decoder.findings.list()]
    state = (decoder.last_event_id, decoder.retry, decoder.comments, decoder.frames)
    return frames, told, state


def seen(frames: list[Frame]) -> list[dict[str, Any]]:
    return [{"event": f.event, "data": f.text, "id": f.id, "retry": f.retry} for f in frames]


def cases() -> list[Any]:
    return facts("sse_cases.json")  # type: ignore[no-any-return]


def pieces_of(case: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(piece) for piece in case["chunks_b64"]]


def test_strict_is_the_specification_in_every_case() -> None:
    wrong = []
    for case in cases():
        frames, _, (last_id, retry, comments, _) = decoded(pieces_of(case), strict=True)
        final = {"last_event_id": last_id, "retry": retry, "comments": comments}
        if seen(frames) != case["events"] or final != case["final"]:
            wrong.append(case["name"])
    assert not wrong
    assert len(cases()) == 192


@pytest.mark.parametrize("strict", [True, False])
def test_every_cut_in_two_gives_the_same(strict: bool) -> None:
    for case in cases():
        body = b"".join(pieces_of(case))
        if len(body) < 200:
            whole = decoded([body], strict=strict)
            for at in range(len(body) + 1):
                assert decoded([body[:at], body[at:]], strict=strict) == whole, (case["name"], at)


@pytest.mark.deep
@pytest.mark.parametrize("strict", [True, False])
def test_every_cut_in_three_gives_the_same(strict: bool) -> None:
    for case in cases():
        body = b"".join(pieces_of(case))
        if len(body) < 200:
            whole = decoded([body], strict=strict)
            for one in range(len(body) + 1):
                for two in range(one, len(body) + 1):
                    pieces = [body[:one], body[one:two], body[two:]]
                    assert decoded(pieces, strict=strict) == whole, (case["name"], one, two)


#: Cases that the lenient decoder reads otherwise, and why.
LENIENT = {
    "field/double_colon": "a payload that is a comment is one",
    "field/colon_space_colon": "a payload that is a comment is one",
    "eof/no_blank_line": "the last frame needs no blank line",
    "eof/no_newline": "the last frame needs no blank line",
    "eof/complete_then_partial": "the last frame needs no blank line",
    "eof/done_without_blank_line": "the last frame needs no blank line",
    "eof/cr_after_data": "the last frame needs no blank line",
    "id/in_incomplete_block_dropped": "the last frame needs no blank line",
    "utf8/truncated_at_eof": "the last frame needs no blank line",
    "llm/json_error_body_as_stream": "a JSON body is a frame",
    "llm/two_jsons_in_one_event": "one newline separates frames that are whole JSON",
    "llm/data_missing_blank_between": "one newline separates frames that are whole JSON",
    "llm/ndjson_is_not_sse": "a JSON body is a frame",
}


def test_lenient_differs_from_strict_only_where_it_says_so() -> None:
    differing = {
        case["name"]
        for case in cases()
        if seen(decoded(pieces_of(case), strict=False)[0]) != case["events"]
    }
    assert differing == set(LENIENT)


#: What lenient reads: code, bytes, the frames' data.
ADDITIONS = [
    ("frame-unterminated", b'data: {"a":1}\n\ndata: [DONE]', [b'{"a":1}', b"[DONE]"]),
    ("frame-unterminated", b'data: {"a":1}\n\ndata: {"b":2}\n', [b'{"a":1}', b'{"b":2}']),
    ("frame-single-newline", b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n\n', None),
    ("error-field", b'error: {"code":400}\n\ndata: [DONE]\n\n', [b'{"code":400}', b"[DONE]"]),
    ("json-body", b'{"error": {"message": "no"}}', [b'{"error": {"message": "no"}}']),
    ("json-body", b'{\n "a": "]",\n "b": [1, "\\"}"]\n}\n', None),
    ("ndjson", b'{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
    ("data-prefix-doubled", b'data: data: {"a":1}\n\n', [b'{"a":1}']),
    ("comment-as-data", b'data: : ping\n\ndata: {"a":1}\n\n', [b'{"a":1}']),
    (
        "raw-newline",
        b'data: {"error": "one\ntwo: \'x\'\nthree"}\n\n',
        [b'{"error": "one\ntwo: \'x\'\nthree"}'],
    ),
    ("unknown-line", b"<html>\n<body>busy</body>\n</html>\n", []),
    ("utf8-invalid", b'data: {"a":"\xff"}\n\n', ['{"a":"\ufffd"}'.encode()]),
]


@pytest.mark.parametrize(("code", "body", "data"), ADDITIONS)
def test_what_servers_mean_is_read_and_told(
    code: str, body: bytes, data: list[bytes] | None
) -> None:
    frames, told, _ = whole = decoded([body], strict=False)
    assert code in {entry[0] for entry in told}
    if data is not None:
        assert [frame.data for frame in frames] == data
    else:
        assert len(frames) in (1, 3)
    for at in range(len(body) + 1):
        assert decoded([body[:at], body[at:]], strict=False) == whole


def test_an_error_field_is_an_error_frame() -> None:
    frames, _, _ = decoded([b'error: {"code":400}\n\n'], strict=False)
    assert frames == [Frame("error", b'{"code":400}')]


def test_frames_separated_by_one_newline_come_as_soon_as_the_next_begins() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b'data: {"a":1}\n') == []
    assert decoder.feed(b'data: {"b":2}\n') == [Frame("message", b'{"a":1}')]


def test_a_payload_over_several_data_lines_stays_one() -> None:
    frames, told, _ = decoded([b'data: {"a":\ndata: {"b":2}}\n\n'], strict=False)
    assert [frame.data for frame in frames] == [b'{"a":\n{"b":2}}']
    assert not told


def test_the_start_of_what_is_no_stream_is_kept() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"<html>\n" * 1000)
    decoder.close()
    assert decoder.ignored.startswith(b"<html>\n")
    assert len(decoder.ignored) == 512


FRAGMENTS = st.sampled_from(
    [
        *(b"data: ", b"data:", b'{"a":1}', b"{", b"}", b"[", b"[DONE]", b"\n", b"\n\n", b"\r"),
        *(b"\r\n", b": c", b"id: 1", b"event: e", b"retry: 5", b"error: {}", b"\xff", b"x"),
        b"\xef\xbb\xbf",
    ]
)
BODIES = st.lists(FRAGMENTS, max_size=30).map(b"".join)


@given(BODIES, st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_any_cuts_of_any_bytes_give_the_same(body: bytes, cuts: list[int], strict: bool) -> None:
    at = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[one:two] for one, two in pairwise(at)]
    assert decoded(pieces, strict=strict) == decoded([body], strict=strict)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))))
def test_what_is_encoded_is_decoded_again(payloads: list[str]) -> None:
    encoder = FrameEncoder()
    body = b"".join(encoder.encode(payload, event="e", id="7", retry=3) for payload in payloads)
    frames, told, _ = decoded([body], strict=True)
    assert frames == [Frame("e", payload.encode(), "7", 3) for payload in payloads]
    assert not told


@pytest.mark.parametrize("bad", [{"event": "a\nb"}, {"id": "a\rb"}, {"id": "\0"}])
def test_the_encoder_refuses_what_the_format_cannot_carry(bad: dict[str, str]) -> None:
    with pytest.raises(LocalError):
        FrameEncoder().encode("x", **bad)  # type: ignore[arg-type]


def test_httpx_sse_agrees_on_ordinary_streams() -> None:
    ordinary = [c for c in cases() if not {"bom", "utf8", "cr", "nul"} & set(c["tags"])]
    agreeing = 0
    for case in ordinary:
        body = b"".join(pieces_of(case))
        response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
        theirs = [Frame.from_sse(sse) for sse in httpx_sse.EventSource(response).iter_sse()]
        ours, _, _ = decoded([body], strict=True)
        agreeing += [(f.event, f.data) for f in theirs] == [(f.event, f.data) for f in ours]
    # It dispatches phantom events after `id:` and `retry:` blocks, and takes signed numbers.
    assert agreeing >= 0.85 * len(ordinary)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("strict", [True, False])
def test_a_frame_over_the_cap_is_refused_however_it_is_cut(size: int, strict: bool) -> None:
    good = b'data: {"a":1}\n\n'
    for big in (b"data: " + b"x" * 100, b"data: x\n" * 60, b": " + b"c" * 100):
        body = good + big
        frames: list[Frame] = []
        decoder = FrameDecoder(strict, max_frame=64)
        with pytest.raises(FrameTooLarge, match="64 bytes") as raised:  # noqa: PT012 - which feed raises depends on the cut
            for at in range(0, len(body), size):
                frames += decoder.feed(body[at : at + size])
        frames += raised.value.frames
        assert [frame.data for frame in frames] == [b'{"a":1}']
        assert decoder.close() == []
        with pytest.raises(LocalError):
            decoder.feed(good)


def test_comments_may_go_on_for_ever() -> None:
    decoder = FrameDecoder(max_frame=64)
    for _ in range(1000):
        decoder.feed(b": keep-alive\n")
    assert decoder.feed(b"data: x\n\n") == [Frame("message", b"x")]


def test_findings_are_shared_with_whoever_gives_them() -> None:
    findings = Findings()
    FrameDecoder(findings=findings).feed(b"data: data: {}\n\n")
    assert "data-prefix-doubled" in findings
