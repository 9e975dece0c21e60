"""What the driver keeps of a pluto that stood still, and of one that was started anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.bulk.driver import PlutoDriver
from autod.client import open_pluto
from tests.fakes.fakepluto import answers, fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock

STATUS = answers(b"000 pluto_version=4.10, pluto_vendorid=OE-Libreswan-4.10, audit-log=yes\n")


async def test_only_another_pluto_has_let_go_of_what_was_given_up(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """One that did not answer for half a minute goes on with its ups, and holds their descriptors."""
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, STATUS), open_pluto(path) as pluto:
        driver = PlutoDriver(pluto, "up")
        await pluto.slots.acquire()
        pluto.slots.abandon("a")
        await driver.returned()
        assert pluto.slots.abandoned == 1
    path.unlink()
    async with fake_pluto(path, STATUS):
        await driver.returned()
        assert pluto.slots.abandoned == 0
