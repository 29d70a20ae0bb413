"""Provider profiles: what `providers/<id>.toml` says, checked. Knows files and pydantic; the pipeline imports it only when a
profile other than `auto` is asked for."""

from __future__ import annotations

import datetime
import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from streamnorm.errors import LocalError, ProfileError
from streamnorm.events import FinishReason
from streamnorm.plugins import find_repair, repair_codes
from streamnorm.repairs import EXCLUSIVE

__all__ = ["REQUEST_RULES", "Claim", "Profile", "RequestClaim", "load_profile", "provider_ids"]

#: In a wheel the data lies inside the package, in a checkout beside it.
_FOLDERS: Final = (
    Path(__file__).parent / "providers",
    Path(__file__).parent.parent / "providers",
)

#: How many profiles may extend each other in a row.
MAX_EXTENDS: Final = 8

#: What can stand between a well-formed request and a server, by its id, with what a client does about it. A profile names
#: those that hold for its provider; the table is closed so that a misspelt one fails at load.
REQUEST_RULES: Final[Mapping[str, str]] = {
    "stream_options-rejected": "Leave `stream_options` out of the request; count usage some other way.",
    "parallel_tool_calls-rejected": "Leave `parallel_tool_calls` out unless tools go along and the model is known to take it.",
    "assistant-content-null-vs-empty": "Give a turn that only calls tools the kind of empty `content` this server takes.",
    "empty-assistant-message-rejected": "Take assistant turns with neither text nor calls out of the history.",
    "developer-role-rejected": "Send instructions under the role `system`, not `developer`.",
    "max_tokens-vs-max_completion_tokens": "Use the one name for the output limit that the model knows.",
    "tool_choice-required-vs-any": "Ask for a call with `any`; force one tool by sending that tool alone.",
    "tool_choice-unsupported-values": "Fall back to `auto`, and tell the caller that a call is no longer certain.",
    "tool_choice-none-garbles": "To rule calls out, send no tools instead of the choice `none`.",
    "strict-unsupported": "Take `strict` out of the tools and check the arguments when they arrive.",
    "schema-keywords-rejected": "Rewrite the schema keywords the server refuses; validate against the original.",
    "additionalProperties-false-required": "Under `strict`, close each object with `additionalProperties: false`.",
    "noarg-schema-must-be-object": "Describe a tool without parameters by an object schema with no properties.",
    "content-must-be-string": "Join the text parts of a message into one string.",
    "tool-call-id-format": "Map replayed call ids to the length and alphabet allowed, the same way in call and result.",
    "replay-strip-stream-only-keys": "Replay only a message's own fields, none that exist in deltas alone.",
    "arguments-must-be-valid-json-string": "Replay a call's arguments as a string that parses as JSON.",
    "tool-result-must-be-string": "Serialise a tool's result; the message's content is a string.",
    "tool-vs-function-role": "Answer in the style of the call: role `tool` with its id, or role `function` with its name.",
    "no-user-after-tool": "Put an assistant turn between a tool's result and the next user turn.",
    "multiple-system-messages": "Merge all system messages into one, at the start.",
    "consecutive-assistant-rejected": "Merge assistant turns that follow one another.",
    "reasoning-must-be-replayed": "Send the reasoning of a turn back with its tool calls, in the field it came in.",
    "reasoning-must-not-be-replayed": "Take reasoning out of the replayed assistant turns.",
    "reasoning-switch-dialects": "Turn reasoning on or off with this host's own parameter, passed through untouched.",
    "tool_stream-flag": "Ask for streamed arguments with `tool_stream`; expect whole calls without it.",
    "incremental_output-flag": "Ask for increments with `incremental_output`, else each frame repeats the text so far.",
    "unknown-fields-rejected": "Send only fields the server knows; an extra one fails the whole request.",
    "temperature-limits": "Keep `temperature` inside the range this host accepts.",
    "n-greater-than-one": "Ask for one choice per request.",
    "response_format-with-tools": "Do not combine `response_format` with tools or streaming; send no empty tool list.",
    "seed-renamed": "Send the seed under this host's own name for it.",
    "tools-unsupported-model": "Check that the model takes tools, and refuse before the request if not.",
    "functions-only-legacy": "Write tools as `functions` and the choice as `function_call`.",
    "model-id-suffix": "Treat the model's id as opaque; parts of it route the request.",
    "user-agent-or-extra-headers": "Add the headers or query parameters this host wants beside the bearer key.",
    "max_tokens-default-too-low": "Always set the output limit; the host's own cuts calls short.",
}


class Claim(BaseModel):
    """That a repair is needed here: `source` is where it was seen or said, `checked` the day that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    source: str
    checked: datetime.date


class RequestClaim(BaseModel):
    """That a request rule holds here: `rule` is a key of `REQUEST_RULES`, `note` what exactly to do at this provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    source: str
    checked: datetime.date
    note: str | None = None


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    checked: datetime.date


class _SeenRule(_Seen):
    note: str | None = None


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
    finish_reasons: dict[str, FinishReason] = {}
    repairs: dict[str, _Seen] = {}
    request: dict[str, _SeenRule] = {}


class Profile(BaseModel):
    """A provider: where it is, which repairs its streams need and which rules its requests follow. Safe repairs run whether a
    profile names them or not; naming them says that they are expected here."""

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
    wanted = urlsplit(url)
    found = [
        profile
        for profile in map(load_profile, provider_ids())
        if re.fullmatch(_pattern(profile.base_url), f"{wanted.netloc}{wanted.path}/", re.IGNORECASE)
    ]
    if len(found) > 1:
        names = " and ".join(profile.id for profile in found)
        raise ProfileError(f"{url!r} is the base URL of {names}; give the name of one")
    if not found:
        raise ProfileError(f'no profile has the base URL {url!r}; use "auto", which needs none')
    return found[0]


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
        RequestClaim(rule=rule, source=seen.source, checked=seen.checked, note=seen.note)
        for rule, seen in file.request.items()
    ]
    _of_one_dialect(path, file)
    _without_contradiction(path, file)
    rest = file.model_dump(exclude={"repairs", "request", "extends"})
    return Profile(id=path.stem, repairs=claims, request=rules, **rest)


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


def _explained(path: Path, error: ValidationError) -> str:
    # A misspelt key is unknown and the right one missing: the unknown one tells more.
    first = min(error.errors(), key=lambda entry: entry["type"] == "missing")
    key = str(first["loc"][-1])
    if first["type"] == "missing":
        return f"{path}: {'.'.join(map(str, first['loc']))} is missing"
    if first["type"] == "extra_forbidden":
        tables: dict[Any, type[BaseModel]] = {"repairs": _Seen, "request": _SeenRule}
        model = tables[first["loc"][0]] if len(first["loc"]) > 1 else _File
        return f"{_place(path, key)}: no key {key!r}{_nearest(key, model.model_fields)}"
    wrong = first["input"]
    message = (
        f"{_place(path, key)}: {'.'.join(map(str, first['loc']))} is {wrong!r}: {first['msg']}"
    )
    expected = first.get("ctx", {}).get("expected")
    return message + (_nearest(str(wrong), re.findall(r"'([^']+)'", expected)) if expected else "")


def _place(path: Path, word: str) -> str:
    """`file:line` of the first line that has `word` as a key, a table's name or a value. Where there is none, it came by way
    of `extends`."""
    lines = path.read_text("utf-8").splitlines()
    for wanted in (word, "extends"):
        pattern = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])")
        for number, line in enumerate(lines, start=1):
            if pattern.search(line.partition("#")[0]):
                return f"{path}:{number}"
    return str(path)


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
