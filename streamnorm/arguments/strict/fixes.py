"""A schema in, the same schema in strict mode's terms out, as far as that is without loss. It looks, mends what can be mended,
and looks again, until nothing is left that can be; so what it leaves is just what the linter finds in what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from streamnorm.arguments.strict.absence import restored
from streamnorm.arguments.strict.lint import (
    Violation,
    breaches,
    name_violations,
    violations_of,
)
from streamnorm.arguments.strict.mends import Mend
from streamnorm.arguments.strict.rule import Rule
from streamnorm.arguments.strict.rules import rules_of
from streamnorm.arguments.strict.subject import Subject, subject_of
from streamnorm.arguments.strict.walk import Document, Place, copied

__all__ = ["Change", "StrictSchema", "to_strict"]

#: Looks at one schema. Each but the last mends at least one place for good; a schema in which so many wait for each other is
#: written to that end.
MAX_LOOKS: Final = 250


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done. `pointer`: where, in what was handed in; `what`, in words; `rule`: for which rule."""

    pointer: str
    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class StrictSchema:
    """`schema`: what was handed in, with a strict schema, a copy. `changes`: what was done. `left`: what could not be done
    without loss, as `lint_strict` finds it in `schema`.

    Whatever is valid under the strict schema is valid under the original once `restore` has taken out the nulls that stand for
    absence.
    """

    schema: Any
    changes: tuple[Change, ...]
    left: tuple[Violation, ...]
    #: By the pointer of an object in the strict schema: the properties whose null stands for absence.
    nulls: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """No MUST is left."""
        return all(violation.level != "MUST" for violation in self.left)

    def restore(self, arguments: Any) -> Any:
        """Arguments that are valid under the strict schema, as the original means them: a property that was optional and is
        null is left out. Gives a copy where it takes something out; values that are not valid stay as they are.

        Raises LocalError for arguments that nest too deep to be compared with the branches of an `anyOf`, or where a pattern
        of the schema is none.
        """
        return restored(subject_of(self.schema).schema, self.nulls, arguments)


def to_strict(schema: Any, target: str = "openai") -> StrictSchema:
    """Make `schema` what `target` takes in strict mode, where that loses nothing: objects that say nothing of further members
    are closed, optional properties become required and nullable, and what only has another name is called by it.

    `schema` is a schema, a tool or a response format, as `lint_strict` takes it, and is not modified. What would allow or
    forbid something else than before is left alone: an open object, a bound that the target does not know. Raises LocalError
    for an unknown target.
    """
    rules = rules_of(target)
    subject = subject_of(schema)
    named = tuple(name_violations(subject, target))
    if subject.schema is None and subject.kind != "schema":
        return StrictSchema(schema, (), named)
    document = Document(subject.schema)
    if document.malformed or document.cut is not None:
        return StrictSchema(schema, (), (*named, *violations_of(document, rules, subject)))
    work = _Work(copied(subject.schema), rules, subject)
    left = (*named, *work.run())
    strict = subject.with_schema(work.schema)
    return StrictSchema(strict, tuple(work.changes), left, work.absences())


class _Work:
    """A schema being mended. Objects keep their identity, so that each change is told by the place it had at first."""

    def __init__(self, schema: Any, rules: tuple[Rule, ...], subject: Subject) -> None:
        self.schema = schema
        self.changes: list[Change] = []
        self._rules = rules
        self._subject = subject
        #: By its id: a schema, which must live as long as its id counts, and the pointer it had at first.
        self._origins: dict[int, tuple[Any, str]] = {}
        #: By the id of what `properties` holds, which stays the same where a schema is wrapped: that, and the names.
        self._nulls: dict[int, tuple[Any, tuple[str, ...]]] = {}

    def run(self) -> list[Violation]:
        for _ in range(MAX_LOOKS):
            document = Document(self.schema)
            self._place(document)
            if not self._mend(document):
                break
        return violations_of(document, self._rules, self._subject)

    def absences(self) -> dict[str, frozenset[str]]:
        """By the pointer of an object's schema: the names whose null stands for absence."""
        found = {}
        for place in Document(self.schema).schemas:
            _, names = self._nulls.get(id(place.keywords.get("properties")), (None, ()))
            if names:
                found[place.pointer] = frozenset(names)
        return found

    def _place(self, document: Document) -> None:
        for place in document.schemas:
            _, above = (
                (None, place.pointer)
                if place.parent is None
                else self._origins[id(place.parent.schema)]
            )
            first = place.pointer if not self.changes else above
            self._origins.setdefault(id(place.schema), (place.schema, first))

    def _mend(self, document: Document) -> bool:
        """Do what can be done at once; false where there is nothing to do."""
        found = [
            (rule, document.by_pointer[seen.pointer], seen.mend)
            for rule, seen in breaches(document, self._rules, self._subject)
            if seen.mend is not None
        ]
        # What is only written another way comes first: it opens the way to the rest.
        exact = [each for each in found if not each[2].narrows]
        touched: set[int] = set()
        for rule, place, mend in exact or found:
            ids = set(map(id, mend.touches))
            if touched.isdisjoint(ids):
                touched |= ids
                self._apply(rule, place, mend)
        return bool(found)

    def _apply(self, rule: Rule, place: Place, mend: Mend) -> None:
        _, pointer = self._origins[id(place.schema)]
        self.changes.append(Change(self._subject.pointer + pointer, rule.id, mend.words))
        mend.apply()
        if mend.nulls:
            properties = place.schema["properties"]
            self._nulls[id(properties)] = (properties, mend.nulls)
