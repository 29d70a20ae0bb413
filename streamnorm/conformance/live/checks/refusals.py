"""E: requests that have to be refused, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final

from streamnorm.conformance.base import (
    ANY,
    ASSISTANTS,
    CHAT,
    RESPONSES,
    Check,
    Fault,
    Verdict,
    check,
)
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.live.probes import WRONG_KEY

__all__ = ["REFUSALS", "refusal"]

API: Final = "OpenAI API reference, error codes"
_LIVE: Final = (*CHAT, *RESPONSES, *ASSISTANTS)

#: What is missing in the probe, by dialect.
_MISSING: Final = {"chat": "messages", "responses": "input", "assistants": "assistant_id"}

_number = re.compile(r"\s*\d+(\.\d+)?\s*").fullmatch


def refusal(
    evidence: Evidence,
    *statuses: int,
    mild: tuple[int, ...] = (),
    accepted: Verdict | None = None,
) -> Iterator[Fault]:
    """What is wrong with the refusal that was to come. statuses: those that are right. mild: those that are non-strict.
    accepted: the verdict where the request was answered after all."""
    status = evidence.status or 0
    span = (0, len(evidence.body)) if evidence.body else None
    if 300 <= status < 400:
        yield Fault(words=f"the server sends elsewhere: {status}", verdict=Verdict.INCONCLUSIVE)
    elif status < 300:
        words = f"the request was accepted, with status {status}"
        yield Fault(words=words, span=span, verdict=accepted)
    else:
        if status in mild:
            yield Fault(words=f"the status is {status}", span=span, verdict=Verdict.NON_STRICT)
        elif status not in statuses:
            # Where the check is a SHOULD, what fails is the server and not the request.
            failed = Verdict.FAIL if status >= 500 else None
            yield Fault(words=f"the status is {status}", span=span, verdict=failed)
        yield from _error_object(evidence)


def _error_object(evidence: Evidence) -> Iterator[Fault]:
    body = evidence.json
    error = body.get("error") if isinstance(body, dict) else None
    span = (0, len(evidence.body)) if evidence.body else None
    if not isinstance(error, dict):
        what = "HTML" if evidence.body.lstrip()[:1] == b"<" else "not {'error': {...}} in JSON"
        yield Fault(words=f"the body is {what if evidence.body else 'empty'}", span=span)
    elif not isinstance(error.get("message"), str) or not error["message"]:
        yield Fault(words="the error has no message", span=span)
    elif not isinstance(error.get("type"), str):
        yield Fault(words="the error has no type", span=span, verdict=Verdict.NON_STRICT)


def _says(evidence: Evidence, *words: str) -> bool:
    """The refusal has one of these words in it."""
    said = evidence.body.decode("utf-8", "replace").lower()
    return any(word in said for word in words)


def _was_refused(evidence: Evidence) -> bool:
    return evidence.status is not None and evidence.status >= 400


@check(
    "E-006",
    "MUST",
    _LIVE,
    "A model that does not exist is refused with a 4xx status and an error object as JSON, before any stream.",
    source=API,
    looks_at="the status and the body, where the model does not exist; a run that fails in its stream is non-strict",
    probes=("unknown-model",),
)
def no_such_model(evidence: Evidence) -> Iterator[Fault]:
    runs = evidence.dialect == "assistants" and evidence.assistants
    failed = runs and (runs.errors or runs.of("thread.run.failed"))
    accepted = Verdict.NON_STRICT if failed else None
    yield from refusal(evidence, *range(400, 500), accepted=accepted)


@check(
    "E-007",
    "MUST",
    _LIVE,
    "A body that is no JSON is refused with status 400 and an error object as JSON.",
    source=API,
    looks_at="the status and the body, where the request ends in the middle of its JSON",
    probes=("malformed",),
)
def no_json(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, mild=(422,))


@check(
    "E-008",
    "MUST",
    _LIVE,
    "A body without `messages` (`input`, `assistant_id`) is refused with status 400 or 422, and an error that names it.",
    source=API,
    looks_at="the status and the body, where that parameter is missing",
    probes=("no-messages",),
)
def parameter_missing(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, 422)
    name = _MISSING[evidence.dialect]
    if _was_refused(evidence) and not _says(evidence, name):
        yield Fault(words=f"the error does not name `{name}`", verdict=Verdict.NON_STRICT)


@check(
    "E-009",
    "MUST",
    _LIVE,
    "A wrong key is refused with status 401 and an error object as JSON, and is not said back.",
    source=API,
    looks_at="the status and the body, where the key is wrong; an endpoint that takes any key is not judged",
    probes=("wrong-key",),
)
def wrong_key(evidence: Evidence) -> Iterator[Fault]:
    if (evidence.status or 0) < 300:
        yield Fault(words="the endpoint takes any key", verdict=Verdict.SKIPPED)
        return
    yield from refusal(evidence, 401, mild=(403,))
    # In a capture the key is written over, byte for byte.
    at = evidence.body.find(b"*" * len(WRONG_KEY))
    if at >= 0:
        yield Fault(words="the key is said back", span=(at, at + len(WRONG_KEY)))


@check(
    "E-011",
    "SHOULD",
    _LIVE,
    "A refusal with status 429 has `Retry-After`: a number of seconds, or a date.",
    source="RFC 6585, 4; RFC 9110, 10.2.3",
    looks_at="the answers with status 429, where any came: none is provoked",
    needs=("a 429",),
    probes=(ANY,),
)
def retry_after(evidence: Evidence) -> Iterator[Fault]:
    said = evidence.headers.get("retry-after", "")
    if not _number(said) and not _is_date(said):
        yield Fault(words=f"Retry-After is {said!r}" if said else "Retry-After is missing")


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return False
    return True


@check(
    "E-013",
    "SHOULD",
    _LIVE,
    "Parameters out of their range (`max_tokens: -1`, `temperature: 99`) are refused with status 400.",
    source="OpenAI API reference, `temperature`: between 0 and 2",
    looks_at="the status, where parameters are out of range",
    probes=("odd-parameters",),
)
def out_of_range(evidence: Evidence) -> Iterator[Fault]:
    yield from refusal(evidence, 400, 422)


@check(
    "E-014",
    "SHOULD",
    (*CHAT, *RESPONSES),
    "More tokens than the model can take are refused with status 400 and the code context_length_exceeded.",
    source=API,
    looks_at="the status and the code, where the prompt is too long",
    probes=("too-long",),
)
def too_long(evidence: Evidence) -> Iterator[Fault]:
    if (evidence.status or 0) < 300:
        yield Fault(words="the model takes that many tokens", verdict=Verdict.SKIPPED)
        return
    yield from refusal(evidence, 400, mild=(413,))
    if _was_refused(evidence) and _code(evidence) != "context_length_exceeded":
        yield Fault(words=f"the code is {_code(evidence)!r}")


def _code(evidence: Evidence) -> Any:
    error = evidence.json.get("error") if isinstance(evidence.json, dict) else None
    return error.get("code") if isinstance(error, dict) else None


REFUSALS: Final[tuple[Check, ...]] = (
    no_such_model,
    no_json,
    parameter_missing,
    wrong_key,
    retry_after,
    out_of_range,
    too_long,
)
