"""The options of the commands that ask an endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "Force",
    "Headers",
    "Key",
    "Mask",
    "Model",
    "Profile",
    "Prompt",
    "Repairs",
    "Request",
    "Seconds",
    "Tools",
    "Url",
]

Prompt = Annotated[str, typer.Argument(help="What to ask; a short question without it.")]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        "-u",
        help="The base URL, with or without /v1, or the whole URL of the endpoint. Without it $OPENAI_BASE_URL or the profile's.",
    ),
]
Model = Annotated[str, typer.Option("--model", "-m", help="The model's name.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        "-k",
        help="The key. Without it the profile's variable, or $OPENAI_API_KEY: better, since others may see a command line.",
    ),
]
Tools = Annotated[str, typer.Option("--tools", help="Offer the tools in this JSON file.")]
Request = Annotated[
    str,
    typer.Option("--request", help="Send the request in this JSON file; it is sent as a stream."),
]
Headers = Annotated[
    list[str] | None, typer.Option("--header", help="Send this header too: 'Name: value'.")
]
Profile = Annotated[
    str, typer.Option("--profile", "-p", help="auto, a profile's name, or a TOML file.")
]
Mask = Annotated[
    list[str] | None,
    typer.Option("--mask", help="Write over what this member says in the JSON of both bodies."),
]
Seconds = Annotated[float, typer.Option("--timeout", help="Seconds of silence to wait for.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Repairs = Annotated[
    list[str] | None,
    typer.Option("--repair", help="Run this repair too, which is not safe on every stream."),
]
