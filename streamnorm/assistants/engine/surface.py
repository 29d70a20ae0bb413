"""What each request of the API does to the store, and what it is answered. Knows rows, and neither paths nor HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from streamnorm.assistants.engine import objects, requests, states
from streamnorm.assistants.engine.flow import RunFlow
from streamnorm.assistants.engine.parameters import page_of
from streamnorm.assistants.engine.processes import dead_among, give_sign, this_process
from streamnorm.assistants.engine.refusals import Refusal, not_found
from streamnorm.assistants.engine.store import Row, Rows, Store

__all__ = ["Reply", "Request", "Surface"]

_write = msgspec.json.Encoder().encode

#: What an id is called in a refusal.
_NAMES: Final = {
    "assistant": "assistant",
    "thread": "thread",
    "message": "message",
    "run": "run",
    "step": "run step",
}


class Reply(msgspec.Struct, frozen=True):
    """What is answered. `flow`: a run that is to be carried on; where it `streams`, its frames are the body."""

    status: int
    body: bytes
    flow: RunFlow | None = None
    streams: bool = False
    #: The run that was asked to stop, if one was.
    stops: str = ""


class Request(msgspec.Struct, frozen=True):
    """A request whose path was understood. `ids` are those in the path."""

    ids: tuple[str, ...]
    query: Mapping[str, str]
    given: dict[str, Any]


class Surface:
    """The requests over one store. A method is given a request, and returns what it is answered.

    now: gives the time in seconds since 1970.
    """

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self.store = store
        self._now = now

    @property
    def time(self) -> int:
        return int(self._now())

    def settle(self) -> None:
        """End what nobody else ends."""
        now = self.time
        with self.store.reading() as rows:
            dead = dead_among(rows.owners())
            if not dead and not rows.any("due <= ?", now):
                return
        with self.store.writing() as rows:
            states.settle(rows, now, dead_among(rows.owners()))

    # Assistants.

    def add_assistant(self, request: Request) -> Any:
        body = objects.assistant(request.given, self.time)
        asked = {"asked": sorted(request.given)}
        with self.store.writing() as rows:
            rows.add("assistant", body, notes=asked)
        return body

    def change_assistant(self, request: Request) -> Any:
        with self.store.writing() as rows:
            row = _one(rows, "assistant", request.ids[0])
            row.notes["asked"] = sorted({*row.notes["asked"], *request.given})
            return _changed(rows, row, request.given)

    def one_assistant(self, request: Request) -> Any:
        return self._body("assistant", *request.ids)

    def assistants(self, request: Request) -> Any:
        return self._page("assistant", request, "thread = ''")

    def drop_assistant(self, request: Request) -> Any:
        return self._dropped("assistant", *request.ids)

    # Threads.

    def add_thread(self, request: Request) -> Any:
        with self.store.writing() as rows:
            return self._thread(rows, request.given)

    def _thread(self, rows: Rows, given: Mapping[str, Any]) -> dict[str, Any]:
        body = objects.thread(given, self.time)
        rows.add("thread", body)
        for each in given.get("messages") or ():
            requests.add_message(rows, body["id"], each, self.time)
        return body

    def change_thread(self, request: Request) -> Any:
        with self.store.writing() as rows:
            return _changed(rows, _one(rows, "thread", request.ids[0]), request.given)

    def one_thread(self, request: Request) -> Any:
        return self._body("thread", *request.ids)

    def drop_thread(self, request: Request) -> Any:
        return self._dropped("thread", *request.ids)

    # Messages.

    def add_message(self, request: Request) -> Any:
        (thread_id,) = request.ids
        with self.store.writing() as rows:
            _one(rows, "thread", thread_id)
            return requests.add_message(rows, thread_id, request.given, self.time)

    def change_message(self, request: Request) -> Any:
        thread_id, item_id = request.ids
        with self.store.writing() as rows:
            return _changed(rows, _one(rows, "message", item_id, thread_id), request.given)

    def one_message(self, request: Request) -> Any:
        return self._body("message", *reversed(request.ids))

    def messages(self, request: Request) -> Any:
        run_id = page_of(request.query).run_id
        if run_id:
            return self._page("message", request, "thread = ? AND run = ?", *request.ids, run_id)
        return self._page("message", request, "thread = ?", *request.ids)

    def drop_message(self, request: Request) -> Any:
        thread_id, item_id = request.ids
        with self.store.writing() as rows:
            row = _one(rows, "message", item_id, thread_id)
            if row.status == "in_progress":
                raise Refusal(f"Can't delete {item_id} while run {row.run} writes it.")
            rows.delete(row)
            return objects.deleted(row.body)

    # Runs.

    def add_run(self, request: Request) -> Reply:
        (thread_id,) = request.ids
        with self.store.writing() as rows:
            _one(rows, "thread", thread_id)
            run = self._run(rows, thread_id, request.given)
        return self._begun(run, request.given, _queued(run))

    def add_thread_and_run(self, request: Request) -> Reply:
        with self.store.writing() as rows:
            thread = self._thread(rows, request.given.get("thread") or {})
            run = self._run(rows, thread["id"], request.given)
        return self._begun(run, request.given, [("thread.created", thread), *_queued(run)])

    def _run(self, rows: Rows, thread_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        assistant = _one(rows, "assistant", given["assistant_id"])
        give_sign(rows)
        return requests.add_run(
            rows, thread_id, given, assistant, owner=this_process(), now=self.time
        )

    def _begun(
        self, run: dict[str, Any], given: Mapping[str, Any], told: list[tuple[str, dict[str, Any]]]
    ) -> Reply:
        flow = RunFlow(self.store, run, owner=this_process(), now=self._now, begun=told)
        return Reply(200, _write(run), flow, bool(given.get("stream")))

    def change_run(self, request: Request) -> Any:
        thread_id, item_id = request.ids
        with self.store.writing() as rows:
            return _changed(rows, _one(rows, "run", item_id, thread_id), request.given)

    def one_run(self, request: Request) -> Any:
        return self._body("run", *reversed(request.ids))

    def runs(self, request: Request) -> Any:
        return self._page("run", request, "thread = ?", *request.ids)

    def submit(self, request: Request) -> Reply:
        thread_id, item_id = request.ids
        with self.store.writing() as rows:
            row = _one(rows, "run", item_id, thread_id)
            outputs = request.given["tool_outputs"]
            give_sign(rows)
            run, step = requests.submit(rows, row, outputs, owner=this_process(), now=self.time)
        told = [("thread.run.step.completed", step), ("thread.run.queued", run)]
        return self._begun(run, request.given, told)

    def cancel(self, request: Request) -> Reply:
        thread_id, item_id = request.ids
        with self.store.writing() as rows:
            run = requests.ask_to_cancel(rows, _one(rows, "run", item_id, thread_id), self.time)
        return Reply(200, _write(run), stops=item_id)

    def steps(self, request: Request) -> Any:
        thread_id, item_id = request.ids
        with self.store.reading() as rows:
            _one(rows, "run", item_id, thread_id)
        return self._page("step", request, "thread = ? AND run = ?", thread_id, item_id)

    def one_step(self, request: Request) -> Any:
        thread_id, run_id, step_id = request.ids
        with self.store.reading() as rows:
            row = _one(rows, "step", step_id, thread_id)
            if row.run != run_id:
                raise not_found(_NAMES["step"], step_id)
            return row.body

    # What several paths do.

    def _body(self, kind: str, id: str, thread_id: str = "") -> dict[str, Any]:
        with self.store.reading() as rows:
            return _one(rows, kind, id, thread_id).body

    def _dropped(self, kind: str, id: str) -> dict[str, Any]:
        with self.store.writing() as rows:
            row = _one(rows, kind, id)
            rows.delete(row)
            return objects.deleted(row.body)

    def _page(self, kind: str, request: Request, where: str, *values: str) -> dict[str, Any]:
        """A part of a list. The ids that it lies between are of the same list."""
        page = page_of(request.query)
        where = f"kind = '{kind}' AND {where}"
        bounds: list[str | int] = [*values]
        thread_id = values[0] if values else ""
        with self.store.reading() as rows:
            if thread_id:
                _one(rows, "thread", thread_id)
            for bound, newer in page.bounds:
                where += f" AND seq {'>' if newer else '<'} ?"
                bounds.append(_one(rows, kind, bound, thread_id).seq)
            order = "seq DESC" if page.newest_first != page.backwards else "seq"
            found = rows.of(where, *bounds, order=order, limit=page.limit + 1)
        bodies = [row.body for row in found[: page.limit]]
        more = len(found) > page.limit
        return objects.listed(bodies[::-1] if page.backwards else bodies, more=more)


def _one(rows: Rows, kind: str, id: str, thread_id: str = "") -> Row:
    """Raises Refusal (404) for an id that is not here, or not in this thread."""
    if thread_id and rows.get("thread", thread_id) is None:
        raise not_found("thread", thread_id)
    row = rows.get(kind, id)
    if row is None or (thread_id and row.thread != thread_id):
        raise not_found(_NAMES[kind], id)
    return row


def _changed(rows: Rows, row: Row, given: Mapping[str, Any]) -> dict[str, Any]:
    row.body.update(given)
    rows.put(row)
    return row.body


def _queued(run: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("thread.run.created", run), ("thread.run.queued", run)]
