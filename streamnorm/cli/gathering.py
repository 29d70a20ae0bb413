"""Directories of captures, raw streams and reports to graded exchanges, each with the endpoint it is of. Reads files; knows
nothing of how they are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from streamnorm.captures.format import Capture, Request, is_capture_name
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.files import evidence_in, evidence_of, streams_in
from streamnorm.conformance.grade import Grade, grade
from streamnorm.conformance.live.folder import exchanges_of
from streamnorm.conformance.live.manifest import MANIFEST, Manifest
from streamnorm.conformance.live.standing import Standing, standings
from streamnorm.conformance.reports.as_json import Reported, ReportedExchange, read_json
from streamnorm.errors import CaptureError, LocalError

__all__ = ["Gathered", "Gathering"]

#: A folder by one of these names says the protocol, and a folder in it whose streams they are.
_DIALECTS: Final = frozenset(
    ("anthropic", "assistants", "chat", "cohere", "gemini", "ollama", "other", "responses")
)

#: Where the path of a request goes on behind the base URL.
_route = re.compile(
    r"/(?:chat/completions|completions|responses|threads|messages|models)(?:/|$)"
).search


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """One graded exchange. `evidence` is None where only a report tells of it; `known`: ids that a baseline lets be."""

    endpoint: str
    grade: Grade
    evidence: Evidence | None = None
    known: tuple[str, ...] = ()
    date: str = ""
    repeats: int = 1


class _Folder:
    """A report and the folder it lies in: the captures there are those that it tells of."""

    def __init__(self, path: Path, reported: Reported) -> None:
        self.folder = path.parent
        self.live = reported.live
        self.left = {exchange.name: exchange for exchange in reported.exchanges}

    @property
    def endpoint(self) -> str:
        if self.live is None:
            return self.folder.resolve().name
        return f"{_address(self.live.endpoint)} {self.live.model}".rstrip()

    def take(self, stream: Path) -> ReportedExchange | None:
        """The exchange of a stream, by its path in the folder, else by its name; each once."""
        inside = stream.relative_to(self.folder).as_posix()
        found = [name for name in self.left if name == inside] or [
            name for name in self.left if PurePosixPath(name).name == stream.name
        ]
        return self.left.pop(found[0]) if len(found) == 1 else None

    def told(
        self, exchange: ReportedExchange | None, graded: Grade, evidence: Evidence | None
    ) -> Gathered:
        return Gathered(
            endpoint=self.endpoint,
            grade=graded,
            evidence=evidence,
            known=exchange.known if exchange is not None else (),
            date=self.live.date if self.live is not None else "",
            repeats=self.live.repeats if self.live is not None else 1,
        )


class Gathering:
    """What is in the given places: iterate to have it graded, one by one. Then `unread` has the files that could not be graded,
    each with the reason, and `standings` how the endpoints of live runs stand with each check."""

    def __init__(self, places: list[Path]) -> None:
        """Raises OSError for a place that is not there, and LocalError for one with nothing to report in it."""
        self.unread: list[tuple[str, str]] = []
        self.standings: dict[str, list[Standing]] = {}
        self._folders: list[_Folder] = []
        self._streams: dict[Path, Path] = {}
        for place in places:
            self._take(place)

    def _take(self, place: Path) -> None:
        place.stat()
        reports = sorted(place.rglob(MANIFEST)) if place.is_dir() else []
        streams = list(streams_in(place))
        if place.suffix == ".json":
            reports, streams = [place], []
        if not reports and not streams:
            raise LocalError(
                f"{place}: no *.cap.jsonl, no *.sse and no {MANIFEST} in it. `streamnorm record` makes captures, and "
                f"`streamnorm check --format json FILE > {MANIFEST}` a report"
            )
        for path in reports:
            try:
                self._folders.append(_Folder(path, read_json(path.read_bytes())))
            except (OSError, LocalError) as error:
                self.unread.append((path.as_posix(), str(error)))
        self._streams.update((stream, place) for stream in streams)

    def __len__(self) -> int:
        """How many streams there are."""
        return len(self._streams)

    def __iter__(self) -> Iterator[Gathered]:
        left = dict(self._streams)
        for folder in self._folders:
            if folder.live is not None:
                yield from self._of_live(folder, folder.live, left)
        for stream, place in left.items():
            try:
                yield self._graded(place, stream)
            except (OSError, CaptureError) as error:
                self.unread.append((stream.as_posix(), str(error)))
        for folder in self._folders:
            for exchange in folder.left.values():
                yield folder.told(exchange, exchange.grade, None)

    def _of_live(
        self, folder: _Folder, manifest: Manifest, left: dict[Path, Path]
    ) -> Iterator[Gathered]:
        """The exchanges of a live run know of each other: they are graded together, as they were."""
        try:
            exchanges = exchanges_of(folder.folder, manifest)
        except (OSError, CaptureError) as error:
            self.unread.append((folder.folder.as_posix(), str(error)))
            return
        only, grades = manifest.only or None, {}
        for file, evidence in exchanges.items():
            stream = folder.folder / file
            left.pop(stream, None)
            grades[file] = grade(evidence, name=stream.as_posix(), only=only)
            yield folder.told(folder.take(stream), grades[file], evidence)
        found = standings(manifest, grades, only)
        self.standings.setdefault(folder.endpoint, []).extend(found)

    def _graded(self, place: Path, stream: Path) -> Gathered:
        endpoint, evidence = _read(place, stream)
        folder = self._folder_of(stream)
        exchange = folder.take(stream) if folder is not None else None
        if folder is not None and exchange is not None:
            return folder.told(exchange, exchange.grade, evidence)
        graded = grade(evidence, name=stream.as_posix())
        if folder is not None and folder.live is not None:
            return folder.told(None, graded, evidence)
        return Gathered(endpoint=endpoint, grade=graded, evidence=evidence)

    def _folder_of(self, stream: Path) -> _Folder | None:
        """The report that lies nearest."""
        above = [folder for folder in self._folders if folder.folder in stream.parents]
        return max(above, key=lambda folder: len(folder.folder.parts), default=None)


def _read(place: Path, stream: Path) -> tuple[str, Evidence]:
    """The endpoint of a stream, and what it lets one examine. A capture says where it was asked; else its folder does."""
    if not is_capture_name(stream):
        return _folder_name(place, stream), evidence_in(stream)
    capture = Capture(stream)
    return _base_url(capture.header.request) or _folder_name(place, stream), evidence_of(capture)


def _base_url(request: Request) -> str:
    if not request.origin:
        return ""
    found = _route(request.path)
    return _address(request.origin + (request.path[: found.start()] if found else ""))


def _address(url: str) -> str:
    """An address without what may be secret in it, nor the scheme that most have."""
    scheme, _, rest = url.partition("://") if "://" in url else ("", "", url)
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    address = f"{host.rpartition('@')[2]}{slash}{path}".rstrip("/")
    return address if scheme in ("https", "") else f"{scheme}://{address}"


def _folder_name(place: Path, stream: Path) -> str:
    """The folders between the place that was given and the stream, but for a first one that says the protocol; else the place."""
    inside = stream.parent.relative_to(place).parts if place.is_dir() else ()
    if len(inside) > 1 and inside[0] in _DIALECTS:
        inside = inside[1:]
    folder = place if place.is_dir() else place.parent
    return "/".join(inside) or folder.resolve().name or "streams"
