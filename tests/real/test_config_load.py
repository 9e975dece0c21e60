"""Connections that we read and send, in a real pluto: it shows the same as after its own addconn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.client import open_pluto
from autod.config import all_names, load
from autod.events import Loaded
from autod.outcomes import Result
from autod.protocol.releases import find
from tests.helpers.loads import load_natively
from tests.real.loading import CONFIG, accept_ikev1, compare
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
    outcomes = await compare(accepting, "4.10", tmp_path / "ipsec.conf")
    assert [one.connection for one in outcomes["many"].members] == [
        "many/1x1",
        "many/1x2",
        "many/2x1",
        "many/2x2",
    ]
    assert outcomes["many"].ok
    assert outcomes["faulty"].result is Result.LOAD_FAILED
    assert "authby" in outcomes["faulty"].sentence
    assert "ipsec.conf:" in outcomes["faulty"].sentence
    assert (outcomes["refused"].ok, outcomes["refused"].code) == (False, 36)
    assert (outcomes["nowhere"].result, outcomes["nowhere"].code) == (Result.UNKNOWN, 21)


async def test_aliases_and_patterns_mean_connections_of_the_file(accepting: Pluto, tmp_path: Path) -> None:
    """`uno` is an alias, `s*` a pattern; a connection that two words mean is sent once."""
    file = tmp_path / "ipsec.conf"
    file.write_text(CONFIG)
    configuration = load(str(file), find("4.10"))
    async with open_pluto(accepting.socket, "4.10") as client:
        loads = await load_natively(client, ["uno", "s*", "one"], configuration)
    assert [outcome.ok for outcome in loads.outcomes.values()] == [True] * 3
    assert [(name, event.connection) for name, event in loads.heard if isinstance(event, Loaded)] == [
        ("uno", "one"),
        ("s*", "shunt"),
    ]
    assert all_names(configuration) == ["one", "many"]
