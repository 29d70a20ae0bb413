"""One exchange, as whoever carries it tells of it, into a capture file. Knows no HTTP library; of time only the clock it is
given."""

from __future__ import annotations

import datetime
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import streamnorm
from streamnorm.captures.cleaning import Cleaner
from streamnorm.captures.encoding import Decoding, EncodingError, encodings_in
from streamnorm.captures.format import CaptureWriter, Header, How, Request, Response
from streamnorm.captures.sent import SentBody

__all__ = ["Recorder"]

#: Exceptions that say the connection ended before the body did, by their names: each HTTP library has its own.
_CUTS: Final = frozenset(
    (
        "RemoteProtocolError",
        "ReadError",
        "ConnectionError",
        "IncompleteRead",
        "IncompleteReadError",
        "ChunkedEncodingError",
        "ClientPayloadError",
        "ProtocolError",
    )
)

#: The most characters of an exception's message.
_MESSAGE: Final = 2000


class Recorder:
    """Records one exchange: the request, then `answered`, `piece` for piece, then `end`, `failed` or `left`, of which the first
    counts. The file is made when the response's head is there, or when it is known that none comes. A file that cannot be written
    is told by a warning (RuntimeWarning), once, and the exchange goes on without it."""

    def __init__(
        self,
        place: Callable[[Request], Path],
        request: Request,
        *,
        body: SentBody | None = None,
        mask: Iterable[str] = (),
        dialect: str = "",
        lost: tuple[str, ...] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """place: gives the file's path for the request as it is kept, when the file is to be made; may raise OSError.
        request: as it is sent, secrets and all, its header names in lower case. body: its body, if it is still being sent.
        mask: names of JSON members whose values are masked in both bodies.
        clock: seconds; zero is now."""
        self._place = place
        self._request = request
        self._sent = body
        self._cleaner = Cleaner(request, mask)
        self._dialect = dialect
        self._lost = lost
        self._clock = clock
        self._began = clock()
        self._started = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._writer: CaptureWriter | None = None
        self._ended = False
        self._decoding = Decoding(())
        #: The pieces of which not all is masked yet: when they came, and their lengths.
        self._waiting: deque[tuple[float, int]] = deque()
        self._ready = bytearray()

    def answered(self, response: Response) -> None:
        """The head of the response is there: as it came, its header names in lower case."""
        if self._ended:
            return
        headers = dict(response.headers)
        encodings = encodings_in(headers.get("content-encoding", ""))
        if encodings:
            del headers["content-encoding"]
            headers.pop("content-length", None)
        self._open(
            Response(
                status=response.status,
                headers=headers,
                seconds=round(self._seconds(), 6),
                decoded=", ".join(encodings),
            )
        )
        try:
            self._decoding = Decoding(encodings)
        except EncodingError as error:
            self._finish(
                "error", f"the body is not here, since no secret can be found in it: {error}", error
            )

    def piece(self, data: bytes) -> None:
        """The next piece of the body."""
        if self._ended:
            return
        seconds = self._seconds()
        try:
            for block in self._decoding.feed(data):
                self._waiting.append((seconds, len(block)))
                self._keep(self._cleaner.feed(block))
        except EncodingError as error:
            self._finish("error", f"the rest of the body is not here: {error}", error)

    def end(self) -> None:
        """The body ended as its framing said."""
        if self._ended:
            return
        missing = self._decoding.missing()
        self._finish("cut" if missing else "end", missing)

    def failed(self, error: BaseException) -> None:
        """The transport failed: no response came, or the body was cut."""
        names = {kind.__name__ for kind in type(error).__mro__}
        answered = self._writer is not None
        how: How = "cut" if answered and names & _CUTS else "error"
        self._finish(how, str(error)[:_MESSAGE], error)

    def left(self) -> None:
        """The reader went away."""
        self._finish("left")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around the loop over the body's pieces: tells how it ended."""
        with self.asking():
            yield
        self.end()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around the wait for the response's head: tells what breaks it off."""
        try:
            yield
        except Exception as error:
            self.failed(error)
            raise
        except (
            BaseException
        ):  # the reader's generator was closed, its task cancelled, its program interrupted
            self.left()
            raise

    def _seconds(self) -> float:
        return self._clock() - self._began

    def _open(self, response: Response | None) -> None:
        sent = self._sent.as_request(self._request.headers) if self._sent else self._request
        header = Header(
            request=self._cleaner.request(sent),
            response=self._cleaner.response(response) if response else None,
            started=self._started.replace("+00:00", "Z"),
            tool=f"streamnorm {streamnorm.__version__}",
            dialect=self._dialect,
            lost=self._lost,
        )
        with self._writing():
            self._writer = CaptureWriter(self._place(header.request), header)

    def _keep(self, masked: bytes) -> None:
        self._ready += masked
        while self._waiting and self._waiting[0][1] <= len(self._ready):
            seconds, length = self._waiting.popleft()
            if self._writer is not None:
                with self._writing():
                    self._writer.piece(seconds, bytes(self._ready[:length]))
            del self._ready[:length]

    def _finish(self, how: How, message: str = "", error: BaseException | None = None) -> None:
        if self._ended:
            return
        if self._writer is None:
            self._open(None)
        self._keep(self._cleaner.close())
        self._ended = True
        if self._writer is not None:
            with self._writing():
                self._writer.end(
                    how,
                    seconds=self._seconds(),
                    error=self._cleaner.text(message),
                    kind=type(error).__name__ if error is not None else "",
                    masked=self._cleaner.masked,
                )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._ended = True
            writer, self._writer = self._writer, None
            if writer is not None:
                with suppress(OSError):
                    writer.close()
            warnings.warn(f"the exchange is not recorded: {error}", RuntimeWarning, stacklevel=2)
