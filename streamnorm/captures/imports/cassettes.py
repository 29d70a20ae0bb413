"""Cassettes: the interactions that vcrpy, Ruby's VCR, betamax, go-vcr (1 to 4) and those who follow them write, in YAML or JSON;
nock's definitions; httpmock's `when` and `then`; the test proxy's `Entries`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from streamnorm.captures.imports.exchange import Exchange, Sent
from streamnorm.captures.imports.values import (
    UnreadableError,
    body_of,
    headers_of,
    objects,
    pieces_of,
    status_of,
    text_of,
)

__all__ = ["httpmock", "interactions", "nock", "read_httpmock", "read_interactions", "read_nock"]

_BODY_ELSEWHERE: Final = "the cassette keeps it in another file"


def interactions(document: Any) -> list[Mapping[str, Any]]:
    """The interactions of a document that is a cassette; nothing for any other."""
    if isinstance(document, Mapping):
        for key in ("interactions", "http_interactions", "entries"):
            if found := [each for each in objects(document.get(key)) if _is_interaction(each)]:
                return found
        if found := [each for each in objects(document.get("Entries")) if "RequestUri" in each]:
            return [_of_proxy(each) for each in found]
        return [document] if _is_interaction(document) else []
    return [each for each in objects(document) if _is_interaction(each)]


def nock(document: Any) -> list[Mapping[str, Any]]:
    """The definitions of a document that nock wrote; nothing for any other."""
    found = objects(document if isinstance(document, list) else [document])
    return found if all("scope" in each and "response" in each for each in found) else []


def httpmock(documents: list[Any]) -> list[Mapping[str, Any]]:
    """The documents that httpmock wrote: each is one exchange."""
    return [
        each
        for each in objects(documents)
        if isinstance(each.get("when"), Mapping) and isinstance(each.get("then"), Mapping)
    ]


def _is_interaction(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("request"), Mapping) and isinstance(value.get("response"), Mapping)


def read_interactions(found: list[Mapping[str, Any]]) -> Iterator[Exchange]:
    return map(_interaction, found)


def read_nock(found: list[Mapping[str, Any]]) -> Iterator[Exchange]:
    return map(_definition, found)


def read_httpmock(found: list[Mapping[str, Any]]) -> Iterator[Exchange]:
    return map(_expectation, found)


def _interaction(value: Mapping[str, Any]) -> Exchange:
    request, response = value["request"], value["response"]
    body, cut, notes = _answer(value, response)
    return Exchange(
        sent=_sent(request),
        status=status_of(response.get("status"), response.get("status_code"), response.get("code")),
        headers=headers_of(response.get("headers")),
        pieces=body,
        cut=cut,
        started=text_of(
            value.get("recorded_at") or value.get("recordedAt") or value.get("captured_at")
        ),
        notes=notes,
    )


def _sent(request: Mapping[str, Any]) -> Sent:
    body = request.get("body")
    elsewhere = isinstance(body, Mapping) and "path" in body and body.get("kind") == "binary"
    if isinstance(body, Mapping) and "kind" in body:
        body = body.get("value")
    return Sent(
        method=text_of(request.get("method")).upper() or "POST",
        url=text_of(request.get("uri") or request.get("url")) or "/",
        headers=headers_of(request.get("headers")),
        body=None if elsewhere else body_of(body),
        omitted=_BODY_ELSEWHERE if elsewhere else "",
    )


def _answer(
    value: Mapping[str, Any], response: Mapping[str, Any]
) -> tuple[list[bytes], bool, tuple[str, ...]]:
    """The body, whether its pieces are the wire's, and what there is to say of it."""
    chunks = value.get("chunks")
    if isinstance(chunks, list):
        return pieces_of(chunks), True, ()
    body = response.get("body", response.get("content"))
    if isinstance(body, Mapping) and "kind" in body:
        events = body.get("chunks")
        if isinstance(events, list):
            framed = [event.rstrip(b"\r\n") + b"\n\n" for event in pieces_of(events)]
            return [b"".join(framed)], False, ("the cassette keeps events: framing is rebuilt",)
        body = body.get("value")
    found = pieces_of(body)
    several = isinstance(body, list) or (
        isinstance(body, Mapping) and isinstance(body.get("string"), list)
    )
    return found, several, _of_tree(body)


def _of_tree(body: Any) -> tuple[str, ...]:
    """A recorder that parsed a JSON body did not keep its spelling."""
    if (
        isinstance(body, Mapping | list)
        and pieces_of(body) == [body_of(body)]
        and not _is_text(body)
    ):
        return ("the recorder parsed the JSON body: its spacing is lost",)
    return ()


def _is_text(body: Any) -> bool:
    return isinstance(body, Mapping) and any(
        key in body for key in ("string", "base64_string", "b64", "text")
    )


def _definition(value: Mapping[str, Any]) -> Exchange:
    response, headers = value["response"], headers_of(value.get("rawHeaders", value.get("headers")))
    coded = any(name.lower() == "content-encoding" for name, _ in headers)
    notes: tuple[str, ...] = ()
    pieces: list[bytes]
    if value.get("responseIsBinary") or (coded and isinstance(response, list)):
        pieces = [
            _from_hex(text_of(each))
            for each in (response if isinstance(response, list) else [response])
        ]
    elif isinstance(response, str):
        pieces = pieces_of(response)
    else:
        pieces = [body_of(response) or b""] if response is not None else []
        notes = _of_tree(response)
    return Exchange(
        sent=Sent(
            method=text_of(value.get("method")).upper() or "GET",
            url=text_of(value.get("scope")).rstrip("/") + text_of(value.get("path")),
            headers=headers_of(value.get("reqheaders")),
            body=body_of(value.get("body") or None),
        ),
        status=status_of(value.get("status", 200)),
        headers=headers,
        pieces=pieces,
        cut=coded and isinstance(response, list),
        notes=notes,
    )


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UnreadableError(f"a body is not the hexadecimal it says it is: {error}") from None


def _expectation(value: Mapping[str, Any]) -> Exchange:
    when, then = value["when"], value["then"]
    query = [(name, text) for name, text in headers_of(when.get("query_param"))]
    origin = text_of(when.get("host"))
    scheme = text_of(when.get("scheme")) or "https"
    path = quote(text_of(when.get("path")) or "/", safe="/%:@!$&'()*+,;=~-._")
    return Exchange(
        sent=Sent(
            method=text_of(when.get("method")).upper() or "POST",
            url=(f"{scheme}://{origin}" if origin else "")
            + path
            + (f"?{urlencode(query)}" if query else ""),
            headers=headers_of(when.get("header")),
            body=body_of(when.get("body", when.get("json_body"))),
        ),
        status=status_of(then.get("status")),
        headers=headers_of(then.get("header")),
        pieces=pieces_of(_then_body(then)),
    )


def _then_body(then: Mapping[str, Any]) -> Any:
    coded = then.get("body_base64")
    return {"base64": coded} if coded is not None else then.get("body", then.get("json_body"))


def _of_proxy(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of the test proxy as an interaction. A body that is a list of text is the lines of one body, not its pieces."""
    body = entry.get("ResponseBody")
    if isinstance(body, list) and body and all(isinstance(line, str) for line in body):
        body = "".join(body)
    return {
        "request": {
            "method": entry.get("RequestMethod"),
            "uri": entry.get("RequestUri"),
            "headers": entry.get("RequestHeaders"),
            "body": entry.get("RequestBody"),
        },
        "response": {
            "status": entry.get("StatusCode"),
            "headers": entry.get("ResponseHeaders"),
            "body": body,
        },
    }
