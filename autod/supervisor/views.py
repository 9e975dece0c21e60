"""The supervisor's connections, events and figures, as its API gives them.

Owns the shapes (the interface file of the service declares the same), and makes them from records. Times are UNIX
seconds here, as clients have another monotonic clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType

from autod.supervisor.states import Actual, State
from autod.supervisor.table import Moved

if TYPE_CHECKING:
    from autod.supervisor.table import Entry, Report

__all__ = [
    "Differences",
    "DifferingSetting",
    "Left",
    "Operator",
    "PlutoView",
    "Statistics",
    "SupervisedConnection",
    "SupervisorEvent",
    "Unseen",
    "connection",
    "event",
    "plain",
]


class Operator(Struct, frozen=True, kw_only=True):
    """The operator who asked for something: the client process of the API, at the time of connecting.

    `user` and `login` are names, empty if there is none. `login` is the user of the login session, if that is not
    `user`: the person behind sudo.
    """

    uid: int
    pid: int
    user: str = ""
    login: str = ""

    def __str__(self) -> str:
        named = self.user or str(self.uid)
        return f"{named} ({self.login})" if self.login else named


class SupervisedConnection(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One connection: what it should be, its state, and the cause."""

    name: str
    wanted: str
    state: str
    since: float
    attempts: int | UnsetType = UNSET
    failures: int | UnsetType = UNSET
    flapping: bool | UnsetType = UNSET
    group: str | UnsetType = UNSET
    own: bool | UnsetType = UNSET
    peer: str | UnsetType = UNSET
    next_try: float | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    advice: str | UnsetType = UNSET
    received: int | UnsetType = UNSET
    sent: int | UnsetType = UNSET


class SupervisorEvent(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that happened. `kind` says which of the other fields have a meaning:

    state    connection, before, after, cause, detail, next_try
    try      connection, act, seconds; cause and detail where it failed
    pluto    after (found, lost, stuck, answers), detail
    reload   detail; cause where it failed
    trouble  detail; cause (which side feature) where it began, none where it is over
    operator connection, act (up, down, suspend, resume, reload, sync, add, remove), uid, user, login, pid; cause and
             detail where it was refused, or was seen to be done by hand, past the supervisor
    missed   missed: so many events are no longer kept; absent where nobody can tell how many
    """

    sequence: int
    time: float
    kind: str
    connection: str | UnsetType = UNSET
    before: str | UnsetType = UNSET
    after: str | UnsetType = UNSET
    act: str | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    next_try: float | UnsetType = UNSET
    missed: int | UnsetType = UNSET
    uid: int | UnsetType = UNSET
    user: str | UnsetType = UNSET
    login: str | UnsetType = UNSET
    pid: int | UnsetType = UNSET


class DifferingSetting(Struct, frozen=True):
    """One setting of a connection that pluto holds in another form than the configuration."""

    connection: str
    setting: str
    configured: str
    loaded: str


class Unseen(Struct, frozen=True):
    """Settings of a connection that pluto does not show, so that they cannot be compared."""

    connection: str
    settings: tuple[str, ...]


class Left(Struct, frozen=True):
    """A connection that left the configuration, and why it stays in pluto."""

    connection: str
    why: str


class Differences(Struct, frozen=True):
    """The differences between the configuration and pluto.

    Connections that pluto does not have (`missing`), has in another form (`changed`), has from others (`extra`), and
    has from this configuration, which they left (`forgotten`). `left` are those of the last that stay in pluto,
    `refused` those that cannot be loaded as they stand.
    """

    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    details: tuple[DifferingSetting, ...] = ()
    uncompared: tuple[Unseen, ...] = ()
    left: tuple[Left, ...] = ()
    refused: tuple[str, ...] = ()


class PlutoView(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The pluto that is supervised."""

    running: bool
    release: str | UnsetType = UNSET
    pid: int | UnsetType = UNSET
    since: float | UnsetType = UNSET
    restarts: int | UnsetType = UNSET
    answer_seconds: float | UnsetType = UNSET
    descriptors: int | UnsetType = UNSET


class Statistics(Struct, frozen=True, kw_only=True):
    """The supervisor in figures."""

    version: str
    instance: str
    pid: int
    since: float
    sequence: int
    states: dict[str, int]
    expected: int
    up: int
    in_flight: int
    queued: int
    limit: int
    subscribers: int
    missed: int
    configuration: str
    troubles: tuple[str, ...] = ()
    pluto: PlutoView


def plain(text: str) -> str:
    """`text` with `\\xNN` for each byte that is not UTF-8: a peer can put such bytes into pluto's lines, and JSON
    cannot carry them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


_WITH_CAUSE = frozenset({State.ABSENT, State.WAITING, State.REFUSED})


def connection(entry: Entry, offset: float) -> SupervisedConnection:
    """The view of `entry`; `offset` turns its clock into UNIX seconds."""
    record, wanted = entry.record, entry.wanted
    up = record.actual is Actual.UP
    detail, reason, advice = entry.advised
    advised = bool(record.cause) and record.detail == detail
    waits = record.state in (State.WAITING, State.REFUSED) and record.next_try is not None
    return SupervisedConnection(
        name=plain(wanted.name),
        wanted=wanted.policy.keep.value,
        state=record.state.value,
        since=round(record.since + offset, 3),
        attempts=entry.attempts,
        failures=record.failures,
        flapping=record.flapping,
        group=wanted.group or UNSET,
        own=wanted.own or UNSET,
        peer=plain(entry.peer) or UNSET,
        next_try=round(record.next_try + offset, 3) if waits and record.next_try is not None else UNSET,
        cause=record.cause.value if record.cause else UNSET,
        detail=plain(record.detail) or UNSET,
        reason=(reason if advised else "") or UNSET,
        advice=(plain(advice) if advised else "") or UNSET,
        received=entry.traffic.received if up else UNSET,
        sent=entry.traffic.sent if up else UNSET,
    )


def event(report: Report, sequence: int, now: float, offset: float) -> SupervisorEvent:
    """The event of `report`."""
    if isinstance(report, Moved):
        record = report.record
        # The cause of an earlier failure does not belong to a try that has just begun.
        why = record.cause if report.after in _WITH_CAUSE else None
        return SupervisorEvent(
            sequence=sequence,
            time=now,
            kind="state",
            connection=plain(report.name),
            before=report.before.value,
            after=report.after.value,
            cause=why.value if why else UNSET,
            detail=(plain(record.detail) if why else "") or UNSET,
            next_try=UNSET if record.next_try is None else round(record.next_try + offset, 3),
        )
    return SupervisorEvent(
        sequence=sequence,
        time=now,
        kind="try",
        connection=plain(report.name),
        act=report.act.value,
        seconds=round(report.seconds, 3),
        cause=report.cause.value if report.cause else UNSET,
        detail=plain(report.detail) or UNSET,
    )
