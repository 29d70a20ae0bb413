"""Every live check can fail, and does so alone; and a conformant server passes all of them."""

from __future__ import annotations

import pytest
from conformance.live_mutations import LIVE_MUTATIONS, MET
from conformance.live_runs import DIALECTS, LiveMutation, conformant, graded, mutated, red

from streamnorm.conformance import CHECKS, Verdict
from streamnorm.conformance.live.folder import grade_live, live_run_in

LIVE = {check.id for check in CHECKS.values() if check.probes}


@pytest.mark.parametrize(
    "mutation", LIVE_MUTATIONS, ids=lambda each: f"{each.check}-{each.dialect}-{each.probe}"
)
def test_a_mutation_turns_its_check_red_and_no_other(mutation: LiveMutation) -> None:
    assert red(mutated(mutation)) == {mutation.check, *mutation.also}


def test_every_live_check_has_its_mutation() -> None:
    assert {mutation.check for mutation in LIVE_MUTATIONS} == LIVE


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_conformant_run_has_nothing_red(dialect: str) -> None:
    manifest = live_run_in(conformant(dialect))
    assert manifest is not None
    live = grade_live(conformant(dialect), manifest)
    assert not live.against(strict=True)
    assert live.green(strict=True)


def test_every_live_check_has_its_passing_example() -> None:
    runs = [graded(mutated(LiveMutation("", "", dialect=dialect))) for dialect in DIALECTS]
    runs += [graded(mutated(each)) for each in MET.values()]
    passed = {check for run in runs for check, found in run.items() if Verdict.PASS in found}
    assert passed >= LIVE


def test_what_a_conformant_server_does_not_show_is_said() -> None:
    skipped = {}
    for dialect in DIALECTS:
        manifest = live_run_in(conformant(dialect))
        assert manifest is not None
        live = grade_live(conformant(dialect), manifest)
        skipped[dialect] = {
            each.id: each.reason for each in live.standings if each.verdict is not Verdict.PASS
        }
    none = "no request was refused with status 429"
    here = "there is no connection: the app was called here"
    assert skipped == {
        "chat": {"E-010": "no error came", "E-011": none, "O-004": "nothing was refused"},
        "responses": {"E-011": none, "T-019": here},
        "assistants": {"E-011": none, "T-019": here, "A-007": "no error came"},
    }
