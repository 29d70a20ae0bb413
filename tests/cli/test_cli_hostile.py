"""What a model or a server writes is shown on a terminal, never obeyed."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from cli_runs import DONE, chunk, invoke, opening, sse
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streamnorm.cli.demo import play_one
from streamnorm.cli.safe import one_line, shown

#: Clear the screen, set the title, C1 CSI, DEL, carriage return, bell, right-to-left override, zero width space, a tag.
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\r\x08\u202e\u2066\u200b\U000e0041[red]x[/red]"

#: Orders of direction: they make a line read otherwise than it is.
REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

STREAMS = {
    "content": sse(chunk({"role": "assistant", "content": EVIL}), chunk(({}, "stop"))) + DONE,
    "reasoning": sse(chunk({"role": "assistant", "reasoning_content": EVIL}), chunk(({}, "stop")))
    + DONE,
    "refusal": sse(chunk({"role": "assistant", "refusal": EVIL}), chunk(({}, "stop"))) + DONE,
    "tool name": sse(chunk(opening(EVIL, "{}")), chunk(({}, "tool_calls"))) + DONE,
    "tool id": sse(chunk(opening(call=EVIL, arguments="{}")), chunk(({}, "tool_calls"))) + DONE,
    "arguments": sse(chunk(opening("f", EVIL)), chunk(({}, "tool_calls"))) + DONE,
    "an open call": sse(chunk(opening(EVIL, EVIL))),
    "finish reason": sse(chunk({"role": "assistant", "content": "x"}), chunk(({}, EVIL))) + DONE,
    "error": sse({"error": {"message": EVIL, "type": EVIL, "code": EVIL}}),
    "id and model": sse(chunk({"role": "assistant", "content": "x"}, id=EVIL, model=EVIL)),
    "usage": sse(chunk(({"role": "assistant", "content": "x"}, "stop")), chunk(usage={EVIL: 1}))
    + DONE,
    "event name": f"event: {EVIL}\ndata: {{}}\n\n".encode(),
    "no stream": EVIL.encode(),
    "no JSON": f"data: {EVIL}\n\n".encode(),
}

WAYS = {
    "replay": ("replay",),
    "events": ("replay", "--events"),
    "jsonl": ("replay", "--format", "jsonl"),
    "explain": ("explain",),
}


def dangers(said: str) -> set[str]:
    """The characters in `said` that a terminal would obey."""
    return {
        letter
        for letter in said
        if (unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") and letter not in "\n\t")
        or unicodedata.bidirectional(letter) in REORDERING
        or letter in "\u200b\u200e\u200f\ufeff"
        or 0xE0000 <= ord(letter) <= 0xE007F
    }


def test_the_payload_is_dangerous() -> None:
    assert len(dangers(EVIL)) == 10


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", STREAMS)
def test_nothing_hostile_reaches_the_terminal(way: str, place: str) -> None:
    result = invoke(*WAYS[way], "-", stdin=STREAMS[place])
    assert not dangers(result.stdout)
    assert not dangers(result.stderr)


@pytest.mark.parametrize("place", STREAMS)
def test_nothing_hostile_is_played(place: str) -> None:
    out = Console(file=io.StringIO(), width=80)
    play_one(STREAMS[place], out)
    assert not dangers(out.file.getvalue())


def test_what_is_written_out_can_be_read() -> None:
    result = invoke("replay", "-", stdin=STREAMS["content"])
    assert r"\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\x0d\x08\u202e\u2066\u200b" in result.stdout
    assert "[red]x[/red]" in result.stdout


def test_jsonl_gives_back_what_was_said_to_the_letter() -> None:
    result = invoke("replay", "--format", "jsonl", "-", stdin=STREAMS["content"])
    assert json.loads(result.stdout)["message"]["content"] == EVIL


@pytest.mark.parametrize("way", [("replay",), ("replay", "--events"), ("explain",)])
def test_a_line_end_cannot_forge_a_line(way: tuple[str, ...]) -> None:
    name = 'f({})\n-> pay({"to":"me"})'
    stream = sse(chunk(opening(name, "{}")), chunk(({}, "stop\n-> pay()"))) + DONE
    stream += sse({"error": {"message": "bad\n-> pay()"}})
    result = invoke(*way, "-", stdin=stream)
    assert not any(line.startswith("-> pay") for line in result.output.splitlines())


def test_the_name_of_a_file_is_shown_safely() -> None:
    result = invoke("replay", f"no{EVIL}file")
    assert result.exit_code == 2
    assert r"no\x1b[2J" in result.stderr
    assert not dangers(result.stderr)


@given(st.text())
def test_no_text_is_dangerous_once_shown(text: str) -> None:
    assert not dangers(shown(text))
    assert not set(one_line(text)) & {"\n", "\t"}


@given(st.text(st.characters(max_codepoint=0xFFFF, categories=("L", "M", "N", "P", "S"))))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text
