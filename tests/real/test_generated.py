"""Generated connections, loaded by addconn and by autod: what pluto then holds differs from nothing that the file says.

AUTOD_GENERATED says how many (6).
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from tests.real.edits import section
from tests.real.generated import generated
from tests.real.plutos import Pluto, gateway, silent_peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = int(os.environ.get("AUTOD_GENERATED", "6"))
SETUP = "config setup\n\tikev1-policy=accept\n"


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    with gateway(label="generated") as one:
        one.kill()
        one.conf.write_text(SETUP)
        one.start()
        silent_peer(one.namespace, "192.1.2.60")
        yield one


def loaded(pluto: Pluto) -> set[str]:
    lines = pluto.whack("--status").stdout.splitlines()
    return {line.split('"')[1] for line in lines if '"' in line and "eroute owner" in line}


def empty(pluto: Pluto) -> None:
    for name in loaded(pluto):
        pluto.whack("--name", name, "--delete")


@pytest.mark.parametrize("number", range(COUNT))
def test_no_difference_where_there_is_none(
    number: int,
    pluto: Pluto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What auto= asks for and pluto could not do counts as a difference, and is none of this."""
    monkeypatch.setattr("autod.config.record.state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr("autod.config.record.runtime_folder", lambda: tmp_path / "run")
    pluto.conf.write_text(SETUP + section(generated("4.10", number)))
    where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    for way in ("addconn", "autod"):
        empty(pluto)
        if way == "addconn":
            pluto.addconn("--autoall")
        else:
            main(("--sync", *where))
        if not loaded(pluto):
            continue
        capsys.readouterr()
        main(("--diff", "--json", *where))
        found = json.loads(capsys.readouterr().out.splitlines()[0])
        details = [(way, *detail.values()) for one in found["different"] for detail in one["details"]]
        assert [detail for detail in details if detail[1] != "auto"] == []
        assert found["missing"] == []
        assert way == "addconn" or not found["uncompared"]
