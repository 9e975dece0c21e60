"""Where every connection of a run stands: waiting, in flight, to be tried again, watched, or through.

Owns: the books, and telling of every entry. Must not know: pluto, tasks, when anything is done.
"""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count
from typing import TYPE_CHECKING

import trio

from autod.bulk import events as e
from autod.bulk.job import Job
from autod.bulk.result import ResultState
from autod.outcomes import Outcome, Result, with_usual_cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from autod.bulk.teller import Teller
    from autod.errors import WhackError
    from autod.events import Event

__all__ = ["Ledger"]

_SO = (ResultState.DONE, ResultState.TAKEN, ResultState.ALREADY)


class Ledger:
    """Every job is in one of `queue`, `loading`, `in_flight`, `delayed` and `watched`, or has a state and is through.

    `loads` says of each step whether it is one that loads: a job at such a step waits in `loading`, else in `queue`.
    """

    def __init__(
        self,
        teller: Teller,
        names: Iterable[str],
        peers: Mapping[str, str],
        operation: str,
        loads: Sequence[bool] = (False,),
    ) -> None:
        self._teller = teller
        self._operation = operation
        self.jobs = {name: Job(name, peers.get(name)) for name in names}
        self._loads = loads
        self.queue: deque[Job] = deque()
        self.loading: dict[str, Job] = {}
        for job in self.jobs.values():
            self.enqueue(job)
        self.in_flight: dict[str, Job] = {}
        self.delayed: list[tuple[float, int, Job]] = []
        self.watched: dict[str, Job] = {}
        self.stalled = 0
        self.untaken = 0
        self.open = len(self.jobs)
        self.stopped = False
        self._turns = count()
        self._through = trio.Event()

    async def all_through(self) -> None:
        """Wait until every job has a state. Returns at once if that is so."""
        if self.open:
            self._through = trio.Event()
            await self._through.wait()

    @property
    def waiting(self) -> int:
        """How many wait to be sent."""
        return len(self.queue) + len(self.loading)

    def enqueue(self, job: Job, *, first: bool = False) -> None:
        """It waits for its step."""
        if self._loads[job.step]:
            self.loading[job.name] = job
        elif first:
            self.queue.appendleft(job)
        else:
            self.queue.append(job)

    def go_on(self, job: Job) -> bool:
        """A step is done. Whether there is another, which the job waits for then."""
        if job.step + 1 == len(self._loads):
            return False
        job.step += 1
        job.flying = False
        self.enqueue(job)
        return True

    def take(self, timeout: float | None, job: Job | None = None) -> Job:
        """The next in the queue goes out, or `job`, which is loaded now."""
        if job is None:
            job = self.queue.popleft()
        else:
            del self.loading[job.name]
        now = self._teller.now()
        if job.step and job.admitted > (job.attempts[-1].ended if job.attempts else -1.0):
            job.proceed()
            self.in_flight[job.name] = job
            self.untaken += 1
            return job
        job.admit(now)
        if not job.watched and timeout is not None:
            job.expires = now + timeout
        self.in_flight[job.name] = job
        self.untaken += 1
        self._teller.admitted(job, len(self.in_flight), now)
        return job

    def put_back(self, job: Job) -> None:
        """What `take` gave was not sent."""
        self.land(job)
        job.flying = False
        self.enqueue(job, first=True)

    def land(self, job: Job) -> None:
        """Its request is over, whatever came of it."""
        del self.in_flight[job.name]
        self.stalled -= job.stalled
        self.untaken -= not job.taken

    def hear(self, job: Job, event: Event) -> bool:
        """pluto said something of a job in flight. True if there may be room for others now: pluto has done with the
        job what it can for now, or the peer seems to be silent."""
        self._teller.said(job, event)
        job.heard = True
        if not event.traits.progress:
            return False
        stalled, taken = job.stalled, job.taken
        job.see(event, self._teller.now())
        self.stalled += job.stalled - stalled
        self.untaken -= job.taken and not taken
        return job.stalled > stalled or job.taken > taken

    def close(self, job: Job, state: ResultState) -> None:
        """Nothing more is done for `job`."""
        if job.state is not None:
            return
        job.state = state
        self.open -= 1
        self._teller.ended(job, state)
        if not self.open:
            self._through.set()

    @property
    def is_any_so(self) -> bool:
        """Whether any job has succeeded, as far as we know."""
        return any(job.state in _SO for job in self.jobs.values())

    def correct(self, job: Job, state: ResultState, outcome: Outcome) -> None:
        """Correct the outcome of a job that has ended."""
        job.state, job.outcome = state, outcome
        self._teller.ended(job, state)

    def deny(self, job: Job, result: Result, reason: str) -> None:
        """A job that ended with success has failed after all."""
        self.correct(job, ResultState.FAILED, self.outcome(job, result, f'"{job.name}" {reason}'))

    def reopen(self, job: Job) -> None:
        """Begin a job that has ended again."""
        job.state = None
        job.step = 0
        self.open += 1
        self.enqueue(job)
        self._teller.tell(e.Lost, job)

    def delay(self, job: Job, seconds: float) -> None:
        """It is tried again later."""
        assert job.outcome is not None
        heapq.heappush(self.delayed, (trio.current_time() + seconds, next(self._turns), job))
        self._teller.tell(e.Retrying, job, outcome=job.outcome, attempt=len(job.attempts) + 1, delay=seconds)

    def wake(self) -> None:
        """Those whose delay is over go to the end of the queue."""
        while self.delayed and self.delayed[0][0] <= trio.current_time():
            self.enqueue(heapq.heappop(self.delayed)[2])

    def clear(self) -> list[Job]:
        """Take out those that wait to be sent, and give them."""
        waiting = [*self.queue, *self.loading.values(), *(job for _, _, job in self.delayed)]
        self.queue.clear()
        self.loading.clear()
        self.delayed.clear()
        return waiting

    def stop(self) -> list[Job]:
        """Nothing new is sent from now on. Those that wait are taken out, and given."""
        self.stopped = True
        return self.clear()

    def refuse_waiting(self, error: WhackError) -> None:
        """The jobs that wait are not sent, because of `error`: to wait longer would not help."""
        for job in self.clear():
            job.outcome = self.outcome(job, Result.NOT_SENT, f'"{job.name}" was not sent: {error}')
            self.close(job, ResultState.FAILED)

    def leave_alone(self, up: frozenset[str]) -> None:
        """Of those in the queue, what is up already is through."""
        for job in (*self.queue, *self.loading.values()):
            if job.name in up:
                self.close(job, ResultState.ALREADY)
        self.queue = deque(job for job in self.queue if job.state is None)
        self.loading = {name: job for name, job in self.loading.items() if job.state is None}

    def begin_anew(self) -> None:
        """All jobs that wait begin with their first step again: a restart undid their earlier steps."""
        waiting = [*self.queue, *self.loading.values()]
        self.queue.clear()
        self.loading.clear()
        for job in waiting:
            job.step = 0
            self.enqueue(job)
        for _, _, job in self.delayed:
            job.step = 0

    def lost(self, up: frozenset[str]) -> list[Job]:
        """Those that were done and are not up."""
        return [job for job in self.jobs.values() if job.state in _SO and job.name not in up]

    def outcome(self, job: Job, result: Result, reason: str) -> Outcome:
        """An outcome of our own."""
        return with_usual_cause(
            Outcome(
                operation=self._operation,
                connection=job.name,
                result=result,
                ok=False,
                sentence=reason,
                retryable=result is Result.PLUTO_GONE,
                ended=self._teller.time(),
                retransmissions=job.retransmissions,
            )
        )
