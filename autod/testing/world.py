"""What the scripted pluto knows and does: connections, SAs, what was asked, and what is said when.

Owns: the course of things. Must not know: sockets, clocks, words (autod.testing.lines). Times are seconds on the
caller's clock; nothing here waits.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from autod.outcomes import Result
from autod.testing.lines import Voice

__all__ = ["Behaviour", "Exchange", "World"]

FAILURES = (
    Result.PEER_SILENT,
    Result.NO_PROPOSAL,
    Result.AUTHENTICATION_FAILED,
    Result.CHILD_REJECTED,
)
"""What can become of an up that fails at the peer."""


class Behaviour(msgspec.Struct, frozen=True):
    """How an up of the connections that match `pattern` goes: `result` after so many seconds."""

    pattern: str
    result: Result = Result.UP
    after: float = 0.05


class Exchange:
    """One client: what is said to it goes to `out`; `closed` when pluto is through with it."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.closed: bool = False
        self.waits_for = 0
        """The negotiations that it hears of."""

    def say(self, lines: Iterable[str]) -> None:
        """Say these lines, if it still listens."""
        self.out += lines

    def close(self) -> None:
        """Say no more."""
        self.closed = True

    def over(self) -> None:
        """A negotiation that it hears of has ended: the last one closes it."""
        self.waits_for -= 1
        if self.waits_for == 0:
            self.close()


@dataclass
class Connection:
    """One connection that is loaded. Serials are those of its newest SAs, 0 before there were any."""

    name: str
    ike: int = 0
    child: int = 0
    up: bool = False
    routed: bool = False
    since: float = 0.0
    negotiating: bool = False
    waiting: list[Exchange] = field(default_factory=list)
    attempt: int = 0


@dataclass
class World:
    """One life of a pluto of `release`. `loaded`: connections it has from the start; `speed` divides all delays."""

    release: str
    version: tuple[int, ...]
    seccomp: bool = False
    labeled: bool = False
    loaded: Iterable[str] = ()
    aliases: dict[str, list[str]] = field(default_factory=dict)
    behaviours: list[Behaviour] = field(default_factory=list)
    scripts: dict[str, list[str]] = field(default_factory=dict)
    speed: float = 1.0
    wall: Callable[[], float] = lambda: 0.0
    now: float = 0.0

    def __post_init__(self) -> None:
        self.voice: Voice = Voice(self.version)
        self.connections: dict[str, Connection] = {name: Connection(name) for name in self.loaded}
        self._serial = itertools.count(1)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def next_event(self) -> float | None:
        """When something happens by itself; None: never."""
        return self._events[0][0] if self._events else None

    def advance(self, now: float) -> None:
        """Let happen what happens until `now`."""
        while self._events and self._events[0][0] <= now:
            at, _, what = heapq.heappop(self._events)
            self.now = max(self.now, at)
            what()
        self.now = max(self.now, now)

    def ask(self, kind: str, name: str | None, asynchronous: bool, exchange: Exchange) -> None:
        """A client asks. `kind` is the class of the command in autod.protocol.commands."""
        if kind in self.scripts:
            exchange.say(self.scripts[kind])
            return exchange.close()
        verb = {"Initiate": self._up, "Terminate": self._down, "Delete": self._delete}.get(kind)
        verb = verb or {"Route": self._route, "Unroute": self._unroute}.get(kind)
        if verb is not None:
            return verb(name or "", exchange, asynchronous)
        if kind == "AddConnection":
            self._forget(name or "")
            self.connections[name or ""] = Connection(name or "")
            exchange.say(self.voice.added(name or ""))
        elif kind in _LISTINGS:
            exchange.say(_LISTINGS[kind](self, name))
        elif kind == "Listen":
            exchange.say(self.voice.listening())
        elif kind in ("RereadSecrets", "RereadAll"):
            exchange.say(self.voice.reread_secrets())
        return exchange.close()

    def members(self, name: str) -> list[Connection]:
        """The connection of this name, or those of the alias."""
        names = [name] if name in self.connections else self.aliases.get(name, [])
        return [self.connections[one] for one in names if one in self.connections]

    def set_up(self, name: str, up: bool) -> None:
        """Let a connection be up or not, from one moment to the next: the peer did it."""
        connection = self.connections.setdefault(name, Connection(name))
        self._stop(connection)
        if up:
            connection.ike, connection.child = next(self._serial), next(self._serial)
            connection.since = self.wall()
        connection.up = up

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds / self.speed, next(self._order), what))

    def _behaviour(self, name: str) -> Behaviour:
        """The last that was given for a pattern that matches."""
        found = [one for one in self.behaviours if one.pattern == name or fnmatchcase(name, one.pattern)]
        return found[-1] if found else Behaviour(name)

    def _up(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "up"))
            return exchange.close()
        if name not in self.connections:
            said = f'initiating all connections with alias "{name}"'
            old = f"000 initiating all conns with alias='{name}'"
            exchange.say([self.voice.text(said) if self.version >= (5,) else old])
        for connection in members:
            if connection.negotiating:
                exchange.say(self.voice.pending(connection.name, connection.ike))
            else:
                self._initiate(connection, exchange)
        if asynchronous:
            for connection in members:
                if exchange in connection.waiting:
                    connection.waiting.remove(exchange)
                    exchange.waits_for -= 1
        if exchange.waits_for == 0:
            exchange.close()
        return None

    def _initiate(self, connection: Connection, exchange: Exchange) -> None:
        behaviour = self._behaviour(connection.name)
        connection.ike, connection.child = next(self._serial), next(self._serial)
        connection.negotiating = True
        connection.waiting = [exchange]
        exchange.waits_for += 1
        connection.attempt += 1
        name, ike, child = connection.name, connection.ike, connection.child
        exchange.say(self.voice.initiating(name, ike))
        after = behaviour.after
        match behaviour.result:
            case Result.PEER_SILENT | Result.NO_PROPOSAL:
                answer = self.voice.no_proposal(name, ike) if behaviour.result is Result.NO_PROPOSAL else []
                self._say(connection, 0.0, answer)
                for at, wait in _retransmissions(after):
                    self._say(connection, at, [*self.voice.retransmission(name, ike, wait), *answer])
                self._end(connection, after, self.voice.timed_out(name, ike, max(1, math.floor(after))))
            case Result.AUTHENTICATION_FAILED:
                self._say(connection, after / 2, self.voice.answered(name, ike, child))
                self._end(connection, after, self.voice.authentication_failed(name, ike))
            case Result.CHILD_REJECTED:
                self._say(connection, after / 2, self.voice.answered(name, ike, child))
                self._end(connection, after, self.voice.child_rejected(name, ike))
            case _:
                self._say(connection, after / 2, self.voice.answered(name, ike, child))
                self._end(connection, after, self.voice.established(name, ike, child), up=True)

    def _say(self, connection: Connection, after: float, lines: list[str]) -> None:
        attempt = connection.attempt

        def say() -> None:
            if connection.attempt == attempt:
                for exchange in connection.waiting:
                    exchange.say(lines)

        self._after(after, say)

    def _end(self, connection: Connection, after: float, lines: list[str], *, up: bool = False) -> None:
        attempt = connection.attempt

        def end() -> None:
            if connection.attempt != attempt:
                return
            connection.up, connection.negotiating = up, False
            connection.since = self.wall()
            waiting, connection.waiting = connection.waiting, []
            for exchange in waiting:
                exchange.say(lines)
                exchange.over()

        self._after(after, end)

    def _stop(self, connection: Connection) -> None:
        """End what is under way for a connection; those who wait for it hear no more."""
        connection.attempt += 1
        connection.up = connection.negotiating = False
        waiting, connection.waiting = connection.waiting, []
        for exchange in waiting:
            exchange.over()

    def _down(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "down"))
        for one in members:
            exchange.say(self.voice.terminated(one.name, one.ike, one.child, one.up))
            self._stop(one)
        exchange.close()

    def _forget(self, name: str) -> None:
        connection = self.connections.pop(name, None)
        if connection is not None:
            self._stop(connection)

    def _delete(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "delete"))
        for one in members:
            if one.up:
                exchange.say(self.voice.terminated(one.name, one.ike, one.child, True))
            self._forget(one.name)
        exchange.close()

    def _route(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "route"))
        for one in members:
            if one.routed:
                exchange.say(self.voice.routed_already(one.name))
            one.routed = True
        exchange.close()

    def _unroute(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "route"))
        for one in members:
            one.routed = False
        exchange.close()

    def status(self, name: str | None = None) -> Iterator[str]:
        """All of --status."""
        yield from self.voice.head(self.release, self.seccomp, self.labeled)
        yield from self.loaded_lines()
        yield from self.total_lines()
        yield from self.voice.sas(self._count("up"), self._count("negotiating"))
        yield from self.state_lines()

    def loaded_lines(self, name: str | None = None) -> Iterator[str]:
        """The connections, as --connectionstatus lists them."""
        for one in sorted(self.connections.values(), key=lambda one: one.name):
            yield from self.voice.connection(one.name, one.ike, one.child, up=one.up, routed=one.routed)

    def total_lines(self, name: str | None = None) -> Iterator[str]:
        """The number of connections."""
        yield from self.voice.totals(len(self.connections), self._count("routed"), self._count("up"))

    def state_lines(self, name: str | None = None) -> Iterator[str]:
        """The SAs, as --showstates lists them."""
        for one in self.connections.values():
            if one.up or one.negotiating:
                yield from self.voice.states(one.name, one.ike, one.child, up=one.up)

    def traffic(self, name: str | None = None) -> Iterator[str]:
        """--trafficstatus, of all or of one connection."""
        if name is not None and not self.members(name):
            yield from self.voice.unknown(name, "traffic")
        for one in self.members(name) if name is not None else self.connections.values():
            if one.up:
                yield from self.voice.traffic(one.name, one.child, one.since)

    def brief_connections(self, name: str | None = None) -> Iterator[str]:
        """--briefconnectionstatus."""
        for one in self.connections.values():
            if one.up:
                yield from self.voice.brief(one.name)
        yield from self.total_lines()

    def brief_status(self, name: str | None = None) -> Iterator[str]:
        """--briefstatus."""
        yield from self.voice.sas(self._count("up"), self._count("negotiating"))

    def _count(self, what: str) -> int:
        return sum(bool(getattr(one, what)) for one in self.connections.values())


_LISTINGS: dict[str, Callable[[World, str | None], Iterator[str]]] = {
    "Status": World.status,
    "ConnectionStatus": World.loaded_lines,
    "ShowStates": World.state_lines,
    "TrafficStatus": World.traffic,
    "BriefConnectionStatus": World.brief_connections,
    "BriefStatus": World.brief_status,
}


def _retransmissions(seconds: float) -> list[tuple[float, float]]:
    """When a message is sent again, and how long it is waited for then, in an attempt of so many seconds."""
    unit = seconds / 64
    return [(unit * (2**number - 1) / 2, unit * 2**number / 2) for number in range(1, 7)]
