"""A prepared request in words: the body that is sent, and each change with its reason."""

from __future__ import annotations

import json

from streamnorm.requests.pipeline import Prepared

__all__ = ["explain"]


def explain(prepared: Prepared) -> str:
    """The rewritten body as indented JSON, then a line for each change: where, what stood there, what was done, which rule says
    so, and where the profile has it from. The body holds the caller's messages; it is not for a log."""
    host = prepared.profile.name if prepared.profile else "a provider that has no profile"
    count = len(prepared.findings)
    changes = {0: "nothing is changed", 1: "1 change"}.get(count, f"{count} changes")
    body = json.dumps(prepared.body, ensure_ascii=False, indent=2)
    return "\n".join([f"For {host}, {changes}.", body, *map(str, prepared.findings)])
