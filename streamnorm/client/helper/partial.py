"""The value of JSON that is still coming, as far as it is certain."""

from __future__ import annotations

from typing import Any

from streamnorm.arguments.live import LiveArguments

__all__ = ["Partial"]


class Partial(LiveArguments):
    """As `LiveArguments`, without the string that is still open: what is shown of an object has whole strings only, as the SDK's
    `parsed` has."""

    __slots__ = ()

    @property
    def settled(self) -> Any:
        """The reader's own value, which grows in place; None before it begins."""
        return self._root if self._string else self.value
