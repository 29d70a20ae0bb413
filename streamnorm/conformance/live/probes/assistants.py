"""The probes of the Assistants API (v2): an assistant and a thread first, then runs, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streamnorm.conformance.live.probes.base import NO_MODEL, WRONG_KEY, Probe
from streamnorm.conformance.live.probes.chat import LONG, RESULT
from streamnorm.conformance.live.tools import WEATHER

__all__ = ["ASSISTANTS"]

_BETA: Final = {"openai-beta": "assistants=v2"}
_ASSISTANT: Final = {"assistant": ("assistant", "id")}
_TOOL: Final = {"type": "function", "function": WEATHER}
_ASKED: Final = (
    "What is the weather in Paris and in Tokyo, in celsius? Call the tool once for each city."
)


def _run(prompt: str, **more: Any) -> dict[str, Any]:
    thread = {"messages": [{"role": "user", "content": prompt}]}
    return {"assistant_id": "{assistant}", "thread": thread, "stream": True, **more}


def _with_tool(prompt: str) -> dict[str, Any]:
    return _run(prompt, tools=[_TOOL], tool_choice="required")


def _probe(name: str, sends: str, body: Mapping[str, Any] | bytes, **more: Any) -> Probe:
    known = {"path": "/threads/runs", "after": "assistant", "takes": _ASSISTANT, "headers": _BETA}
    return Probe(name=name, sends=sends, body=body, **{**known, **more})


def _outputs(of: str) -> dict[str, Any]:
    """What a later request takes of the run that asked for outputs."""
    return {
        "path": "/threads/{thread}/runs/{run}/submit_tool_outputs",
        "after": of,
        "takes": {
            "thread": (of, "thread_id"),
            "run": (of, "id"),
            "calls": (of, "required_action/submit_tool_outputs/tool_calls"),
        },
    }


ASSISTANTS: Final[tuple[Probe, ...]] = (
    Probe(
        name="assistant",
        sends="An assistant is made.",
        body={"name": "streamnorm check", "instructions": "Answer in short sentences."},
        path="/assistants",
        headers=_BETA,
        graded=False,
    ),
    _probe(
        "plain",
        "A thread and a run, answered at some length.",
        _run(LONG),
        shows=("T-013", "E-016", "A-001", "A-002"),
    ),
    _probe(
        "one-tool",
        "A run with a tool that has to be called.",
        _with_tool(_ASKED),
        shows=("A-003", "A-004"),
    ),
    _probe(
        "outputs",
        "The outputs that the run asks for.",
        {"tool_outputs": ["{calls}", {"output": f'{{"station":"{RESULT}"}}'}], "stream": True},
        **_outputs("one-tool"),
    ),
    _probe(
        "another-tool",
        "Another run with a tool that has to be called.",
        _with_tool(f"{_ASKED} Quickly."),
    ),
    _probe(
        "missing-outputs",
        "No outputs, where the run asks for some.",
        {"tool_outputs": [], "stream": True},
        **_outputs("another-tool"),
    ),
    _probe(
        "encodings",
        "The same request as `plain`, with `Accept-Encoding: gzip, br, zstd`.",
        _run(LONG),
        headers={**_BETA, "accept-encoding": "gzip, br, zstd"},
    ),
    _probe(
        "unknown-model",
        "A model that does not exist.",
        _run("Say hello."),
        model=NO_MODEL,
        shows=("A-007",),
    ),
    _probe(
        "malformed",
        "A body that is no JSON: it ends in the middle.",
        b'{"stream": true, "assistant_id": "asst_',
        after="",
        takes={},
        graded=False,
    ),
    _probe(
        "no-messages",
        "A run without `assistant_id`.",
        {"stream": True, "thread": {"messages": []}},
        after="",
        takes={},
    ),
    _probe(
        "wrong-key",
        "A key that no endpoint takes.",
        _run("Say hello, with a key that is wrong."),
        key=WRONG_KEY,
    ),
    _probe(
        "odd-parameters",
        "`max_prompt_tokens: -1` and `temperature: 99`.",
        _run("Say hello, oddly.", max_prompt_tokens=-1, temperature=99),
    ),
    _probe(
        "left",
        "A long answer that is left after 5 events.",
        _run(f"{LONG}\nThis time from forty to one."),
        graded=False,
        leaves=5,
    ),
    _probe(
        "after-left",
        "A short question, once `left` was left.",
        _run("Say hello once more."),
        after="left",
    ),
)
