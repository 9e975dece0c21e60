"""Connections that are watched by pluto's state, because a request of somebody else's is pending, or pluto was not
asked to wait.

Owns: how often is looked. Must not know: what a look says of one (autod.bulk.watch), tasks (the caller runs `run`),
what becomes of one that is late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from autod.bulk import events as e
from autod.bulk.result import ResultState
from autod.bulk.watch import ASK_AGAIN, Seen, prolong, see
from autod.errors import DeadlinePassed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from autod.bulk.job import Job
    from autod.bulk.ledger import Ledger
    from autod.bulk.options import Options
    from autod.bulk.teller import Teller

__all__ = ["Lookout"]


class Lookout:
    """`failed` hears of those that are late; `looked` is called after each look."""

    def __init__(
        self,
        ledger: Ledger,
        teller: Teller,
        options: Options,
        *,
        look: Callable[[], Awaitable[frozenset[str] | None]],
        failed: Callable[[Job], None],
        looked: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._teller = teller
        self._options = options
        self._look = look
        self._failed = failed
        self._looked = looked
        self.is_running = False

    def watch(self, job: Job, reason: str) -> None:
        """It is looked after from now on, while `run` runs."""
        now = self._teller.now()
        job.watched = job.watched or now
        job.again = now + ASK_AGAIN
        self._ledger.watched[job.name] = job
        self._teller.tell(e.Watching, job, reason=reason)

    async def run(self) -> None:
        """One look for all that are watched, again and again; never more than a tenth of pluto's time. Ends when
        nobody is watched, and when pluto is gone."""
        pause = self._options.poll
        while self._ledger.watched:
            await trio.sleep(pause)
            look_began = trio.current_time()
            try:
                up = await self._look()
            except DeadlinePassed:
                up = (
                    frozenset()
                )  # pluto said nothing: no connection counts as up, and the late ones have failed
            if up is None:
                break
            pause = max(self._options.poll, 10 * (trio.current_time() - look_began))
            for job in tuple(self._ledger.watched.values()):
                self._see(job, job.name in up)
            self._looked()
        self.is_running = False

    def _see(self, job: Job, up: bool) -> None:
        now = self._teller.now()
        verdict = see(job, up, now, timeout=self._options.timeout)
        if verdict is Seen.NOT_YET or (verdict is Seen.ASK_AGAIN and self._ledger.stopped):
            return
        del self._ledger.watched[job.name]
        prolong(job, now)
        if verdict is Seen.UP:
            self._ledger.close(job, ResultState.DONE)
        elif verdict is Seen.LATE:
            self._failed(job)
        else:
            self._ledger.enqueue(job, first=True)
