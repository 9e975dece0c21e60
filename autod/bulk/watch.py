"""What the state says of a job: of one that is watched, and of all at the end.

Owns: these decisions. Must not know: tasks, pluto, the books (it is told, and answers).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

import msgspec

from autod.bulk.result import Phase, ResultState
from autod.outcomes import Result, sentence

if TYPE_CHECKING:
    from autod.bulk.job import Job
    from autod.operations import Row

__all__ = ["ASK_AGAIN", "PENDING", "Check", "Seen", "check", "prolong", "see"]

PENDING = 70.0
"""Seconds for which somebody else's pending request is waited for, where there is no timeout: a little more than
the 64.6 s after which pluto gives a silent peer up (measured, 4.10 and 5.2)."""

ASK_AGAIN = 8.0
"""Seconds after which a pending request is asked for again: if it still is, pluto says so at once."""


class Seen(Enum):
    """What a look at a watched job comes to."""

    UP = auto()
    LATE = auto()
    ASK_AGAIN = auto()
    NOT_YET = auto()


def see(job: Job, up: bool, now: float, *, timeout: float | None) -> Seen:
    """Whether the watching of `job` ends, and how; its outcome says so then. `now` in seconds of the run."""
    outcome = job.outcome
    assert outcome is not None
    pending = outcome.result is Result.ALREADY_NEGOTIATING
    patience = PENDING if pending and timeout is None else float("inf")
    if up:
        job.outcome = outcome.settled(True)
        return Seen.UP
    if now >= min(job.expires, job.watched + patience):
        job.outcome = msgspec.structs.replace(
            outcome,
            result=Result.DEADLINE,
            ok=False,
            needs_state=False,
            retryable=False,
            sentence=sentence(Result.DEADLINE, outcome.operation, job.name),
            left_behind="pluto may go on negotiating, until the connection is taken down",
        )
        return Seen.LATE
    return Seen.ASK_AGAIN if pending and now >= job.again else Seen.NOT_YET


def prolong(job: Job, now: float) -> None:
    """The watching is over; it belongs to the attempt before it."""
    last = job.attempts.pop()
    assert job.outcome is not None
    cause = "" if job.outcome.ok else job.outcome.result.value
    phases = (*(last.phases or ((Phase.QUEUED, last.admitted),)), (Phase.WATCHED, last.ended))
    job.attempts.append(msgspec.structs.replace(last, ended=now, cause=cause, phases=phases))


class Check(Enum):
    """What the last look says of the outcome of a job."""

    TRUE = auto()
    UP_AFTER_ALL = auto()
    DOWN_AGAIN = auto()
    UP_AGAIN = auto()


def check(job: Job, up: bool, row: Row) -> Check:
    """Compare. An alias is not compared: the state knows its members only."""
    if job.outcome is not None and job.outcome.members:
        return Check.TRUE
    claimed = job.state in (ResultState.DONE, ResultState.ALREADY)
    if row.initiates:
        if claimed and not up:
            return Check.DOWN_AGAIN
        if job.state is ResultState.FAILED and up and job.outcome is not None:
            return Check.UP_AFTER_ALL
    elif row.leaves == "down" and claimed and up:
        return Check.UP_AGAIN
    return Check.TRUE
