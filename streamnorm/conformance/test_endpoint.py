"""The suite as tests of an endpoint: `pytest --pyargs streamnorm.conformance --stream-base-url URL --stream-model MODEL`. With a
fixture `asgi_app`, a test module imports these two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamnorm.conformance.live.pytesting import judge, judge_run

if TYPE_CHECKING:
    import pytest

    from streamnorm.conformance.live.folder import LiveGrade

__all__ = ["test_conformance", "test_the_endpoint_was_checked"]


def test_conformance(
    stream_check: str, stream_endpoint: LiveGrade, pytestconfig: pytest.Config
) -> None:
    judge(stream_endpoint, stream_check, strict=pytestconfig.getoption("--stream-strict"))


def test_the_endpoint_was_checked(stream_endpoint: LiveGrade) -> None:
    judge_run(stream_endpoint)
