"""Where the rest of the suite is: what was merged into other checks, and what is milder or narrower than the suite first had it.
Together with the checks this places every id of the suite; an id never changes its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["MERGED", "NARROWED", "RELAXED"]

#: By id: where the requirement is held, and why it is no check of its own.
MERGED: Final[Mapping[str, str]] = {
    "T-020": "No server can fail it: every cut of the bytes gives the same verdicts, a law of the reader that its tests hold.",
    "F-014": "F-003 and F-013: a fragment under one index either has another id (F-003), or opens another call (F-013).",
}

#: By id: why the requirement is milder than the suite first had it.
RELAXED: Final[Mapping[str, str]] = {
    "T-014": "MAY, was SHOULD: OpenAI itself sends no `Cache-Control`, and its own behaviour is conformant.",
    "U-004": "SHOULD, was MUST: usage that comes unasked is right in itself; U-002 judges its numbers.",
}

#: By id: why less is sent, or less is judged, than the suite first had it.
NARROWED: Final[Mapping[str, str]] = {
    "E-009": "An endpoint that takes any key is not judged: local servers have none.",
    "E-011": "No requests are sent until one is refused: only a 429 that comes by itself is looked at.",
    "E-014": "Sent only if it is asked for: an endpoint that takes two million tokens may charge for them.",
    "S-010": "Three answers to one prompt, of which one is not streamed; a model that does not repeat itself is not judged.",
    "S-020": "Three answers to one prompt, of which one is not streamed.",
    "F-018": "Once in a repeat; `--repeats 3` is the three times.",
    "F-019": "Each probe with tools has a difficulty of its own; invalid arguments without `strict: true` are non-strict.",
    "F-025": "Other text than was asked for is non-strict: the model may have written it.",
}
