"""By live check: the smallest thing done to the answers of a conformant server that must turn that check red, and no other but
those it names."""

from __future__ import annotations

import json
from typing import Any

from conformance.live_runs import LiveMutation, events

from streamnorm.captures.format import End
from streamnorm.conformance.live.probes import WRONG_KEY

__all__ = ["LIVE_MUTATIONS"]

ERROR: dict[str, Any] = {"message": "No.", "type": "invalid_request_error", "code": None}


def error(**members: Any) -> bytes:
    return json.dumps({"error": {**ERROR, **members}}).encode()


def in_one_fragment(body: bytes) -> bytes:
    """All arguments in the first fragment of their call."""
    found: list[dict[str, Any]] = []

    def functions(value: Any) -> list[dict[str, Any]]:
        return [
            call["function"]
            for choice in value["choices"]
            for call in choice["delta"].get("tool_calls", ())
            if call["function"]["arguments"]
        ]

    events(body, lambda value: found.extend(functions(value)))
    whole = "".join(function["arguments"] for function in found)

    def moved(value: Any) -> None:
        for function in functions(value):
            nonlocal whole
            function["arguments"], whole = whole, ""

    return events(body, moved)


def saying(text: str) -> Any:
    """All content in the first delta that has any, and another one."""

    def rewritten(body: bytes) -> bytes:
        left = text

        def changed(value: Any) -> None:
            nonlocal left
            for choice in value["choices"]:
                if choice["delta"].get("content"):
                    choice["delta"]["content"], left = left, ""

        return events(body, changed)

    return rewritten


UNORDERED = '{"kind": "novel", "title": "The Stream", "authors": [], "year": 1994}'
CALLED = (b'"finish_reason": "stop"', b'"finish_reason": "tool_calls"')
ELSEWHERE = {"location": "https://elsewhere.example/v1/chat/completions"}

LIVE_MUTATIONS = (
    LiveMutation("T-015", "encodings", decoded="gzip", at_once=True, also=("T-013",)),
    LiveMutation(
        "T-015",
        "encodings",
        end=End(how="error", kind="EncodingError", error="the gzip data is damaged"),
        also=("T-006",),
    ),
    LiveMutation("T-017", "plain", status=307, headers=ELSEWHERE),
    LiveMutation("T-018", "after-left", status=503, body=error()),
    LiveMutation("T-018", "after-left", answered=60.0),
    LiveMutation("T-018", "after-left", dialect="responses", status=503, body=error()),
    LiveMutation("T-019", "plain", connection=999),
    LiveMutation("E-004", "length", ((b'"finish_reason": "length"', b'"finish_reason": "stop"'),)),
    LiveMutation("E-006", "unknown-model", instead="after-left"),
    LiveMutation("E-006", "unknown-model", status=500),
    LiveMutation("E-006", "unknown-model", body=b"<html>404</html>"),
    LiveMutation("E-006", "unknown-model", body=b'{"detail": "not found"}'),
    LiveMutation("E-006", "unknown-model", body=error(type=None)),
    LiveMutation("E-006", "unknown-model", dialect="responses", instead="after-left"),
    LiveMutation("E-006", "unknown-model", dialect="assistants", instead="after-left"),
    LiveMutation("E-007", "malformed", instead="plain-whole"),
    LiveMutation("E-007", "malformed", status=500),
    LiveMutation("E-007", "malformed", status=422),
    LiveMutation("E-008", "no-messages", instead="after-left"),
    LiveMutation("E-008", "no-messages", body=error()),
    LiveMutation("E-008", "no-messages", dialect="responses", body=error()),
    LiveMutation("E-009", "wrong-key", status=403),
    LiveMutation("E-009", "wrong-key", status=400),
    LiveMutation("E-009", "wrong-key", body=error(message="*" * len(WRONG_KEY))),
    LiveMutation("E-011", "stop", status=429, body=error()),
    LiveMutation("E-011", "stop", status=429, body=error(), headers={"retry-after": "soon"}),
    LiveMutation("E-013", "odd-parameters", instead="after-left"),
    LiveMutation("E-013", "odd-parameters", status=500),
    LiveMutation("E-014", "too-long", ((b"context_length_exceeded", b"too_long"),)),
    LiveMutation("E-014", "too-long", status=500),
    LiveMutation("S-010", "plain-whole", ((b"one, two", b"One, two"),)),
    LiveMutation(
        "S-020",
        "plain-whole",
        ((b"one, two", b"One, two"),),
        more={"encodings": ((b'"content": " two,"', b'"content": " Two,"'),)},
    ),
    LiveMutation("U-005", "plain-whole", ((b'"prompt_tokens": ', b'"prompt_tokens": 1'),)),
    LiveMutation("F-011", "poem", rewritten=in_one_fragment),
    LiveMutation(
        "F-018",
        "not-needed",
        (CALLED,),
        instead="named",
    ),
    LiveMutation("F-019", "several-types", ((b'"arguments": " null}"', b'"arguments": " 5}"'),)),
    LiveMutation("F-020", "strict", ((b"large", b"huge"),)),
    LiveMutation("F-020", "strict-tree", ((b" 1.5,", b' \\"heavy\\",'),)),
    LiveMutation("F-021", "strict-outside", instead="after-left"),
    LiveMutation("F-021", "strict-outside", status=422),
    LiveMutation("F-022", "tool-result", status=400, body=error()),
    LiveMutation("F-023", "wrong-result", instead="tool-result"),
    LiveMutation("F-023", "wrong-result", status=500),
    LiveMutation("F-024", "null-content", status=400, body=error()),
    LiveMutation("F-025", "exact", ((b"said", b"says"),)),
    LiveMutation("F-027", "one-tool-whole", ((b"celsius", b"fahrenheit"),)),
    LiveMutation("F-028", "exact", ((b'"arguments": "0993}"', b'"arguments": "0992}"'),)),
    LiveMutation("F-029", "many-tools", status=400, body=error()),
    LiveMutation("F-029", "twenty-tools", status=413, body=error()),
    LiveMutation("F-031", "function-result", status=500, body=error()),
    LiveMutation("F-031", "function-result", status=400, body=b"no"),
    LiveMutation("O-002", "json-schema", ((b" 1994,", b" 19.5,"),)),
    LiveMutation("O-003", "json-schema", rewritten=saying(UNORDERED)),
    LiveMutation("O-005", "schema-outside", instead="json-object"),
    LiveMutation("R-011", "tool-result", dialect="responses", status=400, body=error()),
    LiveMutation(
        "A-005",
        "outputs",
        dialect="assistants",
        rewritten=lambda body: body.replace(b'"id": "run_', b'"id": "run_9'),
    ),
    LiveMutation("A-006", "missing-outputs", dialect="assistants", instead="outputs"),
    LiveMutation("A-006", "missing-outputs", dialect="assistants", body=error()),
)

#: By check, what shows it as met, where the conformant server does not: none has to refuse with 429; here one does, as it
#: should.
MET = {"E-011": LiveMutation("", "stop", status=429, body=error(), headers={"retry-after": "30"})}
