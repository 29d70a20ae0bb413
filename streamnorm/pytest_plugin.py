"""The pytest plugin: recorded exchanges in the place of the network, and an endpoint's conformance as tests. pytest loads it in
every project that has streamnorm: what it needs is imported when a test asks for it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from streamnorm.errors import CaptureError

if TYPE_CHECKING:
    from streamnorm.captures.format import Capture
    from streamnorm.captures.library import CaptureLibrary, Repeat
    from streamnorm.captures.replay import ReplayTransport
    from streamnorm.conformance.live.folder import LiveGrade

__all__ = ["StreamRecord", "StreamReplay"]

#: What may be recorded, in vcrpy's words.
MODES: Final = ("none", "once", "new_episodes", "all")

_MARKER: Final = (
    "stream(*names, fault=None, speed='max', cut=None, repeat=None, ignore=()): "
    "answer the requests of the test from these captures (by default: of its own name) instead of the network"
)

_LIBRARIES: Final = ("httpx", "httpx2")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("streamnorm", "recorded streams")
    group.addoption(
        "--stream-record",
        choices=MODES,
        default="none",
        help="what is recorded of tests with the marker `stream`: none; once, where there is no capture yet; "
        "new_episodes, what no capture answers; all, anew",
    )
    group.addoption(
        "--stream-dir",
        metavar="DIR",
        help="where the captures are (default: `captures` beside the test file)",
    )
    _add_endpoint(parser.getgroup("streamnorm-conformance", "conformance of an endpoint"))


def _add_endpoint(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--stream-base-url",
        metavar="URL",
        help="the base URL of the endpoint, or a path such as /v1 of the app that the fixture `asgi_app` gives",
    )
    group.addoption("--stream-model", metavar="MODEL", help="the model that is asked")
    group.addoption(
        "--stream-api-key",
        metavar="KEY",
        help="the key (default: $OPENAI_API_KEY, which others cannot see)",
    )
    group.addoption("--stream-dialect", choices=("chat", "responses", "assistants"), default="chat")
    group.addoption(
        "--stream-strict",
        action="store_true",
        help="fail where something is allowed and breaks clients",
    )
    group.addoption(
        "--stream-repeats", metavar="N", type=int, default=1, help="send each request so many times"
    )
    group.addoption(
        "--stream-timeout", metavar="SECONDS", type=float, default=120.0, help="for one answer"
    )
    group.addoption("--stream-output", metavar="DIR", help="keep the captures and check.json here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stream_check" in metafunc.fixturenames:
        from streamnorm.conformance.live.pytesting import ids_of

        metafunc.parametrize("stream_check", ids_of(metafunc.config))


@pytest.fixture
def stream_endpoint(request: pytest.FixtureRequest) -> LiveGrade:
    """How the endpoint of `--stream-base-url`, or the app of the fixture `asgi_app`, stands with each check. It is asked once."""
    from streamnorm.conformance.live.pytesting import graded_endpoint

    return graded_endpoint(request, os.environ.get("OPENAI_API_KEY", ""))


@pytest.fixture(autouse=True)
def _stream_marked(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("stream") is not None:
        request.getfixturevalue("stream_replay")


@pytest.fixture
def stream_replay(request: pytest.FixtureRequest) -> Iterator[StreamReplay]:
    """Requests of the test are answered from captures: those that its marker `stream` names, or those of its own name. Called
    with names and options, as the marker is, it goes on with others."""
    given = request.config.getoption("--stream-dir")
    folder = request.config.rootpath / given if given else request.path.parent / "captures"
    replay = StreamReplay(folder, request.config.getoption("--stream-record"), request.node)
    marker = request.node.get_closest_marker("stream")
    if marker is not None:
        replay(*marker.args, **marker.kwargs)
    else:
        replay()
    with _instead_of_the_network(replay):
        yield replay
    replay.finish()


@pytest.fixture
def stream_record(tmp_path: Path) -> Iterator[StreamRecord]:
    """Requests of the test go where they go (to a server of its own, say), and are recorded below `tmp_path`."""
    record = StreamRecord(tmp_path / "captures")
    with _instead_of_the_network(record):
        yield record


class StreamReplay:
    """What the fixture `stream_replay` gives."""

    def __init__(self, folder: Path, mode: str, node: pytest.Item) -> None:
        self._folder = folder
        self._mode = mode
        self._node = node
        self._there: list[Path] = []
        self._older: list[Path] = []
        self._until_the_end = ExitStack()

    def __call__(
        self,
        *names: str,
        fault: Any = None,
        speed: str | float = "max",
        cut: str | int | None = None,
        repeat: Repeat | None = None,
        ignore: Collection[str] = (),
    ) -> None:
        """From here on answer from these captures, as `ReplayTransport` does with these options.

        names: files in the folder of captures, or folders in it, without the suffix; the test's own name where none is given.
        """
        self._names = names or (_name_of(self._node),)
        self._options: dict[str, Any] = {
            "fault": fault,
            "speed": speed,
            "cut": cut,
            "repeat": repeat,
            "ignore": ignore,
        }
        self._there = [path for name in self._names for path in _places(self._folder, name)]
        self._replay = self._transport() if self._there and self._plays else None
        self._url = ""
        if self._mode == "all":
            self._older += _files(self._there)

    @property
    def library(self) -> CaptureLibrary:
        """The captures in use; `library.served` says how often each has answered. Raises CaptureError where none answers: there
        are none, or the test is being recorded."""
        return self._answering.library

    @property
    def url(self) -> str:
        """A server on this machine that serves these captures while the test runs, for code that is not built on httpx; a base
        URL is this and `/v1`. Nothing is recorded through it. Raises as `library` does."""
        from streamnorm.captures.serve import served

        if not self._url:
            shown = {name: self._options[name] for name in ("speed", "cut")}
            faults = self._options["fault"] or ()
            server = served(self._answering.library, fault=faults, **shown)
            self._url = self._until_the_end.enter_context(server).url
        return self._url

    def _carry(self, request: Any, real: _Real) -> Any:
        if self._plays:
            try:
                return self._answering.handle_request(request)
            except CaptureError as error:
                self._unanswered(error)
        return self._recording(real).handle_request(request)

    async def _acarry(self, request: Any, real: _Real) -> Any:
        if self._plays:
            try:
                return await self._answering.handle_async_request(request)
            except CaptureError as error:
                self._unanswered(error)
        return await self._recording(real).handle_async_request(request)

    def finish(self) -> None:
        """The test is over. What was recorded in the mode `all` takes the place of what answers the same requests."""
        self._until_the_end.close()
        if self._older:
            _remove_replaced(self._older, self._folder / self._names[0])

    @property
    def _plays(self) -> bool:
        return self._mode == "none" or (self._mode != "all" and bool(self._there))

    def _transport(self) -> ReplayTransport:
        from streamnorm.captures.replay import ReplayTransport

        return ReplayTransport(self._there, **self._options)

    @property
    def _answering(self) -> ReplayTransport:
        if self._replay is None:
            sought = " or ".join(str(self._folder / name) for name in self._names)
            raise CaptureError(
                f"no captures for this test at {sought}.cap.jsonl; record them: pytest --stream-record=once"
            )
        return self._replay

    def _unanswered(self, error: CaptureError) -> None:
        """An error, unless the request is to be recorded. Clients wrap it or try again: the report shows it whatever they do."""
        if self._mode != "new_episodes":
            self._node.add_report_section("call", "streamnorm", str(error))
            raise error

    def _recording(self, real: _Real) -> Any:
        return _recording(real, self._folder / self._names[0])


class StreamRecord:
    """What the fixture `stream_record` gives."""

    def __init__(self, folder: Path) -> None:
        #: Where the captures are.
        self.folder = folder

    @property
    def captures(self) -> list[Capture]:
        """What was recorded so far, in order. The body of one that is still being read is unfinished."""
        from streamnorm.captures.format import Capture

        return [Capture(path) for path in sorted(self.folder.rglob("*.cap.jsonl"))]

    def _carry(self, request: Any, real: _Real) -> Any:
        return _recording(real, self.folder).handle_request(request)

    async def _acarry(self, request: Any, real: _Real) -> Any:
        return await _recording(real, self.folder).handle_async_request(request)


class _Real:
    """A transport that goes to the network, by its class's own methods."""

    def __init__(self, transport: Any, handle: Callable[..., Any]) -> None:
        self._transport = transport
        self._handle = handle

    def handle_request(self, request: Any) -> Any:
        return self._handle(self._transport, request)

    async def handle_async_request(self, request: Any) -> Any:
        return await self._handle(self._transport, request)


@contextmanager
def _instead_of_the_network(carrier: StreamReplay | StreamRecord) -> Iterator[None]:
    """Requests that the transports of httpx and httpx2 would carry to the network, the carrier carries; those of clients that
    exist already, too. Transports that a test brings itself stay as they are."""
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(find_spec, _LIBRARIES):
            library = import_module(name)
            _replace(patch, library.HTTPTransport, "handle_request", carrier._carry)
            _replace(patch, library.AsyncHTTPTransport, "handle_async_request", carrier._acarry)
        yield


def _replace(patch: pytest.MonkeyPatch, kind: type, method: str, carry: Any) -> None:
    handle = getattr(kind, method)
    patch.setattr(kind, method, lambda self, request: carry(request, _Real(self, handle)))


def _recording(real: _Real, folder: Path) -> Any:
    from streamnorm.captures.recording import RecordingTransport

    return RecordingTransport(real, folder)


def _places(folder: Path, name: str) -> list[Path]:
    """Where the captures of a name are: a file, and a folder of that name that has captures in it."""
    from streamnorm.captures.format import SUFFIXES, is_capture_name

    files = (folder / name,) if is_capture_name(name) else [folder / f"{name}{s}" for s in SUFFIXES]
    found = [path for path in files if path.is_file()]
    return [*found, folder / name] if _files([folder / name]) else found


def _files(places: list[Path]) -> list[Path]:
    """The captures at these places."""
    from streamnorm.captures.format import is_capture_name

    inside = (path for place in places for path in (place, *place.rglob("*")))
    return [path for path in inside if is_capture_name(path) and path.is_file()]


def _remove_replaced(older: list[Path], folder: Path) -> None:
    from streamnorm.captures.format import Capture
    from streamnorm.captures.matching import asked_of, fit

    new = [asked_of(Capture(path).header) for path in _files([folder]) if path not in older]
    for path in older:
        recorded = asked_of(Capture(path).header)
        if any(fit(recorded, request) is not None for request in new):
            path.unlink(missing_ok=True)


def _name_of(node: pytest.Item) -> str:
    """The file of the test, then its name and those of its classes."""
    inside = node.nodeid.partition("::")[2].replace("::", ".")
    return f"{node.path.stem}/{re.sub(r'[^A-Za-z0-9_.-]+', '-', inside).strip('-')}"
