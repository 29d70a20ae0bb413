"""The HTML report as text: one file that loads nothing, whose every word from outside is text, and whose size is bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import corpus
import pytest
from conformance.corpus_evidence import corpus_evidence, provider_of
from conformance.graded import BASES, Mutation, mutant_of, spoken
from conformance.hostile import HOSTILE, LONG, SCRIPT, hostile_evidence
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.format import Piece
from streamnorm.conformance import CHECKS, Evidence, Verdict, grade
from streamnorm.conformance.asked import AREAS, ASKED, area_of, asked_of
from streamnorm.conformance.html import Matrix, page
from streamnorm.conformance.html.marked import data_block, outside
from streamnorm.conformance.html.matrix import MOST_SHOWN
from streamnorm.conformance.html.timeline import FRAMES, LINES, POINTS, timeline_of
from streamnorm.conformance.printable import cut, printable

#: Elements that the page may have: none that loads, embeds or sends anything.
ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body header main form fieldset legend label input select option button output div table "
        "caption thead tbody tr th td a b i span bdi code pre p ul li h1 h2 h3 h4 h5 section article details summary dl dt dd "
        "figure figcaption dialog script",
    )
)


class Read(HTMLParser):
    """What a parser sees: the elements with their attributes, the text, what stands in each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.raw[self._inside] if self._inside else self.text).append(data)

    @property
    def words(self) -> str:
        return "".join(self.text)


def matrix_of(*evidence: Evidence, endpoint: str = "one") -> Matrix:
    matrix = Matrix()
    for at, each in enumerate(evidence):
        matrix.add(endpoint, grade(each, name=f"{at}.sse"), each)
    return matrix


@pytest.fixture(scope="module")
def hostile() -> str:
    matrix = matrix_of(hostile_evidence(), endpoint=HOSTILE)
    for base in BASES:
        each = spoken(base)
        matrix.add("good", grade(each, name=HOSTILE), each)
    return page(matrix, title=HOSTILE, unread=[(HOSTILE, HOSTILE)])


def test_hostile_words_are_text(hostile: str) -> None:
    read = Read(hostile)
    assert {tag for tag, _ in read.elements} <= ELEMENTS
    assert SCRIPT in read.words
    for tag, attributes in read.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        link = attributes.get("href")
        assert link is None or link.startswith(("#", "https://")), link
        assert "src" not in attributes
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_in_the_page_is_hidden_or_turned(hostile: str) -> None:
    assert not [mark for mark in hostile if not mark.isprintable() and mark != "\n"]
    assert "\\u202e" in hostile
    assert "\\x1b" in hostile


def test_the_scripts_are_ours_and_the_policy_names_them(hostile: str) -> None:
    read = Read(hostile)
    policy = next(a["content"] for tag, a in read.elements if a.get("http-equiv")) or ""
    data, script = read.raw["script"]
    (style,) = read.raw["style"]
    for kind, text in (("script", script), ("style", style)):
        wanted = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{wanted}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not set("<>&") & set(data)
    assert "innerHTML" not in script
    assert json.loads(data)["cells"]


#: What a JSON decoder gives may hold halves of characters; what it writes may not.
@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_any_words_are_text(name: str, reason: str) -> None:
    read = Read(f"<p>{outside(name, 10_000)}</p><script>{data_block([name, reason])}</script>")
    assert [tag for tag, _ in read.elements] == ["p", "bdi", "script"]
    assert read.words == printable(name)
    assert json.loads(read.raw["script"][0]) == [name, reason]


def test_half_a_character_can_be_written() -> None:
    told = page(matrix_of(spoken("chat-text"), endpoint="half \ud83d"), title="\udc00")
    assert "half \\ud83d" in told
    assert told.encode()


def test_what_is_cut_says_how_much(hostile: str) -> None:
    assert cut("aäö", 1) == "a... (4 more bytes)"
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc... (1 more byte)"
    assert LONG not in hostile
    assert re.search(r"and [\d,]+ bytes more|\([\d,]+ more bytes\)", hostile)
    assert len(hostile) < 400_000


def test_the_same_exchanges_make_the_same_page() -> None:
    told = [page(matrix_of(*map(spoken, BASES))) for _ in range(2)]
    assert told[0] == told[1]


def test_every_check_of_the_exchanges_has_its_row_and_what_it_asks() -> None:
    matrix = matrix_of(*map(spoken, BASES))
    told = page(matrix)
    recorded = [check.id for check in CHECKS.values() if not getattr(check, "probes", ())]
    assert list(matrix.checks) == recorded
    for check in recorded:
        assert f'<tr data-c="{check}"' in told
        assert f'<article id="c-{check}"' in told
    assert [area for area in AREAS.values() if f'data-area="{area}"' in told] == list(
        AREAS.values()
    )


def test_every_id_belongs_to_an_area() -> None:
    assert all(area_of(check) in AREAS.values() for check in ASKED)
    assert all(asked_of(check).requirement for check in ASKED)
    assert asked_of("Z-999").requirement == ""
    assert area_of("Z-999") == "Other"


def test_a_cell_counts_all_and_shows_a_few() -> None:
    broken = Mutation("", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),))
    matrix = matrix_of(spoken("chat-text"), *(mutant_of(broken) for _ in range(9)))
    cell = matrix.endpoints[0].cells["E-003"]
    assert (cell.verdict, cell.total, cell.counts[Verdict.FAIL]) == (Verdict.FAIL, 10, 9)
    assert [each.exchange for each in cell.shown] == [1, 2, 3]
    assert len(matrix.exchanges) == MOST_SHOWN + 1
    told = page(matrix)
    assert "10 exchanges: 9 fail, 1 pass." in told
    assert "And 6 more exchanges that do not show it met." in told
    assert "Breaks a naive reader, the OpenAI SDK&#x27;s stream helper" in told


def test_a_known_deviation_is_marked() -> None:
    broken = mutant_of(
        Mutation("", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),))
    )
    matrix = Matrix()
    matrix.add("one", grade(broken, name="a.sse"), broken, known=["E-003"])
    told = page(matrix)
    assert '<td class="f k">' in told
    assert "(1 known to the baseline)" in told


def test_an_exchange_without_its_bytes_is_still_told() -> None:
    matrix = Matrix()
    broken = mutant_of(
        Mutation("", "chat-text", ((b'"finish_reason":"stop"', b'"finish_reason":"eos"'),))
    )
    matrix.add("one", grade(broken, name="a.sse"))
    assert "no bytes of it are at hand" in page(matrix)


def test_a_timeline_has_the_times_of_the_pieces() -> None:
    found = timeline_of(spoken("chat-tools"))
    assert found is not None
    assert found.times == tuple(50 * at for at in range(1, found.frames + 1))
    assert (found.first, found.first_at) == (3, 150)
    assert [line.name for line in found.growth] == ["get_weather", "get_weather", "get_time"]
    assert [line.points[-1][1] for line in found.growth] == [18, 16, 2]
    assert "the first token after 0.15 s, in frame 3" in found.words


def test_a_timeline_without_times_goes_by_frames() -> None:
    body = spoken("chat-text").body
    found = timeline_of(Evidence([Piece(0.0, body)], lost=["times", "pieces"]))
    assert found is not None
    assert found.times is None
    assert "no times are known" in found.words


@pytest.mark.parametrize("base", BASES)
def test_a_timeline_counts_what_is_in_the_stream(base: str) -> None:
    evidence = spoken(base)
    found = timeline_of(evidence)
    assert found is not None
    assert found.frames == len(evidence.frames)
    assert len(found.kinds) == len(found.shown) == found.frames
    for line in found.growth:
        lengths = [length for _, length in line.points]
        assert lengths == sorted(lengths)


def test_a_long_stream_has_a_short_timeline() -> None:
    text = spoken("chat-text").body.split(b"\n\n")
    many = b"\n\n".join([*text[:2], *text[2:3] * 5_000, *text[3:]])
    calls = b"".join(
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"id":"c%d","function":'
        b'{"name":"%s","arguments":"{}"}}]}}]}\n\n' % (at, at, b"n" * 500)
        for at in range(50)
    )
    found = timeline_of(Evidence([Piece(1.0, many), Piece(2.0, calls)], dialect="chat"))
    assert found is not None
    assert found.frames > 5_000
    assert len(found.shown) == FRAMES
    assert (found.shown[0], found.shown[-1]) == (1, found.frames)
    assert len(found.growth) == LINES
    assert found.more > 0
    assert max(len(line.points) for line in found.growth) == POINTS
    assert len(data_block(found)) < 8_000


def test_an_empty_body_has_no_timeline() -> None:
    assert timeline_of(Evidence([Piece(0.0, b"")])) is None


def all_providers() -> Matrix:
    matrix = Matrix()
    for stream in sorted(corpus.require(corpus.CAPTURES).rglob("*.sse")):
        evidence = corpus_evidence(stream)
        matrix.add(provider_of(stream), grade(evidence, name=stream.name), evidence)
    return matrix


def test_the_report_of_all_providers_is_small() -> None:
    told = page(all_providers())
    assert 500_000 < len(told.encode()) < 5_000_000
    assert {tag for tag, _ in Read(told).elements} <= ELEMENTS
