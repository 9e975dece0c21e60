"""The values of the supervisor: states, acts, causes, policy, record and events of one connection.

Owns what they mean and which cause has which effect. Knows no rule of change (see `machine`), no clock and no
pluto. All times are seconds on any monotonic clock that the caller likes.
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
    """What people and metrics are shown. Derived from a record, never set by hand."""

    ABSENT = "absent"
    LOADED = "loaded"
    ROUTED = "routed"
    STARTING = "starting"
    UP = "up"
    WAITING = "waiting"
    REFUSED = "refused"
    SUSPENDED = "suspended"


class Actual(enum.Enum):
    """What pluto has, as far as it was seen."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    LOADED = "loaded"
    ROUTED = "routed"
    UP = "up"


class Keep(enum.Enum):
    """What a connection should be. `GONE` is that of one that has left the configuration."""

    UP = "up"
    ROUTED = "routed"
    LOADED = "loaded"
    DOWN = "down"
    GONE = "gone"


class Act(enum.Enum):
    """What may be asked of pluto for one connection. `LOOK` asks to be told more (`Seen`), of all at once."""

    LOOK = "look"
    ADD = "add"
    UP = "up"
    ROUTE = "route"
    DOWN = "down"
    DELETE = "delete"
    REPLACE = "replace"


class Cause(enum.Enum):
    """Why an act did not reach its end, or why an up connection is up no more."""

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
    """What a cause means for the next try."""

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
"""Every cause has its effect; what is not known to last is tried again.

What the peer says has to be confirmed: a peer that is just starting answers before it has its secrets and
connections, and says no to what it will soon accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one connection is kept. All times are seconds.

    `deadline` bounds one Up. It exceeds 65 s by default, as pluto itself gives a silent peer up, and says
    why, only after 64 s (measured on 4.10 and 5.2).
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
    """How long pluto may go on by itself before it is told to begin afresh; 0: for ever."""
    refuse_after: int = 3
    """So many failures in a row make the word of a peer final."""
    refused_retry: float = 900.0
    """The peer may mend its side and tells nobody: a refused one is tried again this seldom; 0: never."""
    look_every: float = 10.0
    """How old the knowledge of what pluto is doing by itself may be when it matters."""
    head_start: float = 0.0
    """How long pluto is left to start it by itself (auto=start) after it was found or given the connection."""
    salt: str = ""
    """Makes the jitter of one gateway differ from that of its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is remembered of one connection."""

    name: str
    state: State = State.ABSENT
    since: float = 0.0
    actual: Actual = Actual.UNKNOWN
    acting: Act | None = None
    acting_since: float = 0.0
    heard: bool = False
    """The peer has answered the Up that is running."""
    negotiating: bool = False
    """pluto negotiates it without having been asked."""
    negotiating_since: float = 0.0
    looked: float | None = None
    """When the state was last asked whether pluto negotiates it without having been asked."""
    settled: float = float("-inf")
    """When our last act ended: what was asked before says nothing about what is now."""
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
    """The same may be so of what pluto looked up when it was loaded, which matters when it is not up."""
    again: bool = False
    """Something was mended after the running act had begun: if that fails, it is tried again at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What pluto was seen to have. `asked` is when the question was sent; None: that was not looked at."""

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
    """`act` is over: as asked (`cause` is None) or not. `detail` is for people, usually pluto's own line.

    `passing`: it may pass by itself, whatever its cause usually means; pluto only guesses some causes.
    """

    act: Act
    cause: Cause | None = None
    detail: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class PlutoLost:
    """There is no pluto any more."""


@dataclass(frozen=True, slots=True)
class PlutoFound:
    """A pluto that was not there before answers: nothing is known of what it has."""


@dataclass(frozen=True, slots=True)
class TakenDown:
    """What was lost was taken down by somebody at pluto itself, past the supervisor."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A secret or the configuration around the connection changed: what was refused may pass now."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """The connection's own definition changed; `later`: what pluto looked up for it may have, which a tunnel that is up
    does not need."""

    later: bool = False


@dataclass(frozen=True, slots=True)
class Suspend:
    """An operator says hands off; with `down`, after it has been taken down."""

    down: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """An operator hands it back."""


@dataclass(frozen=True, slots=True)
class Poke:
    """An operator asks for a try now, whatever the back-off says."""


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

    Doubles from `backoff_min` to `backoff_max`, less a share of up to `jitter` that is always the same for
    one name, count and salt: a test can tell it beforehand, and a thousand connections still spread.
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
