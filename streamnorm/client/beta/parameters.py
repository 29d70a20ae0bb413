"""The arguments of the methods of `client.beta`: for type checkers, for `help()`, and to hold calls against.

No `from __future__ import annotations` here: which arguments are required is read from these classes when they run.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, Required, TypedDict, get_args, get_origin

from streamnorm.client.given import NOT_GIVEN

__all__ = [
    "About",
    "AssistantCreate",
    "AssistantUpdate",
    "Listing",
    "MessageCreate",
    "MessageListing",
    "MessageUpdate",
    "Outputs",
    "OutputsPolling",
    "Polling",
    "RunCreate",
    "RunPolling",
    "RunUpdate",
    "StepListing",
    "StepRetrieve",
    "ThreadCreate",
    "ThreadRun",
    "ThreadRunPolling",
    "ThreadUpdate",
    "checked",
    "signature_of",
]

Metadata = dict[str, str] | None


class About(TypedDict, total=False):
    """About a request, and not in it."""

    extra_headers: Mapping[str, Any] | None
    extra_query: Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    timeout: Any


class _Assistant(About, total=False):
    description: str | None
    instructions: str | None
    metadata: Metadata
    name: str | None
    reasoning_effort: str | None
    response_format: Any
    temperature: float | None
    tool_resources: Any
    tools: Iterable[Any]
    top_p: float | None


class AssistantUpdate(_Assistant, total=False):
    model: str


class AssistantCreate(_Assistant, total=False):
    model: Required[str]


class ThreadUpdate(About, total=False):
    metadata: Metadata
    tool_resources: Any


class ThreadCreate(ThreadUpdate, total=False):
    messages: Iterable[Any]


class MessageUpdate(About, total=False):
    metadata: Metadata


class MessageCreate(MessageUpdate, total=False):
    content: Required[str | Iterable[Any]]
    role: Required[Literal["user", "assistant"]]
    attachments: Iterable[Any] | None


class Listing(About, total=False):
    after: str
    before: str
    limit: int
    order: Literal["asc", "desc"]


class MessageListing(Listing, total=False):
    run_id: str


class StepRetrieve(About, total=False):
    include: list[str]


class StepListing(Listing, StepRetrieve, total=False):
    pass


class _Run(About, total=False):
    assistant_id: Required[str]
    instructions: str | None
    max_completion_tokens: int | None
    max_prompt_tokens: int | None
    metadata: Metadata
    model: str | None
    parallel_tool_calls: bool
    response_format: Any
    temperature: float | None
    tool_choice: Any
    tools: Iterable[Any] | None
    top_p: float | None
    truncation_strategy: Any


class RunCreate(_Run, total=False):
    include: list[str]
    additional_instructions: str | None
    additional_messages: Iterable[Any] | None
    reasoning_effort: str | None


class ThreadRun(_Run, total=False):
    thread: Any
    tool_resources: Any


class RunUpdate(About, total=False):
    metadata: Metadata


class Polling(About, total=False):
    poll_interval_ms: int


class RunPolling(RunCreate, Polling, total=False):
    pass


class ThreadRunPolling(ThreadRun, Polling, total=False):
    pass


class Outputs(About, total=False):
    tool_outputs: Required[Iterable[Any]]


class OutputsPolling(Outputs, Polling, total=False):
    pass


def signature_of(method: Callable[..., Any]) -> inspect.Signature:
    """The signature of a method whose last parameter is `**passed: Unpack[...]`, with what that stands for spelt out."""
    signature = inspect.signature(method)
    *own, passed = signature.parameters.values()
    name = str(passed.annotation).removeprefix("Unpack[").removesuffix("]")
    kind = method.__globals__[name]
    others = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(kind, name),
            annotation=get_args(hint)[0] if get_origin(hint) is Required else hint,
        )
        for name, hint in sorted(kind.__annotations__.items(), key=lambda item: item[0] in _ABOUT)
    ]
    returns = re.sub(r"^Flow\[(\w+)\]$", r"\1", str(signature.return_annotation))
    return signature.replace(parameters=[*own, *others], return_annotation=returns)


_ABOUT: Final = About.__annotations__


def _default(kind: Any, name: str) -> Any:
    if name in kind.__required_keys__:
        return inspect.Parameter.empty
    return None if name.startswith("extra_") else NOT_GIVEN


def checked(name: str, signature: inspect.Signature, args: Any, passed: Mapping[str, Any]) -> None:
    """Raises TypeError where a method cannot be called so, and says what is missing or meant."""
    try:
        signature.bind(*args, **passed)
    except TypeError as error:
        unknown = next((key for key in passed if key not in signature.parameters), "")
        near = difflib.get_close_matches(unknown, signature.parameters, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"{name}() {error}{hint}") from None
