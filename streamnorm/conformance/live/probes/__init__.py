"""The requests of a live run, by dialect, and which of them a run sends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from streamnorm.conformance.base import ANY, Check
from streamnorm.conformance.live.probes.assistants import ASSISTANTS
from streamnorm.conformance.live.probes.base import NO_MODEL, WRONG_KEY, Probe
from streamnorm.conformance.live.probes.chat import CHAT
from streamnorm.conformance.live.probes.responses import RESPONSES

__all__ = ["NO_MODEL", "PROBES", "SPENT", "WRONG_KEY", "Planned", "Probe", "planned", "probe_of"]

#: Why a request is not sent for which nothing was left.
SPENT: Final = "the budget of requests was used up"

#: By dialect, in the order in which they are sent: the first stands for the endpoint, and is answered before the others go.
PROBES: Final[Mapping[str, tuple[Probe, ...]]] = {
    "chat": CHAT,
    "responses": RESPONSES,
    "assistants": ASSISTANTS,
}

_BY_NAME: Final = {
    dialect: {probe.name: probe for probe in probes} for dialect, probes in PROBES.items()
}


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What a run sends, in order, and by probe why it is not sent."""

    probes: tuple[Probe, ...]
    unsent: dict[str, str]


def probe_of(dialect: str, name: str) -> Probe | None:
    """A probe by its name; None where this version has none."""
    return _BY_NAME.get(dialect, {}).get(name)


def planned(
    dialect: str,
    checks: Collection[Check],
    *,
    all_of_them: bool,
    budget: int | None = None,
    costly: bool = False,
) -> Planned:
    """The requests that the checks need.

    all_of_them: the checks are all there are; else only the requests that show these are sent.
    budget: the most requests of one repeat.
    costly: send also what may cost much; a check that was asked for by name may cost what it costs.
    """
    wanted = None if all_of_them else _needed(dialect, checks)
    unsent: dict[str, str] = {}
    probes: list[Probe] = []
    for probe in PROBES[dialect]:
        if wanted is not None and probe.name not in wanted:
            unsent[probe.name] = "no check that was asked for needs it"
        elif probe.costly and not costly and wanted is None:
            unsent[probe.name] = "it may cost much, and is sent only if it is asked for (--all)"
        elif budget is not None and len(probes) >= budget:
            unsent[probe.name] = SPENT
        else:
            probes.append(probe)
    return Planned(probes=tuple(probes), unsent=unsent)


def _needed(dialect: str, checks: Collection[Check]) -> set[str]:
    first = PROBES[dialect][0].name
    needed = {first}
    for check in checks:
        named = [*check.probes, *check.beside] if ANY not in check.probes else []
        shown = [probe.name for probe in PROBES[dialect] if check.id in probe.shows]
        needed.update(named or shown)
    # What has to be answered before comes along.
    waiting = list(needed)
    while waiting:
        probe = _BY_NAME[dialect].get(waiting.pop())
        if probe is not None and probe.after and probe.after not in needed:
            needed.add(probe.after)
            waiting.append(probe.after)
    return needed
