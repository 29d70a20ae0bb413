"""The recorded streams of the corpus, served over a real socket, are read by the real SDK without a transport error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import corpus
import httpx
import openai
import pytest
from corpus_captures import corpus_capture, corpus_streams

from streamnorm.captures.serve import served

#: The SDK says that the assistants' endpoints are old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DIALECTS = ("chat", "responses", "assistants", "anthropic", "gemini")

#: Streams of each dialect that are played by default: spread over the whole.
SAMPLE = 40

MESSAGE = {"role": "user", "content": "Hi"}


def stream(
    client: openai.OpenAI, dialect: str, path: str, headers: dict[str, str]
) -> Iterator[Any]:
    """The stream, as the SDK reads it; dialects that are not the SDK's own as raw bytes."""
    match dialect:
        case "chat":
            return iter(
                client.chat.completions.create(
                    model="m", messages=[MESSAGE], stream=True, extra_headers=headers
                )
            )
        case "responses":
            return iter(
                client.responses.create(model="m", input="Hi", stream=True, extra_headers=headers)
            )
        case "assistants":
            return iter(
                client.beta.threads.runs.create(
                    "thread_1", assistant_id="asst_1", stream=True, extra_headers=headers
                )
            )
        case _:
            body = client.post(path, cast_to=httpx.Response, body={}, options={"headers": headers})
            return iter((body.content,))


def played(
    client: openai.OpenAI, dialect: str, path: str, headers: dict[str, str], status: int
) -> str:
    """How reading it went. A transport error is not caught: it fails the test."""
    try:
        for _ in stream(client, dialect, path, headers):
            pass
    except (openai.APIConnectionError, httpx.TransportError):
        raise
    except openai.APIStatusError as error:
        return "the recorded status" if error.status_code == status else "another status"
    except openai.APIError:
        return "an error in the stream"
    except Exception as error:  # what the SDK makes of a server's quirks is not ours
        return f"the SDK: {type(error).__name__}"
    return "read"


def play(folder: Path, dialect: str, streams: list[Path]) -> Counter[str]:
    paths = [corpus_capture(each, folder) for each in streams]
    went: Counter[str] = Counter()
    with (
        served(folder) as server,
        httpx.Client(timeout=10) as http,
        openai.OpenAI(
            api_key="k", base_url=f"{server.url}/v1", max_retries=0, http_client=http
        ) as client,
    ):
        for path, recorded in zip(paths, streams, strict=True):
            name = path.name.removesuffix(".cap.jsonl")
            capture = server.library[name]
            assert capture.header.response is not None
            status = capture.header.response.status
            headers = {"x-streamnorm-capture": quote(name)}
            went[played(client, dialect, capture.header.request.path, headers, status)] += 1
            with http.stream("POST", server.url, headers=headers) as response:
                assert (response.status_code, response.read()) == (status, recorded.read_bytes())
    return went


@pytest.mark.parametrize("dialect", DIALECTS)
def test_recorded_streams_reach_the_sdk_without_a_transport_error(
    tmp_path: Path, dialect: str
) -> None:
    corpus.require(corpus.CAPTURES)
    streams = corpus_streams(dialect)
    step = max(1, len(streams) // SAMPLE)
    went = play(tmp_path, dialect, streams[::step])
    assert not went["another status"]
    assert went["read"] > went.total() // 2


@pytest.mark.deep
@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_recorded_streams_reach_the_sdk_without_a_transport_error(
    tmp_path: Path, dialect: str
) -> None:
    corpus.require(corpus.CAPTURES)
    streams = corpus_streams(dialect)
    went = play(tmp_path, dialect, streams)
    print(f"{dialect}: {dict(went)}")
    assert went.total() == len(streams)
    assert not went["another status"]
    assert went["read"] > went.total() // 2
