"""A State as a table for people. Pure; the columns are data.

Must not know: terminals, where the State comes from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from autod.status.model import ChildSa, ConnectionState, End, Selector, State

__all__ = [
    "age_text",
    "columns",
    "is_about",
    "narrow",
    "size_text",
    "state_text",
    "table",
]

_UNITS = ("B", "K", "M", "G", "T", "P", "E")
_HEADINGS = ("CONNECTION", "STATE", "LOCAL", "REMOTE", "SINCE", "IN", "OUT", "REKEY")


def is_about(connection: ConnectionState, names: Collection[str]) -> bool:
    """Whether one of `names` means this connection: its name, its label (`road[1]`), or an alias of it."""
    return (
        connection.name in names or connection.label in names or any(a in names for a in connection.aliases)
    )


def narrow(state: State, names: Collection[str]) -> State:
    """The state of these connections only, with the IKE SAs that their Child SAs share; all, if `names` is empty.

    The part about pluto as a whole (totals, setup, interfaces) stays as it is.
    """
    if not names:
        return state
    connections = tuple(connection for connection in state.connections if is_about(connection, names))
    labels = {(connection.name, connection.instance) for connection in connections}
    children = tuple(sa for sa in state.child_sas if (sa.connection, sa.instance) in labels)
    parents = {sa.ike_sa for sa in children}
    parents.update(sa.serial for sa in state.ike_sas if (sa.connection, sa.instance) in labels)
    return msgspec.structs.replace(
        state,
        connections=connections,
        ike_sas=tuple(sa for sa in state.ike_sas if sa.serial in parents),
        child_sas=children,
        pending=tuple(
            pending
            for pending in state.pending
            if (pending.connection, pending.instance) in labels
            or (pending.connection is None and pending.ike_sa in parents)
        ),
        shunts=(),
    )


def size_text(count: float | None) -> str:
    """Bytes for people: `512B`, `1.5K`, `-` if not known. K is 1024."""
    if count is None:
        return "-"
    value = float(count)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:.0f}B" if unit == "B" else f"{value:.1f}{unit}"
        value /= 1024
    raise AssertionError


def age_text(seconds: float | None) -> str:
    """A duration for people: `7s`, `4m09s`, `3h05m`, `12d07h`, `-` if not known."""
    if seconds is None:
        return "-"
    sign, total = ("-", -int(seconds)) if seconds < 0 else ("", int(seconds))
    minutes, rest = divmod(total, 60)
    hours, minutes_rest = divmod(minutes, 60)
    days, hours_rest = divmod(hours, 24)
    if days:
        return f"{sign}{days}d{hours_rest:02}h"
    if hours:
        return f"{sign}{hours}h{minutes_rest:02}m"
    return f"{sign}{minutes}m{rest:02}s" if minutes else f"{sign}{rest}s"


def state_text(connection: ConnectionState, *, up: bool = False, negotiating: bool = False) -> str:
    """One word for where a connection stands. `up` and `negotiating` tell what is known from its SAs."""
    if up or connection.up:
        return "up"
    owners = (connection.negotiating_ike_sa, connection.negotiating_child_sa)
    if negotiating or connection.routing in ("negotiating", "inbound") or any(owners):
        return "negotiating"
    if connection.oriented is False:
        return "unoriented"
    if connection.kind in ("template", "group"):
        return connection.kind
    routing = connection.routing or "unrouted"
    return "down" if routing == "unrouted" else routing


def table(state: State, *, now: float | None = None) -> Iterator[str]:
    """One row per connection, then how many are loaded and up. `now` in seconds since 1970, for the ages."""
    children: dict[tuple[str, str | None], list[ChildSa]] = {}
    for child in state.child_sas:
        if child.phase == "established":
            children.setdefault((child.connection, child.instance), []).append(child)
    busy = {
        (sa.connection, sa.instance) for sa in state.ike_sas if sa.phase in ("half_open", "authenticating")
    }
    busy.update((sa.connection, sa.instance) for sa in state.child_sas if sa.phase == "negotiating")
    rows = [_HEADINGS]
    up = 0
    for connection in state.connections:
        owner = (connection.name, connection.instance)
        own = children.get(owner, ())
        word = state_text(connection, up=bool(own), negotiating=owner in busy)
        up += word == "up"
        rows.append(
            (
                connection.label,
                word,
                _end(connection.local, [pair.local for pair in connection.selectors]),
                _end(connection.remote, [pair.remote for pair in connection.selectors]),
                *_traffic(own, now),
            )
        )
    yield from columns(rows)
    yield f"{len(state.connections)} loaded, {up} up"


def _traffic(children: Sequence[ChildSa], now: float | None) -> tuple[str, str, str, str]:
    """The time since the first SA began, bytes in and out, and the time until the first of them is rekeyed."""
    if not children:
        return "-", "-", "-", "-"
    times = [child.add_time for child in children if child.add_time is not None]
    timers = [child.rekey_in for child in children if child.rekey_in is not None]
    return (
        age_text(max(0, now - min(times)) if times and now is not None else None),
        size_text(sum(child.bytes_in or 0 for child in children)),
        size_text(sum(child.bytes_out or 0 for child in children)),
        age_text(min(timers) if timers else None),
    )


def _end(end: End, chosen: Sequence[Selector | None]) -> str:
    host = end.address or end.host or "-"
    networks = sorted(
        {selector.net for selector in chosen if selector is not None and selector.net != end.address}
    )
    return f"{host} {','.join(networks)}" if networks else host


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows as lines, each column as wide as its widest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
