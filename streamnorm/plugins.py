"""Repairs written elsewhere. A package offers one under the entry-point group `streamnorm.repairs`, the name being the code;
it is loaded when a profile or a caller names it, and never runs otherwise."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Final

from streamnorm.errors import LocalError
from streamnorm.repairs import REGISTRY, Check, Repair, ShapeRepair

__all__ = ["GROUP", "find_repair", "repair_codes"]

GROUP: Final = "streamnorm.repairs"

#: The objects of a chat chunk that a repair of shape can be `on`.
_OBJECTS: Final = ("chunk", "choice", "delta", "call", "function")


def repair_codes() -> list[str]:
    """The codes of all repairs, ours and those that installed packages offer."""
    ours = [code for code, entry in REGISTRY.items() if issubclass(entry, Repair)]
    return [*ours, *(name for name in _offered(tuple(sys.path)).names if name not in REGISTRY)]


def find_repair(code: str) -> type[Repair] | None:
    """The repair of this code; one from another package is loaded, and from then on in the registry. None where there is no
    such repair.

    Raises LocalError where a package offers it, but it does not load or is no repair of shape.
    """
    entry = REGISTRY.get(code)
    if entry is not None:
        return None if issubclass(entry, Check) else entry
    for offered in _offered(tuple(sys.path)).select(name=code):
        REGISTRY[code] = repair = _loaded(offered)
        return repair
    return None


@functools.cache
def _offered(path: tuple[str, ...]) -> EntryPoints:  # noqa: ARG001  # another path, other packages
    """What installed packages offer. To look through them takes milliseconds, and each profile asks."""
    return entry_points(group=GROUP)


def _loaded(offered: EntryPoint) -> type[ShapeRepair]:
    place = f"repair {offered.name!r}, which is {offered.value}"
    try:
        repair = offered.load()
    # Whatever the other package raises on import, its user must learn where it came from.
    except Exception as error:
        raise LocalError(f"{place}, does not load: {error!r}") from error
    if not (isinstance(repair, type) and issubclass(repair, ShapeRepair)):
        raise LocalError(f"{place}, is no subclass of ShapeRepair")
    missing = [
        name for name in ("code", "rule", "done", "on", "key", "types") if not hasattr(repair, name)
    ]
    if missing:
        raise LocalError(f"{place}, lacks {', '.join(missing)}")
    if repair.code != offered.name:
        raise LocalError(f"{place}, calls itself {repair.code!r}")
    if repair.on not in _OBJECTS:
        raise LocalError(f"{place}, is on {repair.on!r}: one of {', '.join(_OBJECTS)}")
    return repair
