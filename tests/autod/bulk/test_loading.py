"""What a run loads is made for the pluto that listens when the connection's turn comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import autod
from autod.bulk.loading import configured
from autod.config import load
from autod.errors import ForeignMessage
from autod.protocol.commands import AddConnection
from autod.protocol.releases import find
from autod.testing import FakePluto

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "conn a\n\tleft=192.1.2.45\n\tright=192.1.2.23\n\tauthby=secret\n"


@pytest.mark.parametrize(("read_for", "passes"), [("4.10", True), ("4.15", True), ("5.2", False)])
async def test_a_configuration_is_sent_to_the_release_that_it_was_read_for(
    read_for: str, passes: bool, tmp_path: Path
) -> None:
    """4.15 reads the same messages as 4.10; what was read for 5.2 is not sent."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    with FakePluto("4.10") as fake:
        async with autod.open_pluto(fake.path) as pluto:
            loader = configured(pluto, load(file, find(read_for)))
            if passes:
                await loader.load(["a"], hear=lambda name, event: None, told=lambda name, outcome: None)
            else:
                with pytest.raises(ForeignMessage, match=r"ipsec\.conf.*of Libreswan 5\.2.*pluto 4\.10"):
                    await loader.load(["a"], hear=lambda name, event: None, told=lambda name, outcome: None)
        assert fake.loaded == ({"a"} if passes else set())
        assert fake.asked(AddConnection) == (["a"] if passes else [])
