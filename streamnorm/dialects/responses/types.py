"""The events of a Responses stream, one Struct each, under the names they have in OpenAI's SDKs. Knows nothing of order, nor
of what an event means.

Where servers leave out what the specification requires, there is a default; null is as good as missing. Responses, output
items and parts stay the dicts they are: they grow faster than any list of types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

__all__ = ["EVENTS", "ResponseEvent", "UnknownEvent", "decode", "typed"]


class _Event(msgspec.Struct, frozen=True, dict=True, kw_only=True, tag_field="type"):
    sequence_number: int | None = None

    @property
    def type(self) -> str:
        """The event's name on the wire."""
        return str(self.__struct_config__.tag)

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that came and are not in the specification; they are attributes too."""
        return self.__dict__


class _ResponseEvent(_Event, frozen=True):
    """`response` is the whole response as it stands."""

    response: dict[str, Any] = {}


class _ItemEvent(_Event, frozen=True):
    output_index: int | None = None
    item_id: str | None = None


class _PartEvent(_ItemEvent, frozen=True):
    content_index: int = 0


class _SummaryEvent(_ItemEvent, frozen=True):
    summary_index: int = 0


class _CommandEvent(_Event, frozen=True):
    """These name no item, only its place."""

    output_index: int | None = None
    command_index: int = 0


# The response.


class ResponseCreatedEvent(_ResponseEvent, frozen=True, tag="response.created"):
    """The first event."""


class ResponseQueuedEvent(_ResponseEvent, frozen=True, tag="response.queued"):
    """A response in the background waits for its turn."""


class ResponseInProgressEvent(_ResponseEvent, frozen=True, tag="response.in_progress"):
    """The model is at work."""


class ResponseCompletedEvent(_ResponseEvent, frozen=True, tag="response.completed"):
    """The last event; the response has all of its output, and the usage."""


class ResponseIncompleteEvent(_ResponseEvent, frozen=True, tag="response.incomplete"):
    """The last event of a response that was cut: `incomplete_details` in it says why."""


class ResponseFailedEvent(_ResponseEvent, frozen=True, tag="response.failed"):
    """The last event of a response that failed: `error` in it says why."""


class ResponseErrorEvent(_Event, frozen=True, tag="error"):
    """The stream failed. Real streams also have all of it in an object `error`: that is an extra."""

    code: str | None = None
    message: str = ""
    param: str | None = None


# Output items, and the parts in them.


class ResponseOutputItemAddedEvent(_Event, frozen=True, tag="response.output_item.added"):
    """An item begins. `item` has a `type`, and says nothing yet."""

    output_index: int | None = None
    item: dict[str, Any] = {}


class ResponseOutputItemDoneEvent(_Event, frozen=True, tag="response.output_item.done"):
    """`item` is whole."""

    output_index: int | None = None
    item: dict[str, Any] = {}


class ResponseContentPartAddedEvent(_PartEvent, frozen=True, tag="response.content_part.added"):
    part: dict[str, Any] = {}


class ResponseContentPartDoneEvent(_PartEvent, frozen=True, tag="response.content_part.done"):
    part: dict[str, Any] = {}


# Text.


class ResponseTextDeltaEvent(_PartEvent, frozen=True, tag="response.output_text.delta"):
    delta: str = ""
    logprobs: list[Any] = []


class ResponseTextDoneEvent(_PartEvent, frozen=True, tag="response.output_text.done"):
    text: str = ""
    logprobs: list[Any] = []


class ResponseOutputTextAnnotationAddedEvent(
    _PartEvent, frozen=True, tag="response.output_text.annotation.added"
):
    annotation_index: int = 0
    annotation: dict[str, Any] | None = None


class ResponseRefusalDeltaEvent(_PartEvent, frozen=True, tag="response.refusal.delta"):
    delta: str = ""


class ResponseRefusalDoneEvent(_PartEvent, frozen=True, tag="response.refusal.done"):
    refusal: str = ""


# Reasoning, itself and its summary.


class ResponseReasoningTextDeltaEvent(_PartEvent, frozen=True, tag="response.reasoning_text.delta"):
    delta: str = ""


class ResponseReasoningTextDoneEvent(_PartEvent, frozen=True, tag="response.reasoning_text.done"):
    text: str = ""


class ResponseReasoningSummaryPartAddedEvent(
    _SummaryEvent, frozen=True, tag="response.reasoning_summary_part.added"
):
    part: dict[str, Any] = {}


class ResponseReasoningSummaryPartDoneEvent(
    _SummaryEvent, frozen=True, tag="response.reasoning_summary_part.done"
):
    part: dict[str, Any] = {}
    status: str | None = None


class ResponseReasoningSummaryTextDeltaEvent(
    _SummaryEvent, frozen=True, tag="response.reasoning_summary_text.delta"
):
    delta: str = ""


class ResponseReasoningSummaryTextDoneEvent(
    _SummaryEvent, frozen=True, tag="response.reasoning_summary_text.done"
):
    text: str = ""


# Calls of the client's tools.


class ResponseFunctionCallArgumentsDeltaEvent(
    _ItemEvent, frozen=True, tag="response.function_call_arguments.delta"
):
    delta: str = ""


class ResponseFunctionCallArgumentsDoneEvent(
    _ItemEvent, frozen=True, tag="response.function_call_arguments.done"
):
    """The specification requires `name`; the SDKs do not know it."""

    arguments: str = ""
    name: str | None = None


class ResponseCustomToolCallInputDeltaEvent(
    _ItemEvent, frozen=True, tag="response.custom_tool_call_input.delta"
):
    delta: str = ""


class ResponseCustomToolCallInputDoneEvent(
    _ItemEvent, frozen=True, tag="response.custom_tool_call_input.done"
):
    input: str = ""


# Tools that the server runs.


class ResponseWebSearchCallInProgressEvent(
    _ItemEvent, frozen=True, tag="response.web_search_call.in_progress"
):
    pass


class ResponseWebSearchCallSearchingEvent(
    _ItemEvent, frozen=True, tag="response.web_search_call.searching"
):
    pass


class ResponseWebSearchCallCompletedEvent(
    _ItemEvent, frozen=True, tag="response.web_search_call.completed"
):
    pass


class ResponseFileSearchCallInProgressEvent(
    _ItemEvent, frozen=True, tag="response.file_search_call.in_progress"
):
    pass


class ResponseFileSearchCallSearchingEvent(
    _ItemEvent, frozen=True, tag="response.file_search_call.searching"
):
    pass


class ResponseFileSearchCallCompletedEvent(
    _ItemEvent, frozen=True, tag="response.file_search_call.completed"
):
    pass


class ResponseCodeInterpreterCallInProgressEvent(
    _ItemEvent, frozen=True, tag="response.code_interpreter_call.in_progress"
):
    pass


class ResponseCodeInterpreterCallCodeDeltaEvent(
    _ItemEvent, frozen=True, tag="response.code_interpreter_call_code.delta"
):
    delta: str = ""


class ResponseCodeInterpreterCallCodeDoneEvent(
    _ItemEvent, frozen=True, tag="response.code_interpreter_call_code.done"
):
    code: str = ""


class ResponseCodeInterpreterCallInterpretingEvent(
    _ItemEvent, frozen=True, tag="response.code_interpreter_call.interpreting"
):
    pass


class ResponseCodeInterpreterCallCompletedEvent(
    _ItemEvent, frozen=True, tag="response.code_interpreter_call.completed"
):
    pass


class ResponseImageGenCallInProgressEvent(
    _ItemEvent, frozen=True, tag="response.image_generation_call.in_progress"
):
    pass


class ResponseImageGenCallGeneratingEvent(
    _ItemEvent, frozen=True, tag="response.image_generation_call.generating"
):
    pass


class ResponseImageGenCallPartialImageEvent(
    _ItemEvent, frozen=True, tag="response.image_generation_call.partial_image"
):
    partial_image_index: int = 0
    partial_image_b64: str = ""
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None


class ResponseImageGenCallCompletedEvent(
    _ItemEvent, frozen=True, tag="response.image_generation_call.completed"
):
    pass


class ResponseMcpListToolsInProgressEvent(
    _ItemEvent, frozen=True, tag="response.mcp_list_tools.in_progress"
):
    pass


class ResponseMcpListToolsCompletedEvent(
    _ItemEvent, frozen=True, tag="response.mcp_list_tools.completed"
):
    pass


class ResponseMcpListToolsFailedEvent(
    _ItemEvent, frozen=True, tag="response.mcp_list_tools.failed"
):
    pass


class ResponseMcpCallInProgressEvent(_ItemEvent, frozen=True, tag="response.mcp_call.in_progress"):
    pass


class ResponseMcpCallArgumentsDeltaEvent(
    _ItemEvent, frozen=True, tag="response.mcp_call_arguments.delta"
):
    delta: str = ""


class ResponseMcpCallArgumentsDoneEvent(
    _ItemEvent, frozen=True, tag="response.mcp_call_arguments.done"
):
    arguments: str = ""


class ResponseMcpCallCompletedEvent(_ItemEvent, frozen=True, tag="response.mcp_call.completed"):
    pass


class ResponseMcpCallFailedEvent(_ItemEvent, frozen=True, tag="response.mcp_call.failed"):
    pass


class ResponseShellCallCommandAddedEvent(
    _CommandEvent, frozen=True, tag="response.shell_call_command.added"
):
    command: str = ""


class ResponseShellCallCommandDeltaEvent(
    _CommandEvent, frozen=True, tag="response.shell_call_command.delta"
):
    delta: str = ""
    obfuscation: str | None = None


class ResponseShellCallCommandDoneEvent(
    _CommandEvent, frozen=True, tag="response.shell_call_command.done"
):
    command: str = ""


class ResponseShellCallOutputContentDeltaEvent(
    _ItemEvent, frozen=True, tag="response.shell_call_output_content.delta"
):
    """`delta` has what was added to `stdout`, to `stderr`, or to both."""

    command_index: int = 0
    delta: dict[str, Any] = {}


class ResponseShellCallOutputContentDoneEvent(
    _ItemEvent, frozen=True, tag="response.shell_call_output_content.done"
):
    command_index: int = 0
    output: list[Any] = []


class ResponseCompactionCompactingEvent(
    _ItemEvent, frozen=True, tag="response.compaction.compacting"
):
    pass


# Audio, which belongs to no item.


class ResponseAudioDeltaEvent(_Event, frozen=True, tag="response.audio.delta"):
    """`delta` is base64."""

    delta: str = ""


class ResponseAudioDoneEvent(_Event, frozen=True, tag="response.audio.done"):
    pass


class ResponseAudioTranscriptDeltaEvent(_Event, frozen=True, tag="response.audio.transcript.delta"):
    delta: str = ""


class ResponseAudioTranscriptDoneEvent(_Event, frozen=True, tag="response.audio.transcript.done"):
    pass


class UnknownEvent(msgspec.Struct, frozen=True):
    """JSON that is none of the events here, or has the name of one and not its shape. `data` is all of it, untouched; `type`
    is "" where it has none."""

    type: str
    data: Any


ResponseEvent = (
    ResponseCreatedEvent
    | ResponseQueuedEvent
    | ResponseInProgressEvent
    | ResponseCompletedEvent
    | ResponseIncompleteEvent
    | ResponseFailedEvent
    | ResponseErrorEvent
    | ResponseOutputItemAddedEvent
    | ResponseOutputItemDoneEvent
    | ResponseContentPartAddedEvent
    | ResponseContentPartDoneEvent
    | ResponseTextDeltaEvent
    | ResponseTextDoneEvent
    | ResponseOutputTextAnnotationAddedEvent
    | ResponseRefusalDeltaEvent
    | ResponseRefusalDoneEvent
    | ResponseReasoningTextDeltaEvent
    | ResponseReasoningTextDoneEvent
    | ResponseReasoningSummaryPartAddedEvent
    | ResponseReasoningSummaryPartDoneEvent
    | ResponseReasoningSummaryTextDeltaEvent
    | ResponseReasoningSummaryTextDoneEvent
    | ResponseFunctionCallArgumentsDeltaEvent
    | ResponseFunctionCallArgumentsDoneEvent
    | ResponseCustomToolCallInputDeltaEvent
    | ResponseCustomToolCallInputDoneEvent
    | ResponseWebSearchCallInProgressEvent
    | ResponseWebSearchCallSearchingEvent
    | ResponseWebSearchCallCompletedEvent
    | ResponseFileSearchCallInProgressEvent
    | ResponseFileSearchCallSearchingEvent
    | ResponseFileSearchCallCompletedEvent
    | ResponseCodeInterpreterCallInProgressEvent
    | ResponseCodeInterpreterCallCodeDeltaEvent
    | ResponseCodeInterpreterCallCodeDoneEvent
    | ResponseCodeInterpreterCallInterpretingEvent
    | ResponseCodeInterpreterCallCompletedEvent
    | ResponseImageGenCallInProgressEvent
    | ResponseImageGenCallGeneratingEvent
    | ResponseImageGenCallPartialImageEvent
    | ResponseImageGenCallCompletedEvent
    | ResponseMcpListToolsInProgressEvent
    | ResponseMcpListToolsCompletedEvent
    | ResponseMcpListToolsFailedEvent
    | ResponseMcpCallInProgressEvent
    | ResponseMcpCallArgumentsDeltaEvent
    | ResponseMcpCallArgumentsDoneEvent
    | ResponseMcpCallCompletedEvent
    | ResponseMcpCallFailedEvent
    | ResponseShellCallCommandAddedEvent
    | ResponseShellCallCommandDeltaEvent
    | ResponseShellCallCommandDoneEvent
    | ResponseShellCallOutputContentDeltaEvent
    | ResponseShellCallOutputContentDoneEvent
    | ResponseCompactionCompactingEvent
    | ResponseAudioDeltaEvent
    | ResponseAudioDoneEvent
    | ResponseAudioTranscriptDeltaEvent
    | ResponseAudioTranscriptDoneEvent
    | UnknownEvent
)

#: The Struct of each event, by its name on the wire.
EVENTS: Final[Mapping[str, type[_Event]]] = {
    str(struct.__struct_config__.tag): struct
    for struct in get_args(ResponseEvent)
    if struct is not UnknownEvent
}


def decode(data: bytes) -> ResponseEvent:
    """The event in the data of one frame.

    Raises msgspec.DecodeError where `data` is no JSON.
    """
    return typed(msgspec.json.decode(data))


def typed(value: Any) -> ResponseEvent:
    """The event that a frame's JSON is."""
    kind = value.get("type") if isinstance(value, dict) else None
    struct = EVENTS.get(kind) if isinstance(kind, str) else None
    if struct is None:
        return UnknownEvent(kind if isinstance(kind, str) else "", value)
    there = {key: field for key, field in value.items() if field is not None}
    try:
        event: Any = msgspec.convert(there, struct)
    except msgspec.ValidationError:
        return UnknownEvent(str(kind), value)
    known = struct.__struct_fields__
    event.extra.update((k, v) for k, v in value.items() if k != "type" and k not in known)
    return event  # type: ignore[no-any-return]
