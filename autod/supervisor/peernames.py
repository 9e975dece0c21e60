"""The names of peers: what they mean now, and whether pluto goes by an address that is no longer the right one.

Owns: how often the resolver is asked, for which names first, and when pluto's address is doubted. pluto looks a name up
when it loads a connection, shows in its status what it found (3.27 to 5.4), and tries that for ever. Must not know: how
pluto is asked (Link), what the engine does then.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, NamedTuple

import trio

__all__ = ["Doubts", "Use", "due", "follow_names", "is_name", "is_old"]

URGENT: Final = 2.0
"""Seconds between two questions for the name of a peer whose connection should be up and is not."""

CALM: Final = 0.5
"""The least seconds between two questions for the names of connections that are up, of all of them together: they are
asked for again when they are lost."""

ANOTHER: Final = 2.0
"""The least seconds between two loads for one name: some names mean something else with each question."""

AGAIN: Final = 60.0
"""The same if the name still means what it did: the resolver that pluto asks may have been slower."""

GATHER: Final = 0.1
"""Seconds for which answers are gathered. If pluto was just asked about others, twenty times what that took."""

_MOST_SLEEP: Final = 5.0


class Use(NamedTuple):
    """How a connection uses a name: the addresses that pluto goes by (an empty one where it found none; None: it does
    not say), and whether the connection cannot come up."""

    held: Collection[str] | None
    failing: bool


def is_name(text: str) -> bool:
    """Whether an end is a host name, and not an address or a %word."""
    return bool(text) and text[0] != "%" and _version(text) is None


def is_old(held: Collection[str], addresses: Collection[str]) -> bool:
    """Whether one of `held`, by which pluto goes (empty: no address), is none of `addresses`.

    Addresses of the other IP version do not count: an answer of the resolver may lack the half of them.
    """
    for address in held:
        version = _version(address)
        comparable = [each for each in addresses if version is None or _version(each) == version]
        if comparable and address not in comparable:
            return True
    return False


def _version(address: str) -> int | None:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None


class Doubts:
    """Which connections go by an old address of a name. Pure: the caller gives the time, in seconds."""

    def __init__(self) -> None:
        self._before: dict[str, frozenset[str]] = {}
        self._loaded: dict[str, tuple[frozenset[str], float]] = {}

    def about(
        self, host: str, addresses: frozenset[str], uses: Mapping[str, Use], now: float
    ) -> frozenset[str]:
        """Those of the connections `uses` that are to be loaded again, as `host` means `addresses` now.

        None of them where they were loaded for this name a moment ago. What pluto says of a connection counts. If it
        says nothing, a connection is doubted if the name meant something else before; the first time, if the
        connection cannot come up.
        """
        before = self._before.get(host)
        loaded, at = self._loaded.get(host, (frozenset[str](), float("-inf")))
        means_the_same = addresses == loaded and before in (None, addresses)
        if not addresses or now - at < (AGAIN if means_the_same else ANOTHER):
            return frozenset()
        self._before[host] = addresses
        return frozenset(
            name
            for name, use in uses.items()
            if (
                is_old(use.held, addresses)
                if use.held
                else use.failing
                if before is None
                else addresses != before
            )
        )

    def loaded(self, host: str, addresses: frozenset[str], now: float) -> None:
        """Connections are loaded again for this meaning of `host`."""
        self._loaded[host] = (addresses, now)


def due(
    hosts: Mapping[str, bool], asked: Mapping[str, float], now: float, every: float
) -> tuple[list[str], float]:
    """The names to ask for now, those of connections that are down first; and the time of the next ones.

    `asked` says when each was asked for last. `every`: seconds between two questions if the connections are up, more of
    them if there are many; 0: none is asked then.
    """
    calm = max(every, CALM * (len(hosts) - sum(hosts.values())))
    times = {
        host: asked.get(host, float("-inf")) + (URGENT if down else calm)
        for host, down in hosts.items()
        if down or every > 0
    }
    ready = sorted(
        (host for host, at in times.items() if at <= now), key=lambda host: (not hosts[host], times[host])
    )
    return ready, min((at for at in times.values() if at > now), default=float("inf"))


def _look_up(name: str) -> frozenset[str]:
    try:
        entries = socket.getaddrinfo(name, None, 0, socket.SOCK_DGRAM)
    except (OSError, ValueError):
        return frozenset()
    return frozenset(str(entry[4][0]).partition("%")[0] for entry in entries)


async def _resolve(name: str) -> frozenset[str]:
    """The addresses of `name` by this machine's resolver; none if it has no answer. A cancellation leaves a thread that
    waits for one."""
    return await trio.to_thread.run_sync(
        _look_up, name, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
    )


async def follow_names(
    hosts: Callable[[], Mapping[str, bool]],
    tell: Callable[[Mapping[str, frozenset[str]]], Awaitable[None]],
    *,
    sooner: Callable[[], trio.Event],
    every: Callable[[], float],
    rate: Callable[[], int],
    resolve: Callable[[str], Awaitable[frozenset[str]]] = _resolve,
) -> None:
    """Call `tell` with the addresses of names, as the resolver answers. Until cancelled; a question may outlive that.

    `hosts` gives the names, each with whether a connection of it should be up and is not: those are asked for every
    URGENT seconds, and at once when it went down, the others as `every` says. `rate` is how many questions may be asked
    in a second, and how many may wait for an answer. `sooner` gives an event that is set when `hosts` gives others.
    """
    waiting = set[str]()
    answers: dict[str, frozenset[str]] = {}
    some = trio.Event()

    async def ask(host: str) -> None:
        try:
            answers[host] = await resolve(host)
        finally:
            waiting.discard(host)
        some.set()

    async def pass_on() -> None:
        nonlocal some
        earliest = float("-inf")
        while True:
            await some.wait()
            await trio.sleep_until(max(trio.current_time() + GATHER, earliest))
            some = trio.Event()
            batch = dict(answers)
            answers.clear()
            began = trio.current_time()
            await tell(batch)
            ended = trio.current_time()
            earliest = ended + min(20 * (ended - began), _MOST_SLEEP)

    asked: dict[str, float] = {}
    begun = deque[float]()
    down_before = frozenset[str]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pass_on)
        while True:
            event, now, names = sooner(), trio.current_time(), hosts()
            down = frozenset(host for host, is_down in names.items() if is_down)
            for host in [host for host in asked if host not in names or host in down - down_before]:
                del asked[host]
            down_before = down
            ready = [host for host in due(names, asked, now, every())[0] if host not in waiting]
            while begun and begun[0] <= now - 1.0:
                begun.popleft()
            free = max(rate() - max(len(waiting), len(begun)), 0)
            for host in ready[:free]:
                asked[host] = now
                begun.append(now)
                waiting.add(host)
                nursery.start_soon(ask, host)
            later = now + 1.0 if ready[free:] else due(names, asked, now, every())[1]
            with trio.move_on_at(min(later, now + _MOST_SLEEP)):
                await event.wait()
                # What goes down together is asked for together.
                await trio.sleep(GATHER)
