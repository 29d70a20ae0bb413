"""What providers refuse of a schema in strict mode, and the schema made strict where that loses nothing."""

from __future__ import annotations

from streamnorm.arguments.strict.fixes import Change, StrictSchema, to_strict
from streamnorm.arguments.strict.lint import Violation, lint_strict
from streamnorm.arguments.strict.rules import TARGETS

__all__ = ["TARGETS", "Change", "StrictSchema", "Violation", "lint_strict", "to_strict"]
