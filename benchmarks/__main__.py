"""`python -m benchmarks`: a table of ratios, all measured in one run on the same bytes, and how they stand to the limits."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from benchmarks import assistants, client, growth, live, serving, validation
from benchmarks.bodies import Body, bodies, calls, cut_by_event, cut_by_size
from benchmarks.measure import Measured, cpu_of_processes, least, peak_memory
from benchmarks.readers import READERS, SDK_READERS, floor, to_events

#: The most that bytes to events may cost, in floors, by the kind of body.
LIMITS: Final = {"clean": 2.0, "order": 3.0, "shape": 6.0}
BY_EVENT_LIMIT: Final = 3.0
#: How much faster than the SDK, on text: the body by which these limits were set. The table has the others.
SDK_LIMITS: Final = {"OpenAI SDK, create": 40.0, "OpenAI SDK, .stream()": 100.0}

#: The SDK takes a good part of a minute for a long body: one round of it says enough.
LONG: Final = 10_000

BY_EVENT: Final = "to events, one event a piece"


class Row(NamedTuple):
    """One body: the floor's cost in µs a delta, everybody else's in floors; who cannot read it, and why."""

    body: Body
    floor: float
    ratios: dict[str, float]
    failed: dict[str, str]


def load_all(*, sdk: bool) -> None:
    """Import what the readers import, and keep it out of the collector's sight: or who is measured late pays for its size."""
    pieces = cut_by_event(b"".join(calls(1)))
    for reader in (*READERS.values(), *(SDK_READERS.values() if sdk else ())):
        reader(pieces)
    gc.collect()
    gc.freeze()


def measure_body(body: Body, rounds: int, *, sdk: bool) -> Row:
    pieces, events = cut_by_size(body.data), cut_by_event(body.data)
    few = max(2, rounds * 2_000 // body.deltas)
    own = {name: lambda read=read: read(pieces) for name, read in READERS.items()}
    spent = least(
        {
            "floor": lambda: floor(pieces),
            "floor, one event a piece": lambda: floor(events),
            BY_EVENT: lambda: to_events(events),
            **own,
        },
        few,
    )
    failed = {}
    for name, read in SDK_READERS.items() if sdk else ():
        try:
            with warnings.catch_warnings(action="ignore"):
                both = {"theirs": lambda read=read: read(pieces), "ours": own["to events"]}
                slow = least(both, 1 if body.deltas > LONG else max(3, rounds // 4))
            spent[name] = spent["to events"] * slow["theirs"] / slow["ours"]
        except Exception as error:
            failed[name] = type(error).__name__
    least_of_all = spent.pop("floor")
    by_event = spent.pop("floor, one event a piece")
    ratios = {
        name: cost / (by_event if name == BY_EVENT else least_of_all)
        for name, cost in spent.items()
    }
    return Row(body, least_of_all / body.deltas * 1e6, ratios, failed)


def judged(rows: list[Row]) -> Iterator[Measured]:
    for row in rows:
        events = row.ratios["to events"]
        yield Measured(f"{row.body.name}: to events", events, LIMITS[row.body.kind])
        if row.body.kind == "clean":
            yield Measured(f"{row.body.name}: {BY_EVENT}", row.ratios[BY_EVENT], BY_EVENT_LIMIT)
            for name, limit in SDK_LIMITS.items() if "text" in row.body.name else ():
                if name in row.ratios:
                    faster = row.ratios[name] / events
                    what = f"{row.body.name}: faster than {name}"
                    yield Measured(what, faster, limit, most=False)


def cost_of_length(rounds: int) -> Measured:
    """The cost of a delta in a call of 100,000 to that in one of 1,000."""
    short, long = (cut_by_size(b"".join(calls(count))) for count in (1_000, 100_000))
    shorts = least({"short": lambda: [to_events(short) for _ in range(10)]}, rounds)["short"]
    longs = least({"long": lambda: to_events(long)}, max(3, rounds // 4))["long"]
    return Measured("a delta of 100,000, to one of 1,000", longs / shorts / 10, 1.3)


def memory() -> Measured:
    code = """
from benchmarks.bodies import calls
from streamnorm import Normalizer

def run():
    normalizer = Normalizer()
    for block in calls(100_000):
        normalizer.feed(block)
    normalizer.close()
    assert normalizer.complete
    assert len(normalizer.result.message.tool_calls[0].arguments) >= 1_000_000
"""
    return Measured("memory for 1 MB of arguments", peak_memory(code), 20, " MB")


def imports(rounds: int) -> Measured:
    spent = cpu_of_processes(
        {
            "bare": "pass",
            "httpx": "import httpx",
            "import": "import streamnorm",
        },
        rounds,
    )
    bare = spent["bare"]
    httpx = spent["httpx"] - bare
    return Measured("import streamnorm, to import httpx", (spent["import"] - bare) / httpx, 1.0)


def table(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.ratios))
    lines = []
    for row in rows:
        lines.append(f"\n{row.body.name} (floor {row.floor:.2f} µs a delta)")
        events = row.ratios["to events"]
        for name in names:
            if name in row.ratios:
                ratio = row.ratios[name]
                lines.append(f"  {name:<30} {ratio:>8.2f} floors {ratio / events:>8.2f} x ours")
        lines += [f"  {name:<30} fails: {error}" for name, error in row.failed.items()]
    return "\n".join(lines)


def core(rounds: int) -> Iterator[Measured]:
    """What no single body shows."""
    yield cost_of_length(rounds)
    yield memory()
    yield imports(rounds)


#: What is measured besides the bodies.
SECTIONS: Final[dict[str, Callable[[int], Iterator[Measured]]]] = {
    "core": core,
    "assistants": assistants.measure,
    "client": client.measure,
    "growth": growth.measure,
    "live": live.measure,
    "serving": lambda _: iter(serving.measure()),
    "validation": validation.measure,
}


#: Sections that play streams at their pace, for a minute or two: not for a quick look.
ON_THE_CLOCK: Final = {"assistants", "client", "serving"}


def tell(name: str) -> None:
    if os.isatty(2):
        print(f"measuring: {name}", file=sys.stderr)


def verdicts(measured: list[Measured]) -> str:
    lines = ["\nLimits"]
    for m in measured:
        if m.limit is None:
            mark, bound = "    ", "no limit"
        else:
            mark = "ok  " if m.met else "OVER" if m.most else "UNDER"
            bound = f"{'at most' if m.most else 'at least'} {m.limit:g}{m.unit}"
        lines.append(f"  {mark} {m.what:<72} {m.value:>8.2f}{m.unit:<3} ({bound})")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, without the SDK")
    only = f"bodies with this in the name, or one of the sections {', '.join(SECTIONS)}"
    parser.add_argument("--only", metavar="TEXT", default="", help=only)
    parser.add_argument("--no-sdk", action="store_true", help="leave the OpenAI SDK out")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each body (default 40)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    rounds = chosen.rounds or (5 if chosen.quick else 40)
    some = max(3, rounds // 2)
    every = SECTIONS.keys() - (ON_THE_CLOCK if chosen.quick else set())
    sections = {chosen.only} & SECTIONS.keys() if chosen.only else every
    read = [] if sections and chosen.only else [b for b in bodies() if chosen.only in b.name]
    if not (read or sections):
        parser.error(f"no body has {chosen.only!r} in its name, and no section is called so")
    with_sdk = not (chosen.no_sdk or chosen.quick)
    load_all(sdk=with_sdk)
    rows = []
    for body in read:
        tell(body.name)
        rows.append(measure_body(body, rounds, sdk=with_sdk))
    measured = list(judged(rows))
    for name in SECTIONS:
        if name in sections:
            tell(name)
            measured += SECTIONS[name](some)
    if chosen.json:
        found = [
            {"body": r.body.name, "floor_us": r.floor, "ratios": r.ratios, "failed": r.failed}
            for r in rows
        ]
        limits = [{**m._asdict(), "met": m.met} for m in measured]
        print(json.dumps({"bodies": found, "limits": limits}, indent=2))
    else:
        print(table(rows))
        print(verdicts(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
