"""What all tests share: `--update-goldens`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="rewrite the .expected.json beside each fixture; then read what changed",
    )
