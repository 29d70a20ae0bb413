"""A page for each conformance check, as Markdown: what it asks, and an exchange that meets it beside one that does not. The
examples are the exchanges of fixtures/conformance, or those with the scripted server of the tests, and what the tables of
mutations do to them, graded as the page is written."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from conformance.graded import BASES, Mutation, mutant_of, spoken
from conformance.live_mutations import LIVE_MUTATIONS, MET
from conformance.live_runs import LiveMutation, mutated
from conformance.mutations import MUTATIONS

from streamnorm.conformance import CHECKS, Evidence, Outcome, Verdict, grade
from streamnorm.conformance.asked import ASKED, Asked, area_of
from streamnorm.conformance.live.probes import PROBES
from streamnorm.conformance.placing import RELAXED
from streamnorm.conformance.printable import printable
from streamnorm.conformance.reports import where

__all__ = ["check_pages"]

HEAD: Final = "<!-- Written by `python scripts/write_docs.py` from the tables of checks and of mutations. Edit those. -->"

#: Bytes of a block that are shown before and behind the place where two exchanges differ.
BEFORE, BEHIND = 160, 320

#: Blocks that are shown where they differ in more.
BLOCKS: Final = 4

#: Signs for the ends of lines.
LINE_ENDS: Final = str.maketrans({"\n": "\u240a", "\r": "\u240d"})

#: How a recording says that a body ended.
ENDS: Final = {
    "end": "as its framing says",
    "cut": "cut off",
    "error": "in an error of the transport",
}


def check_pages() -> dict[str, str]:
    """The pages by their names in docs/."""
    return {f"checks/{asked.id}.md": "\n".join(_page(asked)) for asked in ASKED.values()}


def _page(asked: Asked) -> Iterator[str]:
    yield f"# {asked.id}\n\n{HEAD}\n"
    yield f"{asked.requirement}\n"
    yield from _facts(asked)
    if asked.id in CHECKS:
        yield from _examples(asked.id)
    yield f"[All checks](../checks.md#{asked.id.lower()})\n"


def _facts(asked: Asked) -> Iterator[str]:
    told = {
        "level": asked.level,
        "area": area_of(asked.id),
        "streams": asked.streams,
        "source": asked.source,
        "examined": asked.looks_at,
        "milder than first proposed": RELAXED.get(asked.id, ""),
        "sent": _sent(asked.id),
    }
    yield "| | |\n| --- | --- |"
    for name, words in told.items():
        if words:
            yield f"| {name} | {_prose(words)} |"
    yield ""


def _sent(check: str) -> str:
    """The requests of a live run whose answers the check looks at."""
    wanted = CHECKS[check].probes if check in CHECKS else ()
    found = dict.fromkeys(
        f"{probe.sends} (`{probe.name}`)"
        for probes in PROBES.values()
        for probe in probes
        if probe.name in wanted
    )
    return "; ".join(found) or ("every request of a live run" if "*" in wanted else "")


class Example(NamedTuple):
    """An exchange and what a mutation makes of it. met: the words for the first. unmet: what the check came to, said in a
    sentence."""

    name: str
    met: str
    unmet: Outcome
    said: str
    shown_met: list[str]
    shown_unmet: list[str]


def _examples(check: str) -> Iterator[str]:
    found = [*_recorded(check), *_live(check)]
    if not found:
        return
    yield f"## Met\n\n{found[0].met}\n"
    yield _fenced(found[0].shown_met)
    yield "## Not met\n"
    for each in found:
        yield f"{each.name}, changed, comes to **{each.unmet.verdict}**: {each.said}.\n"
        yield _fenced(each.shown_unmet)
    if breaks := dict.fromkeys(client for each in found for client in each.unmet.breaks):
        yield f"## Who breaks\n\nMeasured on such a stream: {', '.join(breaks)}.\n"


def _recorded(check: str) -> Iterator[Example]:
    for mutation in MUTATIONS:
        if mutation.check == check:
            base = _passing(check, mutation.base)
            mutant, known = mutant_of(mutation), spoken(base)
            shown = _shown(known, mutant, mutation)
            if base != mutation.base:
                shown = [*_asked_for(known, mutation), *_blocks(known.body)[-BLOCKS:]]
            unmet = grade(mutant, only=[check]).outcomes[0]
            yield Example(
                name=f"`{mutation.base}`",
                met=f"`fixtures/conformance/{base}.cap.jsonl` passes.",
                unmet=unmet,
                said=f"{_words(unmet)} ({where(unmet.proofs[0])})",
                shown_met=shown,
                shown_unmet=_shown(mutant, spoken(mutation.base), mutation),
            )


@cache
def _passes(base: str) -> frozenset[str]:
    return frozenset(
        each.id for each in grade(spoken(base)).outcomes if each.verdict is Verdict.PASS
    )


def _passing(check: str, base: str) -> str:
    """An exchange that passes: this one, else the first."""
    return next(each for each in (base, *BASES) if check in _passes(each))


def _live(check: str) -> Iterator[Example]:
    for mutation in LIVE_MUTATIONS:
        if mutation.check == check:
            known = mutated(MET.get(check) or LiveMutation("", "", dialect=mutation.dialect))
            mutants = mutated(mutation)
            changed = next(iter([mutation.probe, *mutation.more]))
            worst = max(_outcomes(check, mutants), key=lambda each: _BAD.get(each.verdict, 0))
            frame = f" (frame {worst.proofs[0].frame})" if worst.proofs[0].frame else ""
            yield Example(
                name=f"The answer to `{changed}` ({mutation.dialect})",
                met=f"The answer of the scripted server to `{changed}` passes.",
                unmet=worst,
                said=_steady(_words(worst)) + frame,
                shown_met=_shown_live(known[changed], mutants[changed], mutation),
                shown_unmet=_shown_live(mutants[changed], known[changed], mutation),
            )


_BAD: Final = {Verdict.NON_STRICT: 1, Verdict.FAIL: 2}


def _outcomes(check: str, exchanges: Mapping[str, Evidence]) -> list[Outcome]:
    found = (grade(each, only=[check]).outcomes for each in exchanges.values())
    return [outcome for outcomes in found for outcome in outcomes]


def _words(outcome: Outcome) -> str:
    more = f", and {outcome.count - 1} more" if outcome.count > 1 else ""
    return f"{_cut(outcome.proofs[0].words, 0)}{more}"


#: What is another in each run: the numbers in ids go on from request to request, and times are measured.
_number = re.compile(r"\b(chatcmpl-|[a-z]+_)\d+\b").sub
_moment = re.compile(r"\b0\.\d+ s\b").sub


def _steady(text: str) -> str:
    """Without what is another in each run."""
    return _moment("0.0 s", _number(r"\1...", text))


def _shown(this: Evidence, other: Evidence, mutation: Mutation) -> list[str]:
    """What is worth seeing of one of two recorded exchanges: what differs from the other."""
    lines = [*_asked_for(this, mutation), *_head(this, other)]
    if mutation.pauses or mutation.at_once:
        lines += _times(this, min(mutation.pauses, default=2))
    return [*lines, *_end(this, other), *_body(this, other)]


def _shown_live(this: Evidence, other: Evidence, mutation: LiveMutation) -> list[str]:
    lines = [*_head(this, other)]
    if mutation.answered is not None:
        late = this.answered == mutation.answered
        lines.append(f"(answered after {mutation.answered:.0f} s)" if late else "(answered soon)")
    if mutation.connection is not None:
        lines.append(f"(on connection {this.sent.connection})")
    if mutation.at_once:
        several = len(this.pieces) > 1
        lines.append("(the events came one by one)" if several else "(all events came at once)")
    lines += [*_end(this, other), *_body(this, other)]
    return [_steady(line) for line in lines or _blocks(this.body)[:BLOCKS]]


def _head(this: Evidence, other: Evidence) -> Iterator[str]:
    """The status and the headers, where they differ."""
    names = [
        name
        for name in dict.fromkeys([*this.headers, *other.headers])
        if this.headers.get(name) != other.headers.get(name)
    ]
    names = [name for name in names if name not in ("content-length", "date")]
    if this.status != other.status or names:
        yield f"HTTP/1.1 {this.status}"
        for name in names:
            yield f"{name}: {this.headers.get(name, '(not there)')}"


def _end(this: Evidence, other: Evidence) -> Iterator[str]:
    ends = [each.end.how if each.end is not None else "end" for each in (this, other)]
    if ends[0] != ends[1]:
        yield f"(the body ended {ENDS[ends[0]]})"


def _body(this: Evidence, other: Evidence) -> Iterator[str]:
    if not this.body:
        yield "(an empty body)"
    elif this.body != other.body:
        yield from _different(this.body, other.body)


def _asked_for(evidence: Evidence, mutation: Mutation) -> Iterator[str]:
    """The parameters of the request that make the difference."""
    request: dict[str, Any] = evidence.request or {}
    for name in mutation.request:
        value = json.dumps(request[name]) if name in request else "(not given)"
        yield _cut(f"request: {name} = {value}", 0)


def _times(evidence: Evidence, number: int) -> Iterator[str]:
    for frame in evidence.frames[max(0, number - 2) : number + 1]:
        yield f"(frame {frame.number}, after {evidence.seconds_of(frame):.2f} s)"


def _different(this: bytes, other: bytes) -> Iterator[str]:
    """The blocks that the other has not, each behind the one before it; of a large one what is around the difference."""
    mine, theirs = _blocks(this), _blocks(other)
    matcher = difflib.SequenceMatcher(None, theirs, mine, autojunk=False)
    told = 0
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal" or told >= BLOCKS:
            continue
        told += 1
        if kind != "replace":
            # What is gone shows in the block that was before it, what is new behind that.
            yield from (
                _cut(block, 0) for block in mine[max(0, b - 1) : max(b_end, b + 1)][:BLOCKS]
            )
            continue
        for at, block in enumerate(mine[b : min(b_end, b + BLOCKS)]):
            yield _cut(block, _apart(block, theirs[a + at] if a + at < a_end else ""))


def _blocks(body: bytes) -> list[str]:
    """The body block by block. Line ends are shown as signs; bytes that are no UTF-8, and what cannot be seen, written out."""
    text = body.decode("utf-8", "backslashreplace").translate(LINE_ENDS)
    found = (printable(block) for block in re.split("(?<=\u240a\u240a)", text))
    return [block for block in found if block]


def _apart(one: str, other: str) -> int:
    """Where two texts begin to differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), 0)


def _cut(text: str, around: int) -> str:
    start, end = around - BEFORE, around + BEHIND
    start = 0 if start < BEFORE else start
    before = f"({start} bytes) ..." if start else ""
    behind = f"... ({len(text) - end:,} more bytes)" if len(text) > end else ""
    return f"{before}{text[start:end]}{behind}"


def _fenced(lines: list[str]) -> str:
    return "\n".join(["```text", *lines, "```\n"])


def _prose(words: str) -> str:
    return " ".join(words.split()).replace("|", r"\|")
