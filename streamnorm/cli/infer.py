"""What streams prove about an endpoint: the profile that they would need, as TOML, and how it differs from one that is there."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator

from streamnorm.cli.reading import name_of
from streamnorm.cli.safe import one_line
from streamnorm.normalizer import Normalizer
from streamnorm.profiles import Profile
from streamnorm.repairs import EXCLUSIVE, REGISTRY, Check, Repair
from streamnorm.repairs.leaks import EVIDENT

__all__ = ["Evidence", "provable", "would_act"]


def provable(profile: Profile | None = None) -> list[str]:
    """The codes of the repairs that have to be asked for, and whose acting proves that they are needed; and of those that
    `profile` names."""
    named = [code for code in profile.codes if _unsafe(code)] if profile else []
    evident = [repair.code for repair in EVIDENT]
    excluded = {code for pair in EXCLUSIVE if pair.intersection(named) for code in pair}
    return sorted({*named, *(code for code in evident if code not in excluded)})


def would_act(normalizer: Normalizer, probe: Normalizer) -> list[str]:
    """The codes of the repairs that have to be asked for, acted in `probe`, which has them all, and were not on in
    `normalizer`, which has read the same."""
    acted = {finding.code for finding in normalizer.findings}
    codes = (finding.code for finding in probe.findings)
    return [code for code in codes if code not in acted and _unsafe(code)]


def _unsafe(code: str) -> bool:
    entry = REGISTRY[code]
    return issubclass(entry, Repair) and not entry.safe


class Evidence:
    """What was found in several streams, and where first."""

    def __init__(self) -> None:
        self.files = 0
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[str]] = {}

    def add(self, file: str, normalizer: Normalizer) -> None:
        """What a stream that has been read shows."""
        self.files += 1
        for finding in normalizer.findings:
            code = finding.code
            self._counts[code] = self._counts.get(code, 0) + finding.count
            place = f"{name_of(file)}, chunk {finding.chunk}" if finding.chunk else name_of(file)
            self._places.setdefault(code, []).append(place)

    @property
    def repairs(self) -> list[str]:
        """The codes of the repairs that acted."""
        return sorted(code for code in self._counts if not issubclass(REGISTRY[code], Check))

    def toml(self, name: str, today: datetime.date, *, base_url: str = "") -> Iterator[str]:
        """A profile, line by line. What streams cannot know is there to be filled in."""
        where = "" if base_url else "where it is, and "
        yield f"# Written from {_several(self.files, 'stream')}. Fill in {where}what your claims rest on."
        yield f"name = {_quoted(name)}"
        yield f"base_url = {_quoted(base_url or 'https://')}"
        yield "key_variables = []"
        yield 'source = ""'
        yield f"checked = {today}"
        for code in self.repairs:
            places = self._places[code]
            yield ""
            yield f"# {_several(self._counts[code], 'time')}, in {_several(len(places), 'stream')}"
            yield f"[repairs.{code}]"
            yield f"source = {_quoted(places[0])}"
            yield f"checked = {today}"
        for code, places in sorted(self._places.items()):
            if issubclass(REGISTRY[code], Check):
                yield ""
                yield f"# No repair mends {code}: {one_line(places[0])}"

    def drift(self, profile: Profile) -> Iterator[str]:
        """How the streams differ from what `profile` says, line by line; nothing where they do not."""
        for code in self.repairs:
            if code not in profile.codes:
                place = one_line(self._places[code][0])
                yield f"{profile.id} does not name {code}: {place}"
        for code in sorted(profile.codes - set(self.repairs)):
            yield f"{profile.id} names {code}, which did not act"


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _quoted(text: str) -> str:
    """A TOML string. JSON's is one, once it holds nothing that only JSON takes as it is."""
    return json.dumps(one_line(text), ensure_ascii=False)
