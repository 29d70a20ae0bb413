"""Where a live run goes, and what a probe becomes there: URL, headers, body. No network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from streamnorm.captures.secrets import credentials_in, is_secret_name, masked_url
from streamnorm.conformance.live.manifest import Dialect
from streamnorm.conformance.live.probes import Probe
from streamnorm.errors import LocalError

__all__ = ["PATHS", "Missing", "Request", "Target"]

#: Behind the base URL, by dialect.
PATHS: Final[Mapping[Dialect, str]] = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "assistants": "/threads/runs",
}

#: A parameter that a model may refuse, and what is sent in its place; nothing where it can only be left out.
_OPTIONAL: Final[Mapping[str, str]] = {
    "temperature": "",
    "seed": "",
    "stream_options": "",
    "parallel_tool_calls": "",
    "max_tokens": "max_completion_tokens",
}

#: Probes about a parameter keep it, whatever the model says.
_ABOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "odd-parameters": ("temperature", "max_tokens"),
    "one-at-a-time": ("parallel_tool_calls",),
}


class Missing(Exception):  # noqa: N818  # it says what happened
    """What a probe takes of an earlier answer is not there."""


class Request(msgspec.Struct, frozen=True):
    """What is sent."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Request({masked_url(self.url)!r})"


class Target:
    """One endpoint and one model.

    url: the base URL, with or without `/v1`, or that of the endpoint itself. Raises LocalError for no URL.
    headers: sent with every request.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        dialect: str = "chat",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        known = next((each for each in PATHS if each == dialect), None)
        if known is None:
            raise LocalError(f"a live run is of {', '.join(PATHS)}, not of {dialect!r}")
        if not model:
            raise LocalError("no model: name the one that is to answer")
        self.base, self._query = _base(url, known)
        self.model = model
        self.dialect = known
        self._key = key.strip()
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        #: What is sent in place of parameters that the model refused; nothing for those that are left out.
        self.refused: dict[str, str] = {}
        _all_sendable({**self._headers, "authorization": self._key})

    @property
    def credentials(self) -> frozenset[str]:
        """What is secret in every request."""
        headers = {**self._headers, "authorization": f"Bearer {self._key}" if self._key else ""}
        return credentials_in(headers, self.base + self._query)

    @property
    def shown(self) -> str:
        """The base URL, without what is secret in it."""
        return masked_url(self.base)

    def refuse(self, body: bytes, probe: Probe) -> str:
        """The model refused a request: leave out, from here on, the optional parameter that the error names. Returns its name,
        empty where it names none."""
        said = body.decode("utf-8", "replace")
        sent = probe.body if isinstance(probe.body, Mapping) else {}
        for name, instead in _OPTIONAL.items():
            if name in sent and name not in self.refused and name in said:
                self.refused[name] = instead
                return name
        return ""

    def request(self, probe: Probe, taken: Mapping[str, Any]) -> Request:
        """What is sent for a probe. taken: by name, what earlier answers said. Raises Missing."""
        for name in probe.takes:
            if taken.get(name) is None:
                raise Missing(f"no earlier answer said {name!r}")
        path = _filled(probe.path or PATHS[self.dialect], taken)
        return Request(
            f"{self.base}{path}{self._query}", self._headed(probe), self._written(probe, taken)
        )

    def _headed(self, probe: Probe) -> dict[str, str]:
        headers = {
            "accept": "text/event-stream, application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "streamnorm",
            **self._headers,
            **probe.headers,
        }
        if probe.key:
            # A key may go by another header's name, too.
            wrong = {name: probe.key for name in self._headers if is_secret_name(name)}
            return {**headers, **wrong, "authorization": f"Bearer {probe.key}"}
        if self._key:
            headers.setdefault("authorization", f"Bearer {self._key}")
        elif user := urlsplit(self.base).netloc.rpartition("@")[0]:
            name, _, password = map(unquote, user.partition(":"))
            pair = base64.b64encode(f"{name}:{password}".encode()).decode()
            headers.setdefault("authorization", f"Basic {pair}")
        return headers

    def _written(self, probe: Probe, taken: Mapping[str, Any]) -> bytes:
        if isinstance(probe.body, bytes):
            return probe.body
        body = dict(_filled(probe.body, taken)) if probe.takes else dict(probe.body)
        for name, instead in self.refused.items():
            if name in body and name not in _ABOUT.get(probe.name, ()):
                value = body.pop(name)
                if instead:
                    body[instead] = value
        if probe.model or "threads" not in probe.path:
            body = {"model": probe.model or self.model, **body}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _filled(value: Any, taken: Mapping[str, Any]) -> Any:
    """The value with what was taken in place of its names. `["{calls}", {...}]` becomes the object once for each call."""
    if isinstance(value, str):
        for name, found in taken.items():
            value = value.replace(f"{{{name}}}", found) if isinstance(found, str) else value
        return value
    if isinstance(value, Mapping):
        return {name: _filled(each, taken) for name, each in value.items()}
    if isinstance(value, list) and value[:1] == ["{calls}"]:
        return [{"tool_call_id": call["id"], **value[1]} for call in taken["calls"]]
    return [_filled(each, taken) for each in value] if isinstance(value, list) else value


def _base(url: str, dialect: Dialect) -> tuple[str, str]:
    """The base URL without a slash at its end, and the query that goes behind each path."""
    if not url.startswith(("http://", "https://")):
        said = f"{masked_url(url)!r} is no URL" if url else "no URL"
        raise LocalError(f"{said}: give the base URL, such as -u http://localhost:8000/v1")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # it is checked when it is asked for
    except ValueError as error:
        raise LocalError(f"{masked_url(url)!r} is no URL: {error}") from None
    address, mark, query = url.partition("?")
    address = address.rstrip("/").removesuffix(PATHS[dialect])
    if not urlsplit(address).path:
        address += "/v1"
    return address, f"{mark}{query}"


def _all_sendable(headers: Mapping[str, str]) -> None:
    """Raises LocalError for what no header can have; it does not say the value, which may be a key."""
    for name, value in headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise LocalError(f"the header {name!a} has characters that cannot be sent")
