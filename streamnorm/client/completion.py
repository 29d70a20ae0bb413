"""The body of an answer that does not stream, as a completion: read as a stream of one chunk, by the same repairs, so that what
is conformant stays as it came, and what is not is put right in its place."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from streamnorm.assemble import Result
from streamnorm.client.accumulate import CompletionSum
from streamnorm.client.errors import stream_error
from streamnorm.client.plain import read_plain
from streamnorm.client.types.completion import ChatCompletion
from streamnorm.dialects.chat.jsontext import load
from streamnorm.dialects.failure import failure_in
from streamnorm.dialects.jsontext import NotJsonError
from streamnorm.events import StreamFailed
from streamnorm.findings import Finding, Findings
from streamnorm.normalizer import Normalizer
from streamnorm.repairs.framing import StreamForBody

__all__ = ["STREAM_FOR_BODY", "read_completion"]

#: A server streams though nobody asked it to.
STREAM_FOR_BODY: Final = StreamForBody.code

#: What repairs do to any whole message, to make it a stream. In a body that was to be whole, it is no deviation.
_OF_STREAMS: Final = frozenset(
    (
        "chunk-object",
        "choices-together",
        "delta-null",
        "finish-beside-delta",
        "message-for-delta",
        "tool-arguments-in-opening",
        "tool-beside-text",
        "tool-calls-together",
        "usage-beside-choices",
    )
)

_OBJECT: Final = "chat.completion"

#: How much of a body that is no completion is quoted.
_QUOTED: Final = 200

#: How a body begins that is a stream of server-sent events.
_is_stream = re.compile(rb"(\xef\xbb\xbf)?\s*(:|(data|event|id|retry)\s*:)").match

#: Fields that repairs move to another place in the same object, by what the object is. What else of a message the canonical
#: form has not is gone too: a call that was in the text, say.
_MOVED: Final = {
    "choice": frozenset(("delta", "text", "usage")),
    "call": frozenset(("name", "arguments")),
    "function": frozenset(("id", "parameters")),
}


def read_completion(body: bytes, normalizer: Normalizer, response: Any) -> ChatCompletion:
    """The completion that `body` is, with its `findings` and its `result`. The normalizer is a fresh one, and is used up.

    Raises ReportedError for an error in the body, StreamInvalid for what is no completion, StreamTruncated for a stream in its
    place that breaks off.
    """
    if not normalizer.asked and (plain := read_plain(body)) is not None:
        return _told(ChatCompletion.from_dict(plain[0]), [], plain[1], response)
    notes = Findings()
    notes.data = body
    if _is_stream(body):
        notes.note(STREAM_FOR_BODY)
        completion = _without_indexes(_sum(body, normalizer).to_dict())
    else:
        completion = _of_body(body, normalizer, response, notes)
    if normalizer.error is not None:
        raise stream_error(normalizer.error, normalizer.result, response)
    made = ChatCompletion.from_dict(completion)
    deviations = [found for found in normalizer.findings if found.code not in _OF_STREAMS]
    return _told(made, [*notes.list(), *deviations], normalizer.result, response)


def _told(
    completion: ChatCompletion, findings: list[Finding], result: Result, response: Any
) -> ChatCompletion:
    completion.tell(findings, result, response.headers.get("x-request-id"))
    return completion


def _of_body(body: bytes, normalizer: Normalizer, response: Any, notes: Findings) -> dict[str, Any]:
    try:
        raw, _ = load(body, notes)
    except NotJsonError:
        raw = None
    failure, home = failure_in(raw, "message"), _home_of(raw)
    if failure is not None or home is None:
        quoted = body[:_QUOTED].decode("utf-8", "replace")
        no_completion = StreamFailed("invalid", f"no completion, but a body that begins {quoted!r}")
        raise stream_error(failure or no_completion, None, response)
    if home is not raw:
        notes.note("chunk-wrapped")
    if not home["choices"]:
        return home
    if home.get("object") not in (None, _OBJECT):
        notes.note("chunk-object", f"object: {str(home['object'])[:80]}")
    choices = _numbered(home["choices"], notes)
    frame = json.dumps({**home, "choices": choices}).encode()
    return _repaired(home, choices, _sum(b"data: " + frame + b"\n\ndata: [DONE]\n\n", normalizer))


def _sum(stream: bytes, normalizer: Normalizer) -> CompletionSum:
    total = CompletionSum()
    for chunk in [*normalizer.feed_chunks(stream), *normalizer.close_chunks()]:
        total.add(chunk)
    return total


def _home_of(raw: Any) -> dict[str, Any] | None:
    """The object that has the choices: the whole, or what a gateway put in a wrapper."""
    for found in (raw, *(raw.values() if isinstance(raw, dict) else ())):
        if isinstance(found, dict) and isinstance(found.get("choices"), list):
            return found
    return None


def _numbered(choices: list[Any], notes: Findings) -> list[Any]:
    """The choices with an index each, and each of their calls as well: in a whole message an entry is a call, and an id that
    another one has is none."""
    told = [choice.get("index") for choice in choices if isinstance(choice, dict)]
    numbers = {index for index in told if isinstance(index, int)}
    if len(choices) > 1 and len(numbers) < len(told):
        notes.note("choice-index-missing")
        choices = [
            {**choice, "index": at} if isinstance(choice, dict) else choice
            for at, choice in enumerate(choices)
        ]
    return [_with_numbered_calls(choice) for choice in choices]


def _with_numbered_calls(choice: Any) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return choice
    calls = message.get("tool_calls")
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        return choice
    numbered, told = [], set()
    for at, call in enumerate(calls):
        known = repr(call.get("id"))
        numbered.append({**call, "index": at, "id": None if known in told else call.get("id")})
        told.add(known)
    return {**choice, "message": {**message, "tool_calls": numbered}}


def _without_indexes(completion: dict[str, Any]) -> dict[str, Any]:
    for choice in completion["choices"]:
        for call in choice["message"].get("tool_calls") or ():
            del call["index"]
    return completion


# The repaired parts, put in their place.


def _repaired(home: dict[str, Any], choices: list[Any], total: CompletionSum) -> dict[str, Any]:
    canonical = total.to_dict()
    said = canonical["choices"]
    if len(said) != len(choices):  # it failed
        return canonical
    # Canonical choices come by their index.
    order = sorted(range(len(choices)), key=lambda at: _index_of(choices[at], at))
    laid = {at: _choice(home["choices"][at], new) for at, new in zip(order, said, strict=True)}
    repaired = {**home, "object": _OBJECT, "choices": [laid[at] for at in sorted(laid)]}
    repaired.update({name: canonical[name] for name in ("id", "created", "model")})
    if not isinstance(home.get("usage"), dict) and canonical.get("usage") is not None:
        repaired["usage"] = canonical["usage"]
    return repaired


def _index_of(choice: dict[str, Any], at: int) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else at


def _choice(raw: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    message = raw.get("message")
    kept = {key: value for key, value in raw.items() if key not in _MOVED["choice"]}
    if not isinstance(raw.get("logprobs"), dict | None):
        kept.update({key: new.get(key) for key in ("logprobs", "logprob")})
    return {
        **kept,
        "index": new["index"],
        "finish_reason": new["finish_reason"],
        "message": _message(message if isinstance(message, dict) else {}, new["message"]),
    }


def _message(raw: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What the canonical message has, in the order of the raw one, with whatever that had null or empty besides."""
    laid: dict[str, Any] = {}
    for key, value in raw.items():
        if key in new and (new[key] or value):
            laid[key] = new[key]
        elif not value or key == "content":
            laid[key] = value if not value else None
    laid.update({key: value for key, value in new.items() if key not in laid})
    if new.get("tool_calls"):
        laid["tool_calls"] = _calls(raw.get("tool_calls"), new["tool_calls"])
    return laid


def _calls(raw: Any, new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    alike = isinstance(raw, list) and len(raw) == len(new)
    pairs = zip(raw if alike else [{}] * len(new), new, strict=True)
    return [_call(before, call) for before, call in pairs]


def _call(raw: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    call = {key: value for key, value in raw.items() if key not in _MOVED["call"]}
    call.update({key: value for key, value in new.items() if key not in ("index", "function")})
    if "function" in new:
        before = raw.get("function")
        kept = before if isinstance(before, dict) else {}
        call["function"] = {
            **{key: value for key, value in kept.items() if key not in _MOVED["function"]},
            **new["function"],
        }
    return call
