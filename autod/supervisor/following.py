"""Changes around connections: addresses, default routes and names of peers that come, go and change.

Owns: which connections a change concerns, and how often pluto is told. Must not know: how a change is noticed
(autod.supervisor.network), how pluto is asked (Link), what the engine does then.
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
"""The least seconds between two requests to listen."""

GATHER: Final = 0.2
"""Seconds for which changes are gathered: an interface comes with several."""

NAMES_GAP: Final = 3.0
"""Seconds between two questions to the resolver about the peers of connections that are not up."""

_MOST: Final = 64
"""The most names that are looked up in one round."""


class Concerned(NamedTuple):
    """Connections that may come up now; those of them that must be loaded again first; whether pluto must listen."""

    mended: frozenset[str]
    reloaded: frozenset[str]
    listen: bool


def is_name(text: str) -> bool:
    """Whether an end is a host name, and not an address or a %word."""
    if not text or text[0] == "%":
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return True
    return False


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


def _resolve(name: str) -> frozenset[str]:
    try:
        entries = socket.getaddrinfo(name, None, 0, socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(entry[4][0]).partition("%")[0] for entry in entries)


async def follow_names(
    peers: Callable[[], Mapping[str, tuple[str, ...]]],
    tell: Callable[[str], Awaitable[None]],
    *,
    up: Callable[[], Collection[str]] = tuple,
    failed: Callable[[str], bool] = lambda name: False,
    resolve: Callable[[str], frozenset[str]] = _resolve,
) -> None:
    """Call `tell` with each name that has other addresses than before. Until cancelled.

    `peers` gives the names to look up, with their connections: those that are not up. Those of `up` are looked up once,
    so that it shows when they have other addresses after a loss. A name that was never looked up before counts as
    changed when it has `failed`.
    """
    last_addresses: dict[str, frozenset[str]] = {}
    unsure = set[str]()
    while True:
        await trio.sleep(NAMES_GAP)
        names = list(peers())[:_MOST]
        for name in names:
            addresses = await trio.to_thread.run_sync(resolve, name, abandon_on_cancel=True)
            before = last_addresses.get(name)
            last_addresses[name] = addresses
            if before is None and addresses:
                # What they were when its connections were loaded is not known: that matters when these do not come up.
                unsure.add(name)
            changed = before is not None and addresses != before
            if addresses and (changed or (name in unsure and failed(name))):
                unsure.discard(name)
                await tell(name)
        for name in [name for name in up() if name not in last_addresses][:_MOST]:
            last_addresses[name] = await trio.to_thread.run_sync(resolve, name, abandon_on_cancel=True)
            unsure.add(name)
