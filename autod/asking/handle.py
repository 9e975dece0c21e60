"""What a caller holds of one operation, whatever its event loop: a coroutine begun once, and the buffer of its events.

Owns: the rules of awaiting and entering, and the buffer between the reader and a slow consumer. Must not know: event
loops (autod.client.operation for trio, autod.aio for asyncio), sockets, how an outcome follows from events.

The reader never waits for the consumer, for pluto writes to it and stands still if it is not read. What the
consumer has not taken yet is kept, up to a bound; past that, events are dropped, counted, and a `Dropped` event
says how many at the place where they are missing.
"""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol, Self

import msgspec

from autod.asking.request import Request, Sink
from autod.events import Dropped, Event
from autod.outcomes import Outcome
from autod.protocol.errors import UsageError

__all__ = ["BUFFER", "Handle", "Perform"]

BUFFER = 262_144
"""Events kept for a consumer who does not take them: a --status of 12,000 connections has fewer lines."""


class Perform(Protocol):
    """Runs a request to its outcome; `given_up` gets the outcome where it is cancelled."""

    def __call__(
        self, request: Request, sink: Sink | None, /, *, given_up: Callable[[Outcome], None]
    ) -> Awaitable[Outcome]: ...


class Handle(Coroutine[Any, Any, Outcome]):
    """One operation, not begun until it is awaited or entered; once. See autod.Operation."""

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
        self._waiting: deque[Callable[[], Event] | Event]
        self._buffer = buffer
        self._dropped = 0
        self._entered = False
        self._lost = 0
        self._left = False
        self._ended = False

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

    @abstractmethod
    def _end(self) -> None:
        """Give up, from inside the block."""

    def cancel(self) -> None:
        """Give the operation up, from inside its block; pluto goes on with what it was asked."""
        if not self._entered:
            raise UsageError(f"{self!r} is not entered: cancel the scope or task around it")
        self._end()

    def _begin(self) -> None:
        if self._begun:
            raise UsageError(f"{self!r} was awaited or entered before: ask for another one")
        self._begun = True

    def _enter(self) -> None:
        self._begin()
        self._waiting = deque()

    async def _run(self) -> Outcome:
        self._outcome = await self._perform(self._request, None, given_up=self._give_up)
        return self._outcome

    def _give_up(self, outcome: Outcome) -> None:
        self._outcome = self._counted(outcome)

    def _counted(self, outcome: Outcome) -> Outcome:
        """The outcome, with the number of events that the consumer was too slow for."""
        return msgspec.structs.replace(outcome, dropped=self._lost) if self._lost else outcome

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

    @abstractmethod
    def _tell(self) -> None:
        """Wake the consumer: there is news."""

    @abstractmethod
    async def _news_came(self) -> None:
        """Wait until `_tell` is called, or was since the last time."""

    async def _turn(self) -> None:
        """Let others have their turn."""

    async def _read(self) -> None:
        """Perform it, for a consumer of its events. An error is kept for him."""
        try:
            outcome = await self._perform(self._request, self._take, given_up=self._give_up)
            self._outcome = self._counted(outcome)
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._tell()

    def _take(self, event: Callable[[], Event]) -> None:
        if self._left:
            return
        if len(self._waiting) >= self._buffer:
            self._dropped += 1
            self._lost += 1
            return
        if self._dropped:
            self._mark()
        self._waiting.append(event)
        self._tell()

    def _mark(self) -> None:
        """Say where events are missing."""
        self._waiting.append(Dropped(time=time.time(), count=self._dropped))
        self._dropped = 0

    def _complain(self) -> None:
        """Raise what kept the operation from its end, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __aiter__(self) -> Self:
        if not self._entered:
            raise UsageError(f"{self!r} is not entered, so it has no events: `async with` it first")
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._waiting:
                await self._turn()
                event = self._waiting.popleft()
                return event if isinstance(event, Event) else event()
            if self._dropped:
                self._mark()
                continue
            if self._ended:
                self._complain()
                raise StopAsyncIteration
            await self._news_came()
