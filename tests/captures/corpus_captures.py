"""A stream of the shared corpus as a capture file: its request, the head of its response, its body in the pieces that were
recorded (`network_chunks`), or in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus

from streamnorm.captures.format import CaptureWriter, Header, Request, Response

__all__ = ["corpus_capture", "corpus_streams", "metadata_of", "pieces_of"]

#: Where a stream of each dialect is asked for, for those whose URL was not recorded.
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "assistants": "/v1/threads/runs",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini:streamGenerateContent?alt=sse",
}


def corpus_streams(*folders: str) -> list[Path]:
    """The streams of the corpus, in `folders` of it or in all. Empty without a corpus: then `corpus.require` skips."""
    roots = [corpus.CAPTURES / folder for folder in folders] or [corpus.CAPTURES]
    return sorted(path for root in roots for path in root.rglob("*.sse"))


def metadata_of(stream: Path) -> dict[str, Any]:
    """What the corpus knows of a stream; empty where it has no metadata of it."""
    beside = stream.with_suffix(".json")
    found: dict[str, Any] = json.loads(beside.read_text("utf-8")) if beside.exists() else {}
    return found


def pieces_of(stream: Path) -> Iterator[bytes]:
    """The body as it came: in the pieces that were recorded, or whole."""
    body, at = stream.read_bytes(), 0
    for length in metadata_of(stream).get("network_chunks") or (len(body),):
        yield body[at : at + length]
        at += length


def corpus_capture(stream: Path, folder: Path, *, interval: float = 0.0) -> Path:
    """`stream` (a path ending in `.sse`) as `<folder>/<slug>.cap.jsonl`, a piece every `interval` seconds. A status that was not
    recorded is 200."""
    known = metadata_of(stream)
    response, request = known.get("response") or {}, known.get("request")
    headers = dict(response.get("headers") or {})
    header = Header(
        request=Request(
            method=known.get("request_method") or "POST",
            path=known.get("url_path") or PATHS.get(known.get("dialect", ""), "/"),
            origin=f"https://{known['host']}" if known.get("host") else "",
            headers={"content-type": "application/json"},
            **({} if request is None else {"json": request}),
        ),
        response=Response(
            status=response.get("status") or 200,
            decoded=headers.pop("content-encoding", ""),
            headers=headers or {"content-type": "text/event-stream"},
        ),
        dialect=known.get("dialect", ""),
        source=stream.name,
        lost=_lost(known),
    )
    path = folder / f"{stream.stem}.cap.jsonl"
    with CaptureWriter(path, header) as writer:
        at = 0
        for at, piece in enumerate(pieces_of(stream)):
            writer.piece(at * interval, piece)
        writer.end("end", seconds=at * interval)
    return path


def _lost(known: dict[str, Any]) -> tuple[str, ...]:
    kept = {
        "times": False,
        "pieces": bool(known.get("network_chunks")),
        "headers": bool((known.get("response") or {}).get("headers")),
        "request": known.get("request") is not None,
    }
    return tuple(name for name, there in kept.items() if not there)
