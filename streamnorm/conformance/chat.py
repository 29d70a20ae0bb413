"""The frames of a chat stream, told apart: chunks, errors, deltas, and the calls as the deltas tell them, nothing put right."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, TypeGuard

import msgspec

from streamnorm.arguments.prefix import is_complete
from streamnorm.conformance.frames import SeenFrame

__all__ = ["CallSeen", "ChatStream", "Delta"]

#: What only tells of a content filter: such a chunk says nothing of the answer. (Azure OpenAI's API reference.)
_FILTER: Final = frozenset(
    (
        "prompt_filter_results",
        "prompt_annotations",
        "content_filter_results",
        "content_filter_offsets",
    )
)


class Delta(msgspec.Struct, frozen=True):
    """What one chunk says of one choice. `index` is None where the choice has none that is an integer."""

    frame: int
    choice: dict[str, Any]
    index: int | None
    delta: dict[str, Any]


class CallSeen:
    """One call as the deltas told it: each with the number of its frame."""

    def __init__(self, choice: int | None, index: int | None) -> None:
        self.choice = choice
        self.index = index
        self.deltas: list[tuple[int, dict[str, Any]]] = []
        #: Its ids, with their frames: all that are text and not empty.
        self.ids: list[tuple[int, str]] = []

    def add(self, frame: int, delta: dict[str, Any]) -> None:
        """The next delta of the call."""
        self.deltas.append((frame, delta))
        named = delta.get("id")
        if isinstance(named, str) and named:
            self.ids.append((frame, named))

    @property
    def opened(self) -> int:
        """The frame of its first delta."""
        return self.deltas[0][0]

    def functions(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for frame, delta in self.deltas:
            function = delta.get("function")
            yield frame, function if isinstance(function, dict) else {}

    def fragments(self) -> list[tuple[int, str]]:
        """The parts of the arguments that are text and not empty."""
        found = ((frame, function.get("arguments")) for frame, function in self.functions())
        return [(frame, text) for frame, text in found if isinstance(text, str) and text]

    @property
    def arguments(self) -> str:
        return "".join(text for _, text in self.fragments())

    @property
    def name(self) -> str:
        """The first name that is one."""
        names = (function.get("name") for _, function in self.functions())
        return next((name for name in names if isinstance(name, str) and name), "")

    @property
    def is_cumulative(self) -> bool:
        """Each fragment begins with the one before, the last is an object, and joined they are none."""
        parts = [text for _, text in self.fragments()]
        return (
            len(parts) > 1
            and is_object(parts[-1])
            and not is_object("".join(parts))
            and all(later.startswith(earlier) for earlier, later in itertools.pairwise(parts))
        )


class _Calls:
    """Tells calls apart. Under one index a new id together with a name is another call; without an index a new id is, and
    anything else goes on with the choice's latest."""

    def __init__(self) -> None:
        self.seen: list[CallSeen] = []
        self._by_index: dict[tuple[int | None, int], CallSeen] = {}
        self._latest: dict[int | None, CallSeen] = {}

    def add(self, delta: Delta, part: dict[str, Any]) -> None:
        index = part.get("index")
        place = index if is_integer(index) else None
        call = self._goes_on(part, delta.index, place)
        if call is None:
            call = CallSeen(delta.index, place)
            self.seen.append(call)
            if place is not None:
                self._by_index[delta.index, place] = call
        self._latest[delta.index] = call
        call.add(delta.frame, part)

    def _goes_on(
        self, part: dict[str, Any], choice: int | None, place: int | None
    ) -> CallSeen | None:
        named, function = part.get("id"), part.get("function")
        if place is None:
            latest = self._latest.get(choice)
            known = latest is not None and bool(latest.ids) and latest.ids[0][1] == named
            return latest if known or not named else None
        call = self._by_index.get((choice, place))
        has_name = isinstance(function, dict) and bool(function.get("name"))
        another = call is not None and call.ids and named and named != call.ids[0][1] and has_name
        return None if another else call


class ChatStream:
    """`chunks` are the frames that tell of the answer, `errors` those that tell of a failure, `done` those of the end."""

    def __init__(self, frames: list[SeenFrame]) -> None:
        self.done = [frame for frame in frames if frame.is_done]
        objects = [frame for frame in frames if isinstance(frame.value, dict)]
        self.errors = [frame for frame in objects if _is_error(frame)]
        self.chunks = [
            frame
            for frame in objects
            if "choices" in frame.value or (frame.event == "message" and not _is_error(frame))
        ]
        #: The chunks that say something of the answer.
        self.told = [frame for frame in self.chunks if not _tells_of_a_filter(frame.value)]

    @cached_property
    def deltas(self) -> list[Delta]:
        found = []
        for frame in self.told:
            for choice in dicts(frame.value.get("choices")):
                index, delta = choice.get("index"), choice.get("delta")
                number = index if is_integer(index) else None
                found.append(
                    Delta(frame.number, choice, number, delta if isinstance(delta, dict) else {})
                )
        return found

    @cached_property
    def finishes(self) -> dict[int | None, list[tuple[int, Any]]]:
        """By choice, the reasons that are not null, with their frames; an empty list where none came."""
        found: dict[int | None, list[tuple[int, Any]]] = {}
        for delta in self.deltas:
            reasons = found.setdefault(delta.index, [])
            if delta.choice.get("finish_reason") is not None:
                reasons.append((delta.frame, delta.choice["finish_reason"]))
        return found

    @cached_property
    def calls(self) -> list[CallSeen]:
        """The calls in the order in which they open."""
        calls = _Calls()
        for delta in self.deltas:
            for part in dicts(delta.delta.get("tool_calls")):
                calls.add(delta, part)
        return calls.seen

    @cached_property
    def legacy(self) -> list[tuple[int, dict[str, Any]]]:
        """The `function_call` deltas."""
        found = ((delta.frame, delta.delta.get("function_call")) for delta in self.deltas)
        return [(frame, part) for frame, part in found if isinstance(part, dict)]

    @cached_property
    def text(self) -> dict[int | None, str]:
        """The content of each choice that has any."""
        parts: dict[int | None, list[str]] = {}
        for delta in self.deltas:
            content = delta.delta.get("content")
            if isinstance(content, str) and content:
                parts.setdefault(delta.index, []).append(content)
        return {index: "".join(found) for index, found in parts.items()}

    @cached_property
    def texts_from(self) -> dict[int | None, int]:
        """By choice, the frame in which its content begins."""
        found: dict[int | None, int] = {}
        for delta in self.deltas:
            content = delta.delta.get("content")
            if isinstance(content, str) and content:
                found.setdefault(delta.index, delta.frame)
        return found

    @cached_property
    def refused(self) -> set[int | None]:
        """The choices in which something was refused."""
        return {delta.index for delta in self.deltas if delta.delta.get("refusal")}

    @cached_property
    def spoken(self) -> set[int | None]:
        """The choices that are heard: their deltas have audio."""
        return {delta.index for delta in self.deltas if "audio" in delta.delta}

    @cached_property
    def usages(self) -> list[tuple[SeenFrame, dict[str, Any]]]:
        return [
            (frame, frame.value["usage"])
            for frame in self.chunks
            if isinstance(frame.value.get("usage"), dict)
        ]

    def reason_of(self, choice: int | None) -> Any:
        """The last finish reason of a choice, None where it has none."""
        reasons = self.finishes.get(choice)
        return reasons[-1][1] if reasons else None


def is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def is_object(text: str) -> bool:
    """The text is one whole JSON object."""
    return text.lstrip().startswith("{") and is_complete(text)


def dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_error(frame: SeenFrame) -> bool:
    return bool(frame.value.get("error")) or (
        frame.event == "error" and "choices" not in frame.value
    )


def _tells_of_a_filter(chunk: dict[str, Any]) -> bool:
    choices = chunk.get("choices")
    if not isinstance(choices, list):
        return False
    if not choices:
        return not _FILTER.isdisjoint(chunk)
    return all(
        isinstance(choice, dict) and "delta" not in choice and not _FILTER.isdisjoint(choice)
        for choice in choices
    )
