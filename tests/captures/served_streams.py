"""A stream of our own for the replay server, as a capture."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamnorm.captures.format import CaptureWriter, Header, Request, Response

__all__ = ["BODY", "PIECES", "REQUEST", "chat_capture"]

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


PIECES = (
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"content": "Grüße, "}),
    _chunk({"content": "welt 😀"}),
    _chunk({"content": " and more"}) + _chunk({"content": "."}),
    _chunk({}, "stop"),
    b"data: [DONE]\n\n",
)
BODY = b"".join(PIECES)


def chat_capture(
    path: Path,
    pieces: Iterable[bytes] = PIECES,
    *,
    interval: float = 0.0,
    request: Any = REQUEST,
    url_path: str = "/v1/chat/completions",
    headers: dict[str, str] | None = None,
) -> Path:
    """A capture of these pieces, one every `interval` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = Header(
        request=Request(path=url_path, json=request),
        response=Response(status=200, headers=headers or {"content-type": "text/event-stream"}),
        dialect="chat",
    )
    with CaptureWriter(path, header) as writer:
        at = 0
        for at, piece in enumerate(pieces):
            writer.piece(at * interval, piece)
        writer.end("end", seconds=at * interval)
    return path
