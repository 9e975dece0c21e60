"""Changes around connections: addresses and default routes that come and go.

Owns: which connections a change concerns, and how often pluto is told. Must not know: how a change is noticed
(autod.supervisor.network), how pluto is asked (Link), what the engine does then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from autod.supervisor.network import changes
from autod.supervisor.peernames import is_name

if TYPE_CHECKING:
    from autod.supervisor.network import Change

__all__ = ["Concerned", "concerned", "follow_network"]

LISTEN_GAP: Final = 1.0
"""The least seconds between two requests to listen."""

GATHER: Final = 0.2
"""Seconds for which changes are gathered: an interface comes with several."""


class Concerned(NamedTuple):
    """Connections that may come up now; those of them that must be loaded again first; whether pluto must listen."""

    mended: frozenset[str]
    reloaded: frozenset[str]
    listen: bool


def _is_by_route(end: str) -> bool:
    """Whether an end depends on the routes: %defaultroute, or an interface such as %eth0."""
    return end[:1] == "%" and not end.lower().startswith(("%any", "%group", "%opp"))


def concerned(network_changes: Collection[Change], ends: Mapping[str, tuple[str, str]]) -> Concerned:
    """The connections, by their ends (left and right, as written), that changes of addresses and routes concern.

    All changes concern an end that depends on the routes (%defaultroute, %eth0). The change of an address concerns an
    end with this address; that of a default route, all connections that may go through it.
    """
    addresses = {change.address for change in network_changes if change.address}
    route = any(not change.address for change in network_changes)
    came = any(not change.gone for change in network_changes)
    mended, reloaded = set(), set()
    listen = False
    if not network_changes:
        return Concerned(frozenset(), frozenset(), listen)
    for name, pair in ends.items():
        routed = any(_is_by_route(end) for end in pair)
        if routed or not addresses.isdisjoint(pair) or any(is_name(end) for end in pair):
            listen = listen or bool(addresses) or routed
            if came:
                mended.add(name)
                if routed:
                    reloaded.add(name)
        elif route and came:
            mended.add(name)
    return Concerned(frozenset(mended), frozenset(reloaded), listen)


async def follow_network(pid: int | None, tell: Callable[[frozenset[Change]], Awaitable[None]]) -> None:
    """Call `tell` with the changes of some time together, at most once in LISTEN_GAP. Until cancelled."""
    gathered: set[Change] = set()
    some = trio.Event()

    async def gather() -> None:
        nonlocal some
        async for changed in changes(pid):
            gathered.update(changed)
            some.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        while True:
            await some.wait()
            await trio.sleep(GATHER)
            some = trio.Event()
            batch = frozenset(gathered)
            gathered.clear()
            await tell(batch)
            await trio.sleep(LISTEN_GAP - GATHER)
