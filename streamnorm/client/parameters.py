"""The arguments of the API's methods: which there are, which must be given, and which are about the request and not in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final, Required, TypedDict

from streamnorm.client.given import given

__all__ = ["ABOUT", "CREATE", "HELPED", "Arguments", "arguments"]


class Arguments(TypedDict, total=False):
    """Of `chat.completions.create`, `stream` and `parse` (OpenAI SDK 3.52); the last four are about the request."""

    messages: Required[list[Any]]
    model: Required[str]
    audio: Any
    frequency_penalty: float | None
    function_call: Any
    functions: list[Any]
    logit_bias: dict[str, int] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    max_tokens: int | None
    metadata: dict[str, str] | None
    modalities: list[str] | None
    moderation: Any
    n: int | None
    parallel_tool_calls: bool
    prediction: Any
    presence_penalty: float | None
    prompt_cache_key: str
    prompt_cache_options: Any
    prompt_cache_retention: str | None
    reasoning_effort: str | None
    response_format: Any
    safety_identifier: str
    seed: int | None
    service_tier: str | None
    stop: str | list[str] | None
    store: bool | None
    stream_options: Any
    temperature: float | None
    tool_choice: Any
    tools: list[Any]
    top_logprobs: int | None
    top_p: float | None
    user: str
    verbosity: str | None
    web_search_options: Any
    extra_headers: Mapping[str, Any] | None
    extra_query: Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    timeout: Any


#: About the request, and not in its body.
ABOUT: Final = frozenset(("extra_headers", "extra_query", "extra_body", "timeout"))

#: Of `stream` and `parse`, and of `create`.
HELPED: Final = frozenset(Arguments.__annotations__)
CREATE: Final = HELPED | {"stream"}

_NEEDED: Final = ("messages", "model")


def arguments(method: str, known: frozenset[str], passed: dict[str, Any]) -> dict[str, Any]:
    """Those that were given. Raises TypeError for one that does not exist, and for one that is missing."""
    found = given(passed)
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TypeError(
                f"{method}() got an unexpected keyword argument {name!r}; {hint}what the endpoint knows beyond OpenAI's goes "
                "into extra_body"
            )
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise TypeError(f"{method}() is missing {' and '.join(map(repr, missing))}")
    return found
