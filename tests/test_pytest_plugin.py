"""The pytest plugin, in projects of its own: captures instead of the network, and what each record mode records."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import examples
import httpx  # noqa: F401  # what is imported already, the runs in this process need not import again
import httpx2  # noqa: F401
import pytest

import streamnorm.captures.recording
import streamnorm.captures.replay
import streamnorm.captures.serve  # noqa: F401
from streamnorm.captures.format import Capture

pytest_plugins = ["pytester"]

WEATHER = Path(__file__).parent / "captures" / "weather.cap.jsonl"

#: The README's example, as it is there.
EXAMPLE = next(
    code
    for language, code in examples.BLOCK.findall((examples.ROOT / "README.md").read_text("utf-8"))
    if language == "py" and "@pytest.mark.stream" in code
)


def project(pytester: pytest.Pytester, test: str, *, captures: bool = True) -> Path:
    """A project with one test file; its folder of captures."""
    pytester.makepyfile(test_weather=test)
    folder = pytester.path / "captures"
    if captures:
        folder.mkdir()
        shutil.copy(WEATHER, folder)
    return folder


def run(pytester: pytest.Pytester, *options: str, apart: bool = False) -> pytest.RunResult:
    """Run pytest in the project, in this process or apart."""
    installed = importlib.metadata.entry_points(group="pytest11", name="streamnorm")
    plugin = () if installed else ("-p", "streamnorm.pytest_plugin")
    go = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
    others = ("-p", "no:cacheprovider", "-p", "no:anyio", "-p", "no:hypothesispytest")
    return go(*others, "-W", "error", *plugin, *options)


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def test_the_readme_example_passes_in_an_empty_project(
    pytester: pytest.Pytester, importable: None
) -> None:
    project(pytester, EXAMPLE)
    run(pytester, "--strict-markers", apart=True).assert_outcomes(passed=2)


def test_the_plugin_brings_nothing_in_that_no_test_asked_for(
    pytester: pytest.Pytester, importable: None
) -> None:
    test = """
        import sys
        def test_nothing_is_loaded():
            loaded = {name.split(".")[0] for name in sys.modules}
            assert not loaded & {"httpx", "httpx2", "msgspec", "pydantic", "jsonschema"}
            assert not [name for name in sys.modules if name.startswith("streamnorm.captures")]
    """
    project(pytester, test)
    run(pytester, apart=True).assert_outcomes(passed=1)


CLIENTS = """
    import asyncio, json, urllib.request
    import httpx, httpx2
    import pytest

    URL = "http://127.0.0.1:9/v1/chat/completions"
    QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Weather in Rome?"}], "stream": True}
    early = httpx.Client()

    @pytest.mark.stream("weather", repeat="last")
    @pytest.mark.parametrize("library", [httpx, httpx2])
    def test_clients_made_anywhere(library):
        assert b"sunny" in library.post(URL, json=QUESTION).content
        with library.Client() as client:
            assert b"sunny" in client.post(URL, json=QUESTION).content
        async def ask():
            async with library.AsyncClient() as client:
                return (await client.post(URL, json=QUESTION)).content
        assert b"sunny" in asyncio.run(ask())

    def test_clients_made_before(stream_replay):
        stream_replay("weather", cut="byte")
        assert b"sunny" in early.post(URL, json=QUESTION).content
        assert stream_replay.library.served == {"weather": 1}

    @pytest.mark.stream("weather")
    def test_the_openai_sdk():
        openai = pytest.importorskip("openai")
        client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9/v1")
        stream = client.chat.completions.create(**QUESTION)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "It is sunny in Rome."

    @pytest.mark.stream("weather")
    def test_the_openai_sdk_async():
        openai = pytest.importorskip("openai")
        async def ask():
            async with openai.AsyncOpenAI(api_key="none", base_url="http://127.0.0.1:9/v1") as client:
                stream = await client.chat.completions.create(**QUESTION)
                return [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(asyncio.run(ask())) == "It is sunny in Rome."

    @pytest.mark.stream("weather")
    @pytest.mark.parametrize("fault", [None, "html-200"])
    def test_code_that_is_not_built_on_httpx(stream_replay, fault):
        stream_replay("weather", fault=fault)
        url = stream_replay.url + "/v1/chat/completions"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(QUESTION).encode())) as response:
            assert (b"sunny" in response.read()) is (fault is None)

    def test_the_network_is_back():
        with pytest.raises(httpx.ConnectError):
            early.post(URL, json=QUESTION)
"""


def test_any_client_is_answered_and_only_while_the_test_runs(
    pytester: pytest.Pytester, importable: None
) -> None:
    project(pytester, CLIENTS)
    run(pytester).assert_outcomes(passed=8)


def test_what_no_capture_answers_is_an_error_that_the_report_shows(
    pytester: pytest.Pytester, importable: None
) -> None:
    test = """
        import httpx, pytest

        def ask(model):
            try:
                httpx.post("http://127.0.0.1:9/v1/chat/completions", json={"model": model})
            except Exception:
                raise SystemError("wrapped") from None

        @pytest.mark.stream("weather")
        def test_another_request():
            ask("n")

        @pytest.mark.stream
        def test_nothing_recorded():
            ask("n")
    """
    project(pytester, test)
    result = run(pytester)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*streamnorm*",
            "no capture answers POST /v1/chat/completions, of 1. The nearest is weather, where it is different:",
            "  /model: 'm' in the capture, 'n' in the request",
            "no captures for this test at */captures/test_weather/test_nothing_recorded.cap.jsonl; record them: "
            "pytest --stream-record=once",
        ]
    )


def test_a_wrong_marker_is_an_error_before_the_test_runs(
    pytester: pytest.Pytester, importable: None
) -> None:
    test = """
        import pytest

        @pytest.mark.stream("weather", fault="cutt")
        def test_misspelt():
            assert False, "it runs"

        @pytest.mark.stream("weather", falt="cut")
        def test_misnamed():
            assert False, "it runs"
    """
    project(pytester, test)
    result = run(pytester, "--stream-record=new_episodes")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*no fault is named 'cutt'*did you mean 'cut'?*", "*falt*"])


class Server(ThreadingHTTPServer):
    """Counts what it answers, and says it: `{"count": 1}`."""

    daemon_threads = True
    answered = 0
    lock = threading.Lock()


class Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        server = self.server
        assert isinstance(server, Server)
        with server.lock:
            server.answered += 1
            body = json.dumps({"count": server.answered}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


ASKING = """
    import asyncio
    import httpx, pytest

    URL = "http://127.0.0.1:{port}/v1/chat/completions"

    @pytest.mark.stream("talk")
    def test_talk():
        assert [httpx.post(URL, json={{"n": n}}).json()["count"] for n in {asked}] == {counts}
"""


def talk(
    pytester: pytest.Pytester, server: Server, mode: str, asked: list[int], counts: list[int]
) -> pytest.RunResult:
    """A test that asks `asked` and expects `counts`."""
    port = server.server_address[1]
    pytester.makepyfile(test_talk=ASKING.format(port=port, asked=asked, counts=counts))
    return run(pytester, f"--stream-record={mode}")


def kept(pytester: pytest.Pytester) -> list[tuple[int, int]]:
    """What was asked and what was answered, of each capture."""
    found = sorted((pytester.path / "captures").rglob("*.cap.jsonl"))
    captures = [Capture(path) for path in found]
    assert all(capture.end().whole for capture in captures)
    return [
        (capture.header.request.json["n"], json.loads(capture.body())["count"])
        for capture in captures
    ]


def test_none_records_nothing(pytester: pytest.Pytester, importable: None, server: Server) -> None:
    talk(pytester, server, "none", [1], [1]).assert_outcomes(failed=1)
    assert (kept(pytester), server.answered) == ([], 0)


def test_once_records_where_nothing_is_and_then_no_more(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    talk(pytester, server, "once", [1, 1, 2], [1, 2, 3]).assert_outcomes(passed=1)
    assert kept(pytester) == [(1, 1), (1, 2), (2, 3)]
    for mode in ("once", "none", "new_episodes"):
        talk(pytester, server, mode, [2, 1, 1], [3, 1, 2]).assert_outcomes(passed=1)
    talk(pytester, server, "once", [3], [4]).assert_outcomes(failed=1)
    talk(pytester, server, "once", [2, 2], [3, 4]).assert_outcomes(failed=1)
    assert server.answered == 3
    assert kept(pytester) == [(1, 1), (1, 2), (2, 3)]


def test_new_episodes_adds_what_is_not_there(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    talk(pytester, server, "new_episodes", [1], [1]).assert_outcomes(passed=1)
    talk(pytester, server, "new_episodes", [1, 2, 1], [1, 2, 3]).assert_outcomes(passed=1)
    assert kept(pytester) == [(1, 1), (2, 2), (1, 3)]
    talk(pytester, server, "none", [1, 1, 2], [1, 3, 2]).assert_outcomes(passed=1)


def test_all_records_anew_what_is_asked_and_keeps_the_rest(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    talk(pytester, server, "once", [1, 2], [1, 2]).assert_outcomes(passed=1)
    talk(pytester, server, "all", [1, 3], [3, 4]).assert_outcomes(passed=1)
    assert kept(pytester) == [(2, 2), (1, 3), (3, 4)]
    talk(pytester, server, "none", [1, 2, 3], [3, 2, 4]).assert_outcomes(passed=1)


def test_async_code_is_recorded_too(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    test = f"""
        import asyncio
        import httpx, httpx2, pytest

        @pytest.mark.stream("talk")
        @pytest.mark.parametrize("library", [httpx, httpx2])
        def test_talk(library):
            async def ask():
                async with library.AsyncClient() as client:
                    url = "http://127.0.0.1:{server.server_address[1]}/v1/" + library.__name__
                    return (await client.post(url, json={{"n": 1}})).json()["count"]
            assert asyncio.run(ask()) == 1 + (library is httpx2)
    """
    project(pytester, test, captures=False)
    run(pytester, "--stream-record=new_episodes").assert_outcomes(passed=2)
    run(pytester).assert_outcomes(passed=2)
    assert server.answered == 2


def test_the_folder_of_captures_can_be_elsewhere(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    port = server.server_address[1]
    pytester.makepyfile(test_talk=ASKING.format(port=port, asked=[1], counts=[1]))
    run(pytester, "--stream-record=once", "--stream-dir=kept/here").assert_outcomes(passed=1)
    [path] = pytester.path.rglob("*.cap.jsonl")
    assert (
        path.relative_to(pytester.path).as_posix()
        == "kept/here/talk/0001-v1-chat-completions.cap.jsonl"
    )


def test_stream_record_records_what_a_test_does_with_a_server(
    pytester: pytest.Pytester, importable: None, server: Server
) -> None:
    test = f"""
        import httpx

        def test_own_server(stream_record):
            for n in range(2):
                httpx.post("http://127.0.0.1:{server.server_address[1]}/v1/x", json={{"n": n}})
            one, two = stream_record.captures
            assert one.header.request.json == {{"n": 0}}
            assert two.body() == b'{{"count": 2}}'
            assert two.end().whole
            assert one.path.is_relative_to(stream_record.folder)
    """
    project(pytester, test, captures=False)
    run(pytester).assert_outcomes(passed=1)
    assert not (pytester.path / "captures").exists()
