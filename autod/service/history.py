"""The answers of the history: availability, changes, outages; by connection and by peer.

Owns the shapes of the answers (the interface file and the JSON of `autod history` have the same) and which
connections a question is about. Blocking; knows no event loop. Times are UNIX seconds, durations seconds.
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
    """The sums of a connection, or of all connections of a peer, over a stretch of time. In seconds; `availability` is
    absent if no supervisor watched."""

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
    """An event, as the history keeps it."""

    time: float
    kind: str
    connection: str | UnsetType = UNSET
    after: str | UnsetType = UNSET
    act: str | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    by: str | UnsetType = UNSET


class Outage(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A stretch of time in which a connection was down. `until` is absent if it is still down."""

    connection: str
    since: float
    until: float | UnsetType = UNSET
    seconds: float
    cause: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


def accounts(
    reader: Reader, since: float, until: float, names: Sequence[str] | None = None, peer: str | None = None
) -> list[Account]:
    """The sums of each connection whose name is, or matches, one of `names`, and whose peer matches `peer`.

    BadPattern.
    """
    chosen = None if names is None else Names(names)
    peers = None if peer is None else Names([peer])

    def concerned(named: Named) -> bool:
        return (chosen is None or chosen.mean(named.name)) and (peers is None or peers.mean(named.peer))

    return [
        _line(line)
        for line in reader.lines(int(since * 1000), int(until * 1000), concerned)
        if (line.sums.up or line.sums.down or line.truth.state != UNKNOWN)
    ]


def by_peer(per_connection: Iterable[Account]) -> list[Account]:
    """The same by peer: the sums of all its connections together."""
    peers: dict[str, list[Account]] = {}
    for account in per_connection:
        peers.setdefault(account.peer if isinstance(account.peer, str) else "", []).append(account)
    result = []
    for peer, of_peer in sorted(peers.items()):
        up, down = sum(account.up for account in of_peer), sum(account.down for account in of_peer)
        result.append(
            Account(
                name=peer,
                connections=len(of_peer),
                availability=round(up / (up + down), 6) if up + down else UNSET,
                up=round(up, 3),
                down=round(down, 3),
                losses=sum(account.losses for account in of_peer),
                held=sum(account.held for account in of_peer),
                longest=max(account.longest for account in of_peer),
            )
        )
    return result


def changes(reader: Reader, since: float, until: float, names: Sequence[str], most: int) -> list[Change]:
    """The changes in order; without `names`, those of all connections and of none. BadPattern."""
    all_names, chosen = reader.names(), Names(names)
    concerned = [n for n in all_names if chosen.mean(n)] if names else ["", *all_names]
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
        for name, change in reader.changes(concerned, int(since * 1000), int(until * 1000), most)
    ]


def outages(reader: Reader, since: float, until: float, names: Sequence[str], most: int) -> list[Outage]:
    """The outages of the connections that `names` match, in order of their begin; without names, all. BadPattern."""
    chosen = Names(names)
    concerned = [name for name in reader.names() if not names or chosen.mean(name)]
    return outages_of(reader, since, until, concerned)[-most:]


def outages_of(reader: Reader, since: float, until: float, names: Sequence[str]) -> list[Outage]:
    """The outages of the connections of exactly these names, in order of their begin."""
    stretches = [
        Outage(
            connection=name,
            since=outage.begin / 1000,
            until=UNSET if outage.end is None else outage.end / 1000,
            seconds=round((until if outage.end is None else outage.end / 1000) - outage.begin / 1000, 3),
            cause=outage.cause or UNSET,
            detail=outage.detail or UNSET,
        )
        for name in names
        for outage in reader.outages(name, int(since * 1000), int(until * 1000))
    ]
    stretches.sort(key=lambda outage: outage.since)
    return stretches


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
