"""Calls that leaked into the text of a stream become calls, where somebody asked for it; all else about the stream stays."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from corpus import FACTS, facts
from strategies import Told, chunk, judge, opening, sse, tell

from streamnorm.leaks import FORMATS

FIXTURES = Path(__file__).parent.parent / "fixtures" / "repairs"

WEATHER = ("get_weather", {"city": "Paris"})
FORECAST = ("get_weather", {"city": "Paris", "days": 3})

#: What the text of each fixture comes to: text, reasoning, calls.
MEANT: dict[str, tuple[str | None, str | None, list[tuple[str, Any]]]] = {
    "leak-hermes": ("I will look.\n", None, [WEATHER, ("get_time", {})]),
    "leak-qwen-xml": (None, None, [FORECAST]),
    "leak-glm": (None, None, [FORECAST]),
    "leak-python-tag": (None, None, [WEATHER]),
    "leak-bare-json": (None, None, [WEATHER]),
    "leak-mistral": (None, None, [WEATHER, ("get_time", {})]),
    "leak-deepseek": (None, None, [FORECAST]),
    "leak-kimi": ("One moment.", None, [WEATHER]),
    "leak-harmony": (None, "The weather, then.", [WEATHER]),
    "leak-functionary": ("I will look.", None, [WEATHER]),
    "leak-empower": (None, "The weather, then.", [WEATHER]),
}


def spoken(parts: Sequence[str], finish: str = "stop", key: str = "content") -> bytes:
    """A stream that says these parts, one in each delta."""
    deltas = [{key: part} for part in parts]
    return sse([chunk({"role": "assistant"}), *map(chunk, deltas), chunk({}, finish)])


def text_of(code: str) -> str:
    """All the text in a fixture's stream."""
    return tell((FIXTURES / f"{code}.sse").read_bytes()).result.message.content or ""


def meaning(told: Told) -> tuple[str | None, str | None, list[tuple[str, Any]]]:
    message = told.result.message
    calls = [(call.name, json.loads(call.arguments)) for call in message.tool_calls]
    return message.content, message.reasoning_content, calls


def examples() -> list[tuple[str, str]]:
    """The text of each example of a leak in the catalogue of quirks; none where there is no corpus."""
    found: list[tuple[str, str]] = []
    if not (FACTS / "quirks.json").exists():
        return found
    for quirk in facts("quirks.json"):
        if quirk["axis"] == "leak":
            for line in quirk["example_lines"]:
                content = json.loads(line["line"])["choices"][0]["delta"].get("content")
                if content:
                    found.append((quirk["id"], content))
    return found


def test_every_format_has_a_fixture_here() -> None:
    assert MEANT.keys() == FORMATS.keys()


@pytest.mark.parametrize("code", MEANT)
def test_a_leaked_call_is_a_call(code: str) -> None:
    told = judge((FIXTURES / f"{code}.sse").read_bytes(), repairs=[code])
    assert meaning(told) == MEANT[code]
    assert told.complete
    assert all(call.complete for call in told.result.message.tool_calls)
    assert told.result.choices[0].finish_reason == "tool_calls"
    assert told.codes == {code, "finish-stop-with-calls"}


@pytest.mark.parametrize("code", MEANT)
def test_nothing_changes_where_nobody_asked(code: str) -> None:
    body = (FIXTURES / f"{code}.sse").read_bytes()
    told = judge(body)
    assert told.result.message.tool_calls == []
    assert told.codes == set()
    others = [other for other in MEANT if other not in (code, "leak-qwen-xml", "leak-functionary")]
    assert judge(body, repairs=others).result.message.tool_calls == []


@pytest.mark.parametrize("code", MEANT)
def test_all_formats_may_be_on_at_once(code: str) -> None:
    assert meaning(judge((FIXTURES / f"{code}.sse").read_bytes(), repairs=[*MEANT])) == MEANT[code]


@pytest.mark.parametrize("code", MEANT)
def test_the_text_may_be_cut_anywhere(code: str) -> None:
    text = text_of(code)
    for at in range(1, len(text)):
        assert meaning(tell(spoken([text[:at], text[at:]]), repairs=[code])) == MEANT[code], at
    assert meaning(judge(spoken([*text]), repairs=[code])) == MEANT[code]


@pytest.mark.parametrize(("quirk", "text"), examples())
def test_the_catalogues_example_is_the_same_wherever_it_is_cut(quirk: str, text: str) -> None:
    whole = tell(spoken([text]), repairs=[*MEANT])
    assert whole.result.message.tool_calls, quirk
    for at in range(1, len(text)):
        told = tell(spoken([text[:at], text[at:]]), repairs=[*MEANT])
        assert told.result == whole.result
        assert told.codes == whole.codes


@pytest.mark.parametrize("code", MEANT)
@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_call_that_is_cut_is_never_complete(code: str, finish: str) -> None:
    text = text_of(code)
    whole = json.dumps(MEANT[code][2])
    for at in range(len(text)):
        told = judge(spoken([text[:at]], finish), repairs=[code])
        for name, arguments in [
            (call.name, call.arguments) for call in told.result.message.tool_calls if call.complete
        ]:
            assert json.dumps([name, json.loads(arguments)]) in whole, at


@pytest.mark.parametrize("code", [code for code, row in FORMATS.items() if row.in_reasoning])
def test_where_a_format_is_seen_in_reasoning_its_calls_are_found_there(code: str) -> None:
    told = judge(spoken([*text_of(code)], key="reasoning_content"), repairs=[code])
    text, _, calls = MEANT[code]
    assert meaning(told) == (None, text, calls)


@pytest.mark.parametrize("code", [code for code, row in FORMATS.items() if not row.in_reasoning])
def test_other_reasoning_about_calls_is_reasoning(code: str) -> None:
    text = text_of(code)
    assert meaning(judge(spoken([text], key="reasoning_content"), repairs=[code])) == (
        None,
        text,
        [],
    )


def test_where_calls_come_as_calls_what_looks_like_one_is_text() -> None:
    text = text_of("leak-hermes")
    call = chunk({"tool_calls": [opening(0, "call_1", "get", '{"a": 1}')]})
    body = sse(
        [chunk({"role": "assistant"}), call, chunk({"content": text}), chunk({}, "tool_calls")]
    )
    assert meaning(judge(body, repairs=["leak-hermes"])) == (text, None, [("get", {"a": 1})])


def test_a_call_of_its_own_may_follow_one_that_leaked() -> None:
    text = text_of("leak-hermes")
    call = chunk({"tool_calls": [opening(0, "call_1", "get", '{"a": 1}')]})
    body = sse([chunk({"role": "assistant", "content": text}), call, chunk({}, "tool_calls")])
    calls = [WEATHER, ("get_time", {}), ("get", {"a": 1})]
    assert meaning(judge(body, repairs=["leak-hermes"]))[2] == calls


def test_only_what_was_offered_is_called() -> None:
    body = spoken([text_of("leak-hermes")])
    told = judge(body, repairs=["leak-hermes"], tools=["get_time"])
    assert meaning(told)[2] == [("get_time", {})]
    assert "get_weather" in (told.result.message.content or "")


def test_a_schema_says_what_a_value_without_quotes_is() -> None:
    properties = {"city": {"type": "string"}, "days": {"type": "string"}}
    parameters = {"type": "object", "properties": properties}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    for code in ("leak-qwen-xml", "leak-glm"):
        told = judge(spoken([text_of(code)]), repairs=[code], tools=[tool])
        assert meaning(told)[2] == [("get_weather", {"city": "Paris", "days": "3"})]


def test_reasoning_in_tags_comes_first_and_calls_in_it_are_thoughts() -> None:
    text = f"<think>{text_of('leak-hermes')}</think>" + text_of("leak-hermes")
    told = judge(spoken([*text]), repairs=["leak-hermes", "think-tags"])
    assert meaning(told) == (
        "I will look.\n",
        text_of("leak-hermes"),
        [WEATHER, ("get_time", {})],
    )
    assert told.codes == {"leak-hermes", "think-tags", "finish-stop-with-calls"}


def test_choices_do_not_mix() -> None:
    text = text_of("leak-hermes")
    parts = [text[:40], text[40:]]
    body = sse(
        [
            *(chunk({"role": "assistant"}, index=at) for at in (0, 1)),
            *(chunk({"content": part}, index=at) for part in parts for at in (0, 1)),
            *(chunk({}, "stop", index=at) for at in (0, 1)),
        ]
    )
    told = judge(body, repairs=["leak-hermes"])
    for choice in told.result.choices:
        assert [call.name for call in choice.message.tool_calls] == ["get_weather", "get_time"]


def test_text_that_merely_looks_similar_is_handed_on_as_it_is() -> None:
    rng = random.Random(7)
    markers = sorted({m for row in FORMATS.values() for m in (*row.openings, *row.beginnings)})
    for _ in range(1_500):
        scraps = [rng.choice(markers)[: rng.randint(1, 6)] for _ in range(rng.randint(1, 5))]
        text = " ".join(["x", *scraps, "y"])
        if any(marker in text for marker in markers):
            continue
        cuts = sorted(rng.sample(range(1, len(text)), min(3, len(text) - 1)))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        told = tell(spoken(parts), repairs=[*MEANT])
        assert told.result.message.content == text
        assert told.codes == set()
