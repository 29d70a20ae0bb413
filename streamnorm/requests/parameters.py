"""The parameters of a request, beside its messages and tools: their names, their bounds, and those that a host does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard, cast

from streamnorm.errors import RequestError
from streamnorm.requests.work import Work, fits

if TYPE_CHECKING:
    from streamnorm.requests.options import (
        Bounds,
        FormatAlone,
        LimitDefault,
        LimitName,
        Pinned,
        SeedName,
        SeveralChoices,
        UnknownFields,
    )

__all__ = [
    "ask_for_one_choice",
    "ask_for_streamed_arguments",
    "drop_format_beside_tools",
    "drop_stream_options",
    "drop_unknown_fields",
    "keep_temperature",
    "name_output_limit",
    "name_seed",
    "pin_parallel_calls",
    "set_output_limit",
]

_LIMIT: Final = "max_tokens-vs-max_completion_tokens"
_DEFAULT: Final = "max_tokens-default-too-low"
_STREAM_OPTIONS: Final = "stream_options-rejected"
_PARALLEL: Final = "parallel_tool_calls-rejected"
_TEMPERATURE: Final = "temperature-limits"
_CHOICES: Final = "n-greater-than-one"
_FORMAT: Final = "response_format-with-tools"
_SEED: Final = "seed-renamed"
_TOOL_STREAM: Final = "tool_stream-flag"
_UNKNOWN: Final = "unknown-fields-rejected"

_LIMITS: Final = ("max_tokens", "max_completion_tokens")


def name_output_limit(work: Work) -> None:
    """The output limit under the one name that the model knows. Where both are given, the lower one holds for both."""
    claim = work.claim(_LIMIT)
    if claim is None:
        return
    options = cast("LimitName", claim.options)
    by_model = (name for pattern, name in options.models.items() if fits(work.model, pattern))
    name = next(by_model, options.name)
    if name is None:
        return
    other = _LIMITS[_LIMITS[0] == name]
    if name not in work.body:
        if other in work.body:
            work.rename(_LIMIT, other, name)
    elif other in work.body:
        limit, second = work.body[name], work.body[other]
        work.drop(_LIMIT, other, f": {name} says it")
        if _is_number(second) and (not _is_number(limit) or second < limit):
            work.put(_LIMIT, name, second, f"sent as {second}, the lower of two limits")


def set_output_limit(work: Work) -> None:
    """A limit, where the caller has none and the host's own is too low."""
    claim = work.claim(_DEFAULT)
    if claim is not None and not any(name in work.body for name in _LIMITS):
        work.add(_DEFAULT, "max_tokens", cast("LimitDefault", claim.options).tokens)


def drop_stream_options(work: Work) -> None:
    """No options of the stream, where they fail."""
    if work.claim(_STREAM_OPTIONS) is not None:
        work.drop(_STREAM_OPTIONS, "stream_options")


def pin_parallel_calls(work: Work) -> None:
    """Nothing is said about parallel calls, or always the one thing that the host takes."""
    claim = work.claim(_PARALLEL)
    if claim is None:
        return
    value = cast("Pinned", claim.options).value
    if value is None:
        work.drop(_PARALLEL, "parallel_tool_calls")
    elif "parallel_tool_calls" in work.body:
        work.put(_PARALLEL, "parallel_tool_calls", value)
    elif work.offered:
        work.add(_PARALLEL, "parallel_tool_calls", value)


def ask_for_one_choice(work: Work) -> None:
    """Several choices only at the temperature that they need. Raises RequestError where there is none: nobody can make several
    of one."""
    claim = work.claim(_CHOICES)
    number = work.body.get("n")
    if claim is None or not _is_number(number) or number <= 1:
        return
    needed = cast("SeveralChoices", claim.options).temperature
    if needed is None:
        raise RequestError(
            f"/n: this provider gives one choice a request ({claim.source}), and {number} are asked for: send several requests"
        )
    temperature = work.body.get("temperature")
    if _is_number(temperature) and temperature < needed:
        done = f"sent as {needed}: several choices need that"
        work.put(_CHOICES, "temperature", needed, done)


def keep_temperature(work: Work) -> None:
    """The temperature inside the bounds of the host."""
    claim = work.claim(_TEMPERATURE)
    temperature = work.body.get("temperature")
    if claim is None or not _is_number(temperature):
        return
    bounds = cast("Bounds", claim.options)
    if bounds.max is not None and temperature > bounds.max:
        work.put(_TEMPERATURE, "temperature", bounds.max)
    elif bounds.min is not None and temperature < bounds.min:
        work.put(_TEMPERATURE, "temperature", bounds.min)


def name_seed(work: Work) -> None:
    """The seed under the host's name for it."""
    claim = work.claim(_SEED)
    if claim is None or "seed" not in work.body:
        return
    name = cast("SeedName", claim.options).name
    if name in work.body:
        work.drop(_SEED, "seed", f": {name} says it")
    else:
        work.rename(_SEED, "seed", name)


def drop_format_beside_tools(work: Work) -> None:
    """No response format beside tools, and, where the profile says so, none in a stream."""
    claim = work.claim(_FORMAT)
    if claim is None or work.body.get("response_format") in (None, {"type": "text"}):
        return
    if work.offered:
        work.drop(_FORMAT, "response_format", ": there are tools; hold the answer against it")
    elif cast("FormatAlone", claim.options).streamed and work.body.get("stream") is True:
        work.drop(_FORMAT, "response_format", ": it is streamed; hold the answer against it")


def ask_for_streamed_arguments(work: Work) -> None:
    """Arguments piece by piece, where they have to be asked for."""
    if work.claim(_TOOL_STREAM) is not None and work.offered and work.body.get("stream") is True:
        work.add(_TOOL_STREAM, "tool_stream", True)


def drop_unknown_fields(work: Work) -> None:
    """Fields that the host, or this model, refuses."""
    claim = work.claim(_UNKNOWN)
    if claim is None:
        return
    options = cast("UnknownFields", claim.options)
    refused = set(options.fields)
    for pattern, fields in options.models.items():
        if fits(work.model, pattern):
            refused |= fields
    for field in [field for field in work.body if field in refused]:
        work.drop(_UNKNOWN, field)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
