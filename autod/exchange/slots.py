"""Which requests may hold a descriptor in pluto: a fair bound that can be moved while it is in use.

Owns: the count of our own, and who waits for a place. Must not know: sockets, messages, pluto's answers, how it is
found out what pluto can bear (autod.exchange.descriptors).

A pending synchronous up costs pluto a file descriptor until its SA is established or given up, and closing
the client does not give it back (measured, 4.10 and 5.2: 61 s later, when the retransmissions ended). So a slot whose
request was abandoned stays counted: until the caller knows that pluto let go (`released`), until pluto is gone
(`forget`), or for HELD seconds.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import trio

from autod.exchange.descriptors import HELD, SHARED, OwnDescriptors

if TYPE_CHECKING:
    from autod.exchange.descriptors import Gauge

__all__ = ["HELD", "Slots"]

_LOOK_AGAIN = 0.05
"""Seconds between two looks at pluto's descriptors, where they are all taken and others may give some back."""


class Slots:
    """A semaphore that is first come, first served, and whose size may change at any time.

    Three bounds count: `limit` is what the caller wants, `gauge` says what pluto can bear beside what it has open
    already (None: not known), and our own process must have a descriptor for the socket. One request is always
    allowed where none of ours is under way, but for what the gauge says. Lowering a bound takes nothing away from who
    already holds a slot.
    """

    def __init__(self, limit: int = 64, *, gauge: Gauge | None = None) -> None:
        self._limit = _at_least_one(limit)
        self.gauge = gauge
        self._own = OwnDescriptors()
        self._held = 0
        self._unheard = 0
        self._abandoned: deque[tuple[float, str]] = deque()
        self._is_taken = False
        self._queue = trio.lowlevel.ParkingLot()
        self._changed = trio.Event()

    @property
    def limit(self) -> int:
        """What the caller wants."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = _at_least_one(limit)
        self._changed.set()

    def bound_by(self, gauge: Gauge | None) -> None:
        """Another pluto, or the same one seen better: `gauge` says what it can bear from now on."""
        self.gauge = gauge
        self._changed.set()

    @property
    def ceiling(self) -> int:
        """How many requests there may be at the very most, whatever the caller wants."""
        return SHARED if self.gauge is None else self.gauge.ceiling

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

    @property
    def room(self) -> int:
        """How many more may have a slot now: 0 or more."""
        return max(0, min(self._limit - self._held - self.abandoned, self.bearable))

    @property
    def bearable(self) -> int:
        """How many more pluto, and our own process, can bear, whatever the caller wants."""
        own = self._own.spare()
        if self._held == 0:
            own = max(1, own)
        return own if self.gauge is None else min(own, self.gauge.spare(self._unheard))

    async def acquire(self) -> None:
        """Take a slot, in the order of the calls. Cancelled: no slot was taken. A checkpoint only if it waits."""
        await self.take_turn()
        self.end_turn()

    async def take_turn(self) -> None:
        """A slot, and the turn to send what it is for: the next one waits until `end_turn`, so that no more than one of
        ours lies between a look at what pluto can bear and the send. The slot stays taken.

        Thousands may wait here, so each holds a place in the queue and nothing else: no lock, no generator.
        """
        if self._is_taken:
            await self._queue.park()  # end_turn() hands the turn on
        self._is_taken = True
        try:
            while not self._take():
                self._changed = trio.Event()
                first = self._abandoned[0][0] if self._abandoned else math.inf
                with trio.move_on_at(min(first, trio.current_time() + _LOOK_AGAIN)):
                    await self._changed.wait()
        except BaseException:
            self.end_turn()
            raise

    def end_turn(self) -> None:
        """The turn goes to the next who waits."""
        if not self._queue.unpark():
            self._is_taken = False

    def acquire_nowait(self) -> bool:
        """Take a slot if one is free and nobody waits for one."""
        return not self._is_taken and self._take()

    def _take(self) -> bool:
        if self.room <= 0 or (self.gauge is not None and not self.gauge.take()):
            return False
        self._held += 1
        self._unheard += 1
        return True

    def heard(self) -> None:
        """pluto has taken the request of a slot: its descriptor is among those that it has open."""
        self._unheard -= 1

    def release(self, *, heard: bool = False) -> None:
        """Give a slot back: pluto closed the stream, or never got the request. `heard`: whether heard() was called."""
        self._held -= 1
        self._unheard -= not heard
        if self.gauge is not None:
            self.gauge.give()
        self._changed.set()

    def abandon(self, holder: str = "", *, heard: bool = False) -> None:
        """Give a slot back that pluto does not know to be free. `holder` names it for `released`."""
        self._held -= 1
        self._unheard -= not heard
        if self.gauge is not None:
            self.gauge.leave()
        self._abandoned.append((trio.current_time() + HELD, holder))
        self._changed.set()

    def released(self, holder: str) -> int:
        """pluto was seen to let go of what `holder` abandoned: how many slots that gives back."""
        before = len(self._abandoned)
        self._abandoned = deque(entry for entry in self._abandoned if entry[1] != holder)
        number = before - len(self._abandoned)
        if self.gauge is not None:
            for _ in range(number):
                self.gauge.give_left()
        self._changed.set()
        return number

    def forget(self) -> None:
        """pluto is gone, and its descriptors with it."""
        if self.gauge is not None:
            for _ in self._abandoned:
                self.gauge.give_left()
        self._abandoned.clear()
        self._changed.set()


def _at_least_one(limit: int) -> int:
    if limit < 1:
        raise ValueError("the bound on requests in flight is 1 or more")
    return limit
