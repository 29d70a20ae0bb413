"""The API's errors, in its own shape: what is wrong with a request, and with which part of it."""

from __future__ import annotations

from typing import Any

__all__ = ["Refusal", "not_found"]


class Refusal(Exception):  # noqa: N818  # it says what happened
    """A request that is answered with an error. `param`: the part of the request that it is about."""

    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": error}


def not_found(what: str, id: str) -> Refusal:
    """404 for an id that this store does not have."""
    return Refusal(f"No {what} found with id {id!r}.", status=404)
