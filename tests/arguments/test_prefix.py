"""The prefix scanner, held against `json.loads` and against every way to cut a text."""

from __future__ import annotations

import json
import re
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.arguments.prefix import MAX_DEPTH, PrefixScanner, is_complete, is_prefix

#: Whatever a text stops in, one of these ends the token, and one the member.
TOKEN_ENDS = [
    "",
    '"',
    'n"',
    '0000"',
    '000"',
    '00"',
    '0"',
    "0",
    "0.0",
    '""',
    *["rue", "ue", "e", "alse", "lse", "se", "ull", "ll", "l"],
]
MEMBER_ENDS = ["", ":0", "0"]

SPACES = st.text(" \t\n\r", max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """A JSON value written down: with or without spaces, lines and \\u escapes."""
    text = json.dumps(
        draw(VALUES),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2, "\t"])),
        separators=(f"{draw(SPACES)},{draw(SPACES)}", f"{draw(SPACES)}:{draw(SPACES)}"),
    )
    return draw(SPACES) + text + draw(SPACES)


@st.composite
def damaged_texts(draw: st.DrawFn) -> str:
    """A JSON text, or a handful of the characters it is made of, with up to three patches."""
    text = draw(json_texts() | st.text('{}[]",:\\u0e.-+1trfalsn \n', max_size=20))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        patch = draw(st.text('{}[]",:\\/ubx01eE.-+tnaN \n\x00\x7f\ufeff\ud800', max_size=2))
        text = text[:at] + patch + text[at + draw(st.integers(0, 3)) :]
    return text


def scanned(*fragments: str) -> PrefixScanner:
    scanner = PrefixScanner()
    for fragment in fragments:
        scanner.feed(fragment)
    return scanner


def answers(scanner: PrefixScanner) -> tuple[bool, bool, str, bool]:
    return scanner.ok, scanner.complete, scanner.opened, scanner.too_deep


def parses(text: str) -> bool:
    try:
        json.loads(text, parse_constant=refuse, parse_int=len, parse_float=len)
    except ValueError:
        return False
    return True


def refuse(constant: str) -> None:
    raise ValueError(constant)


def closers(text: str) -> str:
    """The brackets that close what `text` leaves open, found by striking out strings and pairs."""
    brackets = re.sub(
        r"[^\[\]{}]", "", re.sub(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', "", text, flags=re.S)
    )
    while (paired := re.sub(r"\[\]|\{\}", "", brackets)) != brackets:
        brackets = paired
    return brackets[::-1].translate(str.maketrans("[{", "]}"))


def can_be_finished(text: str) -> bool:
    """By trial: some ending makes `text` parse."""
    closing = closers(text)
    return any(
        parses(text + token + member + closing)
        for token, member in product(TOKEN_ENDS, MEMBER_ENDS)
    )


@given(json_texts())
def test_every_beginning_of_a_json_text_is_ok_and_the_whole_is_complete(text: str) -> None:
    scanner = PrefixScanner()
    assert scanner.ok
    assert not scanner.complete
    assert scanner.opened == ""
    assert all(scanner.feed(char) for char in text)
    assert all(is_prefix(text[:end]) for end in range(len(text)))
    assert scanner.complete
    assert is_complete(text)
    assert scanner.opened == text.strip(" \t\n\r")[0]


@given(json_texts(), st.data())
def test_no_beginning_of_an_object_array_or_string_is_complete(
    text: str, data: st.DataObject
) -> None:
    value = text.strip(" \t\n\r")
    if value[0] in '{["':
        assert not is_complete(value[: data.draw(st.integers(0, len(value) - 1))])


@given(damaged_texts())
def test_a_text_is_complete_if_and_only_if_json_loads_takes_it(text: str) -> None:
    assert is_complete(text) == parses(text)


@given(damaged_texts())
def test_a_text_is_ok_if_and_only_if_some_ending_finishes_it(text: str) -> None:
    assert is_prefix(text) == can_be_finished(text)


@given(damaged_texts(), st.lists(st.integers(0, 80)))
def test_the_cuts_do_not_change_the_answers(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(text)]
    cut = scanned(*(text[start:end] for start, end in pairwise(edges)))
    assert answers(cut) == answers(scanned(text)) == answers(scanned(*text))


@given(damaged_texts(), damaged_texts())
def test_once_refused_a_text_stays_refused(text: str, more: str) -> None:
    scanner = scanned(text)
    before = answers(scanner)
    if not scanner.ok:
        scanner.feed(more)
        assert answers(scanner) == before


@given(json_texts(), damaged_texts(), st.data())
def test_a_fork_and_its_original_go_separate_ways(
    text: str, other: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(text)))
    original = scanned(text[:at])
    fork = original.fork()
    fork.feed(other)
    assert answers(original) == answers(scanned(text[:at]))
    original.feed(text[at:])
    assert original.complete
    assert answers(fork) == answers(scanned(text[:at] + other))


def test_a_fragment_that_begins_like_the_buffer_may_still_be_its_continuation() -> None:
    scanner = PrefixScanner()
    assert [scanner.feed(fragment) for fragment in ("{", '"a": ', '{"a": 0}}')] == [True] * 3
    assert scanner.complete


@pytest.mark.parametrize(
    ("buffer", "resent"),
    [
        ("{}", '{"a":1}'),
        ('{"city"', '{"city":"Par'),
        ('{"city":"Paris"}', '{"city":"Paris"}'),
        ('{"city":', '{"city":"Paris"}, "unit"'),
    ],
)
def test_a_buffer_sent_again_whole_does_not_continue_it(buffer: str, resent: str) -> None:
    scanner = scanned(buffer)
    assert scanner.ok
    if buffer.endswith(":"):  # the value of a member may look like the whole buffer
        assert scanner.feed(resent)
        assert not scanner.complete
    else:
        assert not scanner.feed(resent)
        assert not scanner.complete


NUMBERS = {
    "complete": ["0", "-0", "7", "12", "-12", "0.5", "12.50", "1e5", "1E+05", "1e-0", "-0.0e0",
    "9" * 5000],
    "unfinished": ["-", "12.", "-0.", "1e", "1E+", "0.5e-", "9" * 5000 + "."],
    "refused": ["01", "-01", "00", "+1", ".5", "1.e5", "1..2", "1.2.3", "--1", "1e+-2", "1ee2",
    "0x1", "1_000", "1a", "-a",
                "1,", "1]", "1}", "1 2", "\u0661", "1\u0661", "1.5\uff11", "NaN", "Infinity",
                "-Infinity"],
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS["complete"])
def test_a_number_is_complete_as_soon_as_it_ends_in_a_digit(text: str) -> None:
    assert answers(scanned(text)) == answers(scanned(*text)) == (True, True, text[0], False)
    assert (
        answers(scanned(text, "\n"))
        == answers(scanned(*text, "\n"))
        == (True, True, text[0], False)
    )


@pytest.mark.parametrize("text", NUMBERS["unfinished"])
def test_a_number_that_lacks_a_digit_is_ok_but_not_complete(text: str) -> None:
    assert answers(scanned(text)) == answers(scanned(*text)) == (True, False, text[0], False)
    assert not is_prefix(text + " ")
    assert not scanned(text, " ").ok
    assert is_complete(text + "0")
    assert scanned(text, "0").complete


@pytest.mark.parametrize("text", NUMBERS["refused"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    assert not is_prefix(text)
    assert not scanned(*text).ok
    assert not is_prefix(f"[{text};")


def test_a_number_grows_over_many_fragments_and_ends_where_it_is_told() -> None:
    scanner = scanned("[-")
    states = [
        (fragment, scanner.feed(fragment), scanner.complete)
        for fragment in ("1", "2", ".", "5", "e", "-", "3", " ", "]")
    ]
    assert states == [(fragment, True, fragment == "]") for fragment, _, _ in states]
    assert not scanned("[1", " ", "2").ok
    assert not scanned("0", "1").ok


@pytest.mark.parametrize(
    "text",
    [
        "9" * 10_000,
        "-0." + "0" * 10_000,
        "1e" + "7" * 10_000,
        "1." + "3" * 5000 + "E-" + "4" * 5000,
    ],
)
def test_the_length_of_a_number_is_nobodys_business(text: str) -> None:
    for size in (1, 7, 4000, len(text)):
        fragments = [text[at : at + size] for at in range(0, len(text), size)]
        assert answers(scanned(*fragments)) == (True, True, text[0], False)
        assert scanned("[", *fragments, "]").complete
        assert not scanned(*fragments, "x").ok


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\t\r\n", "t", "tru", "f", "fals", "n", "nul", "[", "[[", "[1,", "[1 ", '["',
        '["a', "{", '{"', '{"a', '{"a"', '{"a" ',
        '{"a":', '{"a": ', '{"a":1', '{"a":1,', '{"a":1 , ', '{"a":{', '{"a":[{}', '"\\', '"\\u',
        '"\\u1', '"\\u12a', '"\\u12aB',
        '"\\ud800', '"\\udc00\\ud800\\', '"\x7f', '"\u2028', '"\ud800', '{"\\u00e9', '{"a":"\\',
    ],
)  # fmt: skip
def test_these_are_ok_but_not_complete(text: str) -> None:
    assert (
        answers(scanned(text)) == answers(scanned(*text)) == (True, False, text.strip()[:1], False)
    )


@pytest.mark.parametrize(
    "text",
    [
        "[,", "[1,,", "[1,]", "[1 2", "[1}", "[}", "]", "[]]", "[] []", "[:", '["a":',
        "{,", "{1", "{a", "{'a'", "{null", "{[", "{{", "{]", "}", "{}}", "{} {", "{}{", "{}\x00",
        '{"a",', '{"a"}', '{"a"1', '{"a" "b"', '{"a"::', '{"a":}', '{"a":,', '{"a":1]', '{"a":1,}',
        '{"a":1,,', '{"a":1 "b"',
        '{"a":1:', '{"a":1,1', '{"a":1,{', '{"a":"b" "c"',
        '"\n', '"\t', '"\x00', '"\x1f', '"a\x01"', '{"\n', '"\\x', '"\\\'', '"\\\n', '"\\U',
        '"\\ug', '"\\u12g', '"\\u123"', '"\\u 123',
        '"\\u+123', '"\\u00\uff11', '"a"b', '"a""', '"a",', "'a'",
        "True", "TRUE", "tr ", "trUe", "truee", "true,", "truefalse", "true false", "fa1se", "nil",
        "nulL", "undefined", "[tru]",
        "[nul,", "[truefalse", "x", "/", "//", "/*", "#", "[1/", ":", ",", "\ufeff{", "\x0b",
        "\x0c", "\xa0", "\u2028", "[\x0b", "[1\xa0", "\\",
    ],
)  # fmt: skip
def test_these_are_refused_however_they_are_cut(text: str) -> None:
    refused = (False, False, text[0], False)
    assert answers(scanned(text)) == answers(scanned(*text)) == refused
    assert all(answers(scanned(text[:at], text[at:])) == refused for at in range(len(text)))


def test_an_empty_fragment_changes_nothing() -> None:
    scanner = PrefixScanner()
    for char in '{"a\\n":[1.5,true]}':
        before = answers(scanner)
        assert scanner.feed("")
        assert answers(scanner) == before
        assert scanner.feed(char)


def test_whitespace_opens_nothing_and_ends_nothing() -> None:
    scanner = scanned(" \n", "\t")
    assert answers(scanner) == (True, False, "", False)
    assert answers(scanned(" \n", "\t", "[", "]", " ", "\r\n")) == (True, True, "[", False)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a": ', "}]")])
def test_containers_nest_up_to_the_limit_and_no_deeper(opening: str, closing: str) -> None:
    times = MAX_DEPTH // (opening.count("[") + opening.count("{"))
    deepest = opening * times + "0" + closing * times
    assert (
        answers(scanned(deepest)) == answers(scanned(*deepest)) == (True, True, deepest[0], False)
    )
    too_deep = opening * times + "["
    assert (
        answers(scanned(too_deep))
        == answers(scanned(*too_deep))
        == (False, False, deepest[0], True)
    )
    assert scanned(too_deep, closing).too_deep


def test_a_hundred_thousand_brackets_are_refused_and_not_a_crash() -> None:
    assert answers(scanned("[" * 100_000)) == (False, False, "[", True)
    assert answers(scanned('{"a":' * 100_000)) == (False, False, "{", True)


def test_the_limit_counts_open_containers_not_all_of_them() -> None:
    assert is_complete("[" + "[[]]," * MAX_DEPTH + "{}]")


def test_a_text_refused_before_the_limit_is_not_called_too_deep() -> None:
    assert answers(scanned("[" * MAX_DEPTH + "]}" + "[" * MAX_DEPTH)) == (False, False, "[", False)


@pytest.mark.parametrize(
    "text",
    [
        '"' + "a" * 500_000, '"' + "\\n" * 250_000, '"' + "\\u4e2d" * 80_000,
        '"' + "a" * 500_000 + "\x00", '"' + "\\\\" * 250_000 + "\n",
        '["' + '","' * 150_000, '{"a":"' + '","b":"' * 70_000, "[" + "1," * 250_000,
        "[" + "[]," * 150_000, "[" + " " * 500_000 + "x",
        "[" + "1" * 500_000 + "x", "[0." + "1" * 500_000 + ".", "[1e" + "1" * 500_000 + "e",
    ],
)  # fmt: skip
def test_half_a_megabyte_is_read_in_one_pass_whole_or_in_bits(text: str) -> None:
    # Hangs, rather than fails, if a pattern goes back over what it has read.
    fragments = [text[at : at + 50] for at in range(0, len(text), 50)]
    assert answers(scanned(*fragments)) == answers(scanned(text))
