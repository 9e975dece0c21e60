"""Waiting until connections are up, against a scripted pluto that tells its traffic."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import trio

from autod.bulk import wait
from autod.bulk.call import Waited
from autod.client import open_pluto
from tests.fakes.fakepluto import fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock

    from tests.fakes.fakepluto import Client


class Traffic:
    """Answers --trafficstatus with those that are up."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.asked: list[float] = []

    async def __call__(self, client: Client) -> None:
        await client.read()
        self.asked.append(trio.current_time())
        for number, name in enumerate(self.up, 2):
            line = f"006 #{number}: \"{name}\", type=ESP, add_time=1, inBytes=0, outBytes=0, id='@east'\n"
            await client.write(line.encode())


async def test_it_ends_when_the_last_is_up(tmp_path: Path, autojump_clock: MockClock) -> None:
    """With one look a second, whoever is waited for; each change is told."""
    traffic = Traffic()
    told: list[Waited] = []

    async def come_up() -> None:
        for name in ("b", "stranger", "a"):
            await trio.sleep(10)
            traffic.up.append(name)

    path = tmp_path / "ctl"
    async with (
        fake_pluto(path, traffic),
        open_pluto(path, release="4.10") as pluto,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(come_up)
        waited = await wait(pluto, ["a", "b", "a"], on_change=told.append)
    assert waited == Waited(("a", "b"), ())
    assert told == [Waited(("b",), ("a",)), waited]
    assert 29 <= len(traffic.asked) <= 33  # with one look at what the names stand for


async def test_what_is_missing_when_the_time_is_over(tmp_path: Path, autojump_clock: MockClock) -> None:
    """In the order of the names."""
    traffic = Traffic()
    traffic.up.append("b")
    path = tmp_path / "ctl"
    async with fake_pluto(path, traffic), open_pluto(path, release="4.10") as pluto:
        waited = await wait(pluto, ["c", "b", "a"], timeout=5)
    assert waited == Waited(("b",), ("c", "a"))
    assert not waited.ok


async def test_a_pluto_that_went_away_has_nothing_up(tmp_path: Path) -> None:
    """And is waited for."""
    traffic = Traffic()
    traffic.up.append("a")
    path = tmp_path / "ctl"
    async with AsyncExitStack() as stack:
        async with fake_pluto(path, traffic, release="4.10"):
            pluto = await stack.enter_async_context(open_pluto(path))
        path.unlink()
        assert (await wait(pluto, ["a"], timeout=0.5)).missing == ("a",)
        async with fake_pluto(path, traffic, release="4.10"):
            assert (await wait(pluto, ["a"], timeout=10)).ok
