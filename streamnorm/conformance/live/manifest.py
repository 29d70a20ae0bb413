"""What a live run did, as it stands in `check.json` beside its captures: which request each capture answers, and what was not
sent. With it the captures are graded again without the server. Text in and out; files are `folder`'s matter."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from streamnorm.conformance.requirements import CURRENT

__all__ = ["MANIFEST", "Dialect", "Manifest", "SentExchange", "manifest_in"]

#: The wire protocols that a live run can be of.
Dialect = Literal["chat", "responses", "assistants"]

#: The name of the report of a live run, in the folder of its captures.
MANIFEST: Final = "check.json"


class SentExchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request that was sent. file: its capture, beside the manifest. probe: empty for one that no probe is, such as the
    first request with a parameter that was refused. repeat: from 1. connection: its number, 0 where there is none. stopped: why
    the answer was left before its end, where it was."""

    file: str
    probe: str = ""
    repeat: int = 1
    connection: int = 0
    stopped: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A live run. endpoint: the base URL, without a key. date: when it began, RFC 3339. requirements: the set it is graded by.
    only: the checks that were asked for, none for all. stopped: why it ended early, where it did. unsent: by probe, why it was
    not sent."""

    endpoint: str
    model: str
    dialect: Dialect
    date: str
    requirements: str = CURRENT
    repeats: int = 1
    only: tuple[str, ...] = ()
    stopped: str = ""
    exchanges: tuple[SentExchange, ...] = ()
    unsent: dict[str, str] = {}


class _Report(msgspec.Struct, frozen=True):
    live: Manifest


def manifest_in(report: bytes) -> Manifest | None:
    """The live run in a report; None where it is no report, or not of a live run."""
    try:
        return msgspec.json.decode(report, type=_Report).live
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
