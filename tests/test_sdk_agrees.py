"""The OpenAI SDK reads what we send and agrees; and the chunks we hand out look like its own."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from corpus import CAPTURES, FACTS, facts, require
from hypothesis import given
from strategies import Told, chunk, conformant_streams, sse, tell
from test_captures import everything

openai = pytest.importorskip("openai", minversion="3.52")

from openai._models import construct_type  # noqa: E402 - after the skip
from openai.lib.streaming.chat import ChatCompletionStreamState  # noqa: E402
from openai.types.chat import ChatCompletionChunk  # noqa: E402

#: It warns of values that its own types do not foresee; they are the server's.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

#: Normal streams that the SDK's accumulator cannot read, by the end of their names, and why. It cannot read them raw either.
BEYOND_THE_SDK = {
    "genai.xiaomi-mimo-v2-5-pro-thinking-genstream-tools-websearch.0.42988807.sse": "annotations in several deltas",
    "genai.xiaomi-mimo-v2-5-thinking-genstream-tools-websearch.0.37bd1c0c.sse": "annotations in several deltas",
    "llama_server/n2.sse": "the second choice speaks first: the SDK puts choices in a list by their index as they come",
}


@cache
def streams() -> list[tuple[str, bytes]]:
    """All scenarios and all captures."""
    scenarios = facts("scenarios.json") if (FACTS / "scenarios.json").exists() else []
    captures = everything() if (CAPTURES / "index.json").exists() else []
    return [*((s["id"], s["body"].encode()) for s in scenarios), *captures]


def payloads(body: bytes) -> list[Any]:
    """The JSON of the chunks in canonical SSE."""
    lines = [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line]
    decoded = [json.loads(line) for line in lines if line != "[DONE]"]
    return [item for item in decoded if "error" not in item]


def read_by_sdk(chunks: list[Any]) -> Any:
    """The completion that the SDK makes of chunks."""
    state: Any = ChatCompletionStreamState()
    for item in chunks:
        state.handle_chunk(construct_type(type_=ChatCompletionChunk, value=item))
    try:
        return state.get_final_completion()
    except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
        # It gives no completion where the message was cut, though it has one.
        return state.current_completion_snapshot


def disagreements(told: Told, completion: Any) -> list[str]:
    found = []

    def compare(what: str, ours: Any, theirs: Any) -> None:
        if ours != theirs:
            found.append(f"{what}: {ours!r} here, {theirs!r} there")

    compare("id", told.result.id, completion.id)
    compare(
        "choices", [c.index for c in told.result.choices], [c.index for c in completion.choices]
    )
    for ours, theirs in zip(told.result.choices, completion.choices, strict=False):
        message = theirs.message
        compare("finish", ours.finish_reason, theirs.finish_reason)
        compare("content", ours.message.content or "", message.content or "")
        compare("refusal", ours.message.refusal or "", message.refusal or "")
        reasoning = getattr(message, "reasoning_content", None)
        compare("reasoning", ours.message.reasoning_content or "", reasoning or "")
        calls = [(c.id, c.type, c.name, c.arguments) for c in ours.message.tool_calls]
        compare("calls", calls, [_of_sdk(call) for call in message.tool_calls or []])
    usage = completion.usage.to_dict(warnings=False) if completion.usage else None
    compare("usage", told.result.usage, usage)
    return found


def _of_sdk(call: Any) -> tuple[Any, ...]:
    return call.id, call.type, call.function.name, call.function.arguments


def test_the_sdk_reads_every_stream_as_we_do() -> None:
    require(CAPTURES / "index.json")
    wrong, read = [], 0
    for name, body in streams():
        if name.endswith(tuple(BEYOND_THE_SDK)):
            continue
        told = tell(body)
        if told.complete:
            read += 1
            found = disagreements(told, read_by_sdk(payloads(tell(body, "sse").output)))
            wrong += [(name, what) for what in found]
    assert wrong == []
    assert read > 1_000


@pytest.mark.parametrize("name", BEYOND_THE_SDK)
def test_what_is_beyond_the_sdk_is_beyond_it_raw(name: str) -> None:
    require(CAPTURES / "index.json")
    body = next(body for stream, body in streams() if stream.endswith(name))
    with pytest.raises((RuntimeError, IndexError)):
        read_by_sdk(payloads(body))


@given(conformant_streams(custom=False))
def test_the_sdk_reads_any_conformant_stream_as_we_do(stream: Any) -> None:
    told = tell(stream.body)
    assert disagreements(told, read_by_sdk(payloads(tell(stream.body, "sse").output))) == []


# Our chunks and theirs.


def as_theirs(item: dict[str, Any]) -> Any:
    """The SDK's chunk of the same JSON. It shows a field that it does not know wherever the wire has it; ours knows
    `reasoning_content` and shows it where it says something, so a null one is put aside first."""
    for choice in item["choices"]:
        if choice["delta"].get("reasoning_content", "") is None:
            del choice["delta"]["reasoning_content"]
    return construct_type(type_=ChatCompletionChunk, value=item)


def has_whole_logprob(value: Any) -> bool:
    """A logprob of `0`, say: the SDK makes it a float, ours keeps the number. Such chunks cannot be equal."""
    if isinstance(value, list):
        return any(has_whole_logprob(item) for item in value)
    if isinstance(value, dict):
        whole = type(value.get("logprob")) is int
        return whole or any(has_whole_logprob(item) for item in value.values())
    return False


def shape(model: Any) -> Any:
    """Class names and the names of their fields, in order, all the way down."""
    if isinstance(model, list):
        return [shape(item) for item in model]
    if not hasattr(model, "model_dump"):
        return type(model).__name__
    dumped = model.model_dump(warnings=False)
    return type(model).__name__, [(name, shape(getattr(model, name))) for name in dumped]


def differences(ours: Any, theirs: Any) -> list[str]:
    """Where the two chunks look different.

    Floats are written differently in JSON (1e-06, 1e-6), so JSON texts compare as what they hold, keys in order. A chunk of
    the fast path does not remember which of its nulls the wire had, so `to_dict` compares without nulls.
    """
    found = []
    pairs = json.JSONDecoder(object_pairs_hook=list).decode
    looks = {
        "repr": (repr(ours), repr(theirs)),
        "str": (str(ours), str(theirs)),
        "shape": (shape(ours), shape(theirs)),
        "model_dump": (list(ours.model_dump().items()), list(_dump(theirs).items())),
        "model_dump(exclude_none)": (
            ours.model_dump(exclude_none=True),
            _dump(theirs, exclude_none=True),
        ),
        "model_dump(exclude_defaults)": (
            ours.model_dump(exclude_defaults=True),
            _dump(theirs, exclude_defaults=True),
        ),
        "model_dump_json": (
            pairs(ours.model_dump_json()),
            pairs(theirs.model_dump_json(warnings=False)),
        ),
        "to_dict": (
            ours.to_dict(exclude_none=True),
            theirs.to_dict(exclude_none=True, warnings=False),
        ),
        "model_extra": (ours.model_extra, theirs.model_extra),
    }
    for look, (here, there) in looks.items():
        if here != there:
            found.append(f"{look}: {here!r} here, {there!r} there")
    return found


def _dump(theirs: Any, **options: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = theirs.model_dump(warnings=False, **options)
    return dumped


def test_our_chunks_look_like_theirs() -> None:
    require(CAPTURES / "index.json")
    wrong, compared = [], 0
    for name, body in streams():
        ours = tell(body, "chunks").output
        theirs = payloads(tell(body, "sse").output)
        assert len(ours) == len(theirs), name
        for our, item in zip(ours, theirs, strict=True):
            if has_whole_logprob(item):
                continue
            compared += 1
            wrong += [(name, what[:400]) for what in differences(our, as_theirs(item))]
    assert wrong == []
    assert compared > 50_000


@given(conformant_streams(most_choices=2))
def test_our_chunks_look_like_theirs_for_any_conformant_stream(stream: Any) -> None:
    ours = tell(stream.body, "chunks").output
    theirs = payloads(tell(stream.body, "sse").output)
    for our, item in zip(ours, theirs, strict=True):
        assert differences(our, as_theirs(item)) == []


def test_without_nulls_the_set_fields_agree_too() -> None:
    item = chunk(
        {"role": "assistant", "content": "Hi"}, "stop", x_vendor=1, system_fingerprint="fp"
    )
    for body in (sse([item]), sse([{**item, "usage": {"total_tokens": 1}}])):
        for ours, theirs in zip(
            tell(body, "chunks").output, payloads(tell(body, "sse").output), strict=True
        ):
            model = as_theirs(_without_nulls(theirs))
            assert ours.to_dict(exclude_none=True) == model.to_dict()
            assert ours.model_fields_set >= model.model_fields_set


def _without_nulls(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _without_nulls(value) for key, value in item.items() if value is not None}
    return [_without_nulls(value) for value in item] if isinstance(item, list) else item


def test_moderation_stays_a_dict() -> None:
    """Where the two cannot be equal: the SDK has ten classes for moderation, by the results' type. Nothing in a stream turns
    on it, so ours keeps what the wire had."""
    outcome = {"type": "error", "code": "c", "message": "m"}
    moderation = {"input": outcome, "output": outcome}
    body = sse([chunk({"role": "assistant", "content": "Hi"}), chunk(moderation=moderation)])
    ours = tell(body, "chunks").output[1]
    theirs = as_theirs(payloads(tell(body, "sse").output)[1])
    assert ours.moderation == moderation
    assert theirs.moderation.to_dict() == moderation
    assert type(theirs.moderation).__name__ == "Moderation"
    assert ours.model_dump()["moderation"] == theirs.model_dump()["moderation"]
