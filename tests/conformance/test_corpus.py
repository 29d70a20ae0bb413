"""All captures of the corpus, graded: how often which check is not met, by provider and dialect, is pinned."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import corpus
import pytest
from conformance.corpus_evidence import corpus_evidence, provider_of

from streamnorm.conformance import Grade, Verdict, grade

GOLDEN = Path(__file__).parent / "corpus_grades.json"
TOLD = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.INCONCLUSIVE)


@cache
def graded() -> dict[Path, Grade]:
    streams = sorted(corpus.require(corpus.CAPTURES).rglob("*.sse"))
    return {stream: grade(corpus_evidence(stream), name=stream.name) for stream in streams}


def counted() -> dict[str, Any]:
    """By provider and dialect: the exchanges, and for each verdict that is no pass the checks with their counts."""
    exchanges: Counter[str] = Counter()
    counts: dict[str, dict[str, Counter[str]]] = {}
    for stream, each in graded().items():
        key = f"{provider_of(stream)} {each.dialect}"
        exchanges[key] += 1
        verdicts = counts.setdefault(key, {})
        for outcome in each.outcomes:
            if outcome.verdict in TOLD:
                verdicts.setdefault(outcome.verdict.value, Counter())[outcome.id] += 1
    return {
        key: {
            "exchanges": exchanges[key],
            **{verdict: dict(sorted(found.items())) for verdict, found in sorted(verdicts.items())},
        }
        for key, verdicts in sorted(counts.items())
    }


def test_the_grades_are_those_that_were_read(request: pytest.FixtureRequest) -> None:
    found = counted()
    if request.config.getoption("--update-goldens"):
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    assert json.loads(GOLDEN.read_text("utf-8")) == found, (
        "if this is right, run pytest --update-goldens, and read what changed"
    )


def test_every_dialect_with_checks_of_its_own_is_checked() -> None:
    for stream, each in graded().items():
        if each.dialect in ("chat", "responses", "assistants"):
            refused = {out.reason for out in each.outcomes} == {
                "the request was refused with status 429"
            }
            assert bool(each.checked) is not refused, stream


def test_openais_own_streams_of_text_and_tools_meet_every_must() -> None:
    streams = corpus.require(corpus.CAPTURES / "reference" / "openai_recorded")
    found = [each for stream, each in graded().items() if streams in stream.parents]
    assert found
    assert not [each.name for each in found if each.against()]
