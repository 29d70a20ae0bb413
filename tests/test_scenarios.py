"""The catalogue's scenarios: one stream for each kind of quirk, and what it must come to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from corpus import FACTS, facts, require
from strategies import judge

SCENARIOS: list[dict[str, Any]] = (
    facts("scenarios.json") if (FACTS / "scenarios.json").exists() else []
)


def test_every_scenario_is_here() -> None:
    require(FACTS / "scenarios.json")
    assert len(SCENARIOS) == 77
    assert len({scenario["id"] for scenario in SCENARIOS}) == 77


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["id"])
def test_it_comes_to_the_right_outcome(scenario: dict[str, Any]) -> None:
    told, wanted = judge(scenario["body"].encode()), scenario["expect"]
    if wanted.get("error"):
        assert told.error is not None
        assert not told.complete
        return
    assert told.error is None
    assert told.complete
    message = told.result.message
    assert (message.content or "") == wanted["text"]
    calls = message.tool_calls
    assert [[call.name, json.loads(call.arguments)] for call in calls] == wanted["calls"]
    assert all(call.complete for call in calls)
    assert told.result.choices[0].finish_reason == wanted["finish"]
    ids = [call.id for call in calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert ids == wanted.get("ids", ids)
    if "usage" in wanted:
        assert (told.result.usage or {}).get("total_tokens") == wanted["usage"]
