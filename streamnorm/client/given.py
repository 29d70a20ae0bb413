"""Arguments that were not given, as the OpenAI SDK marks them: they are left out of a request, where None is sent as null."""

from __future__ import annotations

from typing import Any, Literal

__all__ = ["NOT_GIVEN", "NotGiven", "Omit", "given", "omit"]


class NotGiven:
    """The type of `NOT_GIVEN`."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


class Omit:
    """The type of `omit`; as the value of a default header, it takes that header out."""

    def __bool__(self) -> Literal[False]:
        return False


NOT_GIVEN = NotGiven()
omit = Omit()


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Those that were."""
    return {
        name: value for name, value in arguments.items() if not isinstance(value, NotGiven | Omit)
    }
