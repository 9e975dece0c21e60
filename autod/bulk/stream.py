"""From the run to its reader: never holds the run back, and tells what it had to drop.

Owns: the buffer between them. Must not know: what the events are.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import trio

__all__ = ["Stream"]

T = TypeVar("T")

BOUND = 16384
"""Events that wait for a reader before those of less weight are dropped: some 5 MB."""


class Stream(Generic[T]):
    """One writer, one reader. `put` is for what a reader must not miss: as many as there are connections and
    attempts. The rest is not put while the stream is `full`; who does not put it counts it in `dropped`."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._waiting: deque[T] = deque()
        self._closed = False
        self._reader = trio.lowlevel.ParkingLot()
        self._parked = False
        self.dropped = 0

    @property
    def full(self) -> bool:
        """Whether what is offered would be dropped."""
        return len(self._waiting) >= self._bound

    def put(self, event: T) -> None:
        """Hand `event` to the reader, however many wait."""
        self._waiting.append(event)
        if self._parked:
            self._parked = False
            self._reader.unpark()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._reader.unpark_all()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        """The next event. Cancelled: none is lost."""
        # Where events wait there is no checkpoint: they are bounded, and the wait for the next ones is one.
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._parked = True
            try:
                await self._reader.park()
            finally:
                self._parked = False
        return self._waiting.popleft()
