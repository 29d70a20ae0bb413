"""The exceptions of the client: the OpenAI SDK's names, attributes and messages, and three of ours for streams that fail. What
of a request they keep has no credentials in it; they know httpx's objects by their attributes only."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, assert_never

from streamnorm import errors
from streamnorm.client.kept import Packed, masker, packed, without_credentials
from streamnorm.dialects.failure import failure_in

if TYPE_CHECKING:
    from streamnorm.assemble import Result
    from streamnorm.events import StreamFailed

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "InternalServerError",
    "LengthFinishReasonError",
    "NotFoundError",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "ReportedError",
    "StreamInvalid",
    "StreamTruncated",
    "UnprocessableEntityError",
    "status_error",
    "stream_error",
]

#: Characters of a server's words in a message, and of a body that has none. `body` has all of it.
MAX_WORDS: Final = 2000
QUOTED: Final = 200

#: Characters that a terminal obeys, or that reorder or hide what follows. Lines and tabs stay.
_OBEYED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class OpenAIError(errors.StreamnormError):
    """The root of what the client raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle has the words and the attributes; of a request its method and URL, of a response its status and those headers
        that are nobody's secret."""
        state = {name: packed(value) for name, value in self.__dict__.items()}
        return _unpickled, (type(self), self.args, state)


class APIError(OpenAIError):
    """A request failed. `message` has the words, `body` what the server sent (decoded, the inside of `error`), `code`, `param`
    and `type` are the server's own; `request` is what was sent, its credentials masked."""

    code: str | None
    param: str | None
    type: str | None
    #: What had come before a stream failed.
    partial: Result | None = None

    def __init__(self, message: str, request: Any, *, body: object | None) -> None:
        super().__init__(message)
        self.request = without_credentials(request)
        self.message = message
        self.body = body
        told = body if isinstance(body, dict) else {}
        code = told.get("code")
        self.code = None if code is None else str(code)
        self.param = told.get("param")
        self.type = told.get("type")


class APIResponseValidationError(APIError):
    """The answer is not what the API says it is."""

    def __init__(self, response: Any, body: object | None, *, message: str | None = None) -> None:
        words = message or "Data returned by API invalid for expected schema."
        super().__init__(words, response.request, body=body)
        self.response = _answer_to(self.request, response)
        self.status_code: int = response.status_code


class APIStatusError(APIError):
    """The server answered with a status of 4xx or 5xx."""

    def __init__(self, message: str, *, response: Any, body: object | None) -> None:
        super().__init__(message, response.request, body=body)
        self.response = _answer_to(self.request, response)
        self.status_code: int = response.status_code
        self.request_id: str | None = response.headers.get("x-request-id")


class APIConnectionError(APIError):
    """No answer came, or it broke off."""

    def __init__(self, *, message: str = "Connection error.", request: Any) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    def __init__(self, request: Any) -> None:
        super().__init__(message="Request timed out.", request=request)


class BadRequestError(APIStatusError):
    """400."""


class AuthenticationError(APIStatusError):
    """401."""


class PermissionDeniedError(APIStatusError):
    """403."""


class NotFoundError(APIStatusError):
    """404."""


class ConflictError(APIStatusError):
    """409."""


class UnprocessableEntityError(APIStatusError):
    """422."""


class RateLimitError(APIStatusError):
    """429."""


class InternalServerError(APIStatusError):
    """500 and above."""


class LengthFinishReasonError(OpenAIError):
    """The message was cut at the length limit, and what was to be parsed of it cannot be."""

    def __init__(self, *, completion: Any) -> None:
        message = "Could not parse response content as the length limit was reached"
        super().__init__(f"{message} - {completion.usage}" if completion.usage else message)
        self.completion = completion


class ContentFilterFinishReasonError(OpenAIError):
    """The message was cut by the content filter, and what was to be parsed of it cannot be."""

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__(
            "Could not parse response content as the request was rejected by the content filter"
        )
        self.completion = completion


# Ours: a stream that failed. Each is also the exception of the same fault in the core, and `partial` is what had come.


class StreamTruncated(APIConnectionError, errors.StreamTruncated):  # type: ignore[misc]  # `code` is a string here
    """The stream ended without its end."""

    def __init__(self, message: str, *, request: Any, partial: Result | None = None) -> None:
        super().__init__(message=message, request=request)
        self.partial = partial


class ReportedError(APIError, errors.ServerError):  # type: ignore[misc]  # `code` is a string here
    """The server reported an error inside an answer of status 200; the message is its words."""

    def __init__(
        self, message: str, request: Any, *, body: object | None, partial: Result | None = None
    ) -> None:
        super().__init__(message, request, body=body)
        self.partial = partial


class StreamInvalid(APIError, errors.StreamInvalid):  # type: ignore[misc]  # `code` is a string here
    """What came is not what was promised: an HTML page or a JSON body for a stream, or frames that are no chunks."""

    def __init__(
        self, message: str, request: Any, *, body: object | None, partial: Result | None = None
    ) -> None:
        super().__init__(message, request, body=body)
        self.partial = partial


_BY_STATUS: Final[dict[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error(response: Any, body: bytes) -> APIStatusError:
    """The exception for a response of status 4xx or 5xx, by its body. Credentials of the request are written over wherever the
    server repeats them."""
    status = response.status_code
    text = masker(response.request)(body).decode("utf-8", "replace").strip()
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = text
    words = _words_of(decoded)
    message = f"Error code: {status} - {words}" if words else f"Error code: {status}"
    kind = _BY_STATUS.get(status, InternalServerError if status >= 500 else APIStatusError)
    inner = decoded.get("error", decoded) if isinstance(decoded, dict) else decoded
    return kind(message, response=response, body=inner)


def stream_error(
    failure: StreamFailed, partial: Result | None, response: Any
) -> StreamTruncated | ReportedError | StreamInvalid:
    """The exception for a stream (or a whole answer of status 200) that failed; `partial` is what had come."""
    request = response.request
    mask = masker(request)
    message = _shown(mask(failure.message.encode("utf-8", "replace")).decode("utf-8", "replace"))
    body = {"message": message, "type": failure.type, "code": failure.code}
    match failure.kind:
        case "truncated":
            return StreamTruncated(message, request=request, partial=partial)
        case "server":
            return ReportedError(message, request, body=body, partial=partial)
        case "invalid" | "too_large":
            return StreamInvalid(message, request, body=body, partial=partial)
        case _:
            assert_never(failure.kind)


def _words_of(decoded: Any) -> str:
    """What the body of a refusal says: the server's words wherever it puts them, or the beginning of the body."""
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else None
    if isinstance(error, dict) and isinstance(error.get("message"), str) and error["message"]:
        return _shown(error["message"])
    if isinstance(decoded, dict | list) and (failure := failure_in(decoded, "error")):
        return _shown(failure.message)
    text = decoded if isinstance(decoded, str) else repr(decoded)
    return _shown(text, QUOTED)


def _shown(text: str, most: int = MAX_WORDS) -> str:
    if len(text) > most:
        text = f"{text[:most]}... ({len(text):,} characters)"
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def _unpickled(kind: type[OpenAIError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind)
    error.args = args
    for name, value in state.items():
        error.__dict__[name] = value.unpacked() if isinstance(value, Packed) else value
    if "response" in state and "request" in state:
        error.__dict__["response"].request = error.__dict__["request"]
    return error


def _answer_to(request: Any, response: Any) -> Any:
    """The response, which from now on knows the masked request only."""
    response.request = request
    return response
