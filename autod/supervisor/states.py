"""The values of the supervisor: states, acts, causes, policy, record and events of one connection.

Owns their meaning, and the effect of each cause. Knows no rule of change (see `machine`), no clock and no pluto. All
times are seconds on the caller's monotonic clock.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EFFECTS",
    "Act",
    "Actual",
    "Began",
    "Cause",
    "Changed",
    "Effect",
    "Event",
    "Finished",
    "Heard",
    "Keep",
    "Mended",
    "PlutoFound",
    "PlutoLost",
    "Poke",
    "Policy",
    "Record",
    "Resume",
    "Seen",
    "State",
    "Suspend",
    "TakenDown",
    "backoff",
]


class State(enum.Enum):
    """The state for people and metrics. It follows from the record."""

    ABSENT = "absent"
    LOADED = "loaded"
    ROUTED = "routed"
    STARTING = "starting"
    UP = "up"
    WAITING = "waiting"
    REFUSED = "refused"
    SUSPENDED = "suspended"


class Actual(enum.Enum):
    """The state of a connection in pluto, as the last look showed it."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    LOADED = "loaded"
    ROUTED = "routed"
    UP = "up"


class Keep(enum.Enum):
    """The state that a connection should have. `GONE` is for one that has left the configuration."""

    UP = "up"
    ROUTED = "routed"
    LOADED = "loaded"
    DOWN = "down"
    GONE = "gone"


class Act(enum.Enum):
    """A request to pluto for one connection. `LOOK` asks for the state (`Seen`), of all connections at once."""

    LOOK = "look"
    ADD = "add"
    UP = "up"
    ROUTE = "route"
    DOWN = "down"
    DELETE = "delete"
    REPLACE = "replace"


class Cause(enum.Enum):
    """Why an act failed, or why a connection is no longer up."""

    UNKNOWN = "unknown"
    NOT_LISTENING = "not-listening"
    NOT_ORIENTED = "not-oriented"
    PEER_SILENT = "peer-silent"
    AUTHENTICATION = "authentication-failed"
    NO_PROPOSAL = "no-proposal"
    REJECTED = "rejected"
    CHILD_REJECTED = "child-rejected"
    NEGOTIATING = "already-negotiating"
    DELETED = "deleted-by-another"
    PLUTO_GONE = "pluto-gone"
    DEADLINE = "deadline-passed"
    CONFIGURATION = "bad-configuration"
    REFUSED = "refused"
    GAVE_WAY = "gave-way"
    LOST = "lost"
    TAKEN_DOWN = "taken-down"
    FLAPPING = "flapping"
    FAILED = "failed"


class Effect(enum.Enum):
    """The effect of a cause on the next try."""

    RETRY = "retry"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    FORGET = "forget"
    LEAVE_TO_PLUTO = "leave-to-pluto"
    PLUTO_GONE = "pluto-gone"


EFFECTS: Mapping[Cause, Effect] = {
    Cause.UNKNOWN: Effect.FORGET,
    Cause.NOT_LISTENING: Effect.RETRY,
    Cause.NOT_ORIENTED: Effect.REFUSE,
    Cause.PEER_SILENT: Effect.RETRY,
    Cause.AUTHENTICATION: Effect.CONFIRM,
    Cause.NO_PROPOSAL: Effect.CONFIRM,
    Cause.REJECTED: Effect.CONFIRM,
    Cause.CHILD_REJECTED: Effect.CONFIRM,
    Cause.NEGOTIATING: Effect.LEAVE_TO_PLUTO,
    Cause.DELETED: Effect.RETRY,
    Cause.PLUTO_GONE: Effect.PLUTO_GONE,
    Cause.DEADLINE: Effect.RETRY,
    Cause.CONFIGURATION: Effect.REFUSE,
    Cause.REFUSED: Effect.REFUSE,
    Cause.GAVE_WAY: Effect.RETRY,
    Cause.LOST: Effect.RETRY,
    Cause.TAKEN_DOWN: Effect.RETRY,
    Cause.FLAPPING: Effect.RETRY,
    Cause.FAILED: Effect.RETRY,
}
"""Cause -> effect. Unless a cause is known to last, there is another try.

A refusal of the peer counts only if it is repeated: a peer that is just starting answers before it has its secrets and
connections, and refuses what it will soon accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one connection is kept. All times are seconds.

    `deadline` bounds one Up. By default it exceeds 65 s, as pluto itself gives up a silent peer, and says why, only
    after 64 s (measured on 4.10 and 5.2).
    """

    keep: Keep = Keep.UP
    deadline: float = 75.0
    backoff_min: float = 2.0
    backoff_max: float = 300.0
    jitter: float = 0.3
    flap_count: int = 5
    flap_window: float = 600.0
    flap_hold: float = 300.0
    patience: float = 300.0
    """How long pluto may negotiate by itself before it must begin again; 0: for ever."""
    refuse_after: int = 3
    """After so many failures in a row, the refusal of a peer counts."""
    refused_retry: float = 900.0
    """The time until a refused connection is tried again, as the peer may have mended its side; 0: never."""
    look_every: float = 10.0
    """The greatest age of a look, when it matters whether pluto negotiates by itself."""
    head_start: float = 0.0
    """How long after pluto was found it has time to start the connection itself (auto=start)."""
    salt: str = ""
    """Makes the jitter of one gateway differ from that of its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The memory of one connection."""

    name: str
    state: State = State.ABSENT
    since: float = 0.0
    actual: Actual = Actual.UNKNOWN
    acting: Act | None = None
    acting_since: float = 0.0
    heard: bool = False
    """The peer has answered the Up that is running."""
    negotiating: bool = False
    """pluto negotiates it without a request of ours."""
    negotiating_since: float = 0.0
    looked: float | None = None
    """The time of the last look that shows whether pluto negotiates it without a request of ours."""
    settled: float = float("-inf")
    """When our last act ended: a look that began before then does not count."""
    next_try: float | None = None
    refused: bool = False
    failures: int = 0
    """Tries that failed in a row."""
    cause: Cause | None = None
    detail: str = ""
    losses: tuple[float, ...] = ()
    flapping: bool = False
    suspended: bool = False
    take_down: bool = False
    crashes: int = 0
    """How many times in a row pluto went away while one of our acts for this connection was running."""
    stale: bool = False
    """pluto holds another definition than the configuration does."""
    outdated: bool = False
    """An address that pluto looked up while it loaded the connection may have changed. Matters when it is not up."""
    again: bool = False
    """Something was mended after the running act began: if the act fails, it is tried again at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at pluto's state of a connection. `asked` is when the question was sent; `negotiating` None: not asked."""

    actual: Actual
    asked: float
    negotiating: bool | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """The caller has begun `act`."""

    act: Act


@dataclass(frozen=True, slots=True)
class Heard:
    """The peer answered the Up that is running."""


@dataclass(frozen=True, slots=True)
class Finished:
    """`act` is over: it succeeded (`cause` is None) or failed. `detail` is for people, usually pluto's own line.

    `passing`: the failure may pass by itself, even if its cause usually does not; pluto only guesses some causes.
    """

    act: Act
    cause: Cause | None = None
    detail: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class PlutoLost:
    """pluto is gone."""


@dataclass(frozen=True, slots=True)
class PlutoFound:
    """A new pluto answers: its state is not known yet."""


@dataclass(frozen=True, slots=True)
class TakenDown:
    """Somebody took the connection down at pluto itself, past the supervisor."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A secret or the configuration changed: a connection that was refused may come up now."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """The connection's own definition changed. `later`: only an address that pluto looked up for it may have changed,
    and a tunnel that is up does not need that. `detail` is a sentence for people."""

    later: bool = False
    detail: str = "the configuration changed"


@dataclass(frozen=True, slots=True)
class Suspend:
    """An operator suspends the connection; with `down`, it is taken down first."""

    down: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """An operator ends the suspension."""


@dataclass(frozen=True, slots=True)
class Poke:
    """An operator asks for a try now, without a back-off."""


Event = (
    Seen
    | Began
    | Heard
    | Finished
    | PlutoLost
    | PlutoFound
    | TakenDown
    | Mended
    | Changed
    | Suspend
    | Resume
    | Poke
)


def backoff(name: str, failures: int, policy: Policy) -> float:
    """Seconds to wait after `failures` failed tries in a row.

    It doubles from `backoff_min` to `backoff_max`, less a share of up to `jitter`. The share depends only on name,
    count and salt: a test can predict it, and a thousand connections still spread.
    """
    if failures <= 0:
        return 0.0
    delay = policy.backoff_max
    if failures <= 60:
        delay = min(policy.backoff_max, policy.backoff_min * 2.0 ** (failures - 1))
    digest = hashlib.blake2s(
        f"{policy.salt}\0{name}\0{failures}".encode("utf-8", "surrogateescape"), digest_size=4
    ).digest()
    return delay * (1.0 - policy.jitter * (int.from_bytes(digest, "big") / 2**32))
