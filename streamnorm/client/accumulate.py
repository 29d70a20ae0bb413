"""Canonical chunks added up to one completion. Text is kept in pieces and joined when somebody looks, so that adding a chunk
costs what the chunk holds, however much came before."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.dialects.chat.types import ChatCompletionChunk, Choice, ChoiceLogprobs

__all__ = ["ChoiceSum", "CompletionSum", "Text"]

#: Names of text that is not joined, because it names something: the last one holds.
_NAMES: Final = frozenset({"format", "id", "role", "type"})


class Text:
    """A text that grows. `length` is how many characters it has."""

    __slots__ = ("_pieces", "length")

    def __init__(self, text: str) -> None:
        self._pieces = [text]
        self.length = len(text)

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self.length += len(text)

    def whole(self) -> str:
        """All of it so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0]


class ChoiceSum:
    """One choice so far. `message` is its message, where each text is a `Text`; `fields` the rest of it, as its first chunk had
    them."""

    def __init__(self, choice: Choice) -> None:
        self.fields = choice.model_dump(exclude_unset=True, exclude={"delta", "logprobs"})
        self.finish_reason: str | None = None
        self.message: dict[str, Any] = {}
        self.logprobs: ChoiceLogprobs | None = None

    def add(self, choice: Choice) -> None:
        _grow(self.message, choice.delta.to_dict())
        self.finish_reason = choice.finish_reason or self.finish_reason
        if choice.logprobs is not None:
            self._add_logprobs(choice.logprobs)

    def text(self, name: str) -> Text | None:
        """A field of the message that is text: None where none has come."""
        found = self.message.get(name)
        return found if isinstance(found, Text) else None

    def call(self, index: int) -> dict[str, Any]:
        """The call at `index`, as far as it has come."""
        found: dict[str, Any] = self.message["tool_calls"][index]
        return found

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.fields,
            "finish_reason": self.finish_reason,
            "logprobs": self.logprobs,
            "message": _whole(self.message),
        }

    def _add_logprobs(self, logprobs: ChoiceLogprobs) -> None:
        """Lists are joined, those of fields that the SDK does not know as well."""
        if self.logprobs is None:
            self.logprobs = ChoiceLogprobs()
        for name, value in logprobs:
            have = getattr(self.logprobs, name, None)
            if isinstance(have, list) and isinstance(value, list):
                have += value
            elif value is not None or have is None:
                setattr(self.logprobs, name, value.copy() if isinstance(value, list) else value)


class CompletionSum:
    """A completion so far. `chunks` counts those that were added."""

    def __init__(self) -> None:
        self.chunks = 0
        self.choices: dict[int, ChoiceSum] = {}
        self._fields: dict[str, Any] = {}

    def add(self, chunk: ChatCompletionChunk) -> None:
        self.chunks += 1
        if not self._fields:
            self._fields = {
                "system_fingerprint": None,
                **chunk.to_dict(exclude={"choices", "obfuscation"}),
            }
        for name in ("usage", "system_fingerprint", "moderation"):
            if (value := getattr(chunk, name)) is not None:
                self._fields[name] = value
        for choice in chunk.choices:
            if choice.index not in self.choices:
                self.choices[choice.index] = ChoiceSum(choice)
            self.choices[choice.index].add(choice)

    def to_dict(self) -> dict[str, Any]:
        """As the JSON of a completion that did not stream (some of it models already)."""
        choices = [choice.to_dict() for _, choice in sorted(self.choices.items())]
        return {**self._fields, "object": "chat.completion", "choices": choices}


def _grow(into: dict[str, Any], delta: dict[str, Any]) -> None:
    for key, value in delta.items():
        have = into.get(key)
        if value is None:
            into.setdefault(key, None)
        elif isinstance(have, Text) and isinstance(value, str):
            have.add(value)
        elif isinstance(have, dict) and isinstance(value, dict):
            _grow(have, value)
        elif isinstance(have, list) and isinstance(value, list):
            _lengthen(have, value)
        else:
            into[key] = _begun(value, key)


def _begun(value: Any, key: str = "") -> Any:
    if isinstance(value, str) and key not in _NAMES:
        return Text(value)
    made: Any = value
    if isinstance(value, dict):
        made = {}
        _grow(made, value)
    elif isinstance(value, list):
        made = []
        _lengthen(made, value)
    return made


def _lengthen(into: list[Any], items: list[Any]) -> None:
    """Items with an `index` grow at their place; others follow."""
    for item in items:
        at = item.get("index") if isinstance(item, dict) else None
        if isinstance(at, int) and 0 <= at < len(into) and isinstance(into[at], dict):
            _grow(into[at], item)
        else:
            into.append(_begun(item) if isinstance(item, dict) else item)


def _whole(value: Any) -> Any:
    if isinstance(value, Text):
        return value.whole()
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
