"""S: the shape of chat chunks: their fields, choices, deltas and text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.chat import dicts, is_integer
from streamnorm.conformance.evidence import Evidence

__all__ = ["CHUNKS"]

CHAT_API: Final = "OpenAI API reference, the chat completion chunk object"

#: How deep a chunk may nest. streamnorm's own measure: readers recurse.
DEEPEST: Final = 64

#: Chunks that say nothing, beyond which they are a waste.
IDLE: Final = 3

#: What the decoder takes off the data: the repair, and what it is.
_IN_DATA: Final = {
    "data-prefix-doubled": "the data begins with `data:`",
    "comment-as-data": "a comment is sent as data",
}

#: The keys of a chunk that OpenAI and Azure OpenAI send.
KEYS: Final = frozenset(
    (
        *(
            "id",
            "object",
            "created",
            "model",
            "choices",
            "usage",
            "system_fingerprint",
            "service_tier",
        ),
        *("obfuscation", "prompt_filter_results", "error"),
    )
)


@check(
    "S-001",
    "MUST",
    CHAT,
    f"All data but `[DONE]` is one JSON object: no NaN, no key twice, at most {DEEPEST} deep.",
    source="RFC 8259; RFC 7493, 2.3",
    looks_at="the data of each event",
    needs=("frames",),
)
def json_objects(evidence: Evidence) -> Iterator[Fault]:
    for finding in evidence.framed.findings:
        if finding.code in _IN_DATA:
            for number in finding.chunks:
                # A comment is no frame: where it is the last, there is none of that number.
                at = number if number <= len(evidence.frames) else 0
                yield Fault(words=_IN_DATA[finding.code], frame=at)
    cut = evidence.end is not None and not evidence.end.whole
    for frame in evidence.frames:
        if frame.is_done or not frame.data.strip() or (cut and not frame.frame.complete):
            continue
        wrong = _wrong_json(frame.data)
        if wrong:
            yield Fault(words=wrong, frame=frame.number, seen="sse-null-or-scalar-data")


def _wrong_json(data: bytes) -> str:
    try:
        value = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return f"the data is not JSON: {error}"
    if not isinstance(value, dict):
        return "the data is no object"
    brackets = data.count(b"{") + data.count(b"[")
    return f"it nests deeper than {DEEPEST}" if brackets > DEEPEST and _deep(value) else ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} comes twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is none of JSON")


def _deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, dict | list) for item in level)


@check(
    "S-002",
    "MUST",
    CHAT,
    "`object` is `chat.completion.chunk` on every chunk.",
    source=CHAT_API,
    looks_at="`object`",
    needs=("frames", "chunks"),
)
def object_is_chunk(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.chat.told:
        found = frame.value.get("object")
        if found != "chat.completion.chunk":
            yield Fault(words=f"`object` is {found!r}", frame=frame.number)


@check(
    "S-003",
    "MUST",
    CHAT,
    "`id` is a string that is not empty, the same on all chunks.",
    source=CHAT_API,
    looks_at="`id`",
    needs=("frames", "chunks"),
)
def one_id(evidence: Evidence) -> Iterator[Fault]:
    first = None
    for frame in evidence.chat.told:
        found = frame.value.get("id")
        if not isinstance(found, str) or not found:
            yield Fault(words=f"`id` is {found!r}", frame=frame.number)
            continue
        first = first or found
        if found != first:
            yield Fault(words=f"`id` was {first!r} and is {found!r}", frame=frame.number)


@check(
    "S-004",
    "MUST",
    CHAT,
    "`created` is a whole number of seconds, the same on all chunks; `model` is a string that is not empty.",
    source=CHAT_API,
    looks_at="`created`, `model`",
    needs=("frames", "chunks"),
)
def created_and_model(evidence: Evidence) -> Iterator[Fault]:
    first = None
    for frame in evidence.chat.told:
        created, model = frame.value.get("created"), frame.value.get("model")
        if not is_integer(created):
            yield Fault(words=f"`created` is {created!r}", frame=frame.number)
        elif first is not None and created != first:
            yield Fault(words=f"`created` was {first} and is {created}", frame=frame.number)
        else:
            first = created
        if not isinstance(model, str) or not model:
            yield Fault(words=f"`model` is {model!r}", frame=frame.number)


@check(
    "S-005",
    "MUST",
    CHAT,
    "`choices` is a list on every chunk; it is empty only beside usage or the results of a content filter.",
    source=CHAT_API,
    looks_at="`choices`",
    needs=("frames", "chunks"),
)
def choices_list(evidence: Evidence) -> Iterator[Fault]:
    for frame in evidence.chat.told:
        choices = frame.value.get("choices")
        if not isinstance(choices, list):
            missing = "choices" not in frame.value
            yield Fault(
                words="`choices` is missing" if missing else f"`choices` is {_kind(choices)}",
                frame=frame.number,
                # OpenAI pads audio streams with chunks that hold nothing but obfuscation.
                verdict=Verdict.NON_STRICT if missing and "obfuscation" in frame.value else None,
                seen="choices-missing" if missing else "choices-null",
            )
        elif not choices and not frame.value.get("usage"):
            yield Fault(
                words="`choices` is empty, and there is no usage",
                frame=frame.number,
                seen="choices-empty-first-azure",
            )


@check(
    "S-006",
    "MUST",
    CHAT,
    "The index of a choice is an integer from 0 on, below the `n` that was asked for.",
    source=CHAT_API,
    looks_at="`choices[].index`",
    needs=("frames", "choices"),
)
def choice_index(evidence: Evidence) -> Iterator[Fault]:
    asked = evidence.asked("n")
    most = asked if is_integer(asked) else 1
    for delta in evidence.chat.deltas:
        if delta.index is None or delta.index < 0:
            found = delta.choice.get("index", "missing")
            yield Fault(
                words=f"the index of a choice is {found!r}",
                frame=delta.frame,
                seen="choices-index-missing",
            )
        elif evidence.request is not None and delta.index >= most:
            yield Fault(
                words=f"choice {delta.index}, where {most} asked for",
                frame=delta.frame,
                seen="choices-index-increments-per-chunk",
            )


@check(
    "S-007",
    "MUST",
    CHAT,
    "Every choice has an object `delta`, and no `message`.",
    source=CHAT_API,
    looks_at="`choices[].delta`",
    needs=("frames", "choices"),
)
def delta_object(evidence: Evidence) -> Iterator[Fault]:
    for delta in evidence.chat.deltas:
        found = delta.choice.get("delta")
        if not isinstance(found, dict):
            yield Fault(
                words=f"`delta` is {_kind(found)}", frame=delta.frame, seen="choices-delta-null"
            )
        if delta.choice.get("message") is not None:
            yield Fault(
                words="a choice of a stream has `message`",
                frame=delta.frame,
                seen="choices-message-final-minimax",
            )


@check(
    "S-008",
    "SHOULD",
    CHAT,
    "The first delta of a choice has the role `assistant`, and no later one has a role.",
    source=CHAT_API,
    looks_at="`delta.role`",
    needs=("frames", "choices"),
)
def role_once(evidence: Evidence) -> Iterator[Fault]:
    begun = set()
    for delta in evidence.chat.deltas:
        role = delta.delta.get("role")
        if delta.index not in begun:
            begun.add(delta.index)
            if role != "assistant":
                yield Fault(words=f"the first role is {role!r}", frame=delta.frame)
        elif role is not None:
            yield Fault(
                words=f"the role comes again: {role!r}",
                frame=delta.frame,
                seen="role-repeated-every-chunk",
            )


@check(
    "S-009",
    "MUST",
    CHAT,
    "`content` is a string or null.",
    source=CHAT_API,
    looks_at="`delta.content`",
    needs=("frames", "choices"),
)
def content_text(evidence: Evidence) -> Iterator[Fault]:
    for delta in evidence.chat.deltas:
        content = delta.delta.get("content")
        if content is not None and not isinstance(content, str):
            yield Fault(
                words=f"`content` is {_kind(content)}",
                frame=delta.frame,
                seen="content-list-of-parts",
            )


@check(
    "S-011",
    "MUST",
    CHAT,
    "Where several choices were asked for, each comes, with a finish reason of its own.",
    source=CHAT_API,
    looks_at="the choices, where `n` is over 1",
    needs=("frames", "unfailed", "several choices"),
)
def all_choices(evidence: Evidence) -> Iterator[Fault]:
    for index in range(evidence.asked("n")):
        if index not in evidence.chat.finishes:
            yield Fault(words=f"choice {index} of {evidence.asked('n')} never came")


@check(
    "S-014",
    "MAY",
    CHAT,
    "A chunk has no keys but those of the reference.",
    source=f"{CHAT_API}; others are let be by all clients",
    looks_at="the keys of chunks",
    needs=("frames", "chunks"),
)
def known_keys(evidence: Evidence) -> Iterator[Fault]:
    told: set[str] = set()
    for frame in evidence.chat.told:
        for key in sorted(frame.value.keys() - KEYS - told):
            told.add(key)
            yield Fault(words=f"the key {key!r}", frame=frame.number)


@check(
    "S-016",
    "SHOULD",
    CHAT,
    f"At most {IDLE} chunks say nothing at all.",
    source="a stream has comments for that",
    looks_at="chunks with an empty delta and nothing else",
    needs=("frames", "choices"),
)
def few_idle(evidence: Evidence) -> Iterator[Fault]:
    idle = [
        frame.number
        for frame in evidence.chat.told
        if frame.value.get("usage") is None and _says_nothing(frame.value.get("choices"))
    ]
    if len(idle) > IDLE:
        yield Fault(words=f"{len(idle)} chunks say nothing", frame=idle[IDLE])


def _says_nothing(choices: Any) -> bool:
    found = dicts(choices)
    return bool(found) and all(
        choice.get("delta") == {}
        and choice.get("finish_reason") is None
        and not choice.get("logprobs")
        for choice in found
    )


@check(
    "S-017",
    "MUST",
    CHAT,
    "Log probabilities are finite numbers.",
    source="OpenAI API reference, `logprobs`",
    looks_at="`choices[].logprobs`",
    needs=("frames", "log probabilities"),
)
def finite_logprobs(evidence: Evidence) -> Iterator[Fault]:
    for delta in evidence.chat.deltas:
        logprobs = delta.choice.get("logprobs")
        if logprobs is None:
            continue
        listed = logprobs.get("content") if isinstance(logprobs, dict) else None
        if not isinstance(logprobs, dict):
            yield Fault(words=f"`logprobs` is {_kind(logprobs)}", frame=delta.frame)
        elif not all(_finite(token.get("logprob")) for token in dicts(listed)):
            yield Fault(words="a log probability is no finite number", frame=delta.frame)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _kind(value: Any) -> str:
    """What JSON calls it."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else kinds.get(type(value), "a number")


CHUNKS: Final[tuple[Check, ...]] = (
    json_objects,
    object_is_chunk,
    one_id,
    created_and_model,
    choices_list,
    choice_index,
    delta_object,
    role_once,
    content_text,
    all_choices,
    known_keys,
    few_idle,
    finite_logprobs,
)
