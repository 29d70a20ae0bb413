"""Every id of the suite is somewhere, and the frozen set of requirements is what the checks say."""

from __future__ import annotations

from typing import Any

import corpus

from streamnorm.conformance import CHECKS, MERGED, requirements
from streamnorm.conformance.needs import NEEDS, UNDECIDED
from streamnorm.conformance.peers import clients_that_break
from streamnorm.conformance.placing import NARROWED, RELAXED


def suite() -> dict[str, Any]:
    return {each["id"]: each for each in corpus.facts("conformance_checks.json")}


def offline() -> set[str]:
    return {each.id for each in CHECKS.values() if not each.probes}


def test_every_id_is_a_check_or_merged() -> None:
    placed = [*CHECKS, *MERGED]
    assert len(placed) == len(set(placed))
    assert set(placed) == set(suite())


def test_at_least_66_checks_need_no_server() -> None:
    assert len(offline()) >= 66


def test_what_bytes_can_decide_is_not_left_to_a_server() -> None:
    by_bytes = {each["id"] for each in suite().values() if "C" in each["mode"]}
    # It needs a second answer to compare with, which one exchange does not have.
    assert by_bytes - offline() - set(MERGED) == {"S-010"}


def test_what_is_narrower_than_the_suite_is_a_check() -> None:
    assert set(NARROWED) <= set(CHECKS) - offline()


def test_levels_are_those_of_the_suite_but_for_those_that_say_why() -> None:
    differing = {each.id for each in CHECKS.values() if each.level != suite()[each.id]["level"]}
    assert differing == set(RELAXED)


def test_the_frozen_requirements_are_those_of_the_checks() -> None:
    frozen = requirements("2026-11")
    assert set(frozen) == set(CHECKS)
    for check in CHECKS.values():
        asked = frozen[check.id]
        assert (asked.level, asked.dialects, asked.words) == (
            check.level,
            check.dialects,
            check.requirement,
        )


def test_every_need_is_known_and_used() -> None:
    used = {need for check in CHECKS.values() for need in check.needs}
    assert used <= set(NEEDS)
    assert set(NEEDS) - used == {"response", "streamed"}
    assert set(NEEDS) >= UNDECIDED


def test_which_clients_break_is_what_was_measured() -> None:
    measured = {
        scenario: outcomes
        for quirk in corpus.facts("quirks.json")
        for scenario, outcomes in (quirk.get("measured") or {}).items()
    }
    for scenario, outcomes in measured.items():
        found = clients_that_break([scenario])
        bad = [client for client, said in outcomes.items() if said not in ("ok", "minor")]
        assert not found or len(found) == len(bad)
    assert "LangChain" in clients_that_break(["finish-repeated"])
    assert clients_that_break([""]) == ()
