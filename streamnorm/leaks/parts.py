"""What a text turns out to be: words, calls, markup. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

__all__ = ["CallFragment", "CallOpened", "Dropped", "Part", "Text", "joined"]


class Text(NamedTuple):
    """Words, as they came; never empty. `reasoning`: they are reasoning."""

    text: str
    reasoning: bool = False


class CallOpened(NamedTuple):
    """A tool call begins. `code`: the format that found it. `id`: where the markup has one."""

    code: str
    name: str
    id: str | None = None


class CallFragment(NamedTuple):
    """The next piece of the argument text of the call opened last; never empty."""

    fragment: str


class Dropped(NamedTuple):
    """Markup that is neither call nor text was taken off. `code`: the format it belongs to."""

    code: str


Part: TypeAlias = Text | CallOpened | CallFragment | Dropped


def joined(parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, neighbouring texts of one kind in one, neighbouring fragments in one."""
    run: list[str] = []
    last: Part | None = None
    for part in parts:
        if isinstance(part, Text) and isinstance(last, Text) and part.reasoning is last.reasoning:
            run.append(part.text)
        elif isinstance(part, CallFragment) and isinstance(last, CallFragment):
            run.append(part.fragment)
        else:
            if last is not None:
                yield _whole(last, run)
            last, run = part, [part[0]]
    if last is not None:
        yield _whole(last, run)


def _whole(part: Part, run: list[str]) -> Part:
    if len(run) == 1:
        return part
    return Text("".join(run), part.reasoning) if isinstance(part, Text) else _fragment(run)


def _fragment(run: list[str]) -> CallFragment:
    return CallFragment("".join(run))
