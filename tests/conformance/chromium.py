"""Chromium without a window, over its DevTools protocol on a pair of pipes: a page is opened, asked, and seen."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Chromium", "chromium"]

#: Seconds after which a browser that does not answer fails the test.
PATIENCE = 60.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-sandbox",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

#: Chromium reads commands from descriptor 3 and answers on 4; a small program puts the pipes there and becomes it.
BECOME = """
import os, sys
read, write = (os.dup(int(each)) for each in sys.argv[1:3])
while min(read, write) < 5:
    read, write = os.dup(read), os.dup(write)
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def binary() -> str:
    """The browser, or a skip (a failure where `STREAMNORM_REQUIRE_CHROMIUM` is set)."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if os.environ.get("STREAMNORM_REQUIRE_CHROMIUM"):
        pytest.fail("Chromium is required here and absent")
    pytest.skip("there is no Chromium here")


class Chromium:
    """One browser with one tab. `told` are the events of the protocol, in their order."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._number = 0
        self._pending = b""
        self._session = ""
        self.told: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command, and its result."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        return self._until(lambda each: each.get("id") == self._number)

    def _until(self, fits: Any) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE
        while True:
            message = self._message(ends)
            if "id" not in message:
                self.told.append(message)
            if fits(message):
                assert "error" not in message, message
                return dict(message.get("result") or {})

    def _message(self, ends: float) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._read], [], [], max(0.0, ends - time.monotonic()))
            assert ready, "Chromium does not answer"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium is gone"
            self._pending += piece
        first, _, self._pending = self._pending.partition(b"\0")
        return dict(json.loads(first))

    def open(self, url: str) -> None:
        """Load a page from the beginning, and wait until it is there. What was told before is forgotten."""
        for each in ("about:blank", url):
            self.told.clear()
            self.send("Page.navigate", url=each)
            if not any(map(_has_loaded, self.told)):
                self._until(_has_loaded)

    def ask(self, expression: str) -> Any:
        """The value of JavaScript in the page, which must not throw."""
        found = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """A key, down and up, where the focus is."""
        code = {"Enter": 13, "Escape": 27}.get(key, 0)
        text = "\r" if key == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def view(self, width: int, height: int, *, dark: bool = False, scripts: bool = True) -> None:
        """The size of the window, its colours, and whether scripts run."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(
            base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        )

    @property
    def complaints(self) -> list[str]:
        """What the browser said of the page: exceptions, and what its policy blocked."""
        logged = [
            each["params"]["entry"]["text"]
            for each in self.told
            if each["method"] == "Log.entryAdded"
        ]
        thrown = [
            str(each["params"]) for each in self.told if each["method"] == "Runtime.exceptionThrown"
        ]
        return logged + thrown

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        return [
            each["params"]["request"]["url"]
            for each in self.told
            if each["method"] == "Network.requestWillBeSent"
        ]


def _has_loaded(message: dict[str, Any]) -> bool:
    return message.get("method") == "Page.loadEventFired"


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """A browser with its profile in the folder."""
    command = [binary(), *OPTIONS, f"--user-data-dir={folder}"]
    to_read, to_write = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME, str(to_write[0]), str(to_read[1]), *command],
        pass_fds=(to_write[0], to_read[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_write[0])
    os.close(to_read[1])
    try:
        yield Chromium(to_read[0], to_write[1])
    finally:
        os.close(to_write[1])
        process.terminate()
        process.wait(PATIENCE)
        os.close(to_read[0])
