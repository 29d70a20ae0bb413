"""Grading: the same bytes always come to the same grade, however they were cut; and what was not seen is not judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance.graded import BASES, FOLDER, Mutation, mutant_of
from conformance.mutations import MUTATIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from streamnorm.captures.format import End, Piece
from streamnorm.conformance import CHECKS, Evidence, Verdict, evidence_in, grade
from streamnorm.conformance.baseline import Baseline
from streamnorm.conformance.frames import framed
from streamnorm.errors import LocalError
from streamnorm.repairs.framing import FRAMING_REPAIRS

TIMED = {"T-013", "T-016", "F-032"}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.check}-{each.base}")
def test_how_the_bytes_were_cut_changes_no_grade(mutation: Mutation) -> None:
    whole = mutant_of(mutation)
    one_by_one = Evidence(
        [Piece(0.0, whole.body[at : at + 7]) for at in range(0, len(whole.body), 7)],
        request=whole.request,
        status=whole.status,
        headers=whole.headers,
        end=whole.end,
        dialect=whole.dialect,
    )
    untimed = set(CHECKS) - TIMED
    assert grade(one_by_one, only=untimed) == grade(whole, only=untimed)


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from([b"data: ", b"{", b"}", b'"', b"\n\n", b"\r", b"[DONE]", b"choices"]),
        max_size=30,
    ),
)
def test_any_bytes_are_graded(noise: bytes, parts: list[bytes]) -> None:
    body = noise[:100] + b"".join(parts) + noise[100:]
    for dialect in ("auto", "chat", "responses", "assistants"):
        graded = grade(Evidence([Piece(0.0, body)], dialect=dialect))
        assert len(graded.outcomes) == sum(
            graded.dialect in each.dialects and not each.probes for each in CHECKS.values()
        )


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"data: {}\n\n",
                b"data: 1\n",
                b": c\n\n",
                b"id: 4\r\n",
                b"\r\n",
                b"{}\n",
                b"event: x\n",
                b"\n",
            ]
        ),
        max_size=12,
    )
)
def test_frames_lie_behind_each_other_in_the_body(parts: list[bytes]) -> None:
    body = b"".join(parts)
    at = 0
    for frame in framed(body).frames:
        assert at <= frame.start <= frame.end <= len(body)
        at = frame.start


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        [],
        7,
        "text",
        {"choices": 7},
        {"choices": [None]},
        {"choices": [{"delta": {"tool_calls": [3, {"function": []}]}}]},
        {"type": 4},
        {"type": "response.output_item.added", "item": 3},
        {"type": "response.completed", "response": []},
    ],
)
def test_data_of_any_shape_is_graded(nothing: object) -> None:
    body = f"data: {json.dumps(nothing)}\n\n".encode() * 2
    for dialect in ("chat", "responses", "assistants"):
        assert grade(Evidence([Piece(0.0, body)], dialect=dialect)).checked


def test_a_refused_request_is_not_judged() -> None:
    refused = Evidence([Piece(0.0, b'{"error":{"message":"no"}}')], status=429, dialect="chat")
    graded = grade(refused)
    assert not graded.checked
    assert {outcome.verdict for outcome in graded.outcomes} == {Verdict.SKIPPED}
    assert {outcome.reason for outcome in graded.outcomes} == {
        "the request was refused with status 429"
    }


def test_a_stream_that_the_reader_left_is_not_blamed_for_its_end() -> None:
    known = evidence_in(FOLDER / "chat-text.cap.jsonl")
    left = Evidence(known.pieces[:5], request=known.request, end=End(how="left"), dialect="chat")
    verdicts = {outcome.id: outcome.verdict for outcome in grade(left).outcomes}
    assert verdicts["E-001"] is verdicts["E-002"] is verdicts["U-001"] is Verdict.INCONCLUSIVE
    assert Verdict.FAIL not in verdicts.values()


def test_a_model_that_answers_in_words_is_no_failure() -> None:
    for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
        spoken = mutant_of(Mutation("", "chat-text", request={"tool_choice": choice}))
        verdicts = {outcome.verdict for outcome in grade(spoken).outcomes}
        assert Verdict.INCONCLUSIVE in verdicts
        assert not verdicts & {Verdict.FAIL, Verdict.NON_STRICT}


def test_secrets_in_a_raw_body_are_not_shown(tmp_path: Path) -> None:
    key = b"sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    (tmp_path / "a.sse").write_bytes(b'data: {"choices":7,"key":"' + key + b'"}\n\n')
    assert key not in evidence_in(tmp_path / "a.sse").body


def test_a_baseline_lets_known_deviations_be_and_tells_stale_ones() -> None:
    wrong = grade(
        mutant_of(Mutation("", "chat-text", ((b"data: [DONE]\n\n", b""),))), name="a/b.sse"
    )
    known = Baseline("# what we know\nE-001 b.sse  # soon\nE-002\n")
    assert known.known("E-001", "a/b.sse")
    assert not known.known("E-001", "a/c.sse")
    assert [str(entry) for entry in known.stale([wrong], strict=False)] == ["E-002"]
    with pytest.raises(LocalError, match="line 1: there is no check 'E-999'"):
        Baseline("E-999")


@pytest.mark.parametrize("code", [each.code for each in FRAMING_REPAIRS])
def test_what_the_lenient_decoder_puts_right_is_graded_all_the_same(code: str) -> None:
    if code == "stream-for-body":
        return  # only one who asked for no stream can see it
    stream = FOLDER.parent / "repairs" / f"{code}.sse"
    graded = grade(evidence_in(stream, dialect="chat"))
    red = {out.id for out in graded.outcomes if out.verdict in (Verdict.FAIL, Verdict.NON_STRICT)}
    assert red - {"S-014"}


def test_all_bases_are_used() -> None:
    assert set(BASES) >= {mutation.base for mutation in MUTATIONS}
