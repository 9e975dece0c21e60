"""Connections that we read and send, in Debian 13's pluto 5.2: it shows the same as after its own addconn.

Runs on this machine's kernel, with pluto in the lab's root folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.client import open_pluto
from autod.config import all_names, load
from autod.outcomes import Result
from autod.protocol.releases import find
from tests.helpers.loads import load_natively
from tests.lab import roots
from tests.real.loading import accept_ikev1, compare, write
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def accepting() -> Iterator[Pluto]:
    """A pluto 5.2 that takes IKEv1, too."""
    roots.build()
    with gateway(label="load", root=roots.LAB / "trixie") as pluto:
        accept_ikev1(pluto)
        yield pluto


async def test_pluto_shows_what_it_shows_after_its_own_addconn(accepting: Pluto) -> None:
    """Line for line, for connections of many kinds; one message makes all pairs of subnets=."""
    outcomes = await compare(accepting, "5.2", accepting.folder / "load.conf")
    assert [one.connection for one in outcomes["many"].members] == [
        "many/1x1",
        "many/1x2",
        "many/2x1",
        "many/2x2",
    ]
    assert outcomes["faulty"].result is Result.LOAD_FAILED
    assert outcomes["refused"].code == 56


async def test_two_thousand_connections_with_auto_go_into_a_running_pluto(accepting: Pluto) -> None:
    """Its own start locks up above about 1,030 of them; loaded while it runs, none is lost."""
    file = accepting.folder / "many.conf"
    write(
        file,
        "".join(
            f"conn b{i}\n\tleft=192.1.2.45\n\tright=10.{i >> 8}.{i & 255}.1\n"
            f"\tleftid=@b{i}\n\tauthby=secret\n\tauto=add\n"
            for i in range(2000)
        ),
    )
    configuration = load(str(file), find("5.2"))
    names = all_names(configuration)
    before = accepting.whack("--status").stdout.count("conn serial:")
    async with open_pluto(accepting.socket, "5.2") as client:
        loads = await load_natively(client, names, configuration)
    assert len(loads.outcomes) == 2000
    assert all(outcome.ok for outcome in loads.outcomes.values())
    assert accepting.whack("--status").stdout.count("conn serial:") - before == 2000
