from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_runs import invoke, run
from corpus import CAPTURES, require

from streamnorm.arguments.strict import TARGETS, lint_strict
from streamnorm.cli.tool_files import items_in

LOOSE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
    "required": ["city"],
}
STRICT = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {}, "required": [], "additionalProperties": True}
MADE_STRICT = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": ["string", "null"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}


def nested(schema: Any, name: str = "weather", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema, **more}}


def flat(schema: Any, name: str = "weather", **more: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "parameters": schema, **more}


def lint(value: Any, *options: str) -> Any:
    return invoke("lint", *options, "-", stdin=json.dumps(value).encode())


def test_a_strict_tool_is_fine() -> None:
    result = lint([nested(STRICT, strict=True)])
    assert result.exit_code == 0
    assert result.stdout == (
        "weather (/0): strict, as openai has it\n"
        "standard input: openai takes it in strict mode (1 looked at of 1)\n"
    )


def test_what_is_refused_is_told_with_its_place_its_reason_and_its_fix() -> None:
    result = lint({"tools": [nested(LOOSE, strict=True)]})
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "weather (/tools/0): 2 MUST"
    at = lines.index("  MUST   OAI-S05 /tools/0/function/parameters")
    assert lines[at + 1].strip().startswith("'unit' is not in `required`")
    assert lines[at + 2].strip().startswith("fix: list every property")
    assert lines[at + 2].endswith("[--fix does it]")
    assert lines[-1] == "standard input: openai refuses 1 in strict mode (1 looked at of 1)"


def test_a_warning_alone_is_no_failure() -> None:
    schema = json.loads(json.dumps(STRICT))
    schema["properties"]["city"]["minLength"] = 1
    result = lint([nested(schema, strict=True)])
    assert result.exit_code == 0
    assert "SHOULD OAI-S19 /0/function/parameters/properties/city" in result.stdout


def test_only_strict_tools_are_looked_at_where_there_are_any() -> None:
    tools = [nested(LOOSE), nested(STRICT, "now", strict=True)]
    result = lint(tools)
    assert result.exit_code == 0
    assert "weather (/0): not strict, so it need not be; --all looks at it too" in result.stdout
    assert lint(tools, "--all").exit_code == 1
    assert lint([nested(LOOSE)]).exit_code == 1
    assert "it does not say `strict: true`" in lint([nested(LOOSE)]).stdout


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (LOOSE, ""),
        (nested(LOOSE), "/function/parameters"),
        (flat(LOOSE), "/parameters"),
        ([flat(LOOSE)], "/0/parameters"),
        ({"model": "m", "tools": [flat(LOOSE)]}, "/tools/0/parameters"),
        ({"functions": [{"name": "f", "parameters": LOOSE}]}, "/functions/0/parameters"),
        ({"tools": [{"name": "f", "input_schema": LOOSE}]}, "/tools/0/input_schema"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": LOOSE}]}]},
            "/tools/0/functionDeclarations/0/parametersJsonSchema",
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": LOOSE}}}]}},
            "/toolConfig/tools/0/toolSpec/inputSchema/json",
        ),
        (
            [{"type": "namespace", "name": "n", "tools": [flat(LOOSE)]}],
            "/0/tools/0/parameters",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": LOOSE}}},
            "/response_format/json_schema/schema",
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "f", "schema": LOOSE}}},
            "/text/format/schema",
        ),
        ({"request": {"tools": [flat(LOOSE)]}, "provider": "x"}, "/request/tools/0/parameters"),
    ],
)  # fmt: skip
def test_the_tools_are_found_by_what_the_file_holds(value: Any, pointer: str) -> None:
    result = lint(value, "--format", "json")
    assert result.exit_code == 1
    (tool,) = json.loads(result.stdout)["tools"]
    assert [v["pointer"] for v in tool["violations"]] == [pointer, pointer]
    fixed = lint(value, "--fix")
    assert fixed.exit_code == 0
    assert "'unit'" in fixed.stderr
    made = json.loads(fixed.stdout)
    assert json.dumps(MADE_STRICT["properties"]) in json.dumps(made)
    assert lint(made, "--all").exit_code == 0


def test_a_property_called_tools_makes_no_request_of_a_schema() -> None:
    schema = {**STRICT, "properties": {"tools": {"type": "array"}}, "required": ["tools"]}
    result = lint(schema)
    assert "OAI-S27 /properties/tools" in result.stdout


def test_fix_writes_all_the_tools_and_says_strict_where_it_is_so() -> None:
    tools = [
        nested(LOOSE),
        {"type": "web_search"},
        flat(OPEN, "free", strict=False),
        {"name": "old", "parameters": STRICT},
    ]
    result = lint({"model": "m", "tools": tools}, "--fix")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [
        nested(MADE_STRICT, strict=True),
        {"type": "web_search"},
        flat(OPEN, "free", strict=False),
        {"name": "old", "parameters": STRICT, "strict": True},
    ]
    assert "web_search (/tools/1): run by the provider" in result.stderr
    assert "`strict` is left as it was" in result.stderr
    assert "OAI-S04 /tools/2/parameters" in result.stderr
    assert "null stands for absence in 'unit'" in result.stderr


def test_shapes_without_a_place_for_strict_do_not_get_one() -> None:
    for value in (
        {"functions": [{"name": "f", "parameters": LOOSE}]},
        {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": LOOSE}]}]},
        [{"name": "f", "inputSchema": LOOSE}],
        LOOSE,
    ):
        result = lint(value, "--fix")
        assert result.exit_code == 0
        assert '"strict"' not in result.stdout


def test_json_is_a_line_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([nested(LOOSE)]))
    (tmp_path / "b.json").write_text(json.dumps([nested(STRICT)]))
    result = invoke("lint", "--format", "json", "--fix", *sorted(tmp_path.glob("*.json")))
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["file"] == str(tmp_path / "a.json")
    assert (first["ok"], second["ok"]) == (True, True)
    assert first["fixed"] == [nested(MADE_STRICT, strict=True)]
    assert [change["rule"] for change in first["tools"][0]["changes"]] == ["OAI-S03", "OAI-S05"]
    assert second["tools"][0]["changes"] == []
    assert result.exit_code == 0


def test_each_target_judges_by_its_own_rules() -> None:
    schema = json.loads(json.dumps(STRICT))
    schema["properties"]["city"]["pattern"] = "^a"
    codes = {target: lint(schema, "--target", target).exit_code for target in TARGETS}
    refusing = {target for target, code in codes.items() if code}
    assert refusing == {"openai-finetuned", "anthropic", "gemini", "cerebras"}


def test_an_unknown_target_is_a_wrong_use_and_the_nearest_is_named() -> None:
    result = lint(STRICT, "--target", "antropic")
    assert result.exit_code == 2
    assert "did you mean 'anthropic'?" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b"\xff\xfe\xfd", "it is not JSON"),
        (b"[" * 200_000, "nests too deep"),
        (b"1", "it holds neither tools nor a schema"),
        (b"[]", "it holds neither tools nor a schema"),
        (b'{"model": "m", "messages": []}', "it holds neither tools nor a schema"),
        (b'["get_weather"]', "/0 is no tool"),
        (b'{"tools": [1]}', "/tools/0 is no tool"),
        (b"9" * 10_000, "it is not JSON"),
    ],
)
def test_what_is_no_tool_file_is_a_wrong_use(body: bytes, told: str) -> None:
    for options in ((), ("--fix",)):
        result = invoke("lint", *options, "-", stdin=body)
        assert result.exit_code == 2
        assert told in result.stderr
        assert result.stdout == ""


def test_wrong_options_and_missing_files_are_a_wrong_use(tmp_path: Path) -> None:
    assert lint(STRICT, "--format", "xml").exit_code == 2
    assert invoke("lint").exit_code == 2
    result = invoke("lint", tmp_path / "none.json")
    assert result.exit_code == 2
    assert "check the path" in result.stderr


def test_text_of_a_schema_is_shown_and_never_obeyed() -> None:
    schema = {**STRICT, "properties": {"a\x1b[31m\n\u202e": {"type": "string"}}, "required": []}
    hostile = nested(schema, "x\x1b]0;\x07\nstandard input: openai takes it", strict=True)
    for options in ((), ("--fix",), ("--format", "json"), ("--fix", "--format", "json")):
        result = lint([hostile], *options)
        for text in (result.stdout, result.stderr):
            assert not {"\x1b", "\x07", "\u202e", "\x7f"} & set(text)
    assert lint([hostile]).stdout.count("\nstandard input:") == 1


def test_a_pipe_gets_no_colours_and_whole_lines() -> None:
    body = json.dumps([nested(LOOSE, "n" * 200)]).encode()
    done = run("lint", "-", stdin=body)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert b"n" * 200 in done.stdout
    coloured = run("lint", "-", stdin=body, FORCE_COLOR="1")
    assert b"\x1b[" in coloured.stdout


def test_hostile_schemas_are_told_and_not_a_crash() -> None:
    deep: Any = {"type": "string"}
    for _ in range(150):
        deep = {"type": "object", "properties": {"a": deep}}
    wide = {"type": "object", "properties": {f"p{n}": {} for n in range(30_000)}}
    ring = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    for schema in (deep, wide, ring):
        result = lint([nested(schema)])
        assert result.exit_code == 1
        assert "MUST" in result.stdout


def test_help_shows_examples() -> None:
    result = invoke("lint", "--help")
    assert "streamnorm lint --target anthropic request.json" in result.stdout


def test_every_request_of_the_captures_is_read(tmp_path: Path) -> None:
    """Whatever a recorded request offers as tools is found, and what is made of it is strict but for what is left."""
    seen = 0
    for path in sorted(require(CAPTURES).rglob("*.json")):
        try:
            recorded = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        request = recorded.get("request") if isinstance(recorded, dict) else None
        if isinstance(request, dict) and request.get("tools"):
            seen += 1
            items = items_in(request)
            assert items
            for item in items:
                if item.subject is not None and item.subject.kind != "schema":
                    lint_strict(item.subject.given)
    assert seen > 300
