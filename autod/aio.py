"""A pluto to talk to from asyncio: the methods of autod.Pluto, as coroutines of asyncio.

    async with autod.aio.open_pluto() as pluto:
        outcome = await pluto.up("branch-17", timeout=30)

Owns: waiting in an event loop of asyncio. Must not know: the steps of an operation (autod.client.plain), trio (except
`bulk`).

Nothing is open between operations. A cancellation ends the waiting and nothing in pluto; it leaves no task, no
descriptor and no reader in the event loop behind.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from autod.asking.arguments import check_count
from autod.asking.handle import BUFFER, Handle
from autod.client import CONTROL_SOCKET, TIMEOUT
from autod.client.plain import PlainPluto, Turn
from autod.exchange.blocking import Wait
from autod.identify.binary import version_of_process_blocking
from autod.protocol import commands as c

if TYPE_CHECKING:
    from autod.asking.handle import Perform
    from autod.asking.request import Request, Sink
    from autod.bulk import BulkEvent, BulkResult
    from autod.bulk.operations import OperationName
    from autod.bulk.portal import BulkOptions
    from autod.client.plain import Steps
    from autod.config import Configuration
    from autod.identify.binary import Version
    from autod.identify.cache import Known
    from autod.identify.detect import Detected
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply
    from autod.status import ChildSa, State

__all__ = ["CONTROL_SOCKET", "TIMEOUT", "Operation", "Pluto", "bulk", "open_pluto"]

T = TypeVar("T")

_PASSING = 16
"""The most requests at a time that pluto answers at once: it serves one after the other, and lets five wait."""


@asynccontextmanager
async def open_pluto(
    path: str | os.PathLike[str] = CONTROL_SOCKET,
    release: str | None = None,
    *,
    seccomp: bool | None = None,
    limit: int = 64,
    buffer: int = BUFFER,
    known: Known | None = None,
    timeout: float | None = TIMEOUT,
) -> AsyncGenerator[Pluto, None]:
    """The pluto whose control socket is `path`; arguments and errors are those of autod.open_pluto."""
    pluto = Pluto(path, release, seccomp=seccomp, limit=limit, buffer=buffer, known=known, timeout=timeout)
    await pluto.find()
    yield pluto


class Operation(Handle):
    """One operation, for asyncio: await it for its outcome, or enter it for its events; once.

        outcome = await pluto.up("a")

        async with pluto.up("a") as operation:
            async for event in operation:
                ...
        operation.outcome

    It is a coroutine: asyncio.create_task and TaskGroup.create_task take it. The rules are those of autod.Operation.
    """

    def __init__(self, request: Request, perform: Perform, *, buffer: int = BUFFER) -> None:
        super().__init__(request, perform, buffer=buffer)
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None]

    def _end(self) -> None:
        self._reader.cancel()

    async def __aenter__(self) -> Self:
        self._enter()
        self._reader = asyncio.create_task(self._read())
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        self._waiting.clear()
        if kind is not None:
            self._reader.cancel()
        try:
            await asyncio.wait((self._reader,))
        except asyncio.CancelledError:
            self._reader.cancel()
            await asyncio.wait((self._reader,))
            raise
        if kind is None:
            self._complain()

    def _tell(self) -> None:
        self._news.set()

    async def _news_came(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _turn(self) -> None:
        await asyncio.sleep(0)


class Pluto(PlainPluto[Operation]):
    """A pluto, and its operations. Made by `open_pluto`.

    The methods return an `Operation`. Any number of tasks of one event loop may use it at once.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: str | None,
        *,
        seccomp: bool | None,
        limit: int,
        buffer: int,
        known: Known | None,
        timeout: float | None,
    ) -> None:
        super().__init__(path, release, seccomp=seccomp, known=known, timeout=timeout)
        check_count(limit, "limit")
        check_count(buffer, "buffer")
        self._buffer = buffer
        self._holding = asyncio.Semaphore(limit)
        self._passing = asyncio.Semaphore(_PASSING)

    async def find(self) -> Detected:
        """Find out again which release listens, after a restart of pluto. DeadlinePassed after `timeout`."""
        return await self._run(self.finding())

    async def replies(self, command: c.Command, *, timeout: float | None = None) -> tuple[Reply, ...]:
        """Send a command, and return all of pluto's replies, unchanged.

        DeadlinePassed after `timeout` seconds, ConnectionLost if pluto went away in the middle.
        """
        return await self._run(self.asking(command, timeout))

    async def state(self, *commands: c.Command, timeout: float | None = None) -> State:
        """pluto's state, as typed values; see autod.Pluto.state. Parsed in slices of 10 ms, between which other tasks
        run."""
        from autod.status import parse_in_slices

        replies: list[Reply] = []
        for command in commands or (c.Status(), c.TrafficStatus()):
            replies += await self.replies(command, timeout=timeout)
        slices = parse_in_slices(replies)
        while True:
            try:
                next(slices)
            except StopIteration as ending:
                state: State = ending.value
                return state
            await asyncio.sleep(0)

    async def traffic(self, name: str | None = None, *, timeout: float | None = None) -> tuple[ChildSa, ...]:
        """The established Child SAs with their traffic: all, or those of one connection."""
        return (await self.state(c.TrafficStatus(name), timeout=timeout)).child_sas

    async def established(self, *, timeout: float | None = None) -> frozenset[str]:
        """The names of the connections that have an established Child SA, the cheapest way."""
        from autod.status import established

        return established(await self.replies(c.TrafficStatus(), timeout=timeout))

    def _operation(self, request: Request) -> Operation:
        return Operation(request, self.perform, buffer=self._buffer)

    async def perform(
        self,
        request: Request,
        sink: Sink | None = None,
        *,
        given_up: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Run a request to its outcome; each event goes to `sink` as it comes. After a cancellation, `given_up` gets
        the outcome."""
        return await self._run(self.performing(request, sink, given_up))

    def leave(self, holds: bool) -> None:
        (self._holding if holds else self._passing).release()

    async def _run(self, steps: Steps[T]) -> T:
        """Wait for each step in the event loop. A cancellation gives up the steps."""
        answer: Version | bool | None = None
        try:
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration as ending:
                    result: T = ending.value
                    return result
                answer = None
                if isinstance(step, Wait):
                    await _wait(step)
                elif isinstance(step, Turn):
                    answer = await self._turn(step)
                else:
                    answer = await asyncio.to_thread(version_of_process_blocking, step.pid)
        finally:
            steps.close()

    async def _turn(self, turn: Turn) -> bool:
        places = self._holding if turn.holds else self._passing
        remaining = turn.until - time.monotonic()
        try:
            async with asyncio.timeout(None if remaining == float("inf") else max(0.0, remaining)):
                await places.acquire()
        except TimeoutError:
            return False
        return True


async def _wait(wait: Wait) -> None:
    loop = asyncio.get_running_loop()
    # After a day at most, the caller waits again.
    remaining = max(0.0, min(wait.until - time.monotonic(), 86400.0))
    if wait.sock is None:
        await asyncio.sleep(remaining)
        return
    readable = asyncio.Event()
    loop.add_reader(wait.sock, readable.set)
    timer = loop.call_later(remaining, readable.set)
    try:
        await readable.wait()
    finally:
        timer.cancel()
        loop.remove_reader(wait.sock)


async def bulk(
    pluto: Pluto,
    names: Iterable[str],
    operation: OperationName = "up",
    *,
    on_event: Callable[[BulkEvent], None] | None = None,
    configuration: Configuration | None = None,
    **options: Unpack[BulkOptions],
) -> BulkResult:
    """autod.bulk.bulk, to its end: the result of each connection. Its options are those of autod.bulk.bulk.

    `configuration` (autod.config) has the connections that an operation loads (add, replace, start, ondemand).
    `on_event` gets each event of the run as it comes, in this event loop. The run uses trio, in a thread of its own; a
    cancellation here cancels it, and is raised when the run has ended.
    """
    import trio

    from autod.bulk.portal import whole

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BulkResult | None] = loop.create_future()
    scope = trio.CancelScope()
    lock = threading.Lock()
    token: list[trio.lowlevel.TrioToken] = []

    def tell(event: BulkEvent) -> None:
        if on_event is not None:
            loop.call_soon_threadsafe(on_event, event)

    async def run() -> BulkResult | None:
        with lock:
            token.append(trio.lowlevel.current_trio_token())
        with scope:
            return await whole(pluto, names, operation, tell, configuration, options)
        return None

    def work() -> None:
        try:
            result = trio.run(run)
        except BaseException as error:
            loop.call_soon_threadsafe(ended.set_exception, error)
        else:
            loop.call_soon_threadsafe(ended.set_result, result)

    thread = threading.Thread(target=work, name="autod.aio.bulk")
    thread.start()
    try:
        outcome = await asyncio.shield(ended)
    except asyncio.CancelledError:
        with lock:
            if token:
                with suppress(trio.RunFinishedError):
                    token[0].run_sync_soon(scope.cancel)
            else:
                scope.cancel()
        await asyncio.wait((ended,))
        if not ended.cancelled():
            ended.exception()  # retrieved, so that asyncio does not log it: the cancellation is raised
        raise
    finally:
        if ended.done():
            thread.join()  # it is about to end
    assert outcome is not None
    return outcome
