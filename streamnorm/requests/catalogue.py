"""The request rules by their ids, in words, and those of them that no body is rewritten for. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["PASSED", "REQUEST_RULES"]

#: What can stand between a well-formed request and a server, by its id, with what a client does about it. A profile names
#: those that hold for its provider; the table is closed so that a misspelt one fails at load.
REQUEST_RULES: Final[Mapping[str, str]] = {
    "stream_options-rejected": "Leave `stream_options` out of the request; count usage some other way.",
    "parallel_tool_calls-rejected": "Leave `parallel_tool_calls` out unless tools go along and the model is known to take it.",
    "assistant-content-null-vs-empty": "Give a turn that only calls tools the kind of empty `content` this server takes.",
    "empty-assistant-message-rejected": "Take assistant turns with neither text nor calls out of the history.",
    "developer-role-rejected": "Send instructions under the role `system`, not `developer`.",
    "max_tokens-vs-max_completion_tokens": "Use the one name for the output limit that the model knows.",
    "tool_choice-required-vs-any": "Ask for a call with `any`; force one tool by sending that tool alone.",
    "tool_choice-unsupported-values": "Fall back to `auto`, and tell the caller that a call is no longer certain.",
    "tool_choice-none-garbles": "To rule calls out, send no tools instead of the choice `none`.",
    "strict-unsupported": "Take `strict` out of the tools and check the arguments when they arrive.",
    "schema-keywords-rejected": "Rewrite the schema keywords the server refuses; validate against the original.",
    "additionalProperties-false-required": "Under `strict`, close each object with `additionalProperties: false`.",
    "noarg-schema-must-be-object": "Describe a tool without parameters by an object schema with no properties.",
    "content-must-be-string": "Join the text parts of a message into one string.",
    "tool-call-id-format": "Map replayed call ids to the length and alphabet allowed, the same way in call and result.",
    "replay-strip-stream-only-keys": "Replay only a message's own fields, none that exist in deltas alone.",
    "arguments-must-be-valid-json-string": "Replay a call's arguments as a string that parses as JSON.",
    "tool-result-must-be-string": "Serialise a tool's result; the message's content is a string.",
    "tool-vs-function-role": "Answer in the style of the call: role `tool` with its id, or role `function` with its name.",
    "no-user-after-tool": "Put an assistant turn between a tool's result and the next user turn.",
    "multiple-system-messages": "Merge all system messages into one, at the start.",
    "consecutive-assistant-rejected": "Merge assistant turns that follow one another.",
    "reasoning-must-be-replayed": "Send the reasoning of a turn back with its tool calls, in the field it came in.",
    "reasoning-must-not-be-replayed": "Take reasoning out of the replayed assistant turns.",
    "reasoning-switch-dialects": "Turn reasoning on or off with this host's own parameter, passed through untouched.",
    "tool_stream-flag": "Ask for streamed arguments with `tool_stream`; expect whole calls without it.",
    "incremental_output-flag": "Ask for increments with `incremental_output`, else each frame repeats the text so far.",
    "unknown-fields-rejected": "Send only fields the server knows; an extra one fails the whole request.",
    "temperature-limits": "Keep `temperature` inside the range this host accepts.",
    "n-greater-than-one": "Ask for one choice per request.",
    "response_format-with-tools": "Do not combine `response_format` with tools or streaming; send no empty tool list.",
    "seed-renamed": "Send the seed under this host's own name for it.",
    "tools-unsupported-model": "Check that the model takes tools, and refuse before the request if not.",
    "functions-only-legacy": "Write tools as `functions` and the choice as `function_call`.",
    "model-id-suffix": "Treat the model's id as opaque; parts of it route the request.",
    "user-agent-or-extra-headers": "Add the headers or query parameters this host wants beside the bearer key.",
    "max_tokens-default-too-low": "Always set the output limit; the host's own cuts calls short.",
}

#: Rules that a profile may name and that change no body, with the reason.
PASSED: Final[Mapping[str, str]] = {
    "reasoning-switch-dialects": "The parameter is the caller's, in this host's own words, and goes through as it is.",
    "incremental_output-flag": "It belongs to the host's own protocol, whose bodies are not chat completions.",
    "model-id-suffix": "The model's id goes through as it is.",
    "user-agent-or-extra-headers": "Headers and the query are no part of the body.",
}
