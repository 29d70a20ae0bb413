"""What one exchange lets one examine: the request, the head of the response, the pieces and their times, the frames with their
bytes, what was put right, how it ended. From bytes alone; reading files is `sources`' matter."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from streamnorm.captures.format import End, Piece
from streamnorm.conformance.assistants import AssistantsStream
from streamnorm.conformance.chat import ChatStream
from streamnorm.conformance.frames import Framed, Line, SeenFrame, framed, json_value
from streamnorm.conformance.responses import ResponsesStream
from streamnorm.dialects.sniff import Sniffer
from streamnorm.findings import Finding
from streamnorm.normalizer import DIALECTS, Normalizer

__all__ = ["LOST", "OTHER", "Evidence", "Sent"]

#: What a recording may lack. `framing`: the bytes around the data were made up by whoever kept it.
LOST: Final = ("times", "pieces", "headers", "request", "framing")

#: The dialect of a stream that is of none that is known: its bytes are examined, and not what is in them.
OTHER: Final = "other"

#: Parts of a path that say the dialect.
_PATHS: Final = {
    "/chat/completions": "chat",
    "/completions": OTHER,
    "/transcriptions": OTHER,
    "/responses": "responses",
    "/threads": "assistants",
}


class Sent:
    """What a live run knows of one of its exchanges. probe: the name of the request, empty for an exchange of no live run.
    graded: the checks of any exchange apply to it. connection: the number of the connection, 0 where there is none.
    beside: all exchanges of the run, by their probes."""

    def __init__(
        self,
        probe: str = "",
        *,
        graded: bool = True,
        connection: int = 0,
        beside: Mapping[str, Evidence] | None = None,
    ) -> None:
        self.probe = probe
        self.graded = graded
        self.connection = connection
        self.beside: Mapping[str, Evidence] = {} if beside is None else beside


class Evidence:
    """One exchange, ready to be examined.

    pieces: the body as it came, with times in seconds after the start.
    request: the request's JSON, None where it is not known. path: its path, where known.
    status, headers: of the response; None and empty where not known.
    end: how the body ended, None where nothing says.
    dialect: `auto`, or the wire protocol.
    lost: which of `LOST` this exchange lacks.
    origin: scheme, host and port that were asked. answered: seconds until the head of the response. decoded: the content
        encoding that was taken off the body.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        *,
        request: Any = None,
        path: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        end: End | None = None,
        dialect: str = "auto",
        lost: Iterable[str] = (),
        origin: str = "",
        answered: float = 0.0,
        decoded: str = "",
    ) -> None:
        self.pieces = list(pieces)
        self.body = b"".join(piece.data for piece in self.pieces)
        self.request: dict[str, Any] | None = request if isinstance(request, dict) else None
        self.status = status
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.end = end
        self.lost = frozenset(lost)
        self.origin = origin
        self.answered = answered
        self.decoded = decoded
        self.sent = Sent()
        self._path = path
        self._dialect = dialect

    @cached_property
    def dialect(self) -> str:
        """The wire protocol; by what was said, else by the path, else by the frames."""
        if self._dialect not in ("", "auto"):
            return self._dialect
        path = self._path.partition("?")[0].rstrip("/") + "/"
        for part, dialect in _PATHS.items():
            if f"{part}/" in path:
                return dialect
        if any(frame.event.startswith("thread.") for frame in self.frames[:8]):
            return "assistants"
        sniffer = Sniffer()
        found = sniffer.feed(self.body) or sniffer.close()
        return OTHER if found == "chat" and self._is_no_chat else found

    @property
    def _is_no_chat(self) -> bool:
        """There are objects, and none looks like a chunk or an error."""
        objects = [frame.value for frame in self.frames if isinstance(frame.value, dict)]
        return bool(objects) and not any(
            not _OF_CHAT.isdisjoint(found) or found.get("object") == "chat.completion.chunk"
            for found in objects
        )

    @property
    def resumed(self) -> bool:
        """The stream goes on where another request left off: a response is named in the path."""
        return "/responses/" in self._path.partition("?")[0].rstrip("/")

    @cached_property
    def json(self) -> Any:
        """The body as one JSON value; None where it is none."""
        return json_value(self.body)

    @cached_property
    def framed(self) -> Framed:
        return framed(self.body)

    @property
    def lines(self) -> list[Line]:
        return self.framed.lines

    @property
    def frames(self) -> list[SeenFrame]:
        return self.framed.frames

    @cached_property
    def is_stream(self) -> bool:
        """Some line is a field of the stream format."""
        return any(line.field.removeprefix(b"\xef\xbb\xbf") in _FIELDS for line in self.lines)

    @cached_property
    def chat(self) -> ChatStream:
        return ChatStream(self.frames)

    @cached_property
    def responses(self) -> ResponsesStream:
        return ResponsesStream(self.frames)

    @cached_property
    def assistants(self) -> AssistantsStream:
        return AssistantsStream(self.frames)

    @cached_property
    def findings(self) -> list[Finding]:
        """What the pipeline puts right in this stream, and what it cannot."""
        if self.dialect not in DIALECTS:
            return self.framed.findings
        normalizer = Normalizer(dialect=self.dialect, max_frame=len(self.body) + 1)
        normalizer.feed(self.body)
        normalizer.close()
        return normalizer.findings

    def asked(self, name: str) -> Any:
        """A parameter of the request; None where it was not given, or the request is not known."""
        return None if self.request is None else self.request.get(name)

    def tools(self) -> dict[str, dict[str, Any]]:
        """The functions that were offered, by name, as `{"name", "parameters", ...}`; empty where none is known."""
        offered = self.asked("tools") or self.asked("functions")
        found: dict[str, dict[str, Any]] = {}
        for tool in offered if isinstance(offered, list) else ():
            function = tool.get("function", tool) if isinstance(tool, dict) else None
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                found[function["name"]] = function
        return found

    @cached_property
    def _ends(self) -> list[int]:
        """Where each piece ends in the body."""
        at, ends = 0, []
        for piece in self.pieces:
            at += len(piece.data)
            ends.append(at)
        return ends

    def seconds_of(self, frame: SeenFrame) -> float:
        """When the last byte of a frame came."""
        at = bisect.bisect_left(self._ends, frame.end)
        return self.pieces[min(at, len(self.pieces) - 1)].seconds


_OF_CHAT: Final = frozenset(("choices", "error", "result", "data", "provider"))
_FIELDS: Final = (b"data", b"event", b"id", b"retry")
