"""Faults change what they say and nothing else, in the replay's steps; and over a real socket each ends as its table says."""

from __future__ import annotations

import asyncio
import itertools
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
import httpx
import pytest
from corpus_captures import corpus_streams
from hypothesis import given
from hypothesis import strategies as st
from served_streams import BODY, PIECES, REQUEST, chat_capture

import streamnorm
from streamnorm import Normalizer
from streamnorm.captures.faults import FAULTS, NOT_SERVED, Fault, Place, Plan, faults_of, plan_of
from streamnorm.captures.faults.places import FrameEnds, Rest, joined
from streamnorm.captures.replay import ReplayTransport
from streamnorm.captures.script import Break, Finish, Head, Send, Stall, Step, Wait
from streamnorm.captures.serve import served
from streamnorm.errors import CaptureError, RemoteError
from streamnorm.sse import FrameDecoder

ROOT = Path(__file__).resolve().parents[2]

HEAD = Head(200, {"content-type": "text/event-stream"})
FRAMES = [frame + b"\n\n" for frame in BODY.split(b"\n\n")[:-1]]


def steps_of(pieces: list[bytes], interval: float = 0.0) -> list[Step]:
    waited = [Wait(interval)] if interval else []
    return [HEAD, *itertools.chain(*([*waited, Send(piece)] for piece in pieces)), Finish()]


def sent(steps: list[Step]) -> list[bytes]:
    return [step.data for step in steps if isinstance(step, Send)]


def faulty(spec: str, pieces: list[bytes], interval: float = 0.0) -> list[Step]:
    return list(plan_of(spec).apply(steps_of(pieces, interval)))


# Places.


def cut_in(data: bytes, lengths: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for length in itertools.cycle(lengths or [len(data)]):
        pieces.append(data[at : at + length])
        at += length
        if at >= len(data):
            return pieces
    raise AssertionError


@given(
    st.lists(st.integers(1, 90), max_size=9),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 12),
)
def test_a_frames_place_is_where_it_begins_however_the_body_is_cut(
    lengths: list[int], end: str, number: int
) -> None:
    body = BODY.replace(b"\n", end.encode())
    steps = steps_of(cut_in(body, lengths))
    rest = Rest(steps)
    before = sent(list(rest.until(Place("frame", number))))
    frames = [frame.replace(b"\n", end.encode()) for frame in FRAMES]
    assert rest.reached == (number <= len(frames) + 1)
    expected = b"".join(frames[: number - 1])
    # A CR LF may be cut between the two: the line ends at the first of them.
    assert b"".join(before) in (expected, expected.removesuffix(b"\n"))


@given(
    st.lists(st.integers(1, 90), max_size=9),
    st.sampled_from(["frame", "byte", "time"]),
    st.integers(1, 1_500),
)
def test_a_place_parts_a_piece_and_nothing_is_lost_by_it(
    lengths: list[int], where: Any, at: int
) -> None:
    steps = steps_of(cut_in(BODY, lengths), 1.0)
    rest = Rest(steps)
    before = list(rest.until(Place(where, at)))
    frame = rest.frame()
    told = list(joined([*before, *(frame.steps if frame else ()), *rest]))
    assert told == steps


def test_a_place_in_time_is_in_the_replays_time() -> None:
    assert faulty("cut@time:2.5", [b"a", b"b", b"c"], 1.0) == [
        HEAD,
        *(Wait(1.0), Send(b"a"), Wait(1.0), Send(b"b"), Wait(0.5)),
        Break("cut"),
    ]
    assert faulty("cut@time:0", [b"a"], 1.0) == [Break("cut")]


def test_a_place_in_bytes_is_after_so_many() -> None:
    assert faulty("reset@byte:3", [b"ab", b"cd"]) == [
        HEAD,
        Send(b"ab"),
        Send(b"c"),
        Break("reset"),
    ]
    assert faulty("reset@byte:0", [b"ab"]) == [HEAD, Break("reset")]


def test_frames_end_where_the_decoder_ends_them() -> None:
    """Over the corpus, in pieces of a few lengths. A strict decoder drops what has no end."""
    streams = corpus_streams("chat", "responses", "anthropic", "gemini")
    corpus.require(corpus.CAPTURES)
    checked = 0
    for stream in streams[::7]:
        body = stream.read_bytes()
        if not body.lstrip().startswith((b"data:", b"event:", b":")) or b"\0" in body:
            continue
        frames = len(FrameDecoder(strict=True).feed(body))
        for size in (len(body), 700, 13):
            ends = FrameEnds()
            found = sum(
                len(list(ends.feed(body[at : at + size]))) for at in range(0, len(body), size)
            )
            assert found == frames, stream.name
        checked += 1
    assert checked > 100


def test_in_a_body_that_is_no_sse_a_line_is_a_frame() -> None:
    pieces = [b'{"a":1}\n{"a"', b':2}\n{"a":3}\n']
    assert sent(faulty("drop@frame:2", pieces)) == [b'{"a":1}\n', b'{"a":3}\n']


# What a fault leaves alone.


def test_pieces_that_a_fault_does_not_touch_keep_their_cut() -> None:
    pieces = [FRAMES[0][:9], FRAMES[0][9:] + FRAMES[1] + FRAMES[2][:5], FRAMES[2][5:], FRAMES[3]]
    told = sent(faulty("duplicate@frame:3", pieces))
    assert told == [*pieces[:1], FRAMES[0][9:] + FRAMES[1], FRAMES[2], FRAMES[2], FRAMES[3]]
    told = sent(faulty("finish-abort", pieces))
    assert told == pieces


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_lazy_and_ends_as_a_replay_ends(name: str) -> None:
    """Steps without end are read no further than needed, and a whole replay ends in one last step."""

    def forever() -> Iterator[Step]:
        yield HEAD
        while True:
            yield Wait(0.001)
            yield from map(Send, PIECES[:5])

    list(itertools.islice(plan_of(name).apply(forever()), 40))
    if FAULTS[name].ends == "deadline":
        return
    spec = f"{name}=1" if FAULTS[name].unit.startswith("MiB") else name
    *body, last = faulty(spec, list(PIECES), 0.001)
    assert isinstance(last, Finish | Break | Stall)
    assert not any(isinstance(step, Finish | Break | Stall) for step in body)
    assert sum(isinstance(step, Head) for step in body) <= 1
    assert faulty(spec, list(PIECES), 0.001) == [*body, last]


@given(st.lists(st.integers(1, 200), max_size=9), st.sampled_from(sorted(FAULTS)))
def test_the_bytes_of_a_fault_do_not_hang_on_the_cut(lengths: list[int], name: str) -> None:
    fault = FAULTS[name]
    if fault.ends == "deadline" or fault.unit.startswith("MiB") or name.startswith("gzip"):
        return
    assert b"".join(sent(faulty(name, cut_in(BODY, lengths)))) == b"".join(
        sent(faulty(name, [BODY]))
    )


def test_faults_come_one_after_the_other() -> None:
    told = faulty("drop@frame:1", list(PIECES))
    both = list(plan_of(["drop@frame:1", "cut@frame:2"]).apply(steps_of(list(PIECES))))
    assert both == [*told[:2], Break("cut")]


def test_a_place_past_the_end_is_the_end_and_is_told() -> None:
    missed: list[Any] = []
    plan = plan_of(["duplicate@frame:99", "cut@byte:99999"])
    told = list(plan.apply(steps_of(list(PIECES)), missed=missed.append))
    assert told == [*steps_of(list(PIECES))[:-1], Break("cut")]
    assert list(map(str, missed)) == ["duplicate@frame:99", "cut@byte:99999"]
    behind = f"@frame:{len(FRAMES) + 1}"
    for name, told_of in (("drop", True), ("reorder", True), ("merge", True), ("cut", False)):
        missed.clear()
        list(plan_of(name + behind).apply(steps_of(list(PIECES)), missed=missed.append))
        assert bool(missed) == told_of


def test_a_frame_that_is_too_large_to_hold_is_left_as_it_is() -> None:
    line = b"data: " + b"a" * 1_000_000
    pieces = [FRAMES[0], *[line] * 20, b"\n\n", FRAMES[1]]
    missed: list[Any] = []
    told = list(plan_of("drop@frame:2").apply(steps_of(pieces), missed=missed.append))
    assert told == steps_of(pieces)
    assert missed
    assert sent(faulty("no-done", pieces)) == pieces


def test_reorder_corrupt_and_trickle_do_what_they_say() -> None:
    assert sent(faulty("reorder@frame:2", FRAMES))[:4] == [
        FRAMES[0],
        FRAMES[2],
        FRAMES[1],
        FRAMES[3],
    ]
    one, two = (b"".join(sent(faulty(f"corrupt={seed}@frame:2", FRAMES))) for seed in (1, 2))
    assert one != two
    assert len(one) == len(BODY)
    assert sum(a != b for a, b in zip(one, BODY, strict=True)) <= 3
    assert one.startswith(FRAMES[0])
    assert one.endswith(b"".join(FRAMES[2:]))
    slow = faulty("trickle=50@byte:2", [b"abcd"])
    assert slow == [HEAD, Send(b"ab"), Wait(0.02), Send(b"c"), Wait(0.02), Send(b"d"), Finish()]


def test_split_utf8_cuts_every_character_of_several_bytes_inside() -> None:
    told = sent(faulty("split-utf8", [BODY]))
    assert b"".join(told) == BODY
    assert len(told) == 1 + sum(len(char.encode()) > 1 for char in BODY.decode())
    for piece in told[:-1]:
        with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
            piece.decode(errors="strict") if piece[0] < 0x80 else piece.lstrip(
                bytes(range(0x80, 0xC0))
            ).decode()


# Plans.


def test_a_plan_is_read_from_toml_by_the_names_of_captures(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'faults = ["slow-headers=0.5"]\n[captures]\n"a/b" = "cut@frame:3"\n"a/*" = ["429=7", "bom"]\n'
    )
    plan = plan_of(path)
    assert plan_of(str(path)) == plan
    assert list(map(str, plan.of("a/b"))) == ["slow-headers=0.5", "cut@frame:3"]
    assert list(map(str, plan.of("a/c"))) == ["slow-headers=0.5", "429=7", "bom"]
    assert list(map(str, plan.of())) == ["slow-headers=0.5"]
    assert plan_of(plan) is plan
    assert plan_of([]) == Plan()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("cutt@frame:3", "no fault is named 'cutt' (in 'cutt@frame:3'): did you mean 'cut'?"),
        ("", "no fault is named ''"),
        ("cut@frame:0", "cut takes @frame:N or @byte:N or @time:SECONDS, frames count from 1"),
        ("cut@frame:x", "not '@frame:x' (in 'cut@frame:x')"),
        ("cut@frame", "not '@frame'"),
        ("cut@3", "not '@3'"),
        ("cut@frame:1.5", "not '@frame:1.5'"),
        ("cut@byte:-1", "not '@byte:-1'"),
        ("cut@time:nan", "not '@time:nan'"),
        ("drop@byte:3", "drop takes @frame:N, not '@byte:3'"),
        ("429@frame:3", "429 has no place: it is about the whole answer"),
        ("cut=3", "cut takes no value"),
        ("trickle=fast", "trickle takes a number, bytes a second, such as 10; not 'fast'"),
        ("trickle=0", "not '0'"),
        ("trickle=inf", "not 'inf'"),
        ("redirect=a\nb", "redirect takes the address in ASCII"),
    ],
)
def test_what_is_no_fault_is_told_with_what_comes_nearest(spec: str, said: str) -> None:
    with pytest.raises(CaptureError) as caught:
        plan_of(spec)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fault = 'cut'", "a plan has faults and captures, not 'fault'"),
        ("faults = 3", "faults is a text such as 'cut@frame:3', or a list of them, not 3"),
        ("captures = 3", "captures is a table of names and faults, not 3"),
        ("[captures]\na = 'cuts'", "did you mean 'cut'?"),
        ("faults = ", "this is no TOML"),
    ],
)
def test_a_plan_that_cannot_be_read_names_its_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(CaptureError) as caught:
        plan_of(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_plan_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"cannot read the plan .*: No such file"):
        plan_of(tmp_path / "none.toml")


def test_words_alone_never_open_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('faults = "cut"')
    with pytest.raises(CaptureError, match="no fault is named"):
        faults_of(str(path))


# What there is.


def test_every_situation_is_brought_about_by_a_fault_or_the_reason_is_told() -> None:
    brought = {fact for fault in FAULTS.values() for fact in fault.facts}
    assert not brought & NOT_SERVED.keys()
    assert brought | NOT_SERVED.keys() == {each["id"] for each in corpus.facts("faults.json")}


def test_the_page_about_faults_is_fresh() -> None:
    script = ROOT / "scripts" / "write_docs.py"
    if not script.is_file():
        pytest.skip("the page's writer is not here")
    written = runpy.run_path(str(script))["faults_page"]()
    assert (ROOT / "docs" / "faults.md").read_text("utf-8") == written, (
        "run python scripts/write_docs.py"
    )


# Over a socket, and without one.

#: How much of a fault, where the one that it has is meant for people.
LITTLE = {"trickle": "trickle=20000", "pause": "pause=0.1", "slow-headers": "slow-headers=0.1"}

#: Seconds of silence that the client bears, and of everything.
SILENCE, LONGEST = 0.3, 10.0


async def read(client: httpx.AsyncClient, fault: Fault) -> tuple[str, Normalizer]:
    """How a stream ends for streamnorm over httpx."""
    normalizer = Normalizer()
    partial = None
    headers = {"x-streamnorm-fault": LITTLE.get(fault.name, fault.name)}
    try:
        async with (
            asyncio.timeout(1.0 if fault.ends == "deadline" else LONGEST),
            client.stream(
                "POST", "/v1/chat/completions", json=REQUEST, headers=headers
            ) as response,
        ):
            if response.status_code != 200:
                return "status", normalizer
            async for _ in streamnorm.anormalize(response, normalizer=normalizer):
                pass
    except RemoteError as error:
        end, partial = type(error).__name__, error.partial
    except httpx.TransportError:
        end = "transport"
    except TimeoutError:
        end = "deadline"
    else:
        end = "survived"
    assert partial in (None, normalizer.result)
    assert (partial is None) == (normalizer.error is None)
    return end, normalizer


async def over_a_socket(path: Path, fault: Fault) -> tuple[str, Normalizer]:
    with served(path) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=SILENCE) as client:
            return await read(client, fault)


async def without_one(path: Path, fault: Fault) -> tuple[str, Normalizer]:
    transport = ReplayTransport(path, fault=LITTLE.get(fault.name, fault.name))
    async with httpx.AsyncClient(
        base_url="http://host.test", transport=transport, timeout=SILENCE
    ) as client:
        return await read(client, fault)


@pytest.mark.parametrize(
    ("played", "name"),
    [(over_a_socket, name) for name in FAULTS]
    + [(without_one, name) for name, fault in FAULTS.items() if not fault.wire],
)
def test_each_fault_ends_as_its_table_says_with_what_had_come(
    tmp_path: Path, played: Any, name: str
) -> None:
    fault = FAULTS[name]
    end, normalizer = asyncio.run(played(chat_capture(tmp_path / "chat.cap.jsonl"), fault))
    assert end == fault.ends
    codes = [finding.code for finding in normalizer.findings]
    assert not fault.finding or fault.finding in codes
    assert (end == "survived") == (normalizer.complete and normalizer.error is None)
    if fault.takes and fault.default.at >= 3:
        assert (normalizer.result.message.content or "").startswith("Grüße, ")


@pytest.mark.parametrize("value", ["5", "0.5"])
def test_retry_after_says_what_was_asked(tmp_path: Path, value: str) -> None:
    with served(chat_capture(tmp_path / "chat.cap.jsonl"), fault=f"429={value}") as server:
        response = httpx.post(f"{server.url}/v1/chat/completions", json=REQUEST)
    assert response.status_code == 429
    assert response.headers["retry-after"] == value
    assert response.json()["error"]["type"] == "rate_limit_error"
