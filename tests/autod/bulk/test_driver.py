"""Runs and their driver on a scripted pluto: one that stands still, and one that is started anew in the middle."""

from __future__ import annotations

import pytest

from autod.bulk import bulk
from autod.bulk.driver import PlutoDriver
from autod.bulk.events import Lost, PlutoBack, PlutoLost
from autod.client import open_pluto
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.testing import FakePluto


async def test_only_another_pluto_has_let_go_of_what_was_given_up() -> None:
    """One that only stood still goes on with its ups, and holds their descriptors."""
    with FakePluto("4.10") as scripted:
        async with open_pluto(scripted.path) as pluto:
            driver = PlutoDriver(pluto, "up")
            await pluto.slots.acquire()
            pluto.slots.abandon("a")
            await driver.returned()
            assert pluto.slots.abandoned == 1
            scripted.restart()
            await driver.returned()
            assert pluto.slots.abandoned == 0


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", ["3.27", "4.10", "5.2", "5.4"])
async def test_what_a_restart_took_is_brought_up_again(release: str) -> None:
    names = [f"branch-{number}" for number in range(30)]
    with FakePluto(release, connections=names) as scripted:
        scripted.comes_up("branch-*", after=0.05)
        scripted.peer_is_silent("branch-29")
        kinds = set()
        async with open_pluto(scripted.path) as pluto, bulk(pluto, names, "up", deadline=60) as run:
            async for event in run:
                kinds.add(type(event))
                if PlutoLost not in kinds and len(scripted.up) == 29:
                    scripted.comes_up("branch-29")
                    scripted.restart()
        assert run.result.ok
        assert run.result.summary.restarts == 1
        assert kinds >= {PlutoLost, PlutoBack, Lost}
        assert scripted.up == set(names)


async def test_what_the_peer_does_is_told_for_each_connection() -> None:
    with FakePluto("5.2", connections=["good", "silent", "unknown", "childless"], speed=20) as scripted:
        scripted.peer_is_silent("silent", after=10)
        scripted.fails("unknown", Result.AUTHENTICATION_FAILED)
        scripted.fails("childless", Result.CHILD_REJECTED)
        names = ["good", "silent", "unknown", "childless", "nobody"]
        async with open_pluto(scripted.path) as pluto, bulk(pluto, names) as run:
            pass
        assert run.result.summary.failed == {
            "peer_silent": ("silent",),
            "authentication_failed": ("unknown",),
            "child_rejected": ("childless",),
            "unknown": ("nobody",),
        }
        assert scripted.asked(c.Initiate).count("silent") == 1
