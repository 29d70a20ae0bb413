"""Which format a file is of, by what is in it; its name says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from streamnorm.captures.imports import bodies, cassettes, chunks, har, pasted
from streamnorm.captures.imports.exchange import Exchange
from streamnorm.captures.imports.source import Source
from streamnorm.dialects.sniff import dialect_of
from streamnorm.errors import CaptureError
from streamnorm.sse import FrameDecoder

__all__ = ["CAPTURE", "FORMATS", "STREAMED", "known_formats", "sniffed"]

Read = Callable[[Source], Iterator[Exchange]]

_FIRST_SSE_LINE: Final = re.compile(rb"[\r\n]*(?:data|event|id|retry|) ?:")
#: The format that needs no import.
CAPTURE: Final = "capture"
#: Formats that are never read whole.
STREAMED: Final = frozenset(("raw", "curl"))

#: The keys that a cassette in YAML begins with.
_YAML_KEY: Final = re.compile(
    rb"(?:- )?\{?[\"']?(?:interactions|http_interactions|recorded_with|version|when|then|request)[\"']?\s*:"
)
_BEFORE_YAML: Final = (b"---", b"#", b"%YAML")
_CAPTURE: Final = re.compile(
    rb'\{"version": ?\d+(?:\}|, ?"(?:request|response|started|tool|dialect|source|lost)":)'
)
#: Dialects whose frames come without SSE: JSON by the line, or in an array.
_BARE_DIALECTS: Final = ("gemini", "ollama")


class Format(NamedTuple):
    """A format: what it is, in words, and how it is read; None for one that is copied."""

    says: str
    read: Read | None


def known_formats() -> str:
    """The formats, for a message."""
    return "; ".join(each.says for each in FORMATS.values())


def sniffed(source: Source) -> str:
    """The name of the format. Raises CaptureError where it is none that is known, with what was seen."""
    beginning = source.beginning.removeprefix(b"\xef\xbb\xbf")
    text = beginning.lstrip()
    if _is_capture(beginning):
        return CAPTURE
    if not text or _FIRST_SSE_LINE.match(beginning):
        return "raw"
    if bodies.STATUS_LINE.match(text):
        return "curl"
    if text[:1] in (b"{", b"["):
        return _json_format(source, text)
    if _is_yaml(text):
        return "cassette"
    if pasted.seems_pasted(text.decode("utf-8", "replace")):
        return "text"
    raise _unknown(source, f"it begins with {text[:60].decode('utf-8', 'replace')!a}")


def _json_format(source: Source, text: bytes) -> str:
    """A whole value, or one a line. Where it is neither, the error says where the JSON breaks."""
    try:
        document = source.json
    except CaptureError:
        if _first_dialect(text) in _BARE_DIALECTS:
            return "raw"
        if _is_json(text.partition(b"\n")[0]):
            return "chunks"
        if pasted.holds_reads(text.decode("utf-8", "replace")):
            return "text"
        raise
    if har.entries(document):
        return "har"
    if cassettes.nock(document) or cassettes.interactions(document):
        return "cassette"
    if isinstance(document, list) and document:
        return "raw" if _first_dialect(text) in _BARE_DIALECTS else _list_format(source, document)
    if isinstance(document, dict) and (dialect_of(source.whole) or "error" in document):
        return "raw"
    raise _unknown(source, f"JSON, {_seen(document)}")


def _list_format(source: Source, document: list[Any]) -> str:
    if all(isinstance(value, dict) for value in document):
        return "chunks"
    if all(isinstance(value, str) for value in document) and any("data:" in v for v in document):
        return "chunks"
    raise _unknown(source, f"JSON, {_seen(document)}")


def _seen(document: Any) -> str:
    if isinstance(document, dict):
        return f"an object with the keys {sorted(document)[:6]!a}"
    if isinstance(document, list):
        return f"an array of {len(document)} values, neither chunks nor exchanges"
    return "and no object"


def _first_dialect(beginning: bytes) -> str | None:
    """The dialect of the first frame in a body without SSE."""
    decoder = FrameDecoder(json_body=True, max_frame=len(beginning) + 1)
    return next(
        (found for frame in decoder.feed(beginning) if (found := dialect_of(frame.data))), None
    )


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_capture(beginning: bytes) -> bool:
    return _CAPTURE.match(beginning) is not None


def _is_yaml(text: bytes) -> bool:
    """Its first line that says something begins with a key that a cassette begins with."""
    for line in text.splitlines():
        if line.strip() and not line.startswith(_BEFORE_YAML):
            return _YAML_KEY.match(line) is not None
    return False


def _is_array(source: Source) -> bool:
    return source.whole.lstrip()[:1] == b"["


def _of_cassette(source: Source) -> Iterator[Exchange]:
    in_json = source.beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    documents = [source.json] if in_json else source.yaml
    if expectations := cassettes.httpmock(documents):
        return cassettes.read_httpmock(expectations)
    for document in documents:
        if definitions := cassettes.nock(document):
            return cassettes.read_nock(definitions)
        if found := cassettes.interactions(document):
            return cassettes.read_interactions(found)
    raise source.refused("no exchanges in it, though it is written as a cassette is")


def _of_har(source: Source) -> Iterator[Exchange]:
    found = har.entries(source.json)
    if not found:
        raise source.refused("no log with entries in it")
    return har.read_har(found)


def _of_chunks(source: Source) -> Iterator[Exchange]:
    return chunks.read_array(source) if _is_array(source) else chunks.read_lines(source)


def _unknown(source: Source, seen: str) -> CaptureError:
    return source.refused(f"no format that is known: {seen}. Known are {known_formats()}")


#: By the names that `--from` takes.
FORMATS: Final[dict[str, Format]] = {
    CAPTURE: Format("a capture of ours", None),
    "raw": Format("a raw body, as curl -N prints it", bodies.read_raw),
    "curl": Format("what curl -i prints", bodies.read_curl),
    "cassette": Format(
        "a cassette in YAML or JSON (vcrpy, VCR, betamax, go-vcr, nock, httpmock)", _of_cassette
    ),
    "har": Format("a HAR of a browser or a proxy", _of_har),
    "chunks": Format("chunks as lines or an array of JSON", _of_chunks),
    "text": Format("text pasted from an issue", pasted.read_pasted),
}
