"""Writes docs/providers.md from the profiles, docs/quirks.md from the registry of repairs and the catalogue of quirks,
docs/faults.md from the table of faults, docs/assistants-order.md from the tables of legal order, and docs/checks.md with a page
for each check from the conformance checks. With `--check` it writes nothing and exits 1 where a page is stale."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from streamnorm import load_profile, provider_ids
from streamnorm.captures.faults import FAULTS, GROUPS, NOT_SERVED, Fault
from streamnorm.conformance import CHECKS as CONFORMANCE
from streamnorm.conformance.asked import AREAS, ASKED
from streamnorm.conformance.placing import MERGED, RELAXED
from streamnorm.conformance.requirements import CURRENT
from streamnorm.dialects.assistants.order import MESSAGE, RUN, STEP
from streamnorm.dialects.order import OrderTable
from streamnorm.profiles import REQUEST_RULES, Profile, RequestClaim
from streamnorm.repairs import CHECKS, REPAIRS, Check, Repair
from streamnorm.repairs.catalogue import CODES, LEFT, TOLERATED

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"

# The examples of the checks are those of the tests.
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from scripts.check_pages import check_pages  # noqa: E402

#: A table of all repairs is wider than a page: they are shown by what they mend, which is how their codes begin. What begins
#: otherwise belongs to the first.
PARTS: Final = {
    "Frames and chunks": ("chunk", "done", "frame"),
    "Choices, text and reasoning": (
        *("choice", "choices", "content", "delta", "logprobs", "message", "reasoning", "role"),
        "thinking",
    ),
    "Finish and usage": ("finish", "usage"),
    "Tool calls": ("function", "tool"),
}

HEAD: Final = """\
# Providers

<!-- Written by `python scripts/write_docs.py` from providers/*.toml. Edit those. -->

Each provider is a file in `providers/`; the source of every claim, and the day it was looked at, stand there. A provider that
is not listed needs no file: the profile `auto` runs every safe repair on any stream.
"""

REPAIRS_HEAD: Final = """\
## What their streams need

A dot says that this provider was seen to need the repair, in a recorded stream or in the report that the profile cites. Repairs
that no profile names are left out.
"""

REQUEST_HEAD: Final = """\
## What their requests need

Rules for what is sent. `streamnorm.requests` rewrites a body by them, and tells each change.
"""


QUIRKS_HEAD: Final = """\
# Quirks

<!-- Written by `python scripts/write_docs.py` from the registry of repairs and the catalogue of quirks. Edit those. -->

What streams do that they should not, and what becomes of it. Every row is a class with its code; its finding has the same
name. The link shows the smallest stream in which it acts, and beside that stream what is made of it.
"""

CHECKS_HEAD: Final = """\
## Checks

What no repair can mend. Such a finding means: do not trust this stream, or this call.
"""

UNSAFE_HEAD: Final = """\
## Repairs that are asked for

A text may look like this and be meant so: these run where a profile names them, or where the caller does.
"""

TOLERATED_HEAD: Final = """\
## Nothing to be done

Known quirks that need no repair.
"""

LEFT_HEAD: Final = """\
## Left as it is

Known quirks that nothing is done about.
"""


FAULTS_HEAD: Final = """\
# Faults

<!-- Written by `python scripts/write_docs.py` from the table of faults (streamnorm/captures/faults). Edit that. -->

What a replay can do to a client on purpose. A fault is written `NAME`, with how much of it and where, if not as the table says:

    NAME[=VALUE][@frame:N | @byte:N | @time:SECONDS]

`cut@frame:3` closes the connection where the third frame would begin; `trickle=100@byte:512` sends what is behind the first 512
bytes at 100 bytes a second. Frames count from 1; in a body that is no SSE each line is a frame. Times are those of the replay,
so that one at full speed has none. A place past the end is the end.

A fault is given to the server (`streamnorm serve DIR --fault cut@frame:3`), with a request (the header
`x-streamnorm-fault: cut@frame:3`; several headers are several faults, one after the other), to `ReplayTransport(..., fault=...)`,
or for each capture in a plan (`streamnorm serve DIR --plan faults.toml`):

```toml
faults = ["slow-headers=0.5"]        # for every answer
[captures]                           # by name, or by a pattern of names; the first that fits counts
"chat/weather" = "cut@frame:3"
"chat/*" = ["trickle=200", "reset@byte:900"]
```

*Ends in*: what becomes of a chat stream with the fault at its default place, read by streamnorm over httpx. An error of
streamnorm's carries what had come, and what was read before an exception of httpx stays, too. *Survived* is a stream that reads
as complete, with the finding that tells of the change where there is one. What ends in *a deadline* keeps sending, and only a
limit on the whole ends it. A dagger marks what lies in the HTTP framing: over a socket it is exact, and a transport without one
comes near.
Frames that a fault adds are of the chat dialect.
"""

SITUATIONS_HEAD: Final = """\
## Situations

The situations that the project collected, and the faults that bring them about.
"""

ORDER_HEAD: Final = """\
# The order of an Assistants stream

<!-- Written by `python scripts/write_docs.py` from the tables in streamnorm/dialects/assistants/order.py. Edit those. -->

What may follow what, in the streams that the dialect `assistants` reads. An event that is not in its turn is read all the same,
and found as `event-out-of-order`; an event with another name than these may come at any time, and so may `error`, which ends the
stream. The names are those of the events without `thread.` before them.
"""

#: The tables of an Assistants stream: what each is of, and what there is to know of it.
ORDERS: Final = {
    "The run": (
        RUN,
        "What is said of a step or a message has its turn here, and in the table of that step or message. `resumed` is a stream "
        "that goes on with a run whose calls were answered.",
    ),
    "A step": (STEP, "Where the run requires an action, the step of its calls stays open."),
    "A message": (MESSAGE, "One that was not completed is `incomplete`."),
}

CONFORMANCE_HEAD: Final = f"""\
# Conformance checks

<!-- Written by `python scripts/write_docs.py` from the table of checks (streamnorm/conformance). Edit that. -->

What `streamnorm check` examines. Every check has an id that never changes its meaning; the
set of requirements is frozen by date, the present one is {CURRENT}.

A check comes to one of five verdicts: *pass*; *non-strict*, allowed and likely to break clients (a SHOULD or a MAY that is not
met, or a milder breach of a MUST); *fail*; *skipped*, as the exchange does not show it; *inconclusive*, as it might have and
does not say. With `--strict` what is non-strict counts, but where the requirement is a MAY. A model that answers in words, or
refuses, fails nothing.

Checks that are marked *live* compare answers, or look at requests that a recording seldom has: they are for
`streamnorm check -u URL -m MODEL`, and for the captures that it keeps. [conformance.md](conformance.md) says how to use all this.

A request beside a raw body (`NAME.request.json`) and the head of its response (`NAME.headers`, as `curl -D` writes it) let
more be checked; a capture has all of it, with the times.
"""

#: The ids that are no check of a recorded exchange, and those that are milder: the title, the table, what its words are.
PLACED: Final = {
    "Merged": (MERGED, "held by"),
    "Milder than first proposed": (RELAXED, "why"),
}

#: What an outcome is called on the page, where its own name does not say it.
OUTCOMES: Final = {
    "transport": "an exception of httpx",
    "status": "the status",
    "deadline": "a deadline",
    "survived": "survived",
}


def faults_page() -> str:
    """The page of faults, as Markdown."""
    lines = [FAULTS_HEAD]
    heads = ("fault", "what it does", "places", "value", "ends in", "situations")
    for group, faults in GROUPS.items():
        lines += [f"## {group}\n", *_table(heads, map(_fault, faults))]
    brought = {fact for fault in FAULTS.values() for fact in fault.facts}
    rows = []
    for fact in sorted(brought | NOT_SERVED.keys()):
        by = [_code(name) for name, fault in FAULTS.items() if fact in fault.facts]
        rows.append((fact, ", ".join(by) or f"none: {_prose(NOT_SERVED[fact])}"))
    return "\n".join([*lines, SITUATIONS_HEAD, *_table(("situation", "faults"), rows)])


def checks_page() -> str:
    """The page of conformance checks, as Markdown."""
    lines = [CONFORMANCE_HEAD]
    heads = ("id", "level", "requirement", "examined", "streams", "source")
    for letter, area in AREAS.items():
        rows = [
            (
                f'<a id="{check.id.lower()}"></a>{_page_of(check.id)}{" (live)" if check.probes else ""}',
                check.level,
                _prose(check.requirement),
                _prose(check.looks_at),
                ", ".join(check.dialects) if len(check.dialects) < 4 else "any",
                _prose(check.source),
            )
            for check in CONFORMANCE.values()
            if check.id.startswith(letter)
        ]
        lines += [f"## {area}\n", *_table(heads, rows)]
    for title, (table, said) in PLACED.items():
        rows = ((_page_of(check), _prose(words)) for check, words in table.items())
        if table:
            lines += [f"## {title}\n", *_table(("id", said), rows)]
    return "\n".join(lines)


def _page_of(check: str) -> str:
    """The id, as a link where it has a page."""
    return f"[{check}](checks/{check}.md)" if check in ASKED else check


def order_page() -> str:
    """The page of the legal order of an Assistants stream, as Markdown."""
    lines = [ORDER_HEAD]
    for title, (table, words) in ORDERS.items():
        lines += [f"## {title}\n", f"{words}\n", _diagram(table)]
    return "\n".join(lines)


def _diagram(table: OrderTable) -> str:
    """An order table as a state diagram: one arrow for all the events that lead from one state to another."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for kind, leads_to in row.items():
            arrows.setdefault((state, leads_to), []).append(kind.removeprefix("thread."))
    starts = "    [*] --> start"
    drawn = (f"    {a} --> {b}: {'<br>'.join(kinds)}" for (a, b), kinds in arrows.items())
    return "\n".join(["```mermaid", "stateDiagram-v2", starts, *drawn, "```\n"])


def _fault(fault: Fault) -> Sequence[str]:
    default = fault.value if isinstance(fault.value, str) else f"{fault.value:,.15g}"
    ends = OUTCOMES.get(fault.ends) or _code(fault.ends)
    return (
        _code(fault.name) + (" †" if fault.wire else ""),
        _prose(fault.does),
        f"{', '.join(fault.takes)}; {_code(str(fault.default))}" if fault.takes else "",
        f"{_prose(fault.unit)}; {_code(default)}" if fault.unit else "",
        f"{ends}: {_code(fault.finding)}" if fault.finding else ends,
        ", ".join(fault.facts),
    )


def quirks_page(profiles: Sequence[Profile]) -> str:
    """The page of quirks, as Markdown."""
    safe = [repair for repair in REPAIRS if repair.safe]
    unsafe = [repair for repair in REPAIRS if not repair.safe]
    parts: list[tuple[str, Sequence[type[Repair] | type[Check]]]] = [
        (QUIRKS_HEAD + "\n## Repairs\n", safe),
        (UNSAFE_HEAD, unsafe),
        (CHECKS_HEAD, CHECKS),
    ]
    lines = []
    for head, kinds in parts:
        heads = (
            "code",
            "what is seen",
            "what is done",
            "the rule",
            "dialects",
            "seen on",
            "quirks",
            "since",
        )
        lines += [head, *_table(heads, (_quirk(kind, profiles) for kind in kinds))]
    for head, table in ((TOLERATED_HEAD, TOLERATED), (LEFT_HEAD, LEFT)):
        rows = ((_code(quirk), _prose(words)) for quirk, words in table.items())
        lines += [head, *_table(("quirk", "why"), rows)]
    return "\n".join(lines)


def _quirk(kind: type[Repair] | type[Check], profiles: Sequence[Profile]) -> Sequence[str]:
    code = kind.code
    return (
        f"[{_code(code)}](../fixtures/repairs/{code}.sse)",
        _prose(kind.__doc__ or ""),
        _prose(kind.done if issubclass(kind, Repair) else "reported"),
        _prose(kind.rule),
        (", ".join(kind.dialects) or "any") if issubclass(kind, Repair) else "any",
        ", ".join(profile.id for profile in profiles if code in profile.codes),
        ", ".join(quirk for quirk, codes in CODES.items() if code in codes),
        kind.since,
    )


def providers_page(profiles: Sequence[Profile]) -> str:
    """The page of providers, as Markdown."""
    return "\n".join([HEAD, *_providers(profiles), *_repairs(profiles), *_requests(profiles)])


def _providers(profiles: Sequence[Profile]) -> Iterator[str]:
    yield from _table(
        ("id", "name", "kind", "base URL"),
        (
            (_code(profile.id), _text(profile.name), profile.kind, _code(profile.base_url))
            for profile in profiles
        ),
    )


def _repairs(profiles: Sequence[Profile]) -> Iterator[str]:
    yield REPAIRS_HEAD
    named = frozenset[str]().union(*(profile.codes for profile in profiles))
    for part in PARTS:
        codes = [
            repair.code for repair in REPAIRS if repair.code in named and _part(repair.code) == part
        ]
        if codes:
            yield f"### {part}\n"
            yield from _matrix(profiles, codes)


def _matrix(profiles: Sequence[Profile], codes: Sequence[str]) -> Iterator[str]:
    yield from _table(
        ("provider", *map(_code, codes)),
        (
            (_code(profile.id), *("●" if code in profile.codes else "" for code in codes))
            for profile in profiles
            if profile.codes.intersection(codes)
        ),
    )


def _part(code: str) -> str:
    first = code.partition("-")[0]
    return next((part for part, firsts in PARTS.items() if first in firsts), next(iter(PARTS)))


def _requests(profiles: Sequence[Profile]) -> Iterator[str]:
    yield REQUEST_HEAD
    for profile in profiles:
        if profile.request:
            yield f"### {_text(profile.id)}\n"
            yield "\n".join(map(_rule, profile.request)) + "\n"


def _rule(claim: RequestClaim) -> str:
    note = f" *{_text(claim.note)}*" if claim.note else ""
    link = re.fullmatch(r"https?://\S+", claim.source)
    source = f"[source](<{claim.source}>)" if link else f"Source: {_text(claim.source)}"
    return f"- {_code(claim.rule)}: {REQUEST_RULES[claim.rule]}{note} ({source})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _text(words: str) -> str:
    """`words` with what Markdown would read as its own marked as text, on one line."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(words.split()))


def _prose(words: str) -> str:
    """Words of our own, which may have code in them, on one line of a table."""
    return " ".join(words.split()).replace("|", r"\|")


def _code(word: str) -> str:
    """`word` as code; in a table a bar ends the cell even there."""
    return "`" + word.replace("`", "'").replace("|", r"\|") + "`"


def main(arguments: Sequence[str]) -> int:
    if set(arguments) - {"--check"}:
        print("usage: write_docs.py [--check]", file=sys.stderr)
        return 2
    profiles = [load_profile(provider) for provider in provider_ids()]
    pages = {
        "providers.md": providers_page(profiles),
        "quirks.md": quirks_page(profiles),
        "faults.md": faults_page(),
        "assistants-order.md": order_page(),
        "checks.md": checks_page(),
        **check_pages(),
    }
    gone = [path for path in (DOCS / "checks").glob("*.md") if f"checks/{path.name}" not in pages]
    if not arguments:
        (DOCS / "checks").mkdir(parents=True, exist_ok=True)
        for path in gone:
            path.unlink()
        for name, text in pages.items():
            (DOCS / name).write_text(text, "utf-8")
        return 0
    stale = [
        name
        for name, text in pages.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text("utf-8") != text
    ]
    stale += [f"checks/{path.name}" for path in gone]
    for name in stale:
        print(f"docs/{name} is stale: run python scripts/write_docs.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
