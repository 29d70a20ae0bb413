"""One answer as it comes: asked for, shown, judged. What `record` and `tail` have in common, once they know what to ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

import typer

from streamnorm.captures.masking import Masker
from streamnorm.captures.secrets import credentials_in, masked_url
from streamnorm.cli.asking import Asked
from streamnorm.cli.console import Out, aside
from streamnorm.cli.explaining import explain
from streamnorm.cli.live_view import LiveView
from streamnorm.cli.report import failures, verdict
from streamnorm.cli.safe import styled
from streamnorm.normalizer import Normalizer

if TYPE_CHECKING:
    import httpx

__all__ = ["LiveAnswer", "transport_to"]

#: As a shell says of a program that Ctrl-C ended.
_INTERRUPTED: Final = 128 + 2

#: Bytes of an error's body that are read for its words.
_WORDS: Final = 64 * 1024

#: What to do about a status.
_ADVICE: Final = {
    400: "the request is not understood: check the model's name, or send your own with --request",
    401: "the key is refused: set OPENAI_API_KEY, or the profile's variable (`streamnorm providers NAME`)",
    403: "the key may not do this: check what it is allowed",
    404: "nothing is there: check the base URL (-u) and the model's name (-m)",
    405: "nothing is there that takes a POST: check the base URL (-u)",
    422: "the request is refused: send your own with --request",
    429: "too many requests, or nothing left to spend: wait, or check the account",
}


class LiveAnswer:
    """One exchange, from the request to the verdict. Nothing it says has a credential of the request in it."""

    def __init__(
        self,
        asked: Asked,
        normalizer: Normalizer,
        transport: httpx.BaseTransport,
        output: str,
        *,
        explained: bool = False,
    ) -> None:
        """output: the name of the capture that the transport writes, "" where it writes none. explained: say what was put
        right, and why."""
        self._asked = asked
        self._normalizer = normalizer
        self._transport = transport
        self._output = output
        self._explained = explained
        self._credentials = credentials_in(asked.headers, asked.url)
        self._aside = aside()

    def run(self, timeout: float) -> NoReturn:
        import httpx

        asked = self._asked
        try:
            with (
                httpx.Client(transport=self._transport, timeout=timeout, trust_env=False) as client,
                self._told_errors(httpx, timeout),
                client.stream(
                    "POST", asked.url, headers=asked.headers, json=asked.body
                ) as response,
            ):
                if response.is_success:
                    self._show(response)
                else:
                    self._refused(response)
        except KeyboardInterrupt:
            kept = f"; what came is in {self._output}" if self._output else ""
            self._say(f"interrupted{kept}", "yellow")
            raise typer.Exit(_INTERRUPTED) from None
        self._close()

    def _show(self, response: httpx.Response) -> None:
        normalizer, masker = self._normalizer, Masker(self._credentials)
        with LiveView(Out()) as view:
            try:
                for piece in response.iter_bytes():
                    for event in normalizer.feed(masker.feed(piece)):
                        view.tell(event, normalizer.frames)
            finally:
                for event in [*normalizer.feed(masker.close()), *normalizer.close()]:
                    view.tell(event, normalizer.frames)
                view.close(normalizer.result)
        self._say(view.pace())
        if "html" in response.headers.get("content-type", ""):
            self._say("an HTML page came, not a stream: check the base URL (-u)", "yellow")

    def _close(self) -> NoReturn:
        if self._explained and self._normalizer.findings:
            explain(self._normalizer, Out())
        bad = bool(failures(self._normalizer))
        self._say(verdict(self._normalizer), "red" if bad else "green")
        if self._output:
            self._say(f"recorded in {self._output}; next: streamnorm explain {self._output}")
        raise typer.Exit(1 if bad else 0)

    def _refused(self, response: httpx.Response) -> NoReturn:
        """The server answered, with no stream."""
        status = response.status_code
        if response.is_redirect:
            place = masked_url(response.headers.get("location", ""))
            said = f"the server sends elsewhere ({status}): if you trust it, ask {place}"
        else:
            advice = _ADVICE.get(
                status, "the server failed: try again later" if status > 499 else ""
            )
            said = f"{status} {response.reason_phrase}: {_words(response)}"
            said = f"{said.rstrip(': ')}; {advice}" if advice else said
        self._say(said, "red")
        if self._output:
            self._say(f"recorded in {self._output}")
        raise typer.Exit(1)

    @contextmanager
    def _told_errors(self, httpx: Any, timeout: float) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            self._no_answer(f"cannot connect to {self._host()}: is the server running? ({error})")
        except httpx.TimeoutException:
            self._no_answer(
                f"{self._host()} said nothing for {timeout:g} s; wait longer with --timeout"
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            self._no_answer(f"{masked_url(self._asked.url)!r} is no URL: {error}")
        except (httpx.TransportError, httpx.DecodingError) as error:
            self._say(f"the connection failed: {error}", "red")
            if not self._normalizer.frames:
                self._no_answer(f"{self._host()} gave no stream")

    def _no_answer(self, message: str) -> NoReturn:
        self._say(message, "red")
        if self._output and Path(self._output).exists():
            self._say(f"recorded in {self._output}")
        raise typer.Exit(2)

    def _host(self) -> str:
        return urlsplit(masked_url(self._asked.url)).netloc.rpartition("@")[2]

    def _say(self, message: str, style: str = "") -> None:
        message = Masker(self._credentials).whole(message.encode("utf-8", "replace")).decode()
        self._aside.print(styled(f"streamnorm: {message}", style), soft_wrap=True)


def transport_to(asked: Asked, output: str, mask: list[str], *, force: bool) -> httpx.BaseTransport:
    """What sends the request, and records in the capture `output` where that has a name. Raises CaptureError."""
    import httpx

    from streamnorm.captures.recording import RecordingTransport
    from streamnorm.captures.transport import proxy_for

    inner = httpx.HTTPTransport(proxy=proxy_for(asked.url))
    if not output:
        return inner
    transport: httpx.BaseTransport = RecordingTransport(inner, output, mask=mask, overwrite=force)
    return transport


def _words(response: httpx.Response) -> str:
    """What the server says of its error, on one line."""
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _WORDS:
            break
    text = body[:_WORDS].decode("utf-8", "replace")
    if "html" in response.headers.get("content-type", ""):
        return "an HTML page"
    try:
        said = json.loads(text)
        said = said.get("error", said) if isinstance(said, dict) else said
        said = said.get("message", said) if isinstance(said, dict) else said
    except ValueError:
        said = text
    return " ".join(str(said).split())[:300]
