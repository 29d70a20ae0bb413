"""A run, carried from `queued` to where it stops, as a flow of steps with no I/O in it: it yields what is to be done and the
frames that a reader is told, and is sent the events of the endpoint's answer one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Any, Final

from streamnorm.assistants.engine import frames, progress, states
from streamnorm.assistants.engine.answer import Answer, unfit
from streamnorm.assistants.engine.failures import failed, of_endpoint, overflows
from streamnorm.assistants.engine.prompt import chat_request, spent, tokens_of
from streamnorm.assistants.engine.states import Ended, Lost, Verdict
from streamnorm.assistants.engine.steps import Ask, Flow, Hang, Keep, Step
from streamnorm.assistants.engine.store import Row, Rows, Store

__all__ = ["RunFlow"]

#: How often the model is told that its calls cannot be run, before the run fails.
CORRECTIONS: Final = 2

#: What the reason of an answer that was cut makes of the run, and of its message.
_CUT: Final = {
    "length": Verdict("incomplete", reason="max_completion_tokens", cut="max_tokens"),
    "content_filter": Verdict("incomplete", reason="content_filter", cut="content_filter"),
}


class RunFlow:
    """One run in the hands of one process.

    begun: what the reader is told before the run moves.
    now: gives the time in seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        run: dict[str, Any],
        *,
        owner: str,
        now: Callable[[], float],
        begun: list[tuple[str, dict[str, Any]]],
    ) -> None:
        self.run_id: str = run["id"]
        #: Set by whoever learns that the run is to stop; looked at between two events.
        self.stopped = False
        self._run = run
        self.due: int = run["expires_at"]
        self._store = store
        self._owner = owner
        self.now = now
        self._begun = begun
        self._corrected = 0
        self._answer: Answer | None = None
        #: The prompt that was too long, and why it is known.
        self._too_long: list[dict[str, Any]] = []
        self._overflow: Verdict | None = None

    def steps(self) -> Flow:
        """Carry the run on. What is told ends with `done`."""
        yield frames.frames(self._begun)
        try:
            yield from self._rounds()
        except Lost:
            yield from self._taken_away()
        yield frames.DONE

    def give_up(self) -> None:
        """The process is told to end: the run fails, with what was written. Nothing is to be taken of its steps any more."""
        contents = self._answer.contents() if self._answer is not None else {}
        with contextlib.suppress(Lost), self._store.writing() as rows:
            run = progress.carried(rows, self.run_id, self._owner)
            states.end(rows, run, Verdict("failed", states.STOPPED), self.time, contents=contents)

    def must_stop(self) -> bool:
        return self.stopped or self.now() >= self.due

    @property
    def time(self) -> int:
        return int(self.now())

    def changing(self, change: Callable[[Rows, Row], Any]) -> Keep:
        """One transaction on the run, if it is still ours."""

        def kept() -> Any:
            with self._store.writing() as rows:
                return change(rows, progress.carried(rows, self.run_id, self._owner))

        return Keep(kept)

    def _rounds(self) -> Flow:
        """Ask, and ask again until the run stops."""
        self._run = yield self.changing(self._start)
        if self._run["status"] == "cancelling":
            yield from self._end(Verdict("cancelled"))
            return
        yield frames.frame("thread.run.in_progress", self._run)
        goes_on = True
        while goes_on:
            request = yield Keep(self._request)
            if isinstance(request, Verdict):
                yield from self._end(request)
                return
            answer = self._answer = Answer(self, (yield Ask(request)))
            yield from answer.read()
            yield Hang()
            goes_on = self._overflowed(answer, request) or (yield from self._conclude(answer))

    def _start(self, rows: Rows, run: Row) -> dict[str, Any]:
        return run.body if run.status == "cancelling" else progress.start(rows, run, self.time)

    def _request(self) -> dict[str, Any] | Verdict:
        """What to ask next, or why nothing can be asked."""
        with self._store.reading() as rows:
            run = progress.carried(rows, self.run_id, self._owner)
            used = states.used(rows, self.run_id)
            reason = spent(run.body, used)
            if reason:
                return Verdict("incomplete", reason=reason)
            items = rows.of("thread = ? AND kind IN ('message', 'step')", run.thread)
            most = tokens_of(self._too_long) // 2 if self._too_long else None
            made = chat_request(run, items, used, most)
            # Where nothing more can be left out, the endpoint's word is the last.
            shorter = len(made["messages"]) < len(self._too_long)
            return made if self._overflow is None or shorter else self._overflow

    def _overflowed(self, answer: Answer, request: dict[str, Any]) -> bool:
        """The prompt was longer than the model takes, and the run lets older messages be left out."""
        error = answer.broken.error if answer.broken is not None else None
        by_itself = self._run["truncation_strategy"]["type"] == "auto"
        if error is None or not by_itself or self.must_stop() or not overflows(error):
            return False
        self._too_long, self._overflow = request["messages"], of_endpoint(error)
        return True

    def _conclude(self, answer: Answer) -> Generator[Step, Any, bool]:
        """What the answer makes of the run. True where the model is to be asked again."""
        verdict = self._verdict(answer)
        problems = unfit(answer.calls)
        if verdict is not None:
            yield from self._end(verdict, answer)
        elif not problems:
            yield from self._wait(answer)
        elif self._corrected < CORRECTIONS:
            yield from self._correct(answer, problems)
            return True
        else:
            words = f"The model makes no call that fits. {_sentences(problems)}"
            yield from self._end(failed(words), answer)
        return False

    def _verdict(self, answer: Answer) -> Verdict | None:
        """How the run ends with this answer; None where it made calls."""
        if self.now() >= self.due:
            return Verdict("expired")
        if self.stopped:
            return Verdict("cancelled")
        if answer.broken is not None:
            return of_endpoint(answer.broken.error)
        if answer.reason in _CUT:
            return _CUT[answer.reason]
        if len(answer.calls) < answer.begun:
            return failed("The answer ended before its calls were whole.")
        return None if answer.calls else Verdict("completed")

    def _wait(self, answer: Answer) -> Flow:
        """The run waits for the outputs of the answer's calls."""

        def change(rows: Rows, run: Row) -> list[tuple[str, dict[str, Any]]]:
            closed = answer.close_message(rows)
            waiting = progress.require_action(
                rows, run, answer.calls_id, answer.made(), answer.usage, answer.notes()
            )
            return [*closed, (f"thread.run.{waiting['status']}", waiting)]

        told = yield self.changing(change)
        yield frames.frames(told)

    def _correct(self, answer: Answer, problems: dict[str, str]) -> Flow:
        """The model is told why its calls cannot be run."""
        self._corrected += 1
        words = _sentences(problems)

        def change(rows: Rows, _: Row) -> list[tuple[str, dict[str, Any]]]:
            closed = answer.close_message(rows)
            calls = answer.made()
            corrections = [_correction(call["id"], problems) for call in calls]
            notes = {**answer.notes(), "corrections": corrections}
            failed = progress.fail_calls(
                rows, answer.calls_id, calls, words, answer.usage, notes, self.time
            )
            return [*closed, ("thread.run.step.failed", failed)]

        told = yield self.changing(change)
        yield frames.frames(told)

    def _end(self, verdict: Verdict, answer: Answer | None = None) -> Flow:
        """The run ends, with what was written."""

        def change(rows: Rows, run: Row) -> list[tuple[str, dict[str, Any]]]:
            # Whoever asked for a cancellation meanwhile gets it.
            final = Verdict("cancelled") if run.status == "cancelling" else verdict
            told: list[tuple[str, dict[str, Any]]] = []
            if final.status == "cancelled":
                told.append(("thread.run.cancelling", {**run.body, "status": "cancelling"}))
            if answer is None:
                return [*told, *_told(states.end(rows, run, final, self.time))]
            if final.status in ("completed", "incomplete") and answer.says_nothing:
                told += answer.begin_message(rows, run)
            contents, usage = answer.contents(), answer.usage
            ended = states.end(rows, run, final, self.time, contents=contents, usage=usage)
            return [*told, *_told(ended)]

        told = yield self.changing(change)
        yield frames.frames(told)

    def _taken_away(self) -> Flow:
        """Another process, or a request, has ended the run: the reader is told what became of it."""
        yield Hang()
        ended = yield Keep(self._ended)
        if ended is None:
            gone = {"code": None, "message": "The thread was deleted.", "param": None}
            yield frames.frame("error", {**gone, "type": "server_error"})
        else:
            yield frames.frames(_told(ended))

    def _ended(self) -> Ended | None:
        open_ids = self._answer.open_ids if self._answer is not None else set()
        with self._store.reading() as rows:
            run = rows.get("run", self.run_id)
            if run is None:
                return None
            known = [row for row in rows.of("run = ?", self.run_id) if row.id in open_ids]
        steps = [row.body for row in known if row.kind == "step"]
        messages = [row.body for row in known if row.kind == "message"]
        return Ended(run.body, steps, messages)


def _told(ended: Ended) -> list[tuple[str, dict[str, Any]]]:
    """Messages end before the steps that write them, and those before the run."""
    return [
        *((f"thread.message.{each['status']}", each) for each in ended.messages),
        *((f"thread.run.step.{each['status']}", each) for each in ended.steps),
        (f"thread.run.{ended.run['status']}", ended.run),
    ]


def _sentences(problems: dict[str, str]) -> str:
    return " ".join(dict.fromkeys(problems.values()))


def _correction(id: str, problems: dict[str, str]) -> dict[str, Any]:
    """What the model is told of one call."""
    words = "The call was not run, because another one beside it could not be. Call it again."
    if id in problems:
        words = f"The call was not run. {problems[id]} Call it again with arguments that fit."
    return {"role": "tool", "tool_call_id": id, "content": words}
