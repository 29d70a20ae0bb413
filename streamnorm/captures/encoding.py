"""The content encoding taken off a body (RFC 9110, 8.4), piece by piece, in bounded memory. Knows no files and no clock."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from streamnorm.errors import CaptureError

__all__ = ["BLOCK", "Decoding", "EncodingError", "UnknownEncodingError", "encodings_in"]

#: The most bytes that come out at once.
BLOCK: Final = 64 * 1024

#: What makes a bomb: more bytes out than the first, and out of each byte in more than the second. Of 1,200 recorded streams the
#: one that says the same most often comes to 184 for one, deflated.
LARGE: Final = 4 * 1024 * 1024
RATIO: Final = 300

#: Bytes given at once to a decoder whose output cannot be bounded: what they can become fits in memory.
SLICE: Final = 64


#: How many encodings may lie over each other. Servers use one.
MOST: Final = 3


class EncodingError(CaptureError):
    """The data is not what its content encoding says, or is a bomb."""


class UnknownEncodingError(EncodingError):
    """A content encoding that cannot be taken off here."""


class _Decoder(Protocol):
    name: str

    def decode(self, data: bytes) -> Iterator[bytes]: ...
    def is_whole(self) -> bool: ...


class _Zlib:
    """gzip (RFC 1952), several members too, and deflate, with its zlib frame (RFC 1950) or, as some servers send it, without."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._begun = b""
        self._inflate: Any = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            data = self._begun = self._begun + data
            if len(data) < 2:
                return
            self._inflate = zlib.decompressobj(wbits=self._window(data))
        full = False
        while data or full:
            if self._inflate.eof:
                # After a member comes another one, or padding that means nothing.
                if self.name == "deflate" or not data.startswith(b"\x1f"):
                    return
                self._inflate = zlib.decompressobj(wbits=self._window(data))
            try:
                block = self._inflate.decompress(data, BLOCK)
            except zlib.error as error:
                raise EncodingError(f"the {self.name} data is damaged: {error}") from None
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            full = len(block) == BLOCK
            if block:
                yield block

    def is_whole(self) -> bool:
        return not self._begun or (self._inflate is not None and self._inflate.eof)

    def _window(self, data: bytes) -> int:
        if self.name != "deflate":
            return zlib.MAX_WBITS | 16
        framed = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if framed else -zlib.MAX_WBITS


class _Module:
    """A decoder of an optional module: `decode` gives all that some bytes become."""

    def __init__(
        self,
        name: str,
        decode: Callable[[bytes], bytes],
        is_whole: Callable[[], bool],
        error: type[Exception],
    ) -> None:
        self.name = name
        self._decode, self._is_whole, self._error = decode, is_whole, error
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), SLICE):
            self._begun = True
            try:
                decoded = self._decode(data[at : at + SLICE])
            except (self._error, EOFError) as error:
                raise EncodingError(f"the {self.name} data is damaged: {error}") from None
            for start in range(0, len(decoded), BLOCK):
                yield decoded[start : start + BLOCK]

    def is_whole(self) -> bool:
        return not self._begun or self._is_whole()


def _brotli(name: str) -> _Decoder:
    module = _first_of(name, "brotli", "brotlicffi")
    decoder = module.Decompressor()
    decode = decoder.process if hasattr(decoder, "process") else decoder.decompress
    return _Module(name, decode, decoder.is_finished, module.error)


def _zstandard(name: str) -> _Decoder:
    module = _first_of(name, "compression.zstd", "backports.zstd", "zstandard")
    decoder = module.ZstdDecompressor()
    if hasattr(decoder, "decompressobj"):
        decoder = decoder.decompressobj()
    return _Module(name, decoder.decompress, lambda: bool(decoder.eof), module.ZstdError)


def _first_of(encoding: str, *modules: str) -> Any:
    for module in modules:
        try:
            return importlib.import_module(module)
        except ImportError:
            continue
    raise UnknownEncodingError(
        f"the content encoding {encoding} needs one of the modules {', '.join(modules)}"
    )


_DECODERS: Final[dict[str, Callable[[str], _Decoder]]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "br": _brotli,
    "zstd": _zstandard,
}


def encodings_in(header: str) -> tuple[str, ...]:
    """The encodings that a Content-Encoding header names, in the order they were applied."""
    named = (name.strip().lower() for name in header.split(","))
    return tuple(name for name in named if name not in ("", "identity"))


class Decoding:
    """Takes the encodings of one body off."""

    def __init__(self, encodings: tuple[str, ...]) -> None:
        """Raises UnknownEncodingError."""
        if len(encodings) > MOST:
            raise UnknownEncodingError(f"{len(encodings)} content encodings, one over the other")
        for name in encodings:
            if name not in _DECODERS:
                raise UnknownEncodingError(f"the content encoding {name!r} is not known")
        self._decoders = [_DECODERS[name](name) for name in reversed(encodings)]
        self._taken = self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What some bytes become, in blocks. Raises EncodingError."""
        self._taken += len(data)
        for block in self._through(data, 0):
            self._given += len(block)
            self._refuse_a_bomb()
            yield block

    def missing(self) -> str:
        """Says which encoding's data ended before its end; empty if all are whole."""
        cut = next((decoder.name for decoder in self._decoders if not decoder.is_whole()), "")
        return f"the {cut} data ends before its end" if cut else ""

    def _through(self, data: bytes, level: int) -> Iterator[bytes]:
        if level == len(self._decoders):
            yield data
            return
        for block in self._decoders[level].decode(data):
            yield from self._through(block, level + 1)

    def _refuse_a_bomb(self) -> None:
        if self._given > LARGE and self._given > RATIO * self._taken:
            raise EncodingError(
                f"{self._taken:,} encoded bytes became more than {self._given:,}: a bomb, or too large to keep"
            )
