"""`autod history` over a file: what it says of a night that is known."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from autod.cli import main
from autod.service.ledger import Change
from autod.service.store import Named, Store

NOW = time.time()


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Two connections to one peer and one to another; branch-1 was down for ten minutes, three hours ago."""
    store = Store(str(tmp_path / "history.db"), size=1 << 20, keep=10**12)
    rows = [
        (Named(name, peer), Change(int((NOW - 20 * 3600) * 1000), "state", "up", True))
        for name, peer in (("branch-1", "192.0.2.1"), ("branch-2", "192.0.2.1"), ("head", "192.0.2.2"))
    ]
    down = int((NOW - 3 * 3600) * 1000)
    rows += [
        (Named("branch-1"), Change(down, "state", "waiting", True, "peer-silent", "nobody answered")),
        (Named("branch-1"), Change(down + 600_000, "state", "up", True)),
        (Named("branch-1"), Change(down + 900_000, "operator", act="up", by="root (alice)")),
    ]
    store.append(rows, int(NOW * 1000))
    store.close()
    return str(tmp_path / "history.db")


def test_the_worst_comes_first(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--file", file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["CONNECTION", "AVAILABLE", "DOWN", "LOST", "LONGEST", "NOW", "PEER"]
    name, available, *rest = lines[3].split()
    assert (name, rest) == ("branch-1", ["%", "10", "min", "1", "10", "min", "up", "192.0.2.1"])
    # The day that it is reckoned of ends now, some milliseconds after the file was written.
    assert float(available) == pytest.approx(99.167, abs=0.01)
    assert [line.split()[:3] for line in lines[4:]] == [["branch-2", "100", "%"], ["head", "100", "%"]]


def test_a_name_has_its_outages_and_its_changes(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "branch-1", "--file", file, "--since", "5h"]) == 0
    assert "branch-1 down 10 min  peer-silent nobody answered" in capsys.readouterr().out
    assert main(["history", "branch-1", "--file", file, "--changes"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("branch-1: root (alice) says up")
    assert main(["history", "branch-2", "--file", file]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "never down"


def test_json_has_everything(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--json", "--file", file, "--peer", "192.0.2.1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["connections"]] == ["branch-1", "branch-2"]
    assert [(one["name"], one["connections"]) for one in told["peers"]] == [("192.0.2.1", 2)]
    assert [(one["connection"], one["seconds"]) for one in told["outages"]] == [("branch-1", 600.0)]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nobody"], 1, "knows nothing of these"),
        (["--since", "soon"], 2, "is not a time"),
        (["--since", "1h", "--until", "2h"], 2, "--since must lie before --until"),
    ],
)
def test_mistakes_are_told(
    file: str, words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "--file", file, *words]) == status
    assert said in capsys.readouterr().err


def test_a_file_that_is_something_else_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_text("not a history" * 100)
    assert main(["history", "--file", str(tmp_path / "x")]) == 1
    assert "autod: " in capsys.readouterr().err
    assert main(["history", "--file", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err
