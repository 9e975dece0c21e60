"""A pluto and its peers in simulated time, to drive the supervisor's engine through hours in seconds.

It knows what pluto knows: which connections it has, which are up, which it is negotiating by itself, and how each
peer behaves. Everything happens at a moment on a heap of events; nothing sleeps.
"""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autod.supervisor.engine import Engine
from autod.supervisor.states import Act, Actual, Cause, Keep, State
from autod.supervisor.table import Plan, Snapshot, Start, Traffic, Tried

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT = 64.0
"""How long pluto itself tries a silent peer."""


@dataclass
class Peer:
    """How the other side of one connection behaves: `cause` None is good."""

    cause: Cause | None = None
    takes: float = 0.3
    good_since: float = 0.0


@dataclass
class World:
    """The engine, a pluto, its peers and the time. `poll` is how often traffic is looked at."""

    engine: Engine
    names: list[str]
    seed: int = 0
    poll: float = 10.0
    now: float = 0.0
    pluto: bool = False
    stopped_until: float = 0.0
    present: set[str] = field(default_factory=set)
    up: set[str] = field(default_factory=set)
    reviving: set[str] = field(default_factory=set)
    peers: dict[str, Peer] = field(default_factory=dict)
    running: dict[str, Start] = field(default_factory=dict)
    up_at: dict[str, float] = field(default_factory=dict)
    most_in_flight: int = 0
    begun: list[float] = field(default_factory=list)
    tried: list[tuple[float, Tried]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._look_asked = False
        self._wake: float | None = None
        self._life = 0
        for name in self.names:
            self.peers.setdefault(name, Peer())
        self.after(0.0, self._poll)

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), what))

    def start_pluto(self, *, loaded: bool = True) -> None:
        self.pluto = True
        self.present = set(self.names) if loaded else set()
        self.engine.pluto_found(self.now)

    def kill_pluto(self) -> None:
        if self.pluto:
            self.pluto, self._life = False, self._life + 1
            self.present, self.up, self.reviving = set(), set(), set()
            self.running.clear()
            self.engine.pluto_lost(self.now)

    def drop(self, name: str) -> None:
        """The peer deletes the SA."""
        self.up.discard(name)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            plan = self.engine.plan(self.now)
            self._carry_out(plan)
            if plan.give_way:
                continue
            moments = [end]
            if self._events:
                moments.append(self._events[0][0])
            if self._wake is not None:
                moments.append(max(self._wake, self.now))
            self.now = min(moments)
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            self.tried += [(self.now, r) for r in self.engine.reports() if isinstance(r, Tried)]
            if self.now >= end:
                return

    def states(self) -> dict[State, int]:
        return dict(self.engine.states())

    def _carry_out(self, plan: Plan) -> None:
        for start in plan.starts:
            assert start.name not in self.running, f"two acts at once for {start.name}"
            self.running[start.name] = start
            if start.act is Act.UP:
                assert start.name not in self.up, f"an Up for {start.name}, which is up"
                self.begun.append(self.now)
            life = self._life
            self.after(self._takes(start), lambda s=start, n=life: self._end(s, n))  # type: ignore[misc]
        flying = sum(s.act is Act.UP for s in self.running.values())
        self.most_in_flight = max(self.most_in_flight, flying)
        for name in plan.give_way:
            gone = self.running.pop(name, None)
            if gone is not None:
                self.engine.finish(name, gone.ticket, self.now, Cause.GAVE_WAY)
        if plan.look and not self._look_asked and self.pluto:
            self._look_asked = True
            self.after(0.05, lambda everything=plan.look_all: self._look(everything))  # type: ignore[misc]
        self._wake = plan.wake

    def _takes(self, start: Start) -> float:
        if start.act is not Act.UP:
            return 0.01
        peer = self.peers[start.name]
        if peer.cause is Cause.PEER_SILENT:
            return min(SILENT, start.deadline)
        return peer.takes * self.random.uniform(0.5, 1.5)

    def _end(self, start: Start, life: int) -> None:
        if life != self._life or self.running.get(start.name) is not start:
            return
        if self.now < self.stopped_until:
            self.after(self.stopped_until - self.now, lambda: self._end(start, life))
            return
        del self.running[start.name]
        cause: Cause | None = None
        match start.act:
            case Act.UP:
                peer = self.peers[start.name]
                cause = Cause.UNKNOWN if start.name not in self.present else peer.cause
                if cause is None:
                    self.up.add(start.name)
                    self.reviving.discard(start.name)
                    self.up_at.setdefault(start.name, self.now)
            case Act.ADD | Act.REPLACE:
                self.present.add(start.name)
                self.up.discard(start.name)
            case Act.DOWN:
                self.up.discard(start.name)
                self.reviving.discard(start.name)
            case Act.DELETE:
                self.present.discard(start.name)
                self.up.discard(start.name)
            case _:
                pass
        self.engine.finish(start.name, start.ticket, self.now, cause)

    def _poll(self) -> None:
        if self.pluto and self.now >= self.stopped_until:
            self.engine.observe(Snapshot(asked=self.now, up=dict.fromkeys(self.up, Traffic(1, 1))), self.now)
        self.after(self.poll, self._poll)

    def _look(self, everything: bool) -> None:
        self._look_asked = False
        if not self.pluto or self.now < self.stopped_until:
            return
        present = dict.fromkeys(self.present, False) if everything else None
        self.engine.observe(
            Snapshot(
                asked=self.now,
                up=dict.fromkeys(self.up, Traffic(1, 1)),
                negotiating=frozenset(self.reviving),
                present=present,
                listening=True,
            ),
            self.now,
        )

    def check(self, limit: int) -> None:
        """What must hold at any moment."""
        assert self.most_in_flight <= limit
        for name, entry in self.engine.table.items():
            if entry.record.state is State.UP and entry.wanted.policy.keep is Keep.UP:
                assert entry.record.actual is Actual.UP
            running = self.running.get(name)
            assert entry.record.acting is (running.act if running else None), name
