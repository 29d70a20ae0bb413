"""The parameters of each request, as tables: what a body and a query may say. No request is looked at anywhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine.refusals import Refusal
from streamnorm.assistants.engine.shapes import (
    message,
    response_format,
    tool_choice,
    tool_resources,
    tools,
    truncation,
)
from streamnorm.assistants.engine.values import (
    Check,
    boolean,
    fields,
    items,
    metadata,
    number,
    one_of,
    text,
    whole,
)

__all__ = [
    "ASSISTANT",
    "ASSISTANT_CHANGES",
    "LABELS",
    "NOTHING",
    "OUTPUTS",
    "RUN",
    "THREAD",
    "THREAD_AND_RUN",
    "THREAD_CHANGES",
    "Page",
    "page_of",
    "read_body",
]

#: Messages of one request, and outputs of one submit.
MAX_MESSAGES: Final = 1_000
MAX_OUTPUTS: Final = 128
#: Characters of one output.
MAX_OUTPUT: Final = 512_000

_SAMPLING: Final[dict[str, Check]] = {
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "response_format": response_format,
    "reasoning_effort": text(32),
}

_ASSISTANT: Final[dict[str, Check]] = {
    **_SAMPLING,
    "model": text(256, least=1),
    "name": text(256),
    "description": text(512),
    "instructions": text(),
    "metadata": metadata,
    "tools": tools,
    "tool_resources": tool_resources,
}

ASSISTANT: Final = fields(_ASSISTANT, needed=("model",))
ASSISTANT_CHANGES: Final = fields(_ASSISTANT)

_THREAD: Final[dict[str, Check]] = {"metadata": metadata, "tool_resources": tool_resources}

THREAD_CHANGES: Final = fields(_THREAD)
THREAD: Final = fields({**_THREAD, "messages": items(message, MAX_MESSAGES)})

_RUN: Final[dict[str, Check]] = {
    **_SAMPLING,
    "assistant_id": text(256, least=1),
    "model": text(256, least=1),
    "instructions": text(),
    "metadata": metadata,
    "tools": tools,
    "stream": boolean,
    "max_prompt_tokens": whole(256),
    "max_completion_tokens": whole(256),
    "truncation_strategy": truncation,
    "tool_choice": tool_choice,
    "parallel_tool_calls": boolean,
}

RUN: Final = fields(
    {
        **_RUN,
        "additional_instructions": text(),
        "additional_messages": items(message, MAX_MESSAGES),
    },
    needed=("assistant_id",),
)
THREAD_AND_RUN: Final = fields(
    {**_RUN, "thread": THREAD, "tool_resources": tool_resources}, needed=("assistant_id",)
)

OUTPUTS: Final = fields(
    {
        "tool_outputs": items(
            fields({"tool_call_id": text(256, least=1), "output": text(MAX_OUTPUT)}),
            MAX_OUTPUTS,
        ),
        "stream": boolean,
    },
    needed=("tool_outputs",),
)

#: What of a message or a run can be changed.
LABELS: Final = fields({"metadata": metadata})
NOTHING: Final = fields({})


def read_body(check: Check, body: bytes) -> dict[str, Any]:
    """The parameters of a request. Raises Refusal."""
    if not body:
        return check({}, "")  # type: ignore[no-any-return]
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Refusal("We could not parse the JSON body of your request.") from None
    return check(value, "")  # type: ignore[no-any-return]


_is_number: Final = re.compile("[0-9]{1,3}").fullmatch


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is asked for. `after` and `before` are ids, "" for none."""

    limit: int
    newest_first: bool
    after: str
    before: str
    run_id: str

    @property
    def bounds(self) -> list[tuple[str, bool]]:
        """The ids that it lies behind or before, and whether what is asked for is newer."""
        found = ((self.after, not self.newest_first), (self.before, self.newest_first))
        return [(each, newer) for each, newer in found if each]

    @property
    def backwards(self) -> bool:
        """Those right before an id are asked for."""
        return bool(self.before and not self.after)


_LIMIT: Final = 20
_MOST: Final = 100


def page_of(query: Mapping[str, str]) -> Page:
    """Raises Refusal. Parameters of other kinds are let pass, as the API does: `include[]` asks for what nothing here has."""
    limit = query.get("limit", "") or str(_LIMIT)
    if not _is_number(limit) or not 1 <= int(limit) <= _MOST:
        raise Refusal(
            f"Invalid 'limit': it is {limit!r:.80}, and may be 1 to {_MOST}.",
            param="limit",
            code="invalid_value",
        )
    order = one_of("asc", "desc")(query.get("order") or "desc", "order")
    return Page(
        int(limit),
        order == "desc",
        query.get("after", ""),
        query.get("before", ""),
        query.get("run_id", ""),
    )
