"""Events for readers: a ring with numbers, from which each reader takes at its own pace.

Owns the sequence numbers and the ring. A reader never holds back the writer or another reader: if it falls behind by
more than the ring, it is told how many events it missed.

The history can hold the feed. Then readers get an event only after it is written, so that after a crash the history has
every event that a reader got.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from autod.supervisor.views import SupervisorEvent

__all__ = ["Feed"]


class Feed:
    """A ring of the last `size` events. Numbers begin with 1.

    `published` is the number of the last event, `last` that of the last one for readers.
    """

    def __init__(self, size: int) -> None:
        self._ring: deque[SupervisorEvent] = deque(maxlen=size)
        self._news = trio.Event()
        self._more = trio.Event()
        self._holding = False
        self.published = 0
        self.last = 0
        self.missed = 0

    def publish(self, event: SupervisorEvent) -> None:
        """Take `event` in; its number must be `published + 1`. Never waits."""
        assert event.sequence == self.published + 1
        self._ring.append(event)
        self.published = event.sequence
        more, self._more = self._more, trio.Event()
        more.set()
        if not self._holding:
            self._tell(self.published)

    def after(self, number: int) -> tuple[list[SupervisorEvent], int | None]:
        """The events after `number` in the ring, and how many after it have left the ring.

        A number greater than `last` is from another life of the process: then all events of the ring, and None, as it
        is not known how many were missed.
        """
        if number > self.last:
            return self._between(0, self.last), None
        lost = self._lost(number)
        self.missed += lost
        return self._between(number, self.last), lost

    async def wait(self, number: int) -> None:
        """Wait for an event after `number`. A cancellation leaves nothing behind."""
        while self.last <= number:
            await self._news.wait()

    # For the history

    def hold(self) -> None:
        """From now on readers get an event only after `release`."""
        self._holding = True

    def let_go(self) -> None:
        """From now on readers get each event at once."""
        self._holding = False
        self._tell(self.published)

    def release(self, number: int) -> None:
        """Give readers the events up to `number`."""
        self._tell(min(number, self.published))

    def unwritten(self, number: int) -> tuple[list[SupervisorEvent], int]:
        """The events after `number` in the ring, released or not, and how many after it have left the ring."""
        return self._between(number, self.published), self._lost(number)

    async def wait_published(self, number: int) -> None:
        """Wait until an event after `number` is published."""
        while self.published <= number:
            await self._more.wait()

    async def settle(self) -> None:
        """Wait until readers have all events that are published; 3 s at most."""
        number = self.published - 1
        with trio.move_on_after(3.0):
            await self.wait(number)

    def _tell(self, number: int) -> None:
        if number <= self.last:
            return
        self.last = number
        news, self._news = self._news, trio.Event()
        news.set()

    def _lost(self, number: int) -> int:
        oldest = self.published - len(self._ring) + 1
        return max(oldest - (number + 1), 0)

    def _between(self, number: int, last: int) -> list[SupervisorEvent]:
        """The events of the ring after `number` and up to `last`."""
        oldest = self.published - len(self._ring) + 1
        first, end = max(number + 1 - oldest, 0), max(last + 1 - oldest, 0)
        if first * 2 < len(self._ring):
            return list(islice(self._ring, first, end))
        # The usual reader is almost up to date: walk from the near end.
        behind = islice(reversed(self._ring), len(self._ring) - end, len(self._ring) - first)
        return list(behind)[::-1]
