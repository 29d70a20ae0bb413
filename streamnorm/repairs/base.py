"""What a repair is: one quirk, the rule it restores, and whether it may run on any stream."""

from __future__ import annotations

from typing import Any, ClassVar, Final

__all__ = ["ANY", "Check", "Repair", "ShapeRepair"]

#: The `dialects` of what may be wrong with any stream.
ANY: Final[tuple[str, ...]] = ()


class Repair:
    """One quirk, put right. A class, never an instance: repairs keep no state of their own.

    `code` names it in findings and profiles, `rule` is the rule of the normal form that it restores, `done` says in words
    what it does. A `safe` repair changes nothing in a conformant stream (a law that the tests hold), so it always runs; one
    that is not runs only where a profile names it. `dialects` are those it knows, `ANY` where it knows them all;
    `since` is the first version that had it. The docstring says what is seen.
    """

    code: ClassVar[str]
    rule: ClassVar[str]
    done: ClassVar[str]
    safe: ClassVar[bool] = True
    dialects: ClassVar[tuple[str, ...]] = ("chat",)
    since: ClassVar[str] = "0.1.0"


class Check:
    """A deviation that no repair can mend. It looks and never changes; its finding means: do not trust this stream."""

    code: ClassVar[str]
    rule: ClassVar[str]
    since: ClassVar[str] = "0.1.0"


class ShapeRepair(Repair):
    """A field of the wrong JSON type or in the wrong place, put right on the decoded dict.

    It runs where an object of kind `on` has `key` with a value of one of `types`; `mend` changes `owner` in place and
    returns true if it changed anything.
    """

    on: ClassVar[str]
    key: ClassVar[str]
    types: ClassVar[tuple[type, ...]]

    @staticmethod
    def mend(owner: dict[str, Any], value: Any) -> bool:
        raise NotImplementedError
