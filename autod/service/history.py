"""What the history answers: availability, what happened, when it was down; by connection and by peer.

Owns the shapes of the answers (the interface file and the JSON of `autod history` have the same) and which
connections a question means. Blocking; knows no event loop. Times are UNIX seconds, durations seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType

from autod.service.ledger import UNKNOWN, Tally
from autod.service.patterns import Names

if TYPE_CHECKING:
    from autod.service.store import Line, Named, Reader

__all__ = ["Account", "Change", "Outage", "accounts", "by_peer", "changes", "outages", "outages_of"]

DAY = 86400.0
MOST = 1000


class Account(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a connection, or all of a peer, did over a stretch. Seconds; `availability` is absent where nothing was
    known."""

    name: str
    peer: str | UnsetType = UNSET
    group: str | UnsetType = UNSET
    connections: int | UnsetType = UNSET
    availability: float | UnsetType = UNSET
    up: float
    down: float
    losses: int
    held: int
    longest: float
    state: str | UnsetType = UNSET


class Change(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that happened, as the history keeps it."""

    time: float
    kind: str
    connection: str | UnsetType = UNSET
    after: str | UnsetType = UNSET
    act: str | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    by: str | UnsetType = UNSET


class Outage(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A stretch in which a connection was down. `until` is absent where it still is."""

    connection: str
    since: float
    until: float | UnsetType = UNSET
    seconds: float
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


def accounts(
    reader: Reader, since: float, until: float, names: Sequence[str] | None = None, peer: str | None = None
) -> list[Account]:
    """How each connection did whose name is, or matches, one of `names`, and whose peer matches `peer`. BadPattern."""
    meant = None if names is None else Names(names)
    peers = None if peer is None else Names([peer])

    def wanted(named: Named) -> bool:
        return (meant is None or meant.mean(named.name)) and (peers is None or peers.mean(named.peer))

    return [
        _line(line)
        for line in reader.lines(int(since * 1000), int(until * 1000), wanted)
        if (line.sums.up or line.sums.down or line.truth.state != UNKNOWN)
    ]


def by_peer(found: Iterable[Account]) -> list[Account]:
    """The same by peer: the times of all its connections together."""
    peers: dict[str, list[Account]] = {}
    for one in found:
        peers.setdefault(one.peer if isinstance(one.peer, str) else "", []).append(one)
    result = []
    for peer, many in sorted(peers.items()):
        up, down = sum(one.up for one in many), sum(one.down for one in many)
        result.append(
            Account(
                name=peer,
                connections=len(many),
                availability=round(up / (up + down), 6) if up + down else UNSET,
                up=round(up, 3),
                down=round(down, 3),
                losses=sum(one.losses for one in many),
                held=sum(one.held for one in many),
                longest=max(one.longest for one in many),
            )
        )
    return result


def changes(reader: Reader, since: float, until: float, names: Sequence[str], most: int) -> list[Change]:
    """What happened, in order; without `names` to all connections and beside them. BadPattern."""
    known, meant = reader.names(), Names(names)
    asked = [n for n in known if meant.mean(n)] if names else ["", *known]
    return [
        Change(
            time=change.at / 1000,
            kind=change.kind,
            connection=name or UNSET,
            after=change.state or UNSET,
            act=change.act or UNSET,
            cause=change.cause or UNSET,
            detail=change.detail or UNSET,
            by=change.by or UNSET,
        )
        for name, change in reader.changes(asked, int(since * 1000), int(until * 1000), most)
    ]


def outages(reader: Reader, since: float, until: float, names: Sequence[str], most: int) -> list[Outage]:
    """When each that `names` mean was down, in order of the beginning; without names, all. BadPattern."""
    meant = Names(names)
    wanted = [name for name in reader.names() if not names or meant.mean(name)]
    return outages_of(reader, since, until, wanted)[-most:]


def outages_of(reader: Reader, since: float, until: float, names: Sequence[str]) -> list[Outage]:
    """When each connection of one of these very names was down, in order of the beginning."""
    found = [
        Outage(
            connection=name,
            since=one.begin / 1000,
            until=UNSET if one.end is None else one.end / 1000,
            seconds=round((until if one.end is None else one.end / 1000) - one.begin / 1000, 3),
            cause=one.cause or UNSET,
            detail=one.detail or UNSET,
        )
        for name in names
        for one in reader.outages(name, int(since * 1000), int(until * 1000))
    ]
    found.sort(key=lambda one: one.since)
    return found


def _line(line: Line) -> Account:
    sums: Tally = line.sums
    return Account(
        name=line.named.name,
        peer=line.named.peer or UNSET,
        group=line.named.group or UNSET,
        availability=UNSET if sums.availability is None else round(sums.availability, 6),
        up=sums.up / 1000,
        down=sums.down / 1000,
        losses=sums.losses,
        held=sums.held,
        longest=sums.longest / 1000,
        state=line.truth.state,
    )
