"""Ids of tool calls as a host takes them: hashed into its alphabet and length, never cut (the ids of one maker often begin
alike), each into another one, and the same way in every request of a conversation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

from streamnorm.requests.work import ABSENT, Turn, Work, calls_of

if TYPE_CHECKING:
    from streamnorm.requests.options import IdFormat

__all__ = ["is_id", "maker", "map_ids"]

_RULE: Final = "tool-call-id-format"

#: Characters of an id that is made here: what the strictest host asks for, and 2 ** 53 of them.
MADE: Final = 9

_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALPHABETS: Final = {
    "alphanumeric": re.compile(r"[a-zA-Z0-9]*"),
    "word": re.compile(r"[a-zA-Z0-9_-]*"),
    "any": re.compile(r"(?s).*"),
}


class Made:
    """Makes ids of `length` letters and digits, none of which is in `taken`."""

    def __init__(self, length: int, taken: Iterable[str]) -> None:
        self._length = length
        self._taken = set(taken)

    def of(self, seed: str) -> str:
        """The id for `seed`: the same one, as long as no other has it."""
        salt = 0
        while (made := _hashed(f"{salt}:{seed}" if salt else seed, self._length)) in self._taken:
            salt += 1
        self._taken.add(made)
        return made


def _hashed(seed: str, length: int) -> str:
    # Two bytes a letter, so that the letters are as good as equally likely.
    digest = hashlib.shake_256(seed.encode()).digest(2 * length)
    pairs = zip(digest[::2], digest[1::2], strict=True)
    return "".join(_LETTERS[(high << 8 | low) % len(_LETTERS)] for high, low in pairs)


def map_ids(work: Work) -> None:
    """Give each call an id where it has none, and one that this host takes where the profile says which those are. The result
    that answers the call gets the same one; where the call had none, the next one does that has none either."""
    options = _format(work)
    ids = [*filter(is_id, _ids(work.turns))]
    kept = {id_ for id_ in ids if options is None or _takes(options, id_)}
    made = maker(work, kept)
    sent = {id_: id_ if id_ in kept else made.of(id_) for id_ in dict.fromkeys(ids)}
    work.call_ids = sent
    waiting: list[str] = []
    for turn in work.turns:
        for at, where, call in calls_of(turn):
            id_ = call.get("id")
            if not is_id(id_):
                waiting.append(made.of(where))
            new = sent[id_] if is_id(id_) else waiting[-1]
            if new != id_:
                turn.with_call(at, _with(call, "id", new))
                if (
                    not turn.calls_at
                ):  # else the id is told of where the caller has it, in the result
                    work.note(_RULE, f"{where}/id", call.get("id", ABSENT), f"sent as {new}")
        if turn.role == "tool":
            id_ = turn.message.get("tool_call_id")
            if not is_id(id_) and not waiting:
                continue
            new = sent[id_] if is_id(id_) else waiting.pop(0)
            if new != id_:
                seen = turn.message.get("tool_call_id", ABSENT)
                work.note(_RULE, f"{turn.where}/tool_call_id", seen, f"sent as {new}")
                turn.message = {**turn.message, "tool_call_id": new}


def maker(work: Work, taken: Iterable[str]) -> Made:
    """Makes ids that this host takes; none of those in `taken`."""
    options = _format(work)
    return Made(MADE if options is None else min(max(MADE, options.min), options.max), taken)


def _format(work: Work) -> IdFormat | None:
    claim = work.claim(_RULE)
    return cast("IdFormat", claim.options) if claim else None


def _ids(turns: Iterable[Turn]) -> Iterator[Any]:
    for turn in turns:
        yield from (call.get("id") for _, _, call in calls_of(turn))
        if turn.role == "tool":
            yield turn.message.get("tool_call_id")


def is_id(value: Any) -> TypeGuard[str]:
    """`""`, null and nothing at all are no id."""
    return isinstance(value, str) and value != ""


def _takes(options: IdFormat, id_: str) -> bool:
    fits = _ALPHABETS[options.characters].fullmatch(id_) is not None
    return fits and options.min <= len(id_) <= options.max


def _with(call: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**call, key: value} if key in call else {key: value, **call}
