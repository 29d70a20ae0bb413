"""The clients: one import changed, any base URL."""

from __future__ import annotations

import difflib
import functools
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, Unpack

from streamnorm.client.completions import AsyncChat, Chat
from streamnorm.client.drivers import drive, drive_async
from streamnorm.client.engine import LocalEngine
from streamnorm.client.errors import OpenAIError
from streamnorm.client.exchange import Invoke, Step
from streamnorm.client.given import NOT_GIVEN, NotGiven
from streamnorm.client.models import AsyncModels, Models
from streamnorm.client.options import Options, options_of
from streamnorm.client.plan import Planner
from streamnorm.client.secret import Secret
from streamnorm.client.timeouts import Timeout
from streamnorm.client.transports import settings as of_our_own

if TYPE_CHECKING:
    from os import PathLike

    from streamnorm.client.beta import AsyncBeta, Beta
    from streamnorm.requests import Prepared

__all__ = ["AsyncOpenAI", "OpenAI"]

#: What httpx and httpx2 wait for where nothing was said, in seconds.
_LIBRARY_TIMEOUT: Final = 5.0

#: Settings that say which assistants and threads there are, and those that say which endpoint answers for them.
_OF_AN_ENGINE: Final = frozenset(("assistants", "assistants_store"))
_OF_AN_ENDPOINT: Final = frozenset(("api_key", "base_url", "http_client", "provider"))


#: A client that several threads begin to use makes one HTTP client.
_making: Final = threading.Lock()


class Settings(TypedDict, total=False):
    """What a client can be told.

    api_key: the key, or a function that gives one before each request. Without it the variables that the provider's profile
        names and OPENAI_API_KEY are looked at; an endpoint on this machine needs none.
    base_url: with or without `/v1`; else OPENAI_BASE_URL, else the provider's, else OpenAI's.
    organization, project: sent as headers; else OPENAI_ORG_ID and OPENAI_PROJECT_ID.
    timeout: seconds, an httpx.Timeout, or a `streamnorm.client.timeouts.Timeout`, which tells the first token from silence
        later on.
    max_retries: how often a request is sent again that nothing has answered yet, or a passing error.
    default_headers, default_query: sent with every request.
    http_client: an httpx or httpx2 client to use.
    provider: a profile's name or path; "auto" goes by the base URL.
    validate: check the arguments of calls by the tools that were sent.
    repairs: repairs to run that are not safe on every stream.
    emit: "cumulative" has the deltas of a call carry its arguments from the start, for code that assigns them.
    assistants: "local" has an engine in this process answer the requests of `beta`, over the endpoint's chat completions; else
        STREAMNORM_ASSISTANTS.
    assistants_store: the SQLite file that it keeps assistants and threads in, else STREAMNORM_ASSISTANTS_STORE; without one they
        are gone with the client.
    """

    api_key: str | Secret | Callable[[], Any] | None
    organization: str | None
    project: str | None
    base_url: Any
    timeout: Any
    max_retries: int
    default_headers: Mapping[str, Any] | None
    default_query: Mapping[str, Any] | None
    http_client: Any
    provider: str
    validate: bool
    repairs: Sequence[str]
    emit: str
    assistants: str | None
    assistants_store: str | PathLike[str] | None


class _Client:
    """What the two clients share: what they were told, and all that does no I/O."""

    chat: Any
    _own: Any = None

    def __init__(self, settings: Settings) -> None:
        for name in settings:
            if name not in Settings.__annotations__:
                near = difflib.get_close_matches(name, Settings.__annotations__, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"{type(self).__name__}() has no setting {name!r}{hint}")
        key = settings.get("api_key")
        if isinstance(key, str) and key:
            settings = {**settings, "api_key": Secret(key)}
        self._settings = settings
        self._given = settings.get("http_client")
        self._options: Options = options_of(**_patient(settings))
        self._planner = Planner(self._options)
        #: Answers the requests of `beta` here, where that was asked for.
        self._engine: LocalEngine | None = None
        if self._options.assistants is not None:
            self._engine = LocalEngine(self._options.assistants_store)

    def with_options(self, **settings: Any) -> Self:
        """A client with these settings changed, over the same connections and with the same assistants and threads. Beside the
        constructor's own it takes `set_default_headers` and `set_default_query`, which replace where the others add."""
        merged: dict[str, Any] = dict(self._settings)
        for name in ("headers", "query"):
            whole = settings.pop(f"set_default_{name}", None)
            added = settings.pop(f"default_{name}", None)
            if whole is not None and added is not None:
                raise ValueError(
                    f"`default_{name}` and `set_default_{name}` arguments are mutually exclusive"
                )
            if whole is not None or added is not None:
                merged[f"default_{name}"] = whole or {
                    **(merged.get(f"default_{name}") or {}),
                    **(added or {}),
                }
        merged.update(
            {name: value for name, value in settings.items() if not isinstance(value, NotGiven)}
        )
        merged.setdefault("http_client", self._http)
        made = type(self)(**merged)
        if self._engine is not None and not settings.keys() & _OF_AN_ENGINE:
            moved = settings.keys() & _OF_AN_ENDPOINT
            made._engine = self._engine.elsewhere() if moved else self._engine
        return made

    copy = with_options

    @property
    def base_url(self) -> str:
        return self._options.base_url

    @property
    def api_key(self) -> str:
        """The key, "" where there is none or a function gives it."""
        key = self._options.key
        return key.reveal if isinstance(key, Secret) else ""

    @property
    def timeout(self) -> Timeout:
        return self._options.timeout

    @property
    def max_retries(self) -> int:
        return self._options.max_retries

    def explain_request(self, **passed: Any) -> Prepared:
        """What `chat.completions.create` would send with these arguments: print it, or look at its `body` and its `findings`.
        Nothing is sent."""
        return self.chat.completions.explain(passed)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, provider={self._options.provider!r})"

    @property
    def _http(self) -> Any:
        """The HTTP client: the caller's, or one of our own, made when it is first needed."""
        if self._given is not None:
            return self._given
        if self._own is None:
            import httpx

            with _making:
                if self._own is None:
                    self._own = self._made(httpx, **of_our_own(httpx))
        return self._own

    @property
    def _beta_http(self) -> Any:
        """The HTTP client that requests of `beta` go over."""
        return self._http if self._engine is None else self._engine.http(self)

    def _made(self, library: Any, **options: Any) -> Any:
        raise NotImplementedError

    def _key(self) -> Generator[Step, Any, str | None]:
        key = self._options.key
        if key is None or isinstance(key, Secret):
            return None if key is None else key.reveal
        made = yield Invoke(key)
        if not isinstance(made, str) or not made:
            raise OpenAIError(
                f"the function given as api_key gives a key, not {type(made).__name__}"
            )
        return Secret(made).reveal


class OpenAI(_Client):
    """A client for chat completions of any endpoint that is almost OpenAI's, with the OpenAI SDK's methods.

    The settings are those of `Settings`. A context manager; `close()` closes the connections. Raises OpenAIError where a key is
    needed and none is found.
    """

    def __init__(self, **settings: Unpack[Settings]) -> None:
        super().__init__(settings)
        self.chat = Chat(self)
        self.models = Models(self)

    @functools.cached_property
    def beta(self) -> Beta:
        """The Assistants API: `beta.assistants` and `beta.threads`."""
        from streamnorm.client.beta import Beta

        return Beta(self)

    def close(self) -> None:
        """Close the connections, those of a client that was given too, as the SDK does."""
        if self._engine is not None and self._engine.made is not None:
            self._engine.made.close()
        if self._given is not None or self._own is not None:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, flow: Generator[Step, Any, Any]) -> Any:
        return drive(flow, self._http)

    def _run_beta(self, flow: Generator[Step, Any, Any]) -> Any:
        return drive(flow, self._beta_http)

    def _local_http(self, store: Any) -> Any:
        from streamnorm.assistants.local import local_http

        return local_http(self, store)

    def _made(self, library: Any, **options: Any) -> Any:
        return _closing(library.Client)(**options)


class AsyncOpenAI(_Client):
    """As `OpenAI`, awaited. `api_key` may be an asynchronous function."""

    def __init__(self, **settings: Unpack[Settings]) -> None:
        super().__init__(settings)
        self.chat = AsyncChat(self)
        self.models = AsyncModels(self)

    @functools.cached_property
    def beta(self) -> AsyncBeta:
        """The Assistants API: `beta.assistants` and `beta.threads`."""
        from streamnorm.client.beta import AsyncBeta

        return AsyncBeta(self)

    async def close(self) -> None:
        """Close the connections, those of a client that was given too, as the SDK does."""
        if self._engine is not None and self._engine.made is not None:
            await self._engine.made.aclose()
        if self._given is not None or self._own is not None:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, flow: Generator[Step, Any, Any]) -> Any:
        return await drive_async(flow, self._http)

    async def _run_beta(self, flow: Generator[Step, Any, Any]) -> Any:
        return await drive_async(flow, self._beta_http)

    def _local_http(self, store: Any) -> Any:
        from streamnorm.assistants.local import local_http_async

        return local_http_async(self, store)

    def _made(self, library: Any, **options: Any) -> Any:
        return library.AsyncClient(**options)


@functools.cache
def _closing(kind: Any) -> Any:
    """The HTTP client, which closes its connections where nobody did and nobody can any more, as the SDK's own does. Ours does
    not do it: a copy with other options has the same HTTP client."""

    class Closing(kind):  # type: ignore[misc]
        def __del__(self) -> None:
            if not getattr(self, "is_closed", True):
                self.close()

    return Closing


def _patient(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that `options_of` takes. Where no timeout was given, one that the HTTP client was made with counts."""
    taken = dict(settings)
    http_client = taken.pop("http_client", None)
    if http_client is not None and isinstance(taken.get("timeout", NOT_GIVEN), NotGiven):
        own = http_client.timeout
        if own != type(own)(_LIBRARY_TIMEOUT):
            taken["timeout"] = own
    return taken
