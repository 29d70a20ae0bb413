"""Every Python example of the README runs, in order, and prints what the README says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_print_what_the_readme_says() -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    names: dict[str, Any] = {}
    ran = 0
    for at, (language, code) in enumerate(blocks):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"README.md block {at}", "exec"), names)
        expected = blocks[at + 1]
        assert expected[0] == "text", "a python block is followed by what it prints"
        assert printed.getvalue() == expected[1]
        ran += 1
    assert ran == 9


def test_the_two_commands_are_marked_for_ci() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for marker, last in (("demo", "streamnorm demo"), ("tests", ".venv/bin/pytest -n auto")):
        match = re.search(rf"^<!-- {marker} -->\n```sh\n(.*)\n```$", text, re.MULTILINE)
        assert match, f"README has no command marked {marker}"
        assert match[1].startswith("python3 -m venv .venv && ")
        assert match[1].endswith(last)
