"""Every fault that a server can have ends for the caller in the right exception, with what had come, and in time; nothing is
asked twice once an answer has begun, and the key is nowhere to be seen."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import Loopback, Request, Step, head, sse, whole
from style_server import Said, Style, chunks, completion, speaking

from streamnorm import AsyncOpenAI, OpenAI
from streamnorm.captures.faults import FAULTS, Fault
from streamnorm.captures.format import CaptureWriter, Header, Response
from streamnorm.captures.format import Request as Recorded
from streamnorm.captures.serve import ReplayServer, served
from streamnorm.client import Timeout
from streamnorm.client.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    OpenAIError,
    ReportedError,
    StreamInvalid,
    StreamTruncated,
)
from streamnorm.errors import StreamnormError

KEY = "sk-proj-S3cretS3cretS3cretS3cret"
PROMPT = "a prompt that is nobody's business"
ASKED: dict[str, Any] = {
    "model": "m-1",
    "messages": [{"role": "user", "content": PROMPT}],
    "stream": True,
}

#: A stream where each fault finds its place: a text, a call with its arguments in parts, a finish.
SAID = Said(
    "It looks like this: ä 🦄. ",
    (("call_a", "get_weather", json.dumps({"location": "Paris, France"})),),
)

#: Short, for servers that say nothing; a fault that is late by design comes before it.
PATIENCE = Timeout(connect=2, first_token=2, idle=0.8)

#: Faults with a value that does not make the tests wait.
SHORTER = {
    "pause": "pause=0.1@frame:3",
    "slow-headers": "slow-headers=0.1",
    "trickle": "trickle=5000@frame:3",
    "keep-alive-flood": "keep-alive-flood=500@frame:3",
    "keep-alive-only": "keep-alive-only=0.02@frame:3",
    "talk-on": "talk-on=0.02@frame:3",
    "many-lines": "many-lines=2000@frame:3",
    "huge-frame": "huge-frame=1@frame:3",
    "endless-line": "endless-line=20@frame:3",
    "gzip-bomb": "gzip-bomb=40",
    "429": "429=0.01",
    "503": "503=0.01",
    "429-ms": "429-ms=10",
}

#: Where what a client makes of it is not what a reader of the body alone does: our exception, None where the stream is read.
BY_THE_CLIENT: dict[str, type[OpenAIError] | None] = {
    # A connection that ends is the stream's end; one that says nothing is a timeout.
    "cut": StreamTruncated,
    "chunked-cut": StreamTruncated,
    "bad-chunk": StreamTruncated,
    "reset": StreamTruncated,
    "stall": APITimeoutError,
    "no-headers": APIConnectionError,
    "stall-headers": APITimeoutError,
    "keep-alive-only": APITimeoutError,
    "redirect": APIConnectionError,
}

#: It says something new again and again: no timeout between frames ends it. The caller does, or a limit on tokens.
ENDLESS = ("talk-on",)

_OF_OUTCOME: dict[str, type[OpenAIError] | None] = {
    "survived": None,
    "StreamTruncated": StreamTruncated,
    "ServerError": ReportedError,
    "StreamInvalid": StreamInvalid,
    "transport": APIConnectionError,
    "status": APIStatusError,
}


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("captures") / "call.cap.jsonl"
    header = Header(
        request=Recorded(path="/v1/chat/completions", json=ASKED),
        response=Response(status=200, headers={"content-type": "text/event-stream"}),
        dialect="chat",
    )
    with CaptureWriter(path, header) as writer:
        for chunk in chunks(Style("openai", 5), SAID):
            writer.piece(0.0, f"data: {json.dumps(chunk)}\n\n".encode())
        writer.piece(0.0, b"data: [DONE]\n\n")
        writer.end("end", seconds=0.0)
    return path


def read(server: ReplayServer, **options: Any) -> tuple[Any, BaseException | None]:
    """The stream, where one began, and what it raised."""
    stream = None
    with OpenAI(base_url=server.url, api_key=KEY, timeout=PATIENCE, **options) as client:
        try:
            stream = client.chat.completions.create(**ASKED)
            for _ in stream:
                pass
        except Exception as error:
            return stream, error
    return stream, None


def read_async(server: ReplayServer, **options: Any) -> tuple[Any, BaseException | None]:
    async def main() -> tuple[Any, BaseException | None]:
        stream = None
        async with AsyncOpenAI(
            base_url=server.url, api_key=KEY, timeout=PATIENCE, **options
        ) as client:
            try:
                stream = await client.chat.completions.create(**ASKED)
                async for _ in stream:
                    pass
            except Exception as error:
                return stream, error
        return stream, None

    return asyncio.run(main())


def wanted(fault: Fault) -> type[OpenAIError] | None:
    if fault.name in BY_THE_CLIENT:
        return BY_THE_CLIENT[fault.name]
    return _OF_OUTCOME[fault.ends]


#: No answer has begun, or one that says to come back. (429-date says to come back in many years.)
ASKED_AGAIN = (
    *("no-headers", "stall-headers"),
    *("429", "429-ms", "500", "502", "503", "529", "endless-error"),
)

MET = [fault for fault in FAULTS.values() if fault.name not in ENDLESS]


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.name)
def test_a_fault_ends_in_the_right_exception_with_what_had_come(
    fault: Fault, capture: Path
) -> None:
    spec = SHORTER.get(fault.name, fault.name)
    expected = wanted(fault)
    for way in (read, read_async):
        with served(capture, fault=spec) as server:
            stream, error = way(server, max_retries=0)
        assert server.count <= 1
        if expected is None:
            assert error is None
            assert stream.complete
            continue
        assert isinstance(error, expected), repr(error)
        assert isinstance(error, APIError)
        assert isinstance(error, StreamnormError)
        if stream is not None:
            assert error.partial == stream.result
        assert KEY not in told(error)


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.name)
def test_nothing_is_asked_again_once_an_answer_has_begun(
    fault: Fault, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with served(capture, fault=SHORTER.get(fault.name, fault.name)) as server:
        read(server)
    assert len(server.log) == (3 if fault.name in ASKED_AGAIN else 1)


def test_what_talks_on_is_read_until_the_caller_has_enough(capture: Path) -> None:
    with (
        served(capture, fault=SHORTER["talk-on"]) as server,
        OpenAI(base_url=server.url, timeout=PATIENCE) as client,
    ):
        stream = client.chat.completions.create(**ASKED)
        for count, _ in enumerate(stream):
            if count == 40:
                break
        assert stream.response.is_closed
        assert not stream.complete


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_neither_key_nor_prompt_follows_a_redirect_to_another_origin(status: int) -> None:
    with Loopback(speaking()) as other:
        away = head(status, location=f"{other.url}/v1/chat/completions", content_length=0)
        with (
            Loopback([away]) as server,
            OpenAI(base_url=server.url, api_key=KEY) as client,
            pytest.raises(APIConnectionError, match="another origin") as error,
        ):
            client.chat.completions.create(**ASKED)
        assert other.connections == 0
        assert len(server.seen) == 1
        assert other.url in str(error.value)
        assert KEY not in told(error.value)

        async def main() -> None:
            with Loopback([away]) as server:
                async with AsyncOpenAI(base_url=server.url, api_key=KEY) as client:
                    with pytest.raises(APIConnectionError, match="another origin"):
                        await client.chat.completions.create(**ASKED)

        asyncio.run(main())
        assert other.connections == 0


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_given_client_that_follows_redirects_is_held_back(library: str) -> None:
    http = pytest.importorskip(library)
    with Loopback(speaking()) as other:
        away = head(308, location=f"{other.url}/v1/chat/completions", content_length=0)
        with (
            Loopback([away]) as server,
            OpenAI(
                base_url=server.url, api_key=KEY, http_client=http.Client(follow_redirects=True)
            ) as client,
            pytest.raises(APIConnectionError, match="another origin"),
        ):
            client.chat.completions.create(**ASKED)
        assert other.connections == 0


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_origin_is_followed_with_all_it_takes(status: int) -> None:
    def script(request: Request) -> Iterable[Step]:
        if request.path == "/v1/chat/completions":
            return [head(status, location="/v2/chat?x=1", content_length=0)]
        return sse(chunks(Style("openai", 5), SAID))

    with Loopback(script) as server, OpenAI(base_url=server.url, api_key=KEY) as client:
        stream = client.chat.completions.create(**ASKED)
        list(stream)
        assert stream.complete
        first, second = server.seen
        assert second.path == "/v2/chat?x=1"
        assert (first.body, first.method) == (second.body, second.method)
        assert second.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_request_is_an_error(status: int) -> None:
    script = [head(status, location="/v2/chat", content_length=0)]
    with (
        Loopback(script) as server,
        OpenAI(base_url=server.url) as client,
        pytest.raises(APIConnectionError, match="become a GET"),
    ):
        client.chat.completions.create(**ASKED)


def test_redirects_in_a_circle_come_to_an_end() -> None:
    with (
        Loopback([head(307, location="/v1/chat/completions", content_length=0)]) as server,
        OpenAI(base_url=server.url) as client,
    ):
        with pytest.raises(APIConnectionError, match="redirects"):
            client.chat.completions.create(**ASKED)
        assert len(server.seen) < 10


# The key.


def told(error: BaseException) -> str:
    """All that an exception says to whoever looks: itself, its causes, its attributes, its pickle."""
    seen = [str(error), repr(error), "".join(traceback.format_exception(error))]
    for name, value in vars(error).items():
        seen.append(f"{name} {value!r}")
        if hasattr(value, "headers"):
            seen.append(repr(value.headers) + str(dict(value.headers)))
    if isinstance(error, StreamnormError):
        seen.append(repr(pickle.loads(pickle.dumps(error)).__dict__))
        seen.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(seen)


#: Servers that repeat the key, or what came with it.
REPEATING: dict[str, Any] = {
    "in the message": lambda request: [
        whole({"error": {"message": f"bad key {request.headers['authorization']}"}}, 401)
    ],
    "in a text": lambda request: [whole(f"no such key: {KEY}", 403, "text/plain")],
    "in an error of status 200": lambda request: [whole({"error": {"message": f"key {KEY}"}})],
    "in a stream": lambda request: sse([{"error": {"message": f"key {KEY} is out of credits"}}]),
    "in a page": lambda request: [whole(f"<html>{KEY}</html>", content_type="text/html")],
    "in a broken frame": lambda request: sse(
        [f'{{"{KEY}'.encode() and f"data: {{{KEY}\n\n".encode()]
    ),
}


@pytest.mark.parametrize("script", REPEATING.values(), ids=REPEATING)
@pytest.mark.parametrize("stream", [False, True])
def test_a_key_that_the_server_repeats_is_in_no_exception(
    script: Any, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        Loopback(script) as server,
        OpenAI(base_url=server.url, api_key=KEY, max_retries=0) as client,
    ):
        with pytest.raises(APIError) as error:
            list(client.chat.completions.create(**{**ASKED, "stream": stream}))
        assert KEY not in told(error.value)
        assert KEY not in caplog.text


def test_the_key_is_in_no_repr_and_no_pickle(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Loopback(speaking()) as server, OpenAI(base_url=server.url, api_key=KEY) as client:
        stream = client.chat.completions.create(**ASKED)
        list(stream)
        raw = client.chat.completions.with_raw_response.create(**{**ASKED, "stream": False})
        for each in (client, client.chat, client.chat.completions, client.models, stream, raw):
            assert KEY not in repr(each)
            assert KEY not in str(vars(each))
        for hidden in (client._options, client._options.key, client._planner):
            assert KEY not in repr(hidden)
        with pytest.raises(TypeError):
            pickle.dumps(client)
        assert KEY not in repr(copy.deepcopy(client._options))
        assert KEY not in repr(client.explain_request(**ASKED))
        assert client.api_key == KEY  # to whoever asks for it by name
        assert KEY not in caplog.text
        assert PROMPT not in caplog.text


def test_an_exception_is_pickled_with_its_words_and_without_secrets() -> None:
    with (
        Loopback(
            [whole({"error": {"message": "No", "code": "c"}}, 400, x_request_id="r")]
        ) as server,
        OpenAI(base_url=server.url, api_key=KEY, default_headers={"X-Api-Key": "k" * 24}) as client,
    ):
        with pytest.raises(APIStatusError) as error:
            client.chat.completions.create(**ASKED)
        again = pickle.loads(pickle.dumps(error.value))
        assert (type(again), str(again)) == (type(error.value), str(error.value))
        assert (again.code, again.status_code, again.request_id) == ("c", 400, "r")
        assert "k" * 24 not in told(error.value)


def test_a_key_with_a_line_end_is_refused_without_being_shown() -> None:
    for wrong in (f"{KEY}\n", f"{KEY}ä"):
        with pytest.raises(StreamnormError) as error:
            OpenAI(api_key=wrong)
        assert KEY not in told(error.value)


def test_a_key_in_the_base_url_is_refused_without_being_shown() -> None:
    with pytest.raises(StreamnormError, match="api_key") as error:
        OpenAI(base_url=f"https://user:{KEY}@127.0.0.1/v1")
    assert KEY not in told(error.value)


# Answers that do not stream.


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Any:
    """Asks for an answer that does not stream."""

    def sync(server: Loopback) -> Any:
        with OpenAI(base_url=server.url, timeout=PATIENCE, max_retries=0) as client:
            return client.chat.completions.create(**{**ASKED, "stream": False})

    async def main(server: Loopback) -> Any:
        async with AsyncOpenAI(base_url=server.url, timeout=PATIENCE, max_retries=0) as client:
            return await client.chat.completions.create(**{**ASKED, "stream": False})

    return sync if request.param == "sync" else lambda server: asyncio.run(main(server))


def test_a_body_that_breaks_off_is_a_connection_error_with_its_cause(ask: Any) -> None:
    body = whole(completion(Style("openai", 5), SAID))
    with Loopback([body[:-20], 0.05, "close"]) as server:
        with pytest.raises(APIConnectionError) as error:
            ask(server)
        assert isinstance(error.value.__cause__, httpx.TransportError)
        assert len(server.seen) == 1


def test_a_body_that_never_ends_is_a_timeout(ask: Any) -> None:
    body = whole(completion(Style("openai", 5), SAID))
    with Loopback([body[:-20], "hang"]) as server:
        with pytest.raises(APITimeoutError):
            ask(server)
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"{", b'"x"', b"\xff\xfe", b"<html>", b"{" * 5000]
)
def test_a_body_that_is_no_completion_is_an_error(ask: Any, body: bytes) -> None:
    with Loopback([whole(body)]) as server, pytest.raises(APIError) as error:
        ask(server)
    assert isinstance(error.value, StreamInvalid | ReportedError)


def test_a_stream_for_an_answer_that_was_not_to_stream_is_read(ask: Any) -> None:
    with Loopback(lambda request: sse(chunks(Style("openai", 5), SAID))) as server:
        answer = ask(server)
        assert answer.choices[0].message.content == SAID.text
        assert answer.findings[0].code == "stream-for-body"


def test_a_json_body_for_a_stream_is_read_as_one() -> None:
    with (
        Loopback([whole(completion(Style("openai", 5), SAID))]) as server,
        OpenAI(base_url=server.url) as client,
    ):
        stream = client.chat.completions.create(**ASKED)
        list(stream)
        assert stream.complete
        assert stream.result.message.tool_calls[0].name == "get_weather"
        assert "json-body" in {finding.code for finding in stream.findings}
