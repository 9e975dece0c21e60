"""Events for whoever listens: a ring with numbers, from which each reader takes at its own pace.

Owns the sequence numbers and what is kept. A reader never holds the writer or another reader back: one that falls
behind by more than the ring holds is told how many it missed.

Who writes events down where they last (the history) can hold the feed: an event is then told only once it is written,
so that nothing that was told is missing after a crash.
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

    `published` is the number of the last event, `last` that of the last one that readers are told.
    """

    def __init__(self, size: int) -> None:
        self._kept: deque[SupervisorEvent] = deque(maxlen=size)
        self._news = trio.Event()
        self._more = trio.Event()
        self._held = False
        self.published = 0
        self.last = 0
        self.missed = 0

    def publish(self, event: SupervisorEvent) -> None:
        """Take `event` in; its number must be `published + 1`. Never waits."""
        assert event.sequence == self.published + 1
        self._kept.append(event)
        self.published = event.sequence
        more, self._more = self._more, trio.Event()
        more.set()
        if not self._held:
            self._tell(self.published)

    def after(self, number: int) -> tuple[list[SupervisorEvent], int | None]:
        """The events after `number` that are kept, and how many of those are not.

        A number from the future is one of another life of the process: everything kept, and None, as nobody can
        tell how many were missed.
        """
        if number > self.last:
            return self._between(0, self.last), None
        lost = self._lost(number)
        self.missed += lost
        return self._between(number, self.last), lost

    async def wait(self, number: int) -> None:
        """Until there is an event after `number`. Cancelling it leaves nothing behind."""
        while self.last <= number:
            await self._news.wait()

    # For who writes them down

    def hold(self) -> None:
        """From now on tell an event only once it is released."""
        self._held = True

    def let_go(self) -> None:
        """Tell everything at once again."""
        self._held = False
        self._tell(self.published)

    def release(self, number: int) -> None:
        """Tell the events up to `number`."""
        self._tell(min(number, self.published))

    def unwritten(self, number: int) -> tuple[list[SupervisorEvent], int]:
        """The events after `number` that are kept, told or not, and how many of those are not."""
        return self._between(number, self.published), self._lost(number)

    async def wait_published(self, number: int) -> None:
        """Until an event after `number` was published."""
        while self.published <= number:
            await self._more.wait()

    async def settle(self) -> None:
        """Until all that was published before now is told; or 3 s."""
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
        oldest = self.published - len(self._kept) + 1
        return max(oldest - (number + 1), 0)

    def _between(self, number: int, last: int) -> list[SupervisorEvent]:
        """Those that are kept with a number above `number` and up to `last`."""
        oldest = self.published - len(self._kept) + 1
        first, end = max(number + 1 - oldest, 0), max(last + 1 - oldest, 0)
        if first * 2 < len(self._kept):
            return list(islice(self._kept, first, end))
        # The usual reader is almost up to date: walk from the near end.
        behind = islice(reversed(self._kept), len(self._kept) - end, len(self._kept) - first)
        return list(behind)[::-1]
