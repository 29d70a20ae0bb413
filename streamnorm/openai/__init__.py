"""`import streamnorm.openai as openai`: the names of the `openai` module, for code that changes nothing but its import.

What is not here, and why, is in `absent`; asking for it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai import absent
from streamnorm.openai.mirror import Mirror

if TYPE_CHECKING:
    from httpx import Timeout

    from streamnorm import __version__
    from streamnorm.assistants import AssistantEventHandler, AsyncAssistantEventHandler
    from streamnorm.client import DEFAULT_TIMEOUT, AsyncOpenAI, AsyncStream, OpenAI, Stream
    from streamnorm.client.errors import (
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConflictError,
        ContentFilterFinishReasonError,
        InternalServerError,
        LengthFinishReasonError,
        NotFoundError,
        OpenAIError,
        PermissionDeniedError,
        RateLimitError,
        StreamInvalid,
        StreamTruncated,
        UnprocessableEntityError,
    )
    from streamnorm.client.given import NOT_GIVEN, NotGiven, Omit, omit
    from streamnorm.client.retrying import MAX_RETRIES as DEFAULT_MAX_RETRIES
    from streamnorm.dialects.chat.model import Model as BaseModel
    from streamnorm.openai import lib, types
    from streamnorm.tools.models import pydantic_function_tool

    AsyncClient = AsyncOpenAI
    Client = OpenAI
    NoneType = type[None]
    not_given = NOT_GIVEN
    VERSION = __version__

__all__ = [
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "NOT_GIVEN",
    "VERSION",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AssistantEventHandler",
    "AsyncAssistantEventHandler",
    "AsyncClient",
    "AsyncOpenAI",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "BaseModel",
    "Client",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "InternalServerError",
    "LengthFinishReasonError",
    "NoneType",
    "NotFoundError",
    "NotGiven",
    "Omit",
    "OpenAI",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "Stream",
    "StreamInvalid",
    "StreamTruncated",
    "Timeout",
    "UnprocessableEntityError",
    "__version__",
    "lib",
    "not_given",
    "omit",
    "pydantic_function_tool",
    "types",
]

_mirror = Mirror(
    __name__,
    {
        "streamnorm": ("__version__", "VERSION=__version__"),
        "streamnorm.assistants": ("AssistantEventHandler", "AsyncAssistantEventHandler"),
        "streamnorm.client": (
            *("OpenAI", "AsyncOpenAI", "Client=OpenAI", "AsyncClient=AsyncOpenAI"),
            *("Stream", "AsyncStream", "DEFAULT_TIMEOUT"),
        ),
        "streamnorm.client.errors": (
            *("APIConnectionError", "APIError", "APIResponseValidationError", "APIStatusError"),
            *("APITimeoutError", "AuthenticationError", "BadRequestError", "ConflictError"),
            *("ContentFilterFinishReasonError", "InternalServerError", "LengthFinishReasonError"),
            *("NotFoundError", "OpenAIError", "PermissionDeniedError", "RateLimitError"),
            *("StreamInvalid", "StreamTruncated", "UnprocessableEntityError"),
        ),
        "streamnorm.client.given": (
            *("NOT_GIVEN", "NotGiven", "Omit", "not_given=NOT_GIVEN", "omit"),
        ),
        "streamnorm.client.retrying": ("DEFAULT_MAX_RETRIES=MAX_RETRIES",),
        "streamnorm.dialects.chat.model": ("BaseModel=Model",),
        "streamnorm.tools.models": ("pydantic_function_tool",),
        "httpx": ("Timeout",),
        "types": ("NoneType",),
    },
    packages=("lib", "types"),
    modules={
        "pagination": {
            "streamnorm.client.types.listed": ("AsyncPage", "SyncPage"),
            "streamnorm.client.beta.pages": ("AsyncCursorPage", "SyncCursorPage"),
        },
        "version": {"streamnorm": ("VERSION=__version__",)},
    },
    absent=absent.TOP,
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
