"""Patterns, held against `re.search`: the same answer, and never much more work than the text is long."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from streamnorm.arguments.budget import Meter, OverBudget
from streamnorm.arguments.patterns import Pattern, _follow, _Writer

SMALL = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", r"\b", r"\B", "^", "$"]
)
PATTERNS = st.recursive(
    SMALL,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(
            inner,
            st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"]),
        ).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map("(?={})".format),
        inner.map("(?!{})".format),
        inner.map("(?i:{})".format),
        inner.map("(?s:{})".format),
        inner.map("(?m:{})".format),
        SMALL.map("(?<={})".format),
        SMALL.map("(?<!{})".format),
    ),
    max_leaves=8,
)
TEXTS = st.text("abAB1 \n_-é²", max_size=10)


@given(PATTERNS, TEXTS)
@example("(?=(?m:$))", "a\n")
@example("(?:a|ab)(?:c|bcd)d*", "abcd")
def test_following_all_states_finds_what_re_finds(source: str, text: str) -> None:
    tree = re._parser.parse(source)  # type: ignore[attr-defined]
    writer = _Writer()
    assert writer.write(list(tree), tree.state.flags)
    found = _follow(writer.end(), text, 0, Meter(10**6), anchored=False)
    assert found == (re.search(source, text) is not None)


@given(PATTERNS, TEXTS)
def test_a_pattern_says_what_re_says(source: str, text: str) -> None:
    try:
        found = Pattern(source).search(text, Meter(10**6))
    except OverBudget:
        assume(False)
    assert found == (re.search(source, text) is not None)


REAL = {
    r"^[a-z][a-z0-9_-]*$": ("get-it_2", "2get"),
    r"^\d{4}-\d{2}-\d{2}$": ("2025-01-31", "2025-1-31"),
    r"^([a-z0-9]+-)*[a-z0-9]+$": ("a-long-slug-of-many-words", "no--slug"),
    r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$": (
        "jean.dupont@example.co.uk",
        ".jean@example.com",
    ),
    r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$": ("192.168.0.1", "192.168.0.256"),
    r"^https?://[^\s/$.?#].[^\s]*$": ("https://example.com/a?b=c", "ftp://example.com"),
    r"(?i)^#?[0-9a-f]{6}$": ("#FFaa00", "#FFaa0"),
    r"^(\w+)=\1$": ("a=a", "a=b"),
}  # fmt: skip


@pytest.mark.parametrize("source", REAL)
def test_ordinary_patterns_cost_next_to_nothing(source: str) -> None:
    fits, fails = REAL[source]
    meter = Meter(1_000)
    assert Pattern(source).search(fits, meter)
    assert not Pattern(source).search(fails, meter)


HOSTILE = [
    ("(a+)+$", "a" * 5_000 + "!"),
    ("^(a|a)*$", "a" * 5_000 + "!"),
    ("^(a|aa)+$", "a" * 5_000 + "!"),
    ("(a*)*b", "a" * 5_000),
    ("(.*)*x", "b" * 5_000),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5_000),
    ("(?:a?){30}a{30}$", "a" * 29),
    (".*.*.*.*.*.*=.*", "x" * 2_000),
    ("a*a*a*a*a*b", "a" * 2_000),
    ("(?=(a+)+$)b", "a" * 300 + "!"),
]


@pytest.mark.parametrize(("source", "text"), HOSTILE)
def test_a_hostile_pattern_is_answered_or_given_up_within_the_budget(
    source: str, text: str
) -> None:
    # It would hang otherwise: `re` needs longer than the age of the universe for the first.
    with suppress(OverBudget):
        assert not Pattern(source).search(text, Meter(30_000))


def test_the_classic_is_answered_and_not_given_up() -> None:
    assert not Pattern("(a+)+$").search("a" * 1_000 + "!", Meter(30_000))
    assert Pattern("(a+)+$").search("a" * 1_000, Meter(30_000))


@pytest.mark.parametrize(
    "source", [r"(a+)+\1$", r"(a)?(?(1)b|c)(a+)+$", "((a{1,100}){1,100}){1,100}$"]
)
def test_what_needs_memory_or_a_huge_program_is_given_up_where_it_might_take_long(
    source: str,
) -> None:
    with pytest.raises(OverBudget):
        Pattern(source).search("a" * 60 + "!", Meter(30_000))


@pytest.mark.parametrize("source", ["(", "[", "a{2,1}", r"\p{L}", "(?<n>a)", "*"])
def test_what_python_cannot_read_is_an_error_at_once(source: str) -> None:
    with pytest.raises(re.error):
        Pattern(source)
