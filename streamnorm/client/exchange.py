"""One call of the API as a flow of steps, with no I/O in it: it yields what is to be done and is sent what came of it. The two
drivers in `drivers` carry the steps out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

import msgspec

from streamnorm.client import errors
from streamnorm.client.address import same_origin
from streamnorm.client.retrying import delay, worth_retrying
from streamnorm.client.timeouts import Timeout

__all__ = [
    "MAX_BODY",
    "Answer",
    "Call",
    "Close",
    "Failed",
    "Flow",
    "Invoke",
    "Now",
    "Read",
    "Send",
    "Sleep",
    "ask",
]

#: Redirects followed within one origin.
MAX_REDIRECTS: Final = 5

#: Bytes read of a body that says what went wrong, and of one that is an answer.
MAX_ERROR_BODY: Final = 256 * 1024
MAX_BODY: Final = 256 * 1024 * 1024

#: Redirects that keep method and body (RFC 9110, 15.4). The others turn a POST into a GET, which no endpoint means.
_KEEPING: Final = frozenset((307, 308))
_REDIRECTS: Final = frozenset((301, 302, 303)) | _KEEPING


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: Timeout
    query: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Call({self.method} {self.url})"


class Send(msgspec.Struct, frozen=True):
    """Send the call; comes back as the library's response with its body unread, or as `Failed`."""

    call: Call


class Read(msgspec.Struct, frozen=True):
    """Read the response's body, at most so many bytes, and close it; comes back as bytes or as `Failed`."""

    response: Any
    limit: int


class Close(msgspec.Struct, frozen=True):
    """Close the response."""

    response: Any


class Sleep(msgspec.Struct, frozen=True):
    """Wait so many seconds."""

    seconds: float


class Invoke(msgspec.Struct, frozen=True):
    """Call the function; comes back as what it returns, awaited where that can be."""

    function: Callable[[], Any]


class Now(msgspec.Struct, frozen=True):
    """Comes back as the seconds since 1970."""


class Failed(msgspec.Struct, frozen=True):
    """The transport failed. `error` is its exception, `timeout` whether it waited too long."""

    error: BaseException
    request: Any
    timeout: bool

    def exception(self) -> errors.APIConnectionError:
        """The exception for the caller, with the transport's as its cause."""
        if self.timeout:
            made: errors.APIConnectionError = errors.APITimeoutError(request=self.request)
        else:
            made = errors.APIConnectionError(
                message=f"Connection error: {self.error}"
                if str(self.error)
                else "Connection error.",
                request=self.request,
            )
        made.__cause__ = self.error
        return made


class Answer(msgspec.Struct, frozen=True):
    """A response that is no error, its body unread."""

    response: Any
    retries: int


Step = Send | Read | Close | Sleep | Invoke | Now
Flow = Generator[Step, Any, Any]

#: Asked once what to send instead, after an answer of status 400 to 499: given the status and the words, None for nothing.
Adapt = Callable[[int, str], Call | None]


def ask(
    call: Call, *, max_retries: int, adapt: Adapt | None = None
) -> Generator[Step, Any, Answer]:
    """Send a call until it is answered, or there is no point in trying again.

    Raises the errors of `streamnorm.client.errors`. Nothing is sent again once an answer has begun that is no error.
    """
    taken = 0
    while True:
        response = yield Send(call)
        if isinstance(response, Failed):
            if taken >= max_retries:
                raise response.exception()
            headers: Mapping[str, str] = {}
        elif response.status_code < 300:
            return Answer(response, taken)
        elif response.status_code in _REDIRECTS:
            response = yield from _redirected(call, response)
            if response.status_code < 300:
                return Answer(response, taken)
            raise (yield from _refused(response))
        else:
            headers = response.headers
            error = yield from _refused(response)
            other = adapt(response.status_code, str(error)) if adapt is not None else None
            if other is not None:
                call, adapt = other, None
                continue
            if taken >= max_retries or not worth_retrying(
                response.status_code, headers, (yield Now())
            ):
                raise error
        yield Sleep(delay(taken, headers, (yield Now())))
        taken += 1


def _refused(response: Any) -> Generator[Step, Any, errors.APIStatusError]:
    """What an answer of an error status says."""
    body = yield Read(response, MAX_ERROR_BODY)
    return errors.status_error(response, b"" if isinstance(body, Failed) else body)


def _redirected(call: Call, response: Any) -> Generator[Step, Any, Any]:
    """The answer behind redirects. Neither a key nor a prompt goes to another origin."""
    url = call.url
    for _ in range(MAX_REDIRECTS):
        target = _target(response)
        if response.status_code not in _REDIRECTS or target is None:
            return response
        yield Close(response)
        if not same_origin(url, target):
            raise errors.APIConnectionError(
                message=f"{_origin(url)} redirects to {_origin(target)}, and neither the key nor the request goes to another "
                "origin: if that is where the endpoint is, give it as base_url",
                request=response.request,
            )
        if call.body is not None and response.status_code not in _KEEPING:
            raise errors.APIConnectionError(
                message=f"{url} answers {response.status_code} and would have a {call.method} become a GET of {target}: "
                "give the right base_url",
                request=response.request,
            )
        url = target
        response = yield Send(msgspec.structs.replace(call, url=url, query=None))
        if isinstance(response, Failed):
            raise response.exception()
    if response.status_code in _REDIRECTS:
        yield Close(response)
        raise errors.APIConnectionError(
            message=f"more than {MAX_REDIRECTS} redirects", request=response.request
        )
    return response


def _target(response: Any) -> str | None:
    location = response.headers.get("location")
    return None if location is None else str(response.url.join(location))


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3]).rpartition("@")[2]
