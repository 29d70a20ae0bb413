"""What the replay server answers to a request: which capture, with which faults, or one of its own pages. No socket here."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import msgspec

from streamnorm.captures.faults import FaultAt, Plan, faults_of
from streamnorm.captures.format import Capture
from streamnorm.captures.http1 import HttpRequest, Wire
from streamnorm.captures.library import CaptureLibrary
from streamnorm.captures.script import Cut, Finish, Head, Send, Step, script
from streamnorm.captures.secrets import masked_url
from streamnorm.captures.serve_page import HEADERS, CaptureRow, ServedRow, page
from streamnorm.errors import CaptureError

__all__ = ["Answer", "Origins", "Routes", "Served", "is_local", "refusal"]

NAME_HEADER: Final = "x-streamnorm-capture"
FAULT_HEADER: Final = "x-streamnorm-fault"

#: How many answers are remembered for the page.
REMEMBERED: Final = 200

_ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_BY_NAME: Final = "/captures/"


class Answer(msgspec.Struct, frozen=True):
    """What is sent. `headers` come with those of the capture; `capture` is its name, where it is one."""

    steps: Iterator[Step]
    headers: dict[str, str]
    capture: str = ""
    faults: tuple[FaultAt, ...] = ()
    #: Faults whose place was not reached; filled while the steps are carried out.
    missed: list[FaultAt] = []
    quiet: bool = False


class Served(msgspec.Struct, frozen=True):
    """One answer, when all was said. `path` has the query, keys in it masked. `end`: `end`, or how the connection was ended."""

    at: float
    method: str
    path: str
    status: int
    capture: str
    faults: tuple[str, ...]
    missed: tuple[str, ...]
    pieces: int
    bytes: int
    end: str


def refusal(status: int, message: str, *, code: str = "bad_request") -> Answer:
    """An error, shaped as the providers' are."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return _own(status, {"content-type": "application/json"}, msgspec.json.encode({"error": error}))


def _own(status: int, headers: dict[str, str], body: bytes = b"", *, quiet: bool = False) -> Answer:
    steps = (Head(status, {**headers, "content-length": str(len(body))}), Send(body), Finish())
    return Answer(iter(steps), {}, quiet=quiet)


class Origins(msgspec.Struct, frozen=True):
    """Who may ask. `named`: origins whose pages may read the answers, beside those of this machine. `local_only`: the server
    listens on loopback, where a request that names another host was led here by a name that points to it (DNS rebinding)."""

    named: tuple[str, ...]
    local_only: bool

    def host_is_right(self, host: str) -> bool:
        """A request to this host was meant for this server."""
        return not self.local_only or not host or is_local(_hostname(f"//{host}"))

    def allows(self, origin: str) -> bool:
        """A page of this origin may read the answers."""
        return "*" in self.named or origin in self.named or is_local(_hostname(origin))

    def headers_for(self, origin: str) -> dict[str, str]:
        """The headers of an answer that let a page of this origin read it; none where it may not."""
        if not origin or not self.allows(origin):
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": "*",
            "vary": "origin",
        }


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """The host is this machine, by a name or an address that means nothing else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Routes:
    """Answers requests from a library. `log` has the last answers, the latest first."""

    def __init__(
        self,
        library: CaptureLibrary,
        plan: Plan,
        *,
        speed: float,
        cut: Cut | None,
        origins: Origins,
        heard: Callable[[Served], object] | None = None,
    ) -> None:
        self.url = ""
        self.count = 0
        self.log: deque[Served] = deque(maxlen=REMEMBERED)
        self._library = library
        self._names = {library[name].path: name for name in library}
        self._plan = plan
        self._speed = speed
        self._cut = cut
        self._origins = origins
        self._heard = heard
        self._served: Counter[str] = Counter()

    def answer(self, request: HttpRequest) -> Answer:
        """What a request is answered; never raises."""
        host = request.header("host")
        if not self._origins.host_is_right(host):
            message = f"this server is for this machine, and {host[:80]!r} is another name"
            return refusal(421, message, code="wrong_host")
        answer = self._preflight(request) if request.method == "OPTIONS" else self._found(request)
        return msgspec.structs.replace(
            answer,
            headers={**answer.headers, **self._origins.headers_for(request.header("origin"))},
        )

    def note(self, answer: Answer, request: HttpRequest | None, wire: Wire, end: str) -> None:
        """Remember what was served."""
        if answer.quiet:
            return
        self.count += 1
        self._served[answer.capture] += 1
        one = Served(
            time.time(),
            request.method if request else "",
            masked_url(request.target) if request else "",
            wire.status,
            answer.capture,
            tuple(map(str, answer.faults)),
            tuple(map(str, answer.missed)),
            wire.pieces,
            wire.bytes,
            end,
        )
        self.log.appendleft(one)
        if self._heard is not None:
            self._heard(one)

    def _found(self, request: HttpRequest) -> Answer:
        path, _, _ = request.target.partition("?")
        reads = request.method in ("GET", "HEAD")
        if reads and path == "/":
            return _own(200, HEADERS, self._page(), quiet=True)
        if reads and path == "/favicon.ico":
            return _own(204, {}, quiet=True)
        try:
            faults = faults_of(request.all(FAULT_HEADER)) or None
        except CaptureError as error:
            return refusal(400, f"{FAULT_HEADER}: {error}", code="bad_fault")
        try:
            capture = self._capture(request, path)
        except CaptureError as error:
            if reads and path == "/v1/models":
                return self._models()
            return refusal(404, str(error), code="no_capture")
        return self._replay(capture, faults)

    def _capture(self, request: HttpRequest, path: str) -> Capture:
        if name := request.header(NAME_HEADER):
            return self._library[unquote(name)]
        if path.startswith(_BY_NAME):
            return self._library[self._name_in(path.removeprefix(_BY_NAME))]
        return self._library.answer(request.method, request.target, request.body)

    def _name_in(self, path: str) -> str:
        """The longest name that a path begins with; names may have slashes."""
        parts = unquote(path).split("/")
        names = ("/".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((name for name in names if name in self._library), unquote(path))

    def _replay(self, capture: Capture, asked: tuple[FaultAt, ...] | None) -> Answer:
        name = self._names[capture.path]
        plan = self._plan if asked is None else Plan(asked)
        missed: list[FaultAt] = []
        steps = script(capture, speed=self._speed, cut=self._cut)
        return Answer(
            plan.apply(map(_without_cors, steps), name, missed=missed.append),
            # A recorded page is shown, if a browser asks for it, as nobody's page.
            {"content-security-policy": "sandbox"},
            name,
            plan.of(name),
            missed,
        )

    def _preflight(self, request: HttpRequest) -> Answer:
        headers = request.header("access-control-request-headers") or "*"
        return _own(
            204,
            {
                "allow": _ALLOWED_METHODS,
                "access-control-allow-methods": _ALLOWED_METHODS,
                "access-control-allow-headers": headers,
                "access-control-max-age": "600",
            },
            quiet=True,
        )

    def _models(self) -> Answer:
        models = dict.fromkeys(
            filter(None, (_model(self._library[name]) for name in self._library))
        )
        data = [
            {"id": model, "object": "model", "created": 0, "owned_by": "captures"}
            for model in models
        ]
        body = msgspec.json.encode({"object": "list", "data": data})
        return _own(200, {"content-type": "application/json"}, body)

    def _page(self) -> bytes:
        rows = [self._row(name, self._served[name]) for name in self._library]
        return page(self.url, rows, map(_served_row, self.log), self.count)

    def _row(self, name: str, served: int) -> CaptureRow:
        header = self._library[name].header
        return CaptureRow(
            name,
            f"{header.request.method} {header.request.path}",
            _model(self._library[name]),
            header.dialect,
            str(header.response.status) if header.response else "no answer",
            f"{_BY_NAME}{quote(name)}/v1",
            served,
        )


def _served_row(one: Served) -> ServedRow:
    missed = f" (not reached: {', '.join(one.missed)})" if one.missed else ""
    return ServedRow(
        time.strftime("%H:%M:%S", time.localtime(one.at)),
        f"{one.method} {one.path}",
        f"{one.capture} ({one.status})" if one.capture else str(one.status),
        ", ".join(one.faults) + missed,
        f"{one.bytes:,} bytes in {one.pieces:,}",
        one.end,
    )


def _without_cors(step: Step) -> Step:
    """Who may read an answer is this server's to say, not the recorded one's."""
    if not isinstance(step, Head):
        return step
    kept = {
        name: value
        for name, value in step.headers.items()
        if not name.lower().startswith("access-control-")
    }
    return Head(step.status, kept)


def _model(capture: Capture) -> str:
    asked: Any = capture.header.request.json
    model = asked.get("model") if isinstance(asked, dict) else None
    return model if isinstance(model, str) else ""
