"""The running state of each choice, and the final message built from it. Fragments are lists joined once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from streamnorm.arguments.prefix import PrefixScanner
from streamnorm.events import FinishReason

if TYPE_CHECKING:
    from streamnorm.arguments.validate import Validation

__all__ = [
    "AssembledChoice",
    "CallState",
    "ChoiceState",
    "Message",
    "Result",
    "StreamState",
    "ToolCall",
]

#: Fragments kept apart before they are joined: a list of short strings takes eight times their text.
PACK_AT = 256


class ToolCall(msgspec.Struct, frozen=True):
    """A finished call. `arguments` is the text the model meant; `complete` is false where it is not one JSON object
    (or, for a custom call, where the stream or the choice broke off). `validation` is the verdict on
    a finished call's arguments, where the tools are known."""

    id: str
    name: str
    arguments: str
    type: str = "function"
    complete: bool = True
    extra_content: Any = None
    validation: Validation | None = None


class Message(msgspec.Struct, frozen=True):
    """An assistant message. A field is None where the stream never spoke of it."""

    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] = []
    audio: dict[str, Any] | None = None
    annotations: list[Any] | None = None
    reasoning_details: list[Any] | None = None


class AssembledChoice(msgspec.Struct, frozen=True):
    index: int
    message: Message
    finish_reason: FinishReason | None
    raw_finish_reason: str | None
    logprobs: dict[str, Any] | None = None


class Result(msgspec.Struct, frozen=True):
    """What the stream amounts to so far; whole once `Normalizer.complete` is true."""

    id: str
    model: str
    created: int
    choices: list[AssembledChoice]
    usage: dict[str, Any] | None = None

    @property
    def message(self) -> Message:
        """The message of the first choice (an empty one where no choice came)."""
        return self.choices[0].message if self.choices else Message()


class StreamState:
    """Who the stream says it is: id, model and time of its first chunk. Until then it is not `known`."""

    __slots__ = ("created", "id", "known", "model", "seed")

    def __init__(self) -> None:
        self.known = False
        self.id = ""
        self.model = ""
        self.created = 0
        #: The first frame's bytes: what ids are made from where the server sends none, so that they are the same each time.
        self.seed = b""

    def made_id(self, prefix: str, *numbers: int) -> str:
        """An id for something the server left nameless: the same for the same stream, another for another."""
        digest = hashlib.sha256(self.seed)
        digest.update(repr((self.id, numbers)).encode("utf-8", "replace"))
        return f"{prefix}{digest.hexdigest()[:24]}"


class CallState:
    """One tool call while it streams.

    `recent` holds its last fragments; the fast path appends to it, and calls `pack` now and then.
    """

    __slots__ = (
        "_blocks_fed",
        "_chars_fed",
        "_packed",
        "_packed_length",
        "_scanner",
        "complete",
        "cumulative",
        "extra_content",
        "first",
        "id",
        "index",
        "name",
        "opened",
        "placeholder",
        "recent",
        "type",
        "wire_id",
        "wire_index",
    )

    def __init__(self, index: int, wire_index: int) -> None:
        self.index = index
        self.wire_index = wire_index
        self.wire_id: str | None = None
        self.id = ""
        self.name = ""
        self.type: str | None = None
        self.extra_content: Any = None
        #: Its opening has been told.
        self.opened = False
        #: The choice has finished, and the arguments are one JSON object.
        self.complete = False
        #: A fragment has repeated all that came before it.
        self.cumulative = False
        #: Its text so far is whole, and held, because what follows may replace it.
        self.placeholder = False
        self.recent: list[str] = []
        #: The first character of the argument text, "" while there is none. A fragment that starts with another cannot be a
        #: repetition.
        self.first = ""
        self._packed: list[str] = []
        self._packed_length = 0
        self._scanner = PrefixScanner()
        self._blocks_fed = 0
        self._chars_fed = 0

    def append(self, fragment: str) -> None:
        if not self.first:
            self.first = fragment[0]
        self.recent.append(fragment)
        if len(self.recent) >= PACK_AT:
            self.pack()

    def pack(self) -> None:
        block = "".join(self.recent)
        self._packed.append(block)
        self._packed_length += len(block)
        self.recent.clear()

    @property
    def length(self) -> int:
        return self._packed_length + sum(map(len, self.recent))

    @property
    def text(self) -> str:
        return "".join(self._packed) + "".join(self.recent)

    def scanner(self) -> PrefixScanner:
        """The JSON state after all that was appended; linear over the call however often it is asked for."""
        scanner = self._scanner
        for block in self._packed[self._blocks_fed :]:
            scanner.feed(block[self._chars_fed :])
            self._chars_fed = 0
        self._blocks_fed = len(self._packed)
        unread = "".join(self.recent)[self._chars_fed :]
        scanner.feed(unread)
        self._chars_fed += len(unread)
        return scanner

    def assembled(self) -> ToolCall:
        return ToolCall(
            id=self.id,
            name=self.name,
            arguments=self.text,
            type=self.type or "function",
            complete=self.complete,
            extra_content=self.extra_content,
        )


class Growing:
    """An object that comes in deltas, as audio and logprobs do: text and lists are joined, of the rest the last value counts.
    An id is no text: it names, and is not joined."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: dict[str, list[Any]] = {}

    def add(self, delta: dict[str, Any]) -> None:
        for key, value in delta.items():
            parts = self._parts.setdefault(key, [])
            text = key != "id" and isinstance(value, str)
            joined = parts and (text or isinstance(value, list)) and type(parts[-1]) is type(value)
            if not joined and value is not None:
                parts.clear()
            if joined or value is not None:
                parts.append(value)

    def whole(self) -> dict[str, Any] | None:
        """All of it so far; None where it never came."""
        return {key: _joined(parts) for key, parts in self._parts.items()} or None


def _joined(parts: list[Any]) -> Any:
    if len(parts) < 2:
        return parts[0] if parts else None
    if isinstance(parts[0], str):
        return "".join(parts)
    return [item for part in parts for item in part]


class ChoiceState:
    """One choice while it streams. `calm` is true where a plain delta needs no second look: the role is sent, nothing is
    held back, no finish was seen."""

    __slots__ = (
        "annotations",
        "audio",
        "by_id",
        "by_index",
        "calls",
        "calm",
        "finish_reason",
        "halves",
        "in_place",
        "index",
        "latest",
        "legacy",
        "logprobs",
        "raw_reason",
        "reasoning",
        "reasoning_details",
        "refusal",
        "role_sent",
        "text",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.calm = False
        self.role_sent = False
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: list[CallState] = []
        self.by_id: dict[str, CallState] = {}
        self.by_index: dict[int, CallState] = {}
        #: Calls whose arguments have begun, and whose index on the wire is the right one.
        self.in_place: dict[int, CallState] = {}
        self.latest: CallState | None = None
        #: The call that came as `function_call`.
        self.legacy: CallState | None = None
        self.finish_reason: FinishReason | None = None
        self.raw_reason: str | None = None
        #: High surrogates waiting for their other half, by field.
        self.halves: dict[str, str] = {}
        self.audio = Growing()
        self.annotations: list[Any] | None = None
        self.reasoning_details: list[Any] | None = None
        self.logprobs = Growing()

    @property
    def spoke(self) -> bool:
        """It has said something: text, reasoning, a refusal, a call."""
        return bool(self.text or self.reasoning or self.refusal or self.calls or self.audio.whole())

    def assembled(self) -> AssembledChoice:
        message = Message(
            content="".join(self.text) if self.text else None,
            reasoning_content="".join(self.reasoning) if self.reasoning else None,
            refusal="".join(self.refusal) if self.refusal else None,
            tool_calls=[
                call.assembled() for call in sorted(self.calls, key=lambda call: call.index)
            ],
            audio=self.audio.whole(),
            annotations=self.annotations and self.annotations.copy(),
            reasoning_details=self.reasoning_details and self.reasoning_details.copy(),
        )
        return AssembledChoice(
            index=self.index,
            message=message,
            finish_reason=self.finish_reason,
            raw_finish_reason=self.raw_reason,
            logprobs=self.logprobs.whole(),
        )
