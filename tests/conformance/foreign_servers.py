"""Servers that others made, from the registries: installed once on this machine, started on loopback, ended with the test."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from streamnorm.conformance.live.probes import PROBES

__all__ = ["AIMOCK", "LITELLM", "PROXY_KEY", "aimock", "litellm"]

AIMOCK = "@copilotkit/aimock@1.43.0"
LITELLM = "litellm[proxy]==1.106.2"

PROXY_KEY = "sk-of-the-proxy-under-test"

#: Seconds for an installation, and for a start.
INSTALLING = 900
STARTING = 180

NUMBERS = ", ".join(map(str, range(1, 41)))


@contextmanager
def aimock(folder: Path) -> Iterator[str]:
    """aimock, answering the probes as far as fixtures can say it; gives the URL."""
    fixtures = folder / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": _fixtures()}), "utf-8")
    command = _installed("aimock", AIMOCK, _npm) / "node_modules" / ".bin" / "llmock"
    port = _free_port()
    arguments = ["-p", str(port), "-f", str(fixtures), "--log-level", "warn"]
    with _running([str(command), *arguments], port, "/health", AIMOCK_API_KEYS=PROXY_KEY) as url:
        yield url


def _fixtures() -> list[dict[str, Any]]:
    """By prompt: the calls that are asked for, or a text."""
    found: list[dict[str, Any]] = []
    for dialect in ("chat", "responses"):
        for probe in PROBES[dialect]:
            prompt = _prompt(probe.body)
            exact = re.search(r"Call (\w+) once, with exactly these arguments: (.*)", prompt, re.S)
            if exact:
                call = {"name": exact[1], "arguments": exact[2]}
                found.append(_fixture(prompt, toolCalls=[call]))
            elif "weather in Paris, in Tokyo" in prompt:
                places = [{"city": city, "unit": "celsius"} for city in ("Paris", "Tokyo", "Lima")]
                calls = [{"name": "get_weather", "arguments": json.dumps(p)} for p in places]
                found.append(_fixture(prompt, toolCalls=calls))
            elif prompt and not probe.costly:
                text = "It is station QX-4471." if "station" in prompt else NUMBERS
                found.append(_fixture(prompt, content=text))
    return found


def _fixture(prompt: str, **response: Any) -> dict[str, Any]:
    return {"match": {"userMessage": prompt}, "response": response}


def _prompt(body: Any) -> str:
    """What the user says first."""
    if not isinstance(body, dict):
        return ""
    turns = body.get("messages") or body.get("input") or ""
    return turns if isinstance(turns, str) else turns[0]["content"]


@contextmanager
def litellm(folder: Path) -> Iterator[str]:
    """LiteLLM's proxy, which says one text to all; gives the URL."""
    config = folder / "config.yaml"
    model = {"model": "openai/mock", "api_key": "none", "mock_response": NUMBERS}
    known = {"model_list": [{"model_name": "mock", "litellm_params": model}]}
    # JSON is YAML.
    config.write_text(json.dumps({**known, "general_settings": {"master_key": PROXY_KEY}}), "utf-8")
    command = _installed("litellm", LITELLM, _pip) / "bin" / "litellm"
    port = _free_port()
    arguments = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with _running(
        [str(command), *arguments],
        port,
        "/health/liveliness",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        LITELLM_TELEMETRY="False",
    ) as url:
        yield url


def _npm(package: str, folder: Path) -> list[list[str]]:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm here")
    return [[npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", package]]


def _pip(package: str, folder: Path) -> list[list[str]]:
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", package]
    return [[sys.executable, "-m", "venv", str(folder)], pip]


def _installed(name: str, package: str, commands: Any) -> Path:
    """Where the package is, installed if it was not. A failure skips, or fails where the corpus is required."""
    version = re.sub(r"[^A-Za-z0-9.]+", "-", package.rpartition("=" if "=" in package else "@")[2])
    folder = Path(tempfile.gettempdir()) / "streamnorm-servers" / f"{name}-{version}"
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "w") as lock:
        # Another worker may be at it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(package, folder, commands(package, folder))
    return folder


def _install(package: str, folder: Path, steps: list[list[str]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for step in steps:
        try:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=INSTALLING)
        except (subprocess.SubprocessError, OSError) as error:
            said = f"cannot install {package}: {error}\n{getattr(error, 'stderr', '')}"
            if os.environ.get("STREAMNORM_REQUIRE_CORPUS") == "1":
                pytest.fail(said)
            pytest.skip(said)
    (folder / "installed").touch()


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, health: str, **variables: str) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        server = subprocess.Popen(
            command, stdout=said, stderr=said, env={**os.environ, **variables}
        )
        try:
            _wait(server, f"{url}{health}", said)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(server: subprocess.Popen[bytes], url: str, said: Any) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:
            if response.status == 200:
                return
        time.sleep(0.2)
    said.seek(0)
    pytest.fail(f"{server.args} did not start:\n{said.read()[-2000:]}")
