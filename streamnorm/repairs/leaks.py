"""Repairs of what leaked into the text: reasoning in tags. Text may look like this and be meant so, therefore none of them is
safe: they run where a profile names them or the caller asks for them."""

from __future__ import annotations

from typing import Final

from streamnorm.repairs.base import Repair

__all__ = ["EXCLUSIVE", "LEAK_REPAIRS", "ThinkTagUnopened", "ThinkTags"]


class ThinkTags(Repair):
    """The text begins with reasoning, between `<think>` and `</think>`."""

    code = "think-tags"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "what was between the tags became reasoning_content"
    safe = False


class ThinkTagUnopened(Repair):
    """The text begins with reasoning that only `</think>` ends: the opening tag was part of the prompt."""

    code = "think-tag-unopened"
    rule = "6: reasoning is reasoning_content, whatever it was called"
    done = "what was before the tag became reasoning_content"
    safe = False


LEAK_REPAIRS: Final[tuple[type[Repair], ...]] = (ThinkTags, ThinkTagUnopened)

#: Of each of these, only one can be true of a stream.
EXCLUSIVE: Final = (frozenset({ThinkTags.code, ThinkTagUnopened.code}),)
