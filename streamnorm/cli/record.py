"""The command `record`: asks an endpoint for one streamed completion, shows it as it comes, and keeps what the wire said."""

from __future__ import annotations

from typing import Annotated

import typer

from streamnorm.captures.format import SUFFIXES, is_capture_name
from streamnorm.cli import ask_options as options
from streamnorm.cli.asking import asked_for
from streamnorm.cli.console import wrong_use
from streamnorm.cli.live_answer import LiveAnswer, transport_to
from streamnorm.errors import CaptureError, LocalError
from streamnorm.normalizer import Normalizer

__all__ = ["record"]


def record(
    prompt: options.Prompt = "",
    url: options.Url = "",
    model: options.Model = "",
    key: options.Key = "",
    tool: Annotated[bool, typer.Option("--tool", help="Offer a tool, for the weather.")] = False,
    tools: options.Tools = "",
    request: options.Request = "",
    header: options.Headers = None,
    profile: options.Profile = "auto",
    mask: options.Mask = None,
    timeout: options.Seconds = 60.0,
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="The capture to write, *.cap.jsonl or *.cap.jsonl.gz."),
    ] = "run.cap.jsonl",
    force: options.Force = False,
) -> None:
    """Record one streamed answer.

    Sends a chat completion, shows it as it comes, and writes what the wire said to a capture file: the pieces, their times,
    how it ended; no key. A server on this machine needs no key. Leaves with 1 if the server or its stream failed, with 2 if
    there was no answer.

    \b
    Examples:
      export OPENAI_API_KEY=...
      streamnorm record -u https://api.openai.com/v1 -m gpt-4o-mini "Tell me a joke" -o joke.cap.jsonl
      streamnorm record -u http://localhost:8000 -m my-model --tool
      streamnorm record -p groq -m llama-3.3-70b-versatile --request my-request.json
    """
    if not is_capture_name(output):
        wrong_use(f"{output}: a capture's name ends in {' or '.join(SUFFIXES)}")
    try:
        asked = asked_for(
            url,
            profile,
            key,
            header,
            request=request,
            model=model,
            prompt=prompt,
            tools=tools,
            tool=tool,
        )
        normalizer = Normalizer(profile, tools=asked.body.get("tools"))
        transport = transport_to(asked, output, mask or [], force=force)
    except (LocalError, CaptureError) as error:
        wrong_use(str(error))
    LiveAnswer(asked, normalizer, transport, output).run(timeout)
