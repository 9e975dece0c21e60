"""What a run loads is made for the pluto that listens when the connection's turn comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

import autod
from autod.bulk.loading import add, configured
from autod.config import load, load_text
from autod.errors import ConfigurationError, ForeignMessage, PlutoGone
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


def many(count: int, faulty: tuple[int, ...] = ()) -> str:
    return "".join(
        f"conn c{number}\n\tleft=192.1.2.45\n\tright=192.1.2.23\n\tauto=add\n"
        f"\tauthby={'nonsense' if number in faulty else 'secret'}\n"
        for number in range(count)
    )


@pytest.mark.parametrize("release", ["4.3", "5.4"])
async def test_add_loads_all_that_auto_names_or_those_that_are_named(release: str) -> None:
    """Without events; each once, in the order of the file."""
    configuration = load_text(many(100), find(release))
    with FakePluto(release) as fake:
        async with autod.open_pluto(fake.path) as pluto:
            one = await add(pluto, configuration, ["c7"])
            assert (one.ok, one.loaded, fake.loaded) == (True, ("c7",), {"c7"})
            every = await add(pluto, configuration)
        assert every.loaded == tuple(f"c{number}" for number in range(100))
        assert fake.asked(AddConnection)[1:] == [f"c{number}" for number in range(100)]


async def test_add_says_what_became_of_those_that_were_not_loaded() -> None:
    """One with a fault in its text, one that the configuration does not have; the others are loaded."""
    configuration = load_text(many(60, faulty=(30,)), find("4.10"))
    names = [f"c{number}" for number in range(60)]
    with FakePluto("4.10") as fake:
        async with autod.open_pluto(fake.path) as pluto:
            added = await add(pluto, configuration, [*names, "nobody"])
        assert not added.ok
        assert set(added.failed) == {"c30", "nobody"}
        assert set(added.loaded) == set(names) - {"c30"} == fake.loaded
        assert "authby=" in added.failed["c30"].sentence


async def test_add_raises_as_it_is_what_keeps_it_from_loading() -> None:
    """No group of errors: a file that cannot be used, another release, a pluto that is gone."""
    with FakePluto("4.10") as fake:
        async with autod.open_pluto(fake.path) as pluto:
            with pytest.raises(ConfigurationError):
                await add(pluto, load_text("conn a\n\tnonsense=1\n", find("4.10")), ["a"])
            with pytest.raises(ForeignMessage):
                await add(pluto, load_text(many(3), find("5.2")))
            fake.kill()
            with pytest.raises(PlutoGone):
                await add(pluto, load_text(many(3), find("4.10")))


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05])
async def test_add_that_is_cancelled_sends_no_more_and_leaves_nothing_open(after: float) -> None:
    """The thread that sends is waited for; pluto has a few messages at most that nobody reads."""
    configuration = load_text(many(400), find("4.10"))
    with FakePluto("4.10") as fake:
        async with autod.open_pluto(fake.path) as pluto:
            with trio.move_on_after(after):
                await add(pluto, configuration)
            loaded = len(fake.loaded)
            await trio.sleep(0.2)
            assert len(fake.loaded) <= loaded + 32
            assert (await add(pluto, configuration)).ok
