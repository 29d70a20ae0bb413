"""What a probe is: one request of a live run, as data. `{name}` in its path or its texts stands for what an earlier answer
said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

__all__ = ["NO_MODEL", "WRONG_KEY", "Probe"]

#: A model that no endpoint has.
NO_MODEL: Final = "streamnorm-no-such-model"

#: A key that no endpoint takes. It has the shape of none, so that only all of it, said back, is written over in a capture.
WRONG_KEY: Final = "streamnorm-wrong-key-of-a-probe"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and why it is sent.

    name: what its exchange is called. sends: in words. shows: the checks of any exchange that it is there for.
    body: the JSON without the model, or the bytes as they are.
    path: behind the base URL; the dialect's own where it is empty.
    model, key: in place of the run's. headers: beside the usual ones.
    graded: the checks of any exchange apply to its answer: the request is well formed, and its stream is read to the end.
    after: the probe that has to be answered before. takes: by name, the probe and the JSON Pointer of what its answer said, for
        the places in this request that name it.
    leaves: go away after so many events; 0 for never.
    costly: it may cost much, and is sent only if it is asked for.
    """

    name: str
    sends: str
    body: Mapping[str, Any] | bytes
    shows: tuple[str, ...] = ()
    path: str = ""
    model: str = ""
    key: str = ""
    headers: Mapping[str, str] = {}
    graded: bool = True
    after: str = ""
    takes: Mapping[str, tuple[str, str]] = {}
    leaves: int = 0
    costly: bool = False
