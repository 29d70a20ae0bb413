"""Reasoning in tags: taken out where it was asked for, and nothing else touched."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunk, cut_text, judge, opening, sse, tell

from streamnorm import LocalError, Normalizer, TextDelta, ToolCallStarted
from streamnorm.dialects.chat.thinking import CLOSE, OPEN, ThinkSplitter

BOTH = {"think-tags", "think-tag-unopened"}
#: Text that looks like tags, and is made of their parts.
PARTS = ["<", "think", ">", "</", "<think", "think>", " ", "\n", "<thinking>", "a", "é"]
LOOKALIKE = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)
WORDS = st.one_of(LOOKALIKE, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


def stream(parts: list[str]) -> bytes:
    said = [chunk({"content": part}) for part in parts]
    return sse([chunk({"role": "assistant", "content": ""}), *said, chunk({}, "stop")])


def split(parts: list[str], **options: Any) -> tuple[str, str]:
    """The reasoning and the text of a splitter fed with `parts`."""
    splitter = ThinkSplitter(**options)
    told = [pair for part in parts for pair in splitter.feed(part)] + splitter.close()
    assert all(words for _, words in told)
    return "".join(w for inside, w in told if inside), "".join(
        w for inside, w in told if not inside
    )


@settings(max_examples=500)
@given(st.data(), WORDS, WORDS)
def test_what_is_between_the_tags_is_reasoning(
    data: st.DataObject, reasoning: str, text: str
) -> None:
    reasoning = reasoning.replace(CLOSE, "")
    text = text.replace(OPEN, "")
    if CLOSE in reasoning or OPEN in text:
        return
    whole = f"{OPEN}{reasoning}{CLOSE}{text}"
    assert split(cut_text(data.draw, whole)) == (reasoning, text)


@settings(max_examples=500)
@given(st.data(), WORDS)
def test_text_that_does_not_begin_with_a_tag_is_unharmed(data: st.DataObject, text: str) -> None:
    if not text.lstrip().startswith(OPEN):
        assert split(cut_text(data.draw, text)) == ("", text)


def test_fifty_thousand_texts_that_do_not_begin_with_a_tag_are_unharmed() -> None:
    rng = random.Random(3)
    parts = [*PARTS, "</think>", "<think>", "b", "\U0001f600", "\u2028"]
    harmed = []
    for _ in range(50_000):
        pieces = rng.choices(parts, k=rng.randint(0, 9))
        text = "".join(pieces)
        if not text.lstrip().startswith(OPEN) and split(pieces) != ("", text):
            harmed.append(pieces)
    assert harmed == []


@given(st.data(), WORDS, st.sampled_from(sorted(BOTH)))
def test_how_the_text_is_cut_changes_nothing_of_what_it_says(
    data: st.DataObject, text: str, code: str
) -> None:
    whole = judge(stream([text]), repairs=[code])
    told = judge(stream(cut_text(data.draw, text)), repairs=[code])
    assert told.result.message == whole.result.message or not text


@given(st.data(), WORDS, WORDS)
def test_where_the_opening_tag_was_never_sent_the_text_begins_inside(
    data: st.DataObject, reasoning: str, text: str
) -> None:
    if CLOSE in reasoning or reasoning.lstrip().startswith(OPEN) or OPEN in text:
        return
    parts = cut_text(data.draw, f"{reasoning}{CLOSE}{text}")
    assert split(parts, unopened=True) == (reasoning, text)
    assert split([OPEN, *parts], unopened=True) == (reasoning, text)


def test_no_more_is_held_than_may_be_a_tag() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("<think>Hm. </th") == [(True, "Hm. ")]
    assert splitter.feed("at") == [(True, "</that")]
    assert splitter.feed("</think>Hi <") == [(False, "Hi <")]
    assert splitter.done


def test_unless_it_is_asked_for_nothing_is_taken_out() -> None:
    told = judge(stream(["<think>Hm.</think>Hi"]))
    assert told.findings == []
    assert told.result.message.content == "<think>Hm.</think>Hi"


def test_reasoning_that_is_cut_off_is_told_before_the_failure() -> None:
    told = tell(sse([chunk({"content": "<think>Hm.</th"})], done=False), repairs=["think-tags"])
    assert told.error is not None
    assert told.result.message.reasoning_content == "Hm.</th"


def test_what_is_held_is_told_before_a_call() -> None:
    deltas = [{"content": "\n"}, {"tool_calls": [opening(0, "call_1", "get", "{}")]}]
    told = judge(sse([*map(chunk, deltas), chunk({}, "tool_calls")]), repairs=["think-tags"])
    kinds = [type(event) for event in told.events]
    assert kinds.index(TextDelta) < kinds.index(ToolCallStarted)


def test_an_unknown_repair_is_refused_with_the_nearest_word() -> None:
    with pytest.raises(LocalError, match="did you mean 'think-tags'"):
        Normalizer(repairs=["think-tag"])
