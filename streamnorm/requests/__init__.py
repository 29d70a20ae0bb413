"""What a caller passes to `chat.completions.create` in, the body that this provider takes out, and an account of what was changed
and why. No network, no clock, and no provider's name: what holds where is in the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamnorm.requests.account import explain
    from streamnorm.requests.learned import Learned
    from streamnorm.requests.pipeline import Prepared, prepare
    from streamnorm.requests.retry import learn
    from streamnorm.requests.work import RequestFinding

__all__ = ["Learned", "Prepared", "RequestFinding", "explain", "learn", "prepare"]

#: Where each name lives. Whoever loads profiles needs the catalogue and the options of the rules, and none of these.
_HOMES = {
    "Learned": "learned",
    "Prepared": "pipeline",
    "RequestFinding": "work",
    "explain": "account",
    "learn": "retry",
    "prepare": "pipeline",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
