"""Calls that a server let leak into the text as markup: found while the text streams, and told from it."""

from streamnorm.leaks.formats import FORMATS, Format
from streamnorm.leaks.parts import CallFragment, CallOpened, Dropped, Part, Text
from streamnorm.leaks.reader import LeakReader

__all__ = [
    "FORMATS",
    "CallFragment",
    "CallOpened",
    "Dropped",
    "Format",
    "LeakReader",
    "Part",
    "Text",
]
