"""What the typed objects handed out have in common: msgspec Structs that look and dump like the OpenAI SDK's models, without
pydantic. Unknown fields are attributes all the same, and follow the others in repr and dumps."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Final, NamedTuple, Self

import msgspec
import msgspec.structs

__all__ = ["Model", "Models", "OneOf", "named_after"]

# Names in an instance's `__dict__` that are no fields; no field on a wire begins so. Which fields the wire had; what follows
# the name of a generic class.
_SET: Final = "\0set"
_OF: Final = "\0of"

#: Set by the client on what a call returns; it is no field.
_REQUEST_ID: Final = "_request_id"

#: By field, the class of the models in it (`type[Model]`, or `OneOf`; models with a field called `type` cannot spell that out).
Models = Mapping[str, Any]


class _How(NamedTuple):
    """How to dump: what is left out, and whether values must be those of JSON."""

    unset: bool
    defaults: bool
    none: bool
    mode: str


class OneOf:
    """The class of a model goes by its `type`; one that has none, or another, is the first."""

    def __init__(self, **classes: Any) -> None:
        self._classes = classes
        self._first = next(iter(classes.values()))

    def from_dict(self, obj: Mapping[str, Any]) -> Any:
        kind = obj.get("type")
        found = self._classes.get(kind) if isinstance(kind, str) else None
        return (found or self._first).from_dict(obj)


class Model(msgspec.Struct, dict=True, kw_only=True):
    """What all of them can do. Unknown fields live in the instance's `__dict__`, so that they are attributes."""

    #: The fields that hold models: their class. Those in `_lists` hold lists of them.
    _models: ClassVar[Models] = {}
    _lists: ClassVar[frozenset[str]] = frozenset()
    #: Fields that are floats, where servers write a whole number now and then.
    _floats: ClassVar[frozenset[str]] = frozenset()
    #: Fields that the SDK does not have: they show only where they are set.
    _soft: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> Self:
        """Build one from a decoded JSON object, unknown fields kept. Nothing is checked; a field of another type stays so."""
        fields: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in obj.items():
            if key not in cls.__struct_fields__:
                extra[key] = value
            elif (model := cls._models.get(key)) is None:
                fields[key] = _as_float(value) if key in cls._floats else value
            elif key in cls._lists and isinstance(value, list):
                fields[key] = [model.from_dict(v) if isinstance(v, dict) else v for v in value]
            else:
                fields[key] = model.from_dict(value) if isinstance(value, dict) else value
        for key in _required(cls):
            fields.setdefault(key, None)
        made = cls(**fields)
        made.__dict__.update(extra)
        made.__dict__[_SET] = frozenset(obj)
        return made

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """As `from_dict`, from keywords."""
        return cls.from_dict(values)

    construct = model_construct

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> Self:
        """As `from_dict`; a model is taken as it is. Raises TypeError for what is neither."""
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            raise TypeError(f"{cls.__name__} is made from a dict, not from {type(obj).__name__}")
        return cls.from_dict(obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
        return cls.model_validate(json.loads(json_data))

    @property
    def model_extra(self) -> dict[str, Any]:
        """The fields that the SDK does not know."""
        return {
            key: value
            for key, value in self.__dict__.items()
            if key[:1] != "\0" and key != _REQUEST_ID
        }

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that the wire had. A part of a chunk that was decoded without one unknown field does not remember
        its nulls."""
        known = self.__dict__.get(_SET)
        if known is not None:
            return set(known)
        return {name for name in self.__struct_fields__ if getattr(self, name) is not None}

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Any = None,
        exclude: Any = None,
        exclude_unset: bool = False,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        **_: Any,
    ) -> dict[str, Any]:
        """A dict, nested models dumped too. `include` and `exclude` name fields, or are mappings from a field (of a list: from
        an index or `"__all__"`) to what of it is meant; pydantic's other options change nothing here and are accepted."""
        dumped = self._dump(_How(exclude_unset, exclude_defaults, exclude_none, mode))
        if include is not None:
            dumped = _only(dumped, include)
        if exclude is not None:
            dumped = _without(dumped, exclude)
        return dumped

    def model_dump_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, **options: Any
    ) -> str:
        separators = None if indent is not None else (",", ":")
        return json.dumps(
            self.model_dump(**{**options, "mode": "json"}),
            indent=indent,
            ensure_ascii=ensure_ascii,
            separators=separators,
        )

    def to_dict(self, *, exclude_unset: bool = True, **options: Any) -> dict[str, Any]:
        return self.model_dump(exclude_unset=exclude_unset, **options)

    def to_json(self, *, indent: int | None = 2, exclude_unset: bool = True, **options: Any) -> str:
        return self.model_dump_json(indent=indent, exclude_unset=exclude_unset, **options)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        made = copy.deepcopy(self) if deep else copy.copy(self)
        for name, value in (update or {}).items():
            setattr(made, name, value)
        return made

    def _shown(self) -> dict[str, Any]:
        shown = {
            name: value
            for name in self._order()
            if (value := getattr(self, name)) is not None or name not in self._soft
        }
        shown.update(self.model_extra)
        return shown

    @classmethod
    @cache
    def _order(cls) -> tuple[str, ...]:
        """The fields as the SDK orders them: those of a base first, at their own place even where they are declared again. (A
        strict reading of a class only declares again.)"""
        names = dict.fromkeys(
            name for base in reversed(cls.__mro__) for name in getattr(base, "__annotations__", ())
        )
        return tuple(name for name in names if name in cls.__struct_fields__)

    def _dump(self, how: _How) -> dict[str, Any]:
        known = self.model_fields_set if how.unset else None
        defaults = {*self.__struct_fields__} - {*_required(type(self))} if how.defaults else ()
        dumped: dict[str, Any] = {}
        for key, value in self._shown().items():
            if value is None:
                if how.none or key in defaults:
                    continue
                if known is not None and key not in known:
                    continue
            dumped[key] = _dumped(value, how)
        return dumped

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The fields and their values, so that `dict(model)` works."""
        yield from self._shown().items()

    def __repr__(self) -> str:
        name = type(self).__name__ + self.__dict__.get(_OF, "")
        return f"{name}({', '.join(f'{k}={v!r}' for k, v in self._shown().items())})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or type(self).__name__ != type(other).__name__:
            return NotImplemented
        return self._shown() == other._shown()

    __hash__ = None  # type: ignore[assignment]  # mutable, as the SDK's

    def __copy__(self) -> Self:
        made: Self = _remade(type(self), msgspec.structs.asdict(self), self.__dict__)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), msgspec.structs.asdict(self), self.__dict__.copy())


def named_after(model: Any, argument: str) -> Any:
    """The model, whose class is a generic one in the SDK and shows as that of this argument."""
    model.__dict__[_OF] = f"[{argument}]"
    return model


def _remade(cls: type[Any], fields: dict[str, Any], rest: dict[str, Any]) -> Any:
    made = cls(**fields)
    made.__dict__.update(rest)
    return made


@cache
def _required(cls: type[Model]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(cls) if field.required)


def _as_float(value: Any) -> Any:
    """A whole number as the same float, if there is one."""
    exact = type(value) is int and abs(value) <= 2**53
    return float(value) if exact else value


def _dumped(value: Any, how: _How) -> Any:
    if isinstance(value, Model):
        return value._dump(how)
    if isinstance(value, list):
        # A list within a list is JSON as it came, of any depth: no model is in there.
        return [item if isinstance(item, list) else _dumped(item, how) for item in value]
    if isinstance(value, type):
        return value
    if hasattr(value, "__dataclass_fields__"):
        from dataclasses import asdict

        return asdict(value)
    if hasattr(value, "model_dump"):  # what a pydantic model made of the content
        return value.model_dump(
            mode=how.mode,
            exclude_unset=how.unset,
            exclude_defaults=how.defaults,
            exclude_none=how.none,
        )
    return value


def _named(fields: Any) -> Mapping[Any, Any]:
    return fields if isinstance(fields, Mapping) else dict.fromkeys(fields, True)


def _of_item(fields: Mapping[Any, Any], at: int, length: int) -> Any:
    """What is said of the item at `at` of a list."""
    return fields.get(at, fields.get(at - length, fields.get("__all__")))


def _is_all(fields: Any) -> bool:
    return fields is True or fields is ...


def _only(value: Any, fields: Any) -> Any:
    if _is_all(fields):
        return value
    named = _named(fields)
    if isinstance(value, dict):
        return {key: _only(inner, named[key]) for key, inner in value.items() if key in named}
    if isinstance(value, list):
        meant = [(item, _of_item(named, at, len(value))) for at, item in enumerate(value)]
        return [_only(item, inner) for item, inner in meant if inner is not None]
    return value


def _without(value: Any, fields: Any) -> Any:
    named = _named(fields)
    if isinstance(value, dict):
        return {
            key: _without(inner, named[key]) if key in named else inner
            for key, inner in value.items()
            if not _is_all(named.get(key))
        }
    if isinstance(value, list):
        meant = [(item, _of_item(named, at, len(value))) for at, item in enumerate(value)]
        return [
            item if inner is None else _without(item, inner)
            for item, inner in meant
            if not _is_all(inner)
        ]
    return value
