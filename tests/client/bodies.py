"""Chat completions that do not stream: of our own writing, generated, and made of what the captures come to."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from strategies import SPEECH, argument_texts

LOGPROB = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
LOGPROBS = {
    "content": [{**LOGPROB, "top_logprobs": [{"token": "b", "logprob": -1, "bytes": None}]}]
}
URL_CITATION = {"start_index": 0, "end_index": 1, "title": "t", "url": "https://a.example"}


def call(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def completion(message: dict[str, Any], finish: str = "stop", **fields: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        **fields,
    }


text = SPEECH.map("".join).filter(bool)

#: What a conformant message may have besides.
_BESIDES = st.fixed_dictionaries(
    {},
    optional={
        "refusal": st.none(),
        "annotations": st.sampled_from(
            [[], [{"type": "url_citation", "url_citation": URL_CITATION}]]
        ),
        "audio": st.sampled_from(
            [None, {"id": "a", "data": "AA==", "expires_at": 1, "transcript": "Hi"}]
        ),
        "function_call": st.none(),
        "reasoning_content": text,
        "x_vendor": st.sampled_from([None, 1, {"deep": [1]}]),
    },
)


@st.composite
def _messages(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    message = {"role": "assistant", "content": draw(st.none() | text), **draw(_BESIDES)}
    calls = [
        {"id": f"c{at}", "type": "custom", "custom": {"name": "grep", "input": draw(text)}}
        if draw(st.integers(0, 5)) == 0
        else call(f"c{at}", draw(st.sampled_from(["get", "put"])), draw(argument_texts()))
        for at in range(draw(st.integers(0, 3)))
    ]
    if calls:
        return {**message, "tool_calls": calls}, "tool_calls"
    if message["content"] is None:
        message["refusal"] = draw(text)
    return message, draw(st.sampled_from(["stop", "length", "content_filter"]))


@st.composite
def conformant_bodies(draw: st.DrawFn) -> dict[str, Any]:
    choices = []
    for index in range(draw(st.integers(1, 3))):
        message, finish = draw(_messages())
        logprobs = draw(st.sampled_from([{}, {"logprobs": None}, {"logprobs": LOGPROBS}]))
        choices.append({"index": index, "message": message, **logprobs, "finish_reason": finish})
    fields = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "service_tier": st.sampled_from([None, "default"]),
                "system_fingerprint": st.sampled_from([None, "fp_1"]),
                "metadata": st.just({"a": "b"}),
                "x_vendor": st.just({"deep": [1, {"a": None}]}),
            },
        )
    )
    return {**completion({}), "choices": choices, **fields}
