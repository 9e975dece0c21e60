"""What a run loads is made for the pluto that listens when the connection's turn comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import autod
from autod.bulk.loading import configured
from autod.config import load
from autod.errors import ForeignMessage
from autod.protocol.encode import probe
from autod.protocol.releases import find
from tests.fakes.fakepluto import fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.fakepluto import Client

CONFIG = "conn a\n\tleft=192.1.2.45\n\tright=192.1.2.23\n\tauthby=secret\n"


async def pluto_4_10(client: Client) -> None:
    if await client.read() == probe():
        await client.write(b"000 pluto_version=4.10, pluto_vendorid=OE-Libreswan-4.10\n")
    else:
        await client.write(b'002 "a": added connection\n')


@pytest.mark.parametrize(("read_for", "passes"), [("4.10", True), ("4.15", True), ("5.2", False)])
async def test_a_configuration_is_sent_to_the_release_that_it_was_read_for(
    read_for: str, passes: bool, tmp_path: Path
) -> None:
    """4.15 reads the same messages as 4.10; what was read for 5.2 is not sent."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, pluto_4_10) as fake, autod.open_pluto(path) as pluto:
        asked = len(fake.messages)
        loader = configured(pluto, load(str(file), find(read_for)))
        if passes:
            await loader.load(["a"], hear=lambda name, event: None, told=lambda name, outcome: None)
            assert len(fake.messages) > asked
        else:
            with pytest.raises(ForeignMessage, match=r"ipsec\.conf.*of Libreswan 5\.2.*pluto 4\.10"):
                await loader.load(["a"], hear=lambda name, event: None, told=lambda name, outcome: None)
            assert len(fake.messages) == asked
