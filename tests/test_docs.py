"""Every Python example in docs/ runs and prints what the page says."""

from __future__ import annotations

from pathlib import Path

import examples
import pytest

PAGES = sorted(path for path in (examples.ROOT / "docs").glob("*.md") if "```python" in path.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_print_what_the_page_says(page: Path) -> None:
    for said, printed in examples.run(page):
        assert printed == said


def test_there_are_pages() -> None:
    assert "arguments" in {page.stem for page in PAGES}
