"""Small streams, and two ways to run the command line on them: in this process, and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import streamnorm
from streamnorm.cli.app import app

COMMAND = (sys.executable, "-m", "streamnorm.cli")

DONE = b"data: [DONE]\n\n"


def chunk(
    *choices: tuple[dict[str, Any], str | None] | dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """A chunk; a choice is its delta, or its delta and its finish reason."""
    told = [choice if isinstance(choice, tuple) else (choice, None) for choice in choices]
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": index, "delta": delta, "finish_reason": reason}
            for index, (delta, reason) in enumerate(told)
        ],
        **fields,
    }


def sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(f"data: {json.dumps(each)}\n\n".encode() for each in chunks)


def opening(name: str = "weather", arguments: str = "", call: str = "call_a") -> dict[str, Any]:
    """The delta that opens a call."""
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"index": 0, "id": call, "type": "function", "function": function}],
    }


def fragment(arguments: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}


def text(*parts: str, reason: str = "stop") -> bytes:
    """A conformant stream that says `parts`."""
    first, *rest = parts
    return (
        sse(
            chunk({"role": "assistant", "content": first}),
            *(chunk({"content": part}) for part in rest),
            chunk(({}, reason)),
        )
        + DONE
    )


def call(arguments: str = '{"city":"Rome"}') -> bytes:
    """A conformant stream with one call."""
    end = chunk(({}, "tool_calls"))
    return sse(chunk(opening()), chunk(fragment(arguments)), end) + DONE


#: One repair: the finish reason of a stream with calls is `stop`.
REPAIRED = sse(chunk(opening()), chunk(fragment('{"city":"Rome"}')), chunk(({}, "stop"))) + DONE

#: The bytes end inside a call.
TRUNCATED = sse(
    chunk({"role": "assistant", "content": "Wait. "}),
    chunk(opening("delete", '{"path":"/home/u')),
)

FAILED = sse(
    chunk({"role": "assistant", "content": "The "}),
    {"error": {"message": "Overloaded", "type": "server_error", "code": 503}},
)


def invoke(*arguments: str | Path, stdin: bytes | None = None) -> Any:
    """Run in this process, output caught. Anything but an exit is a failure of the test."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def environment(**more: str) -> dict[str, str]:
    """Here and there the same streamnorm, wherever it lies."""
    package = str(Path(streamnorm.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **more}


def run(
    *arguments: str | Path, stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run as a process with pipes, as a shell would."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, env=environment(**variables), capture_output=True, timeout=30
    )
