"""Chunks without their frames: one JSON value a line, or a JSON array of them. Each becomes a frame again, `data: ...` and a
blank line; what stood around it (comments, event lines, `[DONE]`) is not known and not invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from streamnorm.captures.imports.exchange import Exchange
from streamnorm.captures.imports.source import Source

__all__ = ["line_values", "read_array", "read_lines"]

_REFRAMED: Final = "framing is lost: each value became a `data:` frame; comments, event lines and [DONE] are not known"
_CUT: Final = "the last line is cut and was left out"
#: The fields of a server-sent event that is kept as an object.
_EVENT: Final = frozenset(("event", "data", "id", "retry"))


def read_lines(source: Source) -> Iterator[Exchange]:
    """One value a line. A last line that is cut is left out, and said."""
    values, cut = line_values(source)
    yield _exchange(values, (_CUT,) if cut else ())


def read_array(source: Source) -> Iterator[Exchange]:
    """An array of chunks, of events as objects, or of text as it came."""
    if not isinstance(source.json, list):
        raise source.refused("JSON, but no array")
    yield _exchange(msgspec.json.decode(source.whole, type=list[msgspec.Raw]), ())


def line_values(source: Source) -> tuple[list[msgspec.Raw], bool]:
    """The values, and whether a last line without its end was left out. Raises CaptureError, with the line, for any other line
    that is not JSON."""
    values: list[msgspec.Raw] = []
    lines = source.whole.split(b"\n")
    for at, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        try:
            msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if text == b"[DONE]":
                values.append(msgspec.Raw(text))
                continue
            if at == len(lines) and values:
                return values, True
            raise source.refused(f"one JSON value a line, but not here: {error}", line=at) from None
        values.append(msgspec.Raw(text))
    return values, False


def _exchange(values: list[msgspec.Raw], notes: tuple[str, ...]) -> Exchange:
    texts = [_text(value) for value in values]
    if all(text is not None for text in texts):
        # What one read gave, or one event; either way these boundaries are the source's.
        pieces = [text.encode("utf-8", "replace") for text in texts if text is not None]
        return Exchange(pieces=pieces, cut=True, notes=notes)
    return Exchange(pieces=[b"".join(map(_frame, values))], notes=(_REFRAMED, *notes))


def _text(value: msgspec.Raw) -> str | None:
    decoded = _decoded(value)
    return decoded if isinstance(decoded, str) else None


def _frame(value: msgspec.Raw) -> bytes:
    decoded = _decoded(value)
    if _is_event(decoded):
        return "".join(_event_lines(decoded)).encode("utf-8", "replace") + b"\n"
    written = bytes(value)
    # As it was written, unless it goes over several lines.
    return b"data: " + (msgspec.json.encode(decoded) if b"\n" in written else written) + b"\n\n"


def _is_event(value: Any) -> bool:
    return (
        isinstance(value, Mapping) and value.keys() <= _EVENT and isinstance(value.get("data"), str)
    )


def _event_lines(event: Mapping[str, Any]) -> Iterator[str]:
    for field in ("id", "event", "retry"):
        if event.get(field) is not None:
            yield f"{field}: {event[field]}\n"
    for line in event["data"].split("\n"):
        yield f"data: {line}\n"


def _decoded(value: msgspec.Raw) -> Any:
    return None if bytes(value) == b"[DONE]" else msgspec.json.decode(value)
