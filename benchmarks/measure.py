"""How the cost of something is measured: CPU time, the least of several rounds, all contenders in turns in one process; or, for
what a process starts with, in processes of their own."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

__all__ = ["Measured", "cpu_of_processes", "least", "peak_memory"]


class Measured(NamedTuple):
    """One limit and how it was met; None: the value is told and held to nothing. `most`: it may be no more than the limit
    (else no less)."""

    what: str
    value: float
    limit: float | None
    unit: str = "x"
    most: bool = True

    @property
    def met(self) -> bool:
        if self.limit is None:
            return True
        return self.value <= self.limit if self.most else self.value >= self.limit


def least(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least CPU seconds of each over `rounds`. In turns, so that what slows the machine for a while slows all."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    return best


def cpu_of_processes(codes: Mapping[str, str], rounds: int) -> dict[str, float]:
    """The least CPU seconds that a Python running each code takes, start and end included; in turns, as above."""
    best = dict.fromkeys(codes, float("inf"))
    for _ in range(rounds):
        for name, code in codes.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            best[name] = min(best[name], spent)
    return best


def peak_memory(code: str) -> float:
    """The most memory, in MB above the start, that Python has allocated at any time while `run()`, which `code` defines, runs
    in a process of its own."""
    measure = (
        f"{code}\nimport tracemalloc\ntracemalloc.start()\nrun()\n"
        "print(tracemalloc.get_traced_memory()[1])"
    )
    told = subprocess.run(
        [sys.executable, "-c", measure],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )
    return int(told.stdout) / 2**20
