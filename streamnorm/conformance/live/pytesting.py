"""A live run as tests: the requests are sent once for a session, and each check is a test. For the plugin and `test_endpoint`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import pytest

from streamnorm.conformance.base import Verdict
from streamnorm.conformance.checks import CHECKS
from streamnorm.conformance.reports import where
from streamnorm.errors import LocalError

if TYPE_CHECKING:
    from streamnorm.conformance.live.folder import LiveGrade
    from streamnorm.conformance.live.standing import Standing

__all__ = ["NonStrictWarning", "graded_endpoint", "ids_of", "judge", "judge_run"]

_GRADED: Final = pytest.StashKey[dict[str, "LiveGrade | LocalError"]]()

_NO_ENDPOINT: Final = (
    "name the endpoint: --stream-base-url URL --stream-model MODEL; or define a fixture `asgi_app`, "
    "and name the model"
)


class NonStrictWarning(UserWarning):
    """Something is allowed, and likely to break clients. `--stream-strict` makes it a failure."""


def ids_of(config: pytest.Config) -> list[str]:
    """The checks of the dialect."""
    dialect = config.getoption("--stream-dialect")
    return [check.id for check in CHECKS.values() if dialect in check.dialects]


def graded_endpoint(request: pytest.FixtureRequest, key: str) -> LiveGrade:
    """The endpoint of the options, or the fixture `asgi_app`, asked once. key: sent where the options have none."""
    option = request.config.getoption
    url, model = option("--stream-base-url") or "", option("--stream-model") or ""
    known = request.config.stash.setdefault(_GRADED, {})
    if url not in known:
        options: dict[str, Any] = {
            "api_key": option("--stream-api-key") or key,
            "dialect": option("--stream-dialect"),
            "repeats": option("--stream-repeats"),
            "timeout": option("--stream-timeout"),
            "output": option("--stream-output"),
            "overwrite": True,
        }
        try:
            known[url] = _asked(request, url, model, options)
        except LocalError as error:
            known[url] = error
    found = known[url]
    if isinstance(found, LocalError):
        pytest.fail(str(found), pytrace=False)
    return found


def _asked(
    request: pytest.FixtureRequest, url: str, model: str, options: dict[str, Any]
) -> LiveGrade:
    from streamnorm.conformance.live.endpoint import check_app, check_endpoint

    if url.startswith(("http://", "https://")):
        return check_endpoint(url, model, **options)
    try:
        app = request.getfixturevalue("asgi_app")
    except pytest.FixtureLookupError:
        pytest.fail(_NO_ENDPOINT, pytrace=False)
    return check_app(app, model, base=url or "/v1", **options)


def judge(live: LiveGrade, check: str, *, strict: bool) -> None:
    """Pass, skip or fail the running test, as the endpoint stands with this check."""
    standing = live.standing(check)
    if standing.verdict is Verdict.PASS:
        return
    if standing.verdict in (Verdict.SKIPPED, Verdict.INCONCLUSIVE):
        undecided = standing.verdict is Verdict.INCONCLUSIVE
        pytest.skip(f"undecided: {standing.reason}" if undecided else standing.reason)
    message = "\n".join(_lines(standing))
    if standing in live.against(strict=strict):
        pytest.fail(message, pytrace=False)
    warnings.warn(message, NonStrictWarning, stacklevel=2)


def judge_run(live: LiveGrade) -> None:
    """Fail the running test where the run ended early, or checked nothing: such a run is not green."""
    if live.manifest.stopped:
        pytest.fail(f"the run ended early: {live.manifest.stopped}", pytrace=False)
    if not live.checked:
        pytest.fail("nothing was checked", pytrace=False)


def _lines(standing: Standing) -> list[str]:
    lines = [
        f"{standing.id} {standing.level} {standing.verdict}: {CHECKS[standing.id].requirement}",
        f"in {standing.file}",
    ]
    for proof in standing.outcome.proofs if standing.outcome is not None else ():
        lines.append(f"{where(proof)}: {ascii(proof.words)[1:-1]}")
        lines += [f"  {proof.shown}"] if proof.shown else []
    return lines
