"""The world around connections, followed: addresses, default routes and names of peers that come, go and change.

Owns: which connections a change concerns, and how often pluto is told. Must not know: how a change is learned
(autod.supervisor.network), how pluto is asked (Link), what an engine does with a connection that is mended.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from autod.supervisor.network import changes

if TYPE_CHECKING:
    from autod.supervisor.network import Change

__all__ = ["Concerned", "concerned", "follow_names", "follow_network", "is_name"]

LISTEN_GAP: Final = 1.0
"""Seconds between two requests to listen, at the least."""

GATHER: Final = 0.2
"""Seconds for which changes are gathered: an interface comes with several."""

NAMES_GAP: Final = 3.0
"""Seconds between two questions to the resolver about the peers of connections that are not up."""

_MOST: Final = 64
"""Names that are asked for in one round."""


class Concerned(NamedTuple):
    """Connections that may come up now, and those of them that have to be loaded again first."""

    mended: frozenset[str]
    reloaded: frozenset[str]
    listen: bool


def is_name(text: str) -> bool:
    """Whether an end is a host name: no address, and no word."""
    if not text or text[0] == "%":
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return True
    return False


def _is_by_route(end: str) -> bool:
    """Whether an end is found by the routes: %defaultroute, or an interface such as %eth0."""
    return end[:1] == "%" and not end.lower().startswith(("%any", "%group", "%opp"))


def concerned(found: Collection[Change], ends: Mapping[str, tuple[str, str]]) -> Concerned:
    """What changes of addresses and routes mean for connections with these ends (left and right, as written).

    An end that is found by the routes (%defaultroute, %eth0) is concerned by all of them; one that is an address, by
    that one; a default route concerns all that may go through it.
    """
    addresses = {one.address for one in found if one.address}
    route = any(not one.address for one in found)
    came = any(not one.gone for one in found)
    mended, reloaded = set(), set()
    listen = False
    if not found:
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
    """Call `tell` with what changed, gathered, at most once in LISTEN_GAP. Until cancelled."""
    gathered: set[Change] = set()
    some = trio.Event()

    async def gather() -> None:
        nonlocal some
        async for found in changes(pid):
            gathered.update(found)
            some.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        while True:
            await some.wait()
            await trio.sleep(GATHER)
            some = trio.Event()
            found = frozenset(gathered)
            gathered.clear()
            await tell(found)
            await trio.sleep(LISTEN_GAP - GATHER)


def _resolve(name: str) -> frozenset[str]:
    try:
        found = socket.getaddrinfo(name, None, 0, socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(one[4][0]).partition("%")[0] for one in found)


async def follow_names(
    peers: Callable[[], Mapping[str, tuple[str, ...]]],
    tell: Callable[[str], Awaitable[None]],
    *,
    resolve: Callable[[str], frozenset[str]] = _resolve,
) -> None:
    """Call `tell` with each name whose addresses are others than before, and are some. Until cancelled.

    `peers` gives the names to ask about, with the connections that have them: those that are not up.
    """
    known: dict[str, frozenset[str]] = {}
    while True:
        await trio.sleep(NAMES_GAP)
        asked = list(peers())[:_MOST]
        for name in asked:
            found = await trio.to_thread.run_sync(resolve, name, abandon_on_cancel=True)
            before = known.get(name)
            known[name] = found
            if found and before is not None and found != before:
                await tell(name)
        for name in known.keys() - set(asked):
            # Up again: what it resolves to now is what counts when it goes down.
            known.pop(name)
