"""The streams of `streamGenerateContent`: what was recorded, what is legal, and what servers could send."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CAPTURES, facts, require
from hypothesis import given
from hypothesis import strategies as st
from strategies import Told, judge, pieces_of, tell

from streamnorm.dialects.gemini import GeminiReader
from streamnorm.dialects.gemini import wire as types
from streamnorm.dialects.gemini.arguments import ArgumentWriter, json_text
from streamnorm.dialects.gemini.paths import PathError, steps_of
from streamnorm.dialects.gemini.wire import PartialArg
from streamnorm.dialects.order import START, Order
from streamnorm.findings import Findings

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gemini"

#: What is wrong with a recorded stream, by the beginning of its name: the codes found, and why that is the stream's fault.
DEVIATIONS = {
    "prism.gemini-stream-basic-text-1": (
        {"frame-single-newline", "frame-unterminated"},
        "the file has one newline between its frames and after the last, where SSE has two",
    ),
    "llama-stack.responses-0cd69abb": (
        {"fields-snake-case"},
        "the recorder wrote out the objects of Python's SDK, with its names",
    ),
    "lingua.transforms-chat-completions-to-google-systemmessagearraycontent": (
        {"stream-failed"},
        "one response that breaks off in the middle of a word, without a finish reason",
    ),
    "lmnr-ts.lmnr-google-genai-creates-a-streaming-genai-span": (
        {"stream-failed"},
        "two responses, neither with a finish reason",
    ),
}
#: Streams that end as the dialect says, but not in a success.
UNFULFILLED = {
    "lingua.imageconfigparam-google": "NO_IMAGE: an image was asked for, and none was made"
}


@cache
def captures() -> list[Path]:
    return sorted(CAPTURES.glob("gemini/**/*.sse")) + sorted(CAPTURES.glob("live/*/gemini*.sse"))


def entry(table: dict[str, Any], path: Path) -> Any:
    return next((table[name] for name in table if path.name.startswith(name)), None)


def responses(path: Path) -> list[dict[str, Any]]:
    """The frames of a recorded stream, however far apart."""
    lines = path.read_bytes().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def read(body: bytes) -> Told:
    return judge(body, dialect="gemini")


def sse(*frames: Any) -> bytes:
    return "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode()


def response(*parts: dict[str, Any], finish: str | None = None, **candidate: Any) -> dict[str, Any]:
    """A response of one candidate."""
    made: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, **candidate}
    if finish:
        made["finishReason"] = finish
    return {"candidates": [made], "modelVersion": "m-1", "responseId": "r-1"}


def called(**call: Any) -> dict[str, Any]:
    return {"functionCall": call}


def arg(path: str, value: str, *, more: bool = False) -> dict[str, Any]:
    return {"jsonPath": path, "stringValue": value, "willContinue": more}


# What was recorded.


def test_the_corpus_is_whole() -> None:
    require(CAPTURES / "gemini")
    assert len(captures()) == 57
    names = [path.name for path in captures()]
    for name in [*DEVIATIONS, *UNFULFILLED]:
        assert sum(found.startswith(name) for found in names) == 1, name


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.stem)
def test_a_recorded_stream_is_complete_and_nothing_is_found(path: Path) -> None:
    told = read(path.read_bytes())
    codes, _ = entry(DEVIATIONS, path) or (set(), "")
    assert told.codes == codes
    assert (told.error is not None) == ("stream-failed" in codes)
    assert told.complete == (told.error is None and entry(UNFULFILLED, path) is None)


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.stem)
def test_it_says_what_its_parts_say(path: Path) -> None:
    """Read once more, in another way: the parts of all responses, one after the other."""
    if "fields-snake-case" in (entry(DEVIATIONS, path) or ((), ""))[0]:
        pytest.skip("its fields have other names")
    parts = [
        part
        for found in responses(path)
        for candidate in found.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
    ]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    message = read(path.read_bytes()).result.message
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    thoughts = "".join(part.get("text", "") for part in parts if part.get("thought"))
    assert (message.content or "") == text
    assert (message.reasoning_content or "") == thoughts
    assert [call.name for call in message.tool_calls] == [
        call["name"] for call in calls if "name" in call
    ]
    if not any(call.get("willContinue") for call in calls):
        arguments = [json.loads(call.arguments) for call in message.tool_calls]
        assert arguments == [call.get("args", {}) for call in calls]


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.stem)
def test_no_signature_is_lost(path: Path) -> None:
    sent = [
        part["thoughtSignature"]
        for found in responses(path)
        for candidate in found.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
        if "thoughtSignature" in part
    ]
    message = tell(path.read_bytes(), dialect="gemini").result.message
    with_calls = [
        call.extra_content["google"]["thought_signature"]
        for call in message.tool_calls
        if call.extra_content
    ]
    others = [detail["thoughtSignature"] for detail in message.reasoning_details or ()]
    assert sorted(with_calls + others) == sorted(sent)


def test_usage_is_the_last_count_and_thoughts_are_part_of_the_completion() -> None:
    require(CAPTURES / "gemini")
    for path in captures():
        counts: dict[str, Any] = {}
        for found in responses(path):
            counts.update(found.get("usageMetadata", {}))
        usage = tell(path.read_bytes(), dialect="gemini").result.usage
        if "totalTokenCount" in counts:
            assert usage is not None
            assert usage["total_tokens"] == counts["totalTokenCount"]
            assert {key: usage[key] for key in counts} == counts


def test_small_recorded_streams_may_be_cut_anywhere() -> None:
    small = [path for path in captures() if path.stat().st_size < 1_300]
    require(CAPTURES / "gemini")
    assert len(small) > 15
    for path in small:
        body = path.read_bytes()
        whole = tell(body, dialect="gemini")
        cuts = range(1, len(body), 3)
        assert all(tell(pieces_of(body, [at]), dialect="gemini") == whole for at in cuts)


@pytest.mark.parametrize("path", captures()[::4], ids=lambda path: path.stem)
def test_what_is_unknown_says_nothing(path: Path) -> None:
    frames = responses(path)
    strange = [{"kind": "ping"}, {"response": {"state": "thinking"}}, {"audio": {"data": "AA=="}}]
    whole = tell(sse(*frames), dialect="gemini")
    for at in range(len(frames) + 1):
        mixed = [*frames[:at], *strange, *frames[at:]]
        told = tell(sse(*mixed), dialect="gemini")
        # An id that is made is made of the first frame; here that is another one.
        assert told.codes == whole.codes
        assert told.result.message.content == whole.result.message.content
        assert told.complete == whole.complete
    for found in frames:
        found["novelty"] = {"of": ["any", {"kind": 1}]}
        for candidate in found.get("candidates", ()):
            candidate["avgLogprobs"] = -0.1
            candidate.setdefault("content", {}).setdefault("parts", []).append({"novelty": 1})
    assert tell(sse(*frames), dialect="gemini").result.usage == whole.result.usage
    assert tell(sse(*frames), dialect="gemini").codes == whole.codes


# What is documented.


def test_the_types_are_those_that_are_documented() -> None:
    documented = facts("dialects/gemini.json")["types"]
    names = {
        types.Response: "GenerateContentResponse",
        types.PromptFeedback: "GenerateContentResponsePromptFeedback",
    }
    for ours in (
        types.Response,
        types.PromptFeedback,
        types.Candidate,
        types.Content,
        types.Part,
        types.FunctionCall,
        types.PartialArg,
    ):
        theirs = documented[f"google.genai.types.{names.get(ours, ours.__name__)}"]["fields"]
        assert set(ours.__struct_encode_fields__) <= theirs.keys()


def test_every_documented_reason_has_a_meaning() -> None:
    candidate = facts("dialects/gemini.json")["types"]["google.genai.types.Candidate"]["fields"]
    documented = set(candidate["finishReason"]["enum"])
    assert documented - {"FINISH_REASON_UNSPECIFIED"} == set(GeminiReader.reasons)


@pytest.mark.parametrize(("raw", "reason"), GeminiReader.reasons.items())
def test_a_reason_ends_the_stream_as_the_table_says(raw: str, reason: str | None) -> None:
    told = read(sse(response({"text": "Hi"}), response(finish=raw)))
    assert told.complete == (reason not in (None, "other"))
    assert (told.error is None) == (reason is not None)
    assert told.result.choices[0].finish_reason == reason
    assert told.result.choices[0].raw_finish_reason == raw


def test_a_reason_nobody_knows_is_no_success() -> None:
    told = read(sse(response({"text": "Hi"}, finish="TIRED")))
    assert (told.complete, told.codes) == (False, {"finish-unknown"})


def test_no_reason_is_no_end() -> None:
    for reason in (None, "", "FINISH_REASON_UNSPECIFIED"):
        told = read(sse(response({"text": "Hi"}, finish=reason)))
        assert told.error is not None
        assert told.error.kind == "truncated"


def test_calls_end_in_stop_or_in_the_word_that_some_have_for_them() -> None:
    for reason in ("STOP", "FUNCTION_CALL"):
        told = read(sse(response(called(name="f", args={}), finish=reason)))
        assert (told.complete, told.codes) == (True, set())
        assert told.result.choices[0].finish_reason == "tool_calls"


def test_a_failure_brings_the_words_of_the_server() -> None:
    frame = response(finish="MALFORMED_FUNCTION_CALL", finishMessage="no such function")
    told = read(sse(response({"text": "Hi"}), frame, response({"text": "more"})))
    assert told.error is not None
    assert told.error.code == "MALFORMED_FUNCTION_CALL"
    assert "no such function" in told.error.message


def test_a_failed_candidate_ends_the_others() -> None:
    frame = response(finish="MALFORMED_RESPONSE")
    frame["candidates"].append({"index": 1, "content": {"parts": [{"text": "late"}]}})
    assert read(sse(frame)).error is not None


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "JAILBREAK", "SOMETHING_NEW"])
def test_a_blocked_prompt_is_filtered_whatever_the_reason(reason: str) -> None:
    told = read(sse({"promptFeedback": {"blockReason": reason}}))
    assert (told.complete, told.codes) == (True, set())
    assert told.result.choices[0].finish_reason == "content_filter"
    assert told.result.choices[0].raw_finish_reason == reason


def test_feedback_beside_candidates_or_without_a_reason_is_no_block() -> None:
    beside = {**response({"text": "Hi"}, finish="STOP"), "promptFeedback": {"blockReason": "OTHER"}}
    assert read(sse(beside)).result.choices[0].finish_reason == "stop"
    for feedback in ({}, {"blockReason": "BLOCKED_REASON_UNSPECIFIED"}, {"safetyRatings": []}):
        assert read(sse({"promptFeedback": feedback})).error is not None


# The order.


def test_the_order_of_a_candidate() -> None:
    for legal in (["content", "content", "finish"], ["finish"]):
        order = Order(GeminiReader.turns)
        assert all(order.step(kind) for kind in legal)
    for illegal in (["finish", "content"], ["finish", "finish"]):
        order = Order(GeminiReader.turns)
        assert [order.step(kind) for kind in illegal] == [True, False]
    assert START in GeminiReader.turns


def test_what_follows_the_finish_is_read_and_found() -> None:
    late = (
        {"text": " late"},
        called(name="f", args={}),
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"executableCode": {"code": "1"}},
    )
    for part in late:
        told = read(sse(response({"text": "Hi"}, finish="STOP"), response(part)))
        assert (told.complete, told.codes) == (True, {"event-out-of-order"})
    assert read(sse(response(finish="STOP"), response(finish="STOP"))).codes == {
        "event-out-of-order"
    }


def test_usage_and_empty_parts_may_follow_the_finish() -> None:
    usage = {"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}
    signature = {"text": "", "thoughtSignature": "c2ln"}
    told = read(sse(response({"text": "Hi"}, finish="STOP"), response(signature), usage))
    assert (told.complete, told.codes) == (True, set())
    assert told.result.usage is not None


def test_a_reason_that_tells_of_a_cut_is_not_taken_back() -> None:
    told = read(sse(response({"text": "Hi"}, finish="MAX_TOKENS"), response(finish="STOP")))
    assert told.result.choices[0].finish_reason == "length"
    told = read(sse(response({"text": "Hi"}, finish="STOP"), response(finish="SAFETY")))
    assert told.result.choices[0].finish_reason == "content_filter"


def test_each_candidate_must_end() -> None:
    first = response({"text": "a"}, finish="STOP")
    second = response({"text": "b"}, index=1)
    assert read(sse(first, second)).error is not None
    assert read(sse(second, first, response(index=1, finish="STOP"))).complete


def test_an_error_in_the_stream_is_told_in_any_framing() -> None:
    error = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
    hello = response({"text": "Hi"})
    for body in (
        sse(hello, error),
        sse(error),
        json.dumps([error], indent=2).encode(),
        json.dumps(error).encode(),
        json.dumps([hello, error]).encode(),
        sse({"response": error}),
    ):
        told = read(body)
        assert told.error is not None
        assert (told.error.kind, told.error.message, told.error.code) == (
            "server",
            "Slow down.",
            429,
        )


def test_an_array_says_what_the_frames_say() -> None:
    frames = [response({"text": "Hel"}), response({"text": 'lo, [{"'}, finish="STOP")]
    whole = tell(sse(*frames), dialect="gemini")
    for indent in (None, 2):
        body = json.dumps(frames, indent=indent).encode()
        told = read(body)
        assert (told.result.message, told.findings) == (whole.result.message, [])
        assert all(
            tell(pieces_of(body, [at]), dialect="gemini") == tell(body, dialect="gemini")
            for at in range(len(body))
        )
        cut = [read(body[:at]) for at in range(body.index(b"finishReason"))]
        assert not any(found.complete for found in cut)


# Calls.


def test_arguments_keep_their_numbers_and_characters() -> None:
    text = (
        '{"whole":1.0,"big":123456789012345678901234567890,"tiny":1e-300,"ü":"é \\u2028","z":-0.0}'
    )
    frame = json.dumps(response(called(name="f", args=None), finish="STOP"))
    told = read(f"data: {frame.replace('null', text)}\n\n".encode())
    (call,) = told.result.message.tool_calls
    assert call.arguments == text.replace("\\u2028", "\u2028")


def test_half_characters_find_each_other_across_pieces() -> None:
    body = sse(
        response(called(name="f", willContinue=True)),
        response(called(partialArgs=[arg("$.a", "x\ud83d", more=True)], willContinue=True)),
        response(called(partialArgs=[arg("$.a", "\ude00y")])),
        response({"text": "\ud83d"}),
        response({"text": "\ude00"}, finish="STOP"),
    )
    message = read(body).result.message
    assert message.tool_calls[0].arguments == '{"a":"x😀y"}'
    assert message.content == "😀"


def streamed(*calls: dict[str, Any], finish: str = "STOP") -> Told:
    return read(sse(*(response(called(**call)) for call in calls), response(finish=finish)))


def test_a_call_that_does_not_end_is_not_complete() -> None:
    begun = {"name": "f", "willContinue": True}
    half = {"partialArgs": [arg("$.a", "x", more=True)], "willContinue": True}
    for calls in (
        [begun],
        [begun, half],
        [begun, {"partialArgs": [arg("$.a", "x")], "willContinue": True}],
        # The call ends, but not its string.
        [begun, half, {}],
    ):
        told = streamed(*calls)
        assert told.codes == {"tool-arguments-incomplete"}
        assert not any(call.complete for call in told.result.message.tool_calls)


def test_a_call_may_come_in_one_part_by_path_or_begin_whole() -> None:
    told = streamed(
        {"name": "f", "partialArgs": [arg("$.a", "x")]},
        {"name": "g", "args": {"a": 1}, "willContinue": True},
        {"args": {"b": [1, {}]}, "partialArgs": [arg("$.c", "x")]},
    )
    assert [call.arguments for call in told.result.message.tool_calls] == [
        '{"a":"x"}',
        '{"a":1,"b":[1,{}],"c":"x"}',
    ]
    assert told.codes == set()


def test_a_name_that_comes_again_goes_on_with_its_call_if_it_brings_something() -> None:
    piece = arg("$.a", "x")
    told = streamed(
        {"name": "f", "willContinue": True},
        {"name": "f", "partialArgs": [piece], "willContinue": True},
        {},
        {"name": "f", "willContinue": True},
        {"name": "g", "partialArgs": [piece]},
        {"partialArgs": [piece]},
    )
    calls = told.result.message.tool_calls
    assert [(call.name, call.arguments, call.complete) for call in calls] == [
        ("f", '{"a":"x"}', True),
        ("f", '{"a":"x"}', True),
        ("g", '{"a":"x"}', True),
    ]


def test_an_end_without_a_call_is_found_and_pieces_without_one_are_a_call_without_a_name() -> None:
    assert streamed({}).codes == {"event-out-of-order"}
    told = streamed({"partialArgs": [arg("$.a", "x")]})
    assert "tool-name-missing" in told.codes
    assert not told.result.message.tool_calls[0].complete


# Arguments by path.


def test_paths() -> None:
    for path, steps in {
        "$.a": ("a",),
        "$.list[0].name": ("list", 0, "name"),
        "$['odd key']": ("odd key",),
        "$[\"a\"]['b'][12]": ("a", "b", 12),
        "$['it\\'s \"so\"']": ('it\'s "so"',),
        '$["\\u00e9\\n"]': ("é\n",),
        "$.odd-key": ("odd-key",),
        "$['a.b[0]']": ("a.b[0]",),
        "$['']": ("",),
    }.items():
        assert steps_of(path) == steps
    for path in (
        *(
            "",
            "$",
            "a",
            ".a",
            "$.",
            "$..a",
            "$.*",
            "$[*]",
            "$[0]",
            "$.a[-1]",
            "$.a[01]",
            "$.a[1:2]",
        ),
        *(
            "$.a[",
            "$.a]",
            "$['a",
            "$['\\x']",
            "$['\\ud83d']",
            "$.a[?@.b]",
            "$ .a",
            "$.a[99999999999]",
        ),
        "$" + ".a" * 101,
    ):
        with pytest.raises(PathError):
            steps_of(path)


def leaves(value: Any, path: str = "$") -> list[tuple[str, Any]]:
    """The values in `value` that are no objects or lists, in order, each with its path."""
    if isinstance(value, dict):
        return [
            leaf
            for key, inner in value.items()
            for leaf in leaves(inner, f"{path}[{json.dumps(key)}]")
        ]
    if isinstance(value, list):
        return [leaf for at, inner in enumerate(value) for leaf in leaves(inner, f"{path}[{at}]")]
    return [(path, value)]


def partial(path: str, value: Any, more: bool = False) -> PartialArg:
    made = PartialArg(json_path=path, will_continue=more)
    if isinstance(value, str):
        made.string_value = value
    elif isinstance(value, bool):
        made.bool_value = value
    elif value is None:
        made.null_value = None
    else:
        made.number_value = value
    return made


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=5)
#: Objects and lists that are empty have no path.
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), NESTED, min_size=1, max_size=4)


@st.composite
def queues(draw: st.DrawFn) -> tuple[dict[str, Any], list[list[PartialArg]]]:
    """Arguments, and the pieces of each of their values."""
    wanted = draw(OBJECTS)
    made = []
    for path, value in leaves(wanted):
        if not isinstance(value, str):
            made.append([partial(path, value)])
            continue
        at = draw(st.integers(0, len(value)))
        tail = [partial(path, "")] if draw(st.booleans()) else []
        made.append([partial(path, value[:at], True), partial(path, value[at:], bool(tail)), *tail])
    return wanted, made


def written(pieces: list[PartialArg], findings: Findings) -> list[str]:
    writer = ArgumentWriter(findings)
    return [writer.open(), *(writer.put(piece) for piece in pieces), writer.close()]


@given(queues())
def test_in_order_the_text_is_told_as_it_grows(made: tuple[Any, list[list[PartialArg]]]) -> None:
    wanted, parts = made
    findings = Findings()
    fragments = written([piece for queue in parts for piece in queue], findings)
    assert "".join(fragments) == json_text(wanted)
    assert len(findings) == 0
    assert set(fragments[-1]) <= set("]}")


@given(queues(), st.randoms(use_true_random=False))
def test_in_any_order_the_text_comes_to_the_same(
    made: tuple[Any, list[list[PartialArg]]], chance: random.Random
) -> None:
    wanted, parts = made
    order = [at for at, queue in enumerate(parts) for _ in queue]
    chance.shuffle(order)
    findings = Findings()
    text = "".join(written([parts[at].pop(0) for at in order], findings))
    assert json.loads(text) == wanted
    assert "argument-invalid" not in findings


@given(queues(), st.data())
def test_without_one_of_its_pieces_it_is_never_whole_and_wrong(
    made: tuple[Any, list[list[PartialArg]]], data: st.DataObject
) -> None:
    """An end that is missing is noticed: the object stays open."""
    _, parts = made
    pieces = [piece for queue in parts for piece in queue]
    pieces[data.draw(st.integers(0, len(pieces) - 1))].will_continue = True
    strings = [piece for piece in pieces if piece.string_value is not None]
    last = {piece.json_path: bool(piece.will_continue) for piece in strings}
    text = "".join(written(pieces, Findings()))
    if any(last.values()):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize(
    "pieces",
    [
        [partial("$.a", "x"), partial("$.a.b", "y")],
        [partial("$.a.b", "x"), partial("$.a", "y")],
        [partial("$.a.b", "x"), partial("$.a[0]", "y")],
        [partial("$.a", 1), partial("$.a", 2)],
        [partial("$.a", "x", True), partial("$.a", 2)],
        [partial("$.a[1]", "x")],
        [partial("$.a[0]", "x"), partial("$.a[2]", "y")],
        [partial("$.a[0", "x")],
        [PartialArg(string_value="x")],
        [PartialArg(json_path="$.a")],
    ],
)
def test_what_has_no_place_is_found_and_the_object_stays_open(pieces: list[PartialArg]) -> None:
    findings = Findings()
    fragments = written([*pieces, partial("$.z", "z")], findings)
    assert "argument-invalid" in findings
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(fragments))


def test_a_string_that_goes_on_after_its_end_is_joined_and_told_again() -> None:
    findings = Findings()
    text = "".join(written([partial("$.a", "x"), partial("$.a", "y"), partial("$.b", 1)], findings))
    assert text == '{"a":"x","b":1,"a":"xy"}'
    assert "argument-returns" in findings


def test_a_piece_that_announces_a_value_says_nothing() -> None:
    findings = Findings()
    announced = PartialArg(json_path="$.a", will_continue=True)
    assert "".join(written([announced, partial("$.a", 1)], findings)) == '{"a":1}'
    assert len(findings) == 0


# What servers could send.

HOSTILE: list[Any] = [
    *(None, True, 0, -1, 2.5, 10**30, float("nan")),
    *("", "x", "STOP", "$.a", "\ud83d", "\udc00x", "\0"),
    *([], {}, [[]], [None], {"a": {}}),
]


def mutated(value: Any, chance: random.Random) -> Any:
    """`value` with something in it replaced, left out or put deeper."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        changed = {**value, key: mutated(value[key], chance)}
        if chance.random() < 0.1:
            del changed[key]
        return changed
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        grown = [value[at]] if chance.random() < 0.1 else []
        return [*value[:at], mutated(value[at], chance), *grown, *value[at + 1 :]]
    return chance.choice([*HOSTILE, [value], {"text": value}])


@pytest.mark.parametrize("seed", range(10))
def test_nothing_that_a_server_sends_breaks_the_reader(seed: int) -> None:
    chance = random.Random(seed)
    streams = [
        [json.loads(line[6:]) for line in path.read_bytes().splitlines() if line[:6] == b"data: "]
        for path in sorted(FIXTURES.glob("*.sse"))
    ]
    streams = [frames for frames in streams if frames]
    for _ in range(150):
        frames = list(chance.choice(streams))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(frames))
            frames[at] = mutated(frames[at], chance)
        body = sse(*frames) if chance.random() < 0.7 else json.dumps(frames).encode()
        read(body if chance.random() < 0.8 else body[: chance.randrange(len(body))])
