"""A table for people for each request of the status family. Pure; the columns are data.

Must not know: terminals, where the State comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from autod.status.model import ChildSa, IkeSa, label
from autod.status.render import age_text, columns, size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autod.status.model import State

__all__ = ["TABLES"]


def _traffic(state: State, now: float) -> Iterator[str]:
    rows = [("CONNECTION", "CHILD SA", "PEER", "SINCE", "IN", "OUT")]
    for sa in state.child_sas:
        since = age_text(max(0, now - sa.add_time) if sa.add_time is not None else None)
        peer = sa.username or sa.peer_id or sa.peer_address or "-"
        name = label(sa.connection, sa.instance)
        rows.append((name, f"#{sa.serial}", peer, since, size_text(sa.bytes_in), size_text(sa.bytes_out)))
    yield from columns(rows)


def _states(state: State, _: float) -> Iterator[str]:
    rows = [("SA", "KIND", "CONNECTION", "STATE", "IKE SA", "NEXT")]
    everything: list[IkeSa | ChildSa] = sorted((*state.ike_sas, *state.child_sas), key=lambda sa: sa.serial)
    for sa in everything:
        kind, parent = ("Child", sa.ike_sa) if isinstance(sa, ChildSa) else ("IKE", None)
        timers = {
            "rekey": sa.rekey_in,
            "replace": sa.replace_in,
            "expire": sa.expire_in,
            "retransmit": sa.retransmit_in,
        }
        due = min(((at, timer) for timer, at in timers.items() if at is not None), default=None)
        coming = f"{due[1]} in {age_text(due[0])}" if due is not None else "-"
        on = f"#{parent}" if parent is not None else "-"
        rows.append((f"#{sa.serial}", kind, label(sa.connection, sa.instance), sa.phase, on, coming))
    rows += [
        (
            "-",
            "Child",
            label(pending.connection or "-", pending.instance),
            "pending",
            f"#{pending.ike_sa}",
            "-",
        )
        for pending in state.pending
    ]
    yield from columns(rows)


def _totals(state: State, _: float) -> Iterator[str]:
    totals = {key: value for key, value in msgspec.to_builtins(state.totals).items() if value is not None}
    yield from _pairs({**totals, **state.counters})


def _pools(state: State, _: float) -> Iterator[str]:
    rows = [("RANGE", "ADDRESSES", "LEASES", "IN USE", "FREE", "REUSABLE")]
    for pool in state.address_pools:
        figures = (pool.addresses, pool.leases, pool.in_use, pool.free, pool.reusable)
        rows.append((pool.range, *(str(figure) for figure in figures)))  # type: ignore[arg-type]
    yield from columns(rows)


def _shunts(state: State, _: float) -> Iterator[str]:
    yield from state.shunts or ("no bare shunts",)


def _setup(state: State, _: float) -> Iterator[str]:
    yield from _pairs(state.setup)


def _pairs(pairs: object) -> Iterator[str]:
    assert isinstance(pairs, dict)
    yield from columns([("WHAT", "VALUE"), *((str(key), str(value)) for key, value in pairs.items())])


TABLES: Final[dict[str, Callable[[State, float], Iterator[str]]]] = {
    "trafficstatus": _traffic,
    "showstates": _states,
    "briefstatus": _totals,
    "globalstatus": _totals,
    "shuntstatus": _shunts,
    "addresspoolstatus": _pools,
    "fipsstatus": _setup,
}
"""For each operation, the function that makes the lines of its table from a State and the time now in UNIX seconds."""
