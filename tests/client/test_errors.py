"""The SDK's exceptions by name, class, words and attributes; and no key in anything that can be shown or kept."""

from __future__ import annotations

import inspect
import json
import pickle
import traceback
from functools import cache
from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import VALUES

import streamnorm
from streamnorm.assemble import Result
from streamnorm.client import errors
from streamnorm.client.errors import status_error, stream_error
from streamnorm.client.types import ChatCompletion
from streamnorm.events import StreamFailed

openai = pytest.importorskip("openai", minversion="3.52")

KEY = "sk-proj-abcdefghijklmnop1234567890"
OTHER_KEY = "my own key 7 with spaces"
NAMES = [name for name in errors.__all__ if hasattr(openai, name)]


def request_of(library: Any = httpx) -> Any:
    headers = {
        "Authorization": f"Bearer {KEY}",
        "api-key": "opaque-1234-5678",
        "X-Team": "a1b2c3d4e5f6",
    }
    url = "https://host.example/v1/chat/completions?api-version=1&key=hush-hush-hush"
    return library.Request("POST", url, headers=headers, json={"model": "m"})


def response_of(status: int, body: bytes = b"", library: Any = httpx) -> Any:
    headers = {"x-request-id": "req_1", "set-cookie": "session=abcdef123456", "content-type": "x/y"}
    return library.Response(status, headers=headers, content=body, request=request_of(library))


@cache
def their_client() -> Any:
    return openai.OpenAI(api_key="k", base_url="http://host.example")


def theirs(status: int, body: bytes) -> Any:
    return their_client()._make_status_error_from_response(response_of(status, body, httpx2))


def ours(status: int, body: bytes, library: Any = httpx) -> Any:
    return status_error(response_of(status, body, library), body)


def ancestors(kind: type) -> list[str]:
    return [
        each.__name__
        for each in kind.__mro__
        if each.__module__.startswith(("openai", "streamnorm.client"))
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_has_the_place_and_the_signature_of_the_sdks(name: str) -> None:
    here, there = getattr(errors, name), getattr(openai, name)
    assert ancestors(here) == ancestors(there)
    assert issubclass(here, streamnorm.StreamnormError)
    if name == "OpenAIError":
        return  # it takes what any exception takes
    kinds = [
        [
            (each.name, each.kind, each.default)
            for each in inspect.signature(kind).parameters.values()
        ]
        for kind in (here, there)
    ]
    assert kinds[0] == kinds[1]


def test_none_of_the_sdks_is_missing() -> None:
    assert len(NAMES) == 16


ATTRIBUTES = ("message", "code", "param", "type", "status_code", "request_id", "body")
STATUSES = (400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 529)


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "No.", "type": "invalid", "param": "model", "code": "bad"}},
        {"error": {"message": "No.", "code": 1234}},
        {"message": "No.", "code": None},
    ],
)
def test_a_status_makes_the_sdks_exception(status: int, body: Any, library: Any) -> None:
    data = json.dumps(body).encode()
    here, there = ours(status, data, library), theirs(status, data)
    assert type(here).__name__ == type(there).__name__
    assert str(here) == str(there)
    for name in ATTRIBUTES:
        assert getattr(here, name) == getattr(there, name), name
    assert here.response.status_code == status
    assert isinstance(here.request, library.Request)


@given(st.sampled_from(STATUSES), VALUES)
def test_any_json_body_makes_the_sdks_class_and_body(status: int, body: Any) -> None:
    data = json.dumps(body).encode()
    here, there = ours(status, data), theirs(status, data)
    assert (type(here).__name__, here.body, here.code) == (
        type(there).__name__,
        there.body,
        there.code,
    )
    assert str(here).startswith(f"Error code: {status}")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'[{"error": {"message": "API key not valid", "code": 400}}]', "API key not valid"),
        (b'{"error": "model is loading"}', "model is loading"),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b"\x1b[2Jgone", "\\x1b[2Jgone"),
    ],
)
def test_words_are_found_wherever_a_server_puts_them(body: bytes, words: str) -> None:
    assert str(ours(500, body)) == f"Error code: 500 - {words}"


def test_an_empty_body_has_no_words() -> None:
    assert str(ours(500, b"")) == "Error code: 500"


def test_long_words_are_cut_and_the_body_is_not() -> None:
    body = json.dumps({"error": {"message": "a" * 90_000}}).encode()
    error = ours(400, body)
    assert len(str(error)) < 2_200
    assert len(error.body["message"]) == 90_000


FAILURES = {
    "truncated": (errors.StreamTruncated, errors.APIConnectionError, streamnorm.StreamTruncated),
    "server": (errors.ReportedError, errors.APIError, streamnorm.ServerError),
    "invalid": (errors.StreamInvalid, errors.APIError, streamnorm.StreamInvalid),
    "too_large": (errors.StreamInvalid, errors.APIError, streamnorm.StreamInvalid),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failed_stream_is_both_the_sdks_and_the_cores(kind: Any) -> None:
    partial = Result(id="c", model="m", created=1, choices=[])
    failure = StreamFailed(kind, "the words", type="busy", code=503)
    error = stream_error(failure, partial, response_of(200))
    assert type(error) is FAILURES[kind][0]
    assert all(isinstance(error, each) for each in FAILURES[kind])
    assert (str(error), error.message, error.partial) == ("the words", "the words", partial)
    if kind == "server":
        assert (error.code, error.type) == ("503", "busy")
        assert error.body == {"message": "the words", "type": "busy", "code": 503}


SECRETS = (KEY, "opaque-1234-5678", "a1b2c3d4e5f6", "hush-hush-hush", "abcdef123456")


def all_errors() -> list[Exception]:
    echo = json.dumps({"error": {"message": f"bad key {KEY}", "header": f"api-key: {SECRETS[1]}"}})
    made: list[Exception] = [ours(status, echo.encode()) for status in STATUSES]
    made += [ours(401, f"no such key: {KEY}".encode(), library) for library in (httpx, httpx2)]
    made += [
        stream_error(StreamFailed(kind, f"{KEY} is bad"), None, response_of(200))  # type: ignore[arg-type]
        for kind in FAILURES
    ]
    made += [
        errors.APIConnectionError(request=request_of()),
        errors.APITimeoutError(request_of()),
        errors.APIResponseValidationError(response_of(200), None),
    ]
    return made


def shown(error: Exception) -> str:
    try:
        raise error
    except type(error) as raised:
        lines = traceback.TracebackException.from_exception(raised, capture_locals=True).format()
        return "".join(lines)


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: type(error).__name__)
def test_no_key_is_in_what_can_be_shown_or_kept(error: Any) -> None:
    kept = {
        "repr": repr(error),
        "str": str(error),
        "attributes": repr(vars(error)),
        "traceback": shown(error),
        "request": repr(error.request.headers.raw) + str(error.request.url),
        "pickle": pickle.dumps(error).decode("latin-1"),
    }
    if hasattr(error, "response"):
        kept["its request"] = repr(error.response.request.headers.raw)
    for where, text in kept.items():
        for secret in SECRETS:
            assert secret not in text, where


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: type(error).__name__)
def test_a_pickle_comes_back_as_the_same_error(error: Any) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    for name in ATTRIBUTES:
        assert getattr(back, name, None) == getattr(error, name, None)
    assert (back.request.method, back.request.url) == (error.request.method, error.request.url)
    if hasattr(error, "response"):
        assert back.response.status_code == error.response.status_code
        assert back.response.request is back.request


def test_a_cut_completion_travels_with_its_error() -> None:
    completion = ChatCompletion.from_dict(
        {"id": "c", "choices": [], "x": 1, "usage": {"total_tokens": 1}}
    )
    for kind in (errors.LengthFinishReasonError, errors.ContentFilterFinishReasonError):
        error = kind(completion=completion)
        assert str(error) == str(getattr(openai, kind.__name__)(completion=completion))
        assert pickle.loads(pickle.dumps(error)).completion == completion


def test_the_body_of_a_request_that_streams_is_not_waited_for() -> None:
    request = httpx.Request("POST", "http://host.example", content=iter([b"a"]))
    assert errors.APIConnectionError(request=request).request.method == "POST"
