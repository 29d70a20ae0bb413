"""Conformance against a live server: the requests that are sent (`probes`), the checks of their answers (`checks`), and who sends
them (`asking`, `asgi`). What a run came to is graded from its captures alone."""

from __future__ import annotations
