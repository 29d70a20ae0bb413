"""The methods of `client.beta`, made of flows: those of a client that blocks, and those of one that is awaited."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from streamnorm.client.beta.pages import AsyncPaginator
from streamnorm.client.beta.parameters import checked, signature_of
from streamnorm.client.beta.resource import Flow, Pages, Resource

__all__ = ["awaited", "blocking", "paginated", "spelt_out"]

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Resource)


def blocking(flow: Callable[Concatenate[S, P], Flow[R]]) -> Callable[Concatenate[S, P], R]:
    """The method that runs a flow."""
    return _method(flow, _at_once)


def awaited(
    flow: Callable[Concatenate[S, P], Flow[R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """As `blocking`, awaited."""
    return _method(flow, _at_once)


def paginated(
    flow: Callable[Concatenate[S, P], Pages[R]],
) -> Callable[Concatenate[S, P], AsyncPaginator[R]]:
    """As `awaited`, for what lists: what it returns can be iterated over as well."""
    return _method(flow, _page_by_page)


def _at_once(resource: Any, begin: Callable[[], Any]) -> Any:
    return resource._result(begin())


def _page_by_page(resource: Any, begin: Callable[[], Any]) -> Any:
    begin()  # raises for what cannot be asked
    return AsyncPaginator(lambda: resource._result(begin()))


def _method(flow: Any, run: Callable[[Any, Callable[[], Any]], Any]) -> Callable[..., Any]:
    """A method with the flow's name, documentation and parameters."""
    begun = spelt_out(flow)

    @functools.wraps(begun)
    def method(self: Any, *args: Any, **passed: Any) -> Any:
        return run(self, lambda: begun(self, *args, **passed))

    made: Any = method
    made.flow = begun
    return method


def spelt_out(method: Callable[P, R]) -> Callable[P, R]:
    """The method with its parameters spelt out, for `help()`. Raises TypeError where it cannot be called so."""
    signature = signature_of(method)
    name = method.__name__.removeprefix("_")

    @functools.wraps(method)
    def checking(*args: P.args, **passed: P.kwargs) -> R:
        checked(name, signature, args, passed)
        return method(*args, **passed)

    made: Any = checking
    made.__name__ = name
    made.__qualname__ = method.__qualname__.replace(method.__name__, name)
    made.__signature__ = signature
    return checking
