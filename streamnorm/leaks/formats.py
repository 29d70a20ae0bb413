"""The table of formats: which marker may begin what, and what reads it."""

# ruff: noqa: RUF001 - these tokens are spelled with full-width bars

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from streamnorm.leaks import jsonformats as of_json
from streamnorm.leaks import tagformats as of_tags
from streamnorm.leaks import tokenformats as of_tokens
from streamnorm.leaks.source import Reading, Source
from streamnorm.leaks.teller import Teller

__all__ = ["FORMATS", "Format", "Opener"]

#: Reads what stands behind a marker, and commits once that is certain. Refused before, it was no marker.
Opener: TypeAlias = Callable[[Source, Teller], Reading[None]]


@dataclass(frozen=True)
class Format:
    """One way to write calls as text. `openings`: by marker, what reads on behind it. `beginnings`: the same, where they count
    only at the beginning of the text. `in_reasoning`: seen in reasoning, too."""

    code: str
    openings: Mapping[str, Opener] = field(default_factory=dict)
    beginnings: Mapping[str, Opener] = field(default_factory=dict)
    in_reasoning: bool = False


#: Where formats share a marker, the one further up is asked first; none of them takes what is another's.
_TABLE: Final = (
    Format("leak-hermes", {"<tool_call>": of_json.hermes_call}),
    Format(
        "leak-qwen-xml",
        {"<tool_call>": of_tags.wrapped_function_tag, "<function=": of_tags.function_tag},
    ),
    Format("leak-glm", {"<tool_call>": of_tags.glm_call}),
    Format("leak-python-tag", {"<|python_tag|>": of_json.python_tag}),
    Format("leak-bare-json", beginnings={"{": of_json.bare_json}),
    Format("leak-mistral", {"[TOOL_CALLS]": of_json.mistral_calls}),
    Format(
        "leak-deepseek",
        {
            "<｜tool▁calls▁begin｜>": of_tokens.deepseek_section,
            "<｜tool▁call▁begin｜>": of_tokens.deepseek_call,
            "<｜DSML｜function_calls>": of_tags.dsml_section,
            "<｜DSML｜tool_calls>": of_tags.dsml_section,
            '<｜DSML｜invoke name="': of_tags.dsml_invoke,
        },
        in_reasoning=True,
    ),
    Format(
        "leak-kimi",
        {
            "<|tool_calls_section_begin|>": of_tokens.kimi_section,
            "<|tool_call_begin|>": of_tokens.kimi_call,
        },
        in_reasoning=True,
    ),
    Format(
        "leak-harmony",
        {
            "<|start|>assistant": of_tokens.harmony_start,
            "<|channel|>": of_tokens.harmony_channel,
            "commentary to=functions.": of_tokens.harmony_bare,
            "assistantcommentary to=functions.": of_tokens.harmony_bare,
        },
    ),
    Format(
        "leak-functionary",
        {
            ">>>": of_tokens.functionary_arrows,
            "<function=": of_tokens.functionary_function,
            "<|from|>assistant\n<|recipient|>": of_tokens.functionary_recipient,
        },
    ),
    Format(
        "leak-empower",
        beginnings={
            "<f>": of_json.empower_calls,
            "<c>": of_json.empower_text,
            "<thinking>": of_json.empower_thinking,
        },
    ),
)

#: By code.
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({row.code: row for row in _TABLE})
