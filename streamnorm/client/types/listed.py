"""The models that a server lists, and the page they come on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

from streamnorm.dialects.chat.model import Model as Base
from streamnorm.dialects.chat.model import Models, named_after

__all__ = ["AsyncPage", "Model", "ModelDeleted", "SyncPage"]


class Model(Base, kw_only=True):
    id: str
    created: int
    object: Literal["model"]
    owned_by: str
    shutdown_date: str | None = None


class ModelDeleted(Base, kw_only=True):
    id: str
    deleted: bool
    object: str


class _Page(Base, kw_only=True):
    """The one page there is: nothing that it lists comes in parts."""

    _models: ClassVar[Models] = {"data": Model}
    _lists: ClassVar[frozenset[str]] = frozenset({"data"})

    data: list[Model]
    object: str

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> Self:
        made: Self = named_after(super().from_dict(obj), "Model")
        return made

    def has_next_page(self) -> bool:
        return False


class SyncPage(_Page, kw_only=True):
    def __class_getitem__(cls, of: Any) -> type[Self]:
        return cls

    def __iter__(self) -> Iterator[Any]:
        """What is on the page."""
        return iter(self.data or ())

    def iter_pages(self) -> Iterator[Self]:
        yield self


class AsyncPage(_Page, kw_only=True):
    def __class_getitem__(cls, of: Any) -> type[Self]:
        return cls

    async def __aiter__(self) -> AsyncIterator[Model]:
        """What is on the page."""
        for model in self.data or ():
            yield model

    async def iter_pages(self) -> AsyncIterator[Self]:
        yield self
