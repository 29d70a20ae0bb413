"""Repairs of what leaked into the text: reasoning in tags, calls as a model writes them. Text may look like this and be meant
so, therefore none of them is safe: they run where a profile names them or the caller asks for them."""

from __future__ import annotations

from typing import Final

from streamnorm.repairs.base import ANY, Repair

__all__ = ["EXCLUSIVE", "LEAK_REPAIRS", "ThinkTagUnopened", "ThinkTags"]


class ThinkTags(Repair):
    """The text begins with reasoning, between `<think>` and `</think>`."""

    code = "think-tags"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "what was between the tags became reasoning_content"
    safe = False
    dialects = ANY


class ThinkTagUnopened(Repair):
    """The text begins with reasoning that only `</think>` ends: the opening tag was part of the prompt."""

    code = "think-tag-unopened"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "what was before the tag became reasoning_content"
    safe = False
    dialects = ANY


class _Leak(Repair):
    rule = "3: a tool call is in tool_calls"
    done = "read as a tool call"
    safe = False
    dialects = ANY


class LeakHermes(_Leak):
    """`<tool_call>{"name": ..., "arguments": {...}}</tool_call>` in the text, as Hermes and Qwen write calls."""

    code = "leak-hermes"


class LeakQwenXml(_Leak):
    """`<function=name><parameter=key>value</parameter></function>` in the text, as Qwen3-Coder writes calls."""

    code = "leak-qwen-xml"


class LeakGlm(_Leak):
    """`<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>` in the text, as GLM writes calls."""

    code = "leak-glm"


class LeakPythonTag(_Leak):
    """`<|python_tag|>` and a call as JSON in the text, as Llama 3 writes calls."""

    code = "leak-python-tag"


class LeakBareJson(_Leak):
    """The whole text is a call as JSON, `{"name": ..., "parameters": {...}}`, with nothing around it."""

    code = "leak-bare-json"


class LeakMistral(_Leak):
    """`[TOOL_CALLS]` and the calls as JSON in the text, as Mistral writes calls."""

    code = "leak-mistral"


class LeakDeepseek(_Leak):
    """`<｜tool▁calls▁begin｜>` or `<｜DSML｜function_calls>` and calls in the text, as DeepSeek writes them."""

    code = "leak-deepseek"


class LeakKimi(_Leak):
    """`<|tool_calls_section_begin|>` and calls in the text, as Kimi K2 writes them."""

    code = "leak-kimi"


class LeakHarmony(_Leak):
    """The channels of gpt-oss in the text: `<|channel|>commentary to=functions.name<|message|>{...}`, also without its tokens."""

    code = "leak-harmony"
    done = "calls became tool calls, the analysis reasoning; the markup was taken off"


class LeakFunctionary(_Leak):
    """`>>>name` and the arguments in the text, or the recipients of earlier versions, as Functionary writes calls."""

    code = "leak-functionary"
    done = "calls became tool calls; the markup was taken off"


class LeakEmpower(_Leak):
    """`<f>` and a list of calls, `<c>` and text, `<thinking>` before them, as Empower's models write."""

    code = "leak-empower"
    done = "calls became tool calls, the thinking reasoning; the markup was taken off"


LEAK_REPAIRS: Final[tuple[type[Repair], ...]] = (
    ThinkTags,
    ThinkTagUnopened,
    LeakHermes,
    LeakQwenXml,
    LeakGlm,
    LeakPythonTag,
    LeakBareJson,
    LeakMistral,
    LeakDeepseek,
    LeakKimi,
    LeakHarmony,
    LeakFunctionary,
    LeakEmpower,
)

#: Of each of these, only one can be true of a stream.
EXCLUSIVE: Final = (frozenset({ThinkTags.code, ThinkTagUnopened.code}),)

#: Those that act only on what is in the text, and so are proven by it; the other takes for granted what the prompt held.
EVIDENT: Final = tuple(repair for repair in LEAK_REPAIRS if repair is not ThinkTagUnopened)
