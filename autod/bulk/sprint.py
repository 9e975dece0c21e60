"""Requests that pluto answers at once, thousands of them: some always wait in its backlog.

Owns: sending ahead of reading, and when the event loop has its turn. Must not know: how many may be in flight, what
becomes of an outcome.

One at a time, pluto sleeps after each and takes longer to wake up than to answer (measured on 4.10: 100 against
20 microseconds).
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING

import trio

from autod.exchange.control import AHEAD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from autod.bulk.job import Job
    from autod.bulk.ledger import Ledger
    from autod.bulk.steps import Step
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["sprint"]

PATIENCE = 0.02
"""Seconds for which a request waits here for a place in pluto's backlog; then it has a task to wait in, which does not
keep the others."""

ROUNDS = 2
"""Rounds of AHEAD requests between two turns of the event loop: some 1 ms."""


async def sprint(
    step: Step,
    ledger: Ledger,
    *,
    turn: Callable[[], Awaitable[None]],
    take: Callable[[int], Iterable[Job]],
    hand_over: Callable[[Job], None],
    settle: Callable[[Job, Outcome], None],
    hear: Callable[[Job, Event], None],
) -> None:
    """Do the jobs that `take` admits, until there are none or pluto takes its time; `settle` gets what became of them.

    Those that pluto does not answer at once are handed over. Cancelled: pluto goes on with the few that were begun,
    and the others are in the queue.
    """
    begun: deque[Job] = deque()

    def collect() -> list[Job]:
        answered = []
        patient = True
        while begun:
            job = begun.popleft()
            # pluto does one after the other: where one is not answered yet, the next ones are not either.
            if step.finish(job.name, patient=patient):
                answered.append(job)
            else:
                patient = False
                hand_over(job)
        return answered

    def begin() -> Job | None:
        """Send some; the one for which there was no place."""
        if step.is_quick:
            for job in take(AHEAD):
                if not step.begin(job.name):
                    return job
                begun.append(job)
        return None

    try:
        with trio.move_on_after(PATIENCE):
            await turn()
        for lap in count(1):
            answered = collect()
            late = begin()
            outcomes = step.outcomes([job.name for job in answered]) if answered else []
            for job, (events, outcome) in zip(answered, outcomes, strict=True):
                for event in events:
                    hear(job, event)
                if outcome is None:
                    hand_over(job)
                else:
                    ledger.land(job)
                    settle(job, outcome)
            if late is not None:
                # Others stand in pluto's backlog: this one goes behind them. Until then the answers to what was begun
                # wait in the kernel, a few lines each, which holds nobody up.
                try:
                    with trio.move_on_after(PATIENCE):
                        await turn()
                except trio.Cancelled:
                    ledger.put_back(late)
                    raise
                if step.begin(late.name):
                    begun.append(late)
                else:
                    hand_over(late)
            elif lap % ROUNDS == 0:
                await trio.lowlevel.checkpoint()
            if not begun:
                return
    finally:
        for job in begun:
            step.drop(job.name)
