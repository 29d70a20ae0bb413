"""Every fixture is a stream and, beside it, what is made of it. `pytest --update-goldens` rewrites the second, as long as the
laws hold of it; what it wrote is to be read before it is committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from strategies import judge, tell

from streamnorm.repairs import REGISTRY

FIXTURES = Path(__file__).parent.parent / "fixtures"
STREAMS = sorted(FIXTURES.rglob("*.sse"))


def golden(body: bytes) -> dict[str, Any]:
    """What is made of a stream: its events, what was found, and the canonical frames."""
    told = judge(body)
    return {
        "complete": told.complete,
        "events": msgspec.to_builtins(told.events),
        "findings": [
            {"code": found.code, "where": found.where, "detail": found.detail}
            for found in told.findings
        ],
        "canonical": tell(body, "sse").output.decode().split("\n\n")[:-1],
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
    found = golden(stream.read_bytes())
    if request.config.getoption("--update-goldens"):
        expected.write_bytes(written(found).encode())
    assert expected.exists(), f"no {expected.name}: run pytest --update-goldens, and read it"
    assert found == json.loads(expected.read_bytes()), (
        f"{stream.name}: if this is right, run pytest --update-goldens, and read what changed"
    )


@pytest.mark.parametrize("code", REGISTRY)
def test_every_repair_and_check_has_a_stream_in_which_it_acts(code: str) -> None:
    body = (FIXTURES / "repairs" / f"{code}.sse").read_bytes()
    assert code in {found.code for found in tell(body).findings}
    assert code in {found.code for found in tell(body, "chunks").findings}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fixture_may_be_cut_anywhere(stream: Path) -> None:
    body = stream.read_bytes()
    whole = tell(body)
    assert all(tell([body[:at], body[at:]]) == whole for at in range(1, len(body)))
    assert tell([body[at : at + 1] for at in range(len(body))]) == whole


def test_no_golden_is_left_over() -> None:
    goldens = {path.name.removesuffix(".expected.json") for path in FIXTURES.rglob("*.expected.*")}
    assert goldens == {path.stem for path in STREAMS}
