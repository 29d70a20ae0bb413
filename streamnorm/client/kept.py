"""What an exception keeps of requests and responses: no credentials, neither as they stand nor in a pickle. They are httpx's (or
httpx2's) objects, known by their attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Packed", "masker", "packed", "without_credentials"]


def masker(request: Any) -> Callable[[bytes], bytes]:
    """What writes over the request's credentials, and all that looks like a key."""
    from streamnorm.captures.masking import Masker

    return Masker(_credentials(request)).whole


def _credentials(request: Any) -> frozenset[str]:
    from streamnorm.captures.secrets import credentials_in

    return credentials_in(request.headers, str(request.url))


def without_credentials(request: Any) -> Any:
    """A request like this one, of the same class, with its credentials masked."""
    if not hasattr(request, "headers"):
        return request
    from streamnorm.captures.secrets import MASK, is_secret_name, masked_url

    secrets = _credentials(request)
    headers = {
        name: MASK if is_secret_name(name) or any(s in value for s in secrets) else value
        for name, value in request.headers.items()
    }
    try:
        content = request.content
    except RuntimeError:  # its body is a stream that nobody kept
        content = None
    url = masked_url(str(request.url))
    return type(request)(request.method, url, headers=headers, content=content)


class Packed:
    """A request or a response as it is pickled: the class, and what to make it from."""

    def __init__(self, make: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.make, self.arguments, self.options = make, arguments, options

    def unpacked(self) -> Any:
        return self.make(*self.arguments, **self.options)


def packed(value: Any) -> Any:
    if not hasattr(value, "headers"):
        return value
    from streamnorm.captures.secrets import is_kept

    if hasattr(value, "status_code"):
        # The pickle has no body: no header may say how to read one.
        headers = {
            name: text
            for name, text in value.headers.items()
            if is_kept(name) and name not in ("content-encoding", "transfer-encoding")
        }
        return Packed(type(value), (value.status_code,), {"headers": headers})
    return Packed(type(value), (value.method, str(value.url)), {})
