"""Connections that stand in no file: kept, read back, and refused where they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import Connection
from autod.errors import ConfigurationError
from autod.protocol.releases import find
from autod.supervisor.own import Own
from autod.supervisor.wanted import Definition, Reading

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = find("5.2", seccomp=False)
TUNNEL = {"left": "192.0.2.1", "right": "192.0.2.2", "authby": "secret"}


def own(folder: Path) -> Own:
    return Own(str(folder / "connections.conf"), RELEASE)


def keep(where: Own, name: str, **settings: str) -> None:
    where.add(name, where.check(Connection(name, {**TUNNEL, **settings})))


def test_what_was_added_is_read_back_by_another_life(tmp_path: Path) -> None:
    """By nobody but its owner, and as it was given."""
    first = own(tmp_path)
    keep(first, "a", leftid="C=DE, O=x y")
    keep(first, "b", auto="ondemand")
    keep(first, "c")
    first.remove(["c"])
    assert (tmp_path / "connections.conf").stat().st_mode & 0o777 == 0o600
    again = own(tmp_path)
    assert list(again.names) == ["a", "b"]
    assert again.file_of("a") == again.path
    assert again.file_of("c") is None
    reading = again.beside(Reading())
    assert {name: (one.auto, one.own) for name, one in reading.connections.items()} == {
        "a": ("start", True),
        "b": ("ondemand", True),
    }
    assert reading.configurations[0].find("a")[0].settings["leftid"].text == "C=DE, O=x y"


def test_what_the_configuration_has_counts_there(tmp_path: Path) -> None:
    where = own(tmp_path)
    keep(where, "a")
    keep(where, "b")
    reading = where.beside(Reading({"a": Definition(name="a", auto="add")}))
    assert not reading.connections["a"].own
    assert [one.name for one in reading.configurations[0].connections] == ["b"]


@pytest.mark.parametrize("settings", [{"lefft": "x"}, {"authby": "nonsense"}])
def test_what_pluto_would_not_load_is_refused(settings: dict[str, str], tmp_path: Path) -> None:
    where = own(tmp_path)
    with pytest.raises(ConfigurationError):
        keep(where, "a", **settings)
    assert not (tmp_path / "connections.conf").exists()


def test_without_a_release_or_a_place_nothing_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no pluto"):
        Own(str(tmp_path / "c")).check(Connection("a", TUNNEL))
    for path in ("", str(tmp_path / "missing" / "c")):
        with pytest.raises(ConfigurationError):
            Own(path, RELEASE).add("a", "conn a\n")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "connections.conf").write_bytes(b"\xff\xfe")
    where = own(tmp_path)
    assert where.problem
    assert not where.names
    with pytest.raises(ConfigurationError, match="not known"):
        keep(where, "a")
    with pytest.raises(ConfigurationError, match="not known"):
        where.remove(["a"])
    assert (tmp_path / "connections.conf").read_bytes() == b"\xff\xfe"
