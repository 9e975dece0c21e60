"""Addresses and default routes that change: what concerns whom, and how often anybody is told."""

from __future__ import annotations

import itertools
import os
import socket
import struct
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from autod.supervisor import following
from autod.supervisor.following import LISTEN_GAP, concerned, follow_network
from autod.supervisor.network import Change, changes, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CAME, WENT = Change("192.0.2.7", False), Change("192.0.2.7", True)
ROUTE = Change("", False)
ENDS = {
    "fixed": ("192.0.2.7", "203.0.113.1"),
    "other": ("192.0.2.8", "203.0.113.1"),
    "routed": ("%defaultroute", "203.0.113.1"),
}


@pytest.mark.parametrize(
    ("found", "mended", "reloaded", "listen"),
    [
        ({CAME}, {"fixed", "routed"}, {"routed"}, True),
        ({WENT}, set(), set(), True),
        ({ROUTE}, {"fixed", "other", "routed"}, {"routed"}, True),
        ({Change("198.51.100.1", False)}, {"routed"}, {"routed"}, True),
        (set(), set(), set(), False),
    ],
)
def test_a_change_concerns_whom_it_may_help(
    found: set[Change], mended: set[str], reloaded: set[str], listen: bool
) -> None:
    """What was found by the routes is loaded again; an address that went helps nobody, and pluto hears of it."""
    what = concerned(found, ENDS)
    assert (set(what.mended), set(what.reloaded), what.listen) == (mended, reloaded, listen)


def test_an_address_of_nobody_s_is_no_reason_to_listen() -> None:
    """Containers come and go."""
    assert not concerned({Change("198.51.100.1", False)}, {"fixed": ENDS["fixed"]}).listen


@given(st.binary(max_size=200))
def test_no_datagram_raises(data: bytes) -> None:
    """Whatever the kernel sends."""
    list(read(data))


def test_an_address_and_a_default_route_are_read() -> None:
    """As linux/rtnetlink.h has them."""
    packed = socket.inet_aton("192.0.2.7")
    body = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, 1) + struct.pack("=HH", 8, 2) + packed
    assert list(read(struct.pack("=IHHII", 16 + len(body), 20, 0, 0, 0) + body)) == [CAME]
    assert list(read(struct.pack("=IHHII", 16 + len(body), 21, 0, 0, 0) + body)) == [WENT]
    route = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 3, 0, 1, 0)
    assert list(read(struct.pack("=IHHII", 16 + len(route), 24, 0, 0, 0) + route)) == [ROUTE]
    network = struct.pack("=BBBBBBBBI", socket.AF_INET, 24, 0, 0, 254, 3, 0, 1, 0)
    assert list(read(struct.pack("=IHHII", 16 + len(network), 24, 0, 0, 0) + network)) == []


async def test_pluto_is_told_at_most_once_a_second(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often an address flaps; and the last change is told."""

    async def flapping(pid: int | None) -> AsyncIterator[frozenset[Change]]:
        for _ in range(1000):
            await trio.sleep(0.3)
            yield frozenset([CAME])
            await trio.sleep(0.3)
            yield frozenset([WENT])
        await trio.sleep_forever()

    monkeypatch.setattr(following, "changes", flapping)
    times: list[float] = []

    async def tell(found: frozenset[Change]) -> None:
        times.append(trio.current_time())
        await trio.lowlevel.checkpoint()

    with trio.move_on_after(610):
        await follow_network(None, tell)
    assert len(times) > 300
    assert all(after - before >= LISTEN_GAP - 1e-6 for before, after in itertools.pairwise(times))


async def test_the_kernel_and_proc_tell_of_an_address() -> None:
    """Root; in a namespace of its own, seen from inside by /proc of a process there."""
    name = f"follow{os.getpid()}"
    await trio.run_process(["ip", "netns", "add", name])
    inside = ["ip", "netns", "exec", name]
    sleeper = await trio.lowlevel.open_process([*inside, "sleep", "60"])
    try:
        await trio.sleep(0.5)
        async with trio.open_nursery() as nursery:
            seen = trio.Event()

            async def gather() -> None:
                async for one in changes(sleeper.pid):
                    if CAME in one:
                        seen.set()

            nursery.start_soon(gather)
            await trio.sleep(0.5)
            for words in ("link set lo up", "addr add 192.0.2.7/32 dev lo"):
                await trio.run_process([*inside, "ip", *words.split()])
            with trio.fail_after(10):
                await seen.wait()
            nursery.cancel_scope.cancel()
    finally:
        sleeper.kill()
        await sleeper.wait()
        await trio.run_process(["ip", "netns", "del", name])
