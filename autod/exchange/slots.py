"""How many requests may hold a descriptor in pluto at once: a fair bound that can be moved while it is in
use.

Owns: the count. Must not know: sockets, messages, pluto's answers.

A pending synchronous up costs pluto a file descriptor until its SA is established or given up, and closing
the client does not give it back (measured, 4.10 and 5.2: 61 s later, when the retransmissions ended). At
its limit pluto spins in accept(). So a slot whose request was abandoned stays counted: until the caller
knows that pluto let go (`released`), until pluto is gone (`forget`), or for HELD seconds.
"""

from __future__ import annotations

import math
from collections import deque

import trio

__all__ = ["HELD", "Slots"]

HELD = 65.0
"""Seconds for which an abandoned request is taken to hold its descriptor: pluto gave an unanswered up its end
after 64.1 to 64.6 s with the default retransmit-timeout of 60 s (measured, 4.10 and 5.2)."""


class Slots:
    """A semaphore that is first come, first served, and whose size may change at any time.

    `limit` is what the caller wants, `ceiling` what pluto can bear (None: not known); the smaller counts, and
    one is always allowed. Lowering it takes nothing away from who already holds a slot.
    """

    def __init__(self, limit: int = 64, *, ceiling: int | None = None) -> None:
        self._limit = _at_least_one(limit)
        self._ceiling = ceiling
        self._held = 0
        self._abandoned: deque[tuple[float, str]] = deque()
        self._turn = trio.Lock()
        self._changed = trio.Event()

    @property
    def limit(self) -> int:
        """The size in force."""
        return self._limit if self._ceiling is None else max(1, min(self._limit, self._ceiling))

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = _at_least_one(limit)
        self._changed.set()

    @property
    def ceiling(self) -> int | None:
        """What pluto can bear, None where it is not known."""
        return self._ceiling

    @ceiling.setter
    def ceiling(self, ceiling: int | None) -> None:
        self._ceiling = ceiling
        self._changed.set()

    @property
    def held(self) -> int:
        """Slots of requests under way."""
        return self._held

    @property
    def abandoned(self) -> int:
        """Slots of requests that were given up and that pluto may still hold a descriptor for."""
        if not self._abandoned:
            return 0
        now = trio.current_time()
        while self._abandoned and self._abandoned[0][0] <= now:
            self._abandoned.popleft()
        return len(self._abandoned)

    async def acquire(self) -> None:
        """Take a slot, in the order of the calls. Cancelled: no slot was taken. A checkpoint only if it waits."""
        if self.acquire_nowait():
            return
        async with self._turn:
            while self._held + self.abandoned >= self.limit:
                self._changed = trio.Event()
                first = self._abandoned[0][0] if self._abandoned else math.inf
                with trio.move_on_at(first):
                    await self._changed.wait()
            self._held += 1

    def acquire_nowait(self) -> bool:
        """Take a slot if one is free and nobody waits for one."""
        if self._turn.locked() or self._held + self.abandoned >= self.limit:
            return False
        self._held += 1
        return True

    def release(self) -> None:
        """Give a slot back: pluto closed the stream, or never got the request."""
        self._held -= 1
        self._changed.set()

    def abandon(self, holder: str = "") -> None:
        """Give a slot back that pluto does not know to be free. `holder` names it for `released`."""
        self._held -= 1
        self._abandoned.append((trio.current_time() + HELD, holder))
        self._changed.set()

    def released(self, holder: str) -> int:
        """pluto was seen to let go of what `holder` abandoned: how many slots that gives back."""
        before = len(self._abandoned)
        self._abandoned = deque(entry for entry in self._abandoned if entry[1] != holder)
        self._changed.set()
        return before - len(self._abandoned)

    def forget(self) -> None:
        """pluto is gone, and its descriptors with it."""
        self._abandoned.clear()
        self._changed.set()


def _at_least_one(limit: int) -> int:
    if limit < 1:
        raise ValueError("the bound on requests in flight is 1 or more")
    return limit
