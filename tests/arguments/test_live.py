"""The live value of argument text: what it is in the end, what it is on the way, and that no cut changes it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from corpus import CAPTURES, require
from hypothesis import given
from hypothesis import strategies as st
from strategies import OBJECTS, chunk, continuing, cut_text, opening, sse, tell

from streamnorm import LocalError, Normalizer
from streamnorm.arguments.live import Completed, LiveArguments, pointer_of
from streamnorm.arguments.prefix import is_prefix
from streamnorm.events import ArgumentsDelta, FieldCompleted, ToolCallFinished

EVERYTHING = (
    '{"a": [1, -2.5e3, true, null, false, "x\\ud83d\\ude00y\\n\\u00e9\\/", {"b/c~": {}}], "": "",'
    ' "n": 12345678901234567890, "e": [ ], "f" : -0.5}'
)


def read(pieces: Iterable[str]) -> tuple[LiveArguments, list[Completed]]:
    live = LiveArguments()
    return live, [done for piece in pieces for done in live.feed(piece)]


def values_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[Any, Any]]:
    """Every value in a value, in the order in which they are whole in its text."""
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    found = [item for key, member in inner for item in values_in(member, (*path, key))]
    return [*found, (path, value)]


def is_prefix_of(early: Any, late: Any) -> bool:
    """`early` may have been what `late` was on the way."""
    if isinstance(early, dict) and isinstance(late, dict):
        names = list(early)
        known = all(is_prefix_of(early[name], late[name]) for name in names if name in late)
        return known and list(late)[: len(names)] == names
    if isinstance(early, list) and isinstance(late, list):
        return len(early) <= len(late) and all(map(is_prefix_of, early, late))
    if isinstance(early, str) and isinstance(late, str):
        return late.startswith(early)
    if isinstance(early, int | float) and isinstance(late, int | float):
        return True  # its digits are checked where the text is at hand
    return bool(early == late)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1, 1.0 and true are three things."""
    return json.dumps(one) == json.dumps(other)


@given(OBJECTS, st.booleans(), st.data())
def test_in_the_end_it_is_what_json_reads_and_every_value_was_whole_once(
    value: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    live, completed = read(cut_text(data.draw, text))
    assert same(live.value, value)
    assert live.complete
    assert live.open_path is None
    assert [(done.path, done.value) for done in completed] == values_in(value)


@given(OBJECTS, st.data())
def test_on_the_way_it_is_a_prefix_of_the_end(value: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 1])))
    live = LiveArguments()
    early = LiveArguments()
    for at, char in enumerate(text):
        live.feed(char)
        assert live.ok
        assert is_prefix_of(live.value, value) or live.value is None
        assert (live.open_path is None) == (at == len(text) - 1)
    early.feed(text[: data.draw(st.integers(0, len(text)))])
    assert early.value is None or is_prefix_of(early.value, value)


def test_no_cut_changes_anything() -> None:
    whole, completed = read([EVERYTHING])
    assert same(whole.value, json.loads(EVERYTHING))
    for at in range(1, len(EVERYTHING)):
        live, done = read([EVERYTHING[:at], EVERYTHING[at:]])
        assert same(live.value, whole.value)
        assert done == completed
        one_by_one, _ = read(EVERYTHING[:at])
        at_once, _ = read([EVERYTHING[:at]])
        assert same(one_by_one.value, at_once.value)
        assert one_by_one.open_path == at_once.open_path


def test_it_may_be_looked_at_as_often_as_one_likes() -> None:
    live = LiveArguments()
    for char in EVERYTHING:
        live.feed(char)
        assert live.value is live.value or isinstance(live.value, str | int | float | None)
    assert same(live.value, json.loads(EVERYTHING))


def test_a_look_at_the_value_moves_nothing() -> None:
    looked_at, let_be = LiveArguments(), LiveArguments()
    for char in EVERYTHING:
        assert looked_at.feed(char) == let_be.feed(char)
        assert looked_at.value is not None
        assert looked_at.open_path == let_be.open_path
    assert same(looked_at.value, let_be.value)


def test_what_is_shown_of_a_long_number_does_not_depend_on_the_cuts() -> None:
    text = "[" + "1" * 2_000
    for size in (1, 7, 390, len(text)):
        live, _ = read(text[at : at + size] for at in range(0, len(text), size))
        assert live.value == [int("1" * 400)]
        assert live.open_path == (0,)


@pytest.mark.parametrize(
    ("text", "value", "open_path"),
    [
        ("", None, ()),
        ("{", {}, ()),
        ('{"ci', {}, ()),
        ('{"city"', {}, ()),
        ('{"city":', {}, ()),
        ('{"city": "', {"city": ""}, ("city",)),
        ('{"city": "Par', {"city": "Par"}, ("city",)),
        ('{"city": "Paris\\', {"city": "Paris"}, ("city",)),
        ('{"city": "\\ud83d', {"city": ""}, ("city",)),
        ('{"city": "\\ud83dx', {"city": "\ufffdx"}, ("city",)),
        ('{"city": "\\ude00', {"city": "\ufffd"}, ("city",)),
        ('{"city": "Paris"', {"city": "Paris"}, ()),
        ('{"days": -', {}, ("days",)),
        ('{"days": 1', {"days": 1}, ("days",)),
        ('{"days": 1.', {"days": 1}, ("days",)),
        ('{"days": 1.5e', {"days": 1.5}, ("days",)),
        ('{"days": 15,', {"days": 15}, ()),
        ('{"sure": tru', {}, ("sure",)),
        ('{"sure": true', {"sure": True}, ()),
        ('{"list": [', {"list": []}, ("list",)),
        ('{"list": [1, -', {"list": [1]}, ("list", 1)),
        ('{"list": [1, 2', {"list": [1, 2]}, ("list", 1)),
        ('{"list": [1, 2]', {"list": [1, 2]}, ()),
        ('{"a": {"b": {"c/~": "x', {"a": {"b": {"c/~": "x"}}}, ("a", "b", "c/~")),
        ('"x', "x", ()),
        ("12", 12, ()),
    ],
)
def test_what_is_known_of_a_text_so_far(
    text: str, value: Any, open_path: tuple[str | int, ...]
) -> None:
    live, _ = read([text])
    assert same(live.value, value)
    assert live.open_path == open_path
    assert live.ok


def test_a_path_is_written_as_a_pointer() -> None:
    assert pointer_of(()) == ""
    assert pointer_of(("a", 0, "b/c~")) == "/a/0/b~1c~0"


def test_a_name_that_comes_twice_is_told_and_the_last_value_holds() -> None:
    live, completed = read(['{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}'])
    assert live.value == {"a": 3, "b": {"c": 2}}
    assert live.duplicates == [("b", "c"), ("a",)]
    assert [done.value for done in completed if done.path == ("a",)] == [1, 3]


@pytest.mark.parametrize("text", ['{"a": 1} x', '{"a" 1}', "{'a'", '{"a": 01', '{"a": [1,]', "x"])
def test_what_is_no_json_ends_it_and_the_value_stays(text: str) -> None:
    live, _ = read(text)
    assert not live.ok
    before = live.value
    assert live.feed('"b": 2}') == []
    assert live.value == before


def test_nothing_in_a_text_takes_it_long_or_down() -> None:
    for text in (
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 200_000,
        '"' + "\\ud83d" * 50_000,
        '{"' + "k" * 100_000 + '": [' + "1," * 50_000,
        '{"a": 1, ' * 1 + '"a": 1, ' * 50_000,
        "-" + "1" * 10_000 + "e" + "9" * 10_000 + ",",
    ):
        live, _ = read(text[at : at + 7] for at in range(0, len(text), 7))
        assert live.value is not None or not live.ok or text[0] == "-"
        assert live.ok == is_prefix(text)


@cache
def captured() -> list[str]:
    """The argument texts of calls in recorded streams."""
    streams = json.loads(require(CAPTURES / "index.json").read_text("utf-8"))["streams"]
    texts = set()
    for entry in streams:
        if entry["tool_calls"] and entry["dialect"] in ("chat", "anthropic", "responses"):
            told = tell((CAPTURES / entry["file"]).read_bytes(), dialect=entry["dialect"])
            for choice in told.result.choices:
                texts |= {call.arguments for call in choice.message.tool_calls if call.complete}
    return sorted(texts)


def test_captured_arguments_come_to_what_json_reads_on_every_way() -> None:
    assert len(captured()) > 150
    for text in captured():
        try:
            value = json.loads(text)
        except ValueError:
            continue  # a custom tool's input
        if not isinstance(value, dict):
            continue
        live = LiveArguments()
        completed: list[Completed] = []
        step = 1 if len(text) < 2_000 else 97
        for start in range(0, len(text), step):
            completed += live.feed(text[start : start + step])
            assert live.value is None or is_prefix_of(live.value, value)
        assert same(live.value, value)
        assert [(done.path, done.value) for done in completed] == values_in(value)
        for at in itertools.islice(range(1, len(text)), 0, None, max(1, len(text) // 50)):
            assert read([text[:at], text[at:]])[1] == completed


# In a stream.


def test_a_stream_tells_of_each_value_right_behind_the_fragment_that_completed_it() -> None:
    fragments = ['{"city": "Par', 'is", "days": 3', "}"]
    body = sse(
        [
            chunk({"role": "assistant"}),
            chunk({"tool_calls": [opening(0, "call_1", "get_weather")]}),
            *(chunk({"tool_calls": [continuing(0, fragment)]}) for fragment in fragments),
            chunk({}, "tool_calls"),
        ]
    )
    told = [
        event.pointer if isinstance(event, FieldCompleted) else event.fragment
        for event in tell(body, live=True).events
        if isinstance(event, FieldCompleted | ArgumentsDelta)
    ]
    assert told == [fragments[0], fragments[1], "/city", fragments[2], "/days", ""]
    quiet = tell(body)
    loud = tell(body, live=True)
    assert quiet.account == loud.account
    assert quiet.events == [e for e in loud.events if not isinstance(e, FieldCompleted)]


def test_the_value_so_far_may_be_asked_for() -> None:
    normalizer = Normalizer(live=True)
    normalizer.feed(
        sse([chunk({"tool_calls": [opening(0, "c", "f", '{"city": "Par')]})], done=False)
    )
    live = normalizer.live_arguments(0)
    assert live is not None
    assert live.value == {"city": "Par"}
    assert live.open_path == ("city",)
    assert normalizer.live_arguments(1) is None
    with pytest.raises(LocalError, match="live=True"):
        Normalizer().live_arguments(0)


@pytest.mark.parametrize("dialect", ["chat", "anthropic", "responses", "gemini"])
def test_one_reader_serves_every_dialect(dialect: str) -> None:
    streams = json.loads(require(CAPTURES / "index.json").read_text("utf-8"))["streams"]
    entries = [e for e in streams if e["dialect"] == dialect and e["tool_calls"]][:60]
    assert entries
    for entry in entries:
        told = tell((CAPTURES / entry["file"]).read_bytes(), dialect=dialect, live=True)
        last: dict[tuple[int, int], Any] = {
            (event.choice, event.index): event.value
            for event in told.events
            if isinstance(event, FieldCompleted) and event.path == ()
        }
        for event in told.events:
            if isinstance(event, ToolCallFinished) and (event.choice, event.index) in last:
                assert same(last[event.choice, event.index], json.loads(event.arguments))
            elif isinstance(event, ToolCallFinished):
                assert not event.complete or not event.arguments.startswith("{")
