"""What may follow what in a stream, as a table, and the check that walks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["START", "Order", "OrderTable"]

#: By state: the kinds of event that may come, and the state each leads to. A kind that is in no row may come at any time.
OrderTable = Mapping[str, Mapping[str, str]]

START: Final = "start"


class Order:
    """Walks an order table, from `START` on. A kind that may not come leads where it would have led had it been its turn,
    so that one thing missing is told once."""

    __slots__ = ("_table", "state")

    def __init__(self, table: OrderTable) -> None:
        self._table = table
        self.state = START

    def step(self, kind: str) -> bool:
        """Go on by an event of this kind. False where it may not come now."""
        row = self._table.get(self.state, {})
        if kind in row:
            self.state = row[kind]
            return True
        wanted = next((row[kind] for row in self._table.values() if kind in row), None)
        if wanted is None:
            return True
        self.state = wanted
        return False
