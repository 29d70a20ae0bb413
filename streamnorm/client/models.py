"""`models`: what an endpoint serves."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from streamnorm.client import errors
from streamnorm.client.exchange import MAX_BODY, Failed, Read, Step, ask
from streamnorm.client.parameters import ABOUT
from streamnorm.client.plan import call_of
from streamnorm.client.types import AsyncPage, Model, SyncPage

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI

__all__ = ["AsyncModels", "Models"]


class _Flows:
    def __init__(self, client: OpenAI | AsyncOpenAI) -> None:
        self._client = client

    def _get(self, path: str, passed: dict[str, Any]) -> Generator[Step, Any, Any]:
        """The JSON object at a path."""
        for name in passed:
            if name not in ABOUT:
                raise TypeError(f"got an unexpected keyword argument {name!r}")
        options = self._client._options
        key = yield from self._client._key()
        about = {
            name.removeprefix("extra_"): value
            for name, value in passed.items()
            if name != "extra_body"
        }
        call = call_of(options, "GET", path, key, **about)
        answer = yield from ask(call, max_retries=options.max_retries)
        body = yield Read(answer.response, MAX_BODY)
        if isinstance(body, Failed):
            raise body.exception()
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise errors.APIResponseValidationError(
                answer.response,
                None,
                message=f"{call.url} answers with a body that is no JSON object: {ascii(body[:80])[2:-1]}",
            )
        return found

    def _listed(self, passed: dict[str, Any]) -> Generator[Step, Any, dict[str, Any]]:
        found = yield from self._get("models", passed)
        data = found.get("data", found.get("models"))
        return {
            "data": [model for model in data or () if isinstance(model, dict)],
            "object": "list",
        }

    def _one(self, model: str, passed: dict[str, Any]) -> Generator[Step, Any, Model]:
        if not model:
            raise ValueError(f"Expected a non-empty value for `model` but received {model!r}")
        return Model.from_dict((yield from self._get(f"models/{model}", passed)))


class Models(_Flows):
    """`client.models`."""

    _client: OpenAI

    def list(self, **passed: Any) -> SyncPage:
        """The models, iterable."""
        return SyncPage.from_dict(self._client._run(self._listed(passed)))

    def retrieve(self, model: str, **passed: Any) -> Model:
        """One model."""
        found: Model = self._client._run(self._one(model, passed))
        return found


class AsyncModels(_Flows):
    """`client.models`, awaited."""

    _client: AsyncOpenAI

    async def list(self, **passed: Any) -> AsyncPage:
        """The models, iterable."""
        return AsyncPage.from_dict(await self._client._run(self._listed(passed)))

    async def retrieve(self, model: str, **passed: Any) -> Model:
        """One model."""
        found: Model = await self._client._run(self._one(model, passed))
        return found
