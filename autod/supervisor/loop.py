"""The supervisor: feeds the engine with looks at pluto, and carries its plans out.

Owns the tasks (all in the caller's nursery), the interval of looks and the reports. Decides nothing about a
connection (see `engine`), reads no configuration itself (see `configured`) and knows pluto only as a `Link`.

    _attend  waits for a pluto, and tells the engine when it comes and goes
    _plan    asks the engine for the next acts, begins them, and sleeps until something happens or a time comes
    _look    asks pluto for its state, at an interval that grows with the time of an answer
"""

from __future__ import annotations

import math
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING

import structlog
import trio
from msgspec import UNSET

from autod.errors import ConfigurationError, DeadlinePassed, NoSocket, PlutoGone, WhackError
from autod.supervisor import figures, views
from autod.supervisor.admission import Limits
from autod.supervisor.engine import Engine
from autod.supervisor.states import Act, Actual, Cause, Heard, State
from autod.supervisor.table import Moved, Tried
from autod.supervisor.telling import Teller
from autod.supervisor.views import Operator, SupervisedConnection, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from structlog.typing import FilteringBoundLogger

    from autod.supervisor.link import Instance, Link
    from autod.supervisor.settings import Settings
    from autod.supervisor.table import Entry, Snapshot, Start, Synced, Wanted
    from autod.supervisor.views import Statistics

__all__ = ["Supervisor", "interval"]

log = structlog.get_logger("autod.supervisor")

SHARE = 400.0
"""A look may take a four-hundredth of the time: the idle supervisor stays below half a per cent of a processor."""
_COSTS = 5
"""Looks at the traffic of which the cheapest says what one costs."""
LOOK_GAP = (0.25, 5.0)
"""The least and the most seconds between two looks at the states: between them, twenty times the time of the last."""
GATHER = 0.2
"""Seconds for which lost connections are gathered before pluto is asked about them."""
BY_HAND = "taken down at pluto itself, past the supervisor"
SLEEP_ABSENT = (0.2, 1.0)
"""Seconds between two looks for a missing pluto: soon after it went, and later."""


def interval(connections: int, cost: float, least: float, most: float) -> float:
    """Seconds until the next look at the traffic: 10 ms for each connection, more if an answer was slow."""
    return min(max(least, connections * 0.01, cost * SHARE), most)


class Supervisor:
    """Keeps connections up. `run` does the work; the other methods may be called while it runs.

    `log` (a structlog logger) gets each event as it comes, with the keys of the API's events.
    """

    def __init__(
        self,
        settings: Settings,
        link: Link,
        *,
        version: str = "",
        wall: Callable[[], float] = time.time,
        log: FilteringBoundLogger | None = None,
    ) -> None:
        self.version = version
        self.settings = settings
        self.link = link
        self._teller = Teller(settings.api.backlog, wall, log)
        self.tell, self.feed = self._teller.tell, self._teller.feed
        self.subscribers = 0
        self.instance = uuid.uuid4().hex
        self.configuration = "ok"
        self.troubles: dict[str, str] = {}
        """A sentence for each side feature that does not work as the settings say."""
        self.pluto: Instance | None = None
        self.answer_seconds: float | None = None
        self.stuck = False
        self.loop_delay = 0.0
        self.on_try: Callable[[str, Act, Cause | None, float], None] | None = None
        """Called with each act that ended (for metrics)."""
        self._wall = wall
        self.started = wall()
        self._changed = trio.Event()
        self._look_now = trio.Event()
        self._look_all = False
        self._running: dict[str, trio.CancelScope] = {}
        self._endings: dict[str, str] = {}
        """Why a running try is ended, by connection."""
        self._life = 0
        self._pulses = 0
        self._beaten = 0
        self._beats = trio.Event()
        self._lost = trio.Event()
        self._lost_names: dict[str, None] = {}
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The table. It is made on first use, as it needs the time of the event loop."""
        if self._engine is None:
            self._engine = Engine(self._limits(), trio.current_time())
        return self._engine

    # For the API (see autod.service.methods.Keeper)

    def adopt(
        self,
        wanted: Iterable[Wanted],
        *,
        defined: frozenset[str] | None = None,
        differing: frozenset[str] | None = None,
    ) -> Synced:
        """Keep the connections `wanted` from now on; see Engine.adopt."""
        self.engine.admission.set_limits(self._limits(), trio.current_time())
        synced = self.engine.adopt(wanted, trio.current_time(), defined=defined, differing=differing)
        self._wake()
        return synced

    def names(self) -> list[str]:
        """The names of the connections, in the form for people; every method takes names in this form."""
        return [plain(name) for name in self.engine.table]

    def connection(self, name: str) -> SupervisedConnection | None:
        entry = self.entry(name)
        return None if entry is None else views.connection(entry, self.offset)

    def entry(self, name: str) -> Entry | None:
        """The entry of the connection that is shown as `name`."""
        return self.engine.table.get(self._name(name))

    def order(self, act: str, names: Sequence[str], by: Operator | None = None) -> None:
        """Take an order of an operator: up, down, suspend or resume."""
        now = trio.current_time()
        for name in map(self._name, names):
            match act:
                case "up":
                    self.engine.poke(name, now)
                case "down":
                    self.engine.suspend(name, now, down=True)
                case "suspend":
                    self.engine.suspend(name, now)
                case "resume":
                    self.engine.resume(name, now)
                case _:
                    raise ValueError(act)
            self.tell("operator", connection=name, act=act, by=by)
        self._wake()

    def did(self, act: str, by: Operator, name: str = "") -> None:
        """Report that `by` asked for a reload or a sync, or to add or remove `name`."""
        self.tell("operator", connection=name or UNSET, act=act, by=by)

    def settled(self, act: str, name: str) -> bool:
        """Whether an order to bring `name` up or down has ended, or has to wait for a next try."""
        entry = self.entry(name)
        if entry is None or not self.engine.pluto:
            return True
        record = entry.record
        if record.acting is not None:
            return False
        if act == "down":
            return not record.take_down or record.actual is Actual.ABSENT
        return record.actual is Actual.UP or record.next_try is not None or record.refused or record.suspended

    def pluto_runs(self) -> bool:
        return self.engine.pluto

    def statistics(self) -> Statistics:
        """Everything in figures."""
        return figures.statistics(self)

    def mended(self, detail: str) -> None:
        """Secrets or the like changed: try connections again that were refused."""
        self.engine.mended(trio.current_time(), detail)
        self._wake()

    async def reread_secrets(self) -> None:
        """Make pluto read its secrets again, and try connections again that were refused. Does nothing without a
        pluto."""
        if self.pluto is None:
            return
        try:
            await self.link.reread_secrets()
        except WhackError as problem:
            self.tell("reload", cause="secrets", detail=str(problem))
            return
        self.mended("the secrets were read again")

    async def look(self) -> Snapshot:
        """Look at everything now, and take it in. Raises PlutoGone or DeadlinePassed."""
        if self.pluto is None:
            raise PlutoGone("pluto is not running")
        return await self._observe(states=True, everything=True)

    def trouble(self, about: str, sentence: str) -> None:
        """Report that the side feature `about` does not work; with an empty `sentence`, that it works again."""
        if sentence == self.troubles.get(about, ""):
            return
        if sentence:
            self.troubles[about] = plain(sentence)
            self.tell("trouble", cause=about, detail=sentence)
        else:
            del self.troubles[about]
            self.tell("trouble", detail=f"{about}: works again")

    def look_soon(self) -> None:
        """Look at the states as soon as the interval allows."""
        self._look_now.set()

    def end_try(self, name: str, why: str) -> None:
        """End the running act for `name`. It counts as one that gave way, with this sentence."""
        if name in self._running:
            self._endings[name] = why
            self._running[name].cancel()

    def went_down(self) -> None:
        """Called when a connection that was up is not any more. Does nothing here."""

    async def pulse(self) -> None:
        """Return when the planning task has gone round again. For a watchdog."""
        self._pulses += 1
        mine = self._pulses
        while self._beaten < mine:
            beat = self._beats
            self._wake()
            await beat.wait()

    # The tasks

    async def run(self) -> None:
        """Supervise until cancelled, which leaves pluto and its tunnels as they are."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._plan, nursery)
            nursery.start_soon(self._attend)

    async def prepare(self, instance: Instance) -> None:
        """Called with each pluto that is found, before any request to it. Does nothing here."""
        await trio.lowlevel.checkpoint()

    async def met(self) -> None:
        """Called after the engine was told of a pluto. Does nothing here."""
        await trio.lowlevel.checkpoint()

    async def take_down(self, within: float) -> None:
        """Take down every connection that is up, a bounded number at a time. For the end of the service."""
        up = [n for n, e in self.engine.table.items() if e.record.actual is Actual.UP or e.record.negotiating]
        limit = trio.CapacityLimiter(self._limits().in_flight)

        async def one(name: str) -> None:
            async with limit:
                try:
                    await self.link.act(Act.DOWN, name, within, _nothing)
                except WhackError as problem:
                    log.warning("down failed", connection=name, detail=str(problem))

        with trio.move_on_after(within):
            async with trio.open_nursery() as nursery:
                for name in up:
                    nursery.start_soon(one, name)

    async def _attend(self) -> None:
        last_complaint: str | None = None
        lost_at = trio.current_time()
        while True:
            try:
                instance = await self.link.find()
            except WhackError as problem:
                if str(problem) != last_complaint:
                    last_complaint = str(problem)
                    log.warning("no pluto", detail=last_complaint)
                recent = trio.current_time() - lost_at < 15.0
                await trio.sleep(SLEEP_ABSENT[0] if recent else SLEEP_ABSENT[1])
                continue
            last_complaint = None
            await self.prepare(instance)
            self.pluto, self.stuck = instance, False
            self.engine.pluto_found(trio.current_time())
            self.engine.admission.set_limits(self._limits(), trio.current_time())
            self.tell("pluto", after="found", detail=f"Libreswan {instance.release}")
            self.trouble("programs", instance.foreign)
            await self.met()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._look, nursery.cancel_scope)
                nursery.start_soon(self._who_took_down)
                self._wake()
                await self.link.gone()
                nursery.cancel_scope.cancel()
            self.pluto, lost_at = None, trio.current_time()
            self._life += 1
            for scope in self._running.values():
                scope.cancel()
            self._running.clear()
            self.engine.pluto_lost(lost_at)
            self._report()
            self.tell("pluto", after="lost", detail="pluto is gone")

    async def _plan(self, nursery: trio.Nursery) -> None:
        engine = self.engine
        while True:
            pulses = self._pulses
            self._changed = trio.Event()
            wake: float | None = None
            # A pluto that does not answer gets no request but the looks.
            if self.pluto is not None and not self.stuck:
                plan = engine.plan(trio.current_time())
                for start in plan.starts:
                    nursery.start_soon(self._perform, start, self._life)
                for name in plan.give_way:
                    if name in self._running:
                        self._running[name].cancel()
                if plan.look:
                    self._look_all = self._look_all or plan.look_all
                    self._look_now.set()
                wake = plan.wake
            self._report()
            if pulses > self._beaten:
                self._beaten = pulses
                beats, self._beats = self._beats, trio.Event()
                beats.set()
            planned = math.inf if wake is None else wake
            with trio.move_on_at(planned):
                await self._changed.wait()
            if planned <= trio.current_time():
                self.loop_delay = trio.current_time() - planned

    async def _perform(self, start: Start, life: int) -> None:
        if self._life != life:
            return
        name, act = start.name, start.act
        cause: Cause | None = Cause.GAVE_WAY
        detail = "others were waiting, and nobody had answered" if act is Act.UP else ""
        passing, reason, advice = False, "", ""
        with trio.CancelScope() as scope:
            self._running[name] = scope
            try:
                result = await self.link.act(act, name, start.deadline, lambda: self._heard(name))
                cause, detail, passing = result.cause, result.detail, result.passing
                reason, advice = result.reason, result.advice
                self._teller.result(name, act, result)
            except PlutoGone as problem:
                cause, detail = Cause.PLUTO_GONE, str(problem)
            except DeadlinePassed as problem:
                cause, detail = Cause.DEADLINE, str(problem)
            except ConfigurationError as problem:
                cause, detail = Cause.CONFIGURATION, str(problem)
            except WhackError as problem:
                cause, detail = Cause.REFUSED, str(problem)
            except Exception as problem:
                # An error with one connection must not end supervision.
                log.exception("act failed", connection=name, act=act.value)
                cause, detail = Cause.FAILED, repr(problem)
        if self._running.get(name) is scope:
            del self._running[name]
        why = self._endings.pop(name, "")
        if self._life != life:
            return
        if scope.cancelled_caught:
            detail = why or detail
            await self.link.give_up(name)
        self.engine.finish(
            name,
            start.ticket,
            trio.current_time(),
            cause,
            detail,
            passing=passing,
            reason=reason,
            advice=advice,
        )
        self._wake()

    async def _look(self, life: trio.CancelScope) -> None:
        asked_at = -math.inf
        cost = 0.0
        # A look at everything, or a machine that is busy for a moment, is no reason to look at the traffic seldom.
        costs = deque[float](maxlen=_COSTS)
        while True:
            wait = interval(
                len(self.engine.table),
                min(costs, default=0.0),
                self.settings.supervise.poll_min,
                self.settings.supervise.poll_max,
            )
            with trio.move_on_at(asked_at + wait):
                await self._look_now.wait()
            states = self._look_now.is_set()
            if states:
                await trio.sleep_until(asked_at + min(max(LOOK_GAP[0], 20 * cost), LOOK_GAP[1]))
            everything, self._look_all, self._look_now = self._look_all, False, trio.Event()
            asked_at = trio.current_time()
            try:
                await self._observe(states=states, everything=everything)
            except DeadlinePassed as problem:
                if not self.stuck:
                    self.stuck = True
                    self.tell("pluto", after="stuck", cause="stuck", detail=str(problem))
            except NoSocket:
                # Nobody listens any more: so pluto's end shows if its process cannot be watched.
                life.cancel()
            except PlutoGone:
                await trio.sleep(1.0)
            cost = trio.current_time() - asked_at if not self.stuck else 0.0
            if not (states or self.stuck):
                costs.append(cost)

    async def _who_took_down(self) -> None:
        """For each connection that was lost, find out whether somebody else told pluto to take it down."""
        while True:
            await self._lost.wait()
            # Ask for several at once, but soon: our own next try would hide the answer.
            await trio.sleep(GATHER)
            self._lost, names = trio.Event(), list(self._lost_names)
            self._lost_names.clear()
            try:
                kept_up = await self.link.kept_up(names)
            except WhackError as problem:
                log.debug("not known who took it down", detail=str(problem))
                continue
            for name in names:
                if kept_up.get(name) is False and self.engine.taken_down(name, trio.current_time()):
                    self.tell(
                        "operator", connection=name, act="down", cause=Cause.TAKEN_DOWN.value, detail=BY_HAND
                    )
            self._wake()

    async def _observe(self, *, states: bool, everything: bool) -> Snapshot:
        began = trio.current_time()
        snapshot = await self.link.look(states=states, everything=everything)
        self.answer_seconds = trio.current_time() - began
        if self.stuck:
            self.stuck = False
            self.tell("pluto", after="answers", detail="pluto answers again")
        self.engine.observe(snapshot, trio.current_time())
        self._wake()
        return snapshot

    # Within

    def _name(self, label: str) -> str:
        """The name of the connection that is shown as `label`."""
        if label in self.engine.table:
            return label
        return next((name for name in self.engine.table if plain(name) == label), label)

    def _limits(self) -> Limits:
        supervise = self.settings.supervise
        in_flight = supervise.limit
        if self.pluto is not None and self.pluto.descriptors is not None:
            in_flight = max(min(in_flight, self.pluto.descriptors - 64), 1)
        return Limits(in_flight=in_flight, per_minute=float(supervise.rate))

    def _heard(self, name: str) -> None:
        self.engine.feed(name, Heard(), trio.current_time())

    def _wake(self) -> None:
        self._changed.set()

    @property
    def offset(self) -> float:
        """The difference between UNIX seconds and the loop's clock."""
        return self._wall() - trio.current_time()

    def _report(self) -> None:
        offset = self.offset
        for report in self.engine.reports():
            self._teller.report(report, offset)
            if isinstance(report, Moved) and report.before is State.UP:
                self.went_down()
            if isinstance(report, Moved) and report.record.cause in (Cause.LOST, Cause.FLAPPING):
                entry = self.engine.table.get(report.name)
                if report.before is State.UP and entry is not None and entry.initiated:
                    self._lost_names[report.name] = None
                    self._lost.set()
            if isinstance(report, Tried) and self.on_try is not None:
                self.on_try(report.name, report.act, report.cause, report.seconds)


def _nothing() -> None:
    pass
