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

# How far a number or a literal is: not begun; begun, but nothing of it is a value; in its place, and open; whole.
_UNSEEN: Final = "unseen"
_UNSEEN_BUT_BEGUN: Final = "begun"
_SHOWN: Final = "shown"
_DONE: Final = "done"


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
        "_holders",
        "_keys",
        "_paths",
        "_pieces",
        "_root",
        "_string",
        "_word",
        "_word_head",
        "_word_state",
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
        #: The open containers, outermost first; for each, the name or the index of the value in it that is at hand, and its
        #: own path.
        self._holders: list[Any] = []
        self._keys: list[Any] = []
        self._paths: list[Path] = []
        #: The open string: "" for none, `_KEY` or `_VALUE`. Its text so far; a high surrogate that waits for the low one.
        self._string = ""
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._half = ""
        #: The number or literal that the text ends with, its beginning, and what of it is in the value.
        self._word: list[str] = []
        self._word_head = ""
        self._word_state = _UNSEEN
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
            self._set(self._text())
        return self._root

    @property
    def open_path(self) -> Path | None:
        """Where the text goes on: the path of the innermost value that is not whole, None where all is."""
        if self.complete and not self._word:
            return None
        if not self._holders:
            return ()
        begun = self._string == _VALUE or self._word_state in (_SHOWN, _UNSEEN_BUT_BEGUN)
        return (*self._paths[-1], self._key()) if begun else self._paths[-1]

    # Where values go.

    def _begin(self, value: Any) -> None:
        """A value begins at the place at hand."""
        if not self._holders:
            self._root = value
            return
        holder = self._holders[-1]
        if type(holder) is list:
            holder.append(value)
            self._keys[-1] = len(holder) - 1
        else:
            holder[self._keys[-1]] = value

    def _set(self, value: Any) -> None:
        """The value at hand is this by now."""
        if self._holders:
            self._holders[-1][self._keys[-1]] = value
        else:
            self._root = value

    def _key(self) -> str | int:
        """The name or index of the value at hand, which may not be in its place yet."""
        holder = self._holders[-1]
        if isinstance(holder, list) and self._word_state == _UNSEEN_BUT_BEGUN:
            return len(holder)
        key: str | int = self._keys[-1]
        return key

    def _path(self) -> Path:
        return (*self._paths[-1], self._keys[-1]) if self._holders else ()

    # What the reader tells.

    def _on_open(self, bracket: str) -> None:
        container: Any = {} if bracket == "{" else []
        self._begin(container)
        self._paths.append(self._path())
        self._holders.append(container)
        self._keys.append(None)

    def _on_close(self) -> None:
        self._keys.pop()
        self._completed.append(Completed(self._paths.pop(), self._holders.pop()))

    def _on_whole_string(self, text: str, key: bool) -> None:
        if key:
            self._name(text)
        else:
            self._begin(text)
            self._completed.append(Completed(self._path(), text))

    def _on_string(self, key: bool) -> None:
        self._string = _KEY if key else _VALUE
        self._blocks, self._pieces = [], []
        if not key:
            self._begin("")

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

    def _on_string_end(self) -> None:
        if self._half:
            self._end_half()
        text = self._text()
        key, self._string = self._string == _KEY, ""
        self._blocks, self._pieces = [], []
        if key:
            self._name(text)
        else:
            self._set(text)
            self._completed.append(Completed(self._path(), text))

    def _name(self, name: str) -> None:
        """The name of the next member."""
        self._keys[-1] = name
        if self.names is not None:
            self.names.append((len(self._completed), self._path()))
        if name in self._holders[-1] and len(self.duplicates) < MAX_DUPLICATES:
            self.duplicates.append(self._path())

    def _on_whole_word(self, word: str) -> None:
        value = _LITERALS[word] if word in _LITERALS else _number_of(word)
        self._begin(value)
        self._completed.append(Completed(self._path(), value))

    def _on_word(self, piece: str, whole: bool) -> None:
        if piece:
            self._word.append(piece)
            room = MAX_SHOWN - len(self._word_head)
            if room > 0:
                self._word_head += piece[:room]
                self._show_word()
        if whole:
            self._end_word()

    def _show_word(self) -> None:
        head = self._word_head
        literal = head in _LITERALS
        match = None if literal else _number(head)
        if self._word_state == _UNSEEN:
            self._word_state = _UNSEEN_BUT_BEGUN
        if not (literal or match):
            return
        value = _LITERALS[head] if match is None else _number_of(match[0])
        if self._word_state == _SHOWN:
            self._set(value)
        else:
            self._begin(value)
        self._word_state = _DONE if literal else _SHOWN
        if literal:
            self._completed.append(Completed(self._path(), value))

    def _end_word(self) -> None:
        if self._word_state != _DONE:
            value = _number_of("".join(self._word))
            self._set(value)
            self._completed.append(Completed(self._path(), value))
        self._word = []
        self._word_head = ""
        self._word_state = _UNSEEN

    def _text(self) -> str:
        """The open string so far. Put together once, and kept so."""
        if len(self._blocks) + len(self._pieces) > 1:
            self._blocks, self._pieces = ["".join([*self._blocks, *self._pieces])], []
        return self._blocks[0] if self._blocks else "".join(self._pieces)


def _number_of(text: str) -> int | float:
    is_float = "." in text or "e" in text or "E" in text or len(text) > MAX_DIGITS
    return float(text) if is_float else int(text)
