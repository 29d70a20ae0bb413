"""Tools from every shape of dict, and back; names; sets."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from corpus import CAPTURES, require

from streamnorm.errors import LocalError, ToolError
from streamnorm.tools import Tool, ToolSet

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NESTED = {
    "type": "function",
    "function": {"name": "nested", "description": "A.", "parameters": SCHEMA, "strict": True},
}
FLAT = {
    "type": "function",
    "name": "flat",
    "description": "B.",
    "parameters": SCHEMA,
    "strict": False,
}
LEGACY = {"name": "legacy", "parameters": SCHEMA}
MESSAGES = {"name": "messages", "input_schema": SCHEMA}
MESSAGES_CUSTOM = {"type": "custom", "name": "messages_custom", "input_schema": SCHEMA}
CHAT_CUSTOM = {
    "type": "custom",
    "custom": {
        "name": "chat_custom",
        "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
    },
}
FLAT_CUSTOM = {
    "type": "custom",
    "name": "flat_custom",
    "description": "C.",
    "format": {"type": "grammar", "syntax": "regex", "definition": "a+"},
}
GEMINI = {
    "functionDeclarations": [
        {
            "name": "declared",
            "parameters": {
                "type": "OBJECT",
                "properties": {
                    "type": {"type": "STRING", "nullable": True, "enum": ["a"]},
                    "list": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"},
                },
            },
        },
        {"name": "declared_json", "parametersJsonSchema": SCHEMA},
        {"name": "declared_bare"},
    ],
    "codeExecution": {},
}
EVERY = [
    NESTED,
    FLAT,
    LEGACY,
    MESSAGES,
    MESSAGES_CUSTOM,
    CHAT_CUSTOM,
    FLAT_CUSTOM,
    GEMINI,
    "by_name",
]


def test_a_tool_is_read_from_every_shape() -> None:
    tools = ToolSet([*EVERY, Tool(name="own", parameters=SCHEMA), {"type": "web_search"}])
    assert tools.names == (
        *("nested", "flat", "legacy", "messages", "messages_custom", "chat_custom", "flat_custom"),
        *("declared", "declared_json", "declared_bare", "by_name", "own"),
    )
    assert tools["nested"] == Tool(name="nested", description="A.", parameters=SCHEMA, strict=True)
    assert tools["flat"].strict is False
    assert tools["legacy"] == Tool(name="legacy", parameters=SCHEMA)
    assert tools["messages_custom"].parameters == SCHEMA
    assert tools["chat_custom"].kind == tools["flat_custom"].kind == "custom"
    assert tools["chat_custom"].format == tools["flat_custom"].format == FLAT_CUSTOM["format"]
    assert tools["declared"].parameters == {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["a", None]},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        },
    }
    assert tools["declared_json"].parameters == SCHEMA
    assert tools["by_name"].parameters is None
    assert tools.hosted == ({"codeExecution": {}}, {"type": "web_search"})
    assert len(tools) == 12
    assert "flat" in tools
    assert [tool.name for tool in tools] == list(tools.names)
    assert "city" not in repr(tools)


def test_a_tool_is_written_in_both_shapes() -> None:
    tools = ToolSet([NESTED, LEGACY, CHAT_CUSTOM, {"type": "web_search"}])
    assert tools.openai() == [
        NESTED,
        {"type": "function", "function": {"name": "legacy", "parameters": SCHEMA}},
        CHAT_CUSTOM,
    ]
    assert tools.responses() == [
        {
            "type": "function",
            "name": "nested",
            "description": "A.",
            "parameters": SCHEMA,
            "strict": True,
        },
        # Responses takes the absence of `strict` for true.
        {"type": "function", "name": "legacy", "parameters": SCHEMA, "strict": False},
        {"type": "custom", "name": "chat_custom", "format": FLAT_CUSTOM["format"]},
        {"type": "web_search"},
    ]


@pytest.mark.parametrize("written", [ToolSet.openai, ToolSet.responses])
def test_what_is_written_is_read_again(written: Any) -> None:
    tools = ToolSet([NESTED, FLAT, CHAT_CUSTOM, FLAT_CUSTOM])
    assert list(ToolSet(written(tools))) == list(tools)


@pytest.mark.parametrize("parameters", [None, {}, "absent"])
def test_a_tool_without_parameters_has_an_empty_object(parameters: Any) -> None:
    tool = {"name": "now"} if parameters == "absent" else {"name": "now", "parameters": parameters}
    tools = ToolSet([tool])
    assert tools["now"].parameters == {"type": "object", "properties": {}}
    assert tools.openai()[0]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert tools.validate("now", "{}").ok
    assert not tools.validate("now", "").ok


@pytest.mark.parametrize("name", ["a", "get_weather", "Get-Weather-2", "x" * 64, "_", "-"])
def test_a_name_that_providers_take(name: str) -> None:
    assert Tool(name=name).name == name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("get weather", "get_weather"),
        ("mcp.get/weather", "mcp_get_weather"),
        ("wetterfürich", "wetterf_rich"),
        ("x" * 65, "x" * 64),
        ("a\n", "a_"),
    ],
)
def test_a_name_that_providers_refuse(name: str, near: str) -> None:
    with pytest.raises(ToolError) as raised:
        ToolSet([{"name": name}])
    assert repr(name)[:60] in str(raised.value)
    assert f"such as {near!r}" in str(raised.value)


NO_TOOLS = [
    ({"type": "function"}, "no tool in a dict with the keys"),
    ({}, "no tool in a dict with the keys"),
    ({"type": "function", "function": {}}, "the name of a tool is a NoneType"),
    ({"name": ""}, "a tool needs a name"),
    ({"name": 3}, "the name of a tool is a int"),
    ({"name": "a", "description": 3}, "the description of tool 'a'"),
    ({"name": "a", "parameters": []}, "the parameters of tool 'a' are a list"),
    ({"functionDeclarations": [3]}, "a function declaration is a dict"),
    (3, "3 is no tool"),
    (int, "is no tool"),
    ("get weather", "providers refuse the tool name"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "words"), NO_TOOLS)
def test_what_is_no_tool_is_refused(tool: Any, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        ToolSet([tool])


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ToolError, match="two tools are named 'flat'"):
        ToolSet([FLAT, {"name": "flat"}])


@pytest.mark.parametrize("tools", [NESTED, "get_weather"])
def test_a_tool_that_should_have_been_in_a_list_is_refused(tools: Any) -> None:
    with pytest.raises(LocalError, match="given as a list"):
        ToolSet(tools)


def test_a_schema_that_is_none_is_refused_with_the_tool_and_the_place() -> None:
    bad = {"name": "bad", "parameters": {"properties": {"a": {"type": "int"}}}}
    with pytest.raises(ToolError, match=r"tool 'bad' are no schema at `/properties/a/type`"):
        ToolSet([NESTED, bad])


def test_arguments_are_judged_by_the_tool_that_was_called() -> None:
    tools = ToolSet([NESTED, "by_name", CHAT_CUSTOM])
    assert tools.validate("nested", '{"city": "Oslo"}').value == {"city": "Oslo"}
    assert str(tools.validate("nested", "{}").errors[0]).startswith("`/city` is required")
    assert tools.validate("by_name", '{"whatever": 1}').ok
    assert not tools.validate("by_name", "[]").ok
    custom = tools.validate("chat_custom", "any text")
    assert (custom.ok, custom.value) == (True, None)
    assert tools.validate_value("nested", {"city": "Oslo"}).ok
    assert not tools.validate_value("nested", {"city": 1}).ok
    assert not tools.validate_value("nestled", {}).ok


def test_a_tool_that_does_not_exist_is_a_problem_that_names_the_nearest() -> None:
    tools = ToolSet([{"name": "get_weather"}, {"name": "get_time"}])
    found = tools.validate("get_wether", "{}")
    assert not found.ok
    assert found.value is None
    assert [problem.keyword for problem in found.errors] == ["name"]
    assert str(found.errors[0]) == (
        'No tool is named "get_wether": the tools are "get_weather" and "get_time". Did you mean "get_weather"?'
    )
    assert "Did you mean" not in str(tools.validate("play_music", "{}").errors[0])
    assert "there are no tools." in str(ToolSet().validate("get_weather", "{}").errors[0])
    assert len(str(tools.validate("x" * 1_000_000, "{}").errors[0])) < 300


def test_the_captured_requests_make_tool_sets() -> None:
    made = refused = 0
    for path in sorted(require(CAPTURES).rglob("*.json")):
        if path.name == "index.json" or path.name.endswith(".expected.json"):
            continue
        try:
            body = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        for key in ("request", "body"):
            body = body.get(key, body) if isinstance(body, dict) else None
        offered = [*(body.get("tools") or ()), *(body.get("functions") or ())] if body else []
        if not offered:
            continue
        if '"<removed>"' in json.dumps(offered):
            # One tool's schema had its secrets taken out, and no longer is a schema.
            with pytest.raises(ToolError, match="secret_retrieval_tool"):
                ToolSet(offered)
            refused += 1
            continue
        tools = ToolSet(offered)
        assert len(tools) + len(tools.hosted) >= 1
        made += 1
    assert made > 300
    assert refused < 10


def test_a_set_is_shared_by_threads() -> None:
    tools = ToolSet([NESTED])
    seen: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: seen.extend(
                tools.validate("nested", '{"city": "x"}').ok for _ in range(200)
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 800
