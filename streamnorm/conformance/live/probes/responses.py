"""The probes of the Responses API, the ones that show the most first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streamnorm.conformance.live.probes.base import NO_MODEL, WRONG_KEY, Probe
from streamnorm.conformance.live.probes.chat import ID, LONG, RESULT
from streamnorm.conformance.live.tools import ORDER, TIME, WEATHER, call_of

__all__ = ["RESPONSES"]


def _asks(prompt: str, *, stream: bool = True, **more: Any) -> dict[str, Any]:
    return {"input": prompt, "stream": stream, **more}


def _calls(
    prompt: str, *tools: Mapping[str, Any], choice: Any = "required", **more: Any
) -> dict[str, Any]:
    offered = [{"type": "function", "strict": False, **tool} for tool in tools]
    return _asks(prompt, tools=offered, tool_choice=choice, **more)


RESPONSES: Final[tuple[Probe, ...]] = (
    Probe(
        name="plain",
        sends="A prompt that is answered at some length.",
        body=_asks(LONG, max_output_tokens=2000),
        shows=("T-013", "U-006", "R-001", "R-002", "R-003", "R-005", "R-006", "R-009", "R-010"),
    ),
    Probe(
        name="encodings",
        sends="The same request, with `Accept-Encoding: gzip, br, zstd`.",
        body=_asks(LONG, max_output_tokens=2000),
        headers={"accept-encoding": "gzip, br, zstd"},
    ),
    Probe(
        name="one-tool",
        sends="One tool, and `tool_choice: required`.",
        body=_calls(call_of(WEATHER, '{"city": "Paris", "unit": "celsius"}'), WEATHER),
        shows=("R-004", "R-007"),
    ),
    Probe(
        name="parallel",
        sends="A question that takes three calls of one tool.",
        body=_calls(
            "What is the weather in Paris, in Tokyo and in Lima, in celsius? Call the tool once for each city.",
            WEATHER,
        ),
        shows=("R-008",),
    ),
    Probe(
        name="named",
        sends="A nested schema, and a `tool_choice` that names the function.",
        body=_calls(
            call_of(
                ORDER,
                '{"customer": {"name": "Ann", "address": {"street": "Main Street 1"}}, '
                '"lines": [{"article": "tea", "count": 2}]}',
            ),
            ORDER,
            choice={"type": "function", "name": ORDER["name"]},
        ),
    ),
    Probe(
        name="no-argument",
        sends="A tool without parameters.",
        body=_calls(call_of(TIME, "{}"), TIME),
    ),
    Probe(
        name="length",
        sends="`max_output_tokens: 16`, where a long answer is asked for.",
        body=_asks(LONG, max_output_tokens=16),
        shows=("R-012",),
    ),
    Probe(
        name="tool-result",
        sends="A turn with a call and its function_call_output.",
        body={
            "input": [
                {"role": "user", "content": "Which station measures the weather in Paris?"},
                {
                    "type": "function_call",
                    "call_id": ID,
                    "name": "get_weather",
                    "arguments": '{"city":"Paris","unit":"celsius"}',
                },
                {
                    "type": "function_call_output",
                    "call_id": ID,
                    "output": f'{{"station":"{RESULT}"}}',
                },
            ],
            "tools": [{"type": "function", "strict": False, **WEATHER}],
            "stream": True,
        },
    ),
    Probe(
        name="unknown-model",
        sends="A model that does not exist.",
        body=_asks("Say hello."),
        model=NO_MODEL,
    ),
    Probe(
        name="malformed",
        sends="A body that is no JSON: it ends in the middle.",
        body=b'{"model": "streamnorm", "stream": true, "input": "Hel',
        graded=False,
    ),
    Probe(
        name="no-messages",
        sends="A body without `input`.",
        body={"stream": True},
    ),
    Probe(
        name="wrong-key",
        sends="A key that no endpoint takes.",
        body=_asks("Say hello, with a key that is wrong."),
        key=WRONG_KEY,
    ),
    Probe(
        name="odd-parameters",
        sends="`max_output_tokens: -1` and `temperature: 99`.",
        body=_asks("Say hello, oddly.", max_output_tokens=-1, temperature=99),
    ),
    Probe(
        name="left",
        sends="A long answer that is left after 5 events.",
        body=_asks(f"{LONG}\nThis time from forty to one.", max_output_tokens=2000),
        graded=False,
        leaves=5,
    ),
    Probe(
        name="after-left",
        sends="A short question, once `left` was left.",
        body=_asks("Say hello once more."),
        after="left",
    ),
    Probe(
        name="too-long",
        sends="Some two million tokens.",
        body=_asks("stream " * 2_000_000, max_output_tokens=16),
        costly=True,
    ),
)
