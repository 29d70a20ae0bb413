"""The value of a JSON text while it still comes: built in place, one fragment after the other."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from streamnorm.arguments.prefix import JsonReader

__all__ = ["Completed", "LiveArguments", "Path", "pointer_of"]

#: Pieces of a string kept apart before they are joined.
PACK_AT: Final = 512

#: Python reads no integer with more digits.
MAX_DIGITS: Final = 4_000

_LITERALS: Final = {"true": True, "false": False, "null": None}
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?").match

#: Characters of a number that are shown before it is whole, and names that came twice that are remembered.
MAX_SHOWN: Final = 400
MAX_DUPLICATES: Final = 16

_REPLACEMENT: Final = "\ufffd"

# What a string is.
_KEY: Final = "key"
_VALUE: Final = "value"

Path = tuple[str | int, ...]


class Completed(msgspec.Struct, frozen=True, gc=False):
    """A value that is whole: nothing that follows changes it. `path` leads to it by names and indexes, `()` is the whole."""

    path: Path
    value: Any

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901)."""
        return pointer_of(self.path)


def pointer_of(path: Path) -> str:
    """A path as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


class LiveArguments(JsonReader):
    """The value of argument text as it comes, cut anywhere.

    `feed` takes the next fragment and returns what completed with it, in the order of the text. The grammar is strict: `ok`
    is false from the first character on that no valid text has there, and the value stays what it was. Half characters
    become U+FFFD. `duplicates` has the paths of the first few members whose name came before; the last one holds, as in
    `json`.

    The cost of a fragment does not depend on what came before.
    """

    __slots__ = (
        "_blocks",
        "_completed",
        "_half",
        "_holder",
        "_holder_path",
        "_key",
        "_outer",
        "_pieces",
        "_placed",
        "_root",
        "_string",
        "_word",
        "_word_head",
        "duplicates",
        "names",
    )

    def __init__(self) -> None:
        super().__init__()
        self.duplicates: list[Path] = []
        #: Members whose name came with the last fragment, each with how many values that fragment had completed before; None
        #: where nobody wants to know.
        self.names: list[tuple[int, Path]] | None = None
        self._root: Any = None
        #: The innermost open container, its path, and the name or index of the value in it that is at hand; the same of those
        #: around it, outermost first.
        self._holder: Any = None
        self._holder_path: Path = ()
        self._key: Any = None
        self._outer: list[tuple[Any, Path, Any]] = []
        #: The value at hand is not whole, and is in its place as far as it has come.
        self._placed = False
        #: The open string: "" for none, `_KEY` or `_VALUE`. Its text so far; a high surrogate that waits for the low one.
        self._string = ""
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._half = ""
        #: The number or literal that the text ends with, and its beginning.
        self._word: list[str] = []
        self._word_head = ""
        self._completed: list[Completed] = []

    def feed(self, fragment: str) -> list[Completed]:
        """Read on; returns what is whole now and was not before."""
        if self.names:
            self.names = []
        self._advance(fragment)
        completed = self._completed
        if completed:
            self._completed = []
            return completed
        return []

    @property
    def value(self) -> Any:
        """The value so far, None before it begins. It is the reader's own and grows: a string that is open is brought up to
        date, the rest is as it stands. A number that may go on is what its digits say so far."""
        if self._string == _VALUE:
            self._put(self._text())
        elif self._word and (number := _number(self._word_head)):
            self._put(_number_of(number[0]))
        return self._root

    @property
    def open_path(self) -> Path | None:
        """Where the text goes on: the path of the innermost value that is not whole, None where all is."""
        if self.complete and not self._word:
            return None
        if not (self._word or self._string == _VALUE):
            return self._holder_path
        if type(self._holder) is list and not self._placed:
            return (*self._holder_path, len(self._holder))
        return self._path()

    # Where values go.

    def _put(self, value: Any) -> None:
        """The value at hand is this by now."""
        holder = self._holder
        if type(holder) is dict:
            holder[self._key] = value
        elif holder is None:
            self._root = value
        elif self._placed:
            holder[-1] = value
        else:
            self._key = len(holder)
            holder.append(value)
        self._placed = True

    def _complete(self, value: Any) -> None:
        """The value at hand is this, and whole."""
        self._put(value)
        self._placed = False
        self._completed.append(Completed(self._path(), value))

    def _path(self) -> Path:
        """Of the value at hand."""
        if self._holder is None:
            return ()
        return self._holder_path + (self._key,)  # noqa: RUF005 - in half the time

    # What the reader tells.

    def _on_open(self, bracket: str) -> None:
        container: Any = {} if bracket == "{" else []
        self._put(container)
        self._placed = False
        self._outer.append((self._holder, self._holder_path, self._key))
        self._holder_path = self._path()
        self._holder = container

    def _on_close(self) -> None:
        self._completed.append(Completed(self._holder_path, self._holder))
        self._holder, self._holder_path, self._key = self._outer.pop()

    def _on_whole_string(self, text: str, key: bool) -> None:
        if key:
            self._name(text)
        else:
            self._complete(text)

    def _on_string(self, text: str, key: bool) -> None:
        self._string = _KEY if key else _VALUE
        self._pieces = [text]

    def _on_text(self, text: str) -> None:
        if self._half:
            self._end_half()
        self._pieces.append(text)
        if len(self._pieces) >= PACK_AT:
            self._blocks.append("".join(self._pieces))
            self._pieces = []

    def _on_escape(self, escape: str) -> None:
        mark = escape[1]
        char = chr(int(escape[2:], 16)) if mark == "u" else _ESCAPES.get(mark, mark)
        low = "\udc00" <= char <= "\udfff"
        if self._half and low:
            pair = self._half + char
            self._half = ""
            char = pair.encode("utf-16", "surrogatepass").decode("utf-16")
        elif "\ud800" <= char <= "\udbff":
            if self._half:
                self._end_half()
            self._half = char
            return
        elif low:
            char = _REPLACEMENT
        self._on_text(char)

    def _end_half(self) -> None:
        """The other half did not come."""
        self._half = ""
        self._on_text(_REPLACEMENT)

    def _on_string_end(self, text: str) -> None:
        if self._half:
            self._end_half()
        whole = "".join([*self._blocks, *self._pieces, text])
        key, self._string = self._string, ""
        self._blocks = []
        if key is _KEY:
            self._name(whole)
        else:
            self._complete(whole)

    def _name(self, name: str) -> None:
        """The name of the next member."""
        self._key = name
        if self.names is not None:
            self.names.append((len(self._completed), self._path()))
        if name in self._holder and len(self.duplicates) < MAX_DUPLICATES:
            self.duplicates.append(self._path())

    def _on_whole_word(self, word: str) -> None:
        self._complete(_LITERALS[word] if word in _LITERALS else _number_of(word))

    def _on_word(self, piece: str, whole: bool) -> None:
        if piece:
            self._word.append(piece)
            self._word_head += piece[: MAX_SHOWN - len(self._word_head)]
        head = self._word_head
        if head in _LITERALS:
            self._end_word(_LITERALS[head])
        elif whole and head:
            self._end_word(_number_of("".join(self._word)))

    def _end_word(self, value: Any) -> None:
        self._word = []
        self._word_head = ""
        self._complete(value)

    def _text(self) -> str:
        """The open string so far. Put together once, and kept so."""
        if self._blocks or len(self._pieces) != 1:
            self._pieces = ["".join([*self._blocks, *self._pieces])]
            self._blocks = []
        return self._pieces[0]


def _number_of(text: str) -> int | float:
    is_float = "." in text or "e" in text or "E" in text or len(text) > MAX_DIGITS
    return float(text) if is_float else int(text)
