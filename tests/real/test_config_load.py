"""Connections that we read and send, in a real pluto: it shows the same as after its own addconn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import all_names, load
from autod.errors import ConfigurationError, NoSocket
from autod.exchange.control import Control
from autod.loading.native import load_native
from autod.protocol.releases import find
from tests.helpers.probing import Recorded
from tests.real.loading import CONFIG, accept_ikev1, compare, control
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def accepting() -> Iterator[Pluto]:
    """A pluto that takes IKEv1, too."""
    with gateway(label="load") as pluto:
        accept_ikev1(pluto)
        yield pluto


async def test_pluto_shows_what_it_shows_after_its_own_addconn(accepting: Pluto, tmp_path: Path) -> None:
    """Line for line, for connections of many kinds; the same connections are not loaded for the same reasons."""
    loaded = await compare(accepting, "4.10", tmp_path / "ipsec.conf")
    by_name = {one.asked: one for one in loaded}
    assert by_name["many"].names == ("many/1x1", "many/1x2", "many/2x1", "many/2x2")
    assert not by_name["faulty"].messages
    assert any("authby" in line and "ipsec.conf:" in line for line in by_name["faulty"].complaints)
    assert by_name["refused"].messages[-1].replies[-1].code not in (0, 2, 4)
    assert not by_name["nowhere"].messages
    assert "not found" in by_name["nowhere"].complaints[0]


async def test_aliases_and_patterns_mean_connections_of_the_file(accepting: Pluto, tmp_path: Path) -> None:
    """`uno` is an alias, `s*` a pattern; a connection that two words mean is sent once."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    configuration = load(str(file), find("4.10"))
    loaded = await load_native(
        ["uno", "s*", "one"],
        configuration=configuration,
        control=control(accepting, "4.10"),
        lookup=Recorded(),
    )
    assert [one.names for one in loaded] == [("one",), ("shunt",), ("one",)]
    assert loaded[0].messages[0] is loaded[2].messages[0]
    assert all_names(configuration) == ["one", "many"]


async def test_a_refused_file_sends_nothing(accepting: Pluto, tmp_path: Path) -> None:
    """The error names the file, the line and the column, and the nearest keyword."""
    file = tmp_path / "ipsec.conf"
    file.write_text("conn a\n\tleft=192.1.2.45\n\tauthbi=secret\n")
    with pytest.raises(ConfigurationError, match=r"ipsec.conf:3:\d+: .*authbi"):
        await load_native(
            ["a"], configuration=load(str(file), find("4.10")), control=control(accepting, "4.10")
        )


async def test_no_pluto_is_said_as_such(tmp_path: Path) -> None:
    """As long as nothing was sent it is an error, not a result."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    nowhere = Control(tmp_path / "nowhere", codes=find("4.10").codes, seqpacket=False)
    with pytest.raises(NoSocket):
        await load_native(
            ["one"], configuration=load(str(file), find("4.10")), control=nowhere, lookup=Recorded()
        )
