"""What holds of every request, whoever it goes to."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from request_bodies import PROFILES, bodies, garbage, ids, text_of

from streamnorm.errors import RequestError
from streamnorm.requests import Learned, Prepared, learn, prepare

hosts = st.sampled_from(list(PROFILES))
styles = st.sampled_from(["auto", "auto", "tools", "functions"])
WISHES = {"stream_options": {"include_usage": True}, "store": False}

many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def prepared(body: Any, host: str, **options: Any) -> Prepared | None:
    """None where this host cannot do it at all."""
    try:
        return prepare(body, PROFILES[host], **options)
    except RequestError:
        return None


@many
@given(bodies, hosts, styles)
def test_what_was_prepared_is_left_as_it_is(body: Any, host: str, style: Any) -> None:
    once = prepared(body, host, style=style)
    if once is not None:
        again = prepare(once.body, PROFILES[host], style=style)
        assert list(map(str, again.findings)) == []
        assert again.content == once.content


@many
@given(bodies, hosts, styles)
def test_what_is_changed_is_told_and_what_is_told_is_changed(
    body: Any, host: str, style: Any
) -> None:
    sent = prepared(body, host, style=style)
    if sent is not None:
        assert (sent.content != text_of(body)) == bool(sent.findings), list(map(str, sent.findings))


@many
@given(bodies, hosts, styles)
def test_the_callers_body_stays_as_it_is(body: Any, host: str, style: Any) -> None:
    before = copy.deepcopy(body)
    prepared(body, host, style=style, wishes=WISHES)
    assert text_of(body) == text_of(before)


@many
@given(bodies, hosts, styles)
def test_each_finding_names_a_place_in_the_callers_body(body: Any, host: str, style: Any) -> None:
    sent = prepared(body, host, style=style)
    for finding in sent.findings if sent else ():
        assert not finding.seen or stands_in(body, finding.where), finding


def stands_in(body: Any, pointer: str) -> bool:
    for step in pointer.split("/")[1:]:
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@many
@given(bodies, hosts)
def test_two_ids_stay_two(body: Any, host: str) -> None:
    sent = prepared(body, host)
    if sent is not None:
        assert len(set(sent.call_ids.values())) == len(sent.call_ids)


@many
@given(st.lists(ids.filter(bool), min_size=1, unique=True), st.sampled_from(["mistral", "openai"]))
def test_an_id_that_fits_is_kept_and_the_others_do_not_depend_on_their_company(
    given_ids: list[str], host: str
) -> None:
    def conversation(some: list[str]) -> Any:
        calls = [{"id": i, "type": "function", "function": {"name": "f"}} for i in some]
        return {"messages": [{"role": "assistant", "tool_calls": calls}]}

    together = prepare(conversation(given_ids), PROFILES[host]).call_ids
    for id_ in given_ids:
        assert prepare(conversation([id_]), PROFILES[host]).call_ids == {id_: together[id_]}
        assert (id_ == together[id_]) == (len(id_) <= 40 if host == "openai" else id_[:3] == "abc")


@many
@given(garbage | st.lists(st.none()) | st.text(), hosts, styles)
def test_garbage_is_sent_on_or_refused_in_words(body: Any, host: str, style: Any) -> None:
    prepared(body, host, style=style, wishes=WISHES)


@many
@given(bodies, hosts)
def test_what_the_client_wishes_changes_nothing_else(body: Any, host: str) -> None:
    plain, wished = prepared(body, host), prepared(body, host, wishes=WISHES)
    if plain is None or wished is None:
        assert plain is wished
        return
    more = wished.body.keys() - plain.body.keys()
    assert {key: value for key, value in wished.body.items() if key not in more} == plain.body
    assert more == wished.added - plain.added
    assert {f"/{field}" for field in more} == {
        finding.where for finding in wished.findings if finding.code == "request-wished"
    }


@many
@given(bodies, hosts)
def test_a_retry_takes_out_only_what_was_put_in(body: Any, host: str) -> None:
    sent = prepared(body, host, wishes=WISHES)
    for field in sent.added if sent else ():
        assert sent is not None
        again = learn(
            400, f"unknown field: '{field}'", prepare(body, PROFILES[host], wishes=WISHES)
        )
        assert again is not None
        assert field not in again.added
        assert again.body.keys() - {field} == sent.body.keys() - {field}
        assert learn(400, f"unknown field: '{field}'", again) is None


def test_the_memory_of_what_was_refused_is_bounded() -> None:
    learned = Learned()
    for number in range(2 * Learned.MAX_HOSTS):
        learned.remember(f"https://host{number}.example/v1", "store")
    assert repr(learned) == f"<Learned: {Learned.MAX_HOSTS} hosts>"
    assert not learned.refused("https://host0.example/v1")
    assert learned.refused(f"https://host{number}.example/v1/") == {"store"}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": b"x"}]},
        {"messages": [{"role": "user", "content": float("nan")}]},
        {"messages": [{"role": "user", "content": "\ud800"}]},
        {"messages": [{"role": "user", 5: "x"}]},
        {"messages": {"role": "user"}},
        {"messages": ["hello"]},
        {"messages": [], "tools": "f"},
        {"messages": [], "tools": ["f"]},
        {"messages": {1, 2}},
    ],
)
def test_what_is_no_request_is_refused_with_its_place(body: Any) -> None:
    with pytest.raises(RequestError, match=r"^/(messages|tools)"):
        prepare(body)


def test_a_body_that_holds_itself_is_refused() -> None:
    body: dict[str, Any] = {"messages": []}
    body["messages"].append({"role": "user", "content": body})
    with pytest.raises(RequestError, match="does it hold itself"):
        prepare(body)
