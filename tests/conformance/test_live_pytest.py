"""The suite as tests of an endpoint, in projects of their own: a test for each check, and a run that checked nothing is not
green."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.conformant import KEY, MODEL, Scripted
from conformance.served_app import served_app

# What is imported already, the runs in this process do not import again: they would have it twice.
import streamnorm.conformance.live.endpoint
import streamnorm.conformance.live.pytesting
import streamnorm.conformance.test_endpoint  # noqa: F401
from streamnorm.arguments.validate import ArgumentsValidator

assert ArgumentsValidator({}, tool="t").validate("{}").ok

pytest_plugins = ["pytester"]

#: The tests of a project that has an app, and brings it.
PROJECT = """
import pytest
from conformance.conformant import Scripted
from streamnorm.conformance.test_endpoint import test_conformance, test_the_endpoint_was_checked

@pytest.fixture
def asgi_app():
    return Scripted()
"""


class Careless(Scripted):
    """Takes any model, and odd parameters."""

    def _chat(self, asked: dict[str, Any]) -> Any:
        asked = {"model": MODEL, **asked}
        if asked.get("max_tokens") == -1:
            asked |= {"max_tokens": 10, "temperature": 1}
        return super()._chat({**asked, "model": MODEL})


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    with served_app(Careless()) as url:
        yield url


def run(pytester: pytest.Pytester, *options: str, apart: bool = False) -> pytest.RunResult:
    installed = importlib.metadata.entry_points(group="pytest11", name="streamnorm")
    plugin = () if installed else ("-p", "streamnorm.pytest_plugin")
    others = ("-p", "no:cacheprovider", "-p", "no:anyio", "-p", "no:hypothesispytest")
    key = ("--stream-api-key", KEY, "--stream-model", MODEL)
    go = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
    return go(*others, *plugin, *key, "-rs", "-W", "default", *options)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(Path(__file__).parents[2])
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", here)


SUITE = ("--pyargs", "streamnorm.conformance")


def test_each_check_is_a_test_with_its_id(pytester: pytest.Pytester) -> None:
    with served_app(app := Scripted()) as url:
        result = run(pytester, *SUITE, "--stream-base-url", url, "-v")
    result.assert_outcomes(passed=91, skipped=4)
    result.stdout.fnmatch_lines(
        ["*test_conformance?F-016? PASSED*", "*SKIPPED*no request was refused with status 429*"]
    )
    assert len(app.seen) == 40


def test_a_failure_has_the_finding_as_its_message(pytester: pytest.Pytester, careless: str) -> None:
    result = run(pytester, *SUITE, "--stream-base-url", careless, "-k", "E-006 or E-013")
    result.assert_outcomes(passed=1, failed=1, deselected=93, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "E-006 MUST fail: A model that does not exist is refused*",
            "in unknown-model.1.cap.jsonl",
            "*the request was accepted, with status 200*",
            "*NonStrictWarning: E-013 SHOULD non-strict*",
        ]
    )


def test_strictly_a_should_fails(pytester: pytest.Pytester, careless: str) -> None:
    options = ("--stream-base-url", careless, "--stream-strict", "-k", "E-006 or E-013")
    run(pytester, *SUITE, *options).assert_outcomes(failed=2, deselected=93)


def test_an_app_is_checked_in_the_process_of_its_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_endpoint_of_ours=PROJECT)
    result = run(pytester, "--stream-output", "run")
    result.assert_outcomes(passed=90, skipped=5)
    assert (pytester.path / "run" / "check.json").is_file()


def test_a_run_that_checked_nothing_is_not_green(pytester: pytest.Pytester) -> None:
    url = "http://127.0.0.1:9"
    result = run(pytester, *SUITE, "--stream-base-url", url, apart=True)
    result.assert_outcomes(failed=1, skipped=94)
    result.stdout.fnmatch_lines(["the run ended early: 127.0.0.1:9 gave no answer*"])


def test_no_endpoint_is_named(pytester: pytest.Pytester) -> None:
    result = run(pytester, *SUITE, "-k", "E-006")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*name the endpoint: --stream-base-url URL*"])


def test_the_dialect_decides_which_checks_are_tests(pytester: pytest.Pytester) -> None:
    result = run(pytester, *SUITE, "--stream-dialect", "responses", "--collect-only", "-q")
    assert "test_conformance[R-011]" in result.stdout.str()
    assert "test_conformance[F-016]" not in result.stdout.str()
