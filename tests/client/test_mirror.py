"""`import streamnorm.openai as openai` has the names of `openai`, or a reason for each that it has not."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

import streamnorm.openai as mirror
from streamnorm.openai import absent

real = pytest.importorskip("openai", minversion="3.52")


def public(module: ModuleType) -> set[str]:
    listed = {name for name in getattr(module, "__all__", ()) if name != "__version__"}
    return listed | {name for name in dir(module) if name[0] != "_"}


def test_every_public_name_is_mirrored_or_has_a_reason() -> None:
    importlib.import_module("openai.types.chat")
    for ours, theirs, reasons in (
        (mirror, real, absent.TOP),
        (mirror.types.chat, real.types.chat, absent.CHAT_TYPES),
    ):
        names = {name for name in public(theirs) if not _is_submodule(theirs, name)}
        missing = {name for name in names if not hasattr(ours, name)}
        assert missing == set(reasons) & names
        assert all(not hasattr(ours, name) for name in reasons)
        assert all(len(reason) > 20 for reason in reasons.values())


def _is_submodule(module: ModuleType, name: str) -> bool:
    return isinstance(vars(module).get(name), ModuleType) and module is not real


def test_asking_for_what_is_absent_tells_why() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'images': an API of its own"):
        mirror.images  # noqa: B018 - it raises
    with pytest.raises(AttributeError, match=r"'nonsense'$"):
        mirror.nonsense  # noqa: B018


SUBMODULES = (
    *sorted(f"types.chat.{name}" for name in mirror.types.chat._mirror.modules),
    *("types.completion_usage", "types.model", "types.shared", "pagination", "lib.streaming.chat"),
)


@pytest.mark.parametrize("name", SUBMODULES)
def test_submodules_can_be_imported_and_have_names_of_theirs(name: str) -> None:
    ours = importlib.import_module(f"streamnorm.openai.{name}")
    theirs = importlib.import_module(f"openai.{name}")
    names = [each for each in dir(ours) if each[0] != "_"]
    assert names
    for each in names:
        assert getattr(ours, each) is not None
        assert hasattr(theirs, each), each


@pytest.mark.parametrize(
    "name", ["chat_completion", "chat_completion_chunk", "chat_completion_message"]
)
def test_classes_have_the_names_they_are_asked_for_by(name: str) -> None:
    ours = importlib.import_module(f"streamnorm.openai.types.chat.{name}")
    for each in dir(ours):
        assert getattr(ours, each).__name__ == each


def test_parameters_are_made_as_dicts() -> None:
    from streamnorm.openai.types.chat import ChatCompletionUserMessageParam

    message = ChatCompletionUserMessageParam(role="user", content="Hi")
    assert message == {"role": "user", "content": "Hi"}


def test_everything_that_is_named_is_there() -> None:
    for module in (mirror, mirror.types, mirror.types.chat, mirror.lib, mirror.lib.streaming):
        assert set(module.__all__) <= {*dir(module), "__version__"}
        assert all(hasattr(module, name) for name in module.__all__)


def test_it_costs_no_pydantic_and_no_http_to_import() -> None:
    code = (
        "import sys, streamnorm.openai as openai\n"
        "openai.types.chat.ChatCompletion, openai.RateLimitError, openai.types.chat.ChatCompletionChunk\n"
        "from streamnorm.openai.lib.streaming.chat import ChatCompletionStreamState\n"
        "ChatCompletionStreamState()\n"
        "print([name for name in ('pydantic', 'httpx', 'httpx2', 'openai', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
