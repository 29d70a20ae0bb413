"""The replay server: exact on the wire, polite to clients, deaf to what it must not do."""

from __future__ import annotations

import asyncio
import html.parser
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_streams import BODY, PIECES, REQUEST, chat_capture

from streamnorm.captures.format import CaptureWriter, Header, Response
from streamnorm.captures.library import CaptureLibrary
from streamnorm.captures.serve import ReplayServer, served, serving
from streamnorm.errors import CaptureError

#: Seconds after which a test that hangs fails.
HUNG = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReplayServer]:
    chat_capture(tmp_path / "chat.cap.jsonl")
    chat_capture(
        tmp_path / "deep" / "er" / "two words <b>.cap.jsonl",
        [b"data: other\n\n"],
        request={"model": "<script>alert(1)</script>"},
    )
    with served(tmp_path) as server:
        yield server


def ask(server: ReplayServer, path: str = "/v1/chat/completions", **options: Any) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", json=REQUEST, timeout=HUNG, **options)


def say(server: ReplayServer, *said: bytes) -> bytes:
    """Send bytes as they are, and read to the end."""
    with socket.create_connection((server.host, server.port), timeout=HUNG) as connection:
        for piece in said:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def request(*lines: str, body: bytes = b"", method: str = "POST") -> bytes:
    head = [f"{method} /v1/chat/completions HTTP/1.1", "host: localhost", *lines]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body


ASKED = json.dumps(REQUEST).encode()


# The wire.


def test_each_piece_is_a_chunk(server: ReplayServer) -> None:
    answer = say(server, request("connection: close", body=ASKED))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
    assert b"connection: close" in head
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in PIECES)
    assert body == chunks + b"0\r\n\r\n"


def test_a_connection_serves_many_requests_and_those_sent_ahead(server: ReplayServer) -> None:
    answer = say(server, request(body=ASKED) * 2 + request("connection: close", body=ASKED))
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    with httpx.Client() as client:
        opened = [
            client.post(f"{server.url}/v1/chat/completions", json=REQUEST).extensions[
                "network_stream"
            ]
            for _ in range(3)
        ]
    assert len({id(stream) for stream in opened}) == 1


def test_an_old_client_reads_to_the_close(server: ReplayServer) -> None:
    said = b"POST /v1/chat/completions HTTP/1.0\r\ncontent-length: %d\r\n\r\n%b"
    head, _, body = say(server, said % (len(ASKED), ASKED)).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == BODY


def test_a_client_that_waits_is_told_to_go_on(server: ReplayServer) -> None:
    head = request("connection: close", "expect: 100-continue", body=ASKED).removesuffix(ASKED)
    with socket.create_connection((server.host, server.port), timeout=HUNG) as connection:
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 \r\n\r\n"
        connection.sendall(ASKED)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_head_has_no_body(server: ReplayServer) -> None:
    answer = say(server, request("x-streamnorm-capture: chat", "connection: close", method="HEAD"))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\n")
    assert b"chunked" not in answer


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 70_000, 431),
        (request("x: y").replace(b"length: 0", b"length: 99999999"), 413),
        (request("x: y").replace(b"length: 0", b"length: many"), 400),
    ],
)
def test_requests_that_cannot_be_read_are_refused(
    server: ReplayServer, said: bytes, status: int
) -> None:
    head, _, body = say(server, said).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["error"]["type"] == "invalid_request_error"


def test_a_client_that_leaves_is_no_trouble(server: ReplayServer) -> None:
    for said in (b"", b"POST", request(body=ASKED)):
        with socket.create_connection((server.host, server.port), timeout=HUNG) as connection:
            connection.sendall(said)
    assert ask(server).content == BODY


def test_a_header_of_a_capture_cannot_end_the_head(tmp_path: Path) -> None:
    headers = {"x-a": "1\r\nx-b: 2", "x c": "3", "content-type": "text/event-stream"}
    with served(chat_capture(tmp_path / "a.cap.jsonl", headers=headers)) as server:
        answer = ask(server)
    assert answer.headers["x-a"] == "1  x-b: 2"
    assert "x-b" not in answer.headers
    assert "x c" not in answer.headers


# Which capture.


def test_what_was_not_recorded_is_told_with_the_nearest(server: ReplayServer) -> None:
    answer = httpx.post(f"{server.url}/v1/chat/completions", json={**REQUEST, "model": "n"})
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "no_capture"
    assert "The nearest is chat" in error["message"]


def test_a_capture_is_served_by_its_name_whatever_is_asked(server: ReplayServer) -> None:
    for path in ("/captures/chat/v1/anything", "/captures/chat", "/captures/chat/"):
        assert ask(server, path).content == BODY
    assert httpx.get(f"{server.url}/x", headers={"x-streamnorm-capture": "chat"}).content == BODY
    name = "deep/er/two%20words%20%3Cb%3E"
    assert ask(server, f"/captures/{name}/v1").content == b"data: other\n\n"
    assert ask(server, headers={"x-streamnorm-capture": name}).content == b"data: other\n\n"


@pytest.mark.parametrize(
    "name",
    [
        "../chat",
        "..%2fchat",
        "%2e%2e/chat",
        "/etc/passwd",
        "chat.cap.jsonl",
        "deep/../chat",
        "chat%00",
        "C:\\chat",
        "",
    ],
)
def test_a_name_is_never_a_path(server: ReplayServer, name: str) -> None:
    line = f"GET /captures/{name} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    answer = say(server, line.encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    outside = chat_capture(tmp_path / "outside" / "secret.cap.jsonl")
    inside = chat_capture(tmp_path / "served" / "chat.cap.jsonl")
    link = inside.parent / "link.cap.jsonl"
    os.symlink(inside, link)
    ReplayServer(inside.parent)
    link.unlink()
    os.symlink(outside, link)
    with pytest.raises(CaptureError, match="this is a link out of the folder"):
        ReplayServer(inside.parent)
    ReplayServer(link)


def test_repeats_go_round_or_end(tmp_path: Path) -> None:
    for number in (1, 2):
        chat_capture(tmp_path / f"a.{number}.cap.jsonl", [b"data: %d\n\n" % number])
    with served(tmp_path) as server:
        assert [ask(server).content[6:7] for _ in range(3)] == [b"1", b"2", b"1"]
    with served(tmp_path, repeat="error") as server:
        assert [ask(server).status_code for _ in range(3)] == [200, 200, 404]
    with served(CaptureLibrary(tmp_path, repeat="last")) as server:
        assert [ask(server).content[6:7] for _ in range(3)] == [b"1", b"2", b"2"]


def test_the_models_are_those_of_the_captures(server: ReplayServer) -> None:
    models = httpx.get(f"{server.url}/v1/models").json()
    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["m", "<script>alert(1)</script>"]


def test_an_exchange_without_a_response_is_closed(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path / "none.cap.jsonl", Header()) as writer:
        writer.end("error", kind="ConnectError")
    with served(tmp_path) as server, pytest.raises(httpx.TransportError):
        ask(server, "/captures/none/v1")


def test_a_capture_that_is_gone_is_told_in_the_log(tmp_path: Path) -> None:
    path = chat_capture(tmp_path / "chat.cap.jsonl")
    with served(tmp_path) as server:
        path.unlink()
        with pytest.raises(httpx.TransportError):
            ask(server)
        assert server.log[0].end == "cannot read the capture: No such file or directory"


# Who may ask.


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "localhost.evil"])
def test_a_name_that_only_points_here_is_refused(server: ReplayServer, host: str) -> None:
    for path in ("/", "/v1/models", "/captures/chat"):
        answer = httpx.get(f"{server.url}{path}", headers={"host": host})
        assert answer.status_code == 421
        assert BODY not in answer.content


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8080", "a.localhost"])
def test_names_of_this_machine_are_right(server: ReplayServer, host: str) -> None:
    assert httpx.get(f"{server.url}/v1/models", headers={"host": host}).status_code == 200


def test_pages_of_this_machine_may_read_answers_and_others_if_named(tmp_path: Path) -> None:
    path = chat_capture(tmp_path / "chat.cap.jsonl", headers={"access-control-allow-origin": "*"})

    async def allowed(origin: str, **options: Any) -> str | None:
        server = ReplayServer(path, speed="max", **options)
        await server.start()
        async with httpx.AsyncClient(base_url=server.url) as client:
            headers = {"origin": origin, "access-control-request-headers": "authorization,x-a"}
            answer = await client.options("/v1/chat/completions", headers=headers)
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-headers"] == "authorization,x-a"
            answer = await client.post("/v1/chat/completions", json=REQUEST, headers=headers)
        await server.stop()
        assert answer.content == BODY
        found: str | None = answer.headers.get("access-control-allow-origin")
        return found

    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://a.localhost"):
        assert asyncio.run(allowed(origin)) == origin
    for origin in ("https://evil.example", "http://localhost.evil", "null", "http://["):
        assert asyncio.run(allowed(origin)) is None
    assert asyncio.run(allowed("https://a.example", origins=["https://a.example"]))
    assert asyncio.run(allowed("https://b.example", origins=["*"]))


def test_a_key_in_a_request_is_not_told_of(server: ReplayServer) -> None:
    key = "AIzaSyD-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P"
    answer = ask(server, f"/v1beta/models/g:streamGenerateContent?alt=sse&key={key}")
    assert answer.status_code == 404
    assert key not in answer.text
    assert key not in httpx.get(server.url).text
    assert key not in repr(server.log)


# Faults.


def test_a_request_may_ask_for_a_fault_in_place_of_the_servers(tmp_path: Path) -> None:
    with served(chat_capture(tmp_path / "chat.cap.jsonl"), fault="429") as server:
        assert ask(server).status_code == 429
        several = [("x-streamnorm-fault", "drop@frame:1"), ("x-streamnorm-fault", "bom")]
        answer = ask(server, headers=httpx.Headers(several))
        assert answer.content == b"\xef\xbb\xbf" + BODY.removeprefix(PIECES[0])
        bad = ask(server, headers={"x-streamnorm-fault": "cutt"})
    assert bad.status_code == 400
    assert "did you mean 'cut'" in bad.json()["error"]["message"]


def test_a_request_cannot_name_a_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('faults = "429"')
    with served(chat_capture(tmp_path / "chat.cap.jsonl")) as server:
        answer = ask(server, headers={"x-streamnorm-fault": str(plan)})
    assert answer.status_code == 400
    assert "no fault is named" in answer.json()["error"]["message"]


def test_a_plan_breaks_captures_by_their_names(tmp_path: Path) -> None:
    for name in ("a", "b"):
        chat_capture(tmp_path / f"{name}.cap.jsonl", request={"model": name})
    plan = tmp_path / "plan.toml"
    plan.write_text('[captures]\na = "503=3"')
    with served(tmp_path, fault=plan) as server:
        assert ask(server, "/captures/a/v1").headers["retry-after"] == "3"
        assert ask(server, "/captures/b/v1").content == BODY


# The page.


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


PAGE_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "pre", "div"),
    *("table", "tr", "th", "td", "bdi", "a"),
}


def test_the_page_lists_what_there_is_and_what_was_served(server: ReplayServer) -> None:
    ask(server, headers={"x-streamnorm-fault": "duplicate@frame:99"})
    ask(server, "/captures/chat/v1/anything")
    ask(server, "/<img src=x>", headers={"x-streamnorm-capture": "<b>\u202e"[:3]})
    answer = httpx.get(server.url)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = Tags()
    page.feed(answer.text)
    assert set(page.tags) <= PAGE_TAGS
    words = " ".join(" ".join(page.words).split())
    for shown in (
        "streamnorm serve: 2 captures",
        "deep/er/two words <b>",
        "<script>alert(1)</script>",
        "duplicate@frame:99 (not reached: duplicate@frame:99)",
        "Served: 3 requests",
        "POST /v1/chat/completions m chat 200 2",
        "1,108 bytes in 6",
    ):
        assert shown in words
    assert httpx.get(f"{server.url}/favicon.ico").status_code == 204
    assert server.count == 3
    assert [one.status for one in server.log] == [404, 200, 200]


def test_nothing_from_outside_is_markup_on_the_page(tmp_path: Path) -> None:
    nasty = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e\x1b[31m\x00"
    chat_capture(tmp_path / "a.cap.jsonl", request={"model": nasty}, url_path=f"/{nasty}")
    with served(tmp_path) as server:
        text = httpx.get(server.url).text
    assert "<script" not in text
    assert "<img" not in text
    assert not re.search("[\u202e\x1b\x00]", text)
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    assert "default-src" not in style


# The server as a whole.


def test_it_serves_in_the_loop_of_its_caller(tmp_path: Path) -> None:
    async def main() -> bytes:
        async with (
            serving(chat_capture(tmp_path / "chat.cap.jsonl"), cut="byte") as url,
            httpx.AsyncClient() as client,
        ):
            return (await client.post(f"{url}/v1/chat/completions", json=REQUEST)).content

    assert asyncio.run(main()) == BODY


def test_it_stops_while_streams_are_open(tmp_path: Path) -> None:
    path = chat_capture(tmp_path / "chat.cap.jsonl")
    with httpx.Client(timeout=HUNG) as client, served(path, fault="stall@frame:2") as server:
        open_ones = [
            client.stream("POST", f"{server.url}/v1/chat/completions", json=REQUEST)
            for _ in range(3)
        ]
        responses = [stream.__enter__() for stream in open_ones]
        assert [next(response.iter_raw()) for response in responses] == [PIECES[0]] * 3
    for stream in open_ones:
        stream.__exit__(None, None, None)


def test_a_port_that_is_taken_and_words_that_mean_nothing_are_told(tmp_path: Path) -> None:
    path = chat_capture(tmp_path / "chat.cap.jsonl")
    with served(path) as server:
        second = ReplayServer(path, port=server.port)
        with pytest.raises(OSError, match="address already in use"):
            asyncio.run(second.start())
    for options in ({"speed": "fast"}, {"cut": "often"}, {"fault": "cutt"}, {"repeat": "no"}):
        with pytest.raises(CaptureError):
            ReplayServer(path, **options)  # type: ignore[arg-type]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaptureError, match="no captures in it"):
        ReplayServer(tmp_path / "empty")


MEMORY = r"""
import asyncio, re, sys
from streamnorm.captures.serve import ReplayServer

async def main(path):
    server = ReplayServer(path, speed="max")
    await server.start()
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()

asyncio.run(main(sys.argv[1]))
# Not `ru_maxrss`, which begins with what the process that started this one held.
print(int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.deep
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it says how much memory")
@pytest.mark.parametrize("fault", ["", "corrupt@frame:100", "no-done", "gzip", "crlf"])
def test_a_large_capture_is_served_in_little_memory(tmp_path: Path, fault: str) -> None:
    """200 MB, under 100 MB of memory; by turns slowly read, so that the server has to wait."""
    path = tmp_path / "large.cap.jsonl"
    frame = PIECES[1].replace(b"Gr", b"G" * 8_000 + b"r")
    with CaptureWriter(path, Header(response=Response(status=200))) as writer:
        for _ in range(200_000_000 // len(frame)):
            writer.piece(0.0, frame)
        writer.end()
    with subprocess.Popen(
        [sys.executable, "-c", MEMORY, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        size = 0
        url = f"http://127.0.0.1:{port}/captures/large/v1"
        headers = {"x-streamnorm-fault": fault} if fault else {}
        with httpx.stream("GET", url, headers=headers, timeout=HUNG) as response:
            for piece in response.iter_bytes():
                size += len(piece)
        process.stdin.write("\n")
        process.stdin.flush()
        mebibytes = int(process.stdout.readline())
    assert size >= 199_000_000
    print(f"{fault or 'no fault'}: {mebibytes} MB")
    assert mebibytes < 100
