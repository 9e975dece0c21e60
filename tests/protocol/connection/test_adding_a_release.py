"""docs/adding-a-release.md, followed for a 5.5 that is not there: nothing but the places that it names."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import sys
import types
from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.config import load, select
from autod.protocol import releases
from autod.protocol.connection import Planner, keywords
from autod.protocol.connection.lookup import Nothing
from autod.protocol.encode import pack
from autod.protocol.errors import Unsupported
from autod.protocol.families import v5_4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

table_of_rules = importlib.import_module("autod.protocol.connection.rules")
"""The module: the package has a function of that name."""

TEXT = "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tleftsubnet=10.0.0.0/8\n\tauto=add\n"


@pytest.fixture
def family_of_5_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step 2: a module in autod.protocol.families, and its name in _MODULES."""
    module = types.ModuleType("autod.protocol.families.v5_5")
    module.FAMILY = dataclasses.replace(v5_4.FAMILY, releases=("5.5",))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(releases, "_MODULES", (*releases._MODULES, "v5_5"))
    # Caches of their own: other tests hold what the real ones gave them.
    monkeypatch.setattr(releases, "_outline", functools.cache(releases._outline.__wrapped__))
    monkeypatch.setattr(releases, "_family", functools.cache(releases._family.__wrapped__))


@pytest.fixture
def row_of_5_5(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Step 3: a row in the table of rules; its keywords are those of 5.4 here."""
    last = table_of_rules.RULES[-1]
    row = msgspec.structs.replace(last, name="5.5", releases=("5.5",), table=last.name)
    monkeypatch.setattr(table_of_rules, "RULES", (*table_of_rules.RULES, row))
    yield
    table_of_rules.rules.cache_clear()
    keywords.table.cache_clear()


def messages(folder: Path, text: str) -> list[bytes]:
    (folder / "ipsec.conf").write_text(TEXT)
    release = releases.find(text, seccomp=False)
    configuration = load("ipsec.conf", release, folder=str(folder))
    planner = Planner(configuration.rules, Nothing())
    groups = select(configuration, planner, ["a"])
    return [pack(release, one.members, one.settings) for group in groups for one in group]


@pytest.mark.usefixtures("family_of_5_5", "row_of_5_5")
def test_a_release_that_follows_its_neighbour_is_a_module_and_a_row(tmp_path: Path) -> None:
    """Its messages are its neighbour's, with its own magic number."""
    (old,), (new,) = messages(tmp_path, "5.4"), messages(tmp_path, "5.5")
    assert old[:4] != new[:4]
    assert old[4:] == new[4:]
    assert "5.5" in releases.ALL


@pytest.mark.usefixtures("family_of_5_5")
def test_a_release_without_a_row_is_read_by_nobody_s_rules(tmp_path: Path) -> None:
    """Not by its neighbour's: what pluto is sent is certain, or nothing."""
    with pytest.raises(Unsupported, match="via_addconn"):
        messages(tmp_path, "5.5")


def test_every_place_that_the_text_names_is_there() -> None:
    """A file that is moved takes its name in the text along."""
    from pathlib import Path

    root = Path(__file__).parents[3]
    text = (root / "docs" / "adding-a-release.md").read_text()
    for name in ("rules.py", "facts_4.py", "shapes_4.py", "rules_5_2.py", "rules_5_4.py"):
        assert name in text
        assert (root / "protocol" / "connection" / name).exists()
    for path in (
        "tests/protocol/connection/test_probes.py",
        "protocol/releases.py",
        "protocol/outlines.json",
    ):
        assert path in text
        assert (root / path).exists()
