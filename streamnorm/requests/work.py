"""A request on its way through the rules: its parts, each with its place in what the caller passed, and the account of what was
changed. It knows no rule. Parts are replaced and never changed in place, so the caller's body can be gone through again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streamnorm.errors import RequestError
from streamnorm.requests.catalogue import REQUEST_RULES
from streamnorm.requests.reading import pointer, worded

if TYPE_CHECKING:
    from streamnorm.profiles import Profile, RequestClaim
    from streamnorm.requests.options import Condition

__all__ = ["ABSENT", "RequestFinding", "Turn", "Work", "calls_of", "fits"]

#: What a field that is not there is: None is a value.
ABSENT: Final = object()

#: The one reason for a change that is no rule of a host.
_WISHED: Final = "wished"
_WORDS: Final = {**REQUEST_RULES, _WISHED: "The client asks for it where the caller has not said."}


class RequestFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was changed in a request.

    code: `request-` and the id of the rule. where: JSON Pointer into the caller's body; where something was added, the place it
    has there. seen: what stood there, as JSON, its beginning; empty where there was nothing. done: what was made of it. rule:
    what the rule says. source: where the profile has it from; None for a rule that holds everywhere.
    """

    code: str
    where: str
    seen: str
    done: str
    rule: str
    source: str | None = None

    def __str__(self) -> str:
        seen = f" was {self.seen}" if self.seen else ""
        why = f"{self.rule} ({self.source or 'holds everywhere'})"
        return f"{self.where or 'the body'}{seen}: {self.done}. {why}"


@dataclass(slots=True)
class Turn:
    """One message. `where`: its place in the caller's body; for one that was put in, that of the message it stands before.
    `calls_at`: the place of its calls, where the caller has none in `tool_calls`."""

    where: str
    message: dict[str, Any]
    calls_at: str = ""

    @property
    def role(self) -> str:
        role = self.message.get("role")
        return role if isinstance(role, str) else ""

    @property
    def put_in(self) -> bool:
        """The caller has no such turn; it makes the calls that the result there answers."""
        return self.calls_at == self.where

    def seen(self, key: str) -> Any:
        """What the caller has in a field; `ABSENT` where that is nothing."""
        return ABSENT if self.put_in else self.message.get(key, ABSENT)

    def with_call(self, at: int, call: dict[str, Any]) -> None:
        """Its tool call number `at` is this one."""
        calls = list(self.message["tool_calls"])
        calls[at] = call
        self.message = {**self.message, "tool_calls": calls}


def calls_of(turn: Turn) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The tool calls of an assistant's turn: number, place, call."""
    calls = turn.message.get("tool_calls")
    if turn.role == "assistant" and isinstance(calls, list):
        for at, call in enumerate(calls):
            if isinstance(call, dict):
                yield at, turn.calls_at or f"{turn.where}/tool_calls/{at}", call


class Work:
    """`body`: all but the messages, which are `turns`. `style`: `tools` or `functions` where the request has to be in that style,
    None where it stays in the caller's. `refused`: optional fields that this host was seen to refuse."""

    def __init__(
        self,
        body: Mapping[str, Any],
        profile: Profile | None,
        *,
        refused: frozenset[str],
    ) -> None:
        self.body = dict(body)
        self.turns = list(_turns(body.get("messages", [])))
        self.profile = profile
        self.style: Literal["tools", "functions"] | None = None
        self.refused = refused
        self.findings: list[RequestFinding] = []
        #: The optional fields that were put in, and that the client wished for.
        self.added: set[str] = set()
        self._wished: set[str] = set()
        #: By a field's new name, the caller's.
        self._names: dict[str, str] = {}
        self.call_ids: dict[str, str] = {}
        #: Where the caller has the tools.
        self.offers_at = (
            "/tools" if body.get("tools") or not body.get("functions") else "/functions"
        )
        self._claims = {claim.rule: claim for claim in profile.request} if profile else {}

    def claim(self, rule: str) -> RequestClaim | None:
        """The profile's claim that `rule` holds here, for this model and this body; None where it does not."""
        claim = self._claims.get(rule)
        if claim is None or (claim.when and not any(map(self._meets, claim.when))):
            return None
        return claim

    def _meets(self, condition: Condition) -> bool:
        if condition.model is not None and not fits(self.model, condition.model):
            return False
        if condition.field is None:
            return True
        value = _at(self.body, condition.field)
        if condition.equals is None:
            return value is not ABSENT
        return type(value) is type(condition.equals) and bool(value == condition.equals)

    @property
    def model(self) -> str:
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools that are sent; none where there is no list of them."""
        return _dicts(self.body.get("tools"))

    @property
    def offered(self) -> bool:
        """Something is sent that the model may call."""
        return bool(self.tools or _dicts(self.body.get("functions")))

    def assistants(self) -> Iterator[Turn]:
        """The assistant's turns."""
        return (turn for turn in self.turns if turn.role == "assistant")

    def leave_out(self, rule: str, turn: Turn, key: str) -> None:
        """Leave a field out of a message that has it."""
        self.note(rule, pointer(turn.where, key), turn.seen(key), "left out")
        turn.message = {name: value for name, value in turn.message.items() if name != key}

    def note(self, rule: str, where: str, seen: Any, done: str) -> None:
        """`rule` changed something. `seen` is what stood there; `ABSENT` where there was nothing."""
        claim = self._claims.get(rule)
        self.findings.append(
            RequestFinding(
                code=f"request-{rule}",
                where=where,
                seen="" if seen is ABSENT else worded(seen),
                done=done,
                rule=_WORDS[rule],
                source=claim.source if claim else None,
            )
        )

    def drop(self, rule: str, field: str, why: str = "") -> None:
        """Leave a field out of the body, where it is in it."""
        if field in self.body:
            self._note_of(rule, field, self.body.pop(field), f"left out{why}")
            self._wished.discard(field)

    def put(self, rule: str, field: str, value: Any, done: str = "") -> None:
        """Give a field of the body another value; a new one goes to the end."""
        seen = self.body.get(field, ABSENT)
        if type(seen) is not type(value) or seen != value:
            self.body[field] = value
            self._note_of(rule, field, seen, done or f"sent as {worded(value)}")

    def add(self, rule: str, field: str, value: Any, done: str = "") -> None:
        """Put in an optional field that the caller has not; not where this host was seen to refuse it."""
        if field not in self.body and field not in self.refused:
            self.put(rule, field, value, done or f"added: {worded(value)}")
            self.added.add(field)

    def rename(self, rule: str, old: str, new: str) -> None:
        """Send a field under another name, in its old place."""
        self._note_of(rule, old, self.body[old], f"sent as {new}")
        self.body = {new if key == old else key: value for key, value in self.body.items()}
        self._names[new] = self._names.get(old, old)
        if old in self._wished:
            self._wished.remove(old)
            self._wished.add(new)

    def _note_of(self, rule: str, field: str, seen: Any, done: str) -> None:
        # Of what the client wished the caller hears once, as it is sent in the end.
        if field not in self._wished:
            self.note(rule, pointer("", self._names.get(field, field)), seen, done)

    def wish(self, fields: Mapping[str, Any]) -> None:
        """Put in the optional fields that the client would like to send; the rules go over them too."""
        for field, value in fields.items():
            if field not in self.body and field not in self.refused:
                self.body[field] = value
                self._wished.add(field)

    def finished(self) -> dict[str, Any]:
        """The body as it is sent."""
        for field in sorted(self._wished):
            done = f"added: {worded(self.body[field])}"
            self.note(_WISHED, pointer("", field), ABSENT, done)
        self.added |= self._wished
        if "messages" in self.body:
            self.body["messages"] = [turn.message for turn in self.turns]
        return self.body


def fits(model: str, pattern: str) -> bool:
    """The id of a model fits a glob, case ignored."""
    return fnmatchcase(model.lower(), pattern.lower())


def _turns(messages: Any) -> Iterator[Turn]:
    if not isinstance(messages, list):
        raise RequestError(f"/messages: {worded(messages)} is no list of messages")
    for at, message in enumerate(messages):
        if not isinstance(message, dict):
            raise RequestError(
                f"/messages/{at}: {worded(message)} is no message: give a dict with a role, or a message object"
            )
        yield Turn(f"/messages/{at}", message)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _at(body: Any, where: str) -> Any:
    """What stands at a JSON Pointer; `ABSENT` where nothing does."""
    for step in where.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(body, dict) or key not in body:
            return ABSENT
        body = body[key]
    return body
