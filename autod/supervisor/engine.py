"""All connections together: the table of records, the next acts, and the reports.

Owns the records, the tickets of running acts and the queue of reports. Decides by `machine` and `admission`; knows
no socket, task or clock. The loop (see `loop`) feeds it and carries out its plans; so does a test with a fake
clock, at any speed.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from autod.causes import Cause as Reason
from autod.supervisor.admission import Admission, Limits
from autod.supervisor.machine import due, step, want
from autod.supervisor.states import (
    Act,
    Actual,
    Began,
    Cause,
    Changed,
    Event,
    Finished,
    Heard,
    Keep,
    Mended,
    PlutoFound,
    PlutoLost,
    Poke,
    Policy,
    Record,
    Resume,
    Seen,
    State,
    Suspend,
    TakenDown,
)
from autod.supervisor.table import (
    NO_TRAFFIC,
    Entry,
    Moved,
    Plan,
    Report,
    Snapshot,
    Start,
    Synced,
    Tried,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Engine"]


class Engine:
    """The table. Every method takes the time, in seconds on one monotonic clock."""

    SETTLE = 15.0
    """Seconds after which an Add does not wait for pluto's own start-up. That loads the connections first, and then
    makes pluto listen. An Add before that would add twice, and a second add takes down a tunnel."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.table: dict[str, Entry] = {}
        self.admission = Admission(limits, now)
        self.pluto = False
        self.pluto_since = now
        self.plutos = 0
        self.listening = False
        self._tickets = itertools.count(1)
        self._ready: dict[str, Act] = {}
        self._looks: dict[str, None] = {}
        self._overtaken: dict[str, None] = {}
        self._due: list[tuple[float, str]] = []
        self._quick = 0
        self._reports: deque[Report] = deque()

    # What comes in

    def adopt(
        self,
        wanted: Iterable[Wanted],
        now: float,
        *,
        defined: frozenset[str] | None = None,
        differing: frozenset[str] | None = None,
    ) -> Synced:
        """Keep the connections `wanted` from now on.

        New ones are taken in, those that pluto has in another form are marked for replacement, the others are left
        alone. `differing` are the names of those in another form; without it, those whose definition changed. A
        connection that is no longer wanted is deleted from pluto; but if `defined` (the names that the configuration
        still defines) has it, it is only released.
        """
        new = {w.name: w for w in wanted}
        added, changed, removed, released = [], [], [], []
        for name, item in new.items():
            entry = self.table.get(name)
            if entry is None:
                record = Record(name=name, since=now)
                self.table[name] = Entry(item, record)
                added.append(name)
                if differing is not None and name in differing:
                    self.feed(name, Changed(), now)
                else:
                    self._consider(name, now)
                continue
            old, entry.wanted, entry.released = entry.wanted, item, False
            if old.policy.keep is Keep.GONE:
                added.append(name)
                self.feed(name, Changed(), now)
            elif _is_other(old, item) if differing is None else name in differing:
                changed.append(name)
                entry.described = False
                self.feed(name, Changed(), now)
            elif old.policy != item.policy:
                self.feed(name, Mended(), now)
            else:
                self._consider(name, now)
        for name in [n for n in self.table if n not in new]:
            entry = self.table[name]
            if defined is not None and name in defined:
                released.append(name)
                entry.released = True
                self._consider(name, now)
            elif entry.wanted.policy.keep is not Keep.GONE:
                removed.append(name)
                policy = replace(entry.wanted.policy, keep=Keep.GONE)
                entry.wanted = replace(entry.wanted, policy=policy)
                self.feed(name, Resume(), now)
        return Synced(
            tuple(added),
            tuple(changed),
            tuple(removed),
            tuple(released),
            len(new) - len(added) - len(changed),
        )

    def remove(self, names: Iterable[str], now: float) -> None:
        """Delete these from pluto: they left the configuration, and nobody wants them any more."""
        for name in names:
            if name not in self.table:
                wanted = Wanted(name=name, policy=Policy(keep=Keep.GONE))
                self.table[name] = Entry(wanted, Record(name=name, since=now))
                self._consider(name, now)

    def feed(self, name: str, event: Event, now: float) -> None:
        """Take in an event of a connection. A name that is not in the table is not an error: it has just left."""
        entry = self.table.get(name)
        if entry is None:
            return
        before = entry.record
        entry.record = step(before, event, now, entry.wanted.policy)
        if isinstance(event, Heard):
            self.admission.heard(name)
        if entry.record.state is not before.state:
            self._reports.append(Moved(name, before.state, entry.record.state, entry.record))
        self._consider(name, now)

    def finish(
        self,
        name: str,
        ticket: int,
        now: float,
        cause: Cause | None = None,
        detail: str = "",
        *,
        passing: bool = False,
        reason: str = "",
        advice: str = "",
    ) -> None:
        """The act with `ticket` is over. Ignored if the end of pluto has ended the act before."""
        entry = self.table.get(name)
        if entry is None or entry.ticket != ticket or entry.record.acting is None:
            return
        act = entry.record.acting
        seconds = self._leave(entry, act, now, up=cause is None)
        lasting_detail = detail
        if cause is not None:
            entry.failed[cause] += 1
            # If no try was begun, the detail of the last one is still valid.
            if reason == Reason.NEGOTIATING and entry.record.detail:
                lasting_detail = ""
            else:
                entry.advised = (detail, reason, advice)
        elif act is not Act.ROUTE:
            entry.initiated = act is Act.UP
            if act is not Act.UP and act is not Act.DOWN:
                # pluto has looked its names up anew.
                entry.hosts, entry.described = None, False
        self._reports.append(Tried(name, act, cause, seconds, detail))
        self.feed(name, Finished(act, cause, lasting_detail, passing), now)

    def pluto_found(self, now: float) -> None:
        """A new pluto answers."""
        if self.pluto:
            self.pluto_lost(now)
        self.pluto, self.pluto_since, self.listening = True, now, False
        self.plutos += 1
        self._all(PlutoFound(), now)

    def pluto_lost(self, now: float) -> None:
        """pluto is gone, and with it every act that was running."""
        self.pluto, self.listening = False, False
        for name, entry in self.table.items():
            if entry.record.acting is not None:
                entry.failed[Cause.PLUTO_GONE] += 1
                seconds = self._leave(entry, entry.record.acting, now, up=False)
                self._reports.append(Tried(name, entry.record.acting, Cause.PLUTO_GONE, seconds))
            entry.traffic = NO_TRAFFIC
            entry.initiated = False
        self._all(PlutoLost(), now)

    def observe(self, snapshot: Snapshot, now: float) -> None:
        """Take in a look at pluto. Does nothing for a connection that has not changed."""
        if snapshot.listening is not None:
            self.listening = snapshot.listening
        for name, entry in list(self.table.items()):
            record = entry.record
            entry.peer = snapshot.peers.get(name, entry.peer)
            loading = record.acting in (Act.ADD, Act.REPLACE) or snapshot.asked <= record.settled
            if snapshot.present is not None and not loading:
                entry.hosts = snapshot.hosts.get(name)
            entry.described = entry.described or (snapshot.present is not None and name in snapshot.present)
            entry.initiated = entry.initiated or name in snapshot.kept
            traffic = snapshot.up.get(name)
            if traffic is not None:
                entry.traffic = traffic
                if record.actual is not Actual.UP or record.flapping:
                    self.feed(name, Seen(Actual.UP, snapshot.asked), now)
                continue
            if snapshot.present is not None:
                routed = snapshot.present.get(name)
                actual = Actual.ABSENT if routed is None else Actual.ROUTED if routed else Actual.LOADED
            else:
                actual = Actual.LOADED if record.actual is Actual.UP else record.actual
            negotiating = None if snapshot.negotiating is None else name in snapshot.negotiating
            if actual is not record.actual or negotiating is not None:
                self.feed(name, Seen(actual, snapshot.asked, negotiating), now)

    def mended(self, now: float, detail: str) -> None:
        """Secrets or the configuration changed: connections that were refused may come up now."""
        for name, entry in list(self.table.items()):
            if entry.record.refused:
                self.feed(name, Mended(detail), now)

    def taken_down(self, name: str, now: float) -> bool:
        """Somebody else told pluto not to keep `name` up. Returns whether that explains its loss."""
        self.feed(name, TakenDown(), now)
        entry = self.table.get(name)
        return entry is not None and entry.record.cause is Cause.TAKEN_DOWN

    def suspend(self, name: str, now: float, *, down: bool = False) -> None:
        self.feed(name, Suspend(down), now)

    def resume(self, name: str, now: float) -> None:
        self.feed(name, Resume(), now)

    def poke(self, name: str, now: float) -> None:
        self.feed(name, Poke(), now)

    # What comes out

    def plan(self, now: float) -> Plan:
        """The next acts. They count as begun."""
        self._catch_up(now)
        if not self.pluto:
            return Plan()
        starts: list[Start] = []
        settled = self.listening or now >= self.pluto_since + self.SETTLE
        loading = not settled and Act.ADD in self._ready.values()
        if self._quick < self.admission.limits.quick:
            for name, act in list(self._ready.items()):
                if act is Act.ADD and not settled:
                    continue
                starts.append(self._start(name, act, now))
                self._quick += 1
                if self._quick >= self.admission.limits.quick:
                    break
        starts += [self._start(name, Act.UP, now) for name in self.admission.admit(now)]
        give_way = (*self._overtaken, *self.admission.giving_way(now))
        self._overtaken.clear()
        # The peers of connections that were loaded one by one are not known until a look at everything.
        unknown = any(
            self.table[n].record.actual is Actual.UNKNOWN or not self.table[n].described for n in self._looks
        )
        return Plan(
            starts=tuple(starts),
            give_way=give_way,
            look=bool(self._looks) or loading,
            look_all=unknown or loading,
            wake=self._wake(now, settled),
        )

    def reports(self) -> Iterator[Report]:
        """The reports since the last call."""
        while self._reports:
            yield self._reports.popleft()

    def states(self) -> Counter[State]:
        """How many connections are in each state."""
        return Counter(entry.record.state for entry in self.table.values())

    # Within

    def _all(self, event: Event, now: float) -> None:
        for name in list(self.table):
            self.feed(name, event, now)

    def _start(self, name: str, act: Act, now: float) -> Start:
        entry = self.table[name]
        entry.ticket, entry.began = next(self._tickets), now
        if act in (Act.UP, Act.ROUTE):
            entry.attempts += 1
        self.feed(name, Began(act), now)
        return Start(name, act, entry.ticket, entry.wanted.policy.deadline)

    def _leave(self, entry: Entry, act: Act, now: float, *, up: bool) -> float:
        if act is Act.UP:
            self.admission.leave(entry.wanted.name, now, up=up)
        else:
            self._quick -= 1
        return now - entry.began

    def _catch_up(self, now: float) -> None:
        """Look again at every connection that was waiting for this moment."""
        while self._due and self._due[0][0] <= now:
            at, name = heapq.heappop(self._due)
            entry = self.table.get(name)
            if entry is not None and entry.due == at:
                entry.due = None
                self._consider(name, now)

    def _consider(self, name: str, now: float) -> None:
        """Put `name` where its next act belongs: with the ready, in the queue for an Up, with those to look at."""
        entry = self.table.get(name)
        if entry is None:
            return
        record, policy = entry.record, entry.wanted.policy
        act = None if entry.released else want(record, now, policy)
        self._ready.pop(name, None)
        self._looks.pop(name, None)
        if act is Act.UP:
            self.admission.ask(name, entry.wanted.peer, record.failures)
        else:
            self.admission.withdraw(name)
            if act is Act.LOOK:
                self._looks[name] = None
            elif act is not None:
                self._ready[name] = act
        if record.acting is Act.UP and (record.take_down or _gone(entry)):
            self._overtaken[name] = None
        at = due(record, now, policy)
        # An earlier entry in the heap does: it leads here again, and then to the later one.
        if at is not None and (entry.due is None or at < entry.due):
            entry.due = at
            heapq.heappush(self._due, (at, name))
        leaves = entry.released or (_gone(entry) and record.actual is Actual.ABSENT)
        if leaves and record.acting is None:
            self._drop(name)

    def _drop(self, name: str) -> None:
        del self.table[name]
        self._ready.pop(name, None)
        self._looks.pop(name, None)
        self.admission.withdraw(name)

    def _wake(self, now: float, settled: bool) -> float | None:
        times = [self.admission.wake(now)]
        if self._due:
            times.append(self._due[0][0])
        if not settled:
            times.append(self.pluto_since + self.SETTLE)
        return min((t for t in times if t is not None), default=None)


def _is_other(before: Wanted, now: Wanted) -> bool:
    return bool(before.definition and now.definition) and before.definition != now.definition


def _gone(entry: Entry) -> bool:
    return entry.wanted.policy.keep is Keep.GONE
