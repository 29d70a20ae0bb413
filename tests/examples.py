"""The Python examples of a page: each is followed by what it prints, and they run in order in one namespace."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(page: Path, **words: str) -> list[tuple[str, str]]:
    """What each example says that it prints, and what it does print. words: what stands for what in the code."""
    text = page.read_text("utf-8")
    for word, meant in words.items():
        text = text.replace(word, meant)
    blocks = BLOCK.findall(text)
    names: dict[str, Any] = {}
    told = []
    for at, (language, code) in enumerate(blocks):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page.name} block {at}", "exec"), names)
        follows, text = blocks[at + 1]
        assert follows == "text", "a python block is followed by what it prints"
        told.append((text, printed.getvalue()))
    return told
