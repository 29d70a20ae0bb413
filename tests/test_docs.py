"""Every Python example in docs/ runs and prints what the page says. The endpoint that they ask is one on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import examples
import pytest
from client.style_server import style_server

PAGES = sorted(
    path for path in (examples.ROOT / "docs").glob("*.md") if "```python" in path.read_text("utf-8")
)

#: What stands in the pages for the endpoint, and for a capture.
ENDPOINT = "http://localhost:8000"
CAPTURE = "weather.cap.jsonl"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-examples")
    with style_server("missing index") as server:
        yield server.url


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_print_what_the_page_says(page: Path, endpoint: str) -> None:
    capture = str(Path(__file__).parent / "captures" / CAPTURE)
    for said, printed in examples.run(page, **{ENDPOINT: endpoint, CAPTURE: capture}):
        assert printed == said


def test_there_are_pages() -> None:
    assert {"arguments", "client", "tool-loop"} <= {page.stem for page in PAGES}
