"""Events for whoever listens: a ring with numbers, from which each reader takes at its own pace.

Owns the sequence numbers and what is kept. A reader never holds the writer or another reader back: one that falls
behind by more than the ring holds is told how many it missed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from autod.supervisor.views import Event

__all__ = ["Feed"]


class Feed:
    """A ring of the last `size` events. Numbers begin with 1."""

    def __init__(self, size: int) -> None:
        self._kept: deque[Event] = deque(maxlen=size)
        self._news = trio.Event()
        self.last = 0
        self.missed = 0

    def publish(self, event: Event) -> None:
        """Take `event` in; its number must be `last + 1`. Never waits."""
        assert event.sequence == self.last + 1
        self._kept.append(event)
        self.last = event.sequence
        news, self._news = self._news, trio.Event()
        news.set()

    def after(self, number: int) -> tuple[list[Event], int | None]:
        """The events after `number` that are kept, and how many of those are not.

        A number from the future is one of another life of the process: everything kept, and None, as nobody can
        tell how many were missed.
        """
        if number > self.last:
            return list(self._kept), None
        oldest = self.last - len(self._kept) + 1
        lost = max(oldest - (number + 1), 0)
        self.missed += lost
        skip = max(number + 1 - oldest, 0)
        if skip * 2 < len(self._kept):
            return [e for i, e in enumerate(self._kept) if i >= skip], lost
        # The usual reader is almost up to date: walk from the near end.
        tail = [self._kept[i] for i in range(-(len(self._kept) - skip), 0)]
        return tail, lost

    async def wait(self, number: int) -> None:
        """Until there is an event after `number`. Cancelling it leaves nothing behind."""
        while self.last <= number:
            await self._news.wait()
