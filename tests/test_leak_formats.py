"""Calls that leaked into the text: found in every format, however the text is cut, and nothing else touched."""

# ruff: noqa: RUF001 - these tokens are spelled with full-width bars

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable
from typing import Any

import pytest

from streamnorm.leaks import (
    FORMATS,
    CallFragment,
    CallOpened,
    Dropped,
    LeakReader,
    Part,
    Text,
)
from streamnorm.leaks.parts import joined
from streamnorm.leaks.source import MAX_HEAD, MAX_HOLD
from streamnorm.leaks.teller import MAX_BLANK

ALL = tuple(FORMATS)
MARKERS = sorted({m for row in FORMATS.values() for m in (*row.openings, *row.beginnings)})
LONGEST = max(map(len, MARKERS))


def read(pieces: Iterable[str], codes: Iterable[str] = ALL, **options: Any) -> list[Part]:
    """What a reader tells of `pieces`, neighbours joined."""
    reader = LeakReader([*codes], **options)
    told = [part for piece in pieces for part in reader.feed(piece)] + reader.close()
    assert all(part[0] for part in told)
    assert reader.idle
    return list(joined(told))


def told(*parts: Any) -> list[Part]:
    """Parts in short: a str is text, a pair a call of the code before it, anything else a part."""
    code, found = "", list[Part]()
    for part in parts:
        if isinstance(part, str) and part.startswith("leak-"):
            code = part
        elif isinstance(part, str):
            found.append(Text(part))
        elif type(part) is tuple:
            name, arguments, *more = part
            found.append(CallOpened(code, name, *more))
            found += [CallFragment(arguments)] if arguments else []
        else:
            found.append(part)
    return found


def cuts(text: str) -> Iterable[list[str]]:
    """Every cut in two, and one character at a time."""
    yield [text]
    yield list(text)
    for at in range(1, len(text)):
        yield [text[:at], text[at:]]


def cut_at_random(rng: random.Random, text: str) -> list[str]:
    if rng.random() < 0.2:
        return list(text)
    at = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randint(0, 6)))
    return [text[a:b] for a, b in itertools.pairwise([0, *at, len(text)])]


CITY = '{"city": "Paris"}'
HARD = '{"a": "}\\"{[</tool_call>", "b": [1, {"c": "\\\\"}], "é": "\U0001f600\\u00e9"}'
DS_BEGIN, DS_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
DS_CALL, DS_SEP, DS_CALL_END = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"
KIMI_BEGIN, KIMI_END = "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"
KIMI_CALL, KIMI_ARGS = "<|tool_call_begin|>", "<|tool_call_argument_begin|>"
DSML = "｜DSML｜"
TWO_LINES = "x\ny"


def parameter(name: str, value: str, string: str) -> str:
    attribute = f' string="{string}"' if string else ""
    return f'<{DSML}parameter name="{name}"{attribute}>{value}</{DSML}parameter>'


#: A text, and what is in it.
EXAMPLES: list[tuple[str, list[Part]]] = [
    # hermes
    (
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
        told("leak-hermes", ("get_weather", CITY)),
    ),
    (
        f'Let me look.\n<tool_call>{{"name":"f","arguments":{HARD}}}</tool_call>\n<tool_call>\n'
        '{"id": "c1", "x": [{}, "]"], "name": "g", "parameters": {}, "y": {"z": -1e5}, "n": null}\n'
        "</tool_call>\n",
        told("Let me look.\n", "leak-hermes", ("f", HARD), ("g", "{}", "c1")),
    ),
    (
        '<tool_call>{"arguments": {"a": 1}, "name": "f", "id": "late"}</tool_call> \n Done.',
        told("leak-hermes", ("f", '{"a": 1}'), " \n Done."),
    ),
    (
        '<tool_call> {"name": "f", "arguments": "{\\"a\\": \\"b\\\\\\"\\"}"} </tool_call>',
        told("leak-hermes", ("f", '"{\\"a\\": \\"b\\\\\\"\\"}"')),
    ),
    ('<tool_call>{"name": "f"}</tool_call>', told("leak-hermes", ("f", "{}"))),
    (
        '<tool_call>{"type": "function", "function": {"name": "f", "arguments": {}}}</tool_call>.',
        told("leak-hermes", ("f", "{}"), "."),
    ),
    # One bracket too few; and what belongs to no call.
    (
        '<tool_call>{"name": "f", "arguments": {"a": 1}</tool_call>',
        told("leak-hermes", ("f", '{"a": 1}')),
    ),
    (
        '<tool_call>{"name": "f", "arguments": {}}, and so on',
        told("leak-hermes", ("f", "{}"), ", and so on"),
    ),
    # qwen-xml
    (
        "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>",
        told("leak-qwen-xml", ("f", '{"a": 1}')),
    ),
    (
        "Hm.<function=f>\n<parameter=a>\n\nx\n <b>\\\n\n</parameter>\n<parameter=k e>"
        '{"x": [1]}</parameter><parameter=n></parameter></function>\n\n<function=g></function>',
        told(
            "Hm.",
            "leak-qwen-xml",
            ("f", '{"a": "\\nx\\n <b>\\\\\\n", "k e": {"x": [1]}, "n": ""}'),
            ("g", "{}"),
        ),
    ),
    (
        "<tool_call><function=f><parameter=a>5</parameter></tool_call>",
        told("leak-qwen-xml", ("f", '{"a": 5}')),
    ),
    # glm
    (
        "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
        told("leak-glm", ("f", '{"a": 1}')),
    ),
    (
        "<tool_call>f<arg_key>a b</arg_key><arg_value>\nx < y\n</arg_value><arg_key>b</arg_key>"
        '<arg_value>"q"</arg_value></tool_call><tool_call>g</tool_call>',
        told("leak-glm", ("f", '{"a b": "\\nx < y\\n", "b": "q"}'), ("g", "{}")),
    ),
    # python-tag
    ('<|python_tag|>{"name": "f", "parameters": {}}', told("leak-python-tag", ("f", "{}"))),
    (
        '<|python_tag|>{"name": "f", "parameters": {"a": 1}}; {"name": "g", "parameters": {}}\n'
        '{"type": "function", "name": "h", "parameters": {"x": "}"}}<|eom_id|>',
        told("leak-python-tag", ("f", '{"a": 1}'), ("g", "{}"), ("h", '{"x": "}"}')),
    ),
    (
        '<|python_tag|>brave_search.call(query="x")',
        told('<|python_tag|>brave_search.call(query="x")'),
    ),
    # bare-json
    (
        '\n{"name": "f", "parameters": {"a": {}}}',
        told("\n", "leak-bare-json", ("f", '{"a": {}}')),
    ),
    (
        '{"type": "function", "name": "f", "parameters": {}};{"type":"function","function":{"name":'
        '"g","arguments":{"b":[2]}}}\n{"function": "h", "parameters": {}}',
        told("leak-bare-json", ("f", "{}"), ("g", '{"b":[2]}'), ("h", "{}")),
    ),
    (
        '{"name": "f", "parameters": {}}; {"name": 1}',
        told("leak-bare-json", ("f", "{}"), '; {"name": 1}'),
    ),
    # mistral
    ('[TOOL_CALLS][{"name": "f", "arguments": {}}]', told("leak-mistral", ("f", "{}"))),
    (
        f'[TOOL_CALLS] [{{"name": "f", "arguments": {HARD}, "id": "x"}}, '
        '{"id": "abcdefghi", "name": "g", "arguments": {}} ] </s>',
        told("leak-mistral", ("f", HARD), ("g", "{}", "abcdefghi")),
    ),
    (
        'So: [TOOL_CALLS]f{"a": 1}[TOOL_CALLS]g[ARGS]{"b": []}[TOOL_CALLS]h[CALL_ID]a1[ARGS]{}</s>',
        told("So: ", "leak-mistral", ("f", '{"a": 1}'), ("g", '{"b": []}'), ("h", "{}", "a1")),
    ),
    # deepseek
    (
        f'{DS_BEGIN}{DS_CALL}function{DS_SEP}f\n```json\n{{"a": "```"}}\n```{DS_CALL_END}\n{DS_CALL}'
        f"function{DS_SEP}g\n```json\n{{}}\n```{DS_CALL_END}{DS_END}<｜end▁of▁sentence｜>",
        told("leak-deepseek", ("f", '{"a": "```"}'), ("g", "{}")),
    ),
    (
        f'Ja.{DS_BEGIN}{DS_CALL}f{DS_SEP}{{"a": 1}}{DS_CALL_END}{DS_CALL}g{DS_SEP}{{}}{DS_CALL_END}'
        f"{DS_END}",
        told("Ja.", "leak-deepseek", ("f", '{"a": 1}'), ("g", "{}")),
    ),
    (
        f'<{DSML}tool_calls>\n<{DSML}invoke name="f">\n{parameter("a", TWO_LINES, "true")}\n'
        f"{parameter('b', '[1, {}]', 'false')}\n{parameter('c', '7', 'true')}\n</{DSML}invoke>\n"
        f'<{DSML}invoke name="g">\n</{DSML}invoke>\n</{DSML}tool_calls>',
        told("leak-deepseek", ("f", '{"a": "x\\ny", "b": [1, {}], "c": "7"}'), ("g", "{}")),
    ),
    (
        f'<{DSML}function_calls><{DSML}invoke name="f">{parameter("a", "7", "")}</{DSML}invoke>'
        f"</{DSML}function_calls>!",
        told("leak-deepseek", ("f", '{"a": 7}'), "!"),
    ),
    (
        f'<{DSML}tool_calls>\n<{DSML}invoke name="get_weather">',
        told("leak-deepseek", ("get_weather", "{")),
    ),
    # kimi
    (
        f"{KIMI_BEGIN}{KIMI_CALL}functions.f:0{KIMI_ARGS}{{}}<|tool_call_end|>",
        told("leak-kimi", ("f", "{}", "functions.f:0")),
    ),
    (
        f"{KIMI_CALL}functions.a.b:0{KIMI_ARGS}{CITY}<|tool_call_end|>{KIMI_CALL}functions.g:11"
        f"{KIMI_ARGS} {{}}<|tool_call_end|>{KIMI_END}Gut.",
        told("leak-kimi", ("a.b", CITY, "functions.a.b:0"), ("g", "{}", "functions.g:11"), "Gut."),
    ),
    # harmony
    (
        'commentary to=functions.get_weather json{"city":"Paris"}',
        told("leak-harmony", ("get_weather", '{"city":"Paris"}')),
    ),
    (
        'assistantcommentary to=functions.f json{"a": "}"}',
        told("leak-harmony", ("f", '{"a": "}"}')),
    ),
    (
        "<|channel|>analysis<|message|>Hm. a < b <tool_call><|end|><|start|>assistant<|channel|>"
        "commentary to=functions.f <|constrain|>json<|message|>{}<|call|>",
        told(
            Dropped("leak-harmony"),
            Text("Hm. a < b <tool_call>", True),
            "leak-harmony",
            ("f", "{}"),
        ),
    ),
    (
        "<|start|>assistant<|channel|>commentary<|message|>I look.<|end|><|start|>assistant"
        ' to=functions.f<|channel|>commentary json<|message|>{"a": 1}<|call|>'
        "<|start|>assistant<|channel|>final<|message|>So.\n<|return|>",
        told(
            Dropped("leak-harmony"),
            "I look.",
            "leak-harmony",
            ("f", '{"a": 1}'),
            Dropped("leak-harmony"),
            "So.\n",
        ),
    ),
    # functionary
    (
        '>>>all\nI look >> now.>>>f\n{"a": 1}>>>g\n{}',
        told(
            Dropped("leak-functionary"),
            "I look >> now.",
            "leak-functionary",
            ("f", '{"a": 1}'),
            ("g", "{}"),
        ),
    ),
    (
        'Ja<function=f>{"a": 1}</function><function=g>{}</function>\n',
        told("Ja", "leak-functionary", ("f", '{"a": 1}'), ("g", "{}")),
    ),
    (
        "<|from|>assistant\n<|recipient|>all\n<|content|>I look.<|stop|>"
        "<|from|>assistant\n<|recipient|>f\n<|content|>{}<|stop|>",
        told(Dropped("leak-functionary"), "I look.", "leak-functionary", ("f", "{}")),
    ),
    (">>> print(1)\n1\n>>> x\n", told(">>> print(1)\n1\n>>> x\n")),
    # empower
    ('<f>[{"name": "f", "arguments": {}}]', told("leak-empower", ("f", "{}"))),
    (
        '<thinking>Hm <f></thinking>\n<f>[{"name": "f", "arguments": "{\\"a\\": 1}"},\n'
        '{"name": "g", "arguments": {}}]\n',
        told(
            Dropped("leak-empower"),
            Text("Hm <f>", True),
            "leak-empower",
            ("f", '"{\\"a\\": 1}"'),
            ("g", "{}"),
        ),
    ),
    ('<f>{"name": "f", "arguments": {}}', told("leak-empower", ("f", "{}"))),
    ("<c>Hello <c>", told(Dropped("leak-empower"), "Hello <c>")),
    (" a <f>[] <c>", told(" a <f>[] <c>")),
]


@pytest.mark.parametrize(("text", "parts"), EXAMPLES, ids=[text[:40] for text, _ in EXAMPLES])
def test_each_format_is_read_however_it_is_cut(text: str, parts: list[Part]) -> None:
    own = sorted({part.code for part in parts if isinstance(part, CallOpened | Dropped)})
    for pieces in cuts(text):
        assert read(pieces) == parts, pieces
        assert read(pieces, own) == (parts if own else [Text(text)]), pieces


@pytest.mark.parametrize("code", ALL)
def test_a_format_that_was_not_asked_for_is_text(code: str) -> None:
    for text, parts in EXAMPLES:
        if all(part.code != code for part in parts if isinstance(part, CallOpened | Dropped)):
            assert read([text], [code]) == [Text(text)]


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES])
def test_other_tools_than_the_declared_are_text(text: str) -> None:
    for pieces in ([text], list(text)):
        found = read(pieces, tools={"other": None})
        assert not any(isinstance(part, CallOpened) for part in found)
        if not any(isinstance(part, Dropped) for part in found):
            assert found == [Text(text)]
    found = read([text], tools=dict.fromkeys([*"fgh", "get_weather", "a.b"]))
    assert found == read([text])


#: For each format a call with arguments that go on and on.
LONG = {
    "leak-hermes": '<tool_call>{"name": "f", "arguments": {"a": "',
    "leak-qwen-xml": "<tool_call><function=f><parameter=a>long: ",
    "leak-glm": "<tool_call>f<arg_key>a</arg_key><arg_value>long: ",
    "leak-python-tag": '<|python_tag|>{"name": "f", "parameters": {"a": "',
    "leak-bare-json": '{"name": "f", "parameters": {"a": "',
    "leak-mistral": '[TOOL_CALLS]f[ARGS]{"a": "',
    "leak-deepseek": f'<{DSML}tool_calls><{DSML}invoke name="f"><{DSML}parameter name="a" string="true">',
    "leak-kimi": f'{KIMI_CALL}functions.f:0{KIMI_ARGS}{{"a": "',
    "leak-harmony": '<|channel|>commentary to=functions.f<|message|>{"a": "',
    "leak-functionary": '>>>f\n{"a": "',
    "leak-empower": '<f>[{"name": "f", "arguments": {"a": "',
}


@pytest.mark.parametrize("code", ALL)
def test_the_arguments_stream_and_stay_unfinished_where_the_text_ends(code: str) -> None:
    reader = LeakReader([code], {"f": None})
    first = reader.feed(LONG[code])
    assert first[0] == CallOpened(code, "f", *(["functions.f:0"] if code == "leak-kimi" else []))
    for word in ("one ", "two ", "thr"):
        assert reader.feed(word) == [CallFragment(word)]
    assert not reader.idle
    assert reader.close() == []
    assert reader.idle
    assert reader.feed("after") == [Text("after")]


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES])
def test_a_call_that_is_cut_off_is_the_beginning_of_the_whole(text: str) -> None:
    whole = read([text])
    names = [part for part in whole if isinstance(part, CallOpened)]
    for size in range(len(text)):
        found = read([text[:size]])
        assert found == read(list(text[:size]))
        opened = [part for part in found if isinstance(part, CallOpened)]
        assert opened == names[: len(opened)]
        if not any(isinstance(part, CallOpened | Dropped) for part in found):
            assert found == ([Text(text[:size])] if size else [])


# What a parameter's value is.


def xml(value: str, schema: Any = None) -> str:
    """The arguments made of one value."""
    tools = {"f": {"properties": {"a": schema}}} if schema is not None else None
    text = f"<function=f><parameter=a>\n{value}\n</parameter></function>"
    whole = read([text], tools=tools)
    size = 1 + len(text) // 1000
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert read(pieces, tools=tools) == whole
    assert isinstance(whole[1], CallFragment)
    return whole[1].fragment.removeprefix('{"a": ').removesuffix("}")


@pytest.mark.parametrize(
    "value", ["5", "[1, 2]", "null", '"x"', "true", "-1.5e3", '{"a": {}}', " 7 "]
)
def test_a_value_that_is_json_stays_json_unless_it_must_be_a_string(value: str) -> None:
    strings = {"anyOf": [{"type": "string"}, {"type": ["string"]}]}
    for schema in (None, {"type": "integer"}, {"type": ["string", "null"]}, {}, 3):
        assert xml(value, schema) == value
    for schema in ({"type": "string"}, {"type": ["string"]}, strings):
        assert json.loads(xml(value, schema)) == value


@pytest.mark.parametrize(
    "value", ["", "two", "True", "[1,", "2024-01-01", "01", "\\", 'a"b', "\x00é\n"]
)
def test_a_value_that_is_no_json_is_a_string(value: str) -> None:
    for schema in (None, {"type": "integer"}, {"type": "string"}):
        assert json.loads(xml(value, schema)) == value


def test_a_value_longer_than_may_be_held_is_a_string() -> None:
    value = "[" + "1," * (MAX_HOLD // 2) + "1]"
    assert json.loads(xml(value)) == value
    fitting = "[" + "1," * 1000 + "1]"
    assert xml(fitting) == fitting


def test_strange_schemas_do_no_harm() -> None:
    loop: dict[str, Any] = {}
    loop["anyOf"] = [loop]
    for schema in (loop, {"anyOf": 5}, {"type": 5}, {"type": []}, [], "string"):
        assert xml("5", schema) == "5"
    for tools in ({"f": 5}, {"f": {"properties": []}}):
        reader = LeakReader(ALL, tools)  # type: ignore[arg-type]
        reader.feed("<function=f><parameter=a>5</parameter></function>")
        reader.close()


# What is no call.

FAILED = [
    "<tool_call>",
    "<tool_call>\n\n",
    "<tool_call></tool_call>",
    "<tool_call>{}</tool_call>",
    '<tool_call>{"name": "f", "arguments": [1]}',
    '<tool_call>{"name": "f", "arguments": nul',
    '<tool_call>{"name": "two words", "arguments": {}}',
    '<tool_call>{"name": "' + "f" * 129 + '", "arguments": {}}',
    '<tool_call>{"name": 5, "arguments": {}}',
    '<tool_call>{"name": "\\x", "arguments": {}}',
    '<tool_call>{"arguments": {"a": 1}}</tool_call>',
    '<tool_call>{"arguments": {"a": 1}, "name": ""}',
    '<tool_call>{"name" "f"}',
    '<tool_call>{"x": ' + "1" * MAX_HEAD + ', "name": "f", "arguments": {}}',
    "<tool_call>" + " " * MAX_HEAD + '{"name": "f", "arguments": {}}',
    "<function=f>prose",
    "<function=f",
    "<function=f g>{}",
    "<tool_call>some prose</tool_call>",
    "<tool_call>f <b>",
    "<|python_tag|>print(1)",
    '{"name": "Bob", "age": 5}',
    '{"name": "Bob", "parameters": [1]}',
    '{"name": "Bob", "parameters": "x"}',
    '{"parameters": {}, "name": "f"}',
    '{"name": "f"}',
    "{",
    "{}",
    '{"a": 1}',
    "[TOOL_CALLS]",
    "[TOOL_CALLS][]",
    "[TOOL_CALLS]f and g",
    "[TOOL_CALLS]f[CALL_ID]x{}",
    f"{DS_BEGIN}{DS_END}",
    f"{DS_CALL}function{DS_SEP}f\n```json\nx",
    f"{DS_CALL}two words{DS_SEP}{{}}",
    f'<{DSML}invoke name="f" x>',
    f"<{DSML}tool_calls></{DSML}tool_calls>",
    f"{KIMI_BEGIN}{KIMI_END}",
    f"{KIMI_CALL}functions.f:0 {{}}",
    "<|channel|>other<|message|>x",
    "<|channel|>commentary to=functions.f<|message|>x",
    "<|channel|>" + " " * 400 + "x<|message|>",
    "<|start|>assistant, said he",
    "commentary to=functions.f and others",
    ">>>f\nx",
    ">>>>>>>",
    "<|from|>assistant\n<|recipient|>f\n<|content|>x",
    "<f>",
    "<f>bold",
    "<f>[1]",
]


@pytest.mark.parametrize("text", FAILED, ids=[text[:40] for text in FAILED])
def test_what_is_no_call_after_all_is_told_as_it_came(text: str) -> None:
    for pieces in cuts(text):
        assert read(pieces) == [Text(text)], pieces
    assert read([text[:-1] + "x", " and on"]) == [Text(text[:-1] + "x and on")]


@pytest.mark.parametrize("text", FAILED, ids=[text[:40] for text in FAILED])
def test_a_call_behind_what_was_none_is_found(text: str) -> None:
    call = '<tool_call>{"name": "g", "arguments": {"b": 2}}</tool_call>'
    if text[-1] in "}>) xk]\n":
        for pieces in ([text, call], [text + call], list(text + call)):
            found = read(pieces)
            assert found == [Text(text), *told("leak-hermes", ("g", '{"b": 2}'))]


def test_arguments_wait_for_the_name_but_not_for_ever() -> None:
    for size, is_call in ((MAX_HOLD - 100, True), (MAX_HOLD + 1, False)):
        arguments = '{"a": "' + "x" * size + '"}'
        text = f'<tool_call>{{"arguments": {arguments}, "name": "f"}}</tool_call>'
        expected = told("leak-hermes", ("f", arguments)) if is_call else [Text(text)]
        pieces = [text[at : at + 999] for at in range(0, len(text), 999)]
        assert read([text]) == read(pieces) == expected


def test_blank_behind_a_call_is_markup_only_where_nothing_or_a_call_follows() -> None:
    call = "<tool_call>f</tool_call>"
    opened = told("leak-glm", ("f", "{}"))
    for blank in (" ", "\n\n", " " * MAX_HEAD * 2):
        assert read([call, blank, call, blank]) == opened * 2
        assert read([call, *blank, "x", blank]) == [*opened, Text(blank + "x" + blank)]
        assert read([call, blank, "<tool_call>"]) == [*opened, Text(blank + "<tool_call>")]
    blank = " " * (MAX_BLANK + 1)
    for pieces in (
        [call + blank + call],
        [call, *[" " * 99] * 662, blank[:-1][: MAX_BLANK + 1 - 99 * 662 + 1]],
    ):
        assert Text in map(type, read(pieces))


# Text that is no markup.

#: Parts of markers, and what stands around them. None of them, and no two neighbours, make a whole marker with the words between.
SPLINTERS = [
    *(
        "<",
        ">",
        ">>",
        "{",
        "}",
        "[",
        "]",
        '"',
        "\\",
        "|",
        "<|",
        "|>",
        "</",
        "｜",
        "<｜",
        "▁",
        "\n",
        " ",
        "é",
        "\U0001f600",
    ),
    *(
        "<tool_call",
        "tool_call>",
        "</tool_call>",
        "<function",
        "function=",
        "<|python_tag",
        "[TOOL_CALLS",
        "TOOL_CALLS]",
    ),
    *(
        "<｜tool▁calls▁begin",
        "<｜tool▁call▁begin",
        "<｜DSML｜tool_calls",
        "<｜DSML｜invoke name=",
        "<｜DSML",
        "｜>",
    ),
    *(
        "<|tool_calls_section_begin|",
        "<|tool_call_begin",
        "<|channel|",
        "<|start|>",
        "assistant",
        "commentary",
        " to=functions",
    ),
    *(
        "<|from|>assistant\n",
        "<|recipient|>",
        "<thinking",
        "<t",
        "c>",
        "f>",
        "name",
        '"arguments": ',
        "f",
        "json",
        "{}",
    ),
]


def is_plain(text: str) -> bool:
    start = text.lstrip(" \t\r\n")
    begins = any(start.startswith(m) for row in FORMATS.values() for m in row.beginnings)
    return not begins and not any(m in text for row in FORMATS.values() for m in row.openings)


def test_fifty_thousand_texts_without_a_marker_are_unharmed() -> None:
    rng = random.Random(11)
    plain = 0
    while plain < 50_000:
        text = "".join(rng.choices(SPLINTERS, k=rng.randint(0, 9)))
        if is_plain(text):
            plain += 1
            assert read(cut_at_random(rng, text)) == ([Text(text)] if text else []), text


def test_no_more_is_held_than_may_become_a_marker() -> None:
    rng = random.Random(12)
    for _ in range(5_000):
        text = "".join(rng.choices(SPLINTERS, k=rng.randint(0, 9)))
        if not is_plain(text):
            continue
        reader = LeakReader(ALL)
        said = ""
        for size, char in enumerate(text, 1):
            said += "".join(part.text for part in reader.feed(char) if isinstance(part, Text))
            held = text[len(said) : size]
            assert text[:size] == said + held
            assert len(held) < LONGEST
            assert reader.idle is not bool(held)
            assert not held or any(marker.startswith(held) for marker in MARKERS)


def test_a_single_format_holds_only_its_own_markers() -> None:
    reader = LeakReader(["leak-mistral"])
    assert reader.feed("{<tool_call>assistant") == [Text("{<tool_call>assistant")]
    assert reader.feed("a[TOOL") == [Text("a")]
    assert reader.feed("BOX]") == [Text("[TOOLBOX]")]


# Anything at all.

WHOLE = [
    *MARKERS,
    *(
        "</tool_call>",
        "</function>",
        "<parameter=a>",
        "</parameter>",
        "<arg_key>",
        "</arg_key>",
        "<arg_value>",
        "</arg_value>",
    ),
    *(
        '{"name": "f", "arguments": {',
        '{"arguments": {"a": 1}, "name": "f"}',
        '"}',
        "}}",
        "}",
        "{",
        "[",
        "]",
        ",",
        ";",
        ":",
        '"',
    ),
    *(
        "functions.f:0",
        KIMI_ARGS,
        "<|tool_call_end|>",
        KIMI_END,
        DS_SEP,
        DS_CALL_END,
        DS_END,
        "function",
        "f",
        "all",
        "\n",
        " ",
    ),
    *(
        f'<{DSML}parameter name="a" string="true">',
        f"</{DSML}parameter>",
        f"</{DSML}invoke>",
        '">',
        "<｜DSML｜tool_calls>",
    ),
    *(
        "analysis",
        "commentary",
        "final",
        " to=functions.f",
        "<|message|>",
        "<|end|>",
        "<|call|>",
        "</thinking>",
        "</s>",
    ),
    *(
        "<|content|>",
        "<|stop|>",
        "[ARGS]",
        "[CALL_ID]",
        "\\",
        "x",
        "é",
        "1",
        "```json\n",
        "json",
        "<|eot_id|>",
    ),
]


def agree(rng: random.Random) -> bool:
    """One text in three cuts; whether there was a call in it."""
    codes = rng.choice([ALL, rng.sample(ALL, 3)])
    strings = {"properties": {"a": {"type": "string"}}}
    tools = rng.choice([None, {"f": None, "function": strings}])
    options: dict[str, Any] = {"tools": tools, "in_reasoning": rng.random() < 0.1}
    text = "".join(rng.choices(WHOLE, k=rng.randint(1, 14)))
    if rng.random() < 0.7:
        example, _ = rng.choice(EXAMPLES)
        at = rng.randint(0, len(example))
        before, after = example[:at], example[at:]
        text = rng.choice([before + text, text + after, before + text + after])
    whole = read([text], codes, **options)
    assert read(list(text), codes, **options) == whole, text
    assert read(cut_at_random(rng, text), codes, **options) == whole, text
    return any(isinstance(part, CallOpened) for part in whole)


def test_any_two_cuts_of_anything_agree() -> None:
    rng = random.Random(13)
    assert sum(agree(rng) for _ in range(5_000)) > 500


def test_any_two_cuts_agree_where_the_limits_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamnorm.leaks.source.MAX_HEAD", 60)
    monkeypatch.setattr("streamnorm.leaks.source.MAX_HOLD", 90)
    monkeypatch.setattr("streamnorm.leaks.teller.MAX_BLANK", 5)
    monkeypatch.setattr("streamnorm.leaks.tagbody.MAX_HOLD", 20)
    rng = random.Random(14)
    assert sum(agree(rng) for _ in range(3_000)) > 300


def test_in_reasoning_only_what_was_seen_there_is_looked_for() -> None:
    assert {code for code, row in FORMATS.items() if row.in_reasoning} == {
        "leak-kimi",
        "leak-deepseek",
    }
    for text, parts in EXAMPLES:
        found = read([text], in_reasoning=True)
        if any(getattr(part, "code", "") in ("leak-kimi", "leak-deepseek") for part in parts):
            assert found == [
                Text(part.text, True) if isinstance(part, Text) else part for part in parts
            ]
        else:
            assert found == [Text(text, True)]


def test_after_its_end_a_text_may_go_on_but_not_begin_again() -> None:
    reader = LeakReader(ALL)
    assert reader.feed("a <tool") == [Text("a ")]
    assert reader.close() == [Text("<tool")]
    assert reader.feed('{"name": "f", "parameters": {}}') == [
        Text('{"name": "f", "parameters": {}}')
    ]
    assert reader.feed("<tool_call>f</tool_call>") == told("leak-glm", ("f", "{}"))


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        LeakReader(["leak-nothing"])


def test_no_marker_stands_inside_another() -> None:
    """Else the cut would decide which one is found."""
    closers = ["<|end|>", "<|return|>", "<|call|>", "<|stop|>", "</thinking>"]
    openings = sorted({m for row in FORMATS.values() for m in row.openings})
    for one, other in itertools.permutations([*openings, *closers], 2):
        assert one not in other[:-1]


# Hostile text.


def test_hostile_text_says_the_same_however_it_is_cut() -> None:
    hostile = pytest.importorskip("benchmarks.growth").LEAKS
    for make in hostile.values():
        text = make(600)
        assert read(list(text)) == read([text])
