"""A plan of faults from words or from a TOML file: which fault, where, how much, and for which captures."""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from streamnorm.captures.faults.base import Fault, Site, Value
from streamnorm.captures.faults.places import Place, Rest, Where, joined
from streamnorm.captures.faults.table import FAULTS
from streamnorm.captures.script import Break, Finish, Stall, Step
from streamnorm.errors import CaptureError

__all__ = ["FaultAt", "Plan", "faults_of", "plan_of"]

_WHERE: Final = get_args(Where)
_KEYS: Final = ("faults", "captures")


class FaultAt(msgspec.Struct, frozen=True):
    """A fault, where it happens, and how much of it."""

    fault: Fault
    site: Site

    def __str__(self) -> str:
        value, place = self.site.value, self.site.place
        given = value if isinstance(value, str) else f"{value:.15g}"
        return "".join(
            (
                self.fault.name,
                f"={given}" if value != self.fault.value else "",
                f"@{place}" if self.fault.takes else "",
            )
        )


class Plan(msgspec.Struct, frozen=True):
    """Faults for every replay, and for captures by a pattern of their names. The first pattern that fits counts, beside the
    faults for all."""

    faults: tuple[FaultAt, ...] = ()
    captures: tuple[tuple[str, tuple[FaultAt, ...]], ...] = ()

    def of(self, name: str = "") -> tuple[FaultAt, ...]:
        """The faults for the capture of this name."""
        own = (faults for pattern, faults in self.captures if fnmatchcase(name, pattern))
        return self.faults + next(own, ())

    def apply(
        self,
        steps: Iterable[Step],
        name: str = "",
        *,
        missed: Callable[[FaultAt], object] | None = None,
    ) -> Iterator[Step]:
        """The steps of a replay with the faults in them, one fault after the other. Lazy; holds one frame at most.

        name: the capture's. missed: is told of a fault whose place lies past the end of the body, once that is known; a
        fault that ends the stream ends it there nevertheless.
        """
        chosen = self.of(name)
        for each in chosen:
            steps = _played(each, steps, missed)
        return joined(steps) if chosen else iter(steps)


def _played(
    each: FaultAt, steps: Iterable[Step], missed: Callable[[FaultAt], object] | None
) -> Iterator[Step]:
    rest = Rest(steps)
    for step in each.fault.play(rest, each.site):
        # Whoever carries out the last step asks for no more.
        last = isinstance(step, Finish | Break | Stall)
        if last and missed is not None and each.fault.takes and not rest.reached:
            missed(each)
        yield step


def plan_of(spec: str | Path | Plan | Iterable[str]) -> Plan:
    """A plan, from words.

    spec: `NAME[=VALUE][@frame:N|@byte:N|@time:SECONDS]`, several of them, or the path of a TOML file (it ends in `.toml`):

        faults = ["slow-headers=0.5"]       # for every replay
        [captures]
        "chat/weather" = "cut@frame:3"      # by name, or by a pattern such as "chat/*"

    Raises CaptureError, which says what is wrong and what comes nearest.
    """
    if isinstance(spec, Plan):
        return spec
    if isinstance(spec, os.PathLike) or (isinstance(spec, str) and spec.endswith(".toml")):
        return _plan_in(Path(spec))
    return Plan(faults_of(spec))


def faults_of(spec: str | Iterable[str]) -> tuple[FaultAt, ...]:
    """As `plan_of`, of words alone: no file is read, whoever wrote them. Raises CaptureError."""
    return _faults(spec, "a fault")


def _plan_in(path: Path) -> Plan:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CaptureError(f"cannot read the plan {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaptureError(f"{path}: this is no TOML: {error}") from None
    for key in table:
        if key not in _KEYS:
            raise CaptureError(f"{path}: a plan has {' and '.join(_KEYS)}, not {key!r}")
    captures = table.get("captures", {})
    if not isinstance(captures, dict):
        raise CaptureError(f"{path}: captures is a table of names and faults, not {captures!r}")
    try:
        return Plan(
            _faults(table.get("faults", ()), "faults"),
            tuple((name, _faults(given, name)) for name, given in captures.items()),
        )
    except CaptureError as error:
        raise CaptureError(f"{path}: {error}") from None


def _faults(given: Any, where: str) -> tuple[FaultAt, ...]:
    if isinstance(given, str):
        given = (given,)
    if isinstance(given, Iterable) and not isinstance(given, dict):
        specs = tuple(given)
        if all(isinstance(spec, str) for spec in specs):
            return tuple(map(_fault, specs))
    raise CaptureError(
        f"{where} is a text such as 'cut@frame:3', or a list of them, not {given!r:.80}"
    )


def _fault(spec: str) -> FaultAt:
    named, at, place = spec.strip().rpartition("@") if _has_place(spec) else (spec.strip(), "", "")
    name, equals, value = named.partition("=")
    fault = FAULTS.get(name)
    if fault is None:
        near = difflib.get_close_matches(name, FAULTS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise CaptureError(
            f"no fault is named {name!r} (in {spec!r}): {hint}docs/faults.md has all {len(FAULTS)}"
        )
    return FaultAt(
        fault,
        Site(
            _place(place, fault, spec) if at else fault.default,
            _value(value, fault, spec) if equals else fault.value,
        ),
    )


def _has_place(spec: str) -> bool:
    """There may be an `@` in an address, too: a place is what has one of the words behind it, or no value before it."""
    before, at, place = spec.rpartition("@")
    return bool(at) and (place.partition(":")[0] in _WHERE or "=" not in before)


def _place(text: str, fault: Fault, spec: str) -> Place:
    where, colon, number = text.partition(":")
    if not fault.takes:
        raise CaptureError(f"{fault.name} has no place: it is about the whole answer (in {spec!r})")
    forms = " or ".join(
        f"@{each}:SECONDS" if each == "time" else f"@{each}:N" for each in fault.takes
    )
    at = _number(number, whole=where != "time") if colon else None
    if where not in fault.takes or at is None or at < (where == "frame"):
        least = ", frames count from 1" if where == "frame" else ""
        raise CaptureError(f"{fault.name} takes {forms}{least}, not '@{text}' (in {spec!r})")
    return Place(where, at)


def _value(text: str, fault: Fault, spec: str) -> Value:
    if not fault.unit:
        raise CaptureError(f"{fault.name} takes no value (in {spec!r})")
    if isinstance(fault.value, str):
        if not text or not text.isascii() or not text.isprintable():
            raise CaptureError(f"{fault.name} takes {fault.unit} in ASCII (in {spec!r})")
        return text
    number = _number(text)
    if number is None or not (number > 0 or fault.value == 0):
        raise CaptureError(
            f"{fault.name} takes a number, {fault.unit}, such as {fault.value:.15g}; not {text!r} (in {spec!r})"
        )
    return number


def _number(text: str, *, whole: bool = False) -> float | None:
    """A number that is not negative; None for any other text."""
    if whole:
        return int(text) if text.isdecimal() and len(text) < 16 else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
