"""The catalogue of quirks: complete, and true of the examples that were gathered."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from corpus import FACTS, facts, require
from strategies import chunk, judge, sse

from streamnorm.repairs import REGISTRY
from streamnorm.repairs.catalogue import CODES, LEFT, TOLERATED

#: Examples that are too short to show their quirk, and why. The fixture of the code shows it.
NOT_SHOWN = {
    "sse-multi-type-event-names": "the event's name is not in the lines",
    "choices-index-increments-per-chunk": "one chunk counts nothing",
    "content-final-repeat": "the text it repeats is not in the lines",
    "finish-stop-with-tool-calls": "the calls are not in the lines",
    "finish-length-relabelled-tool_calls": "the calls are not in the lines",
    "stream-truncated-no-finish": "each example is given an end",
    "error-string-or-code-types": "its first line is cut off",
    "logprobs-shapes": "the example is the usual shape",
    "tc-index-reused-no-id-second-call": "a choice without its chunk",
    "tc-two-entries-same-index-one-chunk": "a choice without its chunk",
    "tc-id-repeated-every-chunk": "each is one delta of its call",
    "tc-name-late": "the name is not in the lines",
    "tc-args-object": "a call without its chunk",
    "tc-args-trailing-empty-delta": "the call's opening is not in the lines",
    "tc-type-repeated": "the call's opening is not in the lines",
    "sse-error-http200-empty-body": "each example is given an end",
    "sse-ndjson-native": "the protocol it is of is not the chat dialect",
    "sse-done-without-blank-line": "each example is given an end",
    "sse-missing-done": "each example is given an end",
    "sse-json-body-instead-of-stream": "each example is given an end",
    "sse-wrong-or-missing-content-type": "each example is given an end",
}


def quirks() -> list[dict[str, Any]]:
    if not (FACTS / "quirks.json").exists():
        return []
    return [quirk for quirk in facts("quirks.json") if quirk["axis"] != "request"]


def streams(quirk: dict[str, Any]) -> list[bytes]:
    """The examples, each given the rest of a stream: alone, and all in a row."""
    lines = [example["line"] for example in quirk["example_lines"]]
    return [_stream([line]) for line in lines] + [_stream(lines)]


def _stream(lines: list[str]) -> bytes:
    text = "".join(lines).replace(" ", "")
    opening = chunk({"role": "assistant", "content": ""})
    body = sse([opening], done=False) if text.removeprefix("data:") == "[DONE]" else b""
    for line in lines:
        framed = line.lstrip().startswith(("data", "event", ":", "error", "id:", "retry", "\\"))
        body += (line if framed else f"data: {line}").encode() + b"\n\n"
    ended = re.search('"finish_reason":"[^"]', text)
    return body + sse([] if ended else [chunk({}, "stop")])


def test_every_quirk_of_a_stream_is_in_the_catalogue_once() -> None:
    require(FACTS / "quirks.json")
    listed = [*CODES, *TOLERATED, *LEFT]
    assert len(listed) == len(set(listed))
    assert set(listed) == {quirk["id"] for quirk in quirks()}


def test_the_catalogue_names_codes_that_are_there_and_all_of_them() -> None:
    named = {code for codes in CODES.values() for code in codes}
    assert named <= REGISTRY.keys()


@pytest.mark.parametrize("code", REGISTRY)
def test_every_repair_and_check_says_what_is_seen(code: str) -> None:
    entry = REGISTRY[code]
    assert entry.__doc__ not in (None, "", *(base.__doc__ for base in entry.__mro__[1:]))


@pytest.mark.parametrize("quirk", quirks(), ids=lambda quirk: quirk["id"])
def test_its_examples_become_what_the_catalogue_says(quirk: dict[str, Any]) -> None:
    codes = CODES.get(quirk["id"], ())
    unsafe = [code for code in codes if not getattr(REGISTRY[code], "safe", True)]
    fired = {code for body in streams(quirk) for code in judge(body, repairs=unsafe).codes}
    if quirk["id"] in NOT_SHOWN:
        return
    if codes:
        assert fired.intersection(codes), f"none of {codes} in {sorted(fired)}"


@pytest.mark.parametrize("quirk", quirks(), ids=lambda quirk: quirk["id"])
def test_what_is_tolerated_does_not_fail(quirk: dict[str, Any]) -> None:
    if quirk["id"] not in {**TOLERATED, **LEFT}:
        return
    for body in streams(quirk):
        if _is_whole(body):
            assert judge(body).error is None


def _is_whole(body: bytes) -> bool:
    """Its frames are JSON: some examples are cut, or written as source code would have them."""
    for frame in body.split(b"\n\n"):
        data = frame.removeprefix(b"data:").strip()
        if frame.startswith(b"data") and data != b"[DONE]":
            try:
                json.loads(data)
            except ValueError:
                return False
    return True
