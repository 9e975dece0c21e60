"""The course of a run: who is sent when, who is tried again, who is watched.

Owns: the tasks. Must not know: sockets, messages, pluto's lines (autod.bulk.driver and below), how a limit is found
(autod.bulk.limit), where each connection stands (autod.bulk.ledger), how a run is shown.

A request that takes its time has a task of its own; those that pluto answers at once have one together
(autod.bulk.sprint). One task wakes retries, one looks at pluto's state while connections are watched, one waits for
a pluto that went away. All live in the nursery of `Run.work`, and end with it.

Three things about pluto shape it (facts measured on 4.10 and 5.2). A silent peer holds its place for 64 s: so
attempts that only retransmit do not count against the limit, as long as others are answered without. A second
up while one is pending ends without a word: so it is watched by state, and asked again from time to time, as
the pending one may fail. A restart takes everything with it: so each finished job is looked at again, and
begun again if its connection is no longer up.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import trio

from autod.bulk import events as e
from autod.bulk.ledger import Ledger
from autod.bulk.limit import AdaptiveLimit, FixedLimit
from autod.bulk.loads import load_waiting
from autod.bulk.lookout import Lookout
from autod.bulk.operations import UNANSWERED, find
from autod.bulk.outage import AWAY, Outage
from autod.bulk.plan import admission_order
from autod.bulk.result import BulkResult, ResultState, summarise
from autod.bulk.sprint import sprint
from autod.bulk.teller import Teller
from autod.bulk.watch import Check, check
from autod.errors import ConfigurationError, DeadlinePassed, NotPermitted, PlutoGone, UsageError, WhackError
from autod.outcomes import Outcome, Result, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from structlog.typing import FilteringBoundLogger

    from autod.bulk.driver import Driver
    from autod.bulk.job import Job
    from autod.bulk.options import Options
    from autod.bulk.stream import Stream
    from autod.events import Event

__all__ = ["Run"]

SETTLE = 0.5
"""Seconds between two tries of what a pluto that was started anew does not know yet."""

HELD_UP = 1.0
"""Seconds between looks for room, where pluto may still hold the descriptors of requests that were given up."""

MOST_LOST = 3
"""So many times a connection is asked for again of a pluto that goes away meanwhile: one that kills pluto must not kill
it for ever."""

SHORT_LOOK = 0.5
"""Seconds for the look whether a pluto that let a request wait until its end answers at all."""

LATELY = 10.0
"""Seconds since a pluto was heard for which it counts as busy and not as stopped: that look takes as long then."""

LAST_LOOK = 1.0
"""Seconds for the look whether anything came to pass after all, where nothing did as far as was said: a pluto that
answers at all does so in less, with 5,000 connections up."""

CLEAN_UP = 5.0
"""Seconds for taking down what is left, after the deadline, where on_failure says so."""

_NOTHING_LEFT = frozenset(
    {
        Result.UNKNOWN,
        Result.LOAD_FAILED,
        Result.NOT_LISTENING,
        Result.NOT_ORIENTED,
        Result.NOT_SENT,
        Result.PLUTO_GONE,
        Result.REFUSED,
    }
)
"""Results after which pluto does nothing by itself."""


class Run:
    """One run, while it goes on: iterate over it for its events, then see `result`.

    `stop_admitting` and `cancel` may be called from any task of the same event loop.
    """

    def __init__(
        self,
        driver: Driver,
        operation: str,
        names: Iterable[str],
        options: Options,
        log: FilteringBoundLogger | None = None,
    ) -> None:
        self._driver = driver
        self._row = find(operation)
        self._options = options
        self._teller = Teller(log)
        order = admission_order(names, options.peers)
        loads = [step.loads for step in driver.steps]
        self._ledger = Ledger(self._teller, order, options.peers, operation, loads)
        self._ask = next((step for step in driver.steps if not step.loads), None)
        self._load = next((step for step in driver.steps if step.loads), None)
        self._limit: AdaptiveLimit | FixedLimit
        self._limit = FixedLimit(options.limit) if options.limit else AdaptiveLimit(driver.ceiling)
        self._wake = trio.Event()
        self._sprinting = False
        self._doubtful = False
        self._stuck = False
        self._heard = -math.inf
        self._loading: trio.CancelScope | None = None
        self._outage = Outage(
            driver,
            self._ledger,
            self._teller,
            self._row,
            patience=AWAY if options.deadline is None else float("inf"),
        )
        self._lookout = Lookout(
            self._ledger, self._teller, options, look=self._look, failed=self._failed, looked=self._fill
        )
        self._cancelled = False
        self._late = False
        self._scope = trio.CancelScope()
        self._result: BulkResult | None = None
        self.failure: WhackError | None = None

    def __aiter__(self) -> Stream[e.BulkEvent]:
        return self._teller.stream

    @property
    def result(self) -> BulkResult:
        """What became of all. RuntimeError before the run has ended."""
        if self._result is None:
            raise RuntimeError("the run has not ended yet: take its events to the end first")
        return self._result

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The connections that requests are under way for, or that are watched."""
        return (*self._ledger.in_flight, *self._ledger.watched)

    def stop_admitting(self) -> None:
        """Send nothing new; what is in flight goes on to its end."""
        if self._loading is not None:
            self._loading.cancel()
        for job in self._ledger.stop():
            self._ledger.close(job, ResultState.NOT_STARTED if job.outcome is None else ResultState.FAILED)
        if self._outage.away or not self.in_flight:
            self._scope.cancel()

    def cancel(self) -> None:
        """End at once; pluto goes on with what is in flight, which the result names."""
        self._cancelled = True
        self._scope.cancel()

    async def work(self) -> None:
        """The run, from its first request to its summary. Never raises but what cancels it: see `failure`."""
        self._teller.start()
        self._scope.deadline = self._teller.begun + (self._options.deadline or float("inf"))
        try:
            with self._scope:
                await self._course()
            self._late = self._scope.cancelled_caught and not (self._cancelled or self._ledger.stopped)
            if self._late and self._options.on_failure == "down" and self._row.initiates:
                await self._clean_up()
        finally:
            self._conclude()

    async def _course(self) -> None:
        self._outage.meet()
        self._driver.reserve(self._options.limit or self._driver.ceiling)
        self._teller.limit(self._limit.value, self._teller.now())
        try:
            for step in self._driver.steps[1:]:
                # Before anything is deleted that could not be loaded again.
                await step.check()
        except WhackError as error:
            self.failure = error
            return
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            if self._options.if_down and self._row.initiates and self._ledger.jobs:
                await self._leave_alone_what_is_up()
            nursery.start_soon(self._wake_delayed)
            self._fill()
            while True:
                await self._ledger.all_through()
                if await self._verified():
                    break
            nursery.cancel_scope.cancel()

    async def _leave_alone_what_is_up(self) -> None:
        up: frozenset[str] | None = None
        while up is None and not self._outage.given_up:
            try:
                up = await self._look(self._options.timeout)
            except DeadlinePassed as error:
                # To wait longer would not help: pluto is busy or stopped, and got no request yet.
                self._stuck = True
                self._ledger.refuse_waiting(error)
                return
            if up is None:
                await self._outage.wait()
        self._ledger.leave_alone(up or frozenset())

    def _room(self) -> int:
        """How many more may be in flight."""
        flying = len(self._ledger.in_flight)
        places = self._driver.places(flying)
        if self._limit.spares_silent:
            flying -= self._ledger.stalled
        return min(places, self._limit.value - flying)

    def _fill(self) -> None:
        ledger = self._ledger
        while (
            ledger.queue
            and not (self._outage.away or self._doubtful)
            and self._room() > 0
            and not self._sprinting
        ):
            if self._ask is not None and self._ask.is_quick:
                self._sprinting = True
                self._nursery.start_soon(self._sprint)
            else:
                self._hand_over(ledger.take(self._options.timeout))
        if ledger.loading and not self._outage.away and self._loading is None:
            self._loading = trio.CancelScope()
            self._nursery.start_soon(self._load_waiting, self._loading)
        if ledger.queue and not ledger.in_flight:
            # What is in the way are descriptors of requests that were given up: time will tell.
            self._wake.set()

    async def _worker(self, job: Job) -> None:
        await self._attempt(job)
        self._fill()

    async def _load_waiting(self, scope: trio.CancelScope) -> None:
        assert self._load is not None
        try:
            with scope:
                await load_waiting(
                    self._load,
                    self._ledger,
                    timeout=self._options.timeout,
                    hear=self._hear,
                    settle=self._settle,
                    fail=self._fail_to_load,
                )
        except (ConfigurationError, UsageError) as error:
            self.failure = error
            self._scope.cancel()
        finally:
            self._loading = None
        if scope.cancelled_caught:
            # Those that pluto was sent last; nobody reads what it says of them.
            for job in [job for job in self._ledger.in_flight.values() if self._load_is_next(job)]:
                self._ledger.land(job)
                reason = sentence(Result.CANCELLED, self._row.name, job.name)
                self._settle(job, self._ledger.outcome(job, Result.CANCELLED, reason))
        self._fill()

    def _load_is_next(self, job: Job) -> bool:
        return self._driver.steps[job.step].loads

    def _fail_to_load(self, job: Job | None, error: WhackError) -> None:
        """Loading ended: for the job that was sent, or before any was."""
        if isinstance(error, DeadlinePassed):
            # pluto is busy or stopped: to wait longer would not help.
            self._ledger.refuse_waiting(error)
        if job is not None:
            self._settle(job, self._outcome_of(job, error))
        elif isinstance(error, PlutoGone) and not isinstance(error, NotPermitted):
            self._gone(None)
        else:
            self.failure = self.failure or (None if isinstance(error, DeadlinePassed) else error)
            if self.failure is not None:
                self._scope.cancel()

    async def _sprint(self) -> None:
        assert self._ask is not None
        try:
            await sprint(
                self._ask,
                self._ledger,
                turn=self._driver.turn,
                take=self._take_quick,
                hand_over=self._hand_over,
                settle=self._settle,
                hear=self._hear,
            )
        finally:
            self._sprinting = False
        self._fill()

    def _take_quick(self, most: int) -> Iterator[Job]:
        ledger = self._ledger
        if not (self._outage.away or self._doubtful):
            for _ in range(min(most, self._room(), len(ledger.queue))):
                yield ledger.take(self._options.timeout)

    def _hand_over(self, job: Job) -> None:
        self._nursery.start_soon(self._worker, job)

    def _hear(self, job: Job, event: Event) -> None:
        """Called from the reader, so it must not block."""
        self._heard = self._teller.now()
        if self._ledger.hear(job, event):
            if not self._ledger.untaken:
                now = self._teller.now()
                self._limit.all_taken(now - job.admitted)
                self._teller.limit(self._limit.value, now)
            self._fill()

    async def _attempt(self, job: Job) -> None:
        ledger = self._ledger
        step = self._driver.steps[job.step]
        try:
            outcome = await step.attempt(job.name, partial(self._hear, job), self._left_for(job))
        except WhackError as error:
            outcome = self._outcome_of(job, error)
        except Exception as error:
            # Our own fault, with one connection: the others must still be followed to their ends.
            reason = f'"{job.name}": autod failed ({type(error).__name__}: {error}); pluto goes on with it'
            outcome = ledger.outcome(job, Result.FAILED, reason)
        finally:
            ledger.land(job)
        self._settle(job, outcome)

    def _left_for(self, job: Job) -> float | None:
        """Seconds that its attempt may still take: it counts from the moment at which it was admitted."""
        if self._options.timeout is None:
            return None
        return max(0.0, job.admitted + self._options.timeout - self._teller.now())

    def _outcome_of(self, job: Job, error: WhackError) -> Outcome:
        """What a job comes to where its request ended in an error."""
        result = Result.FAILED
        if isinstance(error, NotPermitted):
            result = Result.REFUSED
        elif isinstance(error, PlutoGone):
            result = Result.PLUTO_GONE
        elif isinstance(error, DeadlinePassed):
            result = Result.DEADLINE
        return self._ledger.outcome(job, result, str(error))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        """What becomes of a job whose request is over."""
        if outcome.ok and self._ledger.go_on(job):
            self._fill()
            return
        now = self._teller.now()
        if outcome.operation != self._row.name:
            outcome = msgspec.structs.replace(outcome, operation=self._row.name)
        job.outcome = outcome
        result = outcome.result
        job.note(now, "" if outcome.ok else result.value)
        self._limit.ended(
            now,
            now - job.admitted,
            answered=result not in UNANSWERED,
            retransmissions=job.attempts[-1].retransmissions,
        )
        self._teller.limit(self._limit.value, now)
        if result not in (Result.NOT_SENT, Result.DEADLINE, Result.CANCELLED):
            self._heard = now
        elif result is not Result.CANCELLED and not job.heard and not self._doubtful:
            self._doubtful = True
            self._nursery.start_soon(self._see_whether_it_answers)
        if result is Result.PLUTO_GONE:
            self._gone(job)
        elif result is Result.ACCEPTED and self._row.initiates:
            if self._options.wait:
                self._watch(job, "pluto has taken it")
            else:
                self._ledger.close(job, ResultState.TAKEN)
        elif outcome.ok:
            self._ledger.close(job, ResultState.DONE)
        elif result is Result.ALREADY_NEGOTIATING and self._row.initiates:
            self._watch(job, "another request for it is pending")
        elif self._outage.is_recent and result in (Result.UNKNOWN, Result.NOT_LISTENING):
            self._delay(job, SETTLE)
        else:
            self._failed(job)

    async def _see_whether_it_answers(self) -> None:
        """A request was given up, and pluto had said nothing of it. If it does not answer at all, it is busy or
        stopped, and each job that waits would run into its own deadline, one after the other."""
        try:
            is_busy = self._teller.now() - self._heard < LATELY
            await self._driver.established(LATELY if is_busy else SHORT_LOOK)
        except DeadlinePassed as error:
            self._stuck = True
            self._ledger.refuse_waiting(error)
        except WhackError:
            pass  # that pluto went away, the next request finds out
        self._doubtful = False
        self._fill()

    def _failed(self, job: Job) -> None:
        assert job.outcome is not None
        if job.outcome.retryable and not self._ledger.stopped:
            job.failures += 1
            delay = self._options.backoff.delay(job.failures, self._options.draw)
            if delay is not None:
                job.watched = 0.0
                self._delay(job, delay)
                return
        leaves = self._row.initiates and job.outcome.result not in _NOTHING_LEFT
        if leaves and self._options.on_failure == "down":
            self._nursery.start_soon(self._clean_up_after, job)
        else:
            self._ledger.close(job, ResultState.FAILED)

    async def _clean_up_after(self, job: Job) -> None:
        """It is through when what it left behind is taken down."""
        if await self._take_down(job) and job.outcome is not None:
            job.outcome = msgspec.structs.replace(job.outcome, left_behind=None)
        self._ledger.close(job, ResultState.FAILED)

    async def _take_down(self, job: Job) -> bool:
        try:
            await self._driver.down(job.name)
        except WhackError:
            return False
        return True

    def _delay(self, job: Job, seconds: float) -> None:
        if self._ledger.stopped:
            self._ledger.close(job, ResultState.FAILED)
            return
        self._ledger.delay(job, seconds)
        self._wake.set()

    async def _wake_delayed(self) -> None:
        ledger = self._ledger
        while True:
            due = ledger.delayed[0][0] if ledger.delayed else float("inf")
            if ledger.queue:
                due = min(due, trio.current_time() + HELD_UP)
            with trio.move_on_at(due):
                await self._wake.wait()
            ledger.wake()
            self._fill()
            self._wake = trio.Event()

    def _watch(self, job: Job, reason: str) -> None:
        self._lookout.watch(job, reason)
        if not self._lookout.is_running:
            self._lookout.is_running = True
            self._nursery.start_soon(self._lookout.run)

    # pluto's state

    async def _look(self, patience: float | None = None) -> frozenset[str] | None:
        """Who is up; None if pluto is gone, which is then being waited for. DeadlinePassed where it is there, and says
        nothing for `patience` seconds."""
        try:
            return await self._driver.established(patience)
        except NotPermitted as error:
            self.failure = error
            self._scope.cancel()
            await trio.sleep_forever()
        except PlutoGone:
            self._gone(None)
        return None

    async def _verified(self) -> bool:
        """Compare the results with the state. False if there is something to do again."""
        if self._outage.away:
            await self._outage.wait()
            return not self._ledger.open
        if self._stuck:
            return True
        claims = self._row.initiates or (self._row.leaves == "down")
        if not claims or not self._ledger.jobs or self._outage.given_up or self._options.taken_is_enough:
            return True
        try:
            if self._ledger.is_any_so:
                up = await self._look()
                if up is None:
                    return False
            else:
                # What failed may have come to pass after all; a pluto that does not say so is not waited for.
                up = await self._driver.established(min(self._options.timeout or LAST_LOOK, LAST_LOOK))
        except WhackError:
            return True
        for job in self._ledger.jobs.values():
            self._correct(job, check(job, job.name in up, self._row))
        return not self._ledger.open

    def _correct(self, job: Job, truth: Check) -> None:
        if truth is Check.UP_AFTER_ALL and job.outcome is not None:
            self._ledger.correct(job, ResultState.DONE, job.outcome.settled(True))
        elif truth is Check.UP_AGAIN:
            self._ledger.deny(job, Result.FAILED, "is up again: by auto=, by its peer or by traffic")
        elif truth is Check.DOWN_AGAIN:
            if self._outage.is_another and not self._ledger.stopped:
                self._ledger.reopen(job)
                self._fill()
            else:
                self._ledger.deny(
                    job, Result.DELETED_BY_OTHER, "was up, and is not any more; see pluto's log"
                )

    # pluto goes away

    def _gone(self, job: Job | None) -> None:
        if job is not None:
            if self._ledger.stopped or self._outage.given_up:
                self._ledger.close(job, ResultState.FAILED)
            elif job.lost >= MOST_LOST:
                reason = f'"{job.name}": pluto went away {job.lost} times while it was asked; see its log'
                job.outcome = self._ledger.outcome(job, Result.PLUTO_GONE, reason)
                self._ledger.close(job, ResultState.FAILED)
            else:
                self._ledger.enqueue(job, first=True)
        if self._outage.away or self._outage.given_up:
            return
        if self._ledger.stopped:
            self._scope.cancel()
            return
        self._outage.begin((*self._ledger.in_flight, *(() if job is None else (job.name,))))
        self._nursery.start_soon(self._recover)

    async def _recover(self) -> None:
        if await self._outage.over():
            if isinstance(self._limit, AdaptiveLimit):
                self._limit.ceiling = self._driver.ceiling
            self._driver.reserve(self._options.limit or self._driver.ceiling)
        self._outage.end()
        self._fill()

    # The end

    async def _clean_up(self) -> None:
        """Take down what the deadline cut off."""
        with trio.move_on_after(CLEAN_UP):
            async with trio.open_nursery() as nursery:
                for job in self._ledger.jobs.values():
                    if job.flying or job.name in self._ledger.watched:
                        nursery.start_soon(self._take_down, job)

    def _conclude(self) -> None:
        for job in self._ledger.jobs.values():
            if job.state is None:
                self._cut_off(job)
        results = {name: job.result() for name, job in self._ledger.jobs.items()}
        teller = self._teller
        summary = summarise(
            results.values(),
            operation=self._row.name,
            started=teller.wall,
            seconds=teller.now(),
            limits=tuple(teller.limits),
            restarts=self._outage.restarts,
            interrupted=self._cancelled or self._ledger.stopped,
            deadline_passed=self._late,
            dropped=teller.dropped + teller.stream.dropped,
            sequence=teller.sequence(),
        )
        self._result = BulkResult(summary, results)
        teller.close(summary)

    def _cut_off(self, job: Job) -> None:
        """The run ends before the job is through."""
        flying = job.flying or job.name in self._ledger.watched
        why = Result.DEADLINE if self._late else Result.CANCELLED
        if flying:
            job.outcome = self._ledger.outcome(job, why, sentence(why, self._row.name, job.name))
        if job.flying:
            job.note(self._teller.now(), why.value)
        if not flying and job.outcome is None:
            self._ledger.close(job, ResultState.NOT_STARTED)
        else:
            self._ledger.close(job, ResultState.FAILED if self._late or not flying else ResultState.UNKNOWN)
