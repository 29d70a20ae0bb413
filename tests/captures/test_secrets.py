"""No secret passes, however it is cut and wherever it stands; and nothing else is touched."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

import corpus
import msgspec
import pytest
from corpus_captures import corpus_streams
from hypothesis import given
from hypothesis import strategies as st

from streamnorm.captures.cleaning import Cleaner
from streamnorm.captures.format import Request, Response
from streamnorm.captures.masking import HELD, FieldMasker, Masker
from streamnorm.captures.secrets import (
    SHAPES,
    credentials_in,
    is_kept,
    is_secret_name,
    masked_query,
    masked_url,
)

#: Long enough and mixed enough for every shape whose characters it is made of.
UPPER = "A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6"
LOWER = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9"
KEYS = [
    JWT if shape.beginning == "eyJ" else shape.beginning + (LOWER if "a" in shape.body else UPPER)
    for shape in SHAPES
]
#: Keys, halves of keys, and what a key may go on with.
PARTS = [part.encode() for key in KEYS for part in (key, key[:9], key[9:])] + [
    b".",
    b"-",
    b"*",
    b" ",
]
CREDENTIAL = 'pa/ss w"ord+é<9>'

around = st.text(max_size=12).map(str.encode)


def masked(masker: Masker | FieldMasker, pieces: Iterable[bytes]) -> bytes:
    return b"".join([*map(masker.feed, pieces), masker.close()])


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    at = sorted({place % (len(body) + 1) for place in places})
    return [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True)]


@pytest.mark.parametrize("key", KEYS, ids=[shape.beginning for shape in SHAPES])
def test_a_key_is_written_over_wherever_it_is_cut(key: str) -> None:
    body = f'data: {{"error":"bad key: {key}!"}}\n\n'.encode()
    shape = next(shape for shape in SHAPES if key.startswith(shape.beginning))
    secret = key.removeprefix(shape.beginning)
    wanted = body.replace(secret.encode(), b"*" * len(secret))
    masker = Masker()
    assert masker.whole(body) == wanted
    assert masker.masked == 1
    for at in range(len(body)):
        assert masked(Masker(), [body[:at], body[at:]]) == wanted
    assert masked(Masker(), [body[at : at + 1] for at in range(len(body))]) == wanted


@given(st.data())
def test_a_body_cut_anyhow_is_masked_as_the_whole_is(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.one_of(around, st.sampled_from(PARTS)), max_size=6))
    body = b"".join(parts)
    pieces = cut(body, data.draw(st.lists(st.integers(0, 400), max_size=8)))
    whole, streamed = Masker([CREDENTIAL]), Masker([CREDENTIAL])
    assert masked(streamed, pieces) == whole.whole(body)
    assert streamed.masked == whole.masked
    assert len(whole.whole(body)) == len(body)


@pytest.mark.parametrize(
    "written",
    [
        CREDENTIAL,
        json.dumps(CREDENTIAL)[1:-1],
        json.dumps(CREDENTIAL, ensure_ascii=False)[1:-1],
        json.dumps(CREDENTIAL)[1:-1].replace("/", "\\/"),
        quote(CREDENTIAL, safe=""),
        quote(CREDENTIAL).lower(),
        base64.b64encode(CREDENTIAL.encode()).decode(),
    ],
)
def test_a_credential_is_found_in_every_spelling_at_every_cut(written: str) -> None:
    body = f'data: {{"said":"{written}"}}\n\n'.encode()
    for at in range(len(body)):
        over = masked(Masker([CREDENTIAL]), [body[:at], body[at:]])
        assert written.rstrip("=").encode() not in over
        assert over.startswith(b'data: {"said":"***')
        assert over.rstrip(b'=*"}\n') == b'data: {"said":'


def test_what_cannot_become_a_secret_is_not_held_back() -> None:
    masker = Masker([CREDENTIAL])
    assert masker.feed(b'data: {"a":1}\n\n') == b'data: {"a":1}\n\n'
    assert masker.feed(b"data: sk") == b"data: "
    assert masker.feed(b"y\n\n") == b"sky\n\n"


def test_a_key_that_never_ends_is_written_over_and_not_kept() -> None:
    masker = Masker()
    given, ready = 0, 0
    for piece in [b"sk-", *[b"a1" * 500] * 100, b" and text"]:
        given += len(piece)
        over = masker.feed(piece)
        ready += len(over)
        assert given - ready <= HELD + len(piece)
        assert b"a1" not in over
    assert over + masker.close() == b" and text"
    assert masker.masked == 1


def test_text_of_beginnings_costs_no_more_than_its_length() -> None:
    """A server cannot make the recorder slow: each of these took minutes if it were quadratic."""
    for text in (b"sk-" * 300_000, b"eyJ." * 200_000, b"Bearer " * 100_000, b"a" * 1_000_000):
        assert Masker([CREDENTIAL]).whole(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "task-completion-with-many-parts-1234567890",
        "pip install sk-learn-something-with-a-long-name",
        "use `Authorization: Bearer YOUR_API_KEY` or Bearer token-authentication",
        "xai-grok-4-1-fast-reasoning-streaming sk-grok-2-1212-vision-latest-object.0.d2e001eb12",
        "Basic information-on-2-things-and-more Bearer rq-tool-streaming-2024-01-01",
        "hf_hub_download_and_more_things_2",
        "chatcmpl-abc123DEF456abc123DEF456 call_abc123DEF456abc123DEF456 toolu_01A09q90qw90lq917835lq9",
        "eyJ0aGlzIjoiaXMganVzdCBKU09OIGluIGJhc2U2NCwgd2hpY2ggaXMgbm8gc2VjcmV0In0=",
        "https://api.example/v1?api-version=2024-12-01-preview&page=12345678901234567890",
    ],
)
def test_text_that_looks_a_little_like_a_key_stays(text: str) -> None:
    assert Masker().whole(text.encode()) == text.encode()


def test_nothing_is_masked_in_the_corpus() -> None:
    """What was masked there was looked at: there is nothing. The streams were published without keys, and no word, id, signature
    or base64 of 1,200 real streams has the shape of one."""
    corpus.require(corpus.CAPTURES)
    for stream in corpus_streams():
        body = stream.read_bytes()
        assert Masker().whole(body) == body, stream


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-999, 999), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
)


@given(values, st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_a_named_field_is_written_over_and_the_rest_stays(
    value: object, places: list[int], spaced: bool
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")

    def frame(value: object) -> bytes:
        said = {"before": value, "usér": value, "after": [value]}
        return f"data: {json.dumps(said, separators=separators)}\n\n".encode()

    body = frame(value)
    over = masked(FieldMasker(["usér"]), cut(body, places))
    assert len(over) == len(body)
    read = json.loads(over.removeprefix(b"data: "))
    if "usér" not in json.dumps(value, ensure_ascii=False):
        assert (read["before"], read["after"]) == (value, [value])
    assert (
        not set(strings_in(read["usér"]))
        - {""}
        - {"*" * len(text) for text in strings_in(read["usér"])}
    )


def strings_in(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings_in(part)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


def test_a_named_field_that_breaks_off_does_not_swallow_the_next_frame() -> None:
    body = b'data: {"user":"a\\"b\n\ndata: {"text":"hello","user":12.5}\n\n'
    assert FieldMasker(["user"]).whole(body) == (
        b'data: {"user":"****\n\ndata: {"text":"hello","user":11.1}\n\n'
    )


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("/v1/chat?api-version=2&api_key=s3cr3t", "/v1/chat?api-version=2&api_key=***"),
        ("/m:stream?alt=sse&key=AIza1", "/m:stream?alt=sse&key=***"),
        ("https://me:pw@host/x?sig=a%20b&n=1#access_token=t", None),
        ("//[?token=x", "//[?token=***"),
        ("/a?max_tokens=5&tokenizer=t", "/a?max_tokens=5&tokenizer=t"),
    ],
)
def test_urls_lose_what_is_secret_by_its_name(url: str, kept: str | None) -> None:
    assert masked_url(url) == (kept or "https://***@host/x?sig=***&n=1#access_token=***")


def test_credentials_are_the_values_of_secret_headers_and_parameters() -> None:
    basic = base64.b64encode(b"someone:p4ssw0rd!").decode()
    headers = {
        "Authorization": "Bearer key-number-1",
        "proxy-authorization": f"Basic {basic}",
        "x-goog-api-key": "key-number-2",
        "Cookie": "a=1; session=key-number-3",
        "x-unknown": "key-number-4",
        "x-word": "development",
        "host": "host1.example:443",
        "user-agent": "agent/1.0",
    }
    found = credentials_in(headers, "https://u:key-number-5@h/p?key=key%2Dnumber-6&a=parameter-7")
    assert {f"key-number-{number}" for number in range(1, 7)} <= found
    assert {"p4ssw0rd!", f"Basic {basic}", "key%2Dnumber-6"} <= found
    assert not found & {"development", "host1.example:443", "agent/1.0", "parameter-7", "a=1"}
    assert credentials_in({"authorization": "Bearer EMPTY"}, "") == {"Bearer EMPTY"}


def test_no_header_that_is_kept_is_secret_by_its_name() -> None:
    for name in (
        "authorization",
        "api-key",
        "x-api-key",
        "cookie",
        "set-cookie",
        "x-amz-security-token",
    ):
        assert is_secret_name(name)
        assert not is_kept(name)
    for name in (
        "openai-organization",
        "openai-project",
        "anthropic-organization-id",
        "cf-ray",
        "x-new",
    ):
        assert not is_kept(name)
    for name in ("content-type", "x-ratelimit-limit-requests", "x-request-id", "retry-after"):
        assert is_kept(name)
        assert not is_secret_name(name)


def test_an_exchange_is_kept_without_its_secrets() -> None:
    key = "key-number-1 with space"
    raw = Request(
        path="/v1/chat?key=key-number-2",
        origin="https://me:key-number-3@host",
        headers={"authorization": f"Bearer {key}", "user-agent": f"me {key}", "accept": "a"},
        json={"user": {"name": "Ann", "age": 33}, "k-key-number-2": [key, 1.5, None], "big": 2**70},
    )
    cleaner = Cleaner(raw, mask=["user"])
    kept = cleaner.request(raw)
    assert kept.json == {
        "user": {"****": "***", "***": 11},
        "k-************": ["*" * len(key), 1.5, None],
        "big": 2**70,
    }
    assert (kept.path, kept.origin) == ("/v1/chat?key=***", "https://***@host")
    assert kept.headers == {"user-agent": "me " + "*" * len(key), "accept": "a"}
    response = cleaner.response(
        Response(
            status=302, headers={"set-cookie": "s=key-number-4; Path=/", "location": "/x?token=abc"}
        )
    )
    assert response.headers == {"location": "/x?token=***"}
    assert cleaner.feed(b"key-number-4\n") + cleaner.close() == b"************\n"
    assert cleaner.text("\ud800 key-number-2") == "? ************"


def test_bodies_that_are_no_json_are_masked_too() -> None:
    headers = {"authorization": "Bearer key-number-1"}
    form = Request(
        headers={**headers, "content-type": "application/x-www-form-urlencoded"},
        text="api_key=short&prompt=say+key-number-1",
    )
    assert Cleaner(form).request(form).text == "api_key=***&prompt=say+************"
    binary = Request(headers=headers, b64=base64.b64encode(b"\xff key-number-1").decode())
    assert base64.b64decode(Cleaner(binary).request(binary).b64 or "") == b"\xff ************"
    number = Request(headers={"x-api-key": "1234567890"}, json={"n": 1234567890})
    kept = Cleaner(number).request(number)
    assert (kept.json, kept.text) == (msgspec.UNSET, '{"n":**********}')


def test_a_query_is_masked_by_names_however_they_are_written() -> None:
    assert masked_query("API%5FKEY=a&x=1;password=b&flag") == "API%5FKEY=***&x=1;password=***&flag"
