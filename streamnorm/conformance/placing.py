"""Where the rest of the suite is: what was merged into other checks, and what only a live server can show, with what would be
sent to it. Together with the checks this places every id of the suite; an id never changes its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["LIVE_ONLY", "MERGED", "RELAXED"]

#: By id: where the requirement is held, and why it is no check of its own.
MERGED: Final[Mapping[str, str]] = {
    "T-020": "No server can fail it: every cut of the bytes gives the same verdicts, a law of the reader that its tests hold.",
    "F-014": "F-003 and F-013: a fragment under one index either has another id (F-003), or opens another call (F-013).",
}

#: By id: why the requirement is milder than the suite first had it.
RELAXED: Final[Mapping[str, str]] = {
    "T-014": "MAY, was SHOULD: OpenAI itself sends no `Cache-Control`, and its own behaviour is conformant.",
    "U-004": "SHOULD, was MUST: usage that comes unasked is right in itself; U-002 judges its numbers.",
}

#: By id: what would be sent, and what the answer would be looked at for.
LIVE_ONLY: Final[Mapping[str, str]] = {
    "T-015": "The same request with `Accept-Encoding: gzip, br, zstd`: the answer is identity, or can be decoded at each flush.",
    "T-017": "The request itself: no redirect leads to another origin.",
    "T-018": "A request that is left after 5 events, then another: it is answered in the usual time.",
    "T-019": "Two requests on one connection: it is used again after `[DONE]`.",
    "E-004": "`max_tokens: 5`: the finish reason is `length`.",
    "E-006": "A model that does not exist: a 4xx status with an error object as JSON.",
    "E-007": "A body that is no JSON: status 400 with an error object.",
    "E-008": "A body without `messages` or `input`: status 400 or 422, naming the parameter.",
    "E-009": "A wrong key: status 401, and the key is not in the answer.",
    "E-011": "Requests until one is refused with 429: `Retry-After` is a number or a date.",
    "E-013": "`max_tokens: -1`, `temperature: 99`: status 400.",
    "E-014": "More tokens than the model can take: status 400 with the code context_length_exceeded.",
    "S-010": "One prompt three times, streamed and not, at temperature 0: the deltas join to the answer that was not streamed.",
    "S-020": "One prompt three times, with a seed, at temperature 0: two of three are equal.",
    "U-005": "One prompt, streamed and not: `prompt_tokens` are equal.",
    "F-011": "A tool that takes a poem: the arguments come in more than one fragment.",
    "F-018": "Tools that are not needed, `tool_choice: auto`, three times: no call.",
    "F-019": "12 schemas, k times each: the arguments are valid, with the interval of the rate.",
    "F-020": "The same with `strict: true`: all are valid.",
    "F-021": "`strict: true` with schemas outside of the subset: status 400.",
    "F-022": "A turn with a tool's result: status 200, and the answer uses it.",
    "F-023": "A tool's result with an id that no call had: status 400.",
    "F-024": "An assistant message with `content: null` and calls: status 200.",
    "F-025": "Arguments with quotes, backslashes, newlines, emoji, U+2028: the values are those asked for.",
    "F-027": "One prompt, streamed and not, at temperature 0: the same calls.",
    "F-028": "The integer 9007199254740993 as an argument: exact.",
    "F-029": "20 tools, then 128: status 200.",
    "F-031": "A turn with a function's result (role function): status 200, or a 400 that says so.",
    "O-002": "A strict JSON schema: the content is valid under it.",
    "O-003": "The same: the keys are in the order of the schema.",
    "O-005": "A JSON schema outside of the subset: status 400.",
    "R-011": "A turn with a function_call_output: status 200.",
    "A-005": "The outputs that a run asks for, streamed: the same run goes on and ends.",
    "A-006": "Outputs of which one is missing: status 400, naming the call.",
}
