"""`client.beta.threads.runs.steps`."""

from __future__ import annotations

from typing import Unpack

from streamnorm.assistants.types.run_step import RunStep
from streamnorm.client.beta import operations as operation
from streamnorm.client.beta.methods import awaited, blocking, paginated
from streamnorm.client.beta.parameters import StepListing, StepRetrieve
from streamnorm.client.beta.resource import Awaited, Blocking, Flow, Pages, Resource

__all__ = ["AsyncSteps", "Steps"]


class _Steps(Resource):
    def _retrieve(
        self, step_id: str, *, thread_id: str, run_id: str, **passed: Unpack[StepRetrieve]
    ) -> Flow[RunStep]:
        """A step by its id."""
        return self._ask(
            operation.STEP_RETRIEVE, passed, thread_id=thread_id, run_id=run_id, step_id=step_id
        )

    def _list(
        self, run_id: str, *, thread_id: str, **passed: Unpack[StepListing]
    ) -> Pages[RunStep]:
        """The steps of a run, page by page, the latest first."""
        return self._ask_list(operation.STEP_LIST, passed, thread_id=thread_id, run_id=run_id)


class Steps(Blocking, _Steps):
    """`client.beta.threads.runs.steps`."""

    retrieve = blocking(_Steps._retrieve)
    list = blocking(_Steps._list)


class AsyncSteps(Awaited, _Steps):
    """`client.beta.threads.runs.steps`, awaited."""

    retrieve = awaited(_Steps._retrieve)
    list = paginated(_Steps._list)
