"""An exchange without its secrets: what of the request and of the response's head is kept, and how its body is masked. Knows no
files and no clock."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping

import msgspec

from streamnorm.captures.format import Request, Response
from streamnorm.captures.masking import FieldMasker, Masker
from streamnorm.captures.secrets import credentials_in, is_kept, masked_query, masked_url

__all__ = ["Cleaner"]


class Cleaner:
    """Takes the secrets out of one exchange. First `request`, then `response`, then the body: `feed` and `close`."""

    def __init__(self, request: Request, mask: Iterable[str] = ()) -> None:
        """mask: names of JSON members whose values are masked too, in both bodies."""
        self._raw = request
        self._credentials = credentials_in(request.headers, request.origin + request.path)
        self._masker = Masker(self._credentials)
        self._fields = FieldMasker(mask)

    @property
    def masked(self) -> int:
        """How many secrets were written over."""
        return self._masker.masked + self._fields.masked

    def request(self, body: Request) -> Request:
        """What is kept of the request; its body is that of `body`."""
        raw = self._raw
        return msgspec.structs.replace(
            self._clean_body(body),
            method=self.text(raw.method),
            path=self.text(masked_url(raw.path)),
            origin=self.text(masked_url(raw.origin)),
            headers=self._kept(raw.headers),
        )

    def response(self, response: Response) -> Response:
        """What is kept of a response's head. What it sets as a secret (a cookie) is masked in what follows."""
        found = credentials_in(response.headers, "", sent=False)
        if found - self._credentials:
            masked = self._masker.masked
            self._masker = Masker(self._credentials | found)
            self._masker.masked = masked
        return msgspec.structs.replace(response, headers=self._kept(response.headers))

    def text(self, text: str) -> str:
        """A text, masked. Halves of characters, which UTF-8 cannot say, become question marks."""
        return self._masker.whole(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def feed(self, data: bytes) -> bytes:
        """Of the response's body, what is ready: as many bytes come out as go in."""
        ready = self._masker.feed(data)
        return self._fields.feed(ready)

    def close(self) -> bytes:
        """The last of the body."""
        return self._fields.whole(self._masker.close())

    def _kept(self, headers: Mapping[str, str]) -> dict[str, str]:
        named = ((name.lower(), value) for name, value in headers.items())
        return {name: self.text(masked_url(value)) for name, value in named if is_kept(name)}

    def _clean_body(self, body: Request) -> Request:
        if body.json is not msgspec.UNSET:
            return self._clean_json(body)
        if body.text is not None:
            is_form = "form-urlencoded" in self._raw.headers.get("content-type", "")
            text = masked_query(body.text) if is_form else body.text
            return msgspec.structs.replace(body, text=self._clean(text.encode()).decode())
        if body.b64 is not None:
            clean = self._clean(base64.b64decode(body.b64))
            return msgspec.structs.replace(body, b64=base64.b64encode(clean).decode("ascii"))
        return body

    def _clean_json(self, body: Request) -> Request:
        # Written anew, it has each secret in one of the spellings that are looked for.
        clean = self._clean(msgspec.json.encode(body.json))
        try:
            return msgspec.structs.replace(body, json=msgspec.json.decode(clean))
        except msgspec.DecodeError:  # the secret was a number
            return msgspec.structs.replace(body, json=msgspec.UNSET, text=clean.decode())

    def _clean(self, data: bytes) -> bytes:
        return self._fields.whole(self._masker.whole(data))
