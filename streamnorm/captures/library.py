"""Captures in files and folders as a library: by name, and by the request they answer. Knows no clock and no network."""

from __future__ import annotations

import difflib
import os
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from streamnorm.captures.format import SUFFIXES, Capture, is_capture_name
from streamnorm.captures.masking import Masker
from streamnorm.captures.matching import Asked, Difference, asked, asked_of, differences, fit
from streamnorm.errors import CaptureError

__all__ = ["CaptureLibrary", "Repeat"]

#: What answers a request that was asked more often than it was recorded: nothing (an error), the last capture again, or all of
#: them from the first.
Repeat = Literal["error", "last", "cycle"]
_REPEATS: Final = ("error", "last", "cycle")

#: Differences that an error shows, and how long a value in it may be.
_SHOWN: Final = 5
_SHOWN_LENGTH: Final = 80


class _Held(msgspec.Struct, frozen=True):
    name: str
    capture: Capture
    request: Asked
    #: Given as a file, not found in a folder.
    given: bool


class CaptureLibrary:
    """The captures of a folder (and all folders in it), or of files. Reads their first lines only. Safe to use in threads.

    A capture's name is its path in the folder without the suffix, with `/`, behind the folder's own name where there are several
    folders; that of a file given by itself is the file's name.

    repeat: `"error"`, `"last"` or `"cycle"`: what answers a request that came more often than it was recorded.
    ignore: members of the request's JSON, at its top, that do not matter.

    Raises CaptureError for a capture that cannot be read, for two of one name, and for a place where there is none; OSError.
    """

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        repeat: Repeat = "error",
        ignore: Collection[str] = (),
    ) -> None:
        if repeat not in _REPEATS:
            raise CaptureError(f"repeat is one of {', '.join(_REPEATS)}, not {repeat!r}")
        self._repeat = repeat
        self._ignore = frozenset(ignore)
        self._held: dict[str, _Held] = {}
        self._names: dict[Path, str] = {}
        self._served: Counter[str] = Counter()
        self._lock = threading.Lock()
        given = [
            Path(path) for path in ((paths,) if isinstance(paths, str | os.PathLike) else paths)
        ]
        folders = sum(path.is_dir() for path in given)
        for path in given:
            self._take(path, f"{path.name}/" if folders > 1 else "")

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def __getitem__(self, name: str) -> Capture:
        """The capture of this name. It is looked up, never opened as a path. Raises CaptureError."""
        held = self._held.get(name)
        if held is None:
            near = difflib.get_close_matches(name, self._held, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise CaptureError(f"no capture is named {_short(name)} among {len(self)}{hint}")
        return held.capture

    def name_of(self, capture: Capture) -> str:
        """The name of one of its captures."""
        return self._names[capture.path]

    @property
    def served(self) -> dict[str, int]:
        """How often each capture has answered, by name."""
        with self._lock:
            return dict(self._served)

    def answer(self, method: str, path: str, body: bytes | None = None) -> Capture:
        """The capture that answers a request: the next one that was not served of those that fit best.

        path: with the query. `matching` says what fits. A capture that does not know its request is taken where none other
        fits, if it was given as a file or is the only one of its path.

        Raises CaptureError where none fits, or none is left; the message shows the nearest one, and where it differs.
        """
        request = asked(method, path, body, ignore=self._ignore)
        fitting = self._fitting(request)
        if not fitting:
            raise CaptureError(self._why_not(request))
        with self._lock:
            held = self._next(fitting, request)
            self._served[held.name] += 1
        return held.capture

    def _take(self, path: Path, folder: str) -> None:
        if path.is_dir():
            inside = [each for each in path.rglob("*") if is_capture_name(each) and each.is_file()]
            if not inside:
                raise CaptureError(f"{path}: no captures in it; a capture ends in {SUFFIXES[0]}")
            for each in sorted(inside, key=_in_order):
                self._add(each, folder + each.relative_to(path).as_posix(), given=False)
        elif is_capture_name(path):
            self._add(path, path.name, given=True)
        else:
            raise CaptureError(
                f"{path}: neither a folder nor a capture; `streamnorm import` makes captures of other recordings"
            )

    def _add(self, path: Path, name: str, *, given: bool) -> None:
        name = _bare(name)
        if name in self._held:
            raise CaptureError(f"{self._held[name].capture.path} and {path} have the same name")
        capture = Capture(path)
        request = asked_of(capture.header, ignore=self._ignore)
        self._names[path] = name
        self._held[name] = _Held(name, capture, request, given)

    def _fitting(self, request: Asked) -> list[_Held]:
        """Those that fit best, in order."""
        fits: dict[int, list[_Held]] = {}
        for held in self._held.values():
            how_well = fit(held.request, request)
            if how_well is not None:
                fits.setdefault(how_well, []).append(held)
        if not fits:
            return []
        best = fits[min(fits)]
        if best[0].request.known or len(best) == 1:
            return best
        return [held for held in best if held.given]

    def _next(self, fitting: list[_Held], request: Asked) -> _Held:
        for held in fitting:
            if not self._served[held.name]:
                return held
        if self._repeat == "last":
            return fitting[-1]
        if self._repeat == "cycle":
            return min(fitting, key=lambda held: self._served[held.name])
        names = ", ".join(held.name for held in fitting)
        raise CaptureError(
            f"{request.method} {request.path} came once more than it was recorded: served already {names}; "
            "record it again, or repeat the last one with repeat='last'"
        )

    def _why_not(self, request: Asked) -> str:
        said = f"no capture answers {request.method} {request.path}, of {len(self)}"
        known = [held for held in self._held.values() if held.request.known]
        if not known:
            return f"{said}; none knows what was asked: give the file of the one that is meant"
        name, found = min(
            ((held.name, differences(held.request, request)) for held in known),
            key=lambda pair: _distance(pair[1]),
        )
        lines = [
            f"{said}. The nearest is {name}, where it is different:",
            *map(_told, found[:_SHOWN]),
        ]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        lines.append(
            "Record this exchange too, or name members that do not matter: ignore=('...',)"
        )
        return "\n".join(lines)


def _bare(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(SUFFIXES[0])


def _in_order(path: Path) -> tuple[Any, ...]:
    """`a` before `a.2` before `a.10`: numbers in names count as numbers."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", _bare(path.as_posix()))
    )


def _distance(found: list[Difference]) -> int:
    """How far from a match: another path weighs more than any body."""
    return sum(1 if one.where.startswith("/") else 100 for one in found)


def _told(one: Difference) -> str:
    where = one.where or "body"
    return f"  {where}: {_short(one.recorded)} in the capture, {_short(one.asked)} in the request"


def _short(value: Any) -> str:
    """A value for a message: on one line, without keys, not long."""
    if value is msgspec.UNSET:
        return "nothing"
    text = Masker().whole(ascii(value).encode()).decode()
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
