"""One operation on pluto: awaited for its outcome, or entered for the stream of its events.

Owns: what a caller holds in his hands, and the buffer between the reader and a slow consumer. Must not know:
sockets, messages, how an outcome follows from events.

The reader never waits for the consumer, for pluto writes to it and stands still if it is not read. What the
consumer has not taken yet is kept, up to a bound; past that, events are dropped, counted, and a `Dropped` event
says how many at the place where they are missing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import msgspec
import trio

from autod.events import Dropped, Event
from autod.exchange.control import Answers
from autod.outcomes import Outcome
from autod.protocol.commands import Command

__all__ = ["BUFFER", "Operation", "Request", "Sink"]

BUFFER = 262_144
"""Events kept for a consumer who does not take them: a --status of 12,000 connections has fewer lines."""

Sink = Callable[[Callable[[], Event]], None]
"""Takes what gives the next event when called: lines of a listing are recognised when they are looked at."""


class Request(msgspec.Struct, frozen=True):
    """What is asked: the operation's name in outcomes, the command, and how long it may take.

    `timeout` in seconds from the call on, None for no deadline. `listing`: the replies come in bulk, so they are
    drained first and recognised after. `members`: the connections of an alias, where the caller knows them.
    `force`: take down first what would make the operation harmful.
    """

    operation: str
    command: Command
    name: str | None = None
    timeout: float | None = None
    answers: Answers | None = None
    members: tuple[str, ...] | None = None
    listing: bool = False
    force: bool = False

    def named(self, name: str) -> Request:
        """The same, asked of another connection."""
        return msgspec.structs.replace(
            self, command=msgspec.structs.replace(self.command, name=name), name=name
        )

    @property
    def asynchronous(self) -> bool:
        """Whether pluto is asked to answer before it is done."""
        return bool(getattr(self.command, "asynchronous", False))


class Operation:
    """One operation, not begun until it is awaited or entered; once.

        outcome = await pluto.up("a")

        async with pluto.up("a") as operation:
            async for event in operation:
                ...
        operation.outcome

    Leaving the block early gives the exchange up: pluto goes on with what it was asked.
    """

    def __init__(
        self,
        request: Request,
        perform: Callable[[Request, Sink | None], Awaitable[Outcome]],
        *,
        buffer: int = BUFFER,
    ) -> None:
        self.request = request
        self._perform = perform
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._waiting: deque[Callable[[], Event] | Event] = deque()
        self._buffer = buffer
        self._dropped = 0
        self._ended = False
        self._news = trio.Event()
        self._manager: AbstractAsyncContextManager[trio.Nursery]
        self._nursery: trio.Nursery

    def __repr__(self) -> str:
        return f"<{self.request.operation} {self.request.name or ''}>"

    @property
    def outcome(self) -> Outcome:
        """What became of it. RuntimeError before the stream has ended."""
        if self._outcome is None:
            raise RuntimeError("the operation has no outcome yet: take its events to the end first")
        return self._outcome

    def __await__(self) -> Generator[object, None, Outcome]:
        return self._run().__await__()

    async def _run(self) -> Outcome:
        self._outcome = await self._perform(self.request, None)
        return self._outcome

    async def __aenter__(self) -> Operation:
        self._manager = trio.open_nursery()
        self._nursery = await self._manager.__aenter__()
        self._nursery.start_soon(self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What the block raised is not given to the nursery, so that it leaves as it is and not in a group: the
        # reader, the only child, keeps its own errors for the consumer.
        self._nursery.cancel_scope.cancel()
        await self._manager.__aexit__(None, None, None)

    async def _read(self) -> None:
        try:
            self._outcome = await self._perform(self.request, self._take)
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._news.set()

    def _take(self, event: Callable[[], Event]) -> None:
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

    def __aiter__(self) -> AsyncIterator[Event]:
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
                if self._error is not None:
                    error, self._error = self._error, None
                    raise error
                raise StopAsyncIteration
            self._news = trio.Event()
            await self._news.wait()
