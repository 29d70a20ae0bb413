"""Where the shared facts and captures are. Absent data skips a test, and fails it where `STREAMNORM_REQUIRE_CORPUS=1`."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(
    os.environ.get("STREAMNORM_SHARED") or Path(__file__).resolve().parents[1].parent / "shared"
)
FACTS = SHARED / "facts"
CAPTURES = SHARED / "captures"


def require(path: Path) -> Path:
    """`path`, or a skip (a failure where the corpus is required)."""
    if path.exists():
        return path
    if os.environ.get("STREAMNORM_REQUIRE_CORPUS") == "1":
        pytest.fail(f"{path} is required here and absent")
    pytest.skip(f"no corpus at {path}")


@cache
def facts(name: str) -> Any:
    return json.loads(require(FACTS / name).read_text("utf-8"))
