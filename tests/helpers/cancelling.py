"""Cancels a piece of work at each of its steps, and sees that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable

import trio

__all__ = ["everywhere", "everywhere_in_asyncio"]

ENOUGH = 1000
"""Steps of an event loop: more than the longest of these takes."""


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class _CancelAt(trio.abc.Instrument):
    """Cancels `scope` before the `step`-th step of any task."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self._scope, self._left = scope, step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._left -= 1
        if self._left == 0:
            self._scope.cancel()


def _no_more(left: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """There may be fewer: what another test left in this process may end meanwhile, as an idle thread does."""
    return all(now <= then for now, then in zip(left, before, strict=True))


async def _nothing() -> None:
    pass


async def everywhere(
    work: Callable[[], Awaitable[object]], rest: Callable[[], Awaitable[None]] = _nothing
) -> int:
    """Run `work` again and again, cancelled one step later each time, until it comes through; how often it did not.

    No task and no descriptor may be left each time. `rest` is awaited before: for others in this program who notice the
    end a little later, and to look at what else may not be left.
    """
    await work()  # what is opened once and kept
    await rest()
    before = _descriptors(), trio.lowlevel.current_statistics().tasks_living
    for step in range(1, ENOUGH):
        with trio.CancelScope() as scope:
            instrument = _CancelAt(scope, step)
            trio.lowlevel.add_instrument(instrument)
            try:
                await work()
            finally:
                trio.lowlevel.remove_instrument(instrument)
        await rest()
        left = _descriptors(), trio.lowlevel.current_statistics().tasks_living
        assert _no_more(left, before), (step, left, before)
        if not scope.cancelled_caught:
            return step - 1
    raise AssertionError("it never came through")


async def everywhere_in_asyncio(
    work: Callable[[], Awaitable[object]],
    rest: Callable[[], Awaitable[None]] = _nothing,
    *,
    turns: range,
) -> int:
    """The same for asyncio: cancelled when its event loop has gone round so many times. Nor may a reader or a thread be
    left."""
    loop = asyncio.get_running_loop()

    def readers() -> int:
        return len(loop._selector.get_map())  # type: ignore[attr-defined]

    await work()
    await rest()
    before = _descriptors(), readers(), threading.active_count()
    for count, turn in enumerate(turns):
        task = asyncio.ensure_future(work())
        for _ in range(turn):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        await rest()
        assert asyncio.all_tasks() == {asyncio.current_task()}, turn
        # What serves may run in another thread, and lets go a little later.
        for _ in range(500):
            left = _descriptors(), readers(), threading.active_count()
            if _no_more(left, before):
                break
            await asyncio.sleep(0.01)
        assert _no_more(left, before), (turn, left, before)
        if not task.cancelled():
            task.result()
            return count
    return len(turns)
