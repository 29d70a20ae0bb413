"""What hosts were seen to refuse of the optional fields that are put in for the caller, by base URL."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

__all__ = ["Learned"]


class Learned:
    """Which optional fields each base URL was seen to refuse. Remembers the `MAX_HOSTS` that were learned of last; may be shared
    by clients."""

    MAX_HOSTS: Final = 256

    def __init__(self) -> None:
        self._refused: OrderedDict[str, frozenset[str]] = OrderedDict()

    def refused(self, base_url: str) -> frozenset[str]:
        """The fields that are not put in there any more."""
        return self._refused.get(_host(base_url), frozenset())

    def remember(self, base_url: str, field: str) -> None:
        """This base URL refuses that field."""
        host = _host(base_url)
        self._refused[host] = self.refused(host) | {field}
        self._refused.move_to_end(host)
        while len(self._refused) > self.MAX_HOSTS:
            self._refused.popitem(last=False)

    def __repr__(self) -> str:
        # A base URL can have a password in it.
        return f"<Learned: {len(self._refused)} hosts>"


def _host(base_url: str) -> str:
    return base_url.rstrip("/")
