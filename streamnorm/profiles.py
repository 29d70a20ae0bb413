"""Provider profiles: what `providers/<id>.toml` says, checked. Knows files and pydantic; the pipeline imports it only when a
profile other than `auto` is asked for."""

from __future__ import annotations

import datetime
import difflib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError

from streamnorm.errors import LocalError, ProfileError
from streamnorm.events import FinishReason
from streamnorm.plugins import find_repair, repair_codes
from streamnorm.repairs import EXCLUSIVE
from streamnorm.requests.catalogue import REQUEST_RULES
from streamnorm.requests.options import OPTIONS, Condition, Options

__all__ = ["REQUEST_RULES", "Claim", "Profile", "RequestClaim", "load_profile", "provider_ids"]

#: In a wheel the data lies inside the package, in a checkout beside it.
_FOLDERS: Final = (
    Path(__file__).parent / "providers",
    Path(__file__).parent.parent / "providers",
)

#: A file's base URL, where it is written as they are.
_SAID: Final = re.compile(r'^base_url = "([^"\\]*)"', re.MULTILINE)

#: How many profiles may extend each other in a row.
MAX_EXTENDS: Final = 8


class Claim(BaseModel):
    """That a repair is needed here: `source` is where it was seen or said, `checked` the day that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    source: str
    checked: datetime.date


class RequestClaim(BaseModel):
    """That a request rule holds here: `rule` is a key of `REQUEST_RULES`, `note` what is particular to this provider. `when`: it
    holds where one of these does; always, where there is none. `options`: what the rule has to be told, of the class that
    `requests.options.OPTIONS` has for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    source: str
    checked: datetime.date
    note: str | None = None
    when: tuple[Condition, ...] = ()
    options: SerializeAsAny[Options] | None = None


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    checked: datetime.date


class _SeenRule(_Seen):
    note: str | None = None
    when: tuple[Condition, ...] = ()
    options: dict[str, Any] = {}


#: Who runs the server: a company, whoever asks, or a middleman before other servers. A retired one answers no more; its
#: profile is there for recordings.
_Kind = Literal["hosted", "local", "gateway", "retired"]

#: The protocol that its streams, and so its repairs, are of.
_Dialect = Literal["chat", "responses", "anthropic", "gemini", "ollama", "cohere"]

#: Request rules of which only one can hold.
_EXCLUSIVE_RULES: Final = (
    frozenset({"reasoning-must-be-replayed", "reasoning-must-not-be-replayed"}),
)


class _File(BaseModel):
    """A profile as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: _Kind = "hosted"
    dialect: _Dialect = "chat"
    base_url: str
    key_variables: list[str] = []
    docs: str | None = None
    source: str
    checked: datetime.date
    extends: str | None = None
    functions: _Seen | None = None
    finish_reasons: dict[str, FinishReason] = {}
    repairs: dict[str, _Seen] = {}
    request: dict[str, _SeenRule] = {}


class Profile(BaseModel):
    """A provider: where it is, which repairs its streams need and which rules its requests follow. Safe repairs run whether a
    profile names them or not; naming them says that they are expected here. `functions`: beside tools it knows what came
    before them, `functions`, `function_call` and the role `function`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    kind: _Kind
    dialect: _Dialect
    base_url: str
    key_variables: list[str]
    docs: str | None
    source: str
    checked: datetime.date
    functions: bool
    finish_reasons: dict[str, FinishReason]
    repairs: list[Claim]
    request: list[RequestClaim]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the repairs it names."""
        return frozenset(claim.code for claim in self.repairs)


def provider_ids() -> list[str]:
    """The ids of the profiles that come with streamnorm, and of those in the folders that `$STREAMNORM_PROVIDERS` lists."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.toml")})


def _folders() -> list[Path]:
    """Where profiles are; the user's own come first, and may replace one of ours."""
    own = os.environ.get("STREAMNORM_PROVIDERS", "").split(os.pathsep)
    return [*(Path(folder) for folder in own if folder), *_FOLDERS]


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
    """The profile with this base URL: the same host and the same first folder. A placeholder stands for a name, so it has a
    letter: a port alone tells nothing."""
    parts = urlsplit(url)
    wanted = f"{parts.netloc}{parts.path}/"
    likely = [name for name in provider_ids() if _may_have(_path_of(name), wanted)]
    found = [profile for profile in map(load_profile, likely) if _has(profile.base_url, wanted)]
    if len(found) > 1:
        names = " and ".join(profile.id for profile in found)
        raise ProfileError(f"{url!r} is the base URL of {names}; give the name of one")
    if not found:
        raise ProfileError(f'no profile has the base URL {url!r}; use "auto", which needs none')
    return found[0]


def _may_have(path: Path, wanted: str) -> bool:
    """Whether the profile has to be loaded to know: most say in one line that their base URL is another."""
    try:
        said = _SAID.search(path.read_text("utf-8", "replace"))
    except OSError:
        return True  # loading it says what is wrong
    return said is None or _has(said[1], wanted)


def _has(base_url: str, wanted: str) -> bool:
    return re.fullmatch(_pattern(base_url), wanted, re.IGNORECASE) is not None


def _pattern(base_url: str) -> str:
    known = urlsplit(base_url)
    if not known.netloc:
        return ""  # the operator's own host: no URL is its
    folder = "".join(f"/{name}" for name in known.path.split("/")[1:2])
    return re.sub(r"\\\{[^}]*\\\}", "[^/]*[a-z][^/]*", re.escape(known.netloc + folder)) + "/.*"


def _path_of(provider: str) -> Path:
    for folder in _folders():
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
    for key in ("finish_reasons", "repairs", "request"):
        if isinstance(base.get(key), dict) and isinstance(table.get(key), dict):
            merged[key] = {**base[key], **table[key]}
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProfileError(f"{path}: {error}") from None
    _all_known(path, table, "repairs", "repair", repair_codes())
    _all_known(path, table, "request", "request rule", REQUEST_RULES)
    try:
        _File.model_validate(table)
    except ValidationError as error:
        if table.get("extends") is None or any(e["type"] != "missing" for e in error.errors()):
            raise ProfileError(_explained(path, error)) from None
    return table


def _all_known(
    path: Path, table: dict[str, Any], key: str, what: str, words: Iterable[str]
) -> None:
    known = list(words)
    named = table.get(key)
    for word in named if isinstance(named, dict) else ():
        if word not in known:
            raise ProfileError(f"{_place(path, word)}: no {what} {word!r}{_nearest(word, known)}")


def _profile(path: Path, table: dict[str, Any]) -> Profile:
    try:
        file = _File.model_validate(table)
    except ValidationError as error:
        raise ProfileError(_explained(path, error)) from None
    claims = [
        Claim(code=code, source=seen.source, checked=seen.checked)
        for code, seen in file.repairs.items()
    ]
    rules = [
        RequestClaim(
            rule=rule,
            source=seen.source,
            checked=seen.checked,
            note=seen.note,
            when=seen.when,
            options=_options(path, rule, seen.options),
        )
        for rule, seen in file.request.items()
    ]
    _of_one_dialect(path, file)
    _without_contradiction(path, file)
    rest = file.model_dump(exclude={"repairs", "request", "extends", "functions"})
    return Profile(
        id=path.stem,
        repairs=claims,
        request=rules,
        functions=file.functions is not None,
        **rest,
    )


def _options(path: Path, rule: str, table: dict[str, Any]) -> Options | None:
    model = OPTIONS.get(rule)
    try:
        options = (model or Options).model_validate(table)
    except ValidationError as error:
        raise ProfileError(_explained(path, error, ("request", rule, "options"), model)) from None
    return options if model else None


def _of_one_dialect(path: Path, file: _File) -> None:
    for code in file.repairs:
        try:
            repair = find_repair(code)
        except LocalError as error:
            raise ProfileError(f"{_place(path, code)}: {error}") from None
        if repair is not None and repair.dialects and file.dialect not in repair.dialects:
            theirs = " and ".join(repair.dialects)
            raise ProfileError(
                f"{_place(path, code)}: repair {code!r} is of {theirs}, and this profile of {file.dialect}"
            )


def _without_contradiction(path: Path, file: _File) -> None:
    for named, pairs in ((file.repairs, EXCLUSIVE), (file.request, _EXCLUSIVE_RULES)):
        for pair in pairs:
            both = [word for word in named if word in pair]
            if len(both) > 1:
                raise ProfileError(
                    f"{_place(path, both[1])}: {both[1]!r} contradicts {both[0]!r}; name the one that holds"
                )
    for raw, reason in file.finish_reasons.items():
        if raw in get_args(FinishReason) and raw != reason:
            raise ProfileError(
                f"{_place(path, raw)}: finish_reasons.{raw} is {reason!r}, but {raw!r} is one of"
                " the specification's own, and means itself"
            )


def _explained(
    path: Path,
    error: ValidationError,
    above: tuple[str, ...] = (),
    model: type[BaseModel] | None = None,
) -> str:
    """The first thing that is wrong, in words. `above`: the keys to the table that `model` was held against; the file's own
    where there is none."""
    # A misspelt key is unknown and the right one missing: the unknown one tells more.
    first = min(error.errors(), key=lambda entry: entry["type"] == "missing")
    keys = [*above, *(str(step) for step in first["loc"])]
    under = ".".join(keys[:2]) if keys[0] in ("repairs", "request") and len(keys) > 2 else ""
    place = _place(path, next((key for key in reversed(keys) if not key.isdigit()), ""), under)
    if first["type"] == "missing":
        return f"{place if under else path}: {'.'.join(keys)} is missing"
    if first["type"] == "extra_forbidden":
        known = (model or Options) if above else _table_of(keys)
        return f"{place}: no key {keys[-1]!r}{_nearest(keys[-1], known.model_fields)}"
    message = f"{place}: {'.'.join(keys)} is {first['input']!r}: {first['msg']}"
    expected = first.get("ctx", {}).get("expected")
    if not expected:
        return message
    return message + _nearest(str(first["input"]), re.findall(r"'([^']+)'", expected))


def _table_of(keys: list[str]) -> type[BaseModel]:
    """The model of the table in the file that the last of `keys` stands in."""
    if len(keys) == 1:
        return _File
    if "when" in keys[2:-1]:
        return Condition
    return _SeenRule if keys[0] == "request" else _Seen


def _place(path: Path, word: str, under: str = "") -> str:
    """`file:line` of the first line that has `word` as a key, a table's name or a value, from the table `under` on. Where there
    is none, that of the table; and where that is not there, it came by way of `extends`."""
    lines = [line.partition("#")[0] for line in path.read_text("utf-8").splitlines()]
    table = _line_with(lines, under) if under else None
    found = _line_with(lines, word, table or 0)
    for line in (found, table, _line_with(lines, "extends")):
        if line is not None:
            return f"{path}:{line + 1}"
    return str(path)


def _line_with(lines: list[str], word: str, start: int = 0) -> int | None:
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    return next((at for at in range(start, len(lines)) if pattern.search(lines[at])), None)


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
