"""The dialect of a stream is found in its first frame, however the bytes are cut, and `auto` reads it as if it had been told."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, require
from strategies import tell

from streamnorm import Normalizer
from streamnorm.dialects.sniff import MAX_UNDECIDED, Sniffer
from streamnorm.normalizer import DIALECTS

FIXTURES = sorted(
    path
    for path in (Path(__file__).parent.parent / "fixtures").rglob("*.sse")
    if path.parent.name in DIALECTS
)


def sniffed(pieces: list[bytes]) -> str:
    sniffer = Sniffer()
    for piece in pieces:
        found = sniffer.feed(piece)
        if found is not None:
            return found
    return sniffer.close()


@cache
def index() -> list[dict[str, Any]]:
    streams = json.loads(require(CAPTURES / "index.json").read_text("utf-8"))["streams"]
    return [entry for entry in streams if entry["dialect"] in DIALECTS]


@pytest.mark.parametrize(
    "dialect", sorted({"assistants", "chat", "responses", "anthropic", "gemini"})
)
def test_every_capture_says_what_it_is(dialect: str) -> None:
    entries = [entry for entry in index() if entry["dialect"] == dialect]
    assert entries
    for entry in entries:
        body = (CAPTURES / entry["file"]).read_bytes()
        assert sniffed([body]) == dialect, entry["file"]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fixture_says_what_it_is_wherever_it_is_cut(path: Path) -> None:
    body = path.read_bytes()
    dialect = path.parent.name
    known = tell(body, dialect=dialect)
    assert tell(body, dialect="auto") == known
    for at in range(1, min(len(body), 400)):
        assert tell([body[:at], body[at:]], dialect="auto") == known
    for drive in ("chunks", "sse"):
        assert tell(body, drive, dialect="auto") == tell(body, drive, dialect=dialect)  # type: ignore[arg-type]


def test_what_says_nothing_is_chat_and_does_not_wait_for_ever() -> None:
    assert sniffed([b""]) == "chat"
    assert sniffed([b"<html>"]) == "chat"
    assert sniffed([b": ping\n\n", b'data: {"error": "x"}\n\n']) == "chat"
    sniffer = Sniffer()
    assert sniffer.feed(b": ping\n\n" * 100) is None
    assert sniffer.feed(b"data: {}\n\n" * (MAX_UNDECIDED // 10 + 1)) == "chat"
    assert Sniffer().feed(b"data: " + b"x" * (MAX_UNDECIDED + 1)) == "chat"


def test_the_normalizer_says_what_it_found() -> None:
    normalizer = Normalizer(dialect="auto")
    normalizer.feed(b'data: {"type":"message_start","message":{"id":"msg_1"}}\n\n')
    assert normalizer.dialect == "anthropic"
