"""What a client is told once: where to, with which key, how patiently. From arguments and from the environment, as the OpenAI
SDK reads them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, Final

import msgspec

import streamnorm
from streamnorm.client.address import base_url_of, is_loopback, profile_of
from streamnorm.client.errors import OpenAIError
from streamnorm.client.given import NOT_GIVEN, NotGiven, Omit
from streamnorm.client.retrying import MAX_RETRIES
from streamnorm.client.secret import Secret
from streamnorm.client.timeouts import Timeout, timeout_of
from streamnorm.profiles import Profile

__all__ = ["DEFAULT_BASE_URL", "Options", "options_of", "over"]

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"

#: What of the arguments of a call its deltas carry: what is new, or all there is so far.
EMITS: Final = ("increments", "cumulative")

#: Who answers the requests of the Assistants API: the endpoint, or an engine here.
ASSISTANTS: Final = (None, "local")

_AGENT: Final = f"streamnorm/{streamnorm.__version__} Python/{platform.python_version()}"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A client's settings. `key` is a `Secret`, a function that gives a key before each request, or None where none is needed."""

    base_url: str
    key: Secret | Callable[[], Any] | None
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    timeout: Timeout
    max_retries: int
    provider: str
    validate: bool
    repairs: tuple[str, ...]
    emit: str
    assistants: str | None
    assistants_store: str | PathLike[str] | None

    @property
    def profile(self) -> Profile | None:
        """The provider's profile, None where it is not known."""
        return profile_of(self.provider, self.base_url)

    def __repr__(self) -> str:
        return f"Options(base_url={self.base_url!r}, provider={self.provider!r})"


def options_of(
    *,
    api_key: str | Secret | Callable[[], Any] | None = None,
    organization: str | None = None,
    project: str | None = None,
    base_url: Any = None,
    timeout: Any = NOT_GIVEN,
    max_retries: int = MAX_RETRIES,
    default_headers: Mapping[str, Any] | None = None,
    default_query: Mapping[str, Any] | None = None,
    provider: str = "auto",
    validate: bool = True,
    repairs: tuple[str, ...] | list[str] = (),
    emit: str = "increments",
    assistants: Any = NOT_GIVEN,
    assistants_store: Any = NOT_GIVEN,
) -> Options:
    """Raises OpenAIError where no key is found, saying which variable to set; LocalError for a base URL that is none,
    ProfileError for an unknown provider, TypeError for an argument of the wrong kind."""
    if not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0:
        raise TypeError(f"max_retries is a whole number from 0 on, not {max_retries!r}")
    if emit not in EMITS:
        raise TypeError(f"emit is one of {', '.join(EMITS)}, not {emit!r}")
    assistants, assistants_store = _assistants(assistants, assistants_store)
    url = _base_url(base_url, provider)
    headers: dict[str, str] = {
        "Accept": "application/json",
        "User-Agent": _AGENT,
    }
    organization = organization or os.environ.get("OPENAI_ORG_ID")
    project = project or os.environ.get("OPENAI_PROJECT_ID")
    for name, value in (
        ("OpenAI-Organization", organization),
        ("OpenAI-Project", project),
        *_custom_headers(),
        *(default_headers or {}).items(),
    ):
        if isinstance(value, Omit):
            headers = over(headers, {name: ""})
            del headers[name]
        elif value is not None and not isinstance(value, NotGiven):
            headers = over(headers, {name: value})
    return Options(
        base_url=url,
        key=_key(api_key, url, provider, headers),
        headers=headers,
        query=dict(default_query or {}),
        timeout=timeout_of(timeout),
        max_retries=max_retries,
        provider=str(provider),
        validate=validate,
        repairs=tuple(repairs),
        emit=emit,
        assistants=assistants,
        assistants_store=assistants_store,
    )


def _assistants(assistants: Any, store: Any) -> tuple[Any, Any]:
    """Who answers the requests of the Assistants API, and where it keeps what it keeps."""
    if isinstance(assistants, NotGiven):
        assistants = os.environ.get("STREAMNORM_ASSISTANTS") or None
    if isinstance(store, NotGiven):
        named = os.environ.get("STREAMNORM_ASSISTANTS_STORE")
        store = (named or None) if assistants is not None else None
    if assistants not in ASSISTANTS:
        raise TypeError(
            f'assistants (or STREAMNORM_ASSISTANTS) is "local" or nothing, not {assistants!r}'
        )
    if assistants is None and store is not None:
        raise TypeError('assistants_store is for the engine that assistants="local" asks for')
    return assistants, store


def over(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The headers with others in place of those that have the same name, in whatever case."""
    names = {name.lower() for name in others}
    return {
        **{name: value for name, value in headers.items() if name.lower() not in names},
        **others,
    }


def _base_url(given: Any, provider: str) -> str:
    named = given if given is not None and not isinstance(given, NotGiven) else None
    named = named or os.environ.get("OPENAI_BASE_URL") or None
    if named is None and provider != "auto":
        profile = profile_of(provider, "")
        if (
            profile is not None
            and profile.base_url.startswith("http")
            and "{" not in profile.base_url
        ):
            named = profile.base_url
    return base_url_of(str(named or DEFAULT_BASE_URL))


def _key(
    given: str | Secret | Callable[[], Any] | None,
    url: str,
    provider: str,
    headers: Mapping[str, str],
) -> Secret | Callable[[], Any] | None:
    if callable(given) or isinstance(given, Secret):
        return given
    if given:
        return Secret(given)
    profile = profile_of(provider, url)
    variables = list(profile.key_variables) if profile is not None else []
    for variable in (*variables, "OPENAI_API_KEY"):
        if value := os.environ.get(variable):
            return Secret(value)
    if is_loopback(url) or "authorization" in map(str.lower, headers):
        return None
    wanted = " or ".join(dict.fromkeys((*variables, "OPENAI_API_KEY")))
    raise OpenAIError(f"no key for {url}: give api_key, or set the variable {wanted}")


def _custom_headers() -> list[tuple[str, str]]:
    """`OPENAI_CUSTOM_HEADERS`: `Name: value`, one a line."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return [(name.strip(), value.strip()) for name, _, value in pairs]
