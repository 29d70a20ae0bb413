"""What is said about the tools of one file: what a target's strict mode refuses of them, or the tools made strict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.text import Text

from streamnorm.arguments.strict import StrictSchema, Violation, lint_strict, to_strict
from streamnorm.cli.safe import styled
from streamnorm.cli.tool_files import Item, items_in, parsed, replaced

__all__ = ["Judged", "ToolFile"]

#: The parts of a request that hold tools, in the order in which `--fix` gives them.
_HOLDERS: Final = ("tools", "functions", "toolConfig", "response_format", "text")

_STYLES: Final = {"MUST": "bold red", "SHOULD": "bold yellow"}


@dataclass(frozen=True)
class Judged:
    """A tool, and what was found. `looked_at`: it was held against the rules. `strict`: what `--fix` made of it."""

    item: Item
    looked_at: bool
    violations: tuple[Violation, ...] = ()
    strict: StrictSchema | None = None

    @property
    def refused(self) -> bool:
        return any(violation.level == "MUST" for violation in self.violations)


class ToolFile:
    """The tools of one file, held against the rules of `target`: those that say `strict: true`, and all where none does or
    `every` is wanted. With `fix` they are made strict, and what is told is what is left.

    Raises LocalError where the file holds no tools, and for an unknown target.
    """

    def __init__(
        self, name: str, body: bytes, target: str, *, fix: bool = False, every: bool = False
    ) -> None:
        self.name = name
        self.target = target
        self.fixing = fix
        self.contents = parsed(body)
        items = items_in(self.contents)
        chosen = [item for item in items if item.subject is not None and item.subject.strict]
        self.judged = [self._judge(item, every or not chosen or item in chosen) for item in items]

    @property
    def refused(self) -> bool:
        """Some rule that is a MUST is broken, and stays so."""
        return any(judged.refused for judged in self.judged)

    def _judge(self, item: Item, looked_at: bool) -> Judged:
        if item.subject is None or not looked_at:
            return Judged(item, False)
        if not self.fixing:
            return Judged(item, True, tuple(lint_strict(item.subject.given, self.target)))
        strict = to_strict(item.subject.given, self.target)
        return Judged(item, True, strict.left, strict)

    # What `--fix` gives.

    def fixed(self) -> Any:
        """The tools, or the schema, as they are to be sent: all that the file holds, those that were not looked at too."""
        contents = self.contents
        for judged in self.judged:
            if judged.strict is not None:
                contents = replaced(contents, judged.item.path, _as_sent(judged, judged.strict))
        recorded = self.judged[0].item.path[:1] == ("request",)
        request = contents["request"] if recorded else contents
        first = {step for judged in self.judged for step in judged.item.path[recorded:][:1]}
        holders = [word for word in _HOLDERS if word in first]
        if not holders:
            return request
        if len(holders) == 1 and holders[0] in ("tools", "functions"):
            return request[holders[0]]
        return {word: request[word] for word in holders}

    # In words.

    def lines(self) -> Iterator[Text]:
        """What was found, tool by tool."""
        for judged in self.judged:
            yield styled(self._heading(judged), "bold")
            yield from self._what_was_done(judged)
            for violation in judged.violations:
                yield from _in_words(judged, violation, fixing=self.fixing)
        yield styled(f"{self.name}: {self.verdict()}", "bold red" if self.refused else "green")

    def _heading(self, judged: Judged) -> str:
        return (
            f"{judged.item.label} ({judged.item.pointer or 'the whole file'}): {self._told(judged)}"
        )

    def _told(self, judged: Judged) -> str:
        subject = judged.item.subject
        if subject is None:
            return "run by the provider, or without a schema: nothing to look at"
        if not judged.looked_at:
            return "not strict, so it need not be; --all looks at it too"
        left = "left: " if self.fixing else ""
        told = f"strict, as {self.target} has it"
        if judged.violations:
            told = f"{left}{_counted(judged.violations)}"
        silent = judged.item.may_be_strict and not subject.strict and not self.fixing
        return f"{told} (it does not say `strict: true`)" if silent else told

    def _what_was_done(self, judged: Judged) -> Iterator[Text]:
        if judged.strict is None:
            return
        for change in judged.strict.changes:
            where = judged.item.pointer + change.pointer
            yield styled(f"  done   {change.rule} {where or '/'}: {change.what}", "green")
        if judged.item.may_be_strict and not judged.strict.ok:
            yield styled("  `strict` is left as it was: the request would be refused")

    def verdict(self) -> str:
        """One line about the file."""
        looked_at = [judged for judged in self.judged if judged.looked_at]
        refused = sum(judged.refused for judged in looked_at)
        tools = f"{len(looked_at)} looked at of {len(self.judged)}"
        if refused:
            return f"{self.target} refuses {refused} in strict mode ({tools})"
        return f"{self.target} takes {'it' if len(self.judged) == 1 else 'them'} in strict mode ({tools})"

    # For programs.

    def report(self) -> dict[str, Any]:
        """The keys are part of the command's contract."""
        report: dict[str, Any] = {
            "file": self.name,
            "target": self.target,
            "ok": not self.refused,
            "tools": [self._tool(judged) for judged in self.judged],
        }
        if self.fixing:
            report["fixed"] = self.fixed()
        return report

    def _tool(self, judged: Judged) -> dict[str, Any]:
        item = judged.item
        tool: dict[str, Any] = {
            "name": item.subject.name if item.subject else item.label,
            "pointer": item.pointer,
            "strict": bool(item.subject and item.subject.strict),
            "looked_at": judged.looked_at,
            "ok": not judged.refused,
            "violations": [
                {**asdict(violation), "pointer": item.pointer + violation.pointer}
                for violation in judged.violations
            ],
        }
        if judged.strict is not None:
            tool["changes"] = [
                {**asdict(change), "pointer": item.pointer + change.pointer}
                for change in judged.strict.changes
            ]
        return tool


def _as_sent(judged: Judged, strict: StrictSchema) -> Any:
    """The tool with its schema mended, saying `strict: true` where that is now so."""
    if not (judged.item.may_be_strict and strict.ok) or judged.item.subject is None:
        return strict.schema
    return judged.item.subject._replace(given=strict.schema).with_strict(True)


def _in_words(judged: Judged, violation: Violation, *, fixing: bool) -> Iterator[Text]:
    where = judged.item.pointer + violation.pointer
    yield styled(
        f"  {violation.level:<6} {violation.rule} {where or '/'}", _STYLES[violation.level]
    )
    yield styled(f"         {violation.reason}")
    how = "  [--fix does it]" if violation.fixable and not fixing else ""
    yield styled(f"         fix: {violation.fix}{how}")


def _counted(violations: tuple[Violation, ...]) -> str:
    must = sum(violation.level == "MUST" for violation in violations)
    counts = [(must, "MUST"), (len(violations) - must, "SHOULD")]
    return ", ".join(f"{count} {level}" for count, level in counts if count)
