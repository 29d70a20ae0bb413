"""All faults by name, and which situations of the project's list no server can bring about, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streamnorm.captures.faults.answers import ANSWERS
from streamnorm.captures.faults.base import Fault
from streamnorm.captures.faults.bodies import BODIES
from streamnorm.captures.faults.chunks import CHUNKS
from streamnorm.captures.faults.ends import ENDS

__all__ = ["FAULTS", "GROUPS", "NOT_SERVED"]

#: As the documentation shows them.
GROUPS: Final[Mapping[str, tuple[Fault, ...]]] = MappingProxyType(
    {
        "The connection, and time": ENDS,
        "The answer as a whole": ANSWERS,
        "Frames and bytes": BODIES,
        "What a chunk says": CHUNKS,
    }
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.name: fault for group in GROUPS.values() for fault in group}
)

_SCHEMA: Final = "it is in the schema of a tool, which the caller gives"
_READER: Final = "it is something that the reader does"
_SERVER: Final = "it is about the replay server itself, which its own tests hold"

#: Situations that no server can bring about.
NOT_SERVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{f"SCH-0{number}": _SCHEMA for number in range(1, 9)},
        **{f"RES-0{number}": _READER for number in (1, 2, 3, 5, 6, 7)},
        "RES-04": "it is a matter of many streams, none of them odd",
        "SEC-03": "the server speaks HTTP without TLS, so there is nothing to fall back from",
        "SEC-04": "it is about what the client shows of its key",
        "SEC-05": "it is about what the client logs of its request",
        "SEC-06": "it is about what a recording keeps",
        "SEC-07": "it is about the loader of an import",
        "SEC-10": _SERVER,
        "SEC-11": _SERVER,
        "SEC-12": _SERVER,
        "SEC-13": "it is in the address that the caller gives",
        "SEC-17": "it is in the key that the caller gives",
        "SEC-19": "it is about what exceptions and logs of the client say",
    }
)
