"""S, U, F: one prompt, asked several times, streamed and not: what the answers have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from streamnorm.conformance.base import CHAT, Check, Fault, Verdict, check
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.live.answers import Answer, answer_in

__all__ = ["SAME"]


def _answered(evidence: Evidence, probe: str) -> Answer | None:
    """What a request beside this one was answered; None where it was refused, or broken off."""
    found = evidence.sent.beside.get(probe)
    if found is None or found.status != 200 or (found.end is not None and not found.end.whole):
        return None
    return answer_in(found)


def _skipped(words: str, *, undecided: bool = False) -> Fault:
    return Fault(words=words, verdict=Verdict.INCONCLUSIVE if undecided else Verdict.SKIPPED)


@check(
    "S-010",
    "SHOULD",
    CHAT,
    "Nothing is lost in streaming: the deltas join to the text of the answer that is not streamed.",
    source="measured; servers lose the first or the last delta",
    looks_at="the texts of one prompt, streamed twice and once not, at temperature 0; a model that does not repeat itself is not "
    "judged",
    needs=("answered",),
    probes=("plain-whole",),
    beside=("plain", "encodings"),
)
def nothing_lost(evidence: Evidence) -> Iterator[Fault]:
    whole = answer_in(evidence).text
    found = (_answered(evidence, probe) for probe in ("plain", "encodings"))
    streamed = [answer.text for answer in found if answer is not None]
    if not streamed or not whole:
        yield _skipped("there are no two texts to compare")
    elif not any(streamed):
        yield Fault(
            words=f"{len(whole)} characters, of which none came streamed", verdict=Verdict.FAIL
        )
    elif whole in streamed:
        return
    elif len(streamed) < 2 or len(set(streamed)) > 1:
        yield _skipped("the model does not repeat itself", undecided=True)
    else:
        yield Fault(words=_differing(whole, streamed[0]))


def _differing(whole: str, streamed: str) -> str:
    pairs = enumerate(zip(whole, streamed, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(whole), len(streamed)))
    return (
        f"from character {at} on: {streamed[at : at + 40]!r} streamed, {whole[at : at + 40]!r} not"
    )


@check(
    "S-020",
    "SHOULD",
    CHAT,
    "With a seed and temperature 0 an answer comes again: two of three are equal.",
    source="OpenAI API reference, `seed`: best effort",
    looks_at="three texts of one prompt",
    needs=("answered",),
    probes=("plain-whole",),
    beside=("plain", "encodings"),
)
def repeats_itself(evidence: Evidence) -> Iterator[Fault]:
    found = [_answered(evidence, probe) for probe in ("plain", "encodings")]
    texts = [answer.text for answer in [answer_in(evidence), *found] if answer and answer.text]
    if len(texts) < 3:
        yield _skipped("there are no three texts to compare")
    elif len(set(texts)) == len(texts):
        yield Fault(words="three answers with one seed, all different")


@check(
    "U-005",
    "SHOULD",
    CHAT,
    "A prompt has as many tokens streamed as not.",
    source="OpenAI API reference, the usage object",
    looks_at="`prompt_tokens` of one prompt, streamed and not",
    needs=("answered",),
    probes=("plain-whole",),
    beside=("plain",),
)
def same_prompt_tokens(evidence: Evidence) -> Iterator[Fault]:
    streamed = _answered(evidence, "plain")
    counts = [answer.count("prompt_tokens") for answer in (answer_in(evidence), streamed) if answer]
    known = [count for count in counts if count is not None]
    if len(known) < 2:
        yield _skipped("there are no two counts to compare")
    elif known[0] != known[1]:
        yield Fault(words=f"{known[1]} tokens streamed, {known[0]} not")


@check(
    "F-027",
    "SHOULD",
    CHAT,
    "The same calls come streamed and not: the same names, and arguments with the same values.",
    source="https://github.com/vllm-project/vllm/issues/10781 and others of its kind",
    looks_at="the calls of one prompt, at temperature 0; an answer in words is left undecided",
    needs=("answered",),
    probes=("one-tool-whole",),
    beside=("one-tool",),
)
def same_calls(evidence: Evidence) -> Iterator[Fault]:
    streamed = _answered(evidence, "one-tool")
    if streamed is None:
        yield _skipped("there is no answer to compare with")
        return
    whole = answer_in(evidence)
    if not whole.calls or not streamed.calls:
        yield _skipped("one of the two was answered without a call", undecided=True)
        return
    ours, theirs = _values(streamed), _values(whole)
    if ours != theirs:
        yield Fault(words=f"streamed {_shown(ours)}, not streamed {_shown(theirs)}")


def _values(answer: Answer) -> list[tuple[str, Any]]:
    return [(call.name, _value(call.arguments)) for call in answer.calls]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shown(calls: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name}({json.dumps(value)})" for name, value in calls)[:100]


SAME: Final[tuple[Check, ...]] = (nothing_lost, repeats_itself, same_prompt_tokens, same_calls)
