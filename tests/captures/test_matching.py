"""What makes a request the one that was recorded, and what shows that it is another."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.format import Header, Request
from streamnorm.captures.matching import VOLATILE, Difference, asked, asked_of, differences, fit

PATH = "/v1/chat/completions"

CALLED = {
    "model": "m",
    "messages": [
        {"role": "user", "content": "Weather in Rome?"},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"Rome","id":"7"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"id": "x"}}}],
}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=12,
)


def recorded(body: Any = msgspec.UNSET, path: str = PATH, **more: Any) -> Any:
    lost = more.pop("lost", ())
    return asked_of(Header(request=Request(path=path, json=body, **more), lost=lost))


def request(body: Any, path: str = PATH, method: str = "POST") -> Any:
    return asked(method, path, json.dumps(body).encode())


def changed(*path: str | int, to: Any, body: Any = CALLED) -> Any:
    """The body with another value at `path`."""
    body = copy.deepcopy(body)
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return body


@given(values)
def test_any_body_matches_itself(body: Any) -> None:
    assert fit(recorded(body), request(body)) == 0
    assert differences(recorded(body), request(body)) == []


@given(st.dictionaries(st.sampled_from(sorted(VOLATILE)), values))
def test_volatile_members_do_not_matter(extra: dict[str, Any]) -> None:
    assert fit(recorded(CALLED), request({**CALLED, **extra})) == 0


@given(values, values)
def test_two_bodies_fit_or_their_differences_are_told(one: Any, other: Any) -> None:
    told = differences(recorded(one), request(other))
    assert (fit(recorded(one), request(other)) is None) == bool(told)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("model",), "n"),
        (("messages", 0, "content"), "Weather in Paris?"),
        (("messages", 2, "tool_call_id"), "call_2"),
        (("messages", 1, "tool_calls", 0, "function", "arguments"), '{"city":"Oslo","id":"7"}'),
        (("messages", 1, "tool_calls", 0, "function", "arguments"), '{"city":"Rome","id":"8"}'),
        (("tools", 0, "function", "parameters", "id"), "y"),
        (("seed",), 1),
    ],
)
def test_what_decides_the_answer_matters(path: tuple[Any, ...], to: Any) -> None:
    assert fit(recorded(CALLED), request(changed(*path, to=to))) is None


def test_the_date_in_the_name_of_a_model_is_part_of_it() -> None:
    kept = recorded({"model": "gpt-4o-2024-05-13"})
    assert fit(kept, request({"model": "gpt-4o-2024-08-06"})) is None


def test_ids_are_told_apart_by_their_order_only() -> None:
    other = json.loads(json.dumps(CALLED).replace("call_1", "toolu_zz"))
    assert fit(recorded(CALLED), request(other)) == 0


def test_arguments_are_compared_as_json() -> None:
    spaced = changed(
        "messages", 1, "tool_calls", 0, "function", "arguments", to='{"id": "7", "city": "Rome"}'
    )
    assert fit(recorded(CALLED), request(spaced)) == 0


def test_another_base_url_and_other_dates_fit_less_well() -> None:
    body = {"system": "Today is 2026-11-01T10:00:00Z."}
    later = {"system": "Today is 2027-01-02."}
    assert fit(recorded(body), request(body, "/chat/completions")) == 1
    assert fit(recorded(body), request(later)) == 2
    assert fit(recorded(body), request(later, "/openai/v1/chat/completions")) == 3
    assert fit(recorded(body, lost=("request",)), request(later)) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/v1/chat/completions", "/v1/completions"),
        ("/v1/responses", "/v1/responses/r1/cancel"),
        ("/v1/threads/t1/runs", "/v1/threads/t2/runs"),
        ("/v1beta/models/a:streamGenerateContent", "/v1beta/models/b:streamGenerateContent"),
        ("/x", "/y"),
    ],
)
def test_another_endpoint_never_fits(one: str, other: str) -> None:
    assert fit(recorded({}, one), request({}, other)) is None
    assert fit(recorded({}, one, lost=("request",)), request({}, other)) is None
    assert [each.where for each in differences(recorded({}, one), request({}, other))] == ["path"]


def test_a_query_matters_but_for_the_keys_in_it() -> None:
    kept = recorded({}, "/x?alt=sse&key=***")
    assert fit(kept, request({}, "/x?key=secret&alt=sse")) == 0
    assert fit(kept, request({}, "/x?alt=json&key=secret")) is None
    assert fit(kept, request({}, "/x/")) is None


def test_the_method_matters() -> None:
    assert fit(recorded({}), request({}, method="put")) is None
    assert fit(recorded({}), request({}, method="post")) == 0


def test_a_capture_without_its_request_fits_any_of_its_path() -> None:
    assert fit(recorded(path="/", lost=("request",)), request(CALLED)) == 4
    assert fit(recorded(omitted="too large"), request(CALLED)) == 4


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_what_was_masked_is_like_anything(before: str, secret: str, after: str) -> None:
    kept = recorded({"input": f"{before}***{after}", "key": "***", "name": "x"})
    sent = {"input": before + secret + after, "key": {"any": secret}, "name": "x"}
    assert fit(kept, request(sent)) in (0, 2)
    assert fit(kept, request({**sent, "name": "y"})) is None


def test_masked_text_still_tells_other_texts_apart() -> None:
    kept = recorded({"input": "a *** b *** c"})
    for text, same in {
        "a 1 b 2 c": True,
        "a b c": False,
        "a 1 b c": False,
        "a  b  c": True,
        "x 1 b 2 c": False,
        "a 1 b 2 d": False,
    }.items():
        assert (fit(kept, request({"input": text})) == 0) is same, text


def test_a_multipart_body_is_compared_without_its_boundary() -> None:
    def form(boundary: str, name: str) -> bytes:
        return f"--{boundary}\r\n\r\n{name}\r\n--{boundary}--".encode()

    kept = asked_of(Header(request=Request(path="/x", text=form("abc", "one").decode())))
    assert fit(kept, asked("POST", "/x", form("xyz", "one"))) == 0
    assert fit(kept, asked("POST", "/x", form("xyz", "two"))) is None


def test_bytes_that_are_no_text_are_compared_as_they_are() -> None:
    kept = asked_of(Header(request=Request(path="/x", b64="//4=")))
    assert fit(kept, asked("POST", "/x", b"\xff\xfe")) == 0
    assert fit(kept, asked("POST", "/x", b"\xff\xff")) is None


def test_members_can_be_ignored() -> None:
    assert (
        fit(
            asked_of(Header(request=Request(path=PATH, json={"a": 1, "seed": 1})), ignore=["seed"]),
            asked("POST", PATH, b'{"a":1,"seed":2}', ignore=["seed"]),
        )
        == 0
    )


def test_differences_are_json_pointers() -> None:
    sent = changed("messages", 2, "content", to="3 degrees")
    sent["tools"].append({})
    assert differences(recorded(CALLED), request(sent)) == [
        Difference("/messages/2/content", "21 degrees", "3 degrees"),
        Difference("/tools/1", msgspec.UNSET, {}),
    ]
