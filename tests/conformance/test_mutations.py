"""Every check can fail, and does so alone; and every check has an exchange that passes it."""

from __future__ import annotations

import pytest
from conformance.graded import BASES, Mutation, mutant_of, spoken
from conformance.mutations import MUTATIONS

from streamnorm.conformance import CHECKS, Evidence, Verdict, grade

OFFLINE = {check.id for check in CHECKS.values() if not check.probes}
RED = (Verdict.FAIL, Verdict.NON_STRICT)


def red(evidence: Evidence) -> set[str]:
    return {outcome.id for outcome in grade(evidence).outcomes if outcome.verdict in RED}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.check}-{each.base}")
def test_a_mutation_turns_its_check_red_and_no_other(mutation: Mutation) -> None:
    assert red(mutant_of(mutation)) == {mutation.check, *mutation.also}


def test_every_check_has_its_mutation() -> None:
    assert {mutation.check for mutation in MUTATIONS} == OFFLINE


@pytest.mark.parametrize("base", BASES)
def test_a_conformant_exchange_has_nothing_red(base: str) -> None:
    assert not red(spoken(base))


def test_every_check_has_its_passing_example() -> None:
    graded = [grade(spoken(base)) for base in BASES]
    passed = {
        outcome.id
        for each in graded
        for outcome in each.outcomes
        if outcome.verdict is Verdict.PASS
    }
    assert passed == OFFLINE


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.check}-{each.base}")
def test_a_red_outcome_says_where_and_shows_the_bytes(mutation: Mutation) -> None:
    evidence = mutant_of(mutation)
    for outcome in grade(evidence).outcomes:
        for proof in outcome.proofs:
            assert proof.words
            assert 0 <= proof.start <= proof.end <= len(evidence.body)
            assert proof.shown.isascii()
            if proof.frame:
                frame = evidence.frames[proof.frame - 1]
                assert (proof.start, proof.end) == (frame.start, frame.end)
