"""The public surface, and what importing it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import streamnorm


def test_every_public_name_is_there() -> None:
    assert set(streamnorm.__all__) == {
        *("ArgumentsDelta", "AssembledChoice", "ChoiceFinished", "Event", "FieldCompleted"),
        *("Finding", "Frame"),
        *(
            "FrameDecoder",
            "FrameEncoder",
            "FrameTooLarge",
            "LiveArguments",
            "LocalError",
            "Message",
            "Normalizer",
        ),
        *("Profile", "ProfileError", "ReasoningDelta", "RefusalDelta", "RemoteError", "Result"),
        *("ServerError", "StreamEnded", "StreamFailed", "StreamInvalid", "StreamStarted"),
        *("StreamTruncated", "StreamnormError", "TextDelta", "ToolCall", "ToolCallFinished"),
        *("ToolCallStarted", "UsageReported", "__version__", "anormalize", "load_profile"),
        *("Recovery", "normalize", "provider_ids", "pydantic_function_tool", "recover"),
        *("ArgumentsRejected", "Capture", "CaptureError", "Tool", "ToolSet"),
        *("AsyncOpenAI", "DefaultAioHttpClient", "OpenAI", "Timeout"),
    }
    for name in streamnorm.__all__:
        assert getattr(streamnorm, name) is not None
    assert dir(streamnorm) == sorted(streamnorm.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Normaliser"):
        _ = streamnorm.Normaliser


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import streamnorm", ("httpx", "jsonschema", "typer", "pydantic", "msgspec")),
        (
            "import streamnorm; n = streamnorm.Normalizer(); n.feed(b'data: {}'); n.close()",
            ("httpx", "jsonschema", "typer", "pydantic", "asyncio", "rich"),
        ),
        (
            'import streamnorm; list(streamnorm.normalize(b\'{"choices":[{"message":{},'
            '"finish_reason":"stop"}]}\'))',
            ("httpx", "httpx_sse", "jsonschema", "pydantic", "asyncio"),
        ),
    ],
)
def test_importing_and_reading_bring_in_nothing_that_is_not_needed(
    code: str, absent: tuple[str, ...]
) -> None:
    loaded = modules_after(code)
    assert not loaded & set(absent)
