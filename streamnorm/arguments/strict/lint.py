"""A schema in, what a provider's strict mode refuses out. No schema makes it raise, and none makes it wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from streamnorm.arguments.strict.checks import Seen
from streamnorm.arguments.strict.rule import Level, Rule
from streamnorm.arguments.strict.rules import NAME_RULE, is_a_name, rules_of, takes_names
from streamnorm.arguments.strict.subject import Subject, subject_of
from streamnorm.arguments.strict.walk import MAX_DEPTH, MAX_PLACES, Document, is_local
from streamnorm.arguments.strict.words import quoted

__all__ = ["Violation", "breaches", "lint_strict", "name_violations", "violations_of"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a schema breaks: `rule` is its id, `pointer` a JSON Pointer into what was handed in, `level` MUST where the
    request is refused and SHOULD where it may be, or where only a warning is due. `reason` says what was seen and why it is
    refused, `fix` what to write instead; `fixable`: `to_strict` does it, without loss.
    """

    rule: str
    pointer: str
    level: Level
    reason: str
    fix: str
    fixable: bool = False


#: The rules that hold everywhere: what is given is a JSON Schema, and of a size that can be looked at.
_SCHEMA: Final = "SCHEMA-01"
_SIZE: Final = "SCHEMA-02"
_REFERENCE: Final = "SCHEMA-03"


def lint_strict(schema: Any, target: str = "openai") -> list[Violation]:
    """What `target` refuses in strict mode, in the order of the schema; an empty list where it takes all of it.

    `schema`: a JSON Schema; or a tool in any of the usual shapes, or a response format: then its name is looked at too, and
    the pointers begin at what was given. Raises LocalError for an unknown target, and for nothing else.
    """
    rules = rules_of(target)
    subject = subject_of(schema)
    found = [*name_violations(subject, target)]
    if subject.schema is not None or subject.kind == "schema":
        found += violations_of(Document(subject.schema), rules, subject)
    return found


def name_violations(subject: Subject, target: str) -> Iterator[Violation]:
    """What the target has against the name of a tool or a format."""
    if subject.name is not None and takes_names(target) and not is_a_name(subject.name):
        yield Violation(
            NAME_RULE,
            "".join(f"/{key}" for key in (*subject.holder, "name")),
            "MUST",
            f"the name is {quoted(subject.name)}: a name is made of a-z, A-Z, 0-9, _ and -, at most 64 of them",
            "rename it",
        )


def violations_of(document: Document, rules: tuple[Rule, ...], subject: Subject) -> list[Violation]:
    """What the rules, and those that hold everywhere, find in the schema of `subject`."""
    prefix = subject.pointer
    found = [
        Violation(rule.id, prefix + seen.pointer, rule.level, seen.reason, seen.fix, _can(seen))
        for rule, seen in breaches(document, rules, subject)
    ]
    found += [
        Violation(id_, prefix + pointer, "MUST", reason, fix)
        for id_, pointer, reason, fix in _everywhere(document)
    ]
    order = {place.pointer: at for at, place in enumerate(document.places)}
    found.sort(key=lambda violation: order.get(violation.pointer.removeprefix(prefix), -1))
    return found


def _can(seen: Seen) -> bool:
    return seen.mend is not None


def breaches(
    document: Document, rules: tuple[Rule, ...], subject: Subject
) -> Iterator[tuple[Rule, Seen]]:
    """What each rule finds. A document with something in it that is no schema is not held against them."""
    if document.malformed or document.cut is not None:
        return
    for rule in rules:
        if not (rule.formats_only and subject.kind == "tool"):
            for seen in rule.check(document):
                yield rule, seen


def _everywhere(document: Document) -> Iterator[tuple[str, str, str, str]]:
    for pointer, what in document.malformed:
        yield _SCHEMA, pointer, what, "write it as JSON Schema has it"
    if document.cut is not None:
        yield (
            _SIZE,
            document.cut,
            f"here the schema is deeper than {MAX_DEPTH} levels or larger than {MAX_PLACES:,} schemas, so the rest of it "
            "was not looked at; no provider takes it",
            "make it smaller; for data that holds itself take `$ref`",
        )
        return
    for place in document.schemas:
        reference = place.keywords.get("$ref")
        dangling = is_local(reference) and place.pointer not in document.references
        if dangling and not document.opaque:
            yield (
                _REFERENCE,
                place.pointer,
                f"`$ref` is {quoted(reference)}, and no schema stands there in this document",
                "put what it names under `$defs`, or correct the `$ref`",
            )
