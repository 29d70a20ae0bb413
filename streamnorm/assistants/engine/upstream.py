"""The endpoint that a run asks, as a streamnorm client: an answer's events one by one, whatever goes wrong as a value."""

from __future__ import annotations

from typing import Any, Final

from streamnorm.assistants.engine.steps import Broken

__all__ = ["AsyncUpstream", "Upstream"]

#: Statuses with which an endpoint refuses a parameter that it does not know.
_REFUSALS: Final = frozenset((400, 422))


class _Asking:
    """client: an `OpenAI` or `AsyncOpenAI`."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._counts = True

    def _passed(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = {"stream_options": {"include_usage": True}} if self._counts else {}
        return {**request, **asked, "stream": True}

    def _learns(self, error: Exception) -> bool:
        """The endpoint cannot be asked to count: from now on it is not. Such a request was not carried out."""
        refused = getattr(error, "status_code", 0) in _REFUSALS and "stream_options" in str(error)
        again = refused and self._counts
        self._counts = self._counts and not refused
        return again


class Upstream(_Asking):
    def ask(self, request: dict[str, Any]) -> Any:
        """The stream, or `Broken`. Whatever it is that goes wrong ends the run, which would hold its thread otherwise."""
        try:
            return self.client.chat.completions.create(**self._passed(request))
        except Exception as error:
            return self.ask(request) if self._learns(error) else Broken(error)


class AsyncUpstream(_Asking):
    async def ask(self, request: dict[str, Any]) -> Any:
        """As `Upstream.ask`."""
        try:
            return await self.client.chat.completions.create(**self._passed(request))
        except Exception as error:
            again = self._learns(error)
            return await self.ask(request) if again else Broken(error)
