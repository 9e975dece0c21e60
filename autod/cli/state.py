"""`--status` as typed state: --json, --format table, and names to narrow it down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from autod.status import parse
from protocol import commands as c

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from autod.cli.session import Session
    from autod.status import ChildSa, ConnectionState, State

__all__ = ["narrow", "show_state", "table"]

_UNKNOWN = 21
"""RC_UNKNOWN_NAME of every release."""

_UNITS = ("B", "K", "M", "G", "T", "P")


async def show_state(session: Session, names: Sequence[str]) -> int:
    """Ask for all of it once, and show what is about `names` (all, if none); 21 if one of them is not loaded."""
    pluto, options = session.pluto, session.options
    now = time.time()
    replies = [*await pluto.replies(c.Status()), *await pluto.replies(c.TrafficStatus())]
    whole = parse(replies, time=now)
    state = narrow(whole, names)
    missing = [
        name for name in names if not any(_about(connection, [name]) for connection in whole.connections)
    ]
    if options.json:
        session.put(state)
    elif options.format == "table":
        for line in table(state, now):
            session.say(line)
    else:
        for reply in replies:
            if any(_names(reply.text, name) for name in names):
                session.show_reply(reply)
    for name in missing:
        session.say(f'"{name}": pluto has no connection or alias of this name')
    return _UNKNOWN if missing else 0


def narrow(state: State, names: Collection[str]) -> State:
    """Only what is about these connections, or the members of these aliases; the daemon's own part stays."""
    if not names:
        return state
    kept = [connection for connection in state.connections if _about(connection, names)]
    known = {connection.name for connection in kept}
    return msgspec.structs.replace(
        state,
        connections=tuple(kept),
        ike_sas=tuple(sa for sa in state.ike_sas if sa.connection in known),
        child_sas=tuple(sa for sa in state.child_sas if sa.connection in known),
        pending=tuple(one for one in state.pending if one.connection in known),
        shunts=(),
    )


def _about(connection: ConnectionState, names: Iterable[str]) -> bool:
    return any(connection.name == name or name in connection.aliases for name in names)


def _names(text: str, name: str) -> bool:
    """Whether a line of a status is about that connection: `"NAME":`, `"NAME"[1]`, `#3: "NAME"`."""
    start, quote, rest = text.partition(f'"{name}"')
    return bool(quote) and (not start or start.startswith("#")) and rest[:1] in (":", "[", ",")


def table(state: State, now: float) -> Iterator[str]:
    """A row a connection, for people. `now` in seconds since 1970."""
    children: dict[tuple[str, str | None], ChildSa] = {}
    for sa in state.child_sas:
        key = (sa.connection, sa.instance)
        if sa.phase == "established" and (key not in children or sa.serial > children[key].serial):
            children[key] = sa
    rows = [("CONNECTION", "STATE", "LOCAL", "REMOTE", "SINCE", "IN", "OUT")]
    for connection in state.connections:
        child = children.get((connection.name, connection.instance))
        rows.append(
            (
                connection.label,
                _state(connection, child),
                _end(connection, "local"),
                _end(connection, "remote"),
                _since(child, now),
                _size(child.bytes_in if child else None),
                _size(child.bytes_out if child else None),
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()
    up = sum(connection.up for connection in state.connections)
    yield f"{len(state.connections)} loaded, {up} up"


def _state(connection: ConnectionState, child: ChildSa | None) -> str:
    if connection.up or child is not None:
        return "up"
    if connection.negotiating_ike_sa is not None or connection.negotiating_child_sa is not None:
        return "negotiating"
    if connection.oriented is False:
        return "unoriented"
    if connection.kind in ("template", "group"):
        return connection.kind
    return (connection.routing or "loaded").replace("unrouted", "down")


def _end(connection: ConnectionState, which: str) -> str:
    end = connection.local if which == "local" else connection.remote
    nets = {pair.local if which == "local" else pair.remote for pair in connection.selectors}
    shown = sorted(net.net for net in nets if net is not None)
    host = end.address or end.host or "-"
    return f"{host} {','.join(shown)}" if shown and shown != [host] else host


def _since(child: ChildSa | None, now: float) -> str:
    if child is None or child.add_time is None:
        return "-"
    passed = max(0, int(now - child.add_time))
    hours, rest = divmod(passed, 3600)
    return f"{hours // 24}d{hours % 24:02}h" if hours >= 48 else f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _size(count: int | None) -> str:
    if count is None:
        return "-"
    value, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{count}B" if unit == "B" else f"{value:.1f}{unit}"
