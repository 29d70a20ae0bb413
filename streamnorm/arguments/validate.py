"""The arguments of a finished call against the schema of its tool: JSON text in, a verdict and its reasons out. It fails
closed: where the work allowed does not suffice, the arguments are not valid, and the problem says so."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, Final, Literal

import msgspec
from referencing import Registry

from streamnorm.arguments.budget import (
    CHARACTERS_PER_STEP,
    DEFAULT_LEVELS,
    DEFAULT_MILLISECONDS,
    METER,
    Meter,
    OverBudget,
    steps_in,
)
from streamnorm.arguments.fast import fast_is_installed, fast_verdict
from streamnorm.arguments.keywords import FORMATS, formats_of, metered
from streamnorm.arguments.live import Path
from streamnorm.arguments.problems import ValidationProblem, problem_of, seen, shown
from streamnorm.arguments.reading import deeper_than, read_strictly, why_not_json
from streamnorm.arguments.reject import Applicable, Rejector
from streamnorm.arguments.schemas import read_schema
from streamnorm.errors import LocalError

__all__ = [
    "ENGINES",
    "FORMATS",
    "ArgumentsValidator",
    "Engine",
    "Validation",
    "ValidationProblem",
    "refused",
]

Engine = Literal["auto", "jsonschema", "fast"]
ENGINES: Final = ("auto", "jsonschema", "fast")

#: Problems that one validation tells; a model mends no more at once.
MAX_PROBLEMS: Final = 64


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the arguments of one call.

    value: the arguments, where they are valid (None where they are not, and for a custom tool, whose input is text).
    errors: what is wrong, at most 64; none if and only if `ok`. notes: what is odd and not wrong: a key given twice.
    """

    ok: bool
    value: dict[str, Any] | None = None
    errors: tuple[ValidationProblem, ...] = ()
    notes: tuple[ValidationProblem, ...] = ()


def refused(
    keyword: str, sentence: str, *, pointer: str = "", seen: str, expected: str
) -> Validation:
    """A verdict that no schema had a part in."""
    problem = ValidationProblem(
        pointer=pointer, keyword=keyword, seen=seen, expected=expected, sentence=sentence
    )
    return Validation(ok=False, errors=(problem,))


class ArgumentsValidator:
    """The schema of one tool, compiled once; many threads may use it at once.

    schema: JSON Schema, of the draft that `$schema` names (4, 6, 7, 2019-09 or 2020-12, which is the default). The formats in
        `FORMATS` are asserted, as far as the draft knows them; others are not.
    tool: its name, for the errors.
    engine: `"jsonschema"`, `"fast"` (jsonschema-rs wherever it is known to say the same; the extra `fast`), or `"auto"`: fast
        if it is installed.
    budget_ms: the work that one validation may take. It is counted, not timed, and comes to that many milliseconds on a slow
        core.
    levels: how deep the arguments may be nested.

    Raises ToolError for a schema that is none, or that refers to anything outside itself.
    """

    __slots__ = ("_fast", "_levels", "_schema", "_steps", "_validator", "tool")

    def __init__(
        self,
        schema: Any,
        *,
        tool: str,
        engine: Engine = "auto",
        budget_ms: float = DEFAULT_MILLISECONDS,
        levels: int = DEFAULT_LEVELS,
    ) -> None:
        if engine not in ENGINES:
            raise LocalError(f"unknown engine {engine!r}: one of {', '.join(ENGINES)}")
        if not budget_ms > 0 or levels < 1:
            raise LocalError(
                f"a budget is more than nothing: budget_ms is {budget_ms!r}, levels {levels!r}"
            )
        self.tool = tool
        self._steps = steps_in(budget_ms)
        self._levels = levels
        self._schema = read_schema(schema, tool=tool)
        draft = self._schema.draft
        self._validator = metered(draft)(
            self._schema.contents, format_checker=formats_of(draft), registry=Registry()
        )
        wanted = engine == "fast" or (engine == "auto" and fast_is_installed())
        self._fast = fast_verdict(self._schema, budget_ms) if wanted else None

    def validate(self, text: str) -> Validation:
        """The verdict on the argument text of a call. It raises nothing, whatever the text is."""
        if len(text) // CHARACTERS_PER_STEP > self._steps:
            return self._over("the text", f"{len(text):,} characters")
        try:
            value, notes = read_strictly(text)
        except RecursionError:
            return self._too_deep()
        except ValueError as error:
            return _no_json(text, error)
        if not isinstance(value, dict):
            return refused(
                "object",
                f"The arguments must be a JSON object, but are {seen(value)}.",
                seen=seen(value),
                expected="a JSON object",
            )
        return self._judge(value, text, notes)

    def validate_value(self, value: Any) -> Validation:
        """The same for arguments that somebody else has parsed."""
        try:
            text = json.dumps(value, allow_nan=False)
        except (RecursionError, TypeError, ValueError) as error:
            return refused(
                "json",
                f"The arguments are not JSON: {error}.",
                seen=f"a {type(value).__name__}",
                expected="a JSON object",
            )
        return self.validate(text)

    def rejector(self) -> Rejector:
        """What finds, while the arguments of a call still come, that they cannot become valid."""
        contents = self._schema.contents
        root = contents if isinstance(contents, dict) else {}
        return Rejector(Applicable(root, self._schema.draft), self._problem_in)

    def _problem_in(self, value: Any, part: Any, path: Path) -> str | None:
        """Why `value`, which is at `path`, cannot stand under this part of the schema; None where it can. Raises OverBudget or
        RecursionError where the work allowed does not suffice."""
        schema = self._schema
        meter = Meter(
            self._steps,
            levels=self._levels,
            patterns=schema.patterns,
            spreads=schema.spreads,
            nodes=schema.nodes,
        )
        token = METER.set(meter)
        try:
            error = next(iter(self._validator.descend(value, part)), None)
        finally:
            METER.reset(token)
        if error is None:
            return None
        error.relative_path.extendleft(reversed(path))
        return str(problem_of(error))

    def _judge(
        self, value: dict[str, Any], text: str, notes: tuple[ValidationProblem, ...]
    ) -> Validation:
        if deeper_than(self._levels, text):
            return self._too_deep()
        if self._fast is not None and self._fast(value, text):
            return Validation(ok=True, value=value, notes=notes)
        schema = self._schema
        meter = Meter(
            self._steps - len(text) // CHARACTERS_PER_STEP,
            levels=self._levels,
            patterns=schema.patterns,
            spreads=schema.spreads,
            nodes=schema.nodes,
        )
        token = METER.set(meter)
        try:
            errors = [
                problem_of(error)
                for error in islice(self._validator.iter_errors(value), MAX_PROBLEMS)
            ]
        except OverBudget as over:
            return self._over(str(over), f"the object {shown(value)}")
        except RecursionError:
            return self._over("the levels", f"the object {shown(value)}")
        finally:
            METER.reset(token)
        if errors:
            return Validation(ok=False, errors=tuple(errors), notes=notes)
        return Validation(ok=True, value=value, notes=notes)

    def _over(self, what: str, there: str) -> Validation:
        return refused(
            "budget",
            f"The arguments of {self.tool} could not be checked within the work allowed "
            f"({what} went past it), so they are refused; give simpler ones.",
            seen=there,
            expected=f"a verdict within {self._steps:,} steps",
        )

    def _too_deep(self) -> Validation:
        return refused(
            "budget",
            f"The arguments are nested deeper than {self._levels} levels; give flatter ones.",
            seen=f"more than {self._levels} levels",
            expected=f"at most {self._levels} levels",
        )


def _no_json(text: str, error: ValueError) -> Validation:
    if not text.strip():
        return refused(
            "json",
            "The arguments are empty; give a JSON object, {} where there are none.",
            seen="an empty text",
            expected="a JSON object",
        )
    return refused(
        "json",
        f"The arguments are not valid JSON: {why_not_json(text, error)}.",
        seen=f"the text {shown(text)}",
        expected="a JSON object",
    )
