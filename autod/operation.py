"""One operation on pluto: awaited for its outcome, or entered for the stream of its events.

Owns: what a caller holds in his hands, and the buffer between the reader and a slow consumer. Must not know:
sockets, messages, how an outcome follows from events.

The reader never waits for the consumer, for pluto writes to it and stands still if it is not read. What the
consumer has not taken yet is kept, up to a bound; past that, events are dropped, counted, and a `Dropped` event
says how many at the place where they are missing.
"""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol

import trio

from autod.asking.request import Request, Sink
from autod.events import Dropped, Event
from autod.outcomes import Outcome
from autod.protocol.errors import UsageError

__all__ = ["BUFFER", "Operation", "Request", "Sink"]

BUFFER = 262_144
"""Events kept for a consumer who does not take them: a --status of 12,000 connections has fewer lines."""


class Perform(Protocol):
    """Runs a request to its outcome; `given_up` gets the outcome where it is cancelled."""

    def __call__(
        self, request: Request, sink: Sink | None, /, *, given_up: Callable[[Outcome], None]
    ) -> Awaitable[Outcome]: ...


class Operation(Coroutine[Any, Any, Outcome]):
    """One operation, not begun until it is awaited or entered; once.

        outcome = await pluto.up("a")

        async with pluto.up("a") as operation:
            async for event in operation:
                ...
        operation.outcome

    It is a coroutine, so whatever takes an async function takes the methods of Pluto:

        nursery.start_soon(pluto.up, "a")
        trio.from_thread.run(pluto.up, "a")

    Leaving the block waits for the end, as a nursery does, and raises the error that nobody was told by iterating. An
    exception in the block, a cancellation, or `cancel` gives the operation up at once; pluto goes on with what it was
    asked, and `outcome` says what is left behind.

    One that is neither awaited nor entered is a RuntimeWarning, as a coroutine's. One that is awaited or entered for
    the second time raises UsageError.
    """

    def __init__(
        self,
        request: Request,
        perform: Perform,
        *,
        buffer: int = BUFFER,
    ) -> None:
        self._request = request
        self._perform = perform
        self._begun = False
        self._claimed = False
        self._course: Coroutine[Any, Any, Outcome] | None = None
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._waiting: deque[Callable[[], Event] | Event] = deque()
        self._buffer = buffer
        self._dropped = 0
        self._entered = False
        self._left = False
        self._ended = False
        self._news: trio.Event
        self._manager: AbstractAsyncContextManager[trio.Nursery]
        self._scope: trio.CancelScope

    def __repr__(self) -> str:
        return f"<{self._request.operation} {self._request.name or ''}>"

    def __del__(self) -> None:
        # Not there where a caller's arguments did not fit __init__.
        if not getattr(self, "_begun", True) and not self._claimed:
            warnings.warn(
                f"{self!r} was neither awaited nor entered, so pluto was not asked",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )

    @property
    def request(self) -> Request:
        """What is asked. Who takes it performs it himself: the operation need not be awaited then."""
        self._claimed = True
        return self._request

    @property
    def outcome(self) -> Outcome:
        """What became of it. UsageError before the operation has ended."""
        if self._outcome is None:
            raise UsageError(f"{self!r} has no outcome yet: await it, or leave its block first")
        return self._outcome

    def cancel(self) -> None:
        """Give the operation up, from inside its block; pluto goes on with what it was asked."""
        if not self._entered:
            raise UsageError(f"{self!r} is not entered: cancel the scope around it")
        self._scope.cancel()

    def _begin(self) -> None:
        if self._begun:
            raise UsageError(f"{self!r} was awaited or entered before: ask for another one")
        self._begun = True

    async def _run(self) -> Outcome:
        self._outcome = await self._perform(self._request, None, given_up=self._give_up)
        return self._outcome

    def _give_up(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def __await__(self) -> Generator[Any, Any, Outcome]:
        self._begin()
        return self._run().__await__()

    def send(self, value: Any, /) -> Any:
        """As a coroutine's: for event loops."""
        if self._course is None:
            self._begin()
            self._course = self._run()
        return self._course.send(value)

    def throw(self, *what: Any) -> Any:
        """As a coroutine's: for event loops."""
        if self._course is None:
            self._begin()
            self._course = self._run()
        return self._course.throw(*what)

    def close(self) -> None:
        """As a coroutine's: an operation that was not begun need not be awaited any more."""
        self._begun = True
        if self._course is not None:
            self._course.close()

    async def __aenter__(self) -> Operation:
        self._begin()
        self._news = trio.Event()
        self._manager = trio.open_nursery()
        self._scope = trio.CancelScope()
        nursery = await self._manager.__aenter__()
        nursery.start_soon(self._read)
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What the block raised is not given to the nursery, so that it leaves as it is and not in a group: the
        # reader, the only child, keeps its own errors for the consumer.
        self._left = True
        self._waiting.clear()
        if kind is not None:
            self._scope.cancel()
        await self._manager.__aexit__(None, None, None)
        if kind is None:
            self._complain()

    async def _read(self) -> None:
        try:
            with self._scope:
                self._outcome = await self._perform(self._request, self._take, given_up=self._give_up)
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._news.set()

    def _take(self, event: Callable[[], Event]) -> None:
        if self._left:
            return
        if len(self._waiting) >= self._buffer:
            self._dropped += 1
            return
        if self._dropped:
            self._mark()
        self._waiting.append(event)
        self._news.set()

    def _mark(self) -> None:
        """Say where events are missing."""
        self._waiting.append(Dropped(time=time.time(), count=self._dropped))
        self._dropped = 0

    def _complain(self) -> None:
        """Raise what kept the operation from its end, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __aiter__(self) -> AsyncIterator[Event]:
        if not self._entered:
            raise UsageError(f"{self!r} is not entered, so it has no events: `async with` it first")
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._waiting:
                await trio.lowlevel.checkpoint()
                event = self._waiting.popleft()
                return event if isinstance(event, Event) else event()
            if self._dropped:
                self._mark()
                continue
            if self._ended:
                self._complain()
                raise StopAsyncIteration
            self._news = trio.Event()
            await self._news.wait()
