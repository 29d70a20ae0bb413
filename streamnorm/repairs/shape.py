"""Repairs of shape: values of the wrong JSON type, or in a place of their own, moved to where the specification has them.
They see one chunk as a dict and know nothing of the stream around it."""

from __future__ import annotations

import json
from typing import Any, Final

from streamnorm.repairs.base import ShapeRepair

__all__ = ["SHAPE_REPAIRS", "TextForDelta"]

_NULL: Final = (type(None),)


class ChunkWrapped(ShapeRepair):
    """`{"result": {chunk}}`, as some gateways answer."""

    code = "chunk-wrapped"
    rule = "a chunk is the top-level object"
    done = "the wrapper was taken off"
    on, key, types = "chunk", "result", (dict,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("choices") or "choices" not in value:
            return False
        del owner["result"]
        owner.update(value)
        return True


class ChunkWrappedInData(ShapeRepair):
    """`{"data": {chunk}}`."""

    code = "chunk-wrapped-data"
    rule = "a chunk is the top-level object"
    done = "the wrapper was taken off"
    on, key, types = "chunk", "data", (dict,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("choices") or "choices" not in value:
            return False
        del owner["data"]
        owner.update(value)
        return True


class ChunkNestedInProvider(ShapeRepair):
    """The real chunk sits in `provider`, the standard fields being null."""

    code = "chunk-nested-in-provider"
    rule = "a chunk is the top-level object"
    done = "the nested chunk was taken out"
    on, key, types = "chunk", "provider", (dict,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("choices") or "choices" not in value:
            return False
        owner.update(value)
        del owner["provider"]
        return True


class ChoicesNull(ShapeRepair):
    """`choices` is null, or missing."""

    code = "choices-null"
    rule = "choices is a list"
    done = "read as an empty list"
    on, key, types = "chunk", "choices", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["choices"] = []
        return True


class ChunkObjectNull(ShapeRepair):
    """`object` is null, or missing."""

    code = "chunk-object-null"
    rule = '1: object is "chat.completion.chunk"'
    done = "object was set"
    on, key, types = "chunk", "object", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["object"] = "chat.completion.chunk"
        return True


class ChunkIdNull(ShapeRepair):
    """`id` is null."""

    code = "chunk-id-null"
    rule = "1: every chunk has an id"
    done = "read as missing"
    on, key, types = "chunk", "id", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        del owner["id"]
        return True


class ChunkModelNull(ShapeRepair):
    """`model` is null."""

    code = "chunk-model-null"
    rule = "1: every chunk has a model"
    done = "read as missing"
    on, key, types = "chunk", "model", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        del owner["model"]
        return True


class ChunkCreatedType(ShapeRepair):
    """`created` as a float, a numeric string or null."""

    code = "chunk-created-type"
    rule = "1: created is an integer, Unix seconds"
    done = "created was made an integer"
    on, key, types = "chunk", "created", (float, str, type(None))

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["created"] = _seconds(value)
        return True


class ChoiceIndexType(ShapeRepair):
    """A choice's index as null or a numeric string."""

    code = "choice-index-type"
    rule = "choices[].index is an integer"
    done = "the index was made an integer, or read as missing"
    on, key, types = "choice", "index", (str, type(None))

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        return _integer_index(owner, value)


class DeltaNull(ShapeRepair):
    """`delta` is null, or missing."""

    code = "delta-null"
    rule = "choices[].delta is an object"
    done = "read as an empty delta"
    on, key, types = "choice", "delta", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["delta"] = {}
        return True


class TextForDelta(ShapeRepair):
    """`text` and no delta: a stream of the completions API, which is older than chat."""

    code = "text-for-delta"
    rule = "a stream speaks in deltas"
    done = "the text was read as content"
    on, key, types = "choice", "text", (str,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("delta") is not None or owner.get("message") is not None:
            return False
        del owner["text"]
        owner["delta"] = {"content": value}
        return True


class MessageForDelta(ShapeRepair):
    """A whole `message` where the stream has said nothing of the kind (or where a plain completion came instead of a
    stream). Beside a delta it is a repetition and is left to itself; after deltas only its finish and usage count."""

    code = "message-for-delta"
    rule = "a stream speaks in deltas"
    done = "the message was read as one delta"
    on, key, types = "choice", "message", (dict,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        # `read` takes the message in place of the delta; whether the stream has said it before, only the order knows.
        return not owner.get("delta")


class LogprobsNumber(ShapeRepair):
    """`logprobs` as the one token's number."""

    code = "logprobs-number"
    rule = "choices[].logprobs is an object"
    done = "kept as logprob"
    on, key, types = "choice", "logprobs", (float, int)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["logprob"], owner["logprobs"] = value, None
        return True


class ContentParts(ShapeRepair):
    """Content as a list of typed parts: text is text, thinking is reasoning."""

    code = "content-parts"
    rule = "delta.content is a string"
    done = "the parts' text was joined; thinking became reasoning_content"
    on, key, types = "delta", "content", (list,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        text: list[str] = []
        thinking: list[str] = []
        others = []
        for part in value:
            if isinstance(part, str):
                text.append(part)
            elif not isinstance(part, dict):
                others.append(part)
            elif part.get("type") in ("thinking", "reasoning"):
                thinking.append(_text_of(part))
            elif isinstance(part.get("text"), str):
                text.append(part["text"])
            else:
                others.append(part)
        owner["content"] = "".join(text) if text else None
        if thinking:
            owner["reasoning_content"] = "".join(thinking)
        if others:
            owner["content_parts"] = others
        return True


class ReasoningRenamed(ShapeRepair):
    """Reasoning under `reasoning`."""

    code = "reasoning-renamed"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "renamed to reasoning_content"
    on, key, types = "delta", "reasoning", (str,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        return _rename_reasoning(owner, "reasoning", value)


class ReasoningTextRenamed(ShapeRepair):
    """Reasoning under `reasoning_text`."""

    code = "reasoning-text-renamed"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "renamed to reasoning_content"
    on, key, types = "delta", "reasoning_text", (str,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        return _rename_reasoning(owner, "reasoning_text", value)


class ThinkingRenamed(ShapeRepair):
    """Reasoning under `thinking`."""

    code = "thinking-renamed"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "renamed to reasoning_content"
    on, key, types = "delta", "thinking", (str,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        return _rename_reasoning(owner, "thinking", value)


class ReasoningObject(ShapeRepair):
    """`reasoning_content` as an object around the text."""

    code = "reasoning-object"
    rule = "6: reasoning_content is a string"
    done = "the text inside was taken out"
    on, key, types = "delta", "reasoning_content", (dict, list)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["reasoning_object"] = value
        owner["reasoning_content"] = _text_of(value)
        return True


class ReasoningFromDetails(ShapeRepair):
    """Reasoning text only in `reasoning_details`, which stays where it is: its signatures are needed later."""

    code = "reasoning-from-details"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "the details' text was copied to reasoning_content"
    on, key, types = "delta", "reasoning_details", (list,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if any(owner.get(name) for name in ("reasoning_content", "reasoning", "reasoning_text")):
            return False
        text = "".join(_detail_text(detail) for detail in value)
        if not text:
            return False
        owner["reasoning_content"] = text
        return True


class ToolCallsObject(ShapeRepair):
    """`tool_calls` is one call instead of a list."""

    code = "tool-calls-object"
    rule = "delta.tool_calls is a list"
    done = "read as a list of one"
    on, key, types = "delta", "tool_calls", (dict,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["tool_calls"] = [value]
        return True


class ToolIndexType(ShapeRepair):
    """A call's index as null or a numeric string."""

    code = "tool-index-type"
    rule = "3: index is an integer"
    done = "the index was made an integer, or read as missing"
    on, key, types = "call", "index", (str, type(None))

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        return _integer_index(owner, value)


class ToolIdType(ShapeRepair):
    """A call's id as a number."""

    code = "tool-id-type"
    rule = "3: id is a string"
    done = "the id was made a string"
    on, key, types = "call", "id", (int, float)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["id"] = str(value)
        return True


class ToolTypeNull(ShapeRepair):
    """`type: null` on a call's delta. Readers that merge deltas, the OpenAI SDK's among them, lose the type over it."""

    code = "tool-type-null"
    rule = "3: later deltas carry no type"
    done = "read as missing"
    on, key, types = "call", "type", _NULL

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        del owner["type"]
        return True


class ToolFunctionFlat(ShapeRepair):
    """`name` and `arguments` on the call itself instead of under `function`."""

    code = "tool-function-flat"
    rule = "3: a call's name and arguments are under function"
    done = "moved under function"
    on, key, types = "call", "name", (str,)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("function") or owner.get("custom"):
            return False
        owner["function"] = {"name": owner.pop("name"), "arguments": owner.pop("arguments", None)}
        return True


class ToolArgumentsFlat(ShapeRepair):
    """A later delta's `arguments` on the call itself."""

    code = "tool-arguments-flat"
    rule = "3: a call's name and arguments are under function"
    done = "moved under function"
    on, key, types = "call", "arguments", (str, dict)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("function") or owner.get("custom") or isinstance(owner.get("name"), str):
            return False
        owner["function"] = {"arguments": owner.pop("arguments")}
        return True


class ArgumentsObject(ShapeRepair):
    """The arguments as a JSON value, not as text."""

    code = "tool-arguments-object"
    rule = "4: arguments is JSON text"
    done = "the value was written as JSON text"
    on, key, types = "function", "arguments", (dict, list)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        owner["arguments"] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return True


class ParametersForArguments(ShapeRepair):
    """The arguments are under `parameters`."""

    code = "tool-arguments-under-parameters"
    rule = "4: a call's arguments are called arguments"
    done = "renamed to arguments"
    on, key, types = "function", "parameters", (dict, str)

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        if owner.get("arguments") is not None:
            return False
        del owner["parameters"]
        if isinstance(value, dict):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        owner["arguments"] = value
        return True


def _seconds(value: float | str | None) -> int:
    if isinstance(value, float):
        return int(value) if 0 <= value < 1e12 else 0
    digits = value or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 13 else 0


def _integer_index(owner: dict[str, Any], value: Any) -> bool:
    if value is not None and value.isascii() and value.isdigit() and len(value) < 10:
        owner["index"] = int(value)
    else:
        del owner["index"]
    return True


def _rename_reasoning(owner: dict[str, Any], name: str, value: str) -> bool:
    """Move the text; where the same text is under both names it counts once. An empty one says nothing."""
    if not value:
        return False
    del owner[name]
    if not owner.get("reasoning_content"):
        owner["reasoning_content"] = value
    return True


def _detail_text(detail: Any) -> str:
    if not isinstance(detail, dict):
        return ""
    text = detail.get("text") or detail.get("summary")
    return text if isinstance(text, str) else ""


#: Keys under which providers keep the text inside a reasoning object, outermost first.
_TEXT_KEYS: Final = ("text", "thinking", "content", "reasoningContent", "reasoningText", "summary")


def _text_of(value: Any, depth: int = 8) -> str:
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list):
        return "".join(_text_of(item, depth - 1) for item in value)
    if depth and isinstance(value, dict):
        for key in _TEXT_KEYS:
            if value.get(key):
                return _text_of(value[key], depth - 1)
    return ""


SHAPE_REPAIRS: Final[tuple[type[ShapeRepair], ...]] = (
    ChunkWrapped,
    ChunkWrappedInData,
    ChunkNestedInProvider,
    ChoicesNull,
    ChunkObjectNull,
    ChunkIdNull,
    ChunkModelNull,
    ChunkCreatedType,
    LogprobsNumber,
    ChoiceIndexType,
    TextForDelta,
    DeltaNull,
    MessageForDelta,
    ContentParts,
    ReasoningFromDetails,
    ReasoningRenamed,
    ReasoningTextRenamed,
    ThinkingRenamed,
    ReasoningObject,
    ToolCallsObject,
    ToolIndexType,
    ToolIdType,
    ToolTypeNull,
    ToolFunctionFlat,
    ToolArgumentsFlat,
    ArgumentsObject,
    ParametersForArguments,
)
