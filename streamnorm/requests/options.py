"""What a request rule has to be told about a provider, a model of pydantic for each rule that takes options: the table that
`[request.<rule>.options]` in a profile is held against. Only what loads profiles imports this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["OPTIONS", "Condition", "Options"]


class Options(BaseModel):
    """The options of one rule. A rule that is not in `OPTIONS` takes none."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(Options):
    """When a rule holds: for models whose id fits `model` (a glob such as `kimi-k2*`, case ignored), and for bodies that have
    `field` (a JSON Pointer), with the value `equals` where that is given."""

    model: str | None = None
    field: str | None = Field(default=None, pattern="^/")
    equals: str | int | bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.model is None and self.field is None:
            raise ValueError("a condition names a model, a field, or both")
        if self.equals is not None and self.field is None:
            raise ValueError("`equals` is the value of a `field`, and none is named")
        return self


LimitWord = Literal["max_tokens", "max_completion_tokens"]


class LimitName(Options):
    """`name`: the one name that is known for the output limit. `models`: the name by model, a glob each; they come first."""

    name: LimitWord | None = None
    models: dict[str, LimitWord] = {}


class LimitDefault(Options):
    """`tokens`: the limit that is set where the caller set none."""

    tokens: int = Field(gt=0)


class Pinned(Options):
    """`value`: what is sent instead of nothing."""

    value: bool | None = None


Emptiness = Literal["null", "empty", "absent"]


class EmptyContent(Options):
    """`refuses`: the kinds of empty content that fail beside tool calls; `write`: the kind that is sent instead."""

    refuses: frozenset[Emptiness] = Field(min_length=1)
    write: Emptiness

    @model_validator(mode="after")
    def _writes_what_passes(self) -> Self:
        if self.write in self.refuses:
            raise ValueError(f"{self.write!r} is written, and refused")
        return self


class ToolChoices(Options):
    """`refuses`: the choices that fail (`named`: one tool by its name); `instead`: what is sent for them."""

    refuses: frozenset[Literal["auto", "none", "required", "named"]] = Field(min_length=1)
    instead: Literal["auto", "omit"]

    @model_validator(mode="after")
    def _sends_what_passes(self) -> Self:
        if self.instead in self.refuses:
            raise ValueError(f"{self.instead!r} is sent, and refused")
        return self


class SchemaWords(Options):
    """`keywords`: those that are refused. `shapes`: what else is: `tuple-items` (`items` as a list), `type-beside-anyOf`.
    `strict_only`: tools that are not strict may say them."""

    keywords: frozenset[str] = frozenset()
    shapes: frozenset[Literal["tuple-items", "type-beside-anyOf"]] = frozenset()
    strict_only: bool = False


class Roles(Options):
    """`roles`: the messages it holds for; all where none is named."""

    roles: frozenset[str] = frozenset()


class IdFormat(Options):
    """`min` and `max`: how many characters an id has. `characters`: which; `alphanumeric` is a-z, A-Z and 0-9, `word` has _ and
    - besides."""

    min: int = Field(default=1, ge=1)
    max: int = Field(ge=1, le=1000)
    characters: Literal["alphanumeric", "word", "any"] = "any"

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if not self.min <= self.max:
            raise ValueError(f"min is {self.min} and max {self.max}")
        # Hashes of fewer characters meet too often.
        if self.max < 6:
            raise ValueError("ids of fewer than 6 characters cannot be told apart")
        return self


class ArgumentText(Options):
    """`broken`: what stands for arguments that do not parse: the text under the key `_raw`, or an empty object."""

    broken: Literal["raw", "empty"] = "raw"


class ResultText(Options):
    """`quoted`: the string has to be JSON itself, so that plain text is sent in quotes."""

    quoted: bool = False


class ResultName(Options):
    """`name`: a result carries the tool's name beside the call's id."""

    name: bool = False


class Filler(Options):
    """`text`: what the assistant is made to say between a result and the user."""

    text: str = Field(default="OK.", min_length=1)


class ReasoningKept(Options):
    """`field`: where a turn's reasoning has to be. `renamed`: the names under which it may have come as text, too.
    `placeholder`: what stands for it where it was lost, on turns that call tools."""

    field: str
    renamed: tuple[str, ...] = ()
    placeholder: str | None = None


class UnknownFields(Options):
    """What is refused: `fields` of the body, `models`: fields of the body by model (a glob each), `messages`: fields of a message
    by its role, `calls`: fields of a tool call."""

    fields: frozenset[str] = frozenset()
    models: dict[str, frozenset[str]] = {}
    messages: dict[Literal["system", "user", "assistant", "tool"], frozenset[str]] = {}
    calls: frozenset[str] = frozenset()


class Bounds(Options):
    """`min` and `max`: the bounds of the temperature."""

    min: float | None = None
    max: float | None = None


class SeveralChoices(Options):
    """`temperature`: several choices need at least this one. Without it they are refused."""

    temperature: float | None = None


class SeedName(Options):
    """`name`: what the seed is called."""

    name: str = Field(min_length=1)


class ModelsWithTools(Options):
    """`models`: those that take tools, a glob each."""

    models: tuple[str, ...] = ()


class FormatAlone(Options):
    """`streamed`: nor may the answer be streamed."""

    streamed: bool = False


#: By rule, what its options are. Those that are needed have no default.
OPTIONS: Final[Mapping[str, type[Options]]] = {
    "parallel_tool_calls-rejected": Pinned,
    "assistant-content-null-vs-empty": EmptyContent,
    "max_tokens-vs-max_completion_tokens": LimitName,
    "tool_choice-unsupported-values": ToolChoices,
    "schema-keywords-rejected": SchemaWords,
    "content-must-be-string": Roles,
    "tool-call-id-format": IdFormat,
    "arguments-must-be-valid-json-string": ArgumentText,
    "tool-result-must-be-string": ResultText,
    "tool-vs-function-role": ResultName,
    "no-user-after-tool": Filler,
    "reasoning-must-be-replayed": ReasoningKept,
    "unknown-fields-rejected": UnknownFields,
    "temperature-limits": Bounds,
    "n-greater-than-one": SeveralChoices,
    "response_format-with-tools": FormatAlone,
    "seed-renamed": SeedName,
    "tools-unsupported-model": ModelsWithTools,
    "max_tokens-default-too-low": LimitDefault,
}
