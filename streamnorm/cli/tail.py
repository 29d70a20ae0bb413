"""The command `tail`: one streamed answer, live, with everything that can be said of it."""

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

__all__ = ["tail"]

#: The tool that needs no file.
_OWN = "weather"


def tail(
    prompt: options.Prompt = "",
    url: options.Url = "",
    model: options.Model = "",
    key: options.Key = "",
    tool: Annotated[
        str, typer.Option("--tool", help=f"Offer a tool: {_OWN}, or those in a JSON file.")
    ] = "",
    request: options.Request = "",
    header: options.Headers = None,
    profile: options.Profile = "auto",
    repair: options.Repairs = None,
    timeout: options.Seconds = 60.0,
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="Keep the capture too, *.cap.jsonl or *.cap.jsonl.gz."),
    ] = "",
    force: options.Force = False,
) -> None:
    """Watch one streamed answer.

    Asks for a chat completion and shows it while it comes: text and reasoning, the names of calls as soon as they are known,
    their arguments as they fill in, and how fast. Then whether the arguments fit the tool, what had to be put right, and the
    verdict. Leaves with 1 if the server or its stream failed, with 2 if there was no answer.

    \b
    Examples:
      streamnorm tail -u http://localhost:8000 -m my-model "Tell me a joke"
      streamnorm tail -u http://localhost:8000 -m my-model --tool weather
      streamnorm tail -p groq -m llama-3.3-70b-versatile --tool tools.json -o run.cap.jsonl "Book a table"
    """
    if output and not is_capture_name(output):
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
            tools="" if tool == _OWN else tool,
            tool=tool == _OWN,
        )
        normalizer = Normalizer(profile, tools=asked.body.get("tools"), repairs=repair or ())
        transport = transport_to(asked, output, [], force=force)
    except (LocalError, CaptureError) as error:
        wrong_use(str(error))
    LiveAnswer(asked, normalizer, transport, output, explained=True).run(timeout)
