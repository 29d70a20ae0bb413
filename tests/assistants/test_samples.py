"""The Assistants programs that people published run with their import changed and nothing else, on the engine in their process in
front of a chat endpoint; and as they are, with OpenAI's SDK, on the engine over HTTP. Both print the same."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.test_cli_serve import serving
from client.style_server import Said, style_server
from corpus import FACTS, require

from streamnorm import AsyncOpenAI
from streamnorm.assistants.engine.server import served

SAMPLES = FACTS / "seeds" / "samples"

PROGRAMS = (
    "002_assistants_stream",
    "002_assistants_poll",
    "004_assistant_stream",
    "004_assistant_tools",
)
#: Cells of the notebook that ask for a chat completion.
CHAT_CELLS = ("in06", "in08")

#: Of the SDK.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
]

VALUES = {"location": "Beijing", "unit": "Celsius"}
STORY = "从前有一个小女孩, 她在森林里遇到了一只怪兽 🦄."


def scenario(body: dict[str, Any]) -> Said:
    """A call of each tool that is offered, a sentence with the results, or a story."""
    results = [m["content"] for m in body["messages"] if m["role"] == "tool"]
    if results:
        return Said(f"I have looked: {'; '.join(results)}.")
    calls = []
    for number, tool in enumerate(body.get("tools") or ()):
        function = tool["function"]
        wanted = {name: VALUES[name] for name in function["parameters"]["properties"]}
        if "celsius" in str(function):
            wanted["unit"] = "celsius"
        calls.append((f"call_{number}", function["name"], json.dumps(wanted)))
    return Said("" if calls else STORY, tuple(calls))


@pytest.fixture
def chat() -> Iterator[str]:
    with style_server(scenario=scenario) as server:
        yield f"{server.url}/v1"


#: Says to a program, by the environment, where it is to go.
Use = Callable[[str], None]


@pytest.fixture
def local(chat: str, monkeypatch: pytest.MonkeyPatch) -> Use:
    """To the chat endpoint, whatever it asks for: the engine is in its process."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")

    def use(name: str) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", chat)
        monkeypatch.setenv("STREAMNORM_ASSISTANTS", "local")

    return use


@pytest.fixture
def over_http(chat: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """To the engine over HTTP; for a chat completion, to the endpoint."""
    pytest.importorskip("openai", minversion="3.52")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
    with served(lambda: AsyncOpenAI(base_url=chat, api_key="sk-of-nobody")) as url:

        def use(name: str) -> None:
            monkeypatch.setenv("OPENAI_BASE_URL", chat if name in CHAT_CELLS else f"{url}/v1")

        yield use


def source(name: str) -> str:
    return require(SAMPLES / f"{name}.py").read_text("utf-8")


def moved(text: str) -> str:
    """With the import lines changed, and nothing else."""
    return re.sub(r"(?m)^from openai import", "from streamnorm.openai import", text)


def printed(named: dict[str, str], use: Use) -> str:
    """What programs print that run one after the other in one namespace."""
    said = io.StringIO()
    scope: dict[str, Any] = {"__name__": "__main__"}
    clients = []
    try:
        with contextlib.redirect_stdout(said):
            for name, text in named.items():
                use(name)
                exec(compile(text, name, "exec"), scope)
                clients.append(scope.get("client"))
    finally:
        for client in clients:
            if client is not None:
                client.close()
    return said.getvalue()


def without_ids(text: str) -> str:
    """Ids in the order of their appearance, times and addresses as words."""
    ids: dict[str, str] = {}
    text = re.sub(
        r"\b(?:asst|thread|msg|run|step|call)_[0-9a-f]{8,}",
        lambda found: ids.setdefault(found[0], f"id {len(ids)}"),
        text,
    )
    text = re.sub(r"<[\w.]*?(\w+) object at 0x[0-9a-f]+>", r"<\1>", text)
    return re.sub(r"(_at=)\d+", r"\1a time", text)


def cells() -> dict[str, str]:
    found = sorted(Path(require(SAMPLES / "004_cells")).glob("in*.py"))
    return {path.stem: path.read_text("utf-8") for path in found}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_published_program_prints_what_was_meant(name: str, local: Use) -> None:
    assert_meant(name, printed({name: moved(source(name))}, local))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_published_program_prints_the_same_with_the_sdk_over_http(
    name: str, local: Use, over_http: Use
) -> None:
    theirs = printed({name: source(name)}, over_http)
    assert_meant(name, theirs)
    ours = printed({name: moved(source(name))}, local)
    assert without_ids(ours) == without_ids(theirs)


def assert_meant(name: str, said: str) -> None:
    """What a program was written to show is there."""
    match name:
        case "002_assistants_stream":
            assert said == "I have looked: 57; 0.06.\n"
        case "002_assistants_poll":
            first, second, page = said.splitlines()
            assert first == "requires_action"
            assert second == "Tool outputs submitted successfully."
            assert page.startswith("SyncCursorPage[Message](data=[Message(id='msg_")
            assert "value='I have looked: 57; 0.06.'" in page
        case "004_assistant_stream":
            assert "Stream object at 0x" in said
            assert said.count("ThreadRunCreated(data=Run(id='run_") == 2
            assert f"\n{STORY}\n" in said
        case "004_assistant_tools":
            assert 'Function Result for get_current_weather: {"location": "Beijing"' in said
            assert "Completed Message Text: I have looked: " in said
            assert "RequiredAction(submit_tool_outputs=RequiredActionSubmitToolOutputs(" in said


def test_the_notebook_runs_cell_by_cell_over_both(local: Use, over_http: Use) -> None:
    text = cells()
    assert len(text) == 25
    theirs = printed(text, over_http)
    ours = printed({name: moved(code) for name, code in text.items()}, local)
    assert without_ids(ours) == without_ids(theirs)
    assert theirs.count("Completed Message Text: ") == 1
    assert "ChoiceDelta(" in theirs


def test_the_sdk_runs_against_the_command(chat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai", minversion="3.52")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
    with serving("--assistants", "-u", chat) as (_, url, _):
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        name = "002_assistants_stream"
        assert_meant(name, printed({name: source(name)}, lambda name: None))


def test_nothing_but_ids_times_and_addresses_is_taken_out() -> None:
    text = "<openai.Stream object at 0x7f> Run(id='run_0123456789', created_at=17, x=run_1) 'run_0123456789'"
    assert without_ids(text) == "<Stream> Run(id='id 0', created_at=a time, x=run_1) 'id 0'"
