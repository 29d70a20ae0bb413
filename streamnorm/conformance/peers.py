"""Which clients break on what, as it was measured (`peers.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

__all__ = ["clients_that_break"]


@cache
def _measured() -> dict[str, dict[str, list[str] | str]]:
    text = (files("streamnorm.conformance") / "peers.toml").read_text("utf-8")
    return tomllib.loads(text)


def clients_that_break(scenarios: Iterable[str]) -> tuple[str, ...]:
    """The clients, by the names they go by, that break on any of the scenarios; none for one that was not measured."""
    breaks, names = _measured()["breaks"], _measured()["names"]
    found = {client for scenario in scenarios for client in breaks.get(scenario, ())}
    return tuple(str(name) for client, name in names.items() if client in found)
