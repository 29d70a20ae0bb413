"""Calls with a tag for each argument: three dialects of the same idea."""

# ruff: noqa: RUF001, RUF003 - these tokens are spelled with full-width bars

from __future__ import annotations

import re
from typing import Final

from streamnorm.leaks.source import Reading, Refused, Source, attempt, trailer
from streamnorm.leaks.tagbody import Ending, Members
from streamnorm.leaks.teller import Teller

__all__ = [
    "NAME",
    "dsml_invoke",
    "dsml_section",
    "function_tag",
    "glm_call",
    "wrapped_function_tag",
]

NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]*")

FUNCTION_TAG: Final = "leak-qwen-xml"
GLM: Final = "leak-glm"
DSML: Final = "leak-deepseek"

_PARAMETER: Final = "<parameter="
_PARAMETER_END: Final = Ending("</parameter>", newlines=True)
_ARG_VALUE_END: Final = Ending("</arg_value>")
_DSML_INVOKE: Final = '<｜DSML｜invoke name="'
_DSML_INVOKE_END: Final = "</｜DSML｜invoke>"
_DSML_PARAMETER: Final = '<｜DSML｜parameter name="'
_DSML_PARAMETER_END: Final = Ending("</｜DSML｜parameter>")
_DSML_KINDS: Final = {"": None, 'string="true"': False, 'string="false"': True}


class _Key:
    """The opening tag of one argument, read as far as its value; with what it says of the value."""

    key = ""
    json_text: bool | None = None


# <function=name><parameter=key>value</parameter></function>


def wrapped_function_tag(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<tool_call>`."""
    yield from source.skip_space()
    yield from source.literal("<function=")
    yield from function_tag(source, teller)


def function_tag(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<function=`."""
    name = yield from source.token(NAME)
    yield from source.literal(">")
    teller.check(name)
    yield from source.skip_space()
    if not (yield from source.stands("</function>")) and not (yield from source.stands(_PARAMETER)):
        raise Refused
    teller.open(FUNCTION_TAG, name)
    members, key = Members(source, teller, name), _Key()
    while (yield from attempt(source, _parameter(source, key))):
        yield from members.add(key.key, _PARAMETER_END)
    ended = yield from trailer(source, "</function>")
    wrapped = yield from trailer(source, "</tool_call>")
    if ended or wrapped:
        members.close()


def _parameter(source: Source, found: _Key) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal(_PARAMETER)
    found.key = yield from source.until(">", barring="<\n")
    source.commit()


# name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>


def glm_call(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<tool_call>`."""
    yield from source.skip_space()
    name = yield from source.token(NAME)
    teller.check(name)
    yield from source.skip_space()
    if not (yield from source.stands("</tool_call>")) and not (
        yield from source.stands("<arg_key>")
    ):
        raise Refused
    teller.open(GLM, name)
    members, key = Members(source, teller, name), _Key()
    while (yield from attempt(source, _arg_key(source, key))):
        yield from members.add(key.key, _ARG_VALUE_END)
    if (yield from trailer(source, "</tool_call>")):
        members.close()


def _arg_key(source: Source, found: _Key) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal("<arg_key>")
    found.key = yield from source.until("</arg_key>", barring="\n")
    yield from source.skip_space()
    yield from source.literal("<arg_value>")
    source.commit()


# <｜DSML｜invoke name="f"><｜DSML｜parameter name="key" string="true">value</｜DSML｜parameter></｜DSML｜invoke>


def dsml_section(source: Source, teller: Teller) -> Reading[None]:
    """Behind the marker of a section."""
    yield from source.skip_space()
    yield from source.literal(_DSML_INVOKE)
    yield from dsml_invoke(source, teller)


def dsml_invoke(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<｜DSML｜invoke name="`: this call, and those that follow."""
    yield from _dsml_call(source, teller)
    while (yield from attempt(source, _dsml_next(source, teller))):
        pass
    yield from trailer(source, "</｜DSML｜function_calls>", "</｜DSML｜tool_calls>")


def _dsml_next(source: Source, teller: Teller) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal(_DSML_INVOKE)
    yield from _dsml_call(source, teller)


def _dsml_call(source: Source, teller: Teller) -> Reading[None]:
    name = yield from source.token(NAME)
    teller.check(name)
    yield from source.literal('"')
    yield from source.skip_space()
    yield from source.literal(">")
    teller.open(DSML, name)
    members, key = Members(source, teller, name), _Key()
    while (yield from attempt(source, _dsml_parameter(source, key))):
        yield from members.add(key.key, _DSML_PARAMETER_END, json_text=key.json_text)
    if (yield from trailer(source, _DSML_INVOKE_END)):
        members.close()


def _dsml_parameter(source: Source, found: _Key) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal(_DSML_PARAMETER)
    found.key = yield from source.until('"', barring="<\n")
    kind = (yield from source.until(">", barring="<\n")).strip()
    if kind not in _DSML_KINDS:
        raise Refused
    found.json_text = _DSML_KINDS[kind]
    source.commit()
