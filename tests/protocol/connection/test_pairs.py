"""The names that pluto gives the pairs of subnets=."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import load
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Nothing
from autod.protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n"


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.3", "5.4"])
@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ("\tleftsubnet=10.0.0.0/24\n", ["a"]),
        ("\tleftsubnet=10.0.0.0/24\n\trightsubnets=10.1.0.0/24,10.2.0.0/24\n", ["a/0x1", "a/0x2"]),
        (
            '\tleftsubnets="10.0.0.0/24 10.9.0.0/24"\n\trightsubnet=10.3.0.0/24\n\trightsubnets=10.1.0.0/24\n',
            ["a/1x0", "a/1x1", "a/2x0", "a/2x1"],
        ),
    ],
)
def test_pairs_are_numbered_the_same_way_on_every_release(
    release: str, settings: str, names: list[str], tmp_path: Path
) -> None:
    """4.x has the names from addconn, later releases from pluto; subnet= is number 0."""
    (tmp_path / "ipsec.conf").write_text(HEAD + settings)
    configuration = load("ipsec.conf", find(release), folder=str(tmp_path))
    one = configuration.find("a")[0]
    assert list(Planner(configuration.rules, Nothing()).plan("a", one.layers).names) == names


@pytest.mark.parametrize(("release", "names"), [("4.10", ()), ("5.2", ("a/1x0",))])
def test_an_end_without_subnets_has_number_0_where_pluto_makes_the_pairs(
    release: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    """4.x sends nothing at all then, and says nothing: we do not send either, and say so."""
    (tmp_path / "ipsec.conf").write_text(HEAD + "\tleftsubnets=10.0.0.0/24\n")
    configuration = load("ipsec.conf", find(release), folder=str(tmp_path))
    plan = Planner(configuration.rules, Nothing()).plan("a", configuration.find("a")[0].layers)
    assert plan.names == names
    assert bool(plan.groups) is bool(names)
    assert bool(plan.remarks) is not bool(names)


@pytest.mark.parametrize("release", ["4.10", "5.2"])
def test_a_million_pairs_are_not_even_counted(release: str, tmp_path: Path) -> None:
    """Each would be a connection to pluto; 5.2's message is too long for its strings as well."""
    many = ",".join(f"10.{i >> 8}.{i & 255}.0/24" for i in range(1000))
    (tmp_path / "ipsec.conf").write_text(HEAD + f"\tleftsubnets={many}\n\trightsubnets={many}\n")
    configuration = load("ipsec.conf", find(release), folder=str(tmp_path))
    plan = Planner(configuration.rules, Nothing()).plan("a", configuration.find("a")[0].layers)
    assert len(plan.names) <= 1
    assert bool(plan.groups) is (release == "5.2")
