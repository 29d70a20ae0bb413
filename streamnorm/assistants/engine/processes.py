"""Which process carries a run on, and whether it still lives: of this machine the system knows, of others their last sign of life
says so."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from typing import Final

from streamnorm.assistants.engine.store import Rows

__all__ = ["BEAT", "LEASE", "dead_among", "give_sign", "this_process"]

#: Seconds between two signs of life, and how long one holds.
BEAT: Final = 5.0
LEASE: Final = 45.0


def _host() -> str:
    """Where process numbers mean what they mean here: the machine, and the container in it."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # such as pid:[4026531836]
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}".replace(":", "")


_HOST: Final = _host()
#: Tells this process from one before it that had the same number.
_TOKEN: Final = secrets.token_hex(6)


def this_process() -> str:
    """Machine, number and token."""
    return f"{_HOST}:{os.getpid()}:{_TOKEN}"


def give_sign(rows: Rows) -> None:
    """This process lives."""
    rows.beat(this_process(), time.time())


def dead_among(beats: Mapping[str, float]) -> list[str]:
    """The processes that carry nothing on any more. beats: when each last gave a sign of life, in seconds since 1970."""
    now = time.time()
    return [owner for owner, beat in beats.items() if _is_dead(owner, now - beat)]


def _is_dead(owner: str, silent: float) -> bool:
    if owner == this_process():
        return False
    host, _, rest = owner.partition(":")
    number, _, _ = rest.partition(":")
    # On Windows a signal of 0 would not ask but interrupt.
    if host == _HOST and sys.platform != "win32" and not _runs(int(number)):
        return True
    return silent > LEASE


def _runs(number: int) -> bool:
    if number == os.getpid():
        return False  # ours has another token
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
