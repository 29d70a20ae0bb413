"""Generated chat streams: conformant ones, the quirks that servers add to them, and ways to cut bytes."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from hypothesis import strategies as st

from streamnorm.assemble import Result
from streamnorm.events import ChoiceFinished, Event, StreamEnded, StreamFailed
from streamnorm.findings import Finding
from streamnorm.normalizer import Normalizer
from streamnorm.repairs.order import ORDER_CHECKS

DONE = b"data: [DONE]\n\n"

#: Findings that no repair can take away: normalizing again finds them again.
CHECKS = frozenset(check.code for check in ORDER_CHECKS)

Drive = Literal["events", "chunks", "sse"]


# Running a stream.


class Told(NamedTuple):
    """What a Normalizer told of one stream. `output` is what its feed gave: events, chunks or bytes."""

    output: Any
    findings: list[Finding]
    result: Result
    complete: bool
    error: StreamFailed | None

    @property
    def events(self) -> list[Event]:
        return self.output

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}

    @property
    def account(self) -> tuple[Any, ...]:
        """All but the output: what every way to drive a Normalizer must agree on."""
        return self[1:]


def tell(
    body: bytes | Iterable[bytes], drive: Drive = "events", *, slow: bool = False, **options: Any
) -> Told:
    """Run one stream. `slow`: without the fast path."""
    normalizer = Normalizer(**options)
    if slow:
        normalizer._reader._odd = normalizer._reader._tolerant = True
    suffix = "" if drive == "events" else f"_{drive}"
    feed, close = getattr(normalizer, f"feed{suffix}"), getattr(normalizer, f"close{suffix}")
    output: Any = b"" if drive == "sse" else []
    for piece in [body] if isinstance(body, bytes) else body:
        output += feed(piece)
    output += close()
    return Told(
        output, normalizer.findings, normalizer.result, normalizer.complete, normalizer.error
    )


def without_raw_reason(events: Iterable[Event]) -> list[Event]:
    """The events, but for the server's own word for the finish: a repaired stream has only the unified one."""
    return [
        ChoiceFinished(event.choice, event.reason, None)
        if isinstance(event, ChoiceFinished)
        else event
        for event in events
    ]


def by_choice(events: Iterable[Event]) -> dict[int | None, list[Event]]:
    """The events of each choice, and of the stream, in order: what is held of one choice lets another go first, so between
    choices there is no order to keep."""
    sorted_events: dict[int | None, list[Event]] = {}
    for event in without_raw_reason(events):
        sorted_events.setdefault(getattr(event, "choice", None), []).append(event)
    return sorted_events


def pieces_of(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`body` cut at `cuts`; two equal cuts make an empty piece."""
    bounds = [0, *sorted(cuts), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(bounds)]


@st.composite
def cut_up(draw: st.DrawFn, body: bytes, most: int = 6) -> list[bytes]:
    """`body` in pieces; now and then byte by byte."""
    if draw(st.integers(0, 7)) == 0:
        return [body[at : at + 1] for at in range(len(body))]
    return pieces_of(body, draw(st.lists(st.integers(0, len(body)), max_size=most)))


def cut_text(draw: st.DrawFn, text: str, most: int = 4) -> list[str]:
    """`text` in non-empty parts ([] for none)."""
    inner = st.integers(1, max(1, len(text) - 1))
    cuts = sorted(draw(st.sets(inner, max_size=most))) if len(text) > 1 else []
    bounds = [0, *cuts, len(text)]
    return [text[start:end] for start, end in itertools.pairwise(bounds) if start < end]


def judge(body: bytes, **options: Any) -> Told:
    """Run a stream in each of the three ways and hold what is true of every stream whatever. Returns what it told."""
    told = tell(body, **options)
    chunks, canonical = tell(body, "chunks", **options), tell(body, "sse", **options)
    assert told.account == chunks.account == canonical.account, "the three feeds disagree"
    ends = [event for event in told.events if isinstance(event, StreamEnded | StreamFailed)]
    assert ends == told.events[-1:], f"not one end, the last: {ends}"
    assert isinstance(ends[0], StreamFailed) == (told.error is not None), (
        "error and events disagree"
    )
    assert not (told.complete and told.error), "complete, with an error"
    if told.error is not None:
        calls = [call for choice in told.result.choices for call in choice.message.tool_calls]
        assert not any(call.complete for call in calls), "a cut call is complete"
    for value in (told.result, told.findings, told.events):
        msgspec.json.encode(value).decode("utf-8")
    for item in chunks.output:
        item.model_dump_json().encode("utf-8")
        repr(item)
    canonical.output.decode("utf-8")
    again = tell(
        canonical.output, **{key: options[key] for key in ("live", "tools") if key in options}
    )
    assert (again.error is None) == (told.error is None), f"read again: {again.error}"
    assert told.error or again.codes <= CHECKS, f"not normal: {again.codes - CHECKS}"
    assert told.error or by_choice(again.events) == by_choice(told.events), (
        "read again, it tells another story"
    )
    return told


# Chunks and bytes.


def chunk(
    delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **fields: Any
) -> dict[str, Any]:
    """One chunk as the specification has it; without a delta, one without choices."""
    made: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m-1",
    }
    if delta is None:
        made["choices"] = []
    else:
        made["choices"] = [{"index": index, "delta": delta, "finish_reason": finish}]
    return {**made, **fields}


def opening(index: int, id: str, name: str, arguments: str | None = "") -> dict[str, Any]:
    """The entry of `tool_calls` that opens a call."""
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id, "type": "function", "function": function}


def continuing(index: int, fragment: str) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": fragment}}


def sse(chunks: Iterable[Any], *, done: bool = True, **style: Any) -> bytes:
    """Chunks (or JSON texts) as a body."""
    frames = [
        f"data: {item if isinstance(item, str) else json.dumps(item, **style)}\n\n"
        for item in chunks
    ]
    return "".join(frames).encode() + (DONE if done else b"")


# Messages.

#: Text as UTF-8 can carry it.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.sampled_from(["Hello", " world", "\n", "{", '"', "\u2028", "\x85", "é", "😀", "data: "])
SPEECH = st.lists(TEXT | WORDS, min_size=1, max_size=5)
NAMES = st.sampled_from(["get", "get_weather", "get_weather_2", "search", "ns.f-1", "функция"])

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.sampled_from(["", "a", '"\\', "😀", "}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "city", "{", ""]), VALUES, max_size=3)


@st.composite
def argument_texts(draw: st.DrawFn) -> str:
    """The text of a JSON object, in any style."""
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]))
    text = json.dumps(
        draw(OBJECTS),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 2])),
        separators=(comma, colon),
    )
    return draw(st.sampled_from(["", "", "", " ", "\n"])) + text + draw(st.sampled_from(["", " "]))


class Call(NamedTuple):
    id: str
    name: str
    fragments: list[str]
    custom: bool = False

    @property
    def text(self) -> str:
        return "".join(self.fragments)


class Said(NamedTuple):
    """What one choice says, in fragments."""

    content: list[str]
    reasoning: list[str]
    refusal: list[str]
    calls: list[Call]
    finish: str


class Stream(NamedTuple):
    """A stream as chunks, and what it says."""

    chunks: list[dict[str, Any]]
    said: list[Said]
    usage: dict[str, Any] | None
    style: dict[str, Any]

    @property
    def body(self) -> bytes:
        return sse(self.chunks, **self.style)

    @property
    def last_finish(self) -> int:
        """Where in the body the JSON of the last finish ends: a cut before it loses the end of the stream."""
        at = max(n for n, c in enumerate(self.chunks) if c["choices"] and _finish_of(c))
        return len(sse(self.chunks[: at + 1], done=False, **self.style)) - len(b"\n\n")


def _finish_of(made: dict[str, Any]) -> str | None:
    return made["choices"][0]["finish_reason"]


@st.composite
def calls(draw: st.DrawFn, most: int = 3, custom: bool = True) -> list[Call]:
    made = []
    for at in range(draw(st.integers(0, most))):
        if custom and draw(st.integers(0, 7)) == 0:
            fragments = [part for part in draw(SPEECH) if part]
            made.append(Call(f"call_{at}", draw(NAMES), fragments, True))
        else:
            fragments = cut_text(draw, draw(argument_texts()))
            made.append(Call(f"call_{at}", draw(NAMES), fragments))
    return made


@st.composite
def messages(draw: st.DrawFn, custom: bool = True, most_calls: int = 3) -> Said:
    maybe = st.one_of(st.just([]), SPEECH)
    made = draw(calls(most_calls, custom))
    finishes = ["tool_calls"] if made else ["stop", "stop", "length", "content_filter"]
    return Said(
        draw(maybe),
        draw(maybe),
        draw(st.one_of(st.just([]), st.just([]), SPEECH)),
        made,
        draw(st.sampled_from(finishes)),
    )


USAGES = st.none() | st.fixed_dictionaries(
    {"prompt_tokens": st.integers(0, 99), "completion_tokens": st.integers(0, 99)}
).map(lambda usage: {**usage, "total_tokens": sum(usage.values())})

#: Fields that a conformant chunk may have besides, for all chunks of a stream.
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "system_fingerprint": st.none() | st.just("fp_1"),
        "service_tier": st.just("default"),
        "usage": st.none(),
        "obfuscation": st.just("xY3"),
        "x_vendor": st.just({"deep": [1, {"a": None}]}),
    },
)
CHOICE_FIELDS = st.fixed_dictionaries(
    {}, optional={"logprobs": st.none(), "content_filter_results": st.just({})}
)
STYLES = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
    }
)


def _deltas(draw: st.DrawFn, said: Said, mixed: bool) -> list[dict[str, Any]]:
    """The deltas of one choice, in order; with `mixed` its channels alternate."""
    queues: dict[Any, list[dict[str, Any]]] = {
        "reasoning": [{"reasoning_content": part} for part in said.reasoning],
        "content": [{"content": part} for part in said.content],
        "refusal": [{"refusal": part} for part in said.refusal],
    }
    for index, call in enumerate(said.calls):
        queues[index] = [{"tool_calls": [entry]} for entry in _entries(index, call)]
    order = [key for key, queue in queues.items() for _ in queue]
    if mixed:
        order = _openings_in_order(draw(st.permutations(order)))
    deltas = [queues[key].pop(0) for key in order]
    if not deltas or draw(st.booleans()):
        deltas.insert(0, draw(st.sampled_from([{}, {"content": ""}, {"content": None}])))
    deltas[0] = {"role": "assistant", **deltas[0]}
    if draw(st.integers(0, 3)) == 0:
        deltas.insert(draw(st.integers(1, len(deltas))), {})
    return deltas


def _openings_in_order(order: list[Any]) -> list[Any]:
    """Calls appear in the order of their indexes: exchange those that do not."""
    seen = list(dict.fromkeys(key for key in order if isinstance(key, int)))
    places = [at for at, key in enumerate(order) if isinstance(key, int)]
    first = {seen_key: order.index(seen_key) for seen_key in seen}
    if [key for key, _ in sorted(first.items(), key=lambda item: item[1])] == sorted(seen):
        return order
    for at, key in zip(places, sorted(order[at] for at in places), strict=True):
        order[at] = key
    return order


def _entries(index: int, call: Call) -> list[dict[str, Any]]:
    if not call.custom:
        first = opening(index, call.id, call.name)
        return [first, *(continuing(index, part) for part in call.fragments)]
    custom = {"name": call.name, "input": ""}
    first = {"index": index, "id": call.id, "type": "custom", "custom": custom}
    return [first, *({"index": index, "custom": {"input": part}} for part in call.fragments)]


@st.composite
def conformant_streams(
    draw: st.DrawFn,
    *,
    most_choices: int = 1,
    mixed: bool = True,
    custom: bool = True,
    most_calls: int = 3,
) -> Stream:
    """A stream in normal form: role once, calls opened and then told, one finish, usage last, `[DONE]`."""
    said = [
        draw(messages(custom, most_calls))
        for _ in range(draw(st.integers(1, max(1, most_choices))))
    ]
    fields, choice_fields = draw(FIELDS), draw(CHOICE_FIELDS)
    queues = [_deltas(draw, message, mixed) for message in said]
    order = [index for index, queue in enumerate(queues) for _ in queue]
    if len(said) > 1:
        order = draw(st.permutations(order))
    chunks = [chunk(queues[index].pop(0), index=index, **fields) for index in order]
    chunks += [chunk({}, message.finish, index, **fields) for index, message in enumerate(said)]
    for made in chunks:
        made["choices"][0].update(choice_fields)
    usage = draw(USAGES)
    if usage is not None:
        chunks.append(chunk(**{**fields, "usage": usage}))
    return Stream(chunks, said, usage, draw(STYLES))


# What the result of a stream must be.


def expected_of(said: Said) -> dict[str, Any]:
    """The message that `said` amounts to; text that is empty was never spoken."""
    return {
        "content": "".join(said.content) or None,
        "reasoning_content": "".join(said.reasoning) or None,
        "refusal": "".join(said.refusal) or None,
        "calls": [(call.id, call.name, call.text) for call in said.calls],
        "finish": said.finish,
    }


def found_in(result: Result, choice: int = 0) -> dict[str, Any]:
    made = result.choices[choice]
    message = made.message
    return {
        "content": message.content,
        "reasoning_content": message.reasoning_content,
        "refusal": message.refusal,
        "calls": [(call.id, call.name, call.arguments) for call in message.tool_calls],
        "finish": made.finish_reason,
    }


# Quirks: each takes the chunks of a stream with one choice and gives them as some server would send them. None of them
# changes what the stream says.

Chunks = list[dict[str, Any]]
Quirk = Callable[[Chunks], Chunks]


def _each_choice(chunks: Chunks) -> Iterable[dict[str, Any]]:
    return (made["choices"][0] for made in chunks if made["choices"])


def _each_delta(chunks: Chunks) -> Iterable[dict[str, Any]]:
    return (choice["delta"] for choice in _each_choice(chunks))


def _each_call(chunks: Chunks) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    """Every entry of `tool_calls`, and the one that opened its call."""
    openings: dict[int, dict[str, Any]] = {}
    for delta in _each_delta(chunks):
        for entry in delta.get("tool_calls") or ():
            yield entry, openings.setdefault(entry["index"], dict(entry))


def ids_vary(chunks: Chunks) -> Chunks:
    return [{**made, "id": f"gen-{at}"} for at, made in enumerate(chunks)]


def ids_empty(chunks: Chunks) -> Chunks:
    return [{**made, "id": ""} for made in chunks]


def head_missing(chunks: Chunks) -> Chunks:
    wanted = ("choices", "usage")
    return [{key: made[key] for key in wanted if key in made} for made in chunks]


def head_null(chunks: Chunks) -> Chunks:
    nulls = dict.fromkeys(("id", "object", "created", "model"))
    return [{**made, **nulls} for made in chunks]


def created_varies(chunks: Chunks) -> Chunks:
    times = (1.5, "3", 4, None)
    return [{**made, "created": times[at % 4]} for at, made in enumerate(chunks)]


def object_other(chunks: Chunks) -> Chunks:
    return [{**made, "object": "text_completion"} for made in chunks]


def role_everywhere(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        delta["role"] = "assistant"
    return chunks


def role_nowhere(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        delta.pop("role", None)
    return chunks


def role_empty(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        delta["role"] = ""
    return chunks


def content_null(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        delta.setdefault("content", None)
        delta.setdefault("tool_calls", None)
        delta.setdefault("function_call", None)
        delta.setdefault("refusal", None)
    return chunks


def content_parts(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        if isinstance(delta.get("content"), str):
            delta["content"] = [{"type": "text", "text": delta["content"]}]
    return chunks


def reasoning_renamed(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        if "reasoning_content" in delta:
            delta["reasoning"] = delta.pop("reasoning_content")
    return chunks


def reasoning_thinking(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        if "reasoning_content" in delta:
            delta["thinking"] = delta.pop("reasoning_content")
    return chunks


def reasoning_details(chunks: Chunks) -> Chunks:
    for delta in _each_delta(chunks):
        if delta.get("reasoning_content"):
            text = delta.pop("reasoning_content")
            delta["reasoning_details"] = [{"type": "reasoning.text", "text": text, "index": 0}]
    return chunks


def usage_everywhere(chunks: Chunks) -> Chunks:
    """A running count on each chunk, where there is a count at the end."""
    if not chunks[-1].get("usage"):
        return chunks
    running = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [{**made, "usage": made.get("usage") or running} for made in chunks]


def usage_beside_finish(chunks: Chunks) -> Chunks:
    if chunks[-1]["choices"]:
        return chunks
    return [*chunks[:-2], {**chunks[-2], "usage": chunks[-1]["usage"]}]


def usage_with_empty_delta(chunks: Chunks) -> Chunks:
    last = chunks[-1]
    if last["choices"]:
        return chunks
    return [*chunks[:-1], {**chunk({}), "usage": last["usage"]}]


def finish_beside_delta(chunks: Chunks) -> Chunks:
    for at, made in enumerate(chunks):
        if at and made["choices"] and _finish_of(made):
            chunks[at - 1]["choices"][0]["finish_reason"] = _finish_of(made)
            return chunks[:at] + chunks[at + 1 :]
    return chunks


def finish_repeated(chunks: Chunks) -> Chunks:
    return [
        copy
        for made in chunks
        for copy in ([made, made] if made["choices"] and _finish_of(made) else [made])
    ]


def finish_empty(chunks: Chunks) -> Chunks:
    for choice in _each_choice(chunks):
        choice["finish_reason"] = choice["finish_reason"] or ""
    return chunks


def finish_stop(chunks: Chunks) -> Chunks:
    for choice in _each_choice(chunks):
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"
    return chunks


def finish_renamed(chunks: Chunks) -> Chunks:
    names = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
    for choice in _each_choice(chunks):
        choice["finish_reason"] = names.get(choice["finish_reason"], choice["finish_reason"])
    return chunks


def choices_null(chunks: Chunks) -> Chunks:
    return [{**made, "choices": made["choices"] or None} for made in chunks]


def delta_null_at_finish(chunks: Chunks) -> Chunks:
    for choice in _each_choice(chunks):
        if choice["finish_reason"]:
            choice["delta"] = None
    return chunks


def heartbeats(chunks: Chunks) -> Chunks:
    return [item for made in chunks for item in (chunk({"content": ""}), made)][1:]


def opening_repeated(chunks: Chunks) -> Chunks:
    """Id, type and name on every delta of a call."""
    for entry, first in _each_call(chunks):
        entry.update(id=first["id"], type=first["type"])
        kind = "function" if "function" in first else "custom"
        if kind == "function":
            entry[kind] = {"name": first[kind]["name"], **entry[kind]}
    return chunks


def opening_emptied(chunks: Chunks) -> Chunks:
    """Empty id and name on the later deltas of a call."""
    for entry, first in _each_call(chunks):
        if entry.get("id") != first["id"] and "function" in entry:
            entry.update(id="", type="function", function={"name": "", **entry["function"]})
    return chunks


def opening_nulled(chunks: Chunks) -> Chunks:
    for entry, first in _each_call(chunks):
        if entry.get("id") != first["id"] and "function" in entry:
            entry.update(id=None, type=None, function={"name": None, **entry["function"]})
    return chunks


def opening_without_arguments(chunks: Chunks) -> Chunks:
    for entry, _ in _each_call(chunks):
        if entry.get("id") and "function" in entry:
            del entry["function"]["arguments"]
    return chunks


def type_missing(chunks: Chunks) -> Chunks:
    for entry, _ in _each_call(chunks):
        if "function" in entry:
            entry.pop("type", None)
    return chunks


def indexes_from_one(chunks: Chunks) -> Chunks:
    for entry, _ in _each_call(chunks):
        entry["index"] += 1
    return chunks


def indexes_sparse(chunks: Chunks) -> Chunks:
    for entry, _ in _each_call(chunks):
        entry["index"] = entry["index"] * 3 + 2
    return chunks


def indexes_all_zero(chunks: Chunks) -> Chunks:
    """Every call under index 0, told apart by its opening."""
    for entry, _ in _each_call(chunks):
        entry["index"] = 0
    return chunks


def indexes_as_text(chunks: Chunks) -> Chunks:
    for entry, _ in _each_call(chunks):
        entry["index"] = str(entry["index"])
    return chunks


def id_without_index(chunks: Chunks) -> Chunks:
    """No index; the id on every delta says whose it is."""
    for entry, first in list(_each_call(chunks)):
        entry["id"] = first["id"]
    for entry, _ in list(_each_call(chunks)):
        entry["index"] = None
    return chunks


def function_flat(chunks: Chunks) -> Chunks:
    """Name and arguments on the call itself, in its opening."""
    for entry, _ in _each_call(chunks):
        if entry.get("id") and "function" in entry:
            entry.update(entry.pop("function"))
    return chunks


def function_flat_throughout(chunks: Chunks) -> Chunks:
    """Name and arguments on the call itself, in its later deltas too."""
    for entry, _ in _each_call(chunks):
        if "function" in entry:
            entry.update(entry.pop("function"))
    return chunks


def call_in_one(chunks: Chunks) -> Chunks:
    """Each call whole in its opening."""
    whole: dict[int, dict[str, Any]] = {}
    kept = []
    for made in chunks:
        entry = next((e for d in _each_delta([made]) for e in d.get("tool_calls") or ()), None)
        body = entry and (entry.get("function") or entry["custom"])
        if entry is None:
            kept.append(made)
        elif entry["index"] in whole:
            text = "arguments" if "arguments" in body else "input"
            whole[entry["index"]][text] += body[text]
        else:
            whole[entry["index"]] = body
            kept.append(made)
    return kept


def calls_together(chunks: Chunks) -> Chunks:
    """Neighbouring deltas of calls in one chunk."""
    kept: Chunks = []
    for made in chunks:
        delta = next(iter(_each_delta([made])), {})
        before = next(iter(_each_delta(kept[-1:])), {})
        if delta.get("tool_calls") and before.get("tool_calls") and "role" not in delta:
            before["tool_calls"] = before["tool_calls"] + delta["tool_calls"]
        else:
            kept.append(made)
    return kept


def call_beside_text(chunks: Chunks) -> Chunks:
    """A call's delta in the chunk of the text before it."""
    kept: Chunks = []
    for made in chunks:
        delta = next(iter(_each_delta([made])), {})
        before = next(iter(_each_delta(kept[-1:])), {})
        fits = before.get("content") and not before.get("tool_calls")
        if delta.get("tool_calls") and fits:
            before["tool_calls"] = delta["tool_calls"]
        else:
            kept.append(made)
    return kept


def placeholder_first(chunks: Chunks) -> Chunks:
    """`{}` in the opening, before the real arguments (where they come at once, and not a space first)."""
    waiting: dict[int, dict[str, Any]] = {}
    for entry, _ in _each_call(chunks):
        body = entry.get("function", {})
        if entry.get("id") and body:
            waiting[entry["index"]] = body
        elif entry["index"] in waiting and body["arguments"].startswith("{"):
            waiting.pop(entry["index"])["arguments"] = "{}"
        else:
            waiting.pop(entry["index"], None)
    return chunks


def prompt_filter_first(chunks: Chunks) -> Chunks:
    head = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
    return [{**head, "prompt_filter_results": []}, *chunks]


QUIRKS: tuple[Quirk, ...] = (
    ids_vary,
    ids_empty,
    head_missing,
    head_null,
    created_varies,
    object_other,
    role_everywhere,
    role_nowhere,
    role_empty,
    content_null,
    content_parts,
    reasoning_renamed,
    reasoning_thinking,
    reasoning_details,
    usage_everywhere,
    usage_beside_finish,
    usage_with_empty_delta,
    finish_beside_delta,
    finish_repeated,
    finish_empty,
    finish_stop,
    finish_renamed,
    choices_null,
    delta_null_at_finish,
    heartbeats,
    opening_repeated,
    opening_emptied,
    opening_nulled,
    opening_without_arguments,
    type_missing,
    indexes_from_one,
    indexes_sparse,
    indexes_all_zero,
    indexes_as_text,
    id_without_index,
    function_flat,
    function_flat_throughout,
    call_in_one,
    calls_together,
    call_beside_text,
    placeholder_first,
    prompt_filter_first,
)

# Quirks of the framing: bytes in, bytes out. None of them changes what the stream says either.


def crlf(body: bytes) -> bytes:
    return body.replace(b"\n", b"\r\n")


def bare_cr(body: bytes) -> bytes:
    return body.replace(b"\n", b"\r")


def no_space(body: bytes) -> bytes:
    return re.sub(rb"^data: ", b"data:", body, flags=re.MULTILINE)


def single_newline(body: bytes) -> bytes:
    return body.replace(b"\n\n", b"\n")


def byte_order_mark(body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


def keep_alives(body: bytes) -> bytes:
    return b": hello\n\n" + body.replace(b"\n\n", b"\n\n: keep-alive\n\n")


def ids_and_retry(body: bytes) -> bytes:
    return body.replace(b"data: {", b"id: 7\nretry: 3000\ndata: {")


def empty_frames(body: bytes) -> bytes:
    return body.replace(b"\n\n", b"\n\ndata:\n\n", 3)


def pings(body: bytes) -> bytes:
    return body.replace(b"\n\n", b'\n\nevent: ping\ndata: {"type": "ping"}\n\n', 2)


def no_done(body: bytes) -> bytes:
    return body.removesuffix(DONE)


def done_unterminated(body: bytes) -> bytes:
    return body.removesuffix(b"\n\n")


def after_done(body: bytes) -> bytes:
    return body + b'data: {"late": true}\n\n' + DONE


FRAMINGS: tuple[Callable[[bytes], bytes], ...] = (
    crlf,
    bare_cr,
    no_space,
    single_newline,
    byte_order_mark,
    keep_alives,
    ids_and_retry,
    empty_frames,
    pings,
    no_done,
    done_unterminated,
    after_done,
)


def with_quirks(stream: Stream, quirks: Iterable[Quirk]) -> Chunks:
    """The stream's chunks with `quirks` added; the stream's own stay as they are."""
    chunks: Chunks = json.loads(json.dumps(stream.chunks))
    for quirk in quirks:
        chunks = quirk(chunks)
    return chunks


@st.composite
def quirky_bodies(draw: st.DrawFn) -> bytes:
    """Any stream with any mixture of quirks; what it says may be lost, and what it says is not the point."""
    stream = draw(conformant_streams(most_choices=2))
    chunks = with_quirks(stream, draw(st.lists(st.sampled_from(QUIRKS), max_size=3).map(_lenient)))
    body = sse(chunks, done=True, **stream.style)
    for framing in draw(st.lists(st.sampled_from(FRAMINGS), max_size=2)):
        body = framing(body)
    return body


def _lenient(quirks: list[Quirk]) -> list[Quirk]:
    """Quirks as they can be stacked: one that no longer finds what it changes leaves the chunks alone."""

    def trying(quirk: Quirk) -> Quirk:
        def apply(chunks: Chunks) -> Chunks:
            try:
                return quirk(chunks)
            except (AttributeError, KeyError, TypeError, IndexError):
                return chunks

        return apply

    return [trying(quirk) for quirk in quirks]
