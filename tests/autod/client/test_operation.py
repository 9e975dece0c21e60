"""What a caller holds in his hands: a coroutine that is also a stream, begun once."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
import warnings
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from autod.asking.request import Request, Sink
from autod.client.operation import Operation
from autod.errors import NoSocket, UsageError
from autod.events import Event, Log
from autod.outcomes import Outcome, Result
from autod.protocol import commands as c

if TYPE_CHECKING:
    from collections.abc import Callable


class Course:
    """Performs requests: so many lines, then the outcome or the error."""

    def __init__(self, lines: int = 0, *, error: Exception | None = None, lasts: float = 0.0) -> None:
        self.lines = lines
        self.error = error
        self.lasts = lasts
        self.ran = 0
        self.cancelled = 0

    async def perform(
        self, request: Request, sink: Sink | None, *, given_up: Callable[[Outcome], None] | None = None
    ) -> Outcome:
        self.ran += 1
        await trio.lowlevel.checkpoint()
        for number in range(self.lines):
            event = Log(time=time.time(), text=str(number))
            if sink is not None:
                sink(_gives(event))
        try:
            await trio.sleep(self.lasts)
        except trio.Cancelled:
            self.cancelled += 1
            if given_up is not None:
                given_up(_outcome(request, Result.CANCELLED))
            raise
        if self.error is not None:
            raise self.error
        return _outcome(request, Result.UP)

    def up(self, name: str, *, buffer: int = 100) -> Operation:
        return Operation(Request("up", c.Initiate(name), name), self.perform, buffer=buffer)


def _outcome(request: Request, result: Result) -> Outcome:
    return Outcome(
        operation=request.operation,
        connection=request.name,
        result=result,
        ok=result is Result.UP,
        sentence=result.value,
    )


def _gives(event: Event) -> Callable[[], Event]:
    return lambda: event


async def test_a_method_can_be_started_in_a_nursery() -> None:
    course = Course()
    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(course.up, name)
    assert course.ran == 3


async def test_an_error_of_a_started_operation_leaves_the_nursery() -> None:
    with pytest.RaisesGroup(NoSocket):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Course(error=NoSocket("none")).up, "a")


async def test_a_cancellation_reaches_a_started_operation() -> None:
    course = Course(lasts=60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(course.up, "a")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert course.cancelled == 1


async def test_a_thread_can_run_a_method() -> None:
    course = Course()
    outcome = await trio.to_thread.run_sync(lambda: trio.from_thread.run(course.up, "a"))
    assert outcome.ok
    assert course.ran == 1


def test_trio_can_run_a_method() -> None:
    assert trio.run(Course().up, "a").ok


def test_event_loops_take_it_for_a_coroutine() -> None:
    operation = Course().up("a")
    assert asyncio.iscoroutine(operation)
    assert inspect.isawaitable(operation)
    operation.close()


def test_one_that_is_never_awaited_is_a_warning() -> None:
    with pytest.warns(RuntimeWarning, match="<up a> was neither awaited nor entered"):
        Course().up("a")


async def test_one_that_ran_or_was_closed_or_taken_over_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        course = Course()
        await course.up("a")
        async with course.up("a"):
            pass
        course.up("a").close()
        await course.perform(course.up("a").request, None)
        gc.collect()


async def test_the_second_time_is_refused_before_anything_is_done() -> None:
    course = Course()
    operation = course.up("a")
    await operation
    with pytest.raises(UsageError, match="before"):
        await operation
    with pytest.raises(UsageError, match="before"):
        async with operation:
            pass
    async with trio.open_nursery() as nursery:
        other = course.up("b")
        nursery.start_soon(lambda: other)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(UsageError, match="before"):
            await other
    assert course.ran == 2


async def test_events_of_one_that_was_not_entered_are_refused() -> None:
    operation = Course(3).up("a")
    with pytest.raises(UsageError, match="async with"):
        async for _ in operation:
            pass
    with pytest.raises(UsageError, match="no outcome yet"):
        _ = operation.outcome
    with pytest.raises(UsageError, match="scope"):
        operation.cancel()
    operation.close()


async def test_leaving_the_block_waits_for_the_end() -> None:
    course = Course(3, lasts=0.05)
    async with course.up("a") as operation:
        async for event in operation:
            assert event.text == "0"
            break
    assert operation.outcome.ok
    assert course.cancelled == 0


async def test_leaving_the_block_raises_the_error_that_nobody_took() -> None:
    with pytest.raises(NoSocket, match="none"):
        async with Course(error=NoSocket("none")).up("a"):
            pass
    taken = 0
    async with Course(error=NoSocket("none")).up("a") as operation:
        try:
            async for _ in operation:
                pass
        except NoSocket:
            taken += 1
    assert taken == 1


async def test_an_exception_in_the_block_gives_the_operation_up_and_comes_out_bare() -> None:
    course = Course(lasts=60)

    async def fails() -> None:
        async with course.up("a"):
            await trio.testing.wait_all_tasks_blocked()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await fails()
    assert course.cancelled == 1


async def test_a_scope_around_the_block_gives_the_operation_up() -> None:
    course = Course(lasts=60)
    with trio.move_on_after(0.01) as scope:
        async with course.up("a") as operation:
            async for _ in operation:
                pass
    assert scope.cancelled_caught
    assert course.cancelled == 1
    with trio.move_on_after(0.01) as scope:
        async with course.up("a"):
            pass
    assert scope.cancelled_caught
    assert course.cancelled == 2


async def test_one_can_be_given_up_from_its_block() -> None:
    course = Course(2, lasts=60)
    async with course.up("a") as operation:
        async for _ in operation:
            operation.cancel()
    assert course.cancelled == 1
    assert operation.outcome.result is Result.CANCELLED


async def test_an_outcome_says_how_many_events_its_reader_missed() -> None:
    """The stream says it where they are missing; the outcome says it of the whole."""
    operation = Course(lines=50).up("c1", buffer=10)
    async with operation:
        await trio.testing.wait_all_tasks_blocked()
    assert operation.outcome.dropped == 40
