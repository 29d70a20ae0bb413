"""What `record` and `tail` ask: where, with which headers, and the body, from their options, files and the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from streamnorm.captures.secrets import masked_url
from streamnorm.cli.offered import listed_in
from streamnorm.errors import LocalError
from streamnorm.profiles import Profile, load_profile
from streamnorm.tools import ToolSet

__all__ = ["Asked", "asked_for", "body_of", "endpoint", "headers_of"]

_ASKED: Final = "Say hello, and one sentence about streams."
_ASKED_WITH_TOOL: Final = "What is the weather in Paris and in Tokyo, in celsius?"

#: The tool of `--tool`: two parameters, one of them a choice.
_WEATHER: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
        },
    },
}


#: How the URLs of endpoints end; what ends otherwise is a base URL.
_ENDPOINTS: Final = (
    "/completions",
    "/messages",
    "/responses",
    "/api/chat",
    ":streamGenerateContent",
)


class Asked(NamedTuple):
    """What is sent, and where."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]


def asked_for(url: str, profile: str, key: str, header: list[str] | None, **body: Any) -> Asked:
    """What is sent, from the options of a command; `body`: those of `body_of`. Raises LocalError."""
    known = load_profile(profile) if profile != "auto" else None
    place = endpoint(url or os.environ.get("OPENAI_BASE_URL", ""), known)
    headers = headers_of(header or [])
    if secret := (key or _key_from_environment(known)).strip():
        headers.setdefault("authorization", f"Bearer {secret}")
    _all_sendable(headers)
    return Asked(place, headers, body_of(**body))


def endpoint(url: str, profile: Profile | None) -> str:
    """Where is asked: the URL of an endpoint as it is, of a base URL its chat completions. Raises LocalError for no URL."""
    base = url or (profile.base_url if profile is not None else "")
    if not base.startswith(("http://", "https://")):
        said = f"{masked_url(base)!r} is no URL" if base else "no URL"
        raise LocalError(f"{said}: give the base URL, such as -u http://localhost:8000/v1")
    try:
        urlsplit(base).port  # noqa: B018  # it is checked when it is asked for
    except ValueError as error:
        raise LocalError(f"{masked_url(base)!r} is no URL: {error}") from None
    if "{" in base:
        raise LocalError(f"the profile's URL is {base}: give yours with -u")
    address, mark, query = base.partition("?")
    address = address.rstrip("/")
    if address.endswith(_ENDPOINTS):
        return base
    if not urlsplit(address).path:
        address += "/v1"
    return f"{address}/chat/completions{mark}{query}"


def headers_of(given: list[str]) -> dict[str, str]:
    """The headers in lines such as `Name: value`; names in lower case. Raises LocalError."""
    headers = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise LocalError("--header is 'Name: value'")
        headers[name.strip().lower()] = value.strip()
    return headers


def _all_sendable(headers: dict[str, str]) -> None:
    """Raises LocalError for what no header can have; it does not say the value, which may be a key."""
    for name, value in headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise LocalError(f"the header {name!a} has characters that cannot be sent")


def _key_from_environment(profile: Profile | None) -> str:
    """The key of the profile's provider, or of the variable that all know. A named provider does not get another one's key."""
    variables = profile.key_variables if profile is not None else ["OPENAI_API_KEY"]
    return next(filter(None, (os.environ.get(variable) for variable in variables)), "")


def body_of(request: str, model: str, prompt: str, tools: str, *, tool: bool) -> dict[str, Any]:
    """The request's body: that of the file `request`, or one as plain as can be; `model`, `prompt` and tools go into either.
    Raises LocalError."""
    body = _request_in(request) if request else {}
    body["stream"] = True
    if model:
        body["model"] = model
    if not request and not model:
        raise LocalError("no model: name it with -m")
    if tools:
        body["tools"] = _tools_in(tools)
    elif tool:
        body["tools"] = [_WEATHER]
    if prompt or not request:
        asked = prompt or (_ASKED_WITH_TOOL if tool else _ASKED)
        body["messages"] = [{"role": "user", "content": asked}]
    return body


def _request_in(file: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LocalError(f"cannot read the request in {file}: {error}") from None
    if not isinstance(content, dict):
        raise LocalError(f"{file} holds no request: that is a JSON object")
    return content


def _tools_in(file: str) -> list[Any]:
    try:
        found = listed_in(file)
    except OSError as error:
        raise LocalError(f"cannot read {file}: {error.strerror}") from None
    tools = ToolSet(found)
    # As they are written; `functions` of the older style become tools.
    return found if all("type" in tool for tool in found) else tools.openai()
