"""A pluto that goes away in the middle of a run: it is waited for, and what it took with it is begun anew.

Owns: whether pluto is away, since when it is back, and what that means for each connection. Must not know: tasks (the
caller runs `over`), requests, how pluto is found again (autod.bulk.driver).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from autod.bulk import events as e
from autod.bulk.result import ResultState
from autod.bulk.watch import prolong
from autod.errors import DeadlinePassed, PlutoGone, WhackError
from autod.outcomes import Result

if TYPE_CHECKING:
    from autod.bulk.driver import Driver
    from autod.bulk.ledger import Ledger
    from autod.bulk.teller import Teller
    from autod.operations import Row

__all__ = ["AWAY", "Outage"]

AWAY = 60.0
"""Seconds that a pluto which went away is waited for, where there is no deadline."""

GRACE = 30.0
"""Seconds after a restart in which pluto may not listen yet, nor know all connections (addconn --autoall of
5,000 takes 2 to 3 s)."""


class Outage:
    """Whether pluto is `away` now, and was given up (`given_up`), and how often it went (`restarts`)."""

    def __init__(self, driver: Driver, ledger: Ledger, teller: Teller, row: Row, patience: float) -> None:
        self._driver = driver
        self._ledger = ledger
        self._teller = teller
        self._row = row
        self._patience = patience
        self._met: object = driver.identity
        self._back = float("-inf")
        self._is_back = trio.Event()
        self.away = False
        self.given_up = False
        self.restarts = 0

    @property
    def is_recent(self) -> bool:
        """Whether pluto came back a moment ago, and may not have all that it needs yet."""
        return self._teller.now() - self._back < GRACE

    @property
    def is_another(self) -> bool:
        """Whether another pluto listens than the one that was seen last."""
        return self._driver.identity != self._met

    def meet(self) -> None:
        """The pluto that listens now is the one that the run goes by."""
        self._met = self._driver.identity

    async def wait(self) -> None:
        """Until pluto is back, or is given up."""
        await self._is_back.wait()

    def begin(self, in_flight: tuple[str, ...]) -> None:
        """It is gone, and these requests with it."""
        self.away = True
        self.restarts += 1
        self._is_back = trio.Event()
        self._teller.tell(e.PlutoLost, in_flight=in_flight)

    async def over(self) -> bool:
        """Wait until pluto is back, see what it took with it, and put that back to be done. False if it stays away:
        then all that is open has failed. Cancelled: nothing is decided."""
        went_away = self._teller.now()
        up: frozenset[str] | None = None
        why = f"pluto went away and was not back after {AWAY:.0f} s; see its log, and start it again"
        with trio.move_on_after(self._patience):
            while up is None:
                try:
                    await self._driver.returned()
                    up = await self._driver.established()
                except (PlutoGone, DeadlinePassed):
                    continue
                except WhackError as error:
                    why = str(error)
                    break
        if up is None:
            self._give_up(why)
        else:
            self._go_on(up, went_away)
        return up is not None

    def end(self) -> None:
        """Wake those who wait for it."""
        self.away = False
        self._is_back.set()

    def _go_on(self, up: frozenset[str], went_away: float) -> None:
        ledger = self._ledger
        self._back = self._teller.now()
        self.meet()
        self._teller.tell(e.PlutoBack, away=self._back - went_away)
        if self._row.undone_by_restart and not ledger.stopped:
            ledger.begin_anew()
            for job in ledger.lost(up):
                ledger.reopen(job)
        for job in ledger.watched.values():
            # What was pending there was forgotten with it.
            prolong(job, self._back)
            ledger.enqueue(job)
        ledger.watched.clear()

    def _give_up(self, why: str) -> None:
        """Every job that is still open has failed, and so have the finished ones that a restart undid."""
        self.given_up = True
        ledger = self._ledger
        for job in (*ledger.clear(), *ledger.watched.values()):
            job.outcome = ledger.outcome(job, Result.PLUTO_GONE, f'"{job.name}": {why}')
            ledger.close(job, ResultState.FAILED)
        ledger.watched.clear()
        if self._row.undone_by_restart:
            for job in ledger.lost(frozenset()):
                ledger.deny(job, Result.PLUTO_GONE, f"was done, but {why}")
