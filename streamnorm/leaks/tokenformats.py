"""Calls between special tokens: sections of calls, and messages with a recipient."""

# ruff: noqa: RUF001, RUF003 - these tokens are spelled with full-width bars

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from streamnorm.leaks.jsonbody import json_arguments
from streamnorm.leaks.source import Reading, Refused, Source, attempt, trailer
from streamnorm.leaks.tagformats import NAME
from streamnorm.leaks.teller import Message, Teller

__all__ = [
    "deepseek_call",
    "deepseek_section",
    "functionary_arrows",
    "functionary_function",
    "functionary_recipient",
    "harmony_bare",
    "harmony_channel",
    "harmony_start",
    "kimi_call",
    "kimi_section",
]

DEEPSEEK: Final = "leak-deepseek"
KIMI: Final = "leak-kimi"
HARMONY: Final = "leak-harmony"
FUNCTIONARY: Final = "leak-functionary"

_DEEPSEEK_CALL: Final = "<｜tool▁call▁begin｜>"
_DEEPSEEK_CALL_END: Final = "<｜tool▁call▁end｜>"
_KIMI_CALL: Final = "<|tool_call_begin|>"
_KIMI_CALL_END: Final = "<|tool_call_end|>"
_kimi_id = re.compile(r"(?:functions\.)?(.+?)(?::\d+)?").fullmatch

_MESSAGE_ENDS: Final = ("<|end|>", "<|return|>", "<|call|>")
#: With single spaces, as more of them could be shared out in many ways.
_header = re.compile(
    r"(?: ?to=(?P<early>[^ <]+))? ?(?:<\|channel\|> ?(?P<channel>analysis|commentary|final))?"
    r"(?: ?to=(?P<late>[^ <]+))? ?(?:<\|constrain\|> ?\w+|json|code)? ?"
).fullmatch

Call = Callable[[Source, Teller], Reading[None]]


def _calls(source: Source, teller: Teller, call: Call, begin: str, *ends: str) -> Reading[None]:
    """This call and those that follow, each behind `begin`; and the end of the section."""
    yield from call(source, teller)
    while (yield from attempt(source, _behind(source, begin), call(source, teller))):
        pass
    yield from trailer(source, *ends)


def _behind(source: Source, marker: str) -> Reading[None]:
    yield from source.skip_space()
    yield from source.literal(marker)


# <｜tool▁call▁begin｜>function<｜tool▁sep｜>name ```json {...} ```, or with the name in the first place.


def deepseek_section(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<｜tool▁calls▁begin｜>`."""
    yield from _behind(source, _DEEPSEEK_CALL)
    yield from deepseek_call(source, teller)


def deepseek_call(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<｜tool▁call▁begin｜>`."""
    yield from _calls(source, teller, _deepseek, _DEEPSEEK_CALL, "<｜tool▁calls▁end｜>")
    yield from trailer(source, "<｜end▁of▁sentence｜>")


def _deepseek(source: Source, teller: Teller) -> Reading[None]:
    yield from source.skip_space()
    name = yield from source.token(NAME)
    yield from source.skip_space()
    yield from source.literal("<｜tool▁sep｜>")
    yield from source.skip_space()
    if (yield from source.char()) not in "{<":
        name = yield from source.token(NAME)
        yield from source.skip_space()
        if (yield from source.take("```")):
            yield from source.take("json")
    teller.check(name)
    yield from json_arguments(source, teller, DEEPSEEK, name, end=_DEEPSEEK_CALL_END)
    yield from trailer(source, "```")
    yield from trailer(source, _DEEPSEEK_CALL_END)


# <|tool_call_begin|>functions.name:0<|tool_call_argument_begin|>{...}<|tool_call_end|>


def kimi_section(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|tool_calls_section_begin|>`."""
    yield from _behind(source, _KIMI_CALL)
    yield from kimi_call(source, teller)


def kimi_call(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|tool_call_begin|>`."""
    yield from _calls(source, teller, _kimi, _KIMI_CALL, "<|tool_calls_section_end|>")


def _kimi(source: Source, teller: Teller) -> Reading[None]:
    yield from source.skip_space()
    call_id = yield from source.token(NAME)
    parts = _kimi_id(call_id)
    if parts is None:
        raise Refused
    teller.check(parts[1])
    yield from source.skip_space()
    yield from source.literal("<|tool_call_argument_begin|>")
    yield from json_arguments(source, teller, KIMI, parts[1], call_id, end=_KIMI_CALL_END)
    yield from trailer(source, _KIMI_CALL_END)


# <|channel|>commentary to=functions.name <|constrain|>json<|message|>{...}<|call|>


def harmony_start(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|start|>assistant`."""
    yield from _harmony(source, teller, "")


def harmony_channel(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|channel|>`."""
    yield from _harmony(source, teller, "<|channel|>")


def _harmony(source: Source, teller: Teller, begun: str) -> Reading[None]:
    words = yield from source.until("<|message|>", barring="\n{")
    header = _header(" ".join((begun + words).split()))
    if header is None:
        raise Refused
    recipient = header["late"] or header["early"]
    if recipient is None:
        teller.enter(Message(HARMONY, header["channel"] == "analysis", _MESSAGE_ENDS))
        return
    name = recipient.removeprefix("functions.")
    yield from json_arguments(source, teller, HARMONY, name)
    yield from trailer(source, *_MESSAGE_ENDS)


def harmony_bare(source: Source, teller: Teller) -> Reading[None]:
    """Behind `commentary to=functions.`: the special tokens, or most of them, were taken out."""
    name = yield from source.token(NAME)
    teller.check(name)
    yield from source.skip_space()
    yield from source.take("<|constrain|>")
    yield from source.take("json")
    yield from source.skip_space()
    yield from source.take("<|message|>")
    yield from json_arguments(source, teller, HARMONY, name)
    yield from trailer(source, *_MESSAGE_ENDS)


# >>>name, or <function=name>, or <|recipient|>name: then {...}


def functionary_arrows(source: Source, teller: Teller) -> Reading[None]:
    """Behind `>>>`."""
    name = yield from source.token(NAME)
    yield from source.literal("\n")
    if name == "all":
        teller.enter(Message(FUNCTIONARY, reasoning=False, closers=()))
        return
    teller.check(name)
    yield from json_arguments(source, teller, FUNCTIONARY, name)


def functionary_function(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<function=`."""
    name = yield from source.token(NAME)
    yield from source.literal(">")
    teller.check(name)
    yield from json_arguments(source, teller, FUNCTIONARY, name)
    yield from trailer(source, "</function>")


def functionary_recipient(source: Source, teller: Teller) -> Reading[None]:
    """Behind `<|from|>assistant` and `<|recipient|>`."""
    name = yield from source.token(NAME)
    yield from source.skip_space()
    yield from source.literal("<|content|>")
    if name == "all":
        teller.enter(Message(FUNCTIONARY, reasoning=False, closers=("<|stop|>",)))
        return
    teller.check(name)
    yield from json_arguments(source, teller, FUNCTIONARY, name)
    yield from trailer(source, "<|stop|>")
