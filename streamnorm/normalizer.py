"""The pipeline: raw bytes in; normalized events, canonical chunks, canonical SSE and findings out. No I/O, no clock."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from streamnorm.assemble import Result, StreamState
from streamnorm.dialects.chat.pieces import Piece
from streamnorm.dialects.chat.reader import ChatReader
from streamnorm.dialects.chat.voice import Voice
from streamnorm.errors import FrameTooLarge, LocalError
from streamnorm.events import Event, StreamFailed
from streamnorm.findings import Finding, Findings
from streamnorm.repairs import REGISTRY, REPAIRS, Repair, ShapeRepair
from streamnorm.sse import Frame, FrameDecoder, FrameEncoder
from streamnorm.watch import Watch

if TYPE_CHECKING:
    from streamnorm.arguments.live import LiveArguments
    from streamnorm.dialects.base import DialectReader
    from streamnorm.dialects.chat.types import ChatCompletionChunk
    from streamnorm.dialects.sniff import Sniffer
    from streamnorm.profiles import Profile
    from streamnorm.tools import ToolSet

__all__ = ["Normalizer"]

#: The dialects that `Normalizer` reads beside chat: the module of each, and the reader in it. They are imported when asked
#: for.
_READERS: Final = {
    "anthropic": ("streamnorm.dialects.anthropic", "AnthropicReader"),
    "assistants": ("streamnorm.dialects.assistants", "AssistantsReader"),
    "cohere": ("streamnorm.dialects.cohere", "CohereReader"),
    "gemini": ("streamnorm.dialects.gemini", "GeminiReader"),
    "ollama": ("streamnorm.dialects.ollama", "OllamaReader"),
    "responses": ("streamnorm.dialects.responses", "ResponsesReader"),
}
DIALECTS: Final = ("chat", *_READERS)

#: What a Normalizer gives once it is closed.
_CLOSED: Final = "nothing more"

#: How much of a body that was no stream at all is quoted.
QUOTED: Final = 200


class Normalizer:
    """Reads one stream, in any pieces, and tells it in normal form.

    Feed it bytes with `feed`, `feed_chunks` or `feed_sse` (one of the three, all the way) and end with the matching
    close. It never raises on what a server sent: it emits `StreamFailed`, and `error` holds it.

    profile: `"auto"` (every safe repair), a profile's name or path, or a `Profile`.
    dialect: the wire protocol: `"chat"`, `"anthropic"` (Messages), `"assistants"` (v2), `"cohere"` (v2), `"gemini"`
        (streamGenerateContent), `"ollama"` (its own, not its chat-completions), `"responses"`; or `"auto"`: the first frame
        says which. All come to the same events, chunks and bytes; the attribute `dialect` says which it is.
    tools: the tools offered: a `ToolSet`, or what one is made of (OpenAI tool dicts, pydantic models, functions), or their
        names alone. A call whose name is one of them, and cannot grow into another, is told without waiting. Where more than
        names is known, arguments that cannot become valid are told at once (`ArgumentsRejected`), and a finished call
        carries its `validation`.
    n: how many choices were asked for, where known: with 1, an index that moves is still the one choice.
    repairs: codes of repairs that are not safe on every stream, to be run beside those that are and those that the profile
        names.
    legacy: keep `function_call` deltas as they are in the canonical chunks, for a caller who asked in that style.
    live: read the arguments of calls as they come: `FieldCompleted` events tell of each value that is whole, and
        `live_arguments` has the value so far.
    max_frame: the largest SSE frame accepted, in bytes.

    Raises ProfileError for a profile that does not load, LocalError for an unknown dialect or repair, or a use after the end.
    """

    def __init__(
        self,
        profile: str | Profile = "auto",
        *,
        dialect: str = "chat",
        tools: ToolSet | Iterable[Any] | None = None,
        n: int | None = None,
        repairs: Iterable[str] = (),
        legacy: bool = False,
        live: bool = False,
        max_frame: int = 16 * 1024 * 1024,
    ) -> None:
        self.profile = _profile(profile)
        self._findings = Findings()
        self._unsafe = _unsafe(repairs, self.profile)
        given = _listed(tools)
        offered = _tool_set(given)
        schemas = _schemas(given if isinstance(given, list) else None, offered)
        self._voice = Voice(
            self._findings,
            StreamState(),
            final_names=_final_names(schemas or ()),
            own_reasons=self.profile.finish_reasons if self.profile else None,
            legacy=legacy,
            unsafe=self._unsafe,
            tools=schemas,
        )
        watched = live or offered is not None
        self._watch = Watch(self._findings, live=live, tools=offered) if watched else None
        self._live = live
        self._choices = n
        self._max_frame = max_frame
        self._output = ""
        #: Reads along until the dialect is known, and what it has read.
        self._sniffer: Sniffer | None = None
        self._undecided: list[bytes] = []
        if dialect == "auto":
            from streamnorm.dialects.sniff import Sniffer

            self._sniffer = Sniffer()
            dialect = "chat"
        self._set_dialect(dialect)

    def _set_dialect(self, dialect: str) -> None:
        reader = _reader_of(dialect)
        self.dialect = dialect
        self._decoder = FrameDecoder(
            max_frame=self._max_frame,
            json_body=reader is not None and reader.json_body,
            findings=self._findings,
        )
        self._reader: ChatReader | DialectReader
        if reader is None:
            others = _others(self._unsafe) if self._unsafe else ()
            self._reader = ChatReader(self._voice, choices=self._choices, others=others)
        else:
            self._reader = reader(self._voice)
        if self._output == "chunks":
            self._reader.want_typed()

    # Three ways to drive it.

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        events: list[Event] = []
        if self._output != "events":
            self._begin("events")
        self._read(data, events)
        return events if self._watch is None else self._watch.told(events)

    def feed_frames(self, frames: Iterable[Frame]) -> list[Event]:
        """As `feed`, for frames that somebody else decoded."""
        events: list[Event] = []
        if self._output != "events":
            self._begin("events")
        frames = list(frames)
        if self._sniffer is not None and frames:
            from streamnorm.dialects.sniff import dialect_of

            self._settle(dialect_of(frames[0].data, frames[0].event) or "chat")
        self._reader.feed(frames, events)
        return self._told(events)

    def close(self) -> list[Event]:
        """The bytes have ended: the rest of the events, `StreamEnded` or `StreamFailed` the last of them."""
        events: list[Event] = []
        self._finish("events", events)
        return self._told(events)

    def feed_chunks(self, data: bytes) -> list[ChatCompletionChunk]:
        """The canonical chunks that `data` completes. A failure is not among them: look at `error`."""
        if self._output != "chunks":
            self._begin("chunks")
        events: list[Event] = []
        self._read(data, events)
        if self._watch is not None:
            self._watch.told(events)
        return self._chunks()

    def close_chunks(self) -> list[ChatCompletionChunk]:
        """The rest of the canonical chunks."""
        events: list[Event] = []
        self._finish("chunks", events)
        self._told(events)
        return self._chunks()

    def feed_sse(self, data: bytes) -> bytes:
        """The canonical SSE bytes that `data` completes. Chunks that needed no repair leave as they came."""
        if self._output != "sse":
            self._begin("sse")
        events: list[Event] = []
        self._read(data, events)
        self._told(events)
        return self._sse()

    def close_sse(self) -> bytes:
        """The rest of the canonical bytes: `[DONE]`, or the error that ended the stream."""
        events: list[Event] = []
        self._finish("sse", events)
        self._told(events)
        return self._sse() + _ending(self._reader)

    # What came of it.

    @property
    def result(self) -> Result:
        """What was assembled so far: one message per choice."""
        result = self._reader.result()
        return result if self._watch is None else self._watch.judged(result)

    @property
    def findings(self) -> list[Finding]:
        """What was put right, and what could not be, in the order of the stream."""
        return self._findings.list()

    @property
    def asked(self) -> frozenset[str]:
        """The codes of the repairs that were asked for, or that the profile names; those that are always safe run besides."""
        return self._unsafe

    @property
    def frames(self) -> int:
        """How many SSE frames came so far; a comment is none."""
        return self._decoder.frames

    @property
    def complete(self) -> bool:
        """The stream ended as its protocol says, without an error. (A call may still be incomplete: ask the call.)"""
        return self._reader.complete

    @property
    def ended(self) -> bool:
        """`StreamEnded` or `StreamFailed` was told: what still comes says nothing, and a connection may be closed."""
        return self._reader.ended or self._reader.failure is not None

    @property
    def error(self) -> StreamFailed | None:
        """Why the stream failed, if it did."""
        return self._reader.failure

    def live_arguments(self, index: int, choice: int = 0) -> LiveArguments | None:
        """The arguments of a call so far, as a value; None where no such call has begun, or its arguments are free text.

        Raises LocalError where `live` was not asked for.
        """
        if self._watch is None or not self._live:
            raise LocalError("live arguments were not asked for: Normalizer(live=True)")
        return self._watch.arguments(index, choice)

    # Within.

    def _told(self, events: list[Event]) -> list[Event]:
        return events if self._watch is None else self._watch.told(events)

    def _begin(self, output: str) -> None:
        """The first feed says what this Normalizer gives; it keeps to that."""
        if self._output == _CLOSED:
            raise LocalError("this Normalizer is closed: make a new one for each stream")
        if self._output:
            raise LocalError(
                f"this Normalizer gives {self._output}, not {output}: do not mix the feeds"
            )
        self._output = output
        if output == "events":
            return
        self._voice.pieces = []
        if output == "chunks":
            self._reader.want_typed()

    def _settle(self, dialect: str) -> bytes:
        """The dialect is known. Returns what has come and was not read."""
        self._sniffer = None
        if dialect != "chat":
            self._set_dialect(dialect)
        undecided = b"".join(self._undecided)
        self._undecided.clear()
        return undecided

    def _read(self, data: bytes, events: list[Event]) -> None:
        if self._sniffer is not None:
            self._undecided.append(data)
            dialect = self._sniffer.feed(data)
            if dialect is None:
                return
            data = self._settle(dialect)
        try:
            frames = self._decoder.feed_plain(data)
        except FrameTooLarge as error:
            self._reader.feed(error.frames, events)
            self._reader.fail(StreamFailed("too_large", error.message, type=error.type), events)
        except LocalError:
            # The decoder gave up on a frame over the cap: the stream has failed, the rest of its bytes say nothing.
            if self.error is None:
                raise
        else:
            if frames:
                self._reader.feed(frames, events)

    def _finish(self, output: str, events: list[Event]) -> None:
        if self._output != output:
            self._begin(output)
        if self._sniffer is not None:
            undecided = self._settle(self._sniffer.close())
            self._read(undecided, events)
        self._output = _CLOSED
        decoder, reader = self._decoder, self._reader
        try:
            reader.feed(decoder.close(), events)
        except FrameTooLarge as error:
            reader.feed(error.frames, events)
            reader.fail(StreamFailed("too_large", error.message, type=error.type), events)
        if decoder.ignored and not decoder.frames:
            text = decoder.ignored[:QUOTED].decode("utf-8", "replace")
            reader.fail(
                StreamFailed("invalid", f"no stream, but a body that begins {text!r}"), events
            )
        reader.close(events)

    def _chunks(self) -> list[ChatCompletionChunk]:
        voice = self._voice
        pieces = voice.pieces
        if not pieces:
            return []
        voice.pieces = []
        for at, piece in enumerate(pieces):
            if type(piece) is Piece:
                pieces[at] = self._chunk_of(piece)
        return pieces

    def _chunk_of(self, piece: Piece) -> ChatCompletionChunk:
        from streamnorm.dialects.chat.types import ChatCompletionChunk

        return ChatCompletionChunk.from_piece(piece, self._voice.stream)

    def _sse(self) -> bytes:
        voice, encode = self._voice, FrameEncoder().encode
        pieces, voice.pieces = voice.pieces or (), []
        return b"".join(
            encode(piece.encode(voice.stream) if type(piece) is Piece else piece)
            for piece in pieces
        )


def _reader_of(dialect: str) -> type[DialectReader] | None:
    """The reader of a dialect, None for chat."""
    if dialect == "chat":
        return None
    if dialect not in _READERS:
        near = difflib.get_close_matches(dialect, DIALECTS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LocalError(f"unknown dialect {dialect!r}: one of auto, {', '.join(DIALECTS)}{hint}")
    module, name = _READERS[dialect]
    reader: type[DialectReader] = getattr(import_module(module), name)
    return reader


def _ending(reader: ChatReader | DialectReader) -> bytes:
    failure = reader.failure
    if failure is None:
        return FrameEncoder.DONE
    error = {"message": failure.message, "type": failure.type or failure.kind, "code": failure.code}
    return FrameEncoder().encode(json.dumps({"error": error}, ensure_ascii=False))


def _profile(profile: str | Profile) -> Profile | None:
    """The profile's data, None for `auto`. Loading one needs pydantic, so it is imported only here."""
    if profile == "auto":
        return None
    if not isinstance(profile, str):
        return profile
    from streamnorm.profiles import load_profile

    return load_profile(profile)


def _unsafe(codes: Iterable[str], profile: Profile | None) -> frozenset[str]:
    """The repairs to run that do not run anyway. Those of other packages have been loaded."""
    asked = frozenset(codes)
    for code in asked:
        if code in REGISTRY and issubclass(REGISTRY[code], Repair):
            continue
        from streamnorm.plugins import find_repair, repair_codes

        if find_repair(code) is None:
            near = difflib.get_close_matches(code, repair_codes(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise LocalError(f"no repair {code!r}{hint}")
    return asked | (profile.codes if profile else frozenset())


def _others(codes: Iterable[str]) -> list[type[ShapeRepair]]:
    """Those of the repairs that other packages brought."""
    ours = frozenset(REPAIRS)
    found = [REGISTRY[code] for code in sorted(codes)]
    return [repair for repair in found if issubclass(repair, ShapeRepair) and repair not in ours]


def _listed(tools: ToolSet | Iterable[Any] | None) -> ToolSet | list[Any] | None:
    """What was given, so that it can be looked at twice."""
    if tools is None:
        return None
    if hasattr(tools, "validate"):
        return cast("ToolSet", tools)
    if isinstance(tools, str | dict) or not isinstance(tools, Iterable):
        raise LocalError(f"tools are given as a list, not as a {type(tools).__name__}")
    return list(tools)


def _tool_set(tools: ToolSet | list[Any] | None) -> ToolSet | None:
    """The tools, None where no more than names is known. What checks arguments is imported only where there are some."""
    if tools is None or (isinstance(tools, list) and all(isinstance(tool, str) for tool in tools)):
        return None
    from streamnorm.tools import ToolSet

    return tools if isinstance(tools, ToolSet) else ToolSet(tools)


def _schemas(
    tools: list[Any] | None, offered: ToolSet | None
) -> dict[str, dict[str, Any] | None] | None:
    """The schema of each tool's parameters by its name, None where only the name was given; None where nothing was."""
    if offered is not None:
        return {tool.name: tool.parameters for tool in offered}
    return None if tools is None else dict.fromkeys(tools)


def _final_names(names: Collection[str]) -> frozenset[str]:
    """Names that no other begins with: once read, they cannot grow into another."""
    return frozenset(
        name
        for name in names
        if not any(other != name and other.startswith(name) for other in names)
    )
