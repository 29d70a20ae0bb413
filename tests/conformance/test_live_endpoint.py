"""A live run: it asks within its limits, names at once what is wrong with an endpoint, tells no secret, and is graded from its
captures alone."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from conformance.conformant import KEY, MODEL, Scripted, say
from conformance.live_runs import DIALECTS, conformant
from conformance.served_app import served_app
from corpus import CAPTURES, require

from streamnorm.assistants.engine import server as engine
from streamnorm.captures import served
from streamnorm.captures.imports import import_file, write_capture
from streamnorm.client import AsyncOpenAI
from streamnorm.conformance import (
    CHECKS,
    Verdict,
    acheck_app,
    check_app,
    check_endpoint,
)
from streamnorm.conformance.live.asgi import StreamingASGITransport
from streamnorm.conformance.live.folder import LiveGrade, grade_live, live_run_in
from streamnorm.conformance.live.probes import PROBES, WRONG_KEY, probe_of
from streamnorm.conformance.live.standing import passed_each_time, wilson
from streamnorm.conformance.live.target import Target
from streamnorm.errors import LocalError

SSE = [(b"content-type", b"text/event-stream")]


def verdicts(live: LiveGrade) -> dict[str, Verdict]:
    return {each.id: each.verdict for each in live.standings}


def regraded(folder: Path) -> LiveGrade:
    manifest = live_run_in(folder)
    assert manifest is not None
    return grade_live(folder, manifest)


def http(app: Any) -> Any:
    """An app that knows of nothing but HTTP."""

    async def only(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("HTTP only")
        await app(scope, receive, send)

    return only


@http
async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Begins an answer and never ends it."""
    await send({"type": "http.response.start", "status": 200, "headers": SSE})
    while True:
        await send({"type": "http.response.body", "body": b": on\n\n" * 50, "more_body": True})
        await asyncio.sleep(0.001)


@http
async def silent(scope: Any, receive: Any, send: Any) -> None:
    """Never answers."""
    await asyncio.sleep(600)


async def raising(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("a bug in the app")


@http
async def page(scope: Any, receive: Any, send: Any) -> None:
    """Answers all with HTML."""
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<html>Welcome</html>"})


@http
async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"location", b"https://elsewhere.example/v1/chat/completions")]
    await send({"type": "http.response.start", "status": 307, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_run_is_graded_again_from_its_captures(dialect: str, tmp_path: Path) -> None:
    from conformance.conformant_runs import ScriptedRuns

    app = ScriptedRuns() if dialect == "assistants" else Scripted()
    live = check_app(app, MODEL, api_key=KEY, dialect=dialect, output=tmp_path, repeats=2)
    again = regraded(tmp_path)
    assert again.standings == live.standings
    assert again.grades == live.grades
    assert live.green(strict=True)
    report = json.loads((tmp_path / "check.json").read_bytes())
    assert report["green"]
    assert {each["id"]: each["verdict"] for each in report["live"]["checks"]} == verdicts(live)
    files = {path.name for path in tmp_path.glob("*.cap.jsonl")}
    assert {each["file"] for each in report["live"]["exchanges"]} == files


def test_a_run_takes_at_most_40_requests() -> None:
    live = check_app(app := Scripted(), MODEL, api_key=KEY)
    assert live.green(strict=True)
    assert len(app.seen) == len(live.manifest.exchanges) <= 40
    assert app.left == 1


def test_over_a_socket_and_in_this_process_the_verdicts_are_the_same() -> None:
    here = verdicts(check_app(Scripted(), MODEL, api_key=KEY, costly=True))
    there = verdicts(regraded(conformant("chat")))
    assert there.pop("T-019") is Verdict.PASS
    assert here.pop("T-019") is Verdict.SKIPPED
    assert here == there


def test_the_replay_server_stands_as_what_was_recorded(tmp_path: Path) -> None:
    """The answers of a run, replayed, are those of a conformant server again: but a stream that was left ends there."""
    with served(conformant("chat")) as server:
        live = check_endpoint(server.url, MODEL, api_key=KEY, output=tmp_path, costly=True)
    assert not live.against(strict=True)
    assert verdicts(live) == verdicts(regraded(conformant("chat")))


#: What a stream that was recorded of another prompt can show.
OF_ANY_STREAM = [check.id for check in CHECKS.values() if check.id[0] in "TSE" and not check.probes]


@pytest.mark.parametrize(
    "name", ["content_logprobs_events", "non_pydantic_response_format", "parse_nothing"]
)
def test_a_recording_of_openai_passes_from_the_replay_server(name: str, tmp_path: Path) -> None:
    found = sorted(require(CAPTURES / "reference").rglob(f"*{name}*.sse"))
    assert found
    printed = tmp_path / "printed.txt"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
    printed.write_bytes(head + found[0].read_bytes())
    (imported,) = (
        write_capture(each, tmp_path / "openai.cap.jsonl") for each in import_file(printed)
    )
    assert not imported
    with served(tmp_path / "openai.cap.jsonl") as server:
        live = check_endpoint(server.url, "gpt-4o-2024-08-06", only=OF_ANY_STREAM, budget=1)
    assert live.checked > 20
    assert not live.against()


def test_the_engine_of_ours_passes_over_a_conformant_endpoint() -> None:
    with served_app(Scripted()) as upstream:
        client = partial(AsyncOpenAI, base_url=f"{upstream}/v1", api_key=KEY)
        with engine.served(client) as url:
            live = check_endpoint(url, MODEL, dialect="assistants")
    assert not live.against()
    assert live.checked >= 25


def test_only_what_shows_the_checks_is_sent() -> None:
    app = Scripted()
    live = check_app(app, MODEL, api_key=KEY, only=["F-016", "T-018"])
    assert [each.probe for each in live.manifest.exchanges] == [
        "plain",
        "none",
        "left",
        "after-left",
    ]
    assert verdicts(live) == {"T-018": Verdict.PASS, "F-016": Verdict.PASS}


def test_a_budget_is_kept_and_what_was_not_sent_is_said() -> None:
    live = check_app(app := Scripted(), MODEL, api_key=KEY, budget=3)
    assert len(app.seen) == 3
    assert live.standing("F-024").reason == "the budget of requests was used up"
    assert live.green()


def test_a_parameter_that_the_model_refuses_is_left_out() -> None:
    class Reasoning(Scripted):
        def _answer(self, scope: Any, body: bytes) -> Any:
            from conformance.conformant import Refused

            asked = json.loads(body) if b"messages" in body and body.endswith(b"}") else {}
            for name in ("temperature", "max_tokens"):
                if name in asked and "oddly" not in str(asked):
                    raise Refused(400, f"Unsupported parameter: '{name}'.", name)
            asked["max_tokens"] = asked.pop("max_completion_tokens", None) or 10_000
            return super()._answer(scope, json.dumps(asked).encode() if "model" in asked else body)

    live = check_app(Reasoning(), MODEL, api_key=KEY)
    assert not live.against(strict=True)
    assert [each.probe for each in live.manifest.exchanges][:3] == ["", "", "plain"]
    assert live.standing("E-004").verdict is Verdict.PASS


# What is wrong with an endpoint is named


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (endless, "the first answer did not end: it went on for 0.5 s"),
        (silent, "the first answer did not end: it went on for 0.5 s"),
        (
            raising,
            "gave no answer: RemoteProtocolError: the app ended without an answer: ValueError",
        ),
        (page, "an HTML page came with status 200: check the base URL"),
        (
            elsewhere,
            "the server sends elsewhere, with status 307: if you trust it, ask https://elsewhere.example",
        ),
    ],
)
def test_an_endpoint_that_is_none_is_named_at_once(app: Any, said: str, tmp_path: Path) -> None:
    live = check_app(app, MODEL, timeout=0.5, output=tmp_path)
    assert said in live.manifest.stopped
    assert len(live.manifest.exchanges) == 1
    assert not live.green()
    assert regraded(tmp_path).standings == live.standings


def test_an_answer_that_is_too_long_is_left() -> None:
    @http
    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": SSE})
        while True:
            message = {"type": "http.response.body", "body": b":" * 500_000, "more_body": True}
            await send(message)

    live = check_app(flood, MODEL)
    assert "it went on for 16,777,216 bytes, and was left" in live.manifest.stopped


def test_html_and_redirects_are_the_servers_fault() -> None:
    assert verdicts(check_app(page, MODEL))["E-012"] is Verdict.FAIL
    assert verdicts(check_app(elsewhere, MODEL))["T-017"] is Verdict.FAIL


def test_a_dead_endpoint_is_named() -> None:
    live = check_endpoint("http://127.0.0.1:9/v1", MODEL)
    assert "127.0.0.1:9 gave no answer: ConnectError" in live.manifest.stopped
    assert not live.checked
    assert not live.green()


@pytest.mark.parametrize(
    ("key", "model", "said"),
    [("another-key", MODEL, "status 401 (the key is not taken)"), (KEY, "gpt-0", "status 404")],
)
def test_a_wrong_key_and_an_unknown_model_are_named(key: str, model: str, said: str) -> None:
    live = check_app(Scripted(), model, api_key=key)
    assert said in live.manifest.stopped
    assert not live.checked


def test_the_time_for_all_is_a_limit() -> None:
    class Slow(Scripted):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if len(self.seen) > 3:
                await asyncio.sleep(60)
            await super().__call__(scope, receive, send)

    live = check_app(Slow(), MODEL, api_key=KEY, total_timeout=2.0)
    assert live.manifest.stopped == "the time for all requests, 2 s, was over"
    assert not live.green()
    assert live.checked


def test_one_slow_answer_does_not_hold_up_the_others() -> None:
    class Stuck(Scripted):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if len(self.seen) == 3:
                self.seen.append(("", b""))
                await endless(scope, receive, send)
            await super().__call__(scope, receive, send)

    live = check_app(Stuck(), MODEL, api_key=KEY, timeout=1.0)
    (stuck,) = [each for each in live.manifest.exchanges if each.stopped]
    assert "it went on for 1 s, and was left" in stuck.stopped
    assert len(live.manifest.exchanges) == 40
    assert not live.against()


def test_a_model_that_only_talks_fails_nothing() -> None:
    class Talking(Scripted):
        def _chat(self, asked: dict[str, Any]) -> Any:
            return super()._chat({**asked, "tool_choice": "none", "function_call": None})

    live = check_app(Talking(), MODEL, api_key=KEY)
    assert not live.against(strict=True)
    undecided = {each.id for each in live.standings if each.verdict is Verdict.INCONCLUSIVE}
    assert {"F-001", "F-011", "F-017", "F-019", "F-020", "F-025", "F-027", "F-028"} <= undecided


# No secret is told


def test_no_secret_is_in_what_is_kept(tmp_path: Path) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"

    @http
    async def telling(scope: Any, receive: Any, send: Any) -> None:
        said = dict(scope["headers"])[b"authorization"].decode()
        await say(send, 401, {"error": {"message": f"wrong: {said}", "type": "x"}})

    url = "http://user:secret-of-the-url@app.invalid/v1?api_key=another-secret-here"
    transport = StreamingASGITransport(telling)
    live = check_endpoint(url, MODEL, api_key=key, transport=transport, output=tmp_path)
    assert "wrong: ***" in live.manifest.stopped
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (key, "secret-of-the-url", "another-secret-here"):
        assert secret.encode() not in kept
        assert secret not in repr(live)


def test_a_key_may_be_in_the_url_or_in_another_header() -> None:
    plain, wrong = (probe_of("chat", name) for name in ("plain", "wrong-key"))
    assert plain is not None
    assert wrong is not None
    named = Target("http://user:p%40ss@app.invalid", MODEL)
    assert named.request(plain, {}).headers["authorization"] == "Basic dXNlcjpwQHNz"
    assert named.request(wrong, {}).headers["authorization"] == f"Bearer {WRONG_KEY}"
    other = Target("http://app.invalid", MODEL, headers={"Api-Key": KEY, "X-Team": "ours"})
    assert "authorization" not in other.request(plain, {}).headers
    sent = other.request(wrong, {}).headers
    assert (sent["api-key"], sent["x-team"]) == (WRONG_KEY, "ours")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://a.invalid", "http://a.invalid/v1/chat/completions"),
        ("http://a.invalid/v1/", "http://a.invalid/v1/chat/completions"),
        ("http://a.invalid/api/v2?x=1", "http://a.invalid/api/v2/chat/completions?x=1"),
        ("http://a.invalid/v1/chat/completions", "http://a.invalid/v1/chat/completions"),
    ],
)
def test_a_base_url_may_be_written_in_several_ways(url: str, asked: str) -> None:
    assert Target(url, MODEL).request(PROBES["chat"][0], {}).url == asked


def test_no_secret_is_in_what_is_printed_of_a_request() -> None:
    target = Target("http://app.invalid/v1?api_key=another-secret-here", MODEL, key=KEY)
    request = target.request(PROBES["chat"][0], {})
    assert request.headers["authorization"] == f"Bearer {KEY}"
    for secret in (KEY, "another-secret-here"):
        assert secret not in repr(request) + repr(target)


def test_a_key_that_is_said_back_is_seen_though_it_is_masked() -> None:
    class Echoing(Scripted):
        def _answer(self, scope: Any, body: bytes) -> Any:
            from conformance.conformant import Refused

            said = dict(scope["headers"])[b"authorization"].decode()
            if said != f"Bearer {KEY}":
                raise Refused(401, f"{said} is not valid")
            return super()._answer(scope, body)

    live = check_app(Echoing(), MODEL, api_key=KEY, only=["E-009"])
    assert live.standing("E-009").verdict is Verdict.FAIL


# Wrong use


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "localhost:8000"}, "is no URL"),
        ({"model": ""}, "no model"),
        ({"dialect": "soap"}, "not of 'soap'"),
        ({"only": ["X-1"]}, "there is no check 'X-1'"),
        ({"repeats": 0}, "at least one request"),
        ({"budget": 0}, "at least one request"),
        ({"api_key": "geheim\n"}, None),
        ({"api_key": "ge\nheim"}, "cannot be sent"),
    ],
)
def test_wrong_use_is_named(options: dict[str, Any], said: str | None) -> None:
    given = {"url": "http://127.0.0.1:9", "model": MODEL, **options}
    if said is None:
        check_endpoint(**given)
        return
    with pytest.raises(LocalError, match=said):
        check_endpoint(**given)


def test_a_folder_with_captures_in_it_is_not_written_into(tmp_path: Path) -> None:
    check_app(page, MODEL, output=tmp_path)
    with pytest.raises(LocalError, match="has captures in it"):
        check_app(page, MODEL, output=tmp_path)


def test_in_a_running_loop_there_is_the_asynchronous_form() -> None:
    async def both() -> LiveGrade:
        with pytest.raises(LocalError, match="await acheck_app"):
            check_app(Scripted(), MODEL)
        return await acheck_app(Scripted(), MODEL, api_key=KEY, budget=2)

    assert asyncio.run(both()).checked


# Rates


@pytest.mark.parametrize(
    ("passed", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (10, 10, 0.722, 1.0), (0, 10, 0.0, 0.278), (8, 10, 0.490, 0.943)],
)
def test_the_interval_is_wilsons(passed: int, of: int, low: float, high: float) -> None:
    assert wilson(passed, of) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_to_pass_each_time_is_rarer_than_to_pass() -> None:
    estimate, low, high = passed_each_time(8, 10)
    assert low < estimate < high < wilson(8, 10)[1]
    assert estimate == pytest.approx(0.8**10)


def test_over_repeats_the_rate_is_told() -> None:
    class Flaky(Scripted):
        def _chat(self, asked: dict[str, Any]) -> Any:
            answer = super()._chat(asked)
            if b"none" in json.dumps(asked.get("tool_choice", "")).encode() and self.flip:
                self.flip = False
                return super()._chat({**asked, "tool_choice": "required", "messages": CITY})
            return answer

        flip = True

    live = check_app(Flaky(), MODEL, api_key=KEY, only=["F-016"], repeats=4)
    standing = live.standing("F-016")
    assert (standing.verdict, standing.passed, standing.decided) == (Verdict.FAIL, 3, 4)
    assert standing.rate == wilson(3, 4)


CITY = [{"role": "user", "content": "The weather in Paris"}]


# The app, called here


def test_pieces_come_when_the_app_sends_them_and_it_is_told_of_clients_that_leave() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["started"] = True
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            seen.append("shut down")
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert scope["state"]["started"]
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": SSE})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        seen.append((await receive())["type"])

    async def ask() -> bytes:
        async with StreamingASGITransport(app) as transport:
            request = httpx.Request("POST", "http://app.invalid/", content=b"{}")
            response = await transport.handle_async_request(request)
            pieces = aiter(response.stream)  # type: ignore[arg-type]
            first = await anext(pieces)
            await response.aclose()
            return first

    assert asyncio.run(asyncio.wait_for(ask(), 10)) == b"one"
    assert seen == ["http.disconnect", "shut down"]


def test_what_an_app_does_after_its_answer_is_waited_for() -> None:
    done: list[str] = []

    @http
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        await asyncio.sleep(0.05)
        done.append(scope["path"])

    async def ask() -> None:
        async with StreamingASGITransport(app) as transport:
            request = httpx.Request("POST", "http://app.invalid/after", content=b"{}")
            response = await transport.handle_async_request(request)
            await response.aread()
            await response.aclose()

    asyncio.run(asyncio.wait_for(ask(), 10))
    assert done == ["/after"]


def test_an_app_that_cannot_start_is_named() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no model"})

    with pytest.raises(LocalError, match="the app did not start: no model"):
        check_app(app, MODEL)


# The probes


@pytest.mark.parametrize("dialect", DIALECTS)
def test_probes_have_names_of_their_own_and_their_checks_exist(dialect: str) -> None:
    probes = PROBES[dialect]
    names = [probe.name for probe in probes]
    assert len(set(names)) == len(names)
    for probe in probes:
        assert all(dialect in CHECKS[check].dialects for check in probe.shows)
        assert not probe.after or names.index(probe.after) < names.index(probe.name)
        assert probe.after or not probe.takes
