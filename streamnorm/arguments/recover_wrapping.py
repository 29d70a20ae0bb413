"""What stands around an object that should have stood alone: prose, code fences, control tokens, tags, stray brackets.

It is dropped only where it cannot be a part of the arguments.
"""

from __future__ import annotations

import re
from typing import Final

from streamnorm.arguments.recover_reader import Reader
from streamnorm.arguments.recover_steps import Refusal, closed_too_soon

__all__ = ["leave", "skip_to_object"]

#: Control tokens as chat templates write them, and bare tags.
_token = re.compile(r"<[|\uff5c][\w▁./:-]{1,64}[|\uff5c]>|</?[A-Za-z_][\w:.-]{0,63}>").match
_fence = re.compile(r"(`+)(?:[A-Za-z0-9_+-]*(?=[\s{]))?").match
_BARE_FENCE: Final = "```"
_closing_fence = re.compile(r"`+").match
_stray = re.compile(r"[}\]\s]*[}\]]").match
_nuls = re.compile("\x00+").match

#: Prose holds nothing that JSON, YAML or a function call is made of: what does may be a part of the arguments.
_NO_PROSE: Final = r"{}\[\]\"“”`=:\uff1a<>()\\\x00"
_prose = re.compile(rf"\w[^{_NO_PROSE}]*").match
_colon = re.compile(r"(?<=\w)[:\uff1a]\s*").match
#: One word before an object may be its key, or the name of the tool; this one is what is left of a fence.
_LABELS: Final = ("json", "JSON")


def skip_to_object(reader: Reader) -> str:
    """Move the cursor to the object, or to the string that the text is instead; returns the code fence around it, or "".

    Raises Refusal where there is none, or where what comes first may belong to it.
    """
    text, steps = reader.text, reader.steps
    fence, prose = "", False
    while True:
        char = reader.peek()
        at = reader.at
        if char == "{" or (char in ('"', "'") and not prose):
            return fence
        if not char:
            raise Refusal("no-object", "there is no object in the text")
        if token := _token(text, at):
            steps.note("token-dropped", at)
            reader.at = token.end()
        elif char == "`" and not fence and (opening := _fence(text, at)):
            steps.note("fence", at)
            fence, reader.at = opening[1], opening.end()
        elif not prose and not fence and (end := _prose_before(text, at)):
            steps.note("text-dropped", at)
            prose, reader.at = True, end
        else:
            raise reader.unexpected("an object")


def _prose_before(text: str, at: int) -> int:
    """Where the prose at `at` ends, 0 where it may be something else."""
    match = _prose(text, at)
    if match is None:
        return 0
    end = match.end()
    if len(match[0].split()) < 2:
        return end if match[0].strip() in _LABELS else 0
    colon = _colon(text, end)
    return colon.end() if colon else end


def leave(reader: Reader, fence: str) -> None:
    """Read what follows the object, up to the end. Raises Refusal where it may belong to it, or where `fence` stays open."""
    text, steps = reader.text, reader.steps
    nothing_yet = True
    while char := reader.peek():
        at = reader.at
        if char in "}]" and nothing_yet and (stray := _stray(text, at)):
            steps.note("extra-bracket", at)
            reader.at = stray.end()
        elif nuls := _nuls(text, at):
            steps.note("nul-dropped", at)
            reader.at = nuls.end()
        elif token := _token(text, at):
            steps.note("token-dropped", at)
            reader.at = token.end()
        elif char == "`" and _closes(text, at, fence):
            if not fence:
                steps.note("fence", at)
            reader.at += len(fence or _BARE_FENCE)
            fence = ""
        elif text[at - 1].isspace() and not fence and _is_prose(text, at):
            steps.note("text-dropped", at)
            reader.at = len(text)
        else:
            raise reader.unexpected("the end (what stands here may belong to the arguments)")
        nothing_yet = False
    if fence:
        raise closed_too_soon(text, "a code fence")


def _closes(text: str, at: int, fence: str) -> bool:
    """The backquotes at `at` close `fence`, or are a fence whose opening is not here."""
    match = _closing_fence(text, at)
    return match is not None and match[0] == (fence or _BARE_FENCE)


def _is_prose(text: str, at: int) -> bool:
    """All that is left of `text` is."""
    match = _prose(text, at)
    return match is not None and match.end() == len(text)
