"""The state of the scripted pluto, and its answers to requests: connections, SAs, and which lines follow when.

Owns: the course of negotiations. Must not know: sockets, clocks, words (autod.testing.lines). Times are seconds on the
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
"""The failures of an up that the scripted pluto can play."""


class Behaviour(msgspec.Struct, frozen=True):
    """The script for an up of the connections that match `pattern`: `result` after `after` seconds."""

    pattern: str
    result: Result = Result.UP
    after: float = 0.05


class Exchange:
    """One client: its lines are in `out`; `closed` when its exchange is over."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.closed: bool = False
        self.waits_for = 0
        """The number of negotiations whose lines it gets."""

    def say(self, lines: Iterable[str]) -> None:
        """Give these lines to the client."""
        self.out += lines

    def close(self) -> None:
        """End the exchange."""
        self.closed = True

    def over(self) -> None:
        """One of its negotiations has ended: the last one closes the exchange."""
        self.waits_for -= 1
        if self.waits_for == 0:
            self.close()


@dataclass
class Connection:
    """A loaded connection. Serials are those of its newest SAs; 0 before the first."""

    name: str
    ike: int = 0
    child: int = 0
    up: bool = False
    routed: bool = False
    since: float = 0.0
    negotiating: bool = False
    waiting: list[Exchange] = field(default_factory=list)
    attempt: int = 0

    @property
    def state(self) -> str:
        """up, negotiating or down."""
        return "up" if self.up else "negotiating" if self.negotiating else "down"


@dataclass
class World:
    """One life of a pluto of `release`. `loaded`: its connections at the start; `speed` divides all delays."""

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
        """The time of the next event; None: there is none."""
        return self._events[0][0] if self._events else None

    def advance(self, now: float) -> None:
        """Run the events up to `now`."""
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
        return [self.connections[member] for member in names if member in self.connections]

    def set_up(self, name: str, up: bool) -> None:
        """Set a connection up or down at once, as if the peer did it."""
        connection = self.connections.setdefault(name, Connection(name))
        self._stop(connection)
        if up:
            connection.ike, connection.child = next(self._serial), next(self._serial)
            connection.since = self.wall()
        connection.up = up

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds / self.speed, next(self._order), what))

    def _behaviour(self, name: str) -> Behaviour:
        """The last behaviour whose pattern matches."""
        matching = [
            behaviour
            for behaviour in self.behaviours
            if behaviour.pattern == name or fnmatchcase(name, behaviour.pattern)
        ]
        return matching[-1] if matching else Behaviour(name)

    def _up(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "up"))
            return exchange.close()
        if name not in self.connections:
            text = f'initiating all connections with alias "{name}"'
            old = f"000 initiating all conns with alias='{name}'"
            exchange.say([self.voice.text(text) if self.version >= (5,) else old])
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
        """End the negotiation of a connection; the clients that wait for it get no further line."""
        connection.attempt += 1
        connection.up = connection.negotiating = False
        waiting, connection.waiting = connection.waiting, []
        for exchange in waiting:
            exchange.over()

    def _down(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "down"))
        for connection in members:
            exchange.say(
                self.voice.terminated(connection.name, connection.ike, connection.child, connection.up)
            )
            self._stop(connection)
        exchange.close()

    def _forget(self, name: str) -> None:
        connection = self.connections.pop(name, None)
        if connection is not None:
            self._stop(connection)

    def _delete(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "delete"))
        for connection in members:
            if connection.up:
                exchange.say(self.voice.terminated(connection.name, connection.ike, connection.child, True))
            self._forget(connection.name)
        exchange.close()

    def _route(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "route"))
        for connection in members:
            if connection.routed:
                exchange.say(self.voice.routed_already(connection.name))
            connection.routed = True
        exchange.close()

    def _unroute(self, name: str, exchange: Exchange, asynchronous: bool) -> None:
        members = self.members(name)
        if not members:
            exchange.say(self.voice.unknown(name, "route"))
        for connection in members:
            connection.routed = False
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
        for connection in sorted(self.connections.values(), key=lambda connection: connection.name):
            yield from self.voice.connection(
                connection.name, connection.ike, connection.child, up=connection.up, routed=connection.routed
            )

    def total_lines(self, name: str | None = None) -> Iterator[str]:
        """The number of connections."""
        yield from self.voice.totals(len(self.connections), self._count("routed"), self._count("up"))

    def state_lines(self, name: str | None = None) -> Iterator[str]:
        """The SAs, as --showstates lists them."""
        for connection in self.connections.values():
            if connection.up or connection.negotiating:
                yield from self.voice.states(
                    connection.name, connection.ike, connection.child, up=connection.up
                )

    def traffic(self, name: str | None = None) -> Iterator[str]:
        """--trafficstatus, of all or of one connection."""
        if name is not None and not self.members(name):
            yield from self.voice.unknown(name, "traffic")
        for connection in self.members(name) if name is not None else self.connections.values():
            if connection.up:
                yield from self.voice.traffic(connection.name, connection.child, connection.since)

    def brief_connections(self, name: str | None = None) -> Iterator[str]:
        """--briefconnectionstatus."""
        for connection in self.connections.values():
            if connection.up:
                yield from self.voice.brief(connection.name)
        yield from self.total_lines()

    def brief_status(self, name: str | None = None) -> Iterator[str]:
        """--briefstatus."""
        yield from self.voice.sas(self._count("up"), self._count("negotiating"))

    def _count(self, what: str) -> int:
        return sum(bool(getattr(connection, what)) for connection in self.connections.values())


_LISTINGS: dict[str, Callable[[World, str | None], Iterator[str]]] = {
    "Status": World.status,
    "ConnectionStatus": World.loaded_lines,
    "ShowStates": World.state_lines,
    "TrafficStatus": World.traffic,
    "BriefConnectionStatus": World.brief_connections,
    "BriefStatus": World.brief_status,
}


def _retransmissions(seconds: float) -> list[tuple[float, float]]:
    """Each retransmission in an attempt of `seconds`: its time, and the wait for an answer after it."""
    unit = seconds / 64
    return [(unit * (2**number - 1) / 2, unit * 2**number / 2) for number in range(1, 7)]
