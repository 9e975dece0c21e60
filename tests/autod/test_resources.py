"""What operations hold while they wait, and what they leave behind when they are cancelled: nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest
import trio

import autod.sync
from autod import aio
from autod.bulk import bulk, wait
from autod.bulk.loading import configured
from autod.client import Pluto, open_pluto
from autod.config import load
from autod.protocol import commands as c
from autod.testing import FakePluto
from tests.helpers.cancelling import everywhere, everywhere_in_asyncio

VERBS: dict[str, tuple[str, ...]] = {
    "up": ("a",),
    "down": ("a",),
    "delete": ("x",),
    "route": ("a",),
    "unroute": ("a",),
    "rekey_ike": ("a",),
    "rekey_child": ("a",),
    "listen": (),
    "reread_secrets": (),
    "reread_certs": (),
    "reread_all": (),
    "fetch_crls": (),
    "purge_ocsp": (),
    "status": (),
    "find": (),
    "state": (),
    "traffic": (),
    "established": (),
}
"""Each method, with its arguments."""


@pytest.fixture(scope="module")
def pluto() -> Iterator[FakePluto]:
    with FakePluto("4.10", connections=["a", "b", *(f"c{number}" for number in range(8))], speed=20) as one:
        yield one


async def cancelled_everywhere(client: Pluto, work: Callable[[], Awaitable[object]]) -> int:
    """How often it did not come through."""

    async def look() -> None:
        assert client.slots.held == 0
        client.slots.forget()  # what pluto may still hold is not the matter here

    return await everywhere(work, look)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_cancelled_at_any_checkpoint_leaves_nothing(pluto: FakePluto, verb: str) -> None:
    async with open_pluto(pluto.path) as client:
        assert await cancelled_everywhere(client, partial(getattr(client, verb), *VERBS[verb])) > 0


async def test_a_stream_cancelled_at_any_checkpoint_leaves_nothing(pluto: FakePluto) -> None:
    async with open_pluto(pluto.path) as client:

        async def follow() -> None:
            async with client.up("a") as operation:
                async for _ in operation:
                    pass

        assert await cancelled_everywhere(client, follow) > 2


async def test_opening_cancelled_at_any_checkpoint_leaves_nothing(pluto: FakePluto) -> None:
    async with open_pluto(pluto.path) as client:

        async def opened() -> None:
            async with open_pluto(pluto.path) as another:
                await another.established()

        assert await cancelled_everywhere(client, opened) > 1


async def test_many_cancelled_at_any_checkpoint_leave_nothing(pluto: FakePluto) -> None:
    names = [f"c{number}" for number in range(8)]
    async with open_pluto(pluto.path) as client:

        async def many() -> None:
            async with bulk(client, names, "up", if_down=False) as run:
                async for _ in run:
                    pass

        async def waiting() -> None:
            await wait(client, names, timeout=10)

        assert await cancelled_everywhere(client, many) > 2
        assert await cancelled_everywhere(client, waiting) > 0


async def test_a_load_cancelled_at_any_checkpoint_leaves_nothing(
    pluto: FakePluto, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("conf") / "ipsec.conf"
    file.write_text(
        "".join(f"conn l{n}\n left=192.0.2.1\n right=192.0.2.{n + 2}\n auto=add\n" for n in range(4))
    )
    async with open_pluto(pluto.path) as client:
        configuration = load(file, client.release)

        async def add() -> None:
            names = [f"l{number}" for number in range(4)]
            async with bulk(client, names, "add", load=configured(client, configuration)):
                pass

        assert await cancelled_everywhere(client, add) > 2


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_of_asyncio_cancelled_at_any_checkpoint_leaves_nothing(pluto: FakePluto, verb: str) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path, limit=1) as client:
            method = partial(getattr(client, verb), *VERBS[verb])
            assert await everywhere_in_asyncio(method, turns=range(40)) > 0
            assert (await client.up("b", timeout=20)).ok  # the one place is free

    asyncio.run(work())


def test_a_stream_of_asyncio_cancelled_at_any_checkpoint_leaves_nothing(pluto: FakePluto) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path, limit=1) as client:

            async def follow() -> None:
                async with client.up("a") as operation:
                    async for _ in operation:
                        pass

            assert await everywhere_in_asyncio(follow, turns=range(60)) > 2
            assert (await client.up("b", timeout=20)).ok

    asyncio.run(work())


def test_many_of_asyncio_cancelled_at_any_time_leave_nothing(pluto: FakePluto) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            many = partial(aio.bulk, client, [f"c{number}" for number in range(8)], "up", if_down=False)
            assert await everywhere_in_asyncio(many, turns=range(0, 400, 40)) > 0

    asyncio.run(work())


def test_an_interrupt_leaves_nothing_of_a_blocking_call() -> None:
    """Ctrl-C comes as an exception in the middle of a wait."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def kill() -> None:
        for _ in range(2000):
            if pluto.negotiating:
                break
            time.sleep(0.005)
        signal.pthread_kill(main, signal.SIGUSR1)

    main, before = threading.get_ident(), signal.signal(signal.SIGUSR1, interrupt)
    try:
        with FakePluto("4.10", connections=["silent", "b"]) as pluto:
            pluto.peer_is_silent("silent")
            with autod.sync.open_pluto(pluto.path) as client:
                opened, killer = len(os.listdir("/proc/self/fd")), threading.Thread(target=kill)
                killer.start()
                with pytest.raises(KeyboardInterrupt):
                    client.up("silent")
                killer.join()
                assert len(os.listdir("/proc/self/fd")) == opened
                assert client.counters.outcomes == {("up", "cancelled"): 1}
                assert client.up("b").ok
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.thorough
async def test_thousands_that_wait_hold_little_each_and_none_is_lost() -> None:
    """10,000 take 75 MB beside the program's own 31 (measured on 3.11): below 150 in all."""
    names = [f"c{number}" for number in range(120)]
    with FakePluto("4.10", connections=names, speed=100) as pluto:
        async with open_pluto(pluto.path, limit=1, timeout=None) as client:
            assert (await client.up(names[0])).ok
            succeeded: set[str] = set()

            async def up(name: str) -> None:
                if (await client.up(name)).ok:
                    succeeded.add(name)

            gc.collect()
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                async with trio.open_nursery() as nursery:
                    for name in names:
                        nursery.start_soon(up, name)
                    await trio.testing.wait_all_tasks_blocked()
                    each = (tracemalloc.get_traced_memory()[0] - before) / len(names)
            finally:
                tracemalloc.stop()
        assert succeeded == set(names)
        assert sorted(pluto.asked(c.Initiate)) == sorted([names[0], *names])
        assert each < 10_000
