"""The folder of a live run: its captures as evidence that knows of each other, graded, and the report beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import msgspec

from streamnorm.captures.format import Capture, is_capture_name
from streamnorm.conformance.evidence import Evidence, Sent
from streamnorm.conformance.files import evidence_of
from streamnorm.conformance.grade import Grade, counts_against, grade
from streamnorm.conformance.live.manifest import MANIFEST, Manifest, manifest_in
from streamnorm.conformance.live.probes import probe_of
from streamnorm.conformance.live.standing import Standing, count, standings
from streamnorm.conformance.reports import FORMATS, Live, Run
from streamnorm.errors import CaptureError, LocalError

__all__ = [
    "LiveGrade",
    "empty_for_run",
    "exchanges_of",
    "grade_live",
    "live_run_in",
    "report_of",
    "run_of",
    "write_report",
]


class LiveGrade(msgspec.Struct, frozen=True, kw_only=True):
    """A live run, graded: each exchange by the name of its file, and how the endpoint stands with each check."""

    manifest: Manifest
    grades: dict[str, Grade]
    standings: tuple[Standing, ...]

    @property
    def checked(self) -> int:
        """How many checks came to a verdict."""
        return sum(bool(each.decided) for each in self.standings)

    def against(self, *, strict: bool = False) -> list[Standing]:
        """The checks for which the endpoint is not green."""
        found = ((each, each.outcome) for each in self.standings)
        return [each for each, worst in found if worst and counts_against(worst, strict=strict)]

    def green(self, *, strict: bool = False) -> bool:
        """Checks came to a verdict, none of them counts against the endpoint, and the run did not end early."""
        return bool(self.checked) and not self.against(strict=strict) and not self.manifest.stopped

    def standing(self, check: str) -> Standing:
        """How the endpoint stands with one check. Raises KeyError for one that is not of its dialect, or was not asked for."""
        return {each.id: each for each in self.standings}[check]


def live_run_in(folder: Path) -> Manifest | None:
    """The live run whose captures are in this folder; None where there is none."""
    with contextlib.suppress(OSError):
        return manifest_in((folder / MANIFEST).read_bytes())
    return None


def grade_live(
    folder: Path, manifest: Manifest, *, only: Collection[str] | None = None, within: str = ""
) -> LiveGrade:
    """Grade the captures of a live run. within: what stands before the names of the files. Raises OSError, and CaptureError
    where a capture cannot be read."""
    wanted = only or manifest.only or None
    found = exchanges_of(folder, manifest)
    grades = {
        file: grade(evidence, name=f"{within}{file}", only=wanted)
        for file, evidence in found.items()
    }
    return LiveGrade(
        manifest=manifest,
        grades=grades,
        standings=tuple(standings(manifest, grades, wanted)),
    )


def exchanges_of(folder: Path, manifest: Manifest) -> dict[str, Evidence]:
    """The exchanges of a live run, by their files; those of one repeat know of each other."""
    found: dict[str, Evidence] = {}
    repeats: dict[int, dict[str, Evidence]] = {}
    for each in manifest.exchanges:
        if Path(each.file).name != each.file:
            raise CaptureError(f"{folder / MANIFEST}: {each.file!r} is not beside it")
        evidence = evidence_of(Capture(folder / each.file), dialect=manifest.dialect)
        beside = repeats.setdefault(each.repeat, {})
        probe = probe_of(manifest.dialect, each.probe)
        evidence.sent = Sent(
            each.probe,
            graded=probe is None or probe.graded,
            connection=each.connection,
            beside=beside,
        )
        found[each.file] = evidence
        if each.probe:
            beside[each.probe] = evidence
    return found


def run_of(live: LiveGrade, *, strict: bool = False) -> Run:
    """A live run as reports have it."""
    told = live.manifest
    return Run(
        grades=tuple(live.grades.values()),
        strict=strict,
        live=Live(endpoint=told.endpoint, model=told.model, date=told.date, repeats=told.repeats),
    )


def report_of(live: LiveGrade, run: Run | None = None) -> str:
    """The JSON report of a run, with how the endpoint stands. `green` is false where the run ended early."""
    report = msgspec.json.decode(FORMATS["json"](run or run_of(live)))
    report["green"] = report["green"] and not live.manifest.stopped
    standings = [msgspec.to_builtins(each) for each in live.standings]
    for standing in standings:
        del standing["outcome"]
    report["live"] = {
        **msgspec.to_builtins(live.manifest),
        "counts": count(live.standings),
        "checks": standings,
    }
    return msgspec.json.encode(report).decode()


def empty_for_run(folder: Path, *, force: bool = False) -> None:
    """Make the folder. Raises LocalError where captures of another run are in it, unless they may be removed."""
    folder.mkdir(parents=True, exist_ok=True)
    earlier = live_run_in(folder)
    if not force and (earlier or any(is_capture_name(each) for each in folder.iterdir())):
        raise LocalError(f"{folder} has captures in it: name another folder")
    for each in earlier.exchanges if earlier is not None else ():
        (folder / Path(each.file).name).unlink(missing_ok=True)


def write_report(folder: Path, report: str) -> None:
    """Put the report of a run beside its captures, all of it or nothing. Raises OSError."""
    written = folder / f".{MANIFEST}"
    written.write_text(report, "utf-8")
    written.replace(folder / MANIFEST)
