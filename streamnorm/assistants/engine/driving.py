"""Carries out the steps of a run's flow, blocking or not: the only place where the two differ, beside who reads the frames."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from streamnorm.assistants.engine.flow import RunFlow
from streamnorm.assistants.engine.steps import Ask, Broken, Keep
from streamnorm.assistants.engine.upstream import AsyncUpstream, Upstream

__all__ = ["drive", "drive_async"]


def drive(run: RunFlow, upstream: Upstream) -> Iterator[bytes]:
    """The frames of a run, which moves while they are taken."""
    flow = run.steps()
    answer: Any = None
    events: Any = None
    stream: Any = None
    move: Callable[[Any], Any] = flow.send
    try:
        while True:
            try:
                step = move(answer)
            except StopIteration:
                return
            move = flow.send
            if type(step) is bytes:
                if step:
                    yield step
                try:
                    answer = None if events is None else next(events, None)
                except Exception as error:
                    answer = Broken(error)
            elif type(step) is Keep:
                try:
                    answer = step.change()
                except Exception as error:
                    move, answer = flow.throw, error
            elif type(step) is Ask:
                answer = stream = upstream.ask(step.request)
                events = None if type(answer) is Broken else answer.events()
            elif events is not None:
                events.close()
                stream.close()
                answer = events = None
    except GeneratorExit:
        raise
    except BaseException:
        # An interrupt, or a store that cannot be written: a run that nobody carries on would hold its thread.
        run.give_up()
        raise
    finally:
        if events is not None:
            events.close()
            stream.close()


async def drive_async(
    run: RunFlow, upstream: AsyncUpstream, *, waits: bool
) -> AsyncIterator[bytes]:
    """As `drive`. waits: what uses the store may have to wait, and does so in a thread."""
    import anyio.to_thread  # httpx's own

    flow = run.steps()
    answer: Any = None
    events: Any = None
    stream: Any = None
    move: Callable[[Any], Any] = flow.send
    try:
        while True:
            try:
                step = move(answer)
            except StopIteration:
                return
            move = flow.send
            if type(step) is bytes:
                if step:
                    yield step
                try:
                    answer = None if events is None else await anext(events, None)
                except Exception as error:
                    answer = Broken(error)
            elif type(step) is Keep:
                try:
                    if waits:
                        answer = await anyio.to_thread.run_sync(step.change)
                    else:
                        answer = step.change()
                except Exception as error:
                    move, answer = flow.throw, error
            elif type(step) is Ask:
                answer = stream = await upstream.ask(step.request)
                events = None if type(answer) is Broken else answer.events()
            elif events is not None:
                await events.aclose()
                await stream.close()
                answer = events = None
    except GeneratorExit:
        raise
    except BaseException:
        run.give_up()
        raise
    finally:
        if events is not None:
            await events.aclose()
            await stream.close()
