"""The probes of chat completions, the ones that show the most first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streamnorm.conformance.live.probes.base import NO_MODEL, WRONG_KEY, Probe
from streamnorm.conformance.live.tools import (
    FORECAST,
    MANY,
    ORDER,
    POEM,
    PROFILE,
    ROUTE,
    SCHEMA,
    STORE,
    STRICT_ORDER,
    STRICT_TREE,
    TIME,
    UNSUPPORTED,
    WEATHER,
    call_of,
)

__all__ = ["BIG", "CHAT", "EXACT", "ID", "LONG", "RESULT"]

#: Long enough to show how events are sent; the last line has characters of two, three and four bytes.
LONG: Final = (
    "Write the numbers from one to forty in words, separated by commas, and nothing else. "
    "Then write this line: zażółć gęślą jaźń, 你好, 🌍🎈"
)

#: What must come back exactly: quotes, a backslash, a line end, an emoji, a line separator, a NUL; the first integer that a
#: float cannot hold.
BIG: Final = 9007199254740993
EXACT: Final[dict[str, Any]] = {"text": 'He said "no\\yes"\n🎈\u2028end\x00', "number": BIG}
_EXACT_JSON: Final = (
    r'{"text": "He said \"no\\yes\"\n🎈\u2028end\u0000", "number": 9007199254740993}'
)

#: What a tool said, of which an answer that uses it has a part.
RESULT: Final = "QX-4471"


#: Ids of calls, of a length and with characters that all take.
ID: Final = "streamn01"
OTHER_ID: Final = "streamn09"


def _asks(prompt: str, *, stream: bool = True, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}], "stream": stream, **more}


def _calls(
    prompt: str, *tools: Mapping[str, Any], choice: Any = "required", **more: Any
) -> dict[str, Any]:
    offered = [{"type": "function", "function": tool} for tool in tools]
    return _asks(prompt, tools=offered, tool_choice=choice, temperature=0, **more)


def _named(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool["name"]}}


def _turn(*turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    asked = {"role": "user", "content": "Which station measures the weather in Paris?"}
    tool = {"type": "function", "function": WEATHER}
    return {"messages": [asked, *turns], "tools": [tool], "stream": True, **more}


def _made(content: str | None, id: str = ID) -> dict[str, Any]:
    called = {"name": "get_weather", "arguments": '{"city":"Paris","unit":"celsius"}'}
    call = {"id": id, "type": "function", "function": called}
    return {"role": "assistant", "content": content, "tool_calls": [call]}


def _said(id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": f'{{"station":"{RESULT}","degrees":17}}'}


_REPEATABLE: Final[dict[str, Any]] = {"temperature": 0, "seed": 7, "max_tokens": 600}
_USAGE: Final[dict[str, Any]] = {"stream_options": {"include_usage": True}}
_CITIES: Final = "What is the weather in Paris, in Tokyo and in Lima, in celsius? Call the tool once for each city."

CHAT: Final[tuple[Probe, ...]] = (
    Probe(
        name="plain",
        sends="A prompt that is answered at some length, with `stream_options.include_usage`, a seed and temperature 0.",
        body=_asks(LONG, **_REPEATABLE, **_USAGE),
        shows=("T-013", "S-013", "U-001", "U-002", "U-003"),
    ),
    Probe(
        name="plain-whole",
        sends="The same prompt, not streamed.",
        body=_asks(LONG, stream=False, **_REPEATABLE),
    ),
    Probe(
        name="encodings",
        sends="The same request as `plain`, with `Accept-Encoding: gzip, br, zstd`.",
        body=_asks(LONG, **_REPEATABLE, **_USAGE),
        headers={"accept-encoding": "gzip, br, zstd"},
    ),
    Probe(
        name="one-tool",
        sends="One tool, with a choice of values, and `tool_choice: required`.",
        body=_calls(
            call_of(WEATHER, '{"city": "Paris", "unit": "celsius"}'), WEATHER, max_tokens=400
        ),
        shows=("F-001", "F-002", "F-003", "F-005", "F-006", "F-007", "F-008", "F-009", "F-010"),
    ),
    Probe(
        name="one-tool-whole",
        sends="The same tool and prompt, not streamed.",
        body={
            **_calls(
                call_of(WEATHER, '{"city": "Paris", "unit": "celsius"}'), WEATHER, max_tokens=400
            ),
            "stream": False,
        },
    ),
    Probe(
        name="parallel",
        sends="A question that takes three calls of one tool.",
        body=_calls(_CITIES, WEATHER, max_tokens=600),
        shows=("F-004", "F-013"),
    ),
    Probe(
        name="named",
        sends="A nested schema, and a `tool_choice` that names the function.",
        body=_calls(
            call_of(
                ORDER,
                '{"customer": {"name": "Ann", "address": {"street": "Main Street 1"}}, '
                '"lines": [{"article": "tea", "count": 2}, {"article": "milk", "count": 1}]}',
            ),
            ORDER,
            WEATHER,
            choice=_named(ORDER),
            max_tokens=600,
        ),
        shows=("F-017",),
    ),
    Probe(
        name="none",
        sends="A tool that would help, and `tool_choice: none`.",
        body=_calls("What is the weather in Paris?", WEATHER, choice="none", max_tokens=200),
        shows=("F-016", "F-026"),
    ),
    Probe(
        name="no-argument",
        sends="A tool without parameters.",
        body=_calls(call_of(TIME, "{}"), TIME, max_tokens=200),
        shows=("F-012",),
    ),
    Probe(
        name="length",
        sends="`max_tokens: 5`, where a long answer is asked for.",
        body=_asks(LONG, max_tokens=5, **_USAGE),
    ),
    Probe(
        name="unknown-model",
        sends="A model that does not exist.",
        body=_asks("Say hello."),
        model=NO_MODEL,
    ),
    Probe(
        name="malformed",
        sends="A body that is no JSON: it ends in the middle.",
        body=b'{"model": "streamnorm", "stream": true, "messages": [{"role": "user", "content": "Hel',
        graded=False,
    ),
    Probe(
        name="no-messages",
        sends="A body without `messages`.",
        body={"stream": True},
    ),
    Probe(
        name="wrong-key",
        sends="A key that no endpoint takes.",
        body=_asks("Say hello, with a key that is wrong."),
        key=WRONG_KEY,
    ),
    Probe(
        name="tool-result",
        sends="A turn with a call and what the tool said.",
        body=_turn(_made(""), _said(ID), max_tokens=200),
    ),
    Probe(
        name="null-content",
        sends="The same turn, the assistant's message with `content: null`.",
        body=_turn(_made(None), _said(ID), max_tokens=200),
    ),
    Probe(
        name="left",
        sends="A long answer that is left after 5 events.",
        body=_asks(f"{LONG}\nThis time from forty to one.", max_tokens=600),
        graded=False,
        leaves=5,
    ),
    Probe(
        name="after-left",
        sends="A short question, once `left` was left.",
        body=_asks("Say hello once more."),
        after="left",
    ),
    Probe(
        name="one-at-a-time",
        sends="The question for three calls, with `parallel_tool_calls: false`.",
        body=_calls(
            f"{_CITIES} Begin with Paris.", WEATHER, parallel_tool_calls=False, max_tokens=600
        ),
        shows=("F-015",),
    ),
    Probe(
        name="several-types",
        sends="A schema with a value that may be null, and one of several types.",
        body=_calls(
            call_of(FORECAST, '{"city": "Lima", "day": 3, "unit": null}'), FORECAST, max_tokens=300
        ),
    ),
    Probe(
        name="exact",
        sends="Arguments with quotes, backslash, line end, emoji, U+2028, NUL, and the integer 9007199254740993.",
        body=_calls(call_of(STORE, _EXACT_JSON), STORE, max_tokens=400),
    ),
    Probe(
        name="poem",
        sends="A tool that takes a long text.",
        body=_calls(
            "Call print_poem once, with a poem of sixteen lines about streams.",
            POEM,
            max_tokens=800,
        ),
        shows=("F-032",),
    ),
    Probe(
        name="length-tool",
        sends="The same, cut by `max_tokens: 24`.",
        body=_calls(
            "Call print_poem once, with a poem of thirty lines about rivers.", POEM, max_tokens=24
        ),
        shows=("E-005",),
    ),
    Probe(
        name="strict",
        sends="A nested schema with `strict: true`.",
        body=_calls(
            call_of(STRICT_ORDER, '{"lines": [{"article": "tea", "size": "large"}], "note": null}'),
            STRICT_ORDER,
            parallel_tool_calls=False,
            max_tokens=400,
        ),
    ),
    Probe(
        name="strict-tree",
        sends="A schema that refers to itself, with `strict: true`.",
        body=_calls(
            call_of(
                STRICT_TREE,
                '{"root": {"name": "a", "weight": 1.5, "children": '
                '[{"name": "b", "weight": null, "children": []}]}}',
            ),
            STRICT_TREE,
            parallel_tool_calls=False,
            max_tokens=400,
        ),
    ),
    Probe(
        name="strict-outside",
        sends="`strict: true` with a schema that strict mode does not take.",
        body=_calls(call_of(UNSUPPORTED, '{"a": "x"}'), UNSUPPORTED, max_tokens=200),
    ),
    Probe(
        name="unicode-keys",
        sends="A schema with names that are not ASCII.",
        body=_calls(
            call_of(PROFILE, '{"Straße": "Hauptstraße 1", "名前": "山田"}'),
            PROFILE,
            max_tokens=300,
        ),
    ),
    Probe(
        name="not-needed",
        sends="A tool that is not needed, and `tool_choice: auto`.",
        body=_calls("What is two and three? Say the number.", ORDER, choice="auto", max_tokens=200),
    ),
    Probe(
        name="twenty-tools",
        sends="20 tools, one of which refers to a definition.",
        body=_calls(
            call_of(
                ROUTE,
                '{"from": {"point": {"at": {"latitude": 48.9}}}, "to": {"point": {"at": {"latitude": 35.7}}}}',
            ),
            ROUTE,
            *MANY[:19],
            choice=_named(ROUTE),
            max_tokens=400,
        ),
    ),
    Probe(
        name="many-tools",
        sends="128 tools.",
        body=_calls(call_of(MANY[76], '{"precision": 2}'), *MANY, max_tokens=300),
    ),
    Probe(
        name="wrong-result",
        sends="What a tool said, under an id that no call had.",
        body=_turn(_made(""), _said(OTHER_ID), max_tokens=200),
    ),
    Probe(
        name="functions",
        sends="`functions` and `function_call`, the form before tools.",
        body=_asks(
            call_of(WEATHER, '{"city": "Rome", "unit": "celsius"}'),
            functions=[WEATHER],
            function_call={"name": "get_weather"},
            max_tokens=300,
        ),
        shows=("F-030",),
    ),
    Probe(
        name="function-result",
        sends="A turn with what a function said, in the role `function`.",
        body={
            "messages": [
                {"role": "user", "content": "Which station measures the weather in Rome?"},
                {
                    "role": "assistant",
                    "content": None,
                    "function_call": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
                },
                {
                    "role": "function",
                    "name": "get_weather",
                    "content": f'{{"station":"{RESULT}"}}',
                },
            ],
            "functions": [WEATHER],
            "stream": True,
            "max_tokens": 200,
        },
    ),
    Probe(
        name="choices",
        sends="`n: 2`.",
        body=_asks("Name one river.", n=2, max_tokens=100),
        shows=("S-006", "S-011"),
    ),
    Probe(
        name="stop",
        sends='`stop: ["7"]`, where one counts to ten.',
        body=_asks("Count from 1 to 10 in digits, separated by commas.", stop=["7"]),
        shows=("S-019",),
    ),
    Probe(
        name="logprobs",
        sends="`logprobs: true`.",
        body=_asks("Name one colour.", logprobs=True, max_tokens=50),
        shows=("S-017",),
    ),
    Probe(
        name="json-object",
        sends="`response_format: json_object`.",
        body=_asks(
            'Answer in JSON, with the keys "river" and "country", about one river.',
            response_format={"type": "json_object"},
            max_tokens=300,
        ),
        shows=("O-001",),
    ),
    Probe(
        name="json-schema",
        sends="`response_format: json_schema`, strict.",
        body=_asks(
            "Describe one book.",
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "book", "strict": True, "schema": SCHEMA},
            },
            max_tokens=400,
        ),
        shows=("O-001", "O-004"),
    ),
    Probe(
        name="schema-outside",
        sends="`response_format: json_schema`, strict, with a schema that strict mode does not take.",
        body=_asks(
            "Describe one thing.",
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": "thing",
                    "strict": True,
                    "schema": UNSUPPORTED["parameters"],
                },
            },
            max_tokens=200,
        ),
    ),
    Probe(
        name="odd-parameters",
        sends="`max_tokens: -1` and `temperature: 99`.",
        body=_asks("Say hello, oddly.", max_tokens=-1, temperature=99),
    ),
    Probe(
        name="too-long",
        sends="Some two million tokens.",
        body=_asks("stream " * 2_000_000, max_tokens=5),
        costly=True,
    ),
)
