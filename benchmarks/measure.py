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

__all__ = ["cpu_of_process", "least", "peak_memory"]


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


def cpu_of_process(code: str, rounds: int) -> float:
    """The least CPU seconds that a Python running `code` takes, start and end included."""
    spent = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def peak_memory(code: str) -> float:
    """By how many MB the peak of a process grows while it runs `code`, which defines `start()` (what is there before) and
    `run()`."""
    unit = 1024 if sys.platform == "linux" else 1
    measure = (
        f"{code}\nimport resource\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "start()\nbefore = peak()\nrun()\nprint(peak() - before)"
    )
    told = subprocess.run(
        [sys.executable, "-c", measure],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )
    return int(told.stdout) * unit / 2**20
