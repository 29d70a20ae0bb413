"""The conformant exchanges of fixtures/conformance, and what is done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamnorm.captures.format import End, Piece
from streamnorm.conformance import Evidence, evidence_in

__all__ = ["BASES", "Mutation", "mutant_of", "spoken"]

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "conformance"
BASES = sorted(path.name.removesuffix(".cap.jsonl") for path in FOLDER.iterdir())
#: Seconds between two frames.
INTERVAL = 0.05


@dataclass(frozen=True)
class Mutation:
    """What turns `check` red in `base`. `edits` replace bytes once each, of which the old must be there; a header or a parameter
    of the request that is None is taken out; `pauses` are seconds before a frame, by its number. `also`: checks that go red
    with it, since the same bytes break them."""

    check: str
    base: str
    edits: tuple[tuple[bytes, bytes], ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)
    status: int = 200
    end: str = "end"
    body: bytes | None = None
    at_once: bool = False
    pauses: dict[int, float] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def mutant_of(mutation: Mutation) -> Evidence:
    """The exchange with the mutation done to it."""
    known = evidence_in(FOLDER / f"{mutation.base}.cap.jsonl")
    body = known.body if mutation.body is None else mutation.body
    for old, new in mutation.edits:
        assert old in body, (mutation.check, old)
        body = body.replace(old, new, 1)
    request = {**(known.request or {}), **mutation.request}
    headers = {**known.headers, **mutation.headers}
    return Evidence(
        _pieces(body, mutation),
        request={name: value for name, value in request.items() if value is not None},
        status=mutation.status,
        headers={name: value for name, value in headers.items() if value is not None},
        end=End(how=mutation.end),  # type: ignore[arg-type]
        dialect=mutation.base.partition("-")[0],
    )


def _pieces(body: bytes, mutation: Mutation) -> list[Piece]:
    if mutation.at_once:
        return [Piece(0.0, body)]
    pieces, seconds = [], 0.0
    for number, block in enumerate(body.split(b"\n\n"), 1):
        seconds += mutation.pauses.get(number, INTERVAL)
        pieces.append(Piece(seconds, block + b"\n\n"))
    # What follows the last blank line is no block of its own.
    last = pieces.pop()
    return [*pieces, Piece(last.seconds, last.data[:-2])] if last.data != b"\n\n" else pieces


def spoken(base: str) -> Evidence:
    """The exchange as it is."""
    return mutant_of(Mutation("", base))
