"""Recovery: the catalogued damage, real arguments cut short, and the laws. What it takes must be what was meant."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any, NamedTuple

import pytest
from corpus import CAPTURES, facts, require
from hypothesis import given, settings
from hypothesis import strategies as st

from streamnorm import Normalizer
from streamnorm.arguments.prefix import is_complete
from streamnorm.arguments.recover import MAX_CHARS, Recovery, recover
from streamnorm.arguments.recover_steps import CHANGES, REMARKS
from streamnorm.arguments.recover_strict import MAX_DEPTH

#: The words of the catalogue for what was to be done.
ACTIONS = {"valid": "valid", "recover": "recovered", "split": "split", "reject": "refused"}

#: The catalogue would close this one's brace, and says itself that more keys may be lost. A text that begins a longer one is
#: refused, always: the flag is what remains.
CLOSED_IN_THE_CATALOGUE = {"missing-last-brace"}

#: Flags that say where a case comes from, not what is to be noted.
NOT_A_NOTE = {"constructed"}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.text("ab'\"\\\n\t{}[],:“”/#`<|> ", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = st.text(max_size=6) | st.sampled_from(["a", "city", "$x", "_1", "true", "None"])
OBJECTS = st.dictionaries(KEYS, JSON_VALUES, max_size=5)


def same(one: Any, other: Any) -> bool:
    """Equal in type as well, and in the order of keys."""
    return json.dumps(one) == json.dumps(other)


def values_of(recovery: Recovery) -> list[Any]:
    return recovery.calls if recovery.action == "split" else [recovery.value]


def assert_refused(text: str) -> None:
    recovery = recover(text)
    assert recovery.action == "refused", (text, recovery)
    assert (recovery.value, recovery.text, recovery.calls) == (None, None, [])
    assert recovery.reason


# The catalogue.


def catalogue() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = facts("malformed_args.json")
    return cases


def flag_of(case: dict[str, Any]) -> str | None:
    return None if case.get("flag") in NOT_A_NOTE else case.get("flag")


def test_every_case_of_the_catalogue_is_right_and_none_silently_wrong() -> None:
    wrong = []
    for case in catalogue():
        flag = flag_of(case)
        recovery = recover(case["raw"], may_be_empty=flag == "no-arguments")
        action = "refused" if case["id"] in CLOSED_IN_THE_CATALOGUE else ACTIONS[case["action"]]
        meant = case.get("intended") if action == "split" else [case.get("intended")]
        right = (
            recovery.action == action
            and (action == "refused" or same(values_of(recovery), meant))
            and (flag is None or flag in recovery.codes)
            and bool(recovery.notes) >= (action != "valid")
        )
        if not right:
            wrong.append((case["id"], recovery.action, recovery.codes))
    assert not wrong
    assert len(catalogue()) == 67


def test_a_case_of_the_catalogue_that_is_valid_and_plain_has_no_notes() -> None:
    for case in catalogue():
        if case["action"] == "valid" and flag_of(case) is None:
            assert recover(case["raw"]).notes == []


def test_nothing_is_no_arguments_unless_the_caller_says_that_none_are_required() -> None:
    cases = [case for case in catalogue() if flag_of(case) == "no-arguments"]
    assert len(cases) == 4
    for case in cases:
        assert recover(case["raw"]).codes == ["no-arguments"]
        assert_refused(case["raw"])


def test_no_part_of_a_damaged_text_means_anything_but_what_the_whole_does() -> None:
    """A part may stop after a whole object (before prose, a token, another object); it never means something else."""
    for case in catalogue():
        meant = case.get("intended")
        wholes = [[meant]] if case["action"] != "split" else [meant[:n] for n in range(1, 4)]
        if flag_of(case) == "empty-prefix-dropped":
            wholes.append([{}])
        for end in range(len(case["raw"])):
            recovery = recover(case["raw"][:end])
            if recovery.action != "refused":
                assert any(same(values_of(recovery), whole) for whole in wholes), (case, recovery)


# Real arguments, cut.


@cache
def real_arguments() -> list[str]:
    """The argument text of every whole call in the recorded chat streams."""
    found = set()
    for path in sorted(require(CAPTURES / "chat").rglob("*.sse")):
        body = path.read_bytes()
        if b"arguments" not in body:
            continue
        normalizer = Normalizer()
        normalizer.feed(body)
        normalizer.close()
        for choice in normalizer.result.choices:
            calls = choice.message.tool_calls
            found.update(call.arguments for call in calls if call.complete)
    return sorted(found)


def test_real_arguments_are_valid_as_they_are() -> None:
    texts = real_arguments()
    assert len(texts) > 100
    for text in texts:
        recovery = recover(text)
        assert (recovery.action, recovery.text) == ("valid", text)
        assert same(recovery.value, json.loads(text))


@pytest.mark.parametrize("seed", range(5))
def test_of_400_beginnings_of_real_arguments_none_is_accepted(seed: int) -> None:
    chosen = random.Random(seed)
    texts = [text for text in real_arguments() if len(text) > 2]
    for _ in range(400):
        text = chosen.choice(texts)
        assert_refused(text[: chosen.randrange(len(text.rstrip()))])


def test_no_beginning_at_all_of_real_arguments_is_accepted() -> None:
    for text in real_arguments():
        for end in range(len(text.rstrip())):
            recovery = recover(text[:end], may_be_empty=bool(text[:end].strip()))
            assert recovery.action == "refused"


def test_a_real_call_cut_anywhere_in_other_clothes_is_refused() -> None:
    for text in [text.strip() for text in real_arguments() if 2 < len(text) <= 120][:60]:
        encoded = json.dumps(text)
        for whole in (
            encoded,
            f"```json\n{text}\n```",
            encoded[1:-1],
            "{" + text + "}",
            str(json.loads(text)),
        ):
            for end in range(len(whole)):
                assert_refused(whole[:end])


# The laws.


@given(
    st.text()
    | st.text(
        "{}[]()\"'“”,:\uff1a\uff0c\\/#*`<|>abtrueNn0129.eE+- \n\t\x00\ufeff\ud800", max_size=40
    )
)
def test_no_text_makes_it_raise(text: str) -> None:
    for may_be_empty in (False, True):
        recovery = recover(text, may_be_empty=may_be_empty)
        assert recovery.raw == text
        check(recovery)


def check(recovery: Recovery) -> None:
    """What holds of every recovery."""
    assert recovery.action in ACTIONS.values()
    assert {step.code for step in recovery.notes[:-1]} <= CHANGES.keys() | REMARKS.keys()
    assert all(step.words for step in recovery.notes)
    assert len(recovery.texts) == len(recovery.calls)
    if recovery.action == "valid":
        assert recovery.text == recovery.raw
        assert same(recovery.value, json.loads(recovery.raw))
        assert set(recovery.codes) <= REMARKS.keys()
    elif recovery.action == "recovered":
        assert isinstance(recovery.value, dict)
        assert recovery.calls == [recovery.value]
        assert set(recovery.codes) & CHANGES.keys()
    elif recovery.action == "split":
        assert len(recovery.calls) > 1
        assert all(recovery.calls)
        assert (recovery.value, recovery.text) == (None, None)
    else:
        assert (recovery.value, recovery.text, recovery.calls) == (None, None, [])
    for value, text in zip(recovery.calls, recovery.texts, strict=True):
        again = recover(text)
        assert again.action == "valid"
        assert same(again.value, value)
        text.encode()


@st.composite
def object_texts(draw: st.DrawFn) -> str:
    """A JSON object written down, with or without spaces, lines and escapes."""
    return json.dumps(
        draw(OBJECTS),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])),
    )


@given(object_texts())
def test_a_json_object_is_valid_and_untouched(text: str) -> None:
    recovery = recover(text)
    assert (recovery.action, recovery.text) == ("valid", text)
    assert same(recovery.value, json.loads(text))
    check(recovery)


@settings(deadline=None)
@given(object_texts(), st.integers(0, 2))
def test_every_beginning_of_an_object_is_refused_however_often_it_was_encoded(
    text: str, times: int
) -> None:
    for _ in range(times):
        text = json.dumps(text)
    for end in range(len(text)):
        assert_refused(text[:end])


@given(object_texts(), st.data())
def test_a_beginning_with_a_patch_in_it_is_a_whole_object_or_refused(
    text: str, data: st.DataObject
) -> None:
    """Without its last brace, an object is refused, whatever one character was put in or taken out; unless that made it whole."""
    at = data.draw(st.integers(1, len(text) - 1))
    patch = data.draw(st.sampled_from(["", *"'\"“\\,:#/`(ax1 \n\t"]))
    part = text[:at] + patch + text[at + data.draw(st.integers(0, 1)) : -1]
    recovery = recover(part)
    assert recovery.action == "refused" or part.rstrip("\"'` \n").endswith("}")


@given(object_texts(), st.data())
def test_a_damaged_text_is_never_taken_for_valid(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        patch = data.draw(st.text("{}[]()\"'“”,:\\/#`ux01eE.-+tnaN \n\x00\ufeff\ud800", max_size=2))
        text = text[:at] + patch + text[at + data.draw(st.integers(0, 3)) :]
    recovery = recover(text)
    check(recovery)
    assert recovery.action != "valid" or is_complete(text)


# Damage, put on and taken off.


class Damaged(NamedTuple):
    """A damaged text, where the object in it ends, and what it means."""

    text: str
    end: int
    value: dict[str, Any]


class Scribe:
    """Writes a value down the way models do that mostly know JSON. `habits` are the liberties it takes, now and then."""

    def __init__(self, dice: random.Random, habits: set[str]) -> None:
        self.dice = dice
        self.habits = habits

    def does(self, habit: str) -> bool:
        return habit in self.habits and self.dice.random() < 0.7

    def write(self, value: Any) -> str:
        if isinstance(value, dict):
            return self.members(value)
        if isinstance(value, list):
            return self.items(value)
        if isinstance(value, str):
            return self.string(value)
        if (
            value in (None, True, False)
            and not isinstance(value, float | str)
            and self.does("python")
        ):
            return repr(value) if value is None or isinstance(value, bool) else json.dumps(value)
        if (
            isinstance(value, float)
            and value.is_integer()
            and abs(value) < 1e15
            and self.does("dot")
        ):
            return json.dumps(value)[:-1]
        return json.dumps(value)

    def members(self, value: dict[str, Any]) -> str:
        parts = [
            f"{self.key(key)}{self.gap()}{self.colon()}{self.gap()}{self.write(item)}"
            for key, item in value.items()
        ]
        text = "{" + self.gap() + self.joined(parts, value.values()) + self.gap() + "}"
        return "{" + text + "}" if self.does("doubled") else text

    def joined(self, parts: list[str], values: Any) -> str:
        text = ""
        for at, (part, value) in enumerate(zip(parts, values, strict=True)):
            last = at == len(parts) - 1
            text += part
            if last:
                text += "," if self.does("trailing") else ""
            elif self.does("no-comma") and not isinstance(value, str) and parts[at + 1][0] == '"':
                text += " "
            else:
                text += (",," if self.does("double-comma") else self.comma()) + self.gap()
        return text

    def items(self, value: list[Any]) -> str:
        parts = [self.write(item) for item in value]
        if self.does("tuple"):
            return "(" + ", ".join(parts) + (",)" if len(parts) == 1 else ")")
        tail = "," if parts and self.does("trailing") else ""
        return (
            "["
            + (self.comma() + self.gap()).join(parts)
            + tail
            + ("]]" if self.does("extra") else "]")
        )

    def key(self, key: str) -> str:
        plain = key.isascii() and key.replace("$", "_").isidentifier()
        if (
            plain
            and key not in ("true", "false", "null", "True", "False", "None")
            and self.does("bare")
        ):
            return key
        return self.string(key)

    def string(self, value: str) -> str:
        body = json.dumps(value, ensure_ascii=self.dice.random() < 0.3)[1:-1]
        if self.does("raw"):
            body = (
                body.replace("\\\\", "\0")
                .replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("\0", "\\\\")
            )
        if self.does("single"):
            return "'" + body.replace("'", "\\'") + "'"
        if not set(value) & set('“”"') and self.does("smart"):
            return f"“{body}”"
        return f'"{body}"'

    def gap(self) -> str:
        if self.does("comment"):
            return self.dice.choice(["/* } */", '// "x": 1,\n', " # why\n"])
        if self.does("space"):
            return self.dice.choice(["\u00a0", "\u3000", "\ufeff", " \u2028"])
        return self.dice.choice(["", " ", "\n  "])

    def comma(self) -> str:
        return "\uff0c" if self.does("wide") else ","

    def colon(self) -> str:
        return "\uff1a" if self.does("wide") else ":"


HABITS = [
    "python", "dot", "doubled", "trailing", "no-comma", "double-comma", "tuple", "extra", "bare", "raw",
    "single", "smart", "comment", "space", "wide",
]  # fmt: skip

#: What may stand before and after an object.
WRAPPINGS = {
    "fence": [("```json\n", "\n```"), ("```\n", "```"), ("`", "`")],
    "prose": [("Here is the call:\n", ""), ("Sure, with these arguments ", "\nI hope this helps."), ("", " thanks")],
    "token": [("", "<|im_end|>"), ("<tool_call>\n", "\n</tool_call>"), ("<\uff5ctool▁call▁begin\uff5c>", "")],
    "both": [("Certainly! The call is:\n```json\n", "\n```\nDone")],
    "tail": [("", "}"), ("", "]}\n"), ("", "\x00\x00"), ("\ufeff", ""), ("{}", ""), ("", "// done"), ("", "\n```")],
}  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, habits: int = 3) -> Damaged:
    value = draw(OBJECTS)
    taken = draw(st.sets(st.sampled_from(HABITS), max_size=habits))
    text = Scribe(draw(st.randoms(use_true_random=False)), taken).write(value)
    before, after = draw(
        st.just(("", ""))
        | st.sampled_from([pair for pairs in WRAPPINGS.values() for pair in pairs])
    )
    return Damaged(before + text + after, len(before + text), value)


@given(damaged())
def test_what_is_recovered_is_what_was_meant(damage: Damaged) -> None:
    recovery = recover(damage.text)
    check(recovery)
    assert recovery.action == "refused" or same(values_of(recovery), [damage.value]), damage


@settings(deadline=None)
@given(damaged())
def test_every_part_of_a_damaged_object_is_refused(damage: Damaged) -> None:
    for end in range(damage.end):
        if (
            damage.text[:end].strip("\ufeff ") != "{}"
        ):  # the placeholder before the object is one itself
            assert_refused(damage.text[:end])


PLAIN = {
    "city": "Paris",
    "days": 3,
    "units": None,
    "text": "one\n\ttwo",
    "tags": ["a", "b"],
    "deep": {"x": [1.0], "on": True},
}


@pytest.mark.parametrize("habit", HABITS)
def test_one_bad_habit_alone_is_recovered(habit: str) -> None:
    changed = 0
    for seed in range(30):
        recovery = recover(Scribe(random.Random(seed), {habit}).write(PLAIN))
        assert same(recovery.value, PLAIN), recovery
        changed += recovery.action == "recovered"
    assert changed > 5


@pytest.mark.parametrize("pair", [pair for pairs in WRAPPINGS.values() for pair in pairs])
def test_what_stands_around_an_object_is_dropped_and_noted(pair: tuple[str, str]) -> None:
    text = json.dumps(PLAIN).join(pair)
    recovery = recover(text)
    assert recovery.action == "recovered"
    assert same(recovery.value, PLAIN)
    assert recovery.raw == text


@given(st.lists(OBJECTS.filter(bool), min_size=2, max_size=4, unique_by=lambda value: json.dumps(value, sort_keys=True)),
       st.sampled_from(["", " ", "\n"]))  # fmt: skip
def test_several_objects_are_several_calls_in_order(values: list[dict[str, Any]], gap: str) -> None:
    recovery = recover(gap.join(map(json.dumps, values)))
    check(recovery)
    assert recovery.action == "split"
    assert same(recovery.calls, values)


# Where two readings differ, and what is no recovery's business.


@pytest.mark.parametrize(
    "text",
    [
        # Two values for one key; one object twice; an empty one that may be a call.
        '{"a": 1, "a": 2}', "{'a': 1, 'a': True}", '{"a": 1}{"a": 1}', '{"a": 1}{}', "{}{}",
        # What follows or comes first may belong to the arguments.
        '{"a": 1}, "b": 2}', '{"a": 1}, b: 2', '{"a": 1} b: 2', '{"a": 1}{"b": ', '{"a": 1} or {"b": 2}',
        '{"a": 1} and "b"', '{"a": 1},{"b": 2}', '{"a": 1}}{"b": 2}', '{"a": 1}"x"', '{"a": 1}x', '{"a": 1} = x',
        'city: Paris, opts: {"a": 1}', 'opts: {"a": 1}', 'get_weather {"a": 1}', 'f({"a": 1})', 'x = {"a": 1}',
        '"args": {"a": 1}', ', {"a": 1}', '["x", {"a": 1}', '[{"a": 1},]', '}{"a": 1}',
        # A quote, a comma, a bracket that is missing may be missing in several places.
        '{"a": "x" "b": 2}', '{"a": "say "hi""}', '{"a": "x, "b": "y"}', "{'a': 'it's'}", '{“a“: “x”}', '{“a": "x”}',
        '{“q”: “x", "y": "z”}', '{"a": [1 2]}', '{"a": [1,,2]}', '{,"a": 1}', '{"a": 1"b": 2}', '{"a": 1]}', '{"a": [1}',
        '{"a": {"b": 1], "c": 2}', '{"a": [[1]}', '{{"a": 1}, {"b": 2}}', '{{"a": "{{x}}"}}', '{"a": [1]]]}',
        # Values and keys that are words, numbers that are not JSON's, expressions, containers with another meaning.
        '{"a": Paris}', '{"a": undefined}', '{true: 1}', '{1: 2}', '{a b: 1}', '{"a"}', '{"a": }', '{"a": 1: 2}',
        '{"a": nan}', "{'a': -inf}", '{"a": 1e999}', '{"a": .5}', '{"a": +1}', '{"a": 0x10}', '{"a": 1_000}',
        '{"a": 1//2\n}', '{"a": 1 + 2}', '{"a": u"x"}', '{"a": ("x")}', '{"a": (1,,)}', '{"a": f(1)}', "{'a': 'b' 'c'}",
        # Backslashes with two meanings.
        r'{"a": "\x41"}', r'{"a": "\a"}', r'{"a": "\0"}', r'{"a": "\u12"}', r'{"a": "\U0001F600"}', r'{"a": "\N{DASH}"}',
        r'{"a": "C:\Users\new"}', r'{"a": "\d\\"}', r'{"a": "\_"}', '{"a": "\\\n"}', r"{'a': '\d\n'}", r'{"a": "it\'s \d"}',
        r'{\"a\": \"x\\ny\"}', r'{\"a": 1}', r'{\"a\": 1}"',
        # Strings that hold an object that is not whole, or more than an object.
        r'"{\"a\": 1"', '"{"a": 1}"', r'"{\"a\": 1}" "x"', r'"{\"a\": 1}', "'{\"a\": 1}", "'x'",
        # Fences, comments and tokens that stay open.
        '```json\n{"a": 1}\n', '``{"a": 1}`', '{"a": 1} /* x', '{"a": 1, // x}', '{"a": 1}<|im_', '{"a": 1}</tool',
        '```\n{"a": 1}\n```\n```\n{"b": 2}\n```', '```\n{"a": 1} x\n```',
        # No object at all; a number that may go on.
        "1", "12.5", "Paris", "null", "None", "", "[1,", "}", "{", "`", "```", "// x", "\ufeff", "<|im_end|>", "()", "{]}",
        # JSON, but no object, and damaged besides.
        '"\\ud83d"', '["\\ud83d"]', '"x"<|im_end|>',
    ],
)  # fmt: skip
def test_these_are_refused(text: str) -> None:
    assert_refused(text)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"a": 1, "a": 2}', "two-readings", "the key 'a' comes twice"),
        ('{"path": "/tmp', "truncated", "inside the string that begins at character 10"),
        ('{"a": [1, 2', "truncated", "inside an object or array"),
        ('{"a": Paris}', "unreadable", "character 7: expected a JSON value, found 'Paris}'"),
        ("", "no-arguments", "may_be_empty"),
        ("hello there", "no-object", "no object"),
        ("hello", "unreadable", "expected an object"),
        ('{"a": ' * 70, "too-deep", "64"),
        ('{"a": 1e999}', "number", "1e999"),
    ],
)
def test_a_refusal_says_what_was_seen_and_where(text: str, code: str, words: str) -> None:
    recovery = recover(text)
    assert recovery.codes[-1] == code
    assert words in recovery.reason


def test_a_step_says_where_it_was_first_taken_and_how_often() -> None:
    notes = recover('{"a": [1,], "b": [2,],}').notes
    assert [note.code for note in notes] == ["trailing-comma"]
    assert notes[0].words.endswith(", at character 9 (3 times)")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": "\\u0007"}', "control-chars"),
        ('{"a": "[1]"}', "string-holds-json"),
        ('{"a": 9007199254740993}', "beyond-2^53"),
        ('{"constructor": {"prototype": {}}}', "suspicious-key"),
        ('{"name": "f", "parameters": {}}', "maybe-wrapped"),
        ("[1]", "not-an-object"),
        ("true", "not-an-object"),
        ("12 ", "not-an-object"),
        ('"x{}"', "not-an-object"),
    ],
)
def test_what_is_odd_is_remarked_and_left_alone(text: str, code: str) -> None:
    recovery = recover(text)
    assert (recovery.action, recovery.codes, recovery.text) == ("valid", [code], text)
    assert recovery.calls == ([recovery.value] if isinstance(recovery.value, dict) else [])


def test_keys_that_only_differ_in_half_characters_are_not_made_one() -> None:
    assert_refused('{"\\ud83d": 1, "\\ud83e": 2}')
    assert recover('{"\\ud83d": "\\ud83d\\ude00"}').value == {"\ufffd": "\U0001f600"}
    assert recover("{'a': '\\ud83d\\ude00\\ud83d'}").value == {"a": "\U0001f600\ufffd"}


# Bounds.


def test_containers_nest_up_to_the_limit_and_no_deeper() -> None:
    for opening, closing in (('{"a":', "}"), ("{'a':", "}"), ("{{'a':", "}}")):
        times = MAX_DEPTH // opening.count("{")
        assert recover(opening * times + "1" + closing * times).action != "refused"
        assert recover(opening * (times + 1) + "1" + closing * (times + 1)).codes[-1] == "too-deep"
    assert recover('{"a":' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}").action == "valid"
    assert recover('{"a":"' + "[" * 500 + '"}').action == "valid"
    assert recover('{"a":[' + "[]," * 500 + "{}]}").action == "valid"


def test_a_text_over_the_limit_is_not_looked_at() -> None:
    assert recover('{"a": "' + "x" * MAX_CHARS + '"}').codes == ["too-large"]


def test_a_hostile_text_is_recovered_or_refused_like_any_other() -> None:
    hostile = pytest.importorskip("benchmarks.growth").MALFORMED
    for make in hostile.values():
        check(recover(make(6_000)))
