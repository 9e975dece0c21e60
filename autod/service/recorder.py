"""Writes the supervisor's events into the history, and answers questions from it.

Owns the way from an event to a change of the history, and when clients get the event (see `Feed.hold`). Threads do all
work on the file: a slow disk does not hold up pluto, and a client no longer than `PATIENCE`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
import trio
from msgspec import UnsetType

from autod.service import history
from autod.service.history import DAY
from autod.service.ledger import UNKNOWN, Change, Truth
from autod.service.store import Named, Reader, Store
from autod.supervisor.states import Keep
from autod.supervisor.views import Operator, plain

if TYPE_CHECKING:
    from autod.service.sides import Trouble
    from autod.supervisor.configured import ConfiguredSupervisor
    from autod.supervisor.settings import Settings
    from autod.supervisor.views import SupervisorEvent

__all__ = ["Recorder"]

T = TypeVar("T")

log = structlog.get_logger("autod.service.history")

PATIENCE = 2.0
"""Seconds that an event waits to be written. After that clients get it all the same, as the disk may hang."""
KEPT = 20_000
"""The most changes that are kept in memory while they cannot be written."""
AGAIN = 5.0
ALIVE = 10.0
"""Seconds between two signs of life in the file. After a crash, at most this much time before it counts as unknown."""
SETTLED = 20.0
"""Seconds after the start at which the state of each connection without an event is recorded. A supervisor that starts
learns the states within a second or two; before that they are not known."""
EVERY = 60.0
OPENS = 5.0
"""Seconds that a question waits for the history to be opened: the API answers before that."""


class Recorder:
    """The history of one supervisor. `day` has the sums of the last day of each connection, read every minute."""

    def __init__(self, supervisor: ConfiguredSupervisor, *, wall: Callable[[], float] = time.time) -> None:
        self._supervisor = supervisor
        self._wall = wall
        self._path = ""
        self._written = 0
        self._pending: list[tuple[Named, Change]] = []
        self._left_out = 0
        self._truths: dict[str, Truth] = {}
        self._disk = trio.CapacityLimiter(1)
        self._tried = trio.Event()
        self.day: tuple[history.Account, ...] = ()

    @property
    def path(self) -> str:
        """The path of the open history, or empty."""
        return self._path

    async def run(self, settings: Settings, trouble: Trouble) -> None:
        """Write events until cancelled. Raises OSError, sqlite3.Error or ConfigurationError if the file cannot be
        used."""
        try:
            if settings.history.file:
                await self._run(settings, trouble)
        finally:
            self._tried.set()

    async def _run(self, settings: Settings, trouble: Trouble) -> None:
        history_settings = settings.history
        open_store = partial(
            Store,
            history_settings.file,
            size=history_settings.size << 20,
            keep=int(history_settings.keep * 1000),
        )
        try:
            store = await self._in_thread(open_store)
        except sqlite3.Error as problem:
            raise OSError(0, str(problem), history_settings.file) from None
        feed = self._supervisor.feed
        try:
            if store.damaged:
                log.error("the history was damaged and is begun anew", kept=store.damaged)
            await self._in_thread(partial(store.begin, self._now()))
            self._path = history_settings.file
            self._tried.set()
            feed.hold()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._look_at_the_day)
                nursery.start_soon(self._settle)
                await self._write_all(store, trouble)
        except sqlite3.Error as problem:
            raise OSError(0, str(problem), history_settings.file) from None
        finally:
            self._path = ""
            self._take_all()
            with trio.CancelScope(shield=True):
                await self._in_thread(partial(self._last_words, store, self._now()))
            feed.let_go()

    async def accounts(
        self, since: float, until: float, names: Sequence[str] | None = None, peer: str | None = None
    ) -> list[history.Account]:
        """The sums of each connection. Raises OSError if there is no history."""
        return await self._ask(lambda reader: history.accounts(reader, since, until, names, peer))

    async def changes(
        self, since: float, until: float, names: Sequence[str], most: int
    ) -> list[history.Change]:
        """The changes of the connections that `names` match; without names, those of all connections and of none."""
        return await self._ask(lambda reader: history.changes(reader, since, until, names, most))

    async def outages(
        self, since: float, until: float, names: Sequence[str], most: int
    ) -> list[history.Outage]:
        """The last `most` outages of the connections that `names` match."""
        return await self._ask(lambda reader: history.outages(reader, since, until, names, most))

    async def outages_of(self, since: float, until: float, name: str, most: int) -> list[history.Outage]:
        """The last `most` outages of the connection of exactly this name."""
        return await self._ask(lambda reader: history.outages_of(reader, since, until, [name])[-most:])

    # Within

    async def _ask(self, question: Callable[[Reader], T]) -> T:
        with trio.move_on_after(OPENS):
            await self._tried.wait()
        return await _ask(self._path, question)

    async def _write_all(self, store: Store, trouble: Trouble) -> None:
        feed = self._supervisor.feed
        while True:
            with trio.move_on_after(AGAIN if self._pending else ALIVE):
                await feed.wait_published(self._written)
            self._take_all()
            await self._write(store, trouble)
            feed.release(self._written)

    def _take_all(self) -> None:
        events, lost = self._supervisor.feed.unwritten(self._written)
        self._left_out += lost
        for event in events:
            self._take(event)
            self._written = event.sequence
        overflow = len(self._pending) - KEPT
        if overflow > 0:
            del self._pending[:overflow]
            self._left_out += overflow

    async def _write(self, store: Store, trouble: Trouble) -> None:
        """Write the pending changes. If that fails, they stay pending."""
        batch = list(self._pending)
        if self._left_out:
            word = f"{self._left_out} changes could not be written"
            batch.insert(0, (Named(""), Change(self._now(), "missed", detail=word)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._impatient)
            try:
                await self._in_thread(partial(_write, store, batch, self._now()))
            except sqlite3.Error as problem:
                trouble(f"history: {store.path}: {problem}; the last {KEPT} changes are kept in memory")
            else:
                self._pending.clear()
                self._left_out = 0
                trouble("")
            nursery.cancel_scope.cancel()
        self._supervisor.feed.hold()

    async def _impatient(self) -> None:
        await trio.sleep(PATIENCE)
        self._supervisor.feed.let_go()

    def _take(self, event: SupervisorEvent) -> None:
        at = int(event.time * 1000)
        name = event.connection if isinstance(event.connection, str) else ""
        cause, detail = _text(event.cause), _text(event.detail)
        match event.kind:
            case "state":
                self._put(name, Change(at, "state", _text(event.after), self._expected(name), cause, detail))
            case "operator":
                by = ""
                if isinstance(event.uid, int) and isinstance(event.pid, int):
                    by = str(
                        Operator(
                            uid=event.uid, pid=event.pid, user=_text(event.user), login=_text(event.login)
                        )
                    )
                self._put(
                    name, Change(at, "operator", cause=cause, detail=detail, act=_text(event.act), by=by)
                )
            case "pluto" | "trouble":
                self._put("", Change(at, event.kind, cause=cause, detail=detail, act=_text(event.after)))
            case "reload":
                self._put("", Change(at, "reload", cause=cause, detail=detail))
                self._wishes(at)

    def _wishes(self, at: int) -> None:
        """Record which connections should be up, after a reload."""
        for name, truth in list(self._truths.items()):
            entry = self._supervisor.entry(name)
            if entry is None or entry.wanted.policy.keep is Keep.GONE:
                if truth.state != UNKNOWN:
                    self._put(name, Change(at, "wanted", UNKNOWN, False, detail="it left the configuration"))
            elif truth.expected is not (expected := entry.wanted.policy.keep is Keep.UP):
                self._put(name, Change(at, "wanted", truth.state, expected))

    async def _settle(self) -> None:
        await trio.sleep(SETTLED)
        at = self._now()
        for entry in list(self._supervisor.engine.table.values()):
            name = plain(entry.wanted.name)
            if name not in self._truths:
                self._put(name, Change(at, "state", entry.record.state.value, self._expected(name)))

    def _expected(self, name: str) -> bool:
        entry = self._supervisor.entry(name)
        return entry is not None and entry.wanted.policy.keep is Keep.UP

    def _put(self, name: str, change: Change) -> None:
        entry = self._supervisor.entry(name) if name else None
        named = Named(name) if entry is None else Named(name, plain(entry.peer), entry.wanted.group)
        self._pending.append((named, change))
        if change.truth is not None:
            self._truths[name] = change.truth

    async def _look_at_the_day(self) -> None:
        while True:
            now = self._wall()
            try:
                self.day = tuple(await self.accounts(now - DAY, now))
            except OSError as problem:
                log.debug("the last day is not known", detail=str(problem))
            await trio.sleep(EVERY)

    def _last_words(self, store: Store, now: int) -> None:
        try:
            _write(store, self._pending, now)
            self._pending.clear()
        except sqlite3.Error as problem:
            log.warning("the last changes were not written", detail=str(problem))
        finally:
            store.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work, limiter=self._disk)

    def _now(self) -> int:
        return int(self._wall() * 1000)


def _write(store: Store, batch: Sequence[tuple[Named, Change]], now: int) -> None:
    store.append(batch, now)
    if store.due(now):
        try:
            store.put_together(now)
        except sqlite3.Error as problem:
            # The new changes are written. Until the next time they only take more room than they need.
            log.warning("the history was not put together", detail=str(problem))


async def _ask(path: str, question: Callable[[Reader], T]) -> T:
    def work() -> T:
        if not path:
            raise OSError(0, "no history is kept", "")
        try:
            with Reader.open(path) as reader:
                return question(reader)
        except sqlite3.Error as problem:
            raise OSError(0, str(problem), path) from None

    return await trio.to_thread.run_sync(work, abandon_on_cancel=True)


def _text(value: str | UnsetType) -> str:
    return value if isinstance(value, str) else ""
