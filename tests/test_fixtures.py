"""Every fixture is a stream and, beside it, what is made of it. `pytest --update-goldens` rewrites the second, as long as the
laws hold of it; what it wrote is to be read before it is committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from strategies import judge, tell

from streamnorm.normalizer import DIALECTS
from streamnorm.repairs import REGISTRY, Repair

FIXTURES = Path(__file__).parent.parent / "fixtures"
STREAMS = sorted(FIXTURES.rglob("*.sse"))


#: What is looked at only where the tools are known, and the tool.
OF_TOOLS = {"tool-arguments-invalid", "tool-arguments-duplicate", "tool-unknown"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def options(stream: Path) -> dict[str, Any]:
    """How a fixture is read: one that shows a repair that is not safe, with that repair; one of another dialect, as such."""
    entry = REGISTRY.get(stream.stem)
    if stream.stem in OF_TOOLS:
        return {"tools": [WEATHER]}
    if entry is None or not issubclass(entry, Repair):
        return {"dialect": stream.parent.name} if stream.parent.name in DIALECTS else {}
    if entry.dialects and "chat" not in entry.dialects:
        return {"dialect": entry.dialects[0]}
    return {} if entry.safe else {"repairs": [stream.stem]}


def golden(stream: Path) -> dict[str, Any]:
    """What is made of a stream: its events, what was found, and the canonical frames."""
    body = stream.read_bytes()
    told = judge(body, **options(stream))
    return {
        "complete": told.complete,
        "events": json.loads(msgspec.json.encode(told.events)),
        "findings": [
            {"code": found.code, "where": found.where, "detail": found.detail}
            for found in told.findings
        ],
        "canonical": tell(body, "sse", **options(stream)).output.decode().split("\n\n")[:-1],
    }


def written(found: dict[str, Any]) -> str:
    """As JSON, an event, a finding or a frame a line: so that a difference is one."""
    parts = []
    for key, value in found.items():
        items = value if isinstance(value, list) else None
        lines = [json.dumps(item, ensure_ascii=False) for item in (items or [])]
        body = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else json.dumps(value)
        parts.append(f' "{key}": {body}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fixture_comes_to_what_is_written_beside_it(
    stream: Path, request: pytest.FixtureRequest
) -> None:
    expected = stream.with_suffix(".expected.json")
    found = golden(stream)
    if request.config.getoption("--update-goldens"):
        expected.write_bytes(written(found).encode())
    assert expected.exists(), f"no {expected.name}: run pytest --update-goldens, and read it"
    assert found == json.loads(expected.read_bytes()), (
        f"{stream.name}: if this is right, run pytest --update-goldens, and read what changed"
    )


#: What only one who did not ask for a stream can see: tests/client/test_completion.py shows it on its fixture.
NOT_OF_STREAMS = {"stream-for-body"}


@pytest.mark.parametrize("code", [code for code in REGISTRY if code not in NOT_OF_STREAMS])
def test_every_repair_and_check_has_a_stream_in_which_it_acts(code: str) -> None:
    stream = FIXTURES / "repairs" / f"{code}.sse"
    body = stream.read_bytes()
    assert code in tell(body, **options(stream)).codes
    assert code in tell(body, "chunks", **options(stream)).codes


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fixture_may_be_cut_anywhere(stream: Path) -> None:
    body = stream.read_bytes()
    how = options(stream)
    whole = tell(body, **how)
    assert all(tell([body[:at], body[at:]], **how) == whole for at in range(1, len(body)))
    assert tell([body[at : at + 1] for at in range(len(body))], **how) == whole


def test_no_golden_is_left_over() -> None:
    goldens = {path.name.removesuffix(".expected.json") for path in FIXTURES.rglob("*.expected.*")}
    assert goldens == {path.stem for path in STREAMS}
