"""The programs that people published run with the import and the base URL changed, and print the same whatever the provider does
to the stream."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import types
from functools import cache
from typing import Any

import pytest
from corpus import FACTS, require
from style_server import ONE_CALL, STYLES, UNCUT, style_server

SAMPLES = FACTS / "seeds" / "samples"

#: The stand-ins for a base URL in the programs that give one; the others go by the environment.
PLACEHOLDERS = ('"xxx"', '"https://app.empower.dev/api/v1"')

#: A program that adds up what it assigns: for deltas that carry the arguments from the start.
ASSIGNING = "001_empower_runnable"

#: Where each delta is printed, a provider that splits a name is seen to have sent one more, which says nothing once the name is
#: whole.
_SAYS_MORE = ("003_g_streaming", "split names")

#: A fragment of a page: what the page has before it.
_CONTEXT = {
    "003_f_multi_call_loop": """
import json
from openai import OpenAI
client = OpenAI()
tools = [{"type": "function", "function": {"name": "send_email", "parameters": {
    "type": "object", "properties": {"to": {"type": "string"}, "body": {"type": "string"}},
    "required": ["to", "body"], "additionalProperties": False}, "strict": True}}]
messages = [{"role": "user", "content": "Write to ilan@example.com and katia@example.com"}]
completion = client.chat.completions.create(model="gpt-4o", messages=messages, tools=tools)
messages.append(completion.choices[0].message)
def get_weather(location):
    return "sunny"
def send_email(to, body):
    return f"sent to {to}"
def call_function(name, args):
    return get_weather(**args) if name == "get_weather" else send_email(**args)
"""
}

#: Programs that print nothing, or not all: what they came to.
_CAME_TO = {
    "003_d_full_loop": "print(messages[-1], args, completion_2.choices[0].message.content)",
    "003_f_multi_call_loop": "print(messages[-2:], completion.choices[0].message.content)",
    "003_h_accumulate": "print(final_tool_calls)",
}

PROGRAMS = (
    "000_streaming_demo",
    ASSIGNING,
    "003_a_get_weather",
    "003_b_send_email",
    "003_c_search_kb",
    "003_d_full_loop",
    "003_e_pydantic_tool",
    "003_f_multi_call_loop",
    "003_g_streaming",
    "003_h_accumulate",
    "004_chat_stream",
)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment, and for the one program that asks a weather service, an answer."""
    weather = types.SimpleNamespace(json=lambda: {"current": {"temperature_2m": 18.2}})
    requests = types.SimpleNamespace(get=lambda url: weather)
    monkeypatch.setitem(sys.modules, "requests", requests)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")


def source(name: str) -> str:
    text = require(SAMPLES / f"{name}.py").read_text("utf-8")
    return f"{_CONTEXT.get(name, '')}\n{text}\n{_CAME_TO.get(name, '')}\n"


def moved(text: str) -> str:
    """With the import lines changed, and nothing else."""
    text = re.sub(r"(?m)^from openai import", "from streamnorm.openai import", text)
    return re.sub(r"(?m)^import openai$", "import streamnorm.openai as openai", text)


def printed(text: str, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
    for placeholder in PLACEHOLDERS:
        text = text.replace(f"base_url={placeholder}", f'base_url="{url}/v1"')
        text = text.replace(f"base_url = {placeholder}", f'base_url = "{url}/v1"')
    said = io.StringIO()
    scope: dict[str, Any] = {"__name__": "__main__"}
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(text, "sample", "exec"), scope)
    finally:
        if "client" in scope:
            scope["client"].close()
    return said.getvalue()


def run(name: str, monkeypatch: pytest.MonkeyPatch, style: str, **options: Any) -> str:
    text = moved(source(name))
    if name == ASSIGNING:
        text = text.replace("client = OpenAI(", 'client = OpenAI(emit="cumulative",')
    with style_server(style, **options) as server:
        return printed(text, server.url, monkeypatch)


@cache
def conformant(name: str, size: int, most_calls: int) -> str:
    """What is printed where the provider does as OpenAI does."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return run(name, monkeypatch, "openai", size=size, most_calls=most_calls)


def without_ids(text: str) -> str:
    """Ids by the order of their appearance: a provider that gives none, or one twice, gets others."""
    found: dict[str, str] = {}
    return re.sub(r"call_\w+", lambda seen: found.setdefault(seen[0], f"id {len(found)}"), text)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("style", STYLES[1:])
def test_a_published_program_prints_the_same_whatever_the_provider_does(
    name: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where each delta is printed, how the arguments were cut is seen: a provider that does not cut them is compared with one
    # that does not either.
    for size in (5, 0):
        reference = conformant(name, 0 if style == UNCUT else size, 1 if style == ONE_CALL else 9)
        result = run(name, monkeypatch, style, size=size)
        if (name, style) == _SAYS_MORE:
            assert result.count("None\n") == reference.count("None\n") + 1
            result, reference = result.replace("None\n", ""), reference.replace("None\n", "")
        assert without_ids(result) == without_ids(reference)
        assert result


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_published_program_prints_what_it_prints_over_the_sdk(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai", minversion="3.52")
    # The one that assigns was written for a provider that sends the arguments from the start each time.
    style = "cumulative" if name == ASSIGNING else "openai"
    with style_server(style) as server:
        theirs = printed(source(name), server.url, monkeypatch)
    assert run(name, monkeypatch, style) == theirs
    assert theirs


def test_the_published_text_with_its_own_mistake_comes_as_far_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NameError, match="'index' is not defined"):
        run("001_empower_verbatim", monkeypatch, "openai")


def test_what_the_programs_print_is_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    assigned = run(ASSIGNING, monkeypatch, "absent arguments")
    last = assigned.splitlines()[-1]
    calls = eval(last, {})  # the program prints a list of dicts
    assert [(call["index"], call["name"]) for call in calls] == [
        (0, "get_current_weather"),
        (1, "get_current_weather"),
    ]
    assert [json.loads(call["arguments"])["location"] for call in calls] == [
        "San Francisco, CA",
        "Los Angeles, CA",
    ]
    added = run("000_streaming_demo", monkeypatch, "missing index")
    assert "PRINT STATEMENT: Getting weather for Paris, France with unit celsius" in added
    weather = json.dumps({"location": "Paris", "temperature": "22", "unit": "celsius"})
    assert added.endswith(f"I have looked: {json.dumps(weather)}.")
