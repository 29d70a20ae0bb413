"""Provider profiles: what `providers/<id>.toml` says, checked. Knows files and pydantic; the pipeline imports it only when a
profile other than `auto` is asked for."""

from __future__ import annotations

import datetime
import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from streamnorm.errors import ProfileError
from streamnorm.events import FinishReason
from streamnorm.repairs import REGISTRY, Repair

__all__ = ["Claim", "Profile", "load_profile", "provider_ids"]

#: In a wheel the data lies inside the package, in a checkout beside it.
_FOLDERS: Final = (
    Path(__file__).parent / "providers",
    Path(__file__).parent.parent / "providers",
)

#: How many profiles may extend each other in a row.
MAX_EXTENDS: Final = 8


class Claim(BaseModel):
    """That a repair is needed here: `source` is where it was seen or said, `checked` the day that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    source: str
    checked: datetime.date


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    checked: datetime.date


class _File(BaseModel):
    """A profile as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    base_url: str
    key_variables: list[str] = []
    docs: str | None = None
    source: str
    checked: datetime.date
    extends: str | None = None
    finish_reasons: dict[str, FinishReason] = {}
    repairs: dict[str, _Seen] = {}


class Profile(BaseModel):
    """A provider: where it is, and which repairs its streams need. Safe repairs run whether a profile names them or not;
    naming them says that they are expected here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    base_url: str
    key_variables: list[str]
    docs: str | None
    source: str
    checked: datetime.date
    finish_reasons: dict[str, FinishReason]
    repairs: list[Claim]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the repairs it names."""
        return frozenset(claim.code for claim in self.repairs)


def provider_ids() -> list[str]:
    """The ids of the profiles that come with streamnorm."""
    return sorted({path.stem for folder in _FOLDERS for path in folder.glob("*.toml")})


def load_profile(name: str | Path) -> Profile:
    """The profile with this id, in this TOML file, or for this base URL.

    Raises ProfileError where there is none or it does not load; the message names the file, the line and the nearest right
    word.
    """
    text = str(name)
    if text.startswith(("http://", "https://")):
        return _for_base_url(text)
    if isinstance(name, Path) or text.endswith(".toml") or "/" in text:
        path = Path(name)
        if not path.is_file():
            raise ProfileError(f"no profile at {path}")
    else:
        path = _path_of(text)
    return _profile(path, _merged(path, ()))


def _for_base_url(url: str) -> Profile:
    """The profile whose base URL has this host; a placeholder in it stands for one or more labels or digits."""
    wanted = urlsplit(url)
    for provider in provider_ids():
        profile = load_profile(provider)
        known = urlsplit(profile.base_url)
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(known.netloc))
        if re.fullmatch(pattern, wanted.netloc):
            return profile
    raise ProfileError(f'no profile has the base URL {url!r}; use "auto", which needs none')


def _path_of(provider: str) -> Path:
    for folder in _FOLDERS:
        path = folder / f"{provider}.toml"
        if path.is_file():
            return path
    raise ProfileError(f"no profile {provider!r}{_nearest(provider, ['auto', *provider_ids()])}")


def _merged(path: Path, through: tuple[Path, ...]) -> dict[str, Any]:
    """The file's tables over those it extends: tables are merged, everything else is replaced."""
    if path in through or len(through) > MAX_EXTENDS:
        raise ProfileError(f"{path}: extends itself, by way of {through[-1].name}")
    table = _read(path)
    parent = table.get("extends")
    if not isinstance(parent, str):
        return table
    try:
        base = _merged(_path_of(parent), (*through, path))
    except ProfileError as error:
        raise ProfileError(f"{_place(path, 'extends')}: {error}") from None
    merged = {**base, **table}
    for key in ("finish_reasons", "repairs"):
        if isinstance(base.get(key), dict) and isinstance(table.get(key), dict):
            merged[key] = {**base[key], **table[key]}
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProfileError(f"{path}: {error}") from None
    for code in table.get("repairs") or ():
        entry = REGISTRY.get(code)
        if entry is None or not issubclass(entry, Repair):
            codes = [known for known, kind in REGISTRY.items() if issubclass(kind, Repair)]
            raise ProfileError(f"{_place(path, code)}: no repair {code!r}{_nearest(code, codes)}")
    try:
        _File.model_validate(table)
    except ValidationError as error:
        if table.get("extends") is None or any(e["type"] != "missing" for e in error.errors()):
            raise ProfileError(_explained(path, error)) from None
    return table


def _profile(path: Path, table: dict[str, Any]) -> Profile:
    try:
        file = _File.model_validate(table)
    except ValidationError as error:
        raise ProfileError(_explained(path, error)) from None
    claims = [
        Claim(code=code, source=seen.source, checked=seen.checked)
        for code, seen in file.repairs.items()
    ]
    return Profile(id=path.stem, repairs=claims, **file.model_dump(exclude={"repairs", "extends"}))


def _explained(path: Path, error: ValidationError) -> str:
    # A misspelt key is unknown and the right one missing: the unknown one tells more.
    first = min(error.errors(), key=lambda entry: entry["type"] == "missing")
    key = str(first["loc"][-1])
    if first["type"] == "missing":
        return f"{path}: {'.'.join(map(str, first['loc']))} is missing"
    if first["type"] == "extra_forbidden":
        model = _Seen if len(first["loc"]) > 1 else _File
        return f"{_place(path, key)}: no key {key!r}{_nearest(key, model.model_fields)}"
    wrong = first["input"]
    message = (
        f"{_place(path, key)}: {'.'.join(map(str, first['loc']))} is {wrong!r}: {first['msg']}"
    )
    expected = first.get("ctx", {}).get("expected")
    return message + (_nearest(str(wrong), re.findall(r"'([^']+)'", expected)) if expected else "")


def _place(path: Path, word: str) -> str:
    """`file:line` of the first line that has `word` as a key, a table's name or a value."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if pattern.search(line.partition("#")[0]):
            return f"{path}:{number}"
    return str(path)


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
