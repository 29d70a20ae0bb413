"""What the methods of `client.beta.threads.runs` do, with the I/O left out; polling, which those of threads do too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Unpack

from streamnorm.assistants.types.run import Run
from streamnorm.client import errors
from streamnorm.client.beta import operations as operation
from streamnorm.client.beta.operations import Request, request_of
from streamnorm.client.beta.parameters import (
    About,
    Listing,
    Outputs,
    OutputsPolling,
    Polling,
    RunCreate,
    RunPolling,
    RunUpdate,
)
from streamnorm.client.beta.resource import Flow, Pages, Resource
from streamnorm.client.exchange import Sleep
from streamnorm.client.given import NOT_GIVEN, NotGiven, Omit
from streamnorm.dialects.assistants.order import RUN_ENDS

__all__ = ["PollingFlows", "RunFlows", "without_interval"]

#: The states that a run does not leave by itself.
_AT_REST: Final = frozenset(name.removeprefix("thread.run.") for name in RUN_ENDS)

#: Milliseconds between two looks at a run, where neither the caller nor the server says, and the header that says.
_INTERVAL: Final = 1000
_INTERVAL_HEADER: Final = "openai-poll-after-ms"


class PollingFlows(Resource):
    """What looks at a run until it rests."""

    def _looked_at(self, run_id: str, thread_id: str, passed: Mapping[str, Any]) -> Flow[Run]:
        about = {name: value for name, value in passed.items() if name in Polling.__annotations__}
        interval = about.pop("poll_interval_ms", NOT_GIVEN)
        ids = {"thread_id": thread_id, "run_id": run_id}
        return self._at_rest(request_of(operation.RUN_RETRIEVE, ids, about), interval)

    def _at_rest(self, request: Request[Run], interval: Any) -> Flow[Run]:
        while True:
            answered = yield from self._answered(request)
            status = answered.result.status
            if status in _AT_REST:
                return answered
            if not isinstance(status, str):
                raise errors.APIResponseValidationError(
                    answered.response, None, message=f"a run whose status is {status!r}"
                )
            yield Sleep(_seconds(interval, answered.response.headers))

    def _begun_then_at_rest(
        self, begin: Flow[Run], passed: Mapping[str, Any], thread_id: str = ""
    ) -> Flow[Run]:
        run = (yield from begin).result
        about = {name: value for name, value in passed.items() if name != "extra_body"}
        return (yield from self._looked_at(run.id, thread_id or run.thread_id, about))


def _seconds(interval: Any, headers: Mapping[str, str]) -> float:
    told = headers.get(_INTERVAL_HEADER, "")
    if isinstance(interval, NotGiven | Omit):
        interval = int(told) if told.isdecimal() else _INTERVAL
    return interval / 1000  # type: ignore[no-any-return]


class RunFlows(PollingFlows):
    def _create(
        self, thread_id: str, *, stream: Any = NOT_GIVEN, **passed: Unpack[RunCreate]
    ) -> Flow[Run]:
        """Have an assistant go on with a thread: a run, or with `stream=True` a `Stream` of its events."""
        return self._ask(operation.RUN_CREATE, {**passed, "stream": stream}, thread_id=thread_id)

    def _retrieve(self, run_id: str, *, thread_id: str, **passed: Unpack[About]) -> Flow[Run]:
        """A run by its id."""
        return self._ask(operation.RUN_RETRIEVE, passed, thread_id=thread_id, run_id=run_id)

    def _update(self, run_id: str, *, thread_id: str, **passed: Unpack[RunUpdate]) -> Flow[Run]:
        """Change a run's metadata."""
        return self._ask(operation.RUN_UPDATE, passed, thread_id=thread_id, run_id=run_id)

    def _list(self, thread_id: str, **passed: Unpack[Listing]) -> Pages[Run]:
        """The runs of a thread, page by page, the latest first."""
        return self._ask_list(operation.RUN_LIST, passed, thread_id=thread_id)

    def _cancel(self, run_id: str, *, thread_id: str, **passed: Unpack[About]) -> Flow[Run]:
        """Have a run stop."""
        return self._ask(operation.RUN_CANCEL, passed, thread_id=thread_id, run_id=run_id)

    def _submit_tool_outputs(
        self, run_id: str, *, thread_id: str, stream: Any = NOT_GIVEN, **passed: Unpack[Outputs]
    ) -> Flow[Run]:
        """Answer all calls that a run waits for: the run, or with `stream=True` a `Stream` of how it goes on."""
        said = {**passed, "stream": stream}
        return self._ask(operation.RUN_SUBMIT, said, thread_id=thread_id, run_id=run_id)

    def _poll(self, run_id: str, thread_id: str, **passed: Unpack[Polling]) -> Flow[Run]:
        """Look at a run until it has ended or waits for outputs: every `poll_interval_ms`, else as often as the server says
        (`openai-poll-after-ms`), else every second."""
        return self._looked_at(run_id, thread_id, passed)

    def _create_and_poll(self, *, thread_id: str, **passed: Unpack[RunPolling]) -> Flow[Run]:
        """`create`, then `poll`."""
        create: Any = without_interval(passed)
        begin = self._create(thread_id, stream=False, **create)
        return self._begun_then_at_rest(begin, passed, thread_id)

    def _submit_tool_outputs_and_poll(
        self, *, run_id: str, thread_id: str, **passed: Unpack[OutputsPolling]
    ) -> Flow[Run]:
        """`submit_tool_outputs`, then `poll`."""
        outputs: Any = without_interval(passed)
        begin = self._submit_tool_outputs(run_id, thread_id=thread_id, stream=False, **outputs)
        return self._begun_then_at_rest(begin, passed, thread_id)


def without_interval(passed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in passed.items() if name != "poll_interval_ms"}
