"""Loading the connections of a run: the loader takes all that wait, and the books follow it.

Owns: which of them counts as sent, and what becomes of those that the loader did not tell of. Must not know: how
anything is loaded (autod.loading), what becomes of an outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.errors import ConfigurationError, UsageError, WhackError

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.bulk.job import Job
    from autod.bulk.ledger import Ledger
    from autod.bulk.steps import Step
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["load_waiting"]


async def load_waiting(
    step: Step,
    ledger: Ledger,
    *,
    timeout: float | None,
    hear: Callable[[Job, Event], None],
    settle: Callable[[Job, Outcome], None],
    fail: Callable[[Job | None, WhackError], None],
) -> None:
    """Load all that wait for it, one after the other. A job counts as sent when pluto is heard of it first.

    `fail` hears of an error that ended the loading, with each job that is in doubt because of it: the one that was
    sent, and where pluto said nothing any more, those after it too. ConfigurationError and UsageError concern all:
    they are raised. Cancelled: those that were sent are in flight still, the others wait.
    """
    jobs = dict(ledger.loading)

    def job_of(name: str) -> Job | None:
        """The job of a connection: those of subnets= have names of their own."""
        job = jobs.get(name) or jobs.get(name.rpartition("/")[0])
        if job is not None and job.name in ledger.loading:
            ledger.take(timeout, job)
        return job

    def heard(name: str, event: Event) -> None:
        job = job_of(name)
        if job is not None and job.name in ledger.in_flight:
            hear(job, event)

    def told(name: str, outcome: Outcome) -> None:
        job = job_of(name)
        if job is not None and job.name in ledger.in_flight:
            ledger.land(job)
            settle(job, outcome)

    try:
        await step.load(tuple(jobs), hear=heard, told=told, timeout=timeout)
    except (ConfigurationError, UsageError):
        raise
    except WhackError as error:
        doubtful = [job for job in jobs.values() if job.flying]
        for job in doubtful:
            ledger.land(job)
            fail(job, error)
        if not doubtful:
            fail(None, error)
