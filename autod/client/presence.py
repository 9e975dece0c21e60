"""A pluto that comes and goes: finding it, seeing that it went, waiting until it is back.

Owns: what a run of many and the supervisor both need of a pluto's life. Must not know: what is asked of it, or when
(autod.bulk, autod.supervisor).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio

from autod.errors import DeadlinePassed, PlutoGone, WhackError
from autod.exchange.peer import Listener, listener, socket_file
from autod.protocol import commands as c

if TYPE_CHECKING:
    from collections.abc import Hashable

    from autod.client import Pluto
    from autod.identify.detect import Detected

__all__ = ["LOOK", "Presence"]

LOOK = 30.0
"""Seconds for a look at the state: far more than the 0.2 s it takes with 5,000 connections up, and less than
a caller would wait for a pluto that is stopped."""

_GIVE_UP = 10.0
"""Seconds to take down a connection whose up was given up."""

_FIRST_KNOCK = 0.1
_SLOWEST_KNOCK = 1.0

_FILE_LOOK = 1.0
"""Seconds between two looks at the socket's file, which shows that another pluto has bound there."""


class Presence:
    """The pluto of a client, come or gone. Each question may take `answer` seconds."""

    def __init__(self, pluto: Pluto, *, answer: float = LOOK) -> None:
        self.pluto = pluto
        self._answer = answer

        self._listens = Listener()

    @property
    def identity(self) -> Hashable:
        """Equal as long as it is the same pluto that was found, as far as the system tells."""
        detected = self.pluto.found
        listens = self._listens if detected is None or detected.pluto is None else detected.pluto
        return listens.pid, listens.start, listens.file

    @property
    def listens(self) -> Listener:
        """Who was found last."""
        return self._listens

    async def find(self) -> Detected:
        """Find out what listens, and see that it answers: a pluto that just started may tell its release and not answer
        yet. What another one held a descriptor for is forgotten. PlutoGone, UnknownRelease, DeadlinePassed."""
        before = self._listens
        if before.file is None and self.pluto.found is not None and self.pluto.found.pluto is not None:
            before = self.pluto.found.pluto
        detected = await self.pluto.find()
        await self.pluto.replies(c.TrafficStatus(), timeout=self._answer)
        # Where the release was given nobody may have looked.
        self._listens = listener(self.pluto.path) if detected.pluto is None else detected.pluto
        if not before.is_same(self._listens) or before.file != self._listens.file:
            # A pluto that only stood still goes on with the requests that were given up.
            self.pluto.slots.forget()
        return detected

    async def returned(self) -> None:
        """Knock, ever more slowly, until a pluto answers."""
        pause = _FIRST_KNOCK
        while True:
            await trio.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_KNOCK)
            try:
                await self.find()
            except (PlutoGone, DeadlinePassed):
                continue
            return

    async def gone(self) -> None:
        """Return when the pluto that was found last has ended, or another one has bound its socket."""
        try:
            handle = self._listens.handle()
        except ProcessLookupError:
            return
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_replaced, nursery.cancel_scope)
                if handle is not None:
                    await trio.lowlevel.wait_readable(handle)
                    nursery.cancel_scope.cancel()
        finally:
            if handle is not None:
                os.close(handle)

    async def _until_replaced(self, scope: trio.CancelScope) -> None:
        before = self._listens
        while True:
            await trio.sleep(_FILE_LOOK)
            if before.is_gone():
                # Seen here only where its end cannot be waited for.
                scope.cancel()
            if socket_file(self.pluto.path) == before.file:
                continue
            if not before.is_visible or not listener(self.pluto.path).is_same(before):
                scope.cancel()

    def open_descriptors(self) -> int | None:
        """How many descriptors pluto has open; None where that cannot be seen."""
        return self._listens.open_descriptors()

    async def give_up(self, name: str) -> bool:
        """Have pluto end what it does for `name`, which also frees the slot. Whether it did; raises nothing."""
        try:
            return (await self.pluto.down(name, timeout=_GIVE_UP)).ok
        except WhackError:
            return False
