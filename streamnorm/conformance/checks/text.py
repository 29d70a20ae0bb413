"""S and O: what the text of a chat answer must not hold, and what it must be where a format was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from streamnorm.conformance.base import CHAT, Check, Fault, check
from streamnorm.conformance.chat import Delta
from streamnorm.conformance.evidence import Evidence
from streamnorm.conformance.frames import json_value
from streamnorm.leaks.formats import FORMATS

__all__ = ["TEXT"]

CHAT_API: Final = "OpenAI API reference, chat streaming"

#: The fields of a delta that hold text for people.
_TEXTS: Final = ("content", "reasoning_content", "reasoning", "refusal")

#: What calls begin with where they were left in the text: the openings of the known formats that no prose has.
_MARKERS: Final = re.compile(
    "|".join(
        sorted(
            {
                re.escape(each)
                for known in FORMATS.values()
                for each in known.openings
                if len(each) > 4
            }
            | {
                r"```(?:json|tool_call)?\s*\{\s*\"name\"\s*:\s*\"[^\"]*\",\s*\"(?:arguments|parameters)\""
            },
            key=len,
            reverse=True,
        )
    )
)


def _says(delta: Delta) -> list[str]:
    found = (delta.delta.get(name) for name in _TEXTS)
    return [text for text in found if isinstance(text, str) and text]


@check(
    "S-012",
    "SHOULD",
    CHAT,
    "No half of a character is written alone (`\\ud83d`), nor is a character cut over two deltas.",
    source="RFC 8259, 8.2",
    looks_at="escapes in the data; the repairs `surrogate-lone` and `surrogate-split`",
    needs=("frames",),
)
def whole_characters(evidence: Evidence) -> Iterator[Fault]:
    for finding in evidence.findings:
        if finding.code in ("surrogate-lone", "surrogate-split"):
            for number in finding.chunks:
                yield Fault(words="half a character", frame=number)


@check(
    "S-013",
    "SHOULD",
    CHAT,
    "The text has no U+FFFD: it stands where a token was decoded that is half a character.",
    source="Unicode 15, 3.9",
    looks_at="the bytes of deltas",
    needs=("frames", "choices"),
)
def no_replacement(evidence: Evidence) -> Iterator[Fault]:
    for delta in evidence.chat.deltas:
        frame = evidence.frames[delta.frame - 1]
        written = evidence.body[frame.start : frame.end]
        if (b"\xef\xbf\xbd" in written or b"\\ufffd" in written.lower()) and any(
            "\ufffd" in text for text in _says(delta)
        ):
            yield Fault(words="U+FFFD in the text", frame=delta.frame)


@check(
    "S-015",
    "MUST",
    CHAT,
    "After its finish reason a choice says nothing more.",
    source=CHAT_API,
    looks_at="deltas behind the finish reason",
    needs=("frames", "choices"),
)
def nothing_after_finish(evidence: Evidence) -> Iterator[Fault]:
    finished: set[int | None] = set()
    for delta in evidence.chat.deltas:
        if delta.index in finished and (_says(delta) or delta.delta.get("tool_calls")):
            yield Fault(words=f"choice {delta.index} goes on", frame=delta.frame)
        if delta.choice.get("finish_reason") is not None:
            finished.add(delta.index)


@check(
    "S-018",
    "SHOULD",
    CHAT,
    "Reasoning is not in the content between `<think>` and `</think>`.",
    source="measured; there is `reasoning_content` for it",
    looks_at="how the content begins",
    needs=("frames", "text"),
)
def no_thinking(evidence: Evidence) -> Iterator[Fault]:
    for index, text in evidence.chat.text.items():
        if text.lstrip().startswith("<think>"):
            yield Fault(
                words="the content begins with <think>", frame=evidence.chat.texts_from[index]
            )


@check(
    "S-019",
    "MUST",
    CHAT,
    "The content ends before the text that was given as `stop`.",
    source="OpenAI API reference, `stop`",
    looks_at="the content, where `stop` was given",
    needs=("frames", "text", "stop texts"),
)
def stops_before(evidence: Evidence) -> Iterator[Fault]:
    asked = evidence.asked("stop")
    stops = [asked] if isinstance(asked, str) else asked
    for index, text in evidence.chat.text.items():
        for stop in stops:
            if isinstance(stop, str) and stop and stop in text:
                yield Fault(
                    words=f"the content has {stop!r} in it", frame=evidence.chat.texts_from[index]
                )


@check(
    "F-026",
    "SHOULD",
    CHAT,
    "Calls are not left in the content, in the markup of the model.",
    source="measured; the `leak-` repairs know the formats",
    looks_at="the content, where tools were offered or called",
    needs=("frames", "text", "tools"),
)
def no_markup(evidence: Evidence) -> Iterator[Fault]:
    for index, text in evidence.chat.text.items():
        found = _MARKERS.search(text)
        if found:
            yield Fault(
                words=f"the content has {found[0][:40]!r}", frame=evidence.chat.texts_from[index]
            )


@check(
    "O-001",
    "MUST",
    CHAT,
    "Where `response_format` is json_object or json_schema, the content of an answer that stopped is one JSON value, without a "
    "fence around it.",
    source="OpenAI API reference, `response_format`",
    looks_at="the content of choices that ended in stop",
    needs=("frames", "unfailed", "text", "a JSON format"),
)
def json_content(evidence: Evidence) -> Iterator[Fault]:
    for index, text in evidence.chat.text.items():
        stopped = evidence.chat.reason_of(index) == "stop"
        if (
            stopped
            and index not in evidence.chat.refused
            and json_value(text.encode("utf-8", "replace")) is None
        ):
            fenced = text.lstrip().startswith("```")
            yield Fault(
                words="a fence is around the JSON" if fenced else "the content is not JSON",
                frame=evidence.chat.texts_from[index],
            )


@check(
    "O-004",
    "MUST",
    CHAT,
    "A refusal is text in `delta.refusal`, not beside half of a JSON answer.",
    source="OpenAI API reference, structured outputs: refusals",
    looks_at="`delta.refusal`, and the content beside it",
    needs=("frames", "a refusal"),
)
def refusal_text(evidence: Evidence) -> Iterator[Fault]:
    for delta in evidence.chat.deltas:
        refusal = delta.delta.get("refusal")
        if refusal is not None and not isinstance(refusal, str):
            yield Fault(words="`refusal` is no text", frame=delta.frame)
    for index, text in evidence.chat.text.items():
        broken = text.lstrip()[:1] == "{" and json_value(text.encode("utf-8", "replace")) is None
        if broken and index in evidence.chat.refused:
            yield Fault(
                words="half of a JSON answer is beside the refusal",
                frame=evidence.chat.texts_from[index],
            )


TEXT: Final[tuple[Check, ...]] = (
    whole_characters,
    no_replacement,
    nothing_after_finish,
    no_thinking,
    stops_before,
    no_markup,
    json_content,
    refusal_text,
)
