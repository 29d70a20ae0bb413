"""What a CI machine sets for its own colours must not colour the output under test."""

from __future__ import annotations

import pytest

COLOURING = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "PYTHONUNBUFFERED")


@pytest.fixture(autouse=True)
def no_colouring_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COLOURING:
        monkeypatch.delenv(name, raising=False)
