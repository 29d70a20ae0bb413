"""Recorded streams of protocols that nobody here reads: what they are is said, and nothing worse happens."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, require
from strategies import judge

from streamnorm.dialects.sniff import Sniffer


@cache
def index() -> list[dict[str, Any]]:
    path = CAPTURES / "index.json"
    if not path.exists():
        return []
    return [
        entry
        for entry in json.loads(path.read_text("utf-8"))["streams"]
        if entry["dialect"] == "other" and _unknown(CAPTURES / entry["file"])
    ]


def _unknown(path: Path) -> bool:
    sniffer = Sniffer()
    return (sniffer.feed(path.read_bytes()) or sniffer.close()) == "chat"


def test_there_are_such_streams() -> None:
    require(CAPTURES / "index.json")
    assert len(index()) == 25


@pytest.mark.parametrize("entry", index(), ids=lambda entry: Path(entry["file"]).stem[-60:])
def test_a_foreign_stream_is_called_foreign_or_is_read(entry: dict[str, Any]) -> None:
    body = (CAPTURES / entry["file"]).read_bytes()
    told = judge(body, dialect="auto")
    if b'data:{"choices":[{' in body.replace(b" ", b"") or b'"text_completion"' in body:
        # A stream of the completions API has chunks, and text.
        assert told.complete
        assert all(choice.message.content for choice in told.result.choices)
        indexes = {int(index) for index in re.findall(rb'"index":\s*(\d+)', body)}
        assert {choice.index for choice in told.result.choices} == indexes
    else:
        assert told.error is not None
        assert told.error.kind == "truncated"
        assert "its frames are no chat chunks; the first of them is" in told.error.message
        assert told.result.choices == []


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (b'data: {"type":"message_start","message":{}}\n\n', "anthropic"),
        (b'data: {"candidates":[]}\n\n', "gemini"),
        (b'event: response.created\ndata: {"type":"response.created"}\n\n', "responses"),
    ],
)
def test_a_stream_of_another_dialect_is_called_by_its_name(body: bytes, dialect: str) -> None:
    told = judge(body)
    assert told.error is not None
    assert f"they look like the dialect {dialect!r}" in told.error.message
