"""--diff and --sync against a real pluto 4.10: every edit is seen, nothing that is not ours is touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.config import load
from autod.config.around import Machine
from autod.config.compare import compare
from autod.config.comparison import Comparison
from autod.config.record import Record
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from autod.status import parse
from autod.status.shown import shown
from tests.real.edits import EDITS, section
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    with gateway(label="differs") as one:
        yield one


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is this test's alone."""
    monkeypatch.setattr("autod.config.record.state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr("autod.config.record.runtime_folder", lambda: tmp_path / "run")


class Here:
    """One pluto with nothing loaded, and commands for it."""

    def __init__(self, pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
        self.pluto = pluto
        self._capsys = capsys
        for name in self.loaded():
            pluto.whack("--name", name, "--delete")

    def loaded(self) -> set[str]:
        lines = self.pluto.whack("--status").stdout.splitlines()
        return {line.split('"')[1] for line in lines if line.startswith('000 "') and "eroute owner" in line}

    def serial(self, name: str) -> str:
        lines = self.pluto.whack("--status").stdout.splitlines()
        return next(
            line.split("$")[1] for line in lines if line.startswith(f'000 "{name}"') and "conn serial" in line
        )

    def __call__(self, *arguments: str, config: Path | None = None) -> tuple[int, list[str]]:
        self._capsys.readouterr()
        where = ("--ctlsocket", str(self.pluto.socket), "--config", str(config or self.pluto.conf))
        status = main([*arguments, *where])
        return status, self._capsys.readouterr().out.splitlines()

    def differs(self, config: Path | None = None) -> tuple[int, Comparison]:
        status, lines = self("--diff", "--json", config=config)
        return status, json.loads(lines[0])


@pytest.fixture
def here(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(pluto, capsys)


def held_against(pluto: Pluto, text: str, file: Path) -> Comparison:
    """The configuration `text`, and what pluto shows."""
    file.write_text(f"config setup\n{text}")
    replies = [
        Reply(int(line[:3]), line[4:])
        for line in pluto.whack("--status").stdout.splitlines()
        if line[:3].isdigit()
    ]
    configuration = load(str(file), find("4.10", seccomp=False))
    return compare(configuration, parse(replies), ("m",), shows=shown(replies), around=Machine(None))


@pytest.mark.parametrize("edit", EDITS, ids=lambda one: "=".join(next(iter(one.items()))))
def test_an_edit_of_what_addconn_loaded_is_seen_or_named(
    edit: dict[str, str], here: Here, tmp_path: Path
) -> None:
    """And taking it back too; what was loaded differs from nothing that is not so."""
    pluto, file = here.pluto, tmp_path / "edited.conf"
    pluto.load(section({}))
    assert held_against(pluto, section({}), file).same == ("m",)
    found = held_against(pluto, section(edit), file)
    assert found.different or found.missing or found.uncompared
    pluto.whack("--name", "m", "--delete")
    pluto.conf.write_text(f"config setup\n{section(edit)}")
    pluto.addconn("m")
    again = held_against(pluto, section(edit), file)
    if here.loaded():
        assert again.different == again.missing == ()
        if found.different:
            assert held_against(pluto, section({}), file).different


def test_what_pluto_does_not_show_is_known_of_what_autod_loaded(here: Here) -> None:
    """By the digest of what was sent; of what addconn loaded it is said that nobody can tell."""
    here.pluto.conf.write_text(f"config setup\n{section({'reqid': '77'})}")
    assert here("--add", "m")[0] == 0
    assert here("--diff")[0] == 0
    here.pluto.conf.write_text(f"config setup\n{section({'reqid': '78'})}")
    status, found = here.differs()
    assert (status, [one["connection"] for one in found["different"]]) == (1, ["m"])  # type: ignore[call-overload,index]
    here.pluto.addconn("m")
    status, lines = here("--diff")
    assert status == 4
    assert '"m": not compared: reqid (pluto does not show it)' in lines


def test_of_subnets_only_what_changed_is_replaced(here: Here) -> None:
    """The commonest edit of a file between two sites."""
    pair = "{10.2.0.0/24 %s}"
    here.pluto.conf.write_text(
        f"config setup\n{section({'rightsubnet': '', 'rightsubnets': pair % '10.3.0.0/24'})}"
    )
    here.pluto.addconn("m")
    first = here.serial("m/0x1")
    here.pluto.conf.write_text(
        f"config setup\n{section({'rightsubnet': '', 'rightsubnets': pair % '10.9.0.0/24'})}"
    )
    status, found = here.differs()
    assert (status, found["different"][0]["elements"]) == (1, ["m/0x2"])  # type: ignore[index]
    assert here("--sync")[0] == 0
    assert here("--diff")[0] == 0
    assert here.serial("m/0x1") == first
    assert "10.9.0.0/24" in here.pluto.whack("--status").stdout


def test_three_owners_of_one_pluto_leave_each_other_alone(here: Here, tmp_path: Path) -> None:
    """File A, file B, and whack: what a file loaded once it deletes, and nothing else."""
    first, second = tmp_path / "a.conf", tmp_path / "b.conf"
    first.write_text("config setup\n" + "".join(section({}, name) for name in ("a1", "a2", "a3")))
    second.write_text(f"config setup\n{section({}, 'b1')}")
    by_hand = "--name w1 --ipv4 --encrypt --tunnel --psk --host 192.1.2.45 --to --host 192.1.2.70"
    here.pluto.whack(*by_hand.split(" "))
    assert here("--sync", config=first)[0] == 0
    assert here("--sync", config=second)[0] == 0
    first.write_text("config setup\n" + "".join(section({}, name) for name in ("a1", "a2")))
    assert here("--sync", config=first)[0] == 0
    assert here.loaded() == {"a1", "a2", "b1", "w1"}
    assert here("--diff", config=first)[0] == 0
    assert here("--sync", "--prune", "w*", config=first)[0] == 0
    assert here.loaded() == {"a1", "a2", "b1"}


def test_a_file_that_became_empty_deletes_nothing(here: Here, tmp_path: Path) -> None:
    """An include that matches nothing looks the same as somebody's will."""
    parts = tmp_path / "parts"
    parts.mkdir()
    for number in range(30):
        (parts / f"{number}.conf").write_text(section({}, f"c{number}"))
    file = tmp_path / "main.conf"
    file.write_text(f"config setup\ninclude {parts}/*.conf\n")
    assert here("--sync", config=file)[0] == 0
    assert len(here.loaded()) == 30
    for part in parts.iterdir():
        part.unlink()
    status, lines = here("--sync", config=file)
    assert status == 1
    assert len(here.loaded()) == 30
    assert any("is not deleted" in line for line in lines)
    assert here("--sync", "--force", config=file)[0] == 0
    assert here.loaded() == set()


def test_a_name_to_prune_that_nothing_has_is_said(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be misspelt; that it is gone is no failure."""
    here.pluto.conf.write_text(f"config setup\n{section({})}")
    command = ("--sync", "--ctlsocket", str(here.pluto.socket), "--config", str(here.pluto.conf))
    assert main((*command, "--prune", "othr")) == 0
    assert "--prune othr names" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--sync"], ["--diff"], ["--add", "m"], ["--add", "--all"]])
def test_an_include_that_matches_nothing_is_said_once(
    words: list[str], here: Here, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As addconn says it, whatever it is asked to do."""
    file = tmp_path / "main.conf"
    file.write_text(f"config setup\ninclude {tmp_path}/none/*.conf\n{section({})}{section({}, 'n')}")
    main((*words, "--ctlsocket", str(here.pluto.socket), "--config", str(file)))
    assert capsys.readouterr().err.count("none/*.conf") == 1


def test_a_name_that_changed_is_not_taken_for_a_removal(here: Here, tmp_path: Path) -> None:
    """The new one is added; the old one stays, and it is said."""
    file = tmp_path / "main.conf"
    others = "".join(section({"rightid": f"@{n}"}, n) for n in ("x", "y", "z"))
    file.write_text(f"config setup\n{section({}, 'old')}{others}")
    assert here("--sync", config=file)[0] == 0
    file.write_text(f"config setup\n{section({}, 'new')}{others}")
    status, lines = here("--sync", config=file)
    assert status == 1
    assert any("'new'" in line for line in lines)
    assert {"old", "new"} <= here.loaded()


def test_what_was_kept_of_another_pluto_counts_for_nothing(here: Here) -> None:
    """A restart of pluto makes the file of loads worthless."""
    here.pluto.conf.write_text(f"config setup\n{section({})}")
    assert here("--add", "m")[0] == 0
    socket, path = str(here.pluto.socket), str(here.pluto.conf)
    assert Record(socket, path).loads()
    here.pluto.restart()
    assert Record(socket, path).loads() == {}


def test_all_takes_what_addconn_takes_at_boot(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sections of one name, one with a fault: a gateway that works after boot is not different."""
    twice = section({"rightid": "@first"}, "twice") + section({"rightid": "@second"}, "twice")
    missing = section({"also": "nowhere"}, "missing")
    here.pluto.conf.write_text(f"config setup\n{twice}{missing}")
    here.pluto.addconn("--autoall")
    assert here.loaded() == {"twice", "missing"}
    assert here("--diff")[0] == 0
    for name in ("twice", "missing"):
        here.pluto.whack("--name", name, "--delete")
    here("--sync")
    assert here.loaded() == {"twice", "missing"}
    assert "id=@second" in here.pluto.whack("--status").stdout
    assert here("--diff")[0] == 0
