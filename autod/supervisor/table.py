"""What the engine takes in, holds and gives out: values, and the one mutable row of its table.

Owns their meaning. Decides nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from autod.supervisor.states import Act, Cause, Policy, Record, State

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NO_TRAFFIC",
    "Entry",
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
    """One connection that somebody wants kept in some way.

    `peer` tells whom it talks to, in any form: tries are spread over peers. `definition` is anything that differs
    when the connection's own configuration differs; a change of it has the connection replaced. `own`: it stands in no
    file, the supervisor itself keeps it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What pluto was seen to have; None: that was not looked at.

    `asked` is when the first question was sent. `up` has the connections with an established Child SA;
    `negotiating` those that pluto is at; `present` every connection it has, and whether it is routed.
    """

    asked: float
    up: Mapping[str, Traffic]
    negotiating: frozenset[str] | None = None
    present: Mapping[str, bool] | None = None
    listening: bool | None = None
    peers: Mapping[str, str] = field(default_factory=dict)
    """The address, or the name, of the other end of each connection, where everything was looked at."""
    kept: frozenset[str] = frozenset()
    """Those that pluto keeps up itself, as somebody had it bring them up, where everything was looked at."""


@dataclass(frozen=True, slots=True)
class Start:
    """Begin `act` for `name`. `ticket` goes back with the result."""

    name: str
    act: Act
    ticket: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now. `look` asks for a snapshot: of the states, or with `look_all` of everything.

    `give_way`: running Ups to end, and what pluto goes on with for them too. `wake`: call again then, if nothing
    happens before.
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
    """What a new set of wanted connections came to."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    same: int = 0


@dataclass(slots=True)
class Entry:
    """A connection in the table: what is wanted, what is, and what it has cost so far."""

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
    """The other end, for people; empty until pluto has told it."""
    described: bool = False
    """Whether everything was looked at since pluto has it, its peer too."""
    advised: tuple[str, str, str] = ("", "", "")
    """The detail of a failed try, its reason and its advice: they hold as long as the record has that detail."""
    initiated: bool = False
    """An Up, ours or one from before this life of ours, reached its end in this pluto, which has kept it up itself
    since, unless somebody said down."""
