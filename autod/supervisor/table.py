"""The values that the engine takes, keeps and returns, and the one mutable row of its table.

Owns their meaning. Decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from autod.supervisor.states import Act, Cause, Policy, Record, State

__all__ = [
    "NO_TRAFFIC",
    "Entry",
    "Held",
    "Moved",
    "Plan",
    "Report",
    "Snapshot",
    "Start",
    "Synced",
    "Traffic",
    "Tried",
    "Wanted",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A connection to keep, and how.

    `peer` is a key for its peer: tries are spread over peers. `definition` is a digest of the connection's own
    configuration; if it changes, the connection is replaced. `own`: it stands in no file, the supervisor itself keeps
    it.
    """

    name: str
    policy: Policy = field(default_factory=Policy)
    peer: str = ""
    definition: str = ""
    group: str = ""
    own: bool = False


class Traffic(NamedTuple):
    """Bytes of a connection that is up, as pluto counts them."""

    received: int = 0
    sent: int = 0


NO_TRAFFIC = Traffic()

Held = Mapping[str, Collection[str]]
"""The addresses by which pluto goes for each host name of a connection; an empty one where it found none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A look at pluto's state; None: this part was not looked at.

    `asked` is when the first question was sent. `up` has the connections with an established Child SA, `negotiating`
    those that pluto negotiates, `present` every connection that it has, and whether it is routed.
    """

    asked: float
    up: Mapping[str, Traffic]
    negotiating: frozenset[str] | None = None
    present: Mapping[str, bool] | None = None
    listening: bool | None = None
    peers: Mapping[str, str] = field(default_factory=dict)
    """The address, or the name, of the peer of each connection, in a look at everything."""
    hosts: Mapping[str, Held] = field(default_factory=dict)
    """What the host names of each connection mean to pluto, in a look at everything."""
    kept: frozenset[str] = frozenset()
    """Connections that pluto itself keeps up since somebody brought them up, in a look at everything."""


@dataclass(frozen=True, slots=True)
class Start:
    """Begin `act` for `name`. `ticket` goes back with the result."""

    name: str
    act: Act
    ticket: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The next acts. `look` asks for a snapshot: of the states, or with `look_all` of everything.

    `give_way`: running Ups to end, together with pluto's negotiations for them. `wake`: call again at this time, if
    nothing happens before.
    """

    starts: tuple[Start, ...] = ()
    give_way: tuple[str, ...] = ()
    look: bool = False
    look_all: bool = False
    wake: float | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A connection went from one state to another."""

    name: str
    before: State
    after: State
    record: Record


@dataclass(frozen=True, slots=True)
class Tried:
    """An act is over, after `seconds`."""

    name: str
    act: Act
    cause: Cause | None
    seconds: float
    detail: str = ""


Report = Moved | Tried


@dataclass(frozen=True, slots=True)
class Synced:
    """The changes that a new set of wanted connections made."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    same: int = 0


@dataclass(slots=True)
class Entry:
    """A connection in the table: what it should be, its record, and the counts of its tries."""

    wanted: Wanted
    record: Record
    ticket: int = 0
    began: float = 0.0
    attempts: int = 0
    failed: Counter[Cause] = field(default_factory=Counter)
    traffic: Traffic = NO_TRAFFIC
    due: float | None = None
    released: bool = False
    peer: str = ""
    """The peer, for people; empty until pluto has told it."""
    hosts: Held | None = None
    """What its host names mean to pluto; None if that is not known since it was loaded."""
    described: bool = False
    """Whether there was a look at everything since pluto has it, so that its peer is known."""
    advised: tuple[str, str, str] = ("", "", "")
    """The detail of a failed try, its reason and its advice. They are valid while the record has that detail."""
    initiated: bool = False
    """An Up succeeded in this pluto, in this life of the supervisor or in an earlier one. pluto has kept the connection
    up itself since then, unless somebody took it down."""
