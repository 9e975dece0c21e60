"""Many connections at once: who is in flight, who waits, who is tried again, who is watched.

Owns: the course of a run. Must not know: sockets, messages, pluto's lines (autod.bulk.driver and below), how a
limit is found (autod.bulk.limit), how a run is shown.

Requests are made by as many tasks as are in flight, each of which takes the next connection when it is done;
one task wakes retries, one looks at pluto's state while connections are watched, one waits for a pluto that
went away. All live in the nursery of `Run.work`, and end with it.

Three things about pluto shape it (facts measured on 4.10 and 5.2). A silent peer holds its place for 64 s: so
attempts that only retransmit do not count against the limit, as long as others are answered without. A second
up while one is pending ends without a word: so it is watched by state, and asked again from time to time, for
the pending one may fail. A restart takes everything with it: so what was done is looked at again, and begun anew
where it is no more.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import msgspec
import trio

from autod.bulk import events as e
from autod.bulk.job import SILENT, Job
from autod.bulk.limit import AdaptiveLimit, FixedLimit
from autod.bulk.operations import UNANSWERED, find
from autod.bulk.plan import admission_order
from autod.bulk.result import BulkResult, Phase, State, summarise
from autod.bulk.retry import Backoff
from autod.bulk.stream import Stream
from autod.errors import DeadlinePassed, NotPermitted, PlutoGone, WhackError
from autod.events import Event
from autod.outcomes import Outcome, Result, sentence
from protocol.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Literal

    from autod.bulk.driver import Driver

__all__ = ["Options", "Run"]

PENDING = 70.0
"""Seconds for which somebody else's pending request is waited for, where there is no timeout: a little more than
the 64.6 s after which pluto gives a silent peer up (measured, 4.10 and 5.2)."""

ASK_AGAIN = 8.0
"""Seconds after which a pending request is asked for again: if it still is, pluto says so at once."""

GRACE = 30.0
"""Seconds after a restart in which pluto may not listen yet, nor know all connections (addconn --autoall of
5,000 takes 2 to 3 s)."""

SETTLE = 0.5
"""Seconds between two tries in that time."""

HELD_UP = 1.0
"""Seconds between looks for room, where pluto may still hold the descriptors of requests that were given up."""

AWAY = 60.0
"""Seconds that a pluto which went away is waited for, where there is no deadline."""

CLEAN_UP = 5.0
"""Seconds for taking down what is left, after the deadline, where on_failure says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is done; see `autod.bulk.bulk`."""

    limit: int | None = None
    peers: Mapping[str, str] = field(default_factory=dict)
    if_down: bool = True
    timeout: float | None = None
    deadline: float | None = None
    backoff: Backoff = field(default_factory=Backoff)
    on_failure: Literal["leave", "down"] = "leave"
    asynchronous: bool = False
    wait: bool = False
    poll: float = 1.0
    draw: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        for what, seconds in (("timeout", self.timeout), ("deadline", self.deadline), ("poll", self.poll)):
            if seconds is not None and not seconds > 0:
                raise UsageError(f"the {what} must be more than 0 seconds; it was given {seconds}")
        if self.on_failure not in ("leave", "down"):
            raise UsageError(f"on_failure is leave or down; it was given {self.on_failure!r}")


class Run:
    """One run, while it goes on: iterate over it for its events, then see `result`.

    `stop_admitting` and `cancel` may be called from any task of the same event loop.
    """

    def __init__(self, driver: Driver, operation: str, names: Iterable[str], options: Options) -> None:
        self._driver = driver
        self._traits = find(operation)
        self._options = options
        self._jobs = {
            name: Job(name, options.peers.get(name)) for name in admission_order(names, options.peers)
        }
        self._limit: AdaptiveLimit | FixedLimit
        self._limit = FixedLimit(options.limit) if options.limit else AdaptiveLimit(driver.ceiling)
        self._limits: list[tuple[float, int]] = []
        self._stream: Stream[e.BulkEvent] = Stream()
        self._sequence = count(1)
        self._turns = count()
        self._queue = deque(self._jobs.values())
        self._in_flight: dict[str, Job] = {}
        self._stalled = 0
        self._delayed: list[tuple[float, int, Job]] = []
        self._delayed_changed = trio.Event()
        self._watched: dict[str, Job] = {}
        self._watching = False
        self._open = len(self._jobs)
        self._idle = trio.Event()
        self._identity: object = None
        self._away = False
        self._back = float("-inf")
        self._back_event = trio.Event()
        self._restarts = 0
        self._given_up = False
        self._stopping = False
        self._cancelled = False
        self._late = False
        self._dropped = 0
        self._scope = trio.CancelScope()
        self._wall = 0.0
        self._begun = 0.0
        self._result: BulkResult | None = None
        self.failure: WhackError | None = None

    def __aiter__(self) -> Stream[e.BulkEvent]:
        return self._stream

    @property
    def result(self) -> BulkResult:
        """What became of all. RuntimeError before the run has ended."""
        if self._result is None:
            raise RuntimeError("the run has not ended yet: take its events to the end first")
        return self._result

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The connections that requests are under way for, or that are watched."""
        return (*self._in_flight, *self._watched)

    def stop_admitting(self) -> None:
        """Send nothing new; what is in flight goes on to its end."""
        self._stopping = True
        for job in self._queue:
            self._close(job, State.NOT_STARTED if job.outcome is None else State.FAILED)
        for _, _, job in self._delayed:
            self._close(job, State.FAILED)
        self._queue.clear()
        self._delayed.clear()
        if self._away:
            self._scope.cancel()

    def cancel(self) -> None:
        """End at once; pluto goes on with what is in flight, which the result names."""
        self._cancelled = True
        self._scope.cancel()

    async def work(self) -> None:
        """The run, from its first request to its summary. Never raises but what cancels it: see `failure`."""
        self._wall, self._begun = time.time(), trio.current_time()
        self._scope.deadline = self._begun + (self._options.deadline or float("inf"))
        try:
            with self._scope:
                await self._course()
            self._late = self._scope.cancelled_caught and not (self._cancelled or self._stopping)
            if self._late and self._options.on_failure == "down" and self._traits.initiates:
                await self._clean_up()
        finally:
            self._conclude()

    async def _course(self) -> None:
        self._identity = self._driver.identity
        self._driver.reserve(self._options.limit or self._driver.ceiling)
        self._note_limit(force=True)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                if self._options.if_down and self._traits.initiates and self._jobs:
                    await self._leave_alone()
                nursery.start_soon(self._wake_delayed)
                self._fill()
                while True:
                    if self._open:
                        self._idle = trio.Event()
                        await self._idle.wait()
                    if not await self._verified():
                        continue
                    break
            except WhackError as error:
                self.failure = error
            nursery.cancel_scope.cancel()

    # Admission

    def _now(self) -> float:
        return trio.current_time() - self._begun

    def _room(self) -> bool:
        flying = len(self._in_flight)
        if flying + self._driver.abandoned >= self._driver.ceiling:
            return False
        if self._limit.spares_silent:
            flying -= self._stalled
        return flying < self._limit.value

    def _fill(self) -> None:
        while self._queue and not self._away and self._room():
            self._nursery.start_soon(self._worker, self._take())
        if self._queue and not self._in_flight:
            # What is in the way are descriptors of requests that were given up: time will tell.
            self._delayed_changed.set()

    def _take(self) -> Job:
        job = self._queue.popleft()
        now = self._now()
        job.admit(now)
        if not job.watched and self._options.timeout is not None:
            job.expires = now + self._options.timeout
        self._in_flight[job.name] = job
        self._stream.put(
            e.Admitted(
                sequence=next(self._sequence),
                time=self._wall + now,
                connection=job.name,
                attempt=len(job.attempts) + 1,
                in_flight=len(self._in_flight),
            )
        )
        return job

    async def _worker(self, job: Job) -> None:
        while True:
            await self._attempt(job)
            if self._away or not self._queue or not self._room():
                return
            job = self._take()
            self._fill()

    async def _attempt(self, job: Job) -> None:
        def observe(event: Event) -> None:
            self._observe(job, event)

        try:
            outcome = await self._driver.attempt(job.name, observe)
        except PlutoGone as error:
            if isinstance(error, NotPermitted):
                outcome = self._no_outcome(job, Result.REFUSED, str(error))
            else:
                outcome = self._no_outcome(job, Result.PLUTO_GONE, str(error))
        except WhackError as error:
            outcome = self._no_outcome(job, Result.FAILED, str(error))
        finally:
            del self._in_flight[job.name]
            self._stalled -= job.stalled
        await self._settle(job, outcome)

    def _observe(self, job: Job, event: Event) -> None:
        """pluto's word on a connection; called from the reader, so it must not block."""
        now = self._now()
        was = job.stalled
        job.see(event, now)
        if job.stalled != was:
            self._stalled += job.stalled - was
            if job.silent == SILENT:
                self._fill()
        if self._stream.full:
            self._stream.dropped += 1
            return
        self._say(e.Said(sequence=next(self._sequence), time=event.time, connection=job.name, said=event))

    def _say(self, event: e.BulkEvent) -> None:
        if self._stream.dropped:
            missed, self._stream.dropped = self._stream.dropped, 0
            self._dropped += missed
            self._stream.put(e.Missed(sequence=next(self._sequence), time=self._time(), count=missed))
        self._stream.put(event)

    def _time(self) -> float:
        return self._wall + self._now()

    # What comes back

    async def _settle(self, job: Job, outcome: Outcome) -> None:
        now = self._now()
        job.outcome = outcome
        result = outcome.result
        job.note(now, "" if outcome.ok else result.value)
        self._limit.ended(
            now,
            now - job.admitted,
            answered=result not in UNANSWERED,
            retransmissions=job.attempts[-1].retransmissions,
        )
        self._note_limit()
        if result is Result.PLUTO_GONE:
            self._gone(job)
        elif result is Result.ACCEPTED and self._traits.initiates:
            if self._options.wait:
                self._watch(job, "pluto has taken it")
            else:
                self._close(job, State.TAKEN)
        elif outcome.ok:
            self._close(job, State.DONE)
        elif result is Result.ALREADY_NEGOTIATING and self._traits.initiates:
            self._watch(job, "another request for it is pending")
        elif now - self._back < GRACE and result in (Result.UNKNOWN, Result.NOT_LISTENING):
            self._delay(job, SETTLE)
        else:
            await self._failed(job)

    async def _failed(self, job: Job) -> None:
        outcome = job.outcome
        assert outcome is not None
        if outcome.retryable and not self._stopping:
            job.failures += 1
            delay = self._options.backoff.delay(job.failures, self._options.draw)
            if delay is not None:
                job.watched = 0.0
                self._delay(job, delay)
                return
        if self._options.on_failure == "down":
            await self._take_down(job)
        self._close(job, State.FAILED)

    async def _take_down(self, job: Job) -> None:
        if not self._traits.initiates or job.outcome is None or job.outcome.result in _NOTHING_LEFT:
            return
        try:
            await self._driver.down(job.name)
        except WhackError:
            return
        job.outcome = msgspec.structs.replace(job.outcome, left_behind=None)

    def _close(self, job: Job, state: State) -> None:
        """Nothing more is done for `job`."""
        if job.state is not None:
            return
        job.state = state
        self._open -= 1
        self._tell(job, state)
        if not self._open:
            self._idle.set()

    def _tell(self, job: Job, state: State) -> None:
        self._say(
            e.Ended(
                sequence=next(self._sequence),
                time=self._time(),
                connection=job.name,
                state=state.value,
                outcome=job.outcome,
                attempts=len(job.attempts),
                seconds=job.attempts[-1].ended - job.attempts[0].admitted if job.attempts else None,
            )
        )

    def _no_outcome(self, job: Job, result: Result, said: str) -> Outcome:
        return Outcome(
            operation=self._traits.name,
            connection=job.name,
            result=result,
            ok=False,
            sentence=said,
            retryable=result is Result.PLUTO_GONE,
            ended=self._time(),
        )

    def _note_limit(self, *, force: bool = False) -> None:
        value, now = self._limit.value, self._now()
        if self._limits and not force:
            at, last = self._limits[-1]
            if value == last or (now - at < 0.05 and abs(value - last) < 0.25 * last):
                return
        self._limits.append((now, value))
        self._say(e.LimitMoved(sequence=next(self._sequence), time=self._wall + now, limit=value))

    # Later

    def _delay(self, job: Job, seconds: float) -> None:
        assert job.outcome is not None
        if self._stopping:
            self._close(job, State.FAILED)
            return
        due = trio.current_time() + seconds
        heapq.heappush(self._delayed, (due, next(self._turns), job))
        self._say(
            e.Retrying(
                sequence=next(self._sequence),
                time=self._time(),
                connection=job.name,
                outcome=job.outcome,
                attempt=len(job.attempts) + 1,
                delay=seconds,
            )
        )
        self._delayed_changed.set()

    async def _wake_delayed(self) -> None:
        while True:
            due = self._delayed[0][0] if self._delayed else float("inf")
            if self._queue:
                due = min(due, trio.current_time() + HELD_UP)
            with trio.move_on_at(due):
                await self._delayed_changed.wait()
            while self._delayed and self._delayed[0][0] <= trio.current_time():
                self._queue.append(heapq.heappop(self._delayed)[2])
            self._fill()
            self._delayed_changed = trio.Event()

    def _watch(self, job: Job, reason: str) -> None:
        now = self._now()
        if not job.watched:
            job.watched = now
        job.again = now + ASK_AGAIN
        self._watched[job.name] = job
        self._say(
            e.Watching(sequence=next(self._sequence), time=self._time(), connection=job.name, reason=reason)
        )
        if not self._watching:
            self._watching = True
            self._nursery.start_soon(self._look_after)

    async def _look_after(self) -> None:
        """One look for all that are watched, again and again; never more than a tenth of pluto's time."""
        pause = self._options.poll
        while self._watched:
            await trio.sleep(pause)
            asked = trio.current_time()
            up = await self._look()
            pause = max(self._options.poll, 10 * (trio.current_time() - asked))
            if up is None:
                break
            for job in tuple(self._watched.values()):
                await self._see_state(job, job.name in up)
            self._fill()
        self._watching = False

    async def _see_state(self, job: Job, up: bool) -> None:
        assert job.outcome is not None
        now = self._now()
        pending = job.outcome.result is Result.ALREADY_NEGOTIATING
        patience = PENDING if pending and self._options.timeout is None else float("inf")
        if up:
            job.outcome = job.outcome.settled(True)
        elif now >= min(job.expires, job.watched + patience):
            job.outcome = msgspec.structs.replace(
                job.outcome,
                result=Result.DEADLINE,
                ok=False,
                needs_state=False,
                retryable=False,
                sentence=sentence(Result.DEADLINE, self._traits.name, job.name),
            )
        elif not pending or now < job.again or self._stopping:
            return
        del self._watched[job.name]
        self._end_watch(job, now)
        if up:
            self._close(job, State.DONE)
        elif job.outcome.result is Result.DEADLINE:
            await self._failed(job)
        else:
            self._queue.appendleft(job)

    def _end_watch(self, job: Job, now: float) -> None:
        """The watching belongs to the attempt before it, which it prolongs."""
        last = job.attempts.pop()
        assert job.outcome is not None
        cause = "" if job.outcome.ok else job.outcome.result.value
        phases = (*(last.phases or ((Phase.QUEUED, last.admitted),)), (Phase.WATCHED, last.ended))
        job.attempts.append(msgspec.structs.replace(last, ended=now, cause=cause, phases=phases))

    # pluto's state

    async def _look(self) -> frozenset[str] | None:
        """Who is up; None if pluto is gone, which is then being waited for."""
        try:
            return await self._driver.established()
        except NotPermitted as error:
            self.failure = error
            self._scope.cancel()
            await trio.sleep_forever()
        except (PlutoGone, DeadlinePassed):
            self._gone(None)
        return None

    async def _leave_alone(self) -> None:
        while (up := await self._look()) is None:
            await self._back_event.wait()
        for job in self._queue:
            if job.name in up:
                self._close(job, State.ALREADY)
        self._queue = deque(job for job in self._queue if job.state is None)

    async def _verified(self) -> bool:
        """Compare the results with the state. False if there is something to do again."""
        claims = self._traits.initiates or self._traits.terminates
        taken = self._options.asynchronous and not self._options.wait
        if self._away:
            await self._back_event.wait()
            return not self._open
        if not claims or not self._jobs or self._given_up or taken:
            return True
        up = await self._look()
        if up is None:
            return False
        for job in self._jobs.values():
            self._correct(job, job.name in up)
        return not self._open

    def _correct(self, job: Job, up: bool) -> None:
        outcome = job.outcome
        if outcome is not None and outcome.members:
            return
        claimed = job.state in (State.DONE, State.ALREADY)
        if self._traits.initiates:
            if claimed and not up:
                if self._driver.identity != self._identity and not self._stopping:
                    self._begin_anew(job)
                else:
                    self._deny(job, Result.DELETED_BY_OTHER, "was up, and is not any more; see pluto's log")
            elif job.state is State.FAILED and up and outcome is not None:
                job.state, job.outcome = State.DONE, outcome.settled(True)
                self._tell(job, job.state)
        elif claimed and up and self._traits.terminates:
            self._deny(
                job, Result.FAILED, "is up again: it is brought up by auto=, by its peer or by traffic"
            )

    def _deny(self, job: Job, result: Result, said: str) -> None:
        job.state = State.FAILED
        job.outcome = self._no_outcome(job, result, f'"{job.name}" {said}')
        self._tell(job, job.state)

    def _begin_anew(self, job: Job) -> None:
        job.state = None
        self._open += 1
        self._queue.append(job)
        self._say(e.Lost(sequence=next(self._sequence), time=self._time(), connection=job.name))

    # pluto goes away

    def _gone(self, job: Job | None) -> None:
        if job is not None:
            if self._stopping or self._given_up:
                self._close(job, State.FAILED)
            else:
                self._queue.appendleft(job)
        if self._away or self._given_up:
            return
        self._away = True
        self._restarts += 1
        self._back_event = trio.Event()
        flying = tuple(self._in_flight) + ((job.name,) if job is not None else ())
        self._say(e.PlutoLost(sequence=next(self._sequence), time=self._time(), in_flight=flying))
        self._nursery.start_soon(self._recover)

    async def _recover(self) -> None:
        """Wait until pluto is back, see what it took with it, and go on."""
        left = self._now()
        patience = AWAY if self._options.deadline is None else float("inf")
        up: frozenset[str] | None = None
        why = f"pluto went away and was not back after {AWAY:.0f} s; see its log, and start it again"
        with trio.move_on_after(patience):
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
            return
        self._away = False
        self._back = self._now()
        if isinstance(self._limit, AdaptiveLimit):
            self._limit.ceiling = self._driver.ceiling
        self._driver.reserve(self._options.limit or self._driver.ceiling)
        self._say(e.PlutoBack(sequence=next(self._sequence), time=self._time(), away=self._back - left))
        if self._traits.lost and not self._stopping:
            for job in self._jobs.values():
                if job.state in (State.DONE, State.TAKEN, State.ALREADY) and job.name not in up:
                    self._begin_anew(job)
        for job in tuple(self._watched.values()):
            # What was pending there was forgotten with it.
            del self._watched[job.name]
            self._end_watch(job, self._back)
            self._queue.append(job)
        self._identity = self._driver.identity
        self._back_event.set()
        self._fill()

    def _give_up(self, why: str) -> None:
        """pluto did not come back: what is not done is not done."""
        waiting = [*self._queue, *(job for _, _, job in self._delayed), *self._watched.values()]
        self._queue.clear()
        self._delayed.clear()
        self._watched.clear()
        for job in waiting:
            job.outcome = self._no_outcome(job, Result.PLUTO_GONE, f'"{job.name}": {why}')
            self._close(job, State.FAILED)
        for job in self._jobs.values():
            if self._traits.lost and job.state in (State.DONE, State.TAKEN, State.ALREADY):
                self._deny(job, Result.PLUTO_GONE, f"was done, but {why}")
        self._given_up = True
        self._away = False
        self._back_event.set()

    # The end

    async def _clean_up(self) -> None:
        """Take down what the deadline cut off."""
        with trio.move_on_after(CLEAN_UP):
            async with trio.open_nursery() as nursery:
                for job in self._jobs.values():
                    if job.state is None and job.attempts:
                        nursery.start_soon(self._take_down, job)

    def _conclude(self) -> None:
        now = self._now()
        why = Result.DEADLINE if self._late else Result.CANCELLED
        for job in self._jobs.values():
            if job.state is not None:
                continue
            flying = job.flying or job.name in self._watched
            if not job.attempts and not flying:
                self._close(job, State.NOT_STARTED)
                continue
            if job.outcome is None or flying:
                job.outcome = Outcome(
                    operation=self._traits.name,
                    connection=job.name,
                    result=why,
                    ok=False,
                    sentence=sentence(why, self._traits.name, job.name),
                    ended=self._wall + now,
                    retransmissions=job.retransmissions,
                )
            if job.flying:
                job.note(now, why.value)
            self._close(job, State.FAILED if self._late or not flying else State.UNKNOWN)
        results = {name: job.result() for name, job in self._jobs.items()}
        summary = summarise(
            results.values(),
            operation=self._traits.name,
            started=self._wall,
            seconds=now,
            limits=tuple(self._limits),
            restarts=self._restarts,
            interrupted=self._cancelled or self._stopping,
            deadline_passed=self._late,
            dropped=self._dropped + self._stream.dropped,
            sequence=next(self._sequence),
        )
        self._result = BulkResult(summary, results)
        self._stream.put(summary)
        self._stream.close()


_NOTHING_LEFT = frozenset(
    {Result.UNKNOWN, Result.NOT_LISTENING, Result.NOT_ORIENTED, Result.PLUTO_GONE, Result.REFUSED}
)
"""Results after which pluto does nothing by itself."""
