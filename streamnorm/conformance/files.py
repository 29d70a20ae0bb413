"""Files to evidence: a capture, or the raw body of a stream with what lies beside it. The only place here that reads files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPException, parse_headers
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from streamnorm.captures.format import Capture, End, Piece, is_capture_name
from streamnorm.captures.masking import Masker
from streamnorm.conformance.evidence import LOST, Evidence
from streamnorm.errors import CaptureError

__all__ = ["MAX_BODY", "evidence_in", "evidence_of", "evidence_of_body", "streams_in"]

#: The largest body that is graded: all of it is held, with its frames.
MAX_BODY: Final = 256 * 1024 * 1024

#: How the names end of files that are graded where a directory is given.
STREAMS: Final = (".cap.jsonl", ".cap.jsonl.gz", ".sse")

#: What an import says where it had to make the framing up.
_REFRAMED: Final = ("framing is lost", "framing is rebuilt", "the cassette keeps events")


def streams_in(path: Path) -> Iterator[Path]:
    """The streams in a directory, in the order of their names; a file is itself."""
    if not path.is_dir():
        yield path
        return
    found = (each for each in path.rglob("*") if each.name.endswith(STREAMS) and each.is_file())
    yield from sorted(found)


def evidence_in(path: Path, *, dialect: str = "auto") -> Evidence:
    """What the file at `path` lets one examine. Secrets in a raw body are written over. Raises OSError, and CaptureError for a
    capture that cannot be read or a body that is too large."""
    if is_capture_name(path):
        return evidence_of(Capture(path), dialect=dialect)
    size = path.stat().st_size
    if size > MAX_BODY:
        raise CaptureError(f"{path}: {size:,} bytes, and {MAX_BODY:,} are graded at most")
    return _beside(path, path.read_bytes(), dialect)


def evidence_of(capture: Capture, *, dialect: str = "auto") -> Evidence:
    """What a capture lets one examine. Raises CaptureError for a body that is too large."""
    pieces: list[Piece] = []
    end: End | None = None
    total = 0
    for item in capture.items():
        if isinstance(item, End):
            end = item
            continue
        pieces.append(item)
        total += len(item.data)
        if total > MAX_BODY:
            raise CaptureError(f"{capture.path}: a body over {MAX_BODY:,} bytes is not graded")
    header = capture.header
    return Evidence(
        pieces,
        request=header.request.json,
        path=header.request.path,
        status=header.response.status if header.response else None,
        headers=header.response.headers if header.response else None,
        end=end,
        dialect=header.dialect if dialect == "auto" and header.dialect else dialect,
        lost=_lost(header.lost),
        origin=header.request.origin,
        answered=header.response.seconds if header.response else 0.0,
        decoded=header.response.decoded if header.response else "",
    )


def _lost(said: tuple[str, ...]) -> set[str]:
    """What an import lost, in our words."""
    lost = {name for name in said if name in LOST}
    if any(words in each for each in said for words in _REFRAMED):
        lost.add("framing")
    return lost


def _beside(path: Path, body: bytes, dialect: str) -> Evidence:
    """A raw body: its request in `NAME.request.json` or under `request` in `NAME.json`, the head of its response in
    `NAME.headers`, as curl -D writes it."""
    known = _json_at(path.with_suffix(".json"))
    request = _json_at(path.with_suffix(".request.json"))
    if request is None and isinstance(known, dict):
        request = known.get("request", known)
    status, headers = _head(path.with_suffix(".headers"))
    return evidence_of_body(body, request=request, status=status, headers=headers, dialect=dialect)


def evidence_of_body(
    body: bytes,
    *,
    request: Any = None,
    status: int | None = None,
    headers: dict[str, str] | None = None,
    dialect: str = "auto",
) -> Evidence:
    """What a body lets one examine whose times are not known. Secrets in it are written over."""
    lost = {"times", "pieces"} | (set() if headers else {"headers"})
    return Evidence(
        [Piece(0.0, Masker().whole(body))],
        request=request,
        status=status,
        headers=headers,
        dialect=dialect,
        lost=lost | (set() if isinstance(request, dict) else {"request"}),
    )


def _json_at(path: Path) -> Any:
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_text("utf-8"))
    return None


def _head(path: Path) -> tuple[int | None, dict[str, str]]:
    """The status and the headers of a response's head; None and empty where there is none, or it cannot be read."""
    with contextlib.suppress(OSError, ValueError, HTTPException):
        first, _, rest = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n")
        return int(first.split()[1]), dict(parse_headers(BytesIO(rest + b"\n\n")).items())
    return None, {}
