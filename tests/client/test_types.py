"""Our objects look like the OpenAI SDK's, and do what its models do."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from bodies import LOGPROBS, call, completion, conformant_bodies
from corpus import CAPTURES, require
from hypothesis import given
from hypothesis import strategies as st
from strategies import tell
from test_captures import everything

openai = pytest.importorskip("openai", minversion="3.52")

from openai._models import construct_type  # noqa: E402 - after the skip
from openai.pagination import SyncPage as TheirPage  # noqa: E402
from openai.types import Model as TheirModel  # noqa: E402
from openai.types import chat as theirs  # noqa: E402

from streamnorm.client import types as ours  # noqa: E402
from streamnorm.client.accumulate import CompletionSum  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")


def both(body: dict[str, Any], name: str = "ChatCompletion") -> tuple[Any, Any]:
    return (
        getattr(ours, name).from_dict(body),
        construct_type(type_=getattr(theirs, name), value=copy.deepcopy(body)),
    )


DUMPS: list[dict[str, Any]] = [
    {},
    {"exclude_unset": True},
    {"exclude_none": True},
    {"exclude_defaults": True},
    {"include": {"id", "choices"}},
    {"exclude": {"choices": {0: {"message": {"content"}}}}},
    {"exclude": {"choices": {"__all__": {"message": True}}}},
    {"include": {"choices": {0: {"message": {"tool_calls": {"__all__": {"id", "type"}}}}}}},
]


def assert_alike(here: Any, there: Any) -> None:
    assert repr(here) == repr(there)
    assert str(here) == str(there)
    for options in DUMPS:
        assert here.model_dump(**options) == there.model_dump(warnings=False, **options), options
    assert list(here.model_dump()) == list(there.model_dump(warnings=False))
    assert here.to_dict() == there.to_dict(warnings=False)
    assert json.loads(here.to_json()) == json.loads(there.to_json(warnings=False))
    assert here.model_extra == there.model_extra
    # Theirs has extra fields in it where they were validated, and not where they were not.
    assert here.model_fields_set | {*there.model_extra} == there.model_fields_set | {
        *there.model_extra
    }


@given(conformant_bodies())
def test_any_conformant_completion_looks_like_theirs(body: dict[str, Any]) -> None:
    assert_alike(*both(body))


def completions_of_captures() -> list[dict[str, Any]]:
    """What each capture comes to, as JSON that did not stream."""
    made = []
    for _, body in everything()[::3]:
        total = CompletionSum()
        for chunk in tell(body, "chunks").output:
            total.add(chunk)
        if total.chunks:
            whole = ours.ChatCompletion.from_dict(total.to_dict()).to_dict()
            made.append(json.loads(json.dumps(whole)))
    return made


def test_what_captures_come_to_looks_like_theirs() -> None:
    require(CAPTURES / "index.json")
    bodies = completions_of_captures()
    for body in bodies:
        here, there = both(body)
        assert repr(here) == repr(there)
        assert here.to_dict() == there.to_dict(warnings=False)
    assert len(bodies) > 300


MODERATION = {
    "input": {
        "model": "m",
        "results": [
            {
                "categories": {"a": True},
                "category_applied_input_types": {"a": ["text"]},
                "category_scores": {"a": 0.5},
                "flagged": True,
                "model": "m",
                "type": "moderation_result",
            }
        ],
        "type": "moderation_results",
    },
    "output": {"type": "error", "code": "c", "message": "m"},
}


@pytest.mark.parametrize(
    "body",
    [
        completion({"role": "assistant", "content": "Hi"}, moderation=MODERATION),
        completion({"role": "assistant", "content": 5, "tool_calls": "odd"}),
        completion({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}),
        {"id": None, "choices": None, "x": 1},
        {"choices": [{"logprobs": LOGPROBS | {"refusal": []}, "message": {}}]},
    ],
)
def test_odd_ones_do_too(body: dict[str, Any]) -> None:
    assert_alike(*both(body))


def test_a_call_is_of_the_class_that_its_type_says() -> None:
    custom = {"id": "b", "type": "custom", "custom": {"name": "grep", "input": "x"}}
    message, _ = both(
        {"role": "assistant", "tool_calls": [call("a", "f", "{}"), custom]}, "ChatCompletionMessage"
    )
    kinds = [type(each) for each in message.tool_calls]
    assert kinds == [
        ours.ChatCompletionMessageFunctionToolCall,
        ours.ChatCompletionMessageCustomToolCall,
    ]


@given(conformant_bodies())
def test_copies_and_pickles_are_equal_and_their_own(body: dict[str, Any]) -> None:
    made = ours.ChatCompletion.from_dict(body)
    for other in (
        pickle.loads(pickle.dumps(made)),
        copy.deepcopy(made),
        made.model_copy(deep=True),
    ):
        assert other == made
        assert other.to_dict() == body
        other.choices[0].message.content = "changed"
        assert made.to_dict() == body
    shallow = made.model_copy(update={"model": "other"})
    assert shallow.model == "other"
    assert shallow.choices is made.choices


def test_a_request_id_is_no_field() -> None:
    made = ours.ChatCompletion.from_dict(completion({"role": "assistant", "content": "Hi"}))
    before = repr(made)
    made._request_id = "req_1"  # type: ignore[attr-defined]
    assert made._request_id == "req_1"  # type: ignore[attr-defined]
    assert repr(made) == before
    assert "_request_id" not in made.to_dict()


def test_reasoning_can_be_asked_for_where_there_is_none() -> None:
    message = ours.ChatCompletionMessage.from_dict({"role": "assistant", "content": "Hi"})
    assert message.reasoning_content is None
    assert "reasoning_content" not in message.to_dict()
    assert dict(message)["content"] == "Hi"


def test_what_is_parsed_is_not_sent_back() -> None:
    body = {
        "role": "assistant",
        "content": "{}",
        "parsed": {"a": 1},
        "tool_calls": [call("a", "f", "{}")],
    }
    message = ours.ParsedChatCompletionMessage.from_dict(body)
    message.tool_calls[0].function.parsed_arguments = {}  # type: ignore[index, union-attr]
    sent = message.model_dump(exclude_unset=True, exclude=message.__api_exclude__)
    del body["parsed"]
    assert sent == body


PAGE = {
    "object": "list",
    "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "o", "x": 1}],
    "y": 2,
}


def test_a_page_of_models_looks_like_theirs() -> None:
    here, there = (
        ours.SyncPage.from_dict(PAGE),
        construct_type(type_=TheirPage[TheirModel], value=PAGE),
    )
    assert repr(here) == repr(there)
    assert here.to_dict() == there.to_dict()  # type: ignore[attr-defined]
    assert [model.id for model in here] == ["m"]
    assert [page.has_next_page() for page in here.iter_pages()] == [False]


def test_a_page_can_be_read_asynchronously() -> None:
    import asyncio

    async def ids() -> list[str]:
        return [model.id async for model in ours.AsyncPage.from_dict(PAGE)]

    assert asyncio.run(ids()) == ["m"]


@given(
    st.dictionaries(st.sampled_from(["id", "choices", "x"]), st.none() | st.integers() | st.text())
)
def test_models_are_made_as_pydantics_are(fields: dict[str, Any]) -> None:
    made = ours.ChatCompletion.model_construct(**fields)
    assert made == ours.ChatCompletion.model_validate(fields)
    assert made == ours.ChatCompletion.model_validate_json(json.dumps(fields))
    with pytest.raises(TypeError, match="from a dict"):
        ours.ChatCompletion.model_validate(3)
