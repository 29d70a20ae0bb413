"""What one call of `chat.completions` is to be: the request as it goes out, and how its answer is read. No I/O."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamnorm.client.exchange import Call
from streamnorm.client.given import NOT_GIVEN, NotGiven, given
from streamnorm.client.options import Options, over
from streamnorm.client.parameters import ABOUT
from streamnorm.client.timeouts import timeout_of
from streamnorm.errors import LocalError, ToolError
from streamnorm.normalizer import Normalizer

if TYPE_CHECKING:
    from streamnorm.requests import Learned, Prepared
    from streamnorm.tools import ToolSet

__all__ = ["Plan", "Planner"]

#: Tool sets remembered, by their text: compiling one costs more than a request.
MAX_TOOL_SETS: Final = 32

_write = msgspec.json.Encoder().encode


class Plan(msgspec.Struct, frozen=True):
    """`prepared` has the body and what was changed in it."""

    prepared: Prepared
    tools: ToolSet | list[str] | None
    options: Options
    extra_headers: Mapping[str, str]
    extra_query: Mapping[str, Any]
    timeout: Any

    @property
    def streams(self) -> bool:
        return self.prepared.body.get("stream") is True

    def normalizer(self, *, live: bool = False) -> Normalizer:
        """What reads the answer."""
        count = self.prepared.body.get("n")
        return Normalizer(
            self.options.profile or "auto",
            tools=self.tools,
            n=count if isinstance(count, int) else 1,
            repairs=self.options.repairs,
            legacy=self.prepared.legacy,
            live=live,
        )


class Planner:
    """Makes plans for one client; remembers its tool sets, and what its endpoint refused."""

    def __init__(self, options: Options) -> None:
        from streamnorm.requests import Learned

        self.options = options
        self.learned: Learned = Learned()
        self._tool_sets: dict[str, ToolSet | list[str]] = {}

    def plan(self, passed: Mapping[str, Any]) -> Plan:
        """`passed`: the arguments of a call, those about the request among them. Raises LocalError for what cannot be sent."""
        from streamnorm.requests import prepare

        body = {name: value for name, value in passed.items() if name not in ABOUT}
        whole = {**body, **(passed.get("extra_body") or {})}
        prepared = prepare(
            whole, self.options.profile, base_url=self.options.base_url, learned=self.learned
        )
        return Plan(
            prepared=prepared,
            tools=self._tools(prepared.tools),
            options=self.options,
            extra_headers=given(dict(passed.get("extra_headers") or {})),
            extra_query=given(dict(passed.get("extra_query") or {})),
            timeout=passed.get("timeout", NOT_GIVEN),
        )

    def call(self, plan: Plan, key: str | None) -> Call:
        return call_of(
            self.options,
            "POST",
            "chat/completions",
            key,
            body=plan.prepared.body,
            headers=plan.extra_headers,
            query=plan.extra_query,
            timeout=plan.timeout,
        )

    def learn(self, plan: Plan, status: int, words: str) -> Plan | None:
        """What to ask instead, where a refusal names something that we had put into the request; remembered."""
        from streamnorm.requests import learn

        prepared = learn(status, words, plan.prepared)
        return None if prepared is None else msgspec.structs.replace(plan, prepared=prepared)

    def _tools(self, offered: tuple[dict[str, Any], ...]) -> ToolSet | list[str] | None:
        """What the answer's calls are judged by: the tools as the caller wrote them."""
        if not offered or not self.options.validate:
            return None
        text = json.dumps(offered, sort_keys=True, default=repr)
        if text not in self._tool_sets:
            if len(self._tool_sets) >= MAX_TOOL_SETS:
                self._tool_sets.clear()
            self._tool_sets[text] = _tool_set(offered)
        return self._tool_sets[text]


def _tool_set(offered: tuple[dict[str, Any], ...]) -> ToolSet | list[str]:
    from streamnorm.tools import ToolSet

    try:
        return ToolSet(offered)
    except ToolError as error:
        warnings.warn(
            f"arguments are not checked, because the tools cannot be read: {error} (validate=False says so)",
            stacklevel=6,
        )
        return _names(offered)


def _names(offered: tuple[dict[str, Any], ...]) -> list[str]:
    found = [tool.get("function", tool).get("name") for tool in offered if isinstance(tool, dict)]
    return [name for name in found if isinstance(name, str)]


def call_of(
    options: Options,
    method: str,
    path: str,
    key: str | None,
    *,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    timeout: Any = NOT_GIVEN,
) -> Call:
    """One request of a client, its own headers over the client's."""
    sent = {} if body is None else {"Content-Type": "application/json"}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    sent = over(over(sent, options.headers), headers or {})
    own = isinstance(timeout, NotGiven)
    try:
        data = None if body is None else _write(body)
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise LocalError(f"the request cannot be written as JSON: {error}") from None
    return Call(
        method=method,
        url=options.base_url + path,
        headers=sent,
        body=data,
        timeout=options.timeout if own else timeout_of(timeout),
        query={**options.query, **(query or {})} or None,
    )
