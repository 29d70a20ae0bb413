"""Lists that come page by page: what is on a page, and the pages behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, Final, Generic, Self, TypeVar

from streamnorm.dialects.chat.model import Model, named_after
from streamnorm.errors import LocalError

__all__ = ["AsyncCursorPage", "AsyncPaginator", "NoPageError", "SyncCursorPage", "page_of"]

R = TypeVar("R")
PageT = TypeVar("PageT", bound="_CursorPage[Any]")

#: What asks for the page behind this one, given the id of the last thing on it; and the id that this one was asked for by.
_ASK: Final = "\0ask"
_AFTER: Final = "\0after"


class NoPageError(LocalError, RuntimeError):
    """There is no page behind this one: `has_next_page()` says so."""


class _CursorPage(Model, Generic[R], kw_only=True):
    """`data` is what is on this page. What else the server says of it (`first_id`, `last_id`) are attributes, too."""

    data: list[R]
    has_more: bool | None = None

    def has_next_page(self) -> bool:
        """More is to come; true as well where the server does not say."""
        return self.has_more is not False and self._last is not None

    def next_page_info(self) -> dict[str, str] | None:
        """The parameters of the request for the next page, None where there is none."""
        return None if self._last is None else {"after": self._last}

    @property
    def _last(self) -> str | None:
        """The id of the last thing on this page. None where it has none, and where the page was to begin behind it: such a server
        would begin again and again."""
        found = getattr(self.data[-1], "id", None) if self.data else None
        return found if isinstance(found, str) and found != self.__dict__.get(_AFTER) else None

    def _next(self) -> Any:
        if self._last is None:
            raise NoPageError(
                "this is the last page: has_next_page() says whether there is another"
            )
        return self.__dict__[_ASK](self._last)


class SyncCursorPage(_CursorPage[R], Generic[R], kw_only=True):
    """Iterating goes on over the pages behind it, each asked for when it is needed."""

    def __iter__(self) -> Iterator[R]:  # type: ignore[override]  # as the SDK's: what is on it, not its fields
        for page in self.iter_pages():
            yield from page.data or ()

    def iter_pages(self) -> Iterator[Self]:
        """This page, and those behind it."""
        page = self
        yield page
        while page.has_next_page():
            page = page.get_next_page()
            yield page

    def get_next_page(self) -> Self:
        """Raises NoPageError where there is none."""
        page: Self = self._next()
        return page


class AsyncCursorPage(_CursorPage[R], Generic[R], kw_only=True):
    """As `SyncCursorPage`, for `async for`."""

    async def __aiter__(self) -> AsyncIterator[R]:
        async for page in self.iter_pages():
            for one in page.data or ():
                yield one

    async def iter_pages(self) -> AsyncIterator[Self]:
        page = self
        yield page
        while page.has_next_page():
            page = await page.get_next_page()
            yield page

    async def get_next_page(self) -> Self:
        page: Self = await self._next()
        return page


class AsyncPaginator(Generic[R]):
    """A list that was asked for: `await` it for its first page, or iterate over it with `async for`."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask

    def __await__(self) -> Generator[Any, None, AsyncCursorPage[R]]:
        page: Generator[Any, None, AsyncCursorPage[R]] = self._ask().__await__()
        return page

    async def __aiter__(self) -> AsyncIterator[R]:
        async for one in await self:
            yield one


def page_of(
    kind: type[PageT],
    obj: Mapping[str, Any],
    of: Any,
    ask: Callable[[str], Any],
    after: Any,
) -> PageT:
    """The page that `obj` is, of things of the class `of`. `ask` gets the page behind a thing of this id."""
    data = obj.get("data")
    listed = data if isinstance(data, list) else []
    things = [of.from_dict(thing) if isinstance(thing, dict) else thing for thing in listed]
    page = named_after(kind.from_dict({**obj, "data": things}), of.__name__)
    page.__dict__.update({_ASK: ask, _AFTER: after})
    return page  # type: ignore[no-any-return]
