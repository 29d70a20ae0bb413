"""Calls written as JSON objects, or as a name and a JSON object, with a marker before them."""

from __future__ import annotations

from typing import Final

from streamnorm.leaks.jsonbody import json_arguments, json_call, json_calls
from streamnorm.leaks.source import Reading, Source, attempt, trailer
from streamnorm.leaks.tagformats import NAME
from streamnorm.leaks.teller import Message, Teller

__all__ = [
    "bare_json",
    "empower_calls",
    "empower_text",
    "empower_thinking",
    "hermes_call",
    "mistral_calls",
    "python_tag",
]

HERMES: Final = "leak-hermes"
PYTHON_TAG: Final = "leak-python-tag"
BARE_JSON: Final = "leak-bare-json"
MISTRAL: Final = "leak-mistral"
EMPOWER: Final = "leak-empower"

_TURN_ENDS: Final = ("<|eom_id|>", "<|eot_id|>")


def hermes_call(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<tool_call>`."""
    yield from source.skip_space()
    yield from json_call(source, teller, HERMES)
    yield from trailer(source, "</tool_call>")


# Objects one behind the other, with ";" or space between them.


def python_tag(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|python_tag|>`."""
    yield from source.skip_space()
    yield from json_call(source, teller, PYTHON_TAG)
    yield from _more_objects(source, teller, PYTHON_TAG, strict=False)


def bare_json(source: Source, teller: Teller) -> Reading[None]:
    """Behind the bracket with which the text begins: the object has nothing but a call in it."""
    yield from json_call(source, teller, BARE_JSON, strict=True, begun=True)
    yield from _more_objects(source, teller, BARE_JSON, strict=True)


def _more_objects(source: Source, teller: Teller, code: str, *, strict: bool) -> Reading[None]:
    while (
        yield from attempt(source, _between(source), json_call(source, teller, code, strict=strict))
    ):
        pass
    yield from trailer(source, *_TURN_ENDS)


def _between(source: Source) -> Reading[None]:
    yield from source.skip_space()
    while (yield from source.take(";")):
        yield from source.skip_space()


# A name and its arguments, or a list of objects.


def mistral_calls(source: Source, teller: Teller) -> Reading[None]:
    """Behind `[TOOL_CALLS]`."""
    yield from source.skip_space()
    if (yield from source.char()) in "[{":
        yield from json_calls(source, teller, MISTRAL)
    else:
        yield from _named(source, teller)
    yield from trailer(source, "</s>")


def _named(source: Source, teller: Teller) -> Reading[None]:
    name = yield from source.token(NAME)
    teller.check(name)
    yield from source.skip_space()
    call_id = None
    if (yield from source.take("[CALL_ID]")):
        call_id = yield from source.token(NAME)
        yield from source.literal("[ARGS]")
    else:
        yield from source.take("[ARGS]")
    yield from json_arguments(source, teller, MISTRAL, name, call_id)


# A tag at the beginning says what the text is.


def empower_calls(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<f>`."""
    yield from json_calls(source, teller, EMPOWER)


def empower_text(_: Source, teller: Teller) -> Reading[None]:
    """Behind `<c>`."""
    teller.enter(Message(EMPOWER, reasoning=False, closers=()))
    yield from ()


def empower_thinking(_: Source, teller: Teller) -> Reading[None]:
    """Behind `<thinking>`."""
    teller.enter(Message(EMPOWER, reasoning=True, closers=("</thinking>",), anew=True))
    yield from ()
