"""Arguments of a strict schema in, those of the original out: where an optional property became a nullable one, its null is left
out again. Which branch of an `anyOf` was meant is asked of jsonschema, which fetches nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from streamnorm.arguments.strict.sense import types_of
from streamnorm.arguments.strict.walk import Document
from streamnorm.arguments.strict.words import escaped
from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator  # type: ignore[import-untyped]

__all__ = ["restored"]

#: Steps from a value into the schema of a value inside it, references and choices included.
MAX_STEPS: Final = 300


def restored(schema: Any, nulls: dict[str, frozenset[str]], arguments: Any) -> Any:
    """`nulls`: by the pointer of an object in `schema`, the properties whose null is left out. Raises LocalError as
    `StrictSchema.restore` does."""
    if not nulls:
        return arguments
    return _Restorer(Document(schema), nulls).value(arguments, "", 0)


class _Restorer:
    def __init__(self, document: Document, nulls: dict[str, frozenset[str]]) -> None:
        self._document = document
        self._nulls = nulls
        self._validator: Validator | None = None

    def value(self, value: Any, pointer: str, steps: int) -> Any:
        """What `value` is without those nulls; `pointer`: the schema that it meets."""
        if not isinstance(value, dict | list):
            return value
        if steps > MAX_STEPS:
            raise LocalError(
                f"the arguments or the references of the schema nest too deep at {pointer}"
            )
        place = self._document.by_pointer.get(pointer)
        keywords = place.keywords if place else {}
        target = self._document.references.get(pointer)
        if target is not None:
            value = self.value(value, target, steps + 1)
        if "anyOf" in keywords:
            at = self._branch(keywords["anyOf"], value)
            if at is not None:
                value = self.value(value, f"{pointer}/anyOf/{at}", steps + 1)
        if isinstance(value, dict):
            return self._object(value, keywords, pointer, steps)
        return self._array(value, keywords, pointer, steps)

    def _object(
        self, value: dict[str, Any], keywords: dict[str, Any], pointer: str, steps: int
    ) -> dict[str, Any]:
        absent = self._nulls.get(pointer, frozenset())
        named = keywords.get("properties", {})
        return {
            name: self.value(inner, f"{pointer}/properties/{escaped(name)}", steps + 1)
            if name in named
            else inner
            for name, inner in value.items()
            if inner is not None or name not in absent
        }

    def _array(
        self, value: list[Any], keywords: dict[str, Any], pointer: str, steps: int
    ) -> list[Any]:
        first = keywords.get("prefixItems", [])
        head = [
            self.value(inner, f"{pointer}/prefixItems/{at}", steps + 1)
            for at, inner in enumerate(value[: len(first)])
        ]
        rest = value[len(first) :]
        items = keywords.get("items")
        if isinstance(items, list):  # before 2020-12
            return head + [
                self.value(inner, f"{pointer}/items/{at}", steps + 1)
                for at, inner in enumerate(rest)
            ]
        return head + [self.value(inner, f"{pointer}/items", steps + 1) for inner in rest]

    def _branch(self, branches: list[Any], value: Any) -> int | None:
        """The first branch that `value` meets."""
        kind = "object" if isinstance(value, dict) else "array"
        likely = [
            at
            for at, branch in enumerate(branches)
            if kind in types_of(self._document.resolved(branch))
        ]
        if len(likely) == 1:
            return likely[0]
        return next((at for at in likely if self._meets(value, branches[at])), None)

    def _meets(self, value: Any, schema: Any) -> bool:
        from jsonschema.validators import (  # type: ignore[import-untyped]
            Draft202012Validator,
            validator_for,
        )
        from referencing import Registry
        from referencing.exceptions import Unresolvable

        if self._validator is None:
            whole = self._document.schema
            draft = validator_for(whole, default=Draft202012Validator)
            self._validator = draft(whole, registry=Registry())
        try:
            return bool(self._validator.evolve(schema=schema).is_valid(value))
        except RecursionError:
            raise LocalError(
                "the arguments nest too deep to tell the branches of anyOf apart"
            ) from None
        except (re.error, Unresolvable) as error:
            raise LocalError(f"the branches of anyOf cannot be told apart: {error}") from None
