"""What a caller passes to `chat.completions.create` in, the body that this provider takes out, with an account of what was
changed and why. Nothing is sent here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streamnorm.errors import RequestError
from streamnorm.requests import ids, legacy, messages, offers, parameters, reasoning, turns
from streamnorm.requests.learned import Learned
from streamnorm.requests.reading import read, worded
from streamnorm.requests.work import RequestFinding, Work

if TYPE_CHECKING:
    from streamnorm.profiles import Profile

__all__ = ["RULES", "Prepared", "Style", "prepare", "without"]

#: How a request offers what the model may call: as the host takes it, as `tools`, or as `functions`.
Style = Literal["auto", "tools", "functions"]

#: The rules, in the order in which they run: what a message holds before where it stands, the history before the tools, the tools
#: before the choice among them, and last the parameters. "Everywhere" in a function's docstring says what it does without a
#: profile: only what means the same to every host. Anything else would be a guess about a host that nobody has described.
RULES: Final[tuple[Callable[[Work], None], ...]] = (
    offers.leave_out_empty_offers,
    offers.refuse_tools,
    messages.keep_own_fields,
    messages.write_arguments,
    messages.write_results,
    legacy.answer_in_kind,
    legacy.to_tools,
    ids.map_ids,
    legacy.name_results,
    reasoning.leave_out_reasoning,
    reasoning.keep_reasoning,
    turns.name_instructions,
    messages.leave_out_unknown,
    turns.drop_empty_turns,
    turns.merge_instructions,
    turns.merge_assistant_turns,
    messages.flatten_content,
    turns.fill_after_results,
    offers.describe_no_parameters,
    offers.close_strict_objects,
    offers.rewrite_schemas,
    offers.leave_out_strict,
    offers.send_none_without_tools,
    offers.choose_any,
    offers.choose_what_is_taken,
    parameters.name_output_limit,
    parameters.set_output_limit,
    parameters.drop_stream_options,
    parameters.pin_parallel_calls,
    parameters.ask_for_one_choice,
    parameters.keep_temperature,
    parameters.name_seed,
    parameters.drop_format_beside_tools,
    parameters.ask_for_streamed_arguments,
    legacy.to_functions,
    messages.write_empty_content,
    parameters.drop_unknown_fields,
)


class Prepared(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A request as it is sent, and how it came about.

    body: the JSON object to send. findings: each change. tools: the tools as the caller has them, to hold the arguments against.
    legacy: the caller asked in the older style, `functions`, and expects the answer in it. call_ids: by the id of a call in the
    caller's history, the id that was sent. added: the optional fields that were put in, and that a retry may leave out. given:
    the caller's body as plain JSON. retried: this is the second attempt.
    """

    body: dict[str, Any]
    findings: tuple[RequestFinding, ...]
    tools: tuple[dict[str, Any], ...]
    legacy: bool
    call_ids: dict[str, str]
    added: frozenset[str]
    given: dict[str, Any]
    base_url: str
    profile: Profile | None
    wishes: dict[str, Any]
    style: Style
    learned: Learned
    retried: bool = False

    @property
    def content(self) -> bytes:
        """The body as the bytes of its JSON."""
        return json.dumps(
            self.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()

    def __str__(self) -> str:
        """The body, and each change with its reason; it holds the caller's messages, which the repr does not."""
        from streamnorm.requests.account import explain

        return explain(self)

    def __repr__(self) -> str:
        return f"<Prepared: {len(self.body)} fields, {len(self.findings)} findings>"


def prepare(
    body: Mapping[str, Any],
    profile: Profile | None = None,
    *,
    base_url: str = "",
    wishes: Mapping[str, Any] | None = None,
    style: Style = "auto",
    learned: Learned | None = None,
) -> Prepared:
    """The request as this provider takes it. `body` is not modified; messages may be dicts or message objects.

    profile: whose rules to follow; None where the provider is not known: then only that is changed which means the same to
        every host.
    base_url: where it goes to, by which `learned` remembers; the profile's own where there is none.
    wishes: optional fields that the client would like to send, such as `stream_options`. Each is put in where the caller has
        not set it, no rule is against it, and the host was not seen to refuse it.
    style: `auto` is the style of the profile, and without one, or where the host knows both, the caller's.

    Raises RequestError for what is no JSON, and for what this provider cannot do at all.
    """
    given = read(body)
    if not isinstance(given, dict):
        raise RequestError(f"the request is {worded(given)}: give a dict with model and messages")
    return _prepared(
        given,
        profile,
        base_url=base_url or (profile.base_url if profile else ""),
        wishes=read(wishes or {}),
        style=style,
        learned=Learned() if learned is None else learned,
    )


def _prepared(
    given: dict[str, Any],
    profile: Profile | None,
    *,
    base_url: str,
    wishes: dict[str, Any],
    style: Style,
    learned: Learned,
    retried: bool = False,
) -> Prepared:
    tools = tuple(_offered(given))
    refused = learned.refused(base_url)
    work = Work(given, profile, refused=refused)
    work.style = _style_for(work) if style == "auto" else style
    work.wish(wishes)
    for rule in RULES:
        rule(work)
    sent = work.finished()
    return Prepared(
        body=sent,
        findings=tuple(work.findings),
        tools=tools,
        legacy=any(given.get(field) for field in ("functions", "function_call")),
        call_ids=work.call_ids,
        added=frozenset(work.added),
        given=given,
        base_url=base_url,
        profile=profile,
        wishes=wishes,
        style=style,
        learned=learned,
        retried=retried,
    )


def without(prepared: Prepared, field: str) -> Prepared:
    """The same request where the host is known to refuse an optional field that was put in."""
    prepared.learned.remember(prepared.base_url, field)
    return _prepared(
        prepared.given,
        prepared.profile,
        base_url=prepared.base_url,
        wishes=prepared.wishes,
        style=prepared.style,
        learned=prepared.learned,
        retried=True,
    )


def _style_for(work: Work) -> Literal["tools", "functions"] | None:
    """The style that the host needs; None where the caller's own will do, or nobody knows."""
    if work.claim("functions-only-legacy") is not None:
        return "functions"
    return "tools" if work.profile is not None and not work.profile.functions else None


def _offered(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field in ("tools", "functions"):
        offered = given.get(field)
        if offered is not None and not isinstance(offered, list):
            raise RequestError(f"/{field}: {worded(offered)} is no list")
        for at, tool in enumerate(offered or ()):
            if not isinstance(tool, dict):
                raise RequestError(f"/{field}/{at}: {worded(tool)} is no tool: give a dict")
            yield tool
