"""The objects are the SDK's in all that can be seen of them: names, fields and their order, repr, dumps; and in their places."""

from __future__ import annotations

import copy
import importlib
import json
import pkgutil
from types import ModuleType
from typing import Any

import pytest
from corpus import facts
from hypothesis import given, settings
from run_streams import pairs_of, runs, streams

import streamnorm.openai as mirror
from streamnorm.assistants import event_of
from streamnorm.assistants.types import stream_event, tools
from streamnorm.dialects.chat.model import Model

real = pytest.importorskip("openai", minversion="3.52")
models = pytest.importorskip("openai._models")
beta = pytest.importorskip("openai.types.beta")
importlib.import_module("openai.types.beta.threads.runs")

PACKAGES = ("beta", "beta.threads", "beta.threads.runs")

#: Modules of the SDK's whose classes have no module of that name here.
SHARED = {"error_object": stream_event}


def ours_of(place: str) -> Any:
    """Our class for one of the SDK's, by its place in `openai.types`."""
    module, _, name = place.rpartition(".")
    if module.startswith("shared."):
        return getattr(SHARED.get(module.removeprefix("shared."), tools), name)
    return getattr(importlib.import_module(f"streamnorm.openai.types.{module}"), name)


def places() -> list[str]:
    return list(facts("dialects/assistants.json")["types"])


def test_every_class_has_the_fields_of_the_sdks_in_their_order() -> None:
    assert len(places()) > 60
    for place in places():
        module, _, name = place.rpartition(".")
        mine = ours_of(place)
        theirs = getattr(importlib.import_module(f"openai.types.{module}"), name)
        assert issubclass(mine, Model)
        assert mine.__name__ == theirs.__name__
        assert mine._order() == tuple(theirs.model_fields), place
        required = [f for f, about in theirs.model_fields.items() if about.is_required()]
        assert [field for field in mine._order() if field in _required(mine)] == required, place


def _required(model: Any) -> set[str]:
    import msgspec.structs

    return {field.name for field in msgspec.structs.fields(model) if field.required}


def same(mine: Any, theirs: Any) -> None:
    assert repr(mine) == repr(theirs)
    assert type(mine).__name__ == type(theirs).__name__
    assert mine.to_dict() == theirs.to_dict()
    assert mine.model_dump() == theirs.model_dump(warnings=False)
    assert json.loads(mine.to_json()) == json.loads(theirs.to_json(warnings=False))


@pytest.mark.parametrize("name", streams())
def test_a_recorded_event_looks_as_the_sdks(name: str) -> None:
    for event, data in pairs_of(streams()[name]):
        value = {"event": event, "data": copy.deepcopy(data)}
        same(
            event_of(event, data),
            models.construct_type(type_=beta.AssistantStreamEvent, value=value),
        )


@settings(max_examples=60, deadline=None)
@given(runs())
def test_an_event_that_nobody_recorded_does_too(pairs: Any) -> None:
    for event, data in pairs:
        value = {"event": event, "data": copy.deepcopy(data)}
        same(
            event_of(event, data),
            models.construct_type(type_=beta.AssistantStreamEvent, value=value),
        )


def test_the_schema_of_a_response_format_has_its_own_name_on_the_wire() -> None:
    sent = {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
    }
    run = {"event": "thread.run.queued", "data": {"id": "run_1", "response_format": sent}}
    theirs = models.construct_type(type_=beta.AssistantStreamEvent, value=run).data.response_format
    mine = event_of("thread.run.queued", run["data"]).data.response_format
    assert repr(mine) == repr(theirs)
    assert mine.to_dict() == theirs.to_dict() == sent
    assert mine.json_schema.schema_ == {"type": "object"}


def test_every_event_has_its_class() -> None:
    documented = facts("dialects/assistants.json")["events"]
    for name, about in documented.items():
        if about["sdk_class"] is not None:
            assert type(event_of(name, {})).__name__ == about["sdk_class"]


# Where they are.


def modules_of(package: str) -> dict[str, ModuleType]:
    theirs = importlib.import_module(f"openai.types.{package}")
    names = [info.name for info in pkgutil.iter_modules(theirs.__path__) if not info.ispkg]
    mine = importlib.import_module(f"streamnorm.openai.types.{package}")
    return {
        name: importlib.import_module(f"streamnorm.openai.types.{package}.{name}")
        for name in names
        if name in mine._mirror.modules
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_what_can_be_imported_can_be_imported_from_the_same_place(package: str) -> None:
    mine = importlib.import_module(f"streamnorm.openai.types.{package}")
    assert modules_of(package).keys() == mine._mirror.modules.keys()
    assert set(mine.__all__) <= set(dir(mine))
    for name, module in {"": mine, **modules_of(package)}.items():
        theirs = importlib.import_module(f"openai.types.{package}{'.' if name else ''}{name}")
        for each in (each for each in dir(module) if each[0] != "_"):
            assert getattr(module, each) is not None
            assert hasattr(theirs, each), (name, each)


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_no_name_of_threads_is_missing(package: str) -> None:
    mine = importlib.import_module(f"streamnorm.openai.types.{package}")
    theirs = importlib.import_module(f"openai.types.{package}")
    names = {name for name in dir(theirs) if name[0].isupper()}
    assert {name for name in names if not hasattr(mine, name)} == set()


def test_no_name_of_an_assistant_or_a_thread_is_missing() -> None:
    names = {name for name in dir(beta) if name.startswith(("Assistant", "Thread"))}
    assert {name for name in names if not hasattr(mirror.types.beta, name)} == set()


def test_the_handlers_are_where_they_were() -> None:
    from streamnorm.openai.lib import streaming

    theirs = importlib.import_module("openai.lib.streaming")
    assert {name for name in theirs.__all__ if not hasattr(streaming, name)} == set()
    assert mirror.AssistantEventHandler is streaming.AssistantEventHandler
    assert mirror.AsyncAssistantEventHandler is streaming.AsyncAssistantEventHandler
