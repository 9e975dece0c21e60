"""Tells the reader of a run what happens: numbers and times each event, and keeps the limit's history.

Owns: the run's clock, the sequence, and what is dropped where the reader is too slow. Must not know: why anything
happens.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

import trio

from autod.bulk import events as e
from autod.bulk.stream import Stream

if TYPE_CHECKING:
    import msgspec
    from structlog.typing import FilteringBoundLogger

    from autod.bulk.job import Job
    from autod.bulk.result import ResultState, Summary
    from autod.events import Event

__all__ = ["Teller"]

CALM = 0.05
"""Seconds between two entries of the limit's history, unless it moved by a quarter."""


class Teller:
    """Begins to count time with `start`. Everything is written to `log` too, if there is one, also what the reader is
    too slow for."""

    def __init__(self, log: FilteringBoundLogger | None = None) -> None:
        self.stream: Stream[e.BulkEvent] = Stream()
        self._log = log
        self.limits: list[tuple[float, int]] = []
        self.dropped = 0
        self.wall = 0.0
        self.begun = 0.0
        self._sequence = count(1)

    def start(self) -> None:
        """The run begins now."""
        self.wall, self.begun = time.time(), trio.current_time()

    def now(self) -> float:
        """Seconds of the run."""
        return trio.current_time() - self.begun

    def time(self) -> float:
        """UNIX seconds, by the run's own clock."""
        return self.wall + trio.current_time() - self.begun

    def said(self, job: Job, event: Event) -> None:
        """pluto said something of `job`; dropped where too much waits for the reader."""
        self._write(event, job.name)
        if self.stream.full:
            self.stream.dropped += 1
            return
        self._missed()
        sequence = next(self._sequence)
        self.stream.put(e.Said(sequence=sequence, time=event.time, connection=job.name, said=event))

    def admitted(self, job: Job, in_flight: int, now: float) -> None:
        """A request for `job` goes out."""
        self._missed()
        self._put(
            e.Admitted(
                sequence=next(self._sequence),
                time=self.wall + now,
                connection=job.name,
                attempt=len(job.attempts) + 1,
                in_flight=in_flight,
            )
        )

    def ended(self, job: Job, state: ResultState) -> None:
        """Nothing more is done for `job`."""
        self._missed()
        if job.outcome is not None:
            self._write(job.outcome, job.name)
        attempts = job.attempts
        self._put(
            e.Ended(
                sequence=next(self._sequence),
                time=self.time(),
                connection=job.name,
                state=state.value,
                outcome=job.outcome,
                attempts=len(attempts),
                seconds=attempts[-1].ended - attempts[0].admitted if attempts else None,
            )
        )

    def tell(self, kind: type[e.Happening], job: Job | None = None, **fields: object) -> None:
        """Anything else."""
        self._missed()
        name = None if job is None else job.name
        self._put(kind(sequence=next(self._sequence), time=self.time(), connection=name, **fields))

    def limit(self, value: int, now: float) -> None:
        """So many may be in flight: noted, and told, where it moved by enough."""
        if self.limits:
            at, last = self.limits[-1]
            if value == last or (now - at < CALM and abs(value - last) < 0.25 * last):
                return
        self.limits.append((now, value))
        self.tell(e.LimitMoved, limit=value)

    def sequence(self) -> int:
        """The number of the next event, which the caller makes."""
        return next(self._sequence)

    def close(self, summary: Summary) -> None:
        """The last event."""
        self._put(summary)
        self.stream.close()

    def _put(self, event: e.BulkEvent) -> None:
        self.stream.put(event)
        if not isinstance(event, e.Ended):
            self._write(event, None)

    def _write(self, value: msgspec.Struct, connection: str | None) -> None:
        if self._log is not None:
            from autod.log import write

            write(self._log if connection is None else self._log.bind(connection=connection), value)

    def _missed(self) -> None:
        missed, self.stream.dropped = self.stream.dropped, 0
        if missed:
            self.dropped += missed
            self.stream.put(e.Missed(sequence=next(self._sequence), time=self.time(), count=missed))
