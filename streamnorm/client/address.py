"""Where an endpoint is: its base URL put into one form, and its profile."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from streamnorm.errors import LocalError, ProfileError

if TYPE_CHECKING:
    from streamnorm.profiles import Profile

__all__ = ["base_url_of", "is_loopback", "profile_of", "same_origin"]

#: What people paste behind the base URL, longest first.
_ENDPOINTS: Final = ("/chat/completions", "/completions", "/models", "/responses")

_PORTS: Final = {"http": 80, "https": 443}


def base_url_of(url: str) -> str:
    """The base URL with one slash at its end. One without a path gets `/v1`; an endpoint behind it is taken off.

    Raises LocalError for another scheme, a URL without a host, or one with a name or a key in it.
    """
    text = str(url).strip()
    parts = urlsplit(text)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise LocalError(f"the base URL is http:// or https:// and a host, not {_shown(text)!r}")
    if parts.username is not None or parts.password is not None:
        raise LocalError("the base URL has a name or a key before the host: give it as api_key")
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        if path.endswith(endpoint):
            path = path.removesuffix(endpoint)
            break
    else:
        path = path or _path_known_for(parts.netloc) or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}/"


def _path_known_for(host: str) -> str:
    """The path that the profile of a host has, so that its name is enough."""
    return _paths_by_host().get(host.lower(), "")


@functools.cache
def _paths_by_host() -> dict[str, str]:
    from streamnorm.profiles import load_profile, provider_ids

    paths: dict[str, str] = {}
    for profile in map(load_profile, provider_ids()):
        parts = urlsplit(profile.base_url)
        if profile.dialect == "chat" and profile.kind == "hosted" and parts.netloc:
            paths.setdefault(parts.netloc.lower(), parts.path.rstrip("/"))
    return paths


@functools.lru_cache(maxsize=64)
def profile_of(provider: str, base_url: str) -> Profile | None:
    """The profile that was named, or with `auto` the one of the base URL; None where no single one has it.

    Raises ProfileError for a name that is none.
    """
    from streamnorm.profiles import load_profile

    if provider != "auto":
        return load_profile(provider)
    try:
        return load_profile(base_url)
    except ProfileError:
        return None


def is_loopback(url: str) -> bool:
    """The host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(one: str, other: str) -> bool:
    """Scheme, host and port are the same (RFC 6454, 5)."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))


def _shown(url: str) -> str:
    """A URL without what may be a key in it."""
    return url.split("@")[-1].split("?")[0][:80]
