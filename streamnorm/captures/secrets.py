"""What of an exchange may enter a capture, as tables: the headers that are kept, the names that secrets go by, the shapes that
keys have. Knows no files and no network; `masking` applies it to bodies."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

__all__ = [
    "MASK",
    "SHAPES",
    "Shape",
    "credentials_in",
    "is_kept",
    "is_secret_name",
    "masked_query",
    "masked_url",
    "spellings",
]

#: What stands in a URL for what was taken out. In bodies each byte becomes a star, so that lengths stay.
MASK: Final = "***"

#: Headers that are kept, of requests and of responses. What is not here is dropped: cookies, credentials, and the ids of
#: organizations, projects and accounts among them.
_KEPT: Final = frozenset(
    (
        "accept",
        "accept-encoding",
        "allow",
        "anthropic-beta",
        "anthropic-version",
        "cache-control",
        "connection",
        "content-encoding",
        "content-language",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "location",
        "openai-beta",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "server",
        "traceparent",
        "transfer-encoding",
        "user-agent",
        "vary",
        "via",
        "www-authenticate",
        "x-accel-buffering",
        "x-powered-by",
        "x-request-id",
        "x-should-retry",
    )
)
_KEPT_BEGINNINGS: Final = (
    "access-control-",
    "anthropic-ratelimit-",
    "ratelimit-",
    "x-ratelimit-",
    "x-stainless-",
)

#: Headers that are dropped though nothing in them is secret: what they say is not sought in bodies.
_DULL: Final = frozenset(
    ("host", "origin", "referer", "accept-language", "if-none-match", "expect", "te", "trailer")
)

#: Names of headers, query parameters and form fields that carry secrets: whole names, and words of names.
_SECRET_NAMES: Final = frozenset(("code", "key", "pass", "pwd", "sid", "sig", "state"))
_SECRET_WORDS: Final = re.compile(
    r"(api|access|secret|private|subscription|auth|session|account|goog|functions)[-_. ]?key"
    r"|token(?!s|iz)|secret|passw|credential|signature|\bsig\b|auth(?!or)|authoriz|cookie|session|jwt|bearer",
    re.IGNORECASE,
)

#: The shortest credential that is looked for in bodies. Shorter ones are words (`test`, `EMPTY`), found all over a text.
_SHORTEST: Final = 8


_USERINFO: Final = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#@]*)@")


class Shape(NamedTuple):
    """How a kind of key looks: `beginning`, then at least `least` characters of `body`, a class of a regular expression. These
    match `proof`, a regular expression: a digit among them, if nothing else is said. What is before it is none of `before`."""

    beginning: str
    body: str
    least: int
    proof: str = ""
    before: str = "A-Za-z0-9_"


_WORD: Final = "A-Za-z0-9_"
_DASHED: Final = "A-Za-z0-9_*-"  # stars: servers quote a key with its middle starred out
_PLAIN: Final = "A-Za-z0-9"
_TOKEN: Final = "A-Za-z0-9._~+/=*-"  # noqa: S105  # RFC 6750, 2.1
_VALUE: Final = "A-Za-z0-9._~+/=*%-"


def _random(body: str, run: str) -> str:
    """A proof that a key of `body` is more than words with dashes between them, as the names of models and files are: a long
    `run` of its characters with a digit, or stars. It looks at nothing that is not of the key."""
    return f"[{body}]{{0,100}}?(?:(?=[{run}]{{0,40}}?[0-9])[{run}]{{10}}|[*]{{3}})"


_RANDOM: Final = _random(_DASHED, _WORD)
_RANDOM_TOKEN: Final = _random(_TOKEN, _WORD + "+/=")

#: What parameters of URLs in a body are masked by their name; those of the request's own URL go by `is_secret_name`.
_PARAMETERS: Final = (
    *("key", "api_key", "api-key", "apikey", "access_token", "auth_token", "id_token", "token"),
    *("client_secret", "secret", "password", "sig", "signature", "Signature", "X-Amz-Signature"),
    *("X-Amz-Security-Token", "X-Amz-Credential", "X-Goog-Signature", "subscription-key"),
)

#: Key shapes that are public knowledge: what providers document, and what secret scanners look for.
SHAPES: Final = (
    *(Shape(name, _DASHED, 16, _RANDOM) for name in ("sk-", "pk-", "nvapi-", "glpat-", "sess-")),
    *(Shape(name, _DASHED, 16, _RANDOM) for name in ("xoxb-", "xoxp-")),
    *(Shape(name, _PLAIN + "*", 20) for name in ("xai-", "csk-", "msk-", "pplx-", "fw-")),
    *(Shape(name, _PLAIN + "*", 20) for name in ("gsk_", "hf_", "r8_", "fw_", "ek_", "jina_")),
    *(Shape(name, _PLAIN, 20) for name in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "rpa_", "flp_")),
    *(Shape(name, _WORD, 20) for name in ("github_pat_", "sk_live_", "sk_test_", "whsec_")),
    Shape("tgp_v1_", _DASHED, 16),
    Shape("dapi", "a-f0-9-", 32),
    Shape("AIza", _DASHED, 30),
    Shape("AQ.Ab", _DASHED, 30),
    Shape("ya29.", _DASHED + ".", 20),
    Shape("bce-v3/", _DASHED + "/", 20),
    *(Shape(name, "A-Z0-9", 16, before=_PLAIN + "+/") for name in ("AKIA", "ASIA", "ABSK")),
    Shape("eyJ", _DASHED + ".", 30, r"[\w-]{8,512}\.eyJ[\w-]{4,}"),  # a signed token, RFC 7519
    *(
        Shape(scheme + " ", _TOKEN, 16, _RANDOM_TOKEN, before=_PLAIN)
        for scheme in ("Bearer", "bearer", "Basic", "basic")
    ),
    *(
        Shape(f"{lead}{name}=", _VALUE, 16, before="")
        for lead in ("?", "&", "\\u0026")
        for name in _PARAMETERS
    ),
)


def is_kept(header: str) -> bool:
    """The header (in lower case) may enter a capture; its value is masked all the same."""
    return header in _KEPT or header.startswith(_KEPT_BEGINNINGS)


def is_secret_name(name: str) -> bool:
    """What a header, a query parameter or a form field of this name says is a secret."""
    return name.lower() in _SECRET_NAMES or _SECRET_WORDS.search(name) is not None


def credentials_in(headers: Mapping[str, str], url: str, *, sent: bool = True) -> frozenset[str]:
    """The values in headers and a URL that are credentials, or may be: to be masked wherever they come again. `sent`: these are
    a request's headers, of which an unknown one is suspect; in those of a response it is not."""
    found: set[str] = set(_in_url(url))
    for name, value in headers.items():
        name = name.lower()
        if is_kept(name) or name in _DULL:
            continue
        if is_secret_name(name) or (sent and _may_be_one(value)):
            found.update(_in_header(value))
    return frozenset(value for value in found if len(value) >= _SHORTEST)


def masked_url(url: str) -> str:
    """The URL, or the path and query of one, with what is secret in it by its name masked: parameters, and what is before `@`."""
    url = _USERINFO.sub(rf"\1{MASK}@", url)
    address, mark, parameters = _split(url)
    return address + mark + masked_query(parameters)


def masked_query(query: str) -> str:
    """As `masked_url`, for a query, a fragment, or a form's body."""
    return re.sub(r"([^=&;?#]+)=([^&;#]+)", _masked_parameter, query)


def _masked_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}={MASK}" if is_secret_name(unquote_plus(match[1])) else match[0]


def spellings(credential: str) -> set[bytes]:
    """The ways a credential is written in bodies: as it is, in JSON, in a URL, in HTML, in base64."""
    as_json = json.dumps(credential)[1:-1]
    encoded = (quote(credential, safe=""), quote(credential), quote_plus(credential))
    texts = {
        credential,
        as_json,
        json.dumps(credential, ensure_ascii=False)[1:-1],
        as_json.replace("/", "\\/"),
        html.escape(credential),
        *encoded,
        *(re.sub("%[0-9A-F]{2}", lambda hexed: hexed[0].lower(), text) for text in encoded),
        base64.b64encode(credential.encode("utf-8", "surrogateescape")).decode("ascii").rstrip("="),
    }
    return {text.encode("utf-8", "surrogateescape") for text in texts}


def _may_be_one(value: str) -> bool:
    """One word, with letters and digits."""
    return len(value.split()) == 1 and bool(re.search(r"[A-Za-z].*[0-9]|[0-9].*[A-Za-z]", value))


def _in_header(value: str) -> Iterator[str]:
    """A header's value and its parts: after the scheme, the values of parameters and cookies, the two halves of basic
    credentials."""
    value = value.strip()
    yield value
    scheme, _, rest = value.partition(" ")
    yield rest.strip()
    if scheme.lower() == "basic":
        yield from _basic(rest)
    for part in re.split(r"[\s,;]+", value):
        yield part
        yield part.partition("=")[2].strip('"')


def _basic(encoded: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return
    yield pair
    yield from pair.split(":", 1)


def _in_url(url: str) -> Iterator[str]:
    if userinfo := _USERINFO.match(url):
        yield from _both_ways(userinfo[2].split(":", 1))
    for pair in re.split("[&;?#]", _split(url)[2]):
        name, _, value = pair.partition("=")
        if is_secret_name(unquote_plus(name)):
            yield from _both_ways((value,))


def _split(url: str) -> tuple[str, str, str]:
    """What is before the parameters of a URL, `?` or `#`, and what is after."""
    mark = next((character for character in url if character in "?#"), "?")
    address, found, parameters = url.partition(mark)
    return address, found, parameters


def _both_ways(values: Iterable[str]) -> Iterator[str]:
    """Each value as it stands in a URL, and as it is meant."""
    for value in values:
        yield value
        yield unquote(value)
        yield unquote_plus(value)
