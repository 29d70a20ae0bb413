"""The page of the replay server: which captures there are, and what was served. One HTML document without scripts; every word
in it that came from outside is escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

__all__ = ["HEADERS", "CaptureRow", "ServedRow", "page"]

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { background: #8882; border-radius: 6px; overflow-x: auto; padding: .8rem 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td { min-width: 7rem; overflow-wrap: anywhere; }
td.n { min-width: 0; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }
.none { opacity: .7; }
"""

_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: The headers of the page: nothing is loaded, nothing is run, and no other page can show it as its own.
HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

#: Controls, and marks that reorder or hide text.
_invisible: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)

#: How much of a word from outside is shown.
_LONGEST: Final = 200


class CaptureRow(msgspec.Struct, frozen=True):
    """A capture as the page shows it. `base` is the path of its own base URL, quoted."""

    name: str
    request: str
    model: str
    dialect: str
    status: str
    base: str
    served: int


class ServedRow(msgspec.Struct, frozen=True):
    """One answer as the page shows it."""

    at: str
    request: str
    answer: str
    faults: str
    sent: str
    end: str


def page(
    url: str, captures: Sequence[CaptureRow], served: Iterable[ServedRow], total: int
) -> bytes:
    """The document. `total`: how many requests were answered; the last of them are `served`."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>streamnorm serve</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>streamnorm serve: {_counted(len(captures), 'capture')}</h1>",
        "<p>A request is answered by the capture that was recorded for it. To be served one capture whatever is asked, use its "
        "own base URL, <code>/captures/NAME/v1</code> (each name is a link to it), or send its name, quoted as in a URL, in the "
        "header <code>x-streamnorm-capture</code>. The header <code>x-streamnorm-fault</code> breaks the answer, for example "
        "with <code>cut@frame:3</code>.</p>",
        f"<pre>OPENAI_BASE_URL={_text(url)}/v1</pre>",
        "<h2>Captures</h2>",
        _table(
            ("name", "answers", "model", "dialect", "status", "served"),
            (
                (
                    f'<a href="{html.escape(row.base)}">{_text(row.name)}</a>',
                    f"<code>{_text(row.request)}</code>",
                    _text(row.model),
                    _text(row.dialect),
                    _text(row.status),
                    str(row.served),
                )
                for row in captures
            ),
        ),
        f"<h2>Served: {_counted(total, 'request')}</h2>",
    ]
    rows = [tuple(map(_text, msgspec.structs.astuple(row))) for row in served]
    if rows:
        parts.append(_table(("at", "request", "answer", "faults", "sent", "end"), rows))
    else:
        parts.append('<p class="none">Nothing yet.</p>')
    parts.append("</body>\n</html>\n")
    return "\n".join(parts).encode("utf-8", "replace")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["<div><table>", f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"]
    for cells in rows:
        shown = "".join(
            f'<td class="n">{cell}</td>' if head in _NARROW else f"<td>{cell}</td>"
            for head, cell in zip(heads, cells, strict=True)
        )
        lines.append(f"<tr>{shown}</tr>")
    return "\n".join([*lines, "</table></div>"])


_NARROW: Final = frozenset(("status", "served", "at", "sent"))


def _text(words: str) -> str:
    """Words from outside: shortened, what cannot be seen replaced, escaped, and kept from turning the text around them."""
    shortened = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
    return f"<bdi>{html.escape(_invisible.sub(chr(0xFFFD), shortened))}</bdi>"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
