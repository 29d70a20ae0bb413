"""What is said about one stream that was read: in JSON for programs, in words for people."""

from __future__ import annotations

import json
from typing import Any

from streamnorm.assemble import AssembledChoice, Message
from streamnorm.findings import MAX_SEEN, Finding
from streamnorm.normalizer import Normalizer
from streamnorm.repairs import REGISTRY, Check

__all__ = ["failures", "in_words", "json_line", "verdict"]


def json_line(file: str, normalizer: Normalizer) -> str:
    """One line: the keys are part of the command's contract."""
    result, error = normalizer.result, normalizer.error
    first = result.choices[0] if result.choices else None
    line: dict[str, Any] = {
        "file": file,
        "dialect": normalizer.dialect,
        "provider": normalizer.profile.id if normalizer.profile else None,
        "complete": normalizer.complete,
        "error": {"type": error.type or error.kind, "message": error.message} if error else None,
        "message": _message(first.message if first else Message()),
        "finish_reason": first.finish_reason if first else None,
        "raw_finish_reason": first.raw_finish_reason if first else None,
        "usage": result.usage,
        "findings": [
            {"code": finding.code, "where": finding.where, "detail": _detail(finding)}
            for finding in normalizer.findings
        ],
    }
    if len(result.choices) > 1:
        line["choices"] = [_choice(choice) for choice in result.choices]
    # JSON lets DEL stand as it is; a terminal should not get it.
    return json.dumps(line).replace("\x7f", "\\u007f")


def _choice(choice: AssembledChoice) -> dict[str, Any]:
    return {
        "index": choice.index,
        "message": _message(choice.message),
        "finish_reason": choice.finish_reason,
        "raw_finish_reason": choice.raw_finish_reason,
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "content": message.content,
        "reasoning_content": message.reasoning_content,
        "refusal": message.refusal,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ],
    }


def _detail(finding: Finding) -> str:
    entry = REGISTRY[finding.code]
    return finding.detail or (entry.rule if issubclass(entry, Check) else entry.done)


def failures(normalizer: Normalizer) -> list[Finding]:
    """The findings that no repair could mend."""
    return [f for f in normalizer.findings if issubclass(REGISTRY[f.code], Check)]


def verdict(normalizer: Normalizer) -> str:
    """One line about the whole."""
    error = normalizer.error
    repaired = len(normalizer.findings) - len(failures(normalizer))
    repairs = (
        f"{repaired} kind{'' if repaired == 1 else 's'} of repair" if repaired else "no repair"
    )
    if error is not None:
        return f"failed ({error.kind}): {error.message} ({repairs})"
    unmended = [finding.code for finding in failures(normalizer)]
    if unmended:
        return f"ended, but {', '.join(unmended)} ({repairs})"
    return f"complete, {repairs}"


def in_words(finding: Finding, *, quoted: bool) -> list[tuple[str, str]]:
    """The finding, line by line: what kind of line, and its text. `quoted`: its bytes have been shown before."""
    entry = REGISTRY[finding.code]
    lines = [("failure" if issubclass(entry, Check) else "repair", finding.code)]
    quirk = " ".join((entry.__doc__ or "").split())
    if quirk and not quirk.startswith("One quirk"):
        lines.append(("seen", quirk))
    lines.append(("where", finding.where))
    lines.append(("rule", entry.rule))
    if not issubclass(entry, Check):
        lines.append(("done", entry.done))
    if finding.detail:
        lines.append(("detail", finding.detail))
    if finding.seen:
        lines.append(("bytes", "as above" if quoted else _quotation(finding.seen)))
    return lines


def _quotation(seen: str) -> str:
    return f"{seen} ..." if len(seen.encode("utf-8", "replace")) >= MAX_SEEN else seen
