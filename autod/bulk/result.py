"""What became of a run: a result for each connection, and the summary of all.

Owns: these values and the sums over them. Must not know: pluto, tasks, how anything is shown.

Times within a run are seconds since it began; `Summary.started` says when that was (seconds since 1970).
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from autod.outcomes import Outcome
from autod.values import hash_of, percentile, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Attempt",
    "BulkResult",
    "ConnectionResult",
    "Phase",
    "ResultState",
    "Summary",
    "from_json",
    "percentile",
    "summarise",
]


class ResultState(StrEnum):
    """What became of one connection."""

    DONE = "done"
    """What was asked is so; for an up: a Child SA of the connection is established."""

    ALREADY = "already"
    """It was so before; nothing was sent."""

    TAKEN = "taken"
    """pluto has taken the request, and nothing more was wanted (asynchronous)."""

    FAILED = "failed"
    """It is not so. `cause` and `sentence` say why."""

    UNKNOWN = "unknown"
    """In flight when the run was ended: pluto goes on with it."""

    NOT_STARTED = "not-started"
    """Never sent: the run was ended first."""


class Phase(StrEnum):
    """The stretches of one attempt, named by what pluto is waiting for."""

    QUEUED = "queued"
    IKE_SA_INIT = "ike-sa-init"
    IKE_AUTH = "ike-auth"
    CHILD = "child"
    WATCHED = "watched"
    """Another request for the connection is pending, or pluto has taken it: its state is looked at."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One request for one connection: when it was admitted and when it ended (seconds of the run).

    `phases` are (phase, when it began), in order. `cause` is empty if the attempt succeeded.
    """

    admitted: float
    ended: float
    cause: str
    retransmissions: int
    phases: tuple[tuple[str, float], ...]


class ConnectionResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one connection. `cause` is a key to group by, `sentence` is for people."""

    connection: str
    state: ResultState
    cause: str
    sentence: str
    peer: str | None
    attempts: tuple[Attempt, ...]
    outcome: Outcome | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded (or pluto took it, where the run waits for no more)."""
        return self.state in (ResultState.DONE, ResultState.ALREADY, ResultState.TAKEN)

    @property
    def seconds(self) -> float | None:
        """From the first admission to the end of the last attempt; None if nothing was sent."""
        return self.attempts[-1].ended - self.attempts[0].admitted if self.attempts else None

    @property
    def retransmissions(self) -> int:
        """In all attempts."""
        return sum(attempt.retransmissions for attempt in self.attempts)


class Summary(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="summary"):
    """The sums of a run.

    `failed` maps a cause to the connections it hit; `median` and `p95` are seconds from admission to done,
    over those that are done; `limits` are (seconds of the run, limit); `restarts` counts how often pluto went
    away; `deadline_passed` says that the deadline of the whole run did; `dropped` counts the events that a slow
    reader of the run did not get. As the last event of a run it has a sequence number and a time like the others.
    """

    sequence: int = 0
    time: float = 0.0
    operation: str
    started: float
    seconds: float
    total: int
    done: int
    already: int
    taken: int
    failed: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]
    not_started: tuple[str, ...]
    median: float | None
    p95: float | None
    attempts: int
    retransmissions: int
    limits: tuple[tuple[float, int], ...]
    restarts: int
    interrupted: bool
    deadline_passed: bool = False
    dropped: int = 0

    def __hash__(self) -> int:
        return hash_of(self)

    @property
    def ok(self) -> bool:
        """Whether every connection succeeded."""
        return self.done + self.already + self.taken == self.total


class BulkResult(msgspec.Struct, frozen=True):
    """`summary`, and `results` by connection in the order of admission."""

    summary: Summary
    results: dict[str, ConnectionResult]

    @property
    def ok(self) -> bool:
        """Whether every connection succeeded."""
        return self.summary.ok

    @property
    def exit_status(self) -> int:
        """The exit status of the command line: the outcome's own where there was one name, else 0, 1 or 124."""
        if self.summary.ok:
            return 0
        if len(self.results) == 1:
            (result,) = self.results.values()
            if result.outcome is not None:
                return result.outcome.exit_status or 1
        return 124 if self.summary.deadline_passed else 1


def from_json(data: bytes | str) -> BulkResult:
    """The result of a run that `autod.events.to_json` wrote. Raises DecodeError."""
    return read_json(data, msgspec.json.Decoder(BulkResult), "the result of a run")


def summarise(
    results: Iterable[ConnectionResult],
    *,
    operation: str,
    started: float,
    seconds: float,
    limits: tuple[tuple[float, int], ...],
    restarts: int,
    interrupted: bool,
    deadline_passed: bool = False,
    dropped: int = 0,
    sequence: int = 0,
) -> Summary:
    """The sums over `results`."""
    states: Counter[ResultState] = Counter()
    failed: dict[str, list[str]] = {}
    unknown: list[str] = []
    not_started: list[str] = []
    times: list[float] = []
    attempts = retransmissions = 0
    for result in results:
        states[result.state] += 1
        attempts += len(result.attempts)
        retransmissions += result.retransmissions
        if result.state is ResultState.FAILED:
            failed.setdefault(result.cause, []).append(result.connection)
        elif result.state is ResultState.UNKNOWN:
            unknown.append(result.connection)
        elif result.state is ResultState.NOT_STARTED:
            not_started.append(result.connection)
        elif result.state is ResultState.DONE and result.seconds is not None:
            times.append(result.seconds)
    times.sort()
    return Summary(
        operation=operation,
        started=started,
        seconds=seconds,
        total=states.total(),
        done=states[ResultState.DONE],
        already=states[ResultState.ALREADY],
        taken=states[ResultState.TAKEN],
        failed={
            cause: tuple(names)
            for cause, names in sorted(failed.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        },
        unknown=tuple(unknown),
        not_started=tuple(not_started),
        median=percentile(times, 0.5),
        p95=percentile(times, 0.95),
        attempts=attempts,
        retransmissions=retransmissions,
        limits=limits,
        restarts=restarts,
        interrupted=interrupted,
        deadline_passed=deadline_passed,
        dropped=dropped,
        sequence=sequence,
        time=started + seconds,
    )
