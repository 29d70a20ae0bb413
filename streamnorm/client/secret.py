"""A key that nobody sees: not in a repr, not in a pickle."""

from __future__ import annotations

from typing import Any, NoReturn

from streamnorm.errors import LocalError

__all__ = ["Secret"]


class Secret:
    """Holds a value that is told only where it is asked for by name."""

    __slots__ = ("reveal",)

    def __init__(self, value: str) -> None:
        """Raises LocalError for what cannot stand in a header."""
        if not value.isascii() or not value.isprintable():
            raise LocalError(
                "the key has a line end or another character that no header can hold; check where it was read from"
            )
        self.reveal = value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal == self.reveal

    def __hash__(self) -> int:
        return hash(self.reveal)

    def __deepcopy__(self, memo: Any) -> Secret:
        return self
