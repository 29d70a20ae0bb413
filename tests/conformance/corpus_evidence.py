"""A stream of the shared corpus as evidence, with what its metadata know of the exchange."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import corpus

from streamnorm.captures.format import Piece
from streamnorm.conformance import Evidence, evidence_in

__all__ = ["corpus_evidence", "provider_of"]

#: How a stream was kept whose bytes are those of the wire.
_EXACT = ("exact", "exact file bytes", "exact after content-decoding")


def corpus_evidence(stream: Path) -> Evidence:
    """What a stream lets one examine. One whose framing was made up by its recorder does not show its framing."""
    if provider_of(stream).startswith("live/"):
        return evidence_in(stream)
    known = _metadata(stream)
    response = known.get("response") or {}
    headers = response.get("headers") or {}
    lost = {"times", "pieces"} | (set() if headers else {"headers"})
    if known.get("fidelity") not in _EXACT:
        lost.add("framing")
    return Evidence(
        [Piece(0.0, stream.read_bytes())],
        request=known.get("request"),
        path=known.get("url_path") or "",
        status=response.get("status"),
        headers=headers,
        lost=lost,
    )


def provider_of(stream: Path) -> str:
    """Who sent it, as the corpus has it; the live captures by their server."""
    folder = stream.relative_to(corpus.CAPTURES).parts
    if folder[0] in ("live", "reference"):
        return "/".join(folder[:2])
    return str(_metadata(stream).get("provider") or folder[1])


def _metadata(stream: Path) -> dict[str, Any]:
    beside = stream.with_suffix(".json")
    return json.loads(beside.read_text("utf-8")) if beside.exists() else {}
