"""Every Python example of the README runs, in order, and prints what the README says."""

from __future__ import annotations

import re

import examples
from client.style_server import Said, style_server

ROOT = examples.ROOT


def test_the_examples_print_what_the_readme_says() -> None:
    with style_server(scenario=lambda body: Said("A model behind an endpoint.\n")) as server:
        told = examples.run(ROOT / "README.md", **{"http://localhost:8000": server.url})
    for said, printed in told:
        assert printed == said
    assert len(told) == 10


def test_the_two_commands_are_marked_for_ci() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for marker, last in (("demo", "streamnorm demo"), ("tests", ".venv/bin/pytest -n auto")):
        match = re.search(rf"^<!-- {marker} -->\n```sh\n(.*)\n```$", text, re.MULTILINE)
        assert match, f"README has no command marked {marker}"
        assert match[1].startswith("python3 -m venv .venv && ")
        assert match[1].endswith(last)
