"""Captures in a folder: one endpoint that keeps to the protocol, one that does not, and one whose every word tries to be more
than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.graded import Mutation, mutant_of, spoken

from streamnorm.captures.format import CaptureWriter, Header, Request, Response
from streamnorm.conformance import Evidence

__all__ = ["HOSTILE", "hostile_evidence", "write_capture", "write_folder"]

SCRIPT = "<script>document.title='owned'</script>"
#: What a server may write where a word is expected: markup, the end of an element, a command, what turns text around.
HOSTILE = (
    f"{SCRIPT}</script></code></pre></style><!--<img src=x onerror=document.title='owned'>"
    '" onfocus=alert(1) autofocus x="\'\u202egnp.exe\u2066\u200b\x1b[31m\x00\x07\r\n::error::x`$policy{{7*7}}'
)
LONG = "A" * 200_000


def write_capture(
    path: Path, evidence: Evidence, *, origin: str = "", model: str = "demo-1"
) -> None:
    """The exchange as a capture."""
    request: dict[str, Any] = {**(evidence.request or {}), "model": model}
    header = Header(
        request=Request(path="/v1/chat/completions", origin=origin, json=request),
        response=Response(status=evidence.status or 200, headers=dict(evidence.headers)),
        dialect=evidence.dialect,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with CaptureWriter(path, header) as writer:
        for piece in evidence.pieces:
            writer.piece(piece.seconds, piece.data)
        writer.end(evidence.end.how if evidence.end else "end", seconds=9.0)  # type: ignore[arg-type]


def hostile_evidence() -> Evidence:
    """A stream with such words for the finish reason, a tool's name, an id, the model, a comment and an unknown field."""
    word = json.dumps(HOSTILE, ensure_ascii=False).encode("utf-8", "surrogatepass")
    raw = HOSTILE.replace("\r", "").replace("\n", "").encode()
    return mutant_of(
        Mutation(
            "",
            "chat-tools",
            (
                (b'"finish_reason":"tool_calls"', b'"finish_reason":' + word),
                (b'"name":"get_weather"', b'"name":' + word),
                (b'"id":"call_a"', b'"id":' + word),
                (b"data: {", b"x" + raw + b": 1\ndata: {"),
                (b'"model":"demo-1"', b'"model":"' + LONG.encode() + b'"'),
            ),
            headers={"content-type": "text/html; charset=<b>" + SCRIPT},
        )
    )


def write_folder(folder: Path) -> Path:
    """The three endpoints."""
    for base in ("chat-text", "chat-tools", "responses-tools", "assistants-tools"):
        write_capture(folder / "good" / f"{base}.cap.jsonl", spoken(base))
    broken = Mutation("", "chat-tools", ((b'"id":"call_b"', b'"id":"call_a"'),), pauses={10: 2.5})
    for number in range(5):
        write_capture(
            folder / f"{number}.cap.jsonl",
            mutant_of(broken),
            origin="https://user:secret@api.example.com",
        )
    late = Mutation("", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),))
    write_capture(folder / "6.cap.jsonl", mutant_of(late), origin="https://api.example.com")
    # A name of a file may hold anything but a slash and a NUL.
    name = HOSTILE.replace("/", "|").replace("\x00", "")[:120]
    write_capture(folder / name / f"{name}.cap.jsonl", hostile_evidence(), model=HOSTILE)
    return folder
