"""`autod doctor` and `autod learn` on this machine's pluto, and without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from autod.cli import main
from autod.exchange.peer import Listener
from autod.protocol import releases
from autod.protocol.families import v4_8
from autod.protocol.families.requests import Wire
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    """One that listens."""
    with gateway(files=256) as one:
        yield one


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Its status and its findings, the summary last."""
    status = main(["doctor", "--json", *arguments])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sound_installation_is_found_sound(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    """The socket, the release and how it is known, the limit, the programs, the file, and every message."""
    status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    assert (status, found[-1]) == (0, {"event": "summary", "ok": True, "problems": []})
    by_check = {one["check"]: one for one in found[:-1]}
    assert by_check["release"]["detail"]["release"] == "4.10"
    assert by_check["release"]["detail"]["pid"] == pluto.pid
    assert by_check["answer"]["ok"]
    assert by_check["limit"]["detail"] == {"files": 256, "in_flight": 192}
    assert by_check["whack"]["detail"]["release"] == "4.10"
    assert by_check["socket"]["detail"]["mode"] == "srwx------"
    messages = [one for one in found[:-1] if one["check"] == "message"]
    assert len(messages) == 32
    assert all(one["ok"] for one in messages)


def test_without_a_pluto_it_says_so_and_looks_at_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = doctor(capsys, "--ctlsocket", str(tmp_path / "pluto.ctl"))
    assert status == 33
    assert "No such file" in found[-1]["problems"][0]
    assert [one["ok"] for one in found[:-1] if one["check"] == "whack"] == [True]


@pytest.mark.parametrize("known", [True, False], ids=["its program tells", "nothing tells"])
def test_a_stopped_pluto_is_wrong_and_no_hang(
    pluto: Pluto, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Also where its release can be found out without its help."""
    monkeypatch.setattr("autod.cli.doctor._SILENT", 0.5)
    if not known:
        monkeypatch.setattr("autod.identify.detect.listener", lambda path: Listener())
    pluto.stop()
    try:
        status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    finally:
        pluto.cont()
    assert status == 1
    assert ["did not answer" in problem for problem in found[-1]["problems"]] == [True]
    assert [one["ok"] for one in found[:-1] if one["check"] == "release"] == [True] * known


def test_a_file_that_cannot_be_read_is_wrong(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", "/nonexistent/ipsec.conf")
    assert status == 1
    assert found[-1]["problems"] == [
        "/nonexistent/ipsec.conf: No such file or directory; name another with --config"
    ]


def test_a_file_with_errors_is_wrong(
    pluto: Pluto, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the place of the first."""
    file = tmp_path / "ipsec.conf"
    file.write_text("config setup\nconn a\n\tlefft=192.0.2.1\n")
    status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", str(file))
    assert status == 1
    (problem,) = found[-1]["problems"]
    assert problem.startswith(f"{file}:3:")


def test_a_socket_open_to_everybody_is_wrong(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    before = pluto.socket.stat().st_mode
    pluto.socket.chmod(0o777)
    try:
        status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    finally:
        pluto.socket.chmod(before)
    assert status == 1
    assert "everybody" in found[-1]["problems"][0]


def test_a_message_that_differs_from_whacks_is_wrong(
    pluto: Pluto, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the table of requests asks for a route where it should initiate, and no message was built ahead."""
    from autod.protocol import commands

    requests = v4_8.FAMILY.requests
    assert not any(isinstance(value, Wire) for value in requests[commands.Route].values())
    monkeypatch.setitem(requests, commands.Initiate, requests[commands.Route])  # type: ignore[misc]
    monkeypatch.setattr("autod.protocol.encode._templates", {})
    monkeypatch.setattr("autod.protocol.encode._ahead", lambda command, release: None)
    status, found = doctor(capsys, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    assert status == 1
    assert any("initiate: whack_initiate" in problem for problem in found[-1]["problems"])


def test_an_unknown_release_is_wrong_until_it_is_learned(
    pluto: Pluto, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    covering = releases._covering
    monkeypatch.setattr(releases, "_covering", lambda number: None if number == "4.10" else covering(number))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    status, found = doctor(capsys, *where)
    assert status == 1
    assert "autod learn" in found[-1]["problems"][0]
    assert main(["learn", "--ctlsocket", str(pluto.socket), "--json"]) == 0
    learned = json.loads(capsys.readouterr().out)
    assert (learned["release"], learned["seqpacket"], learned["missing"]) == ("4.10", False, {})
    status, found = doctor(capsys, *where)
    assert (status, found[-1]["ok"]) == (0, True)


def test_for_people_it_is_a_line_a_finding(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "nothing is wrong"
    assert lines[-2] == "ok     message: 32 requests are the same as whack's"


def test_learning_for_another_release_than_the_one_that_runs_is_refused(
    pluto: Pluto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an update without a restart, whack's messages are not for the pluto that runs."""
    whack = tmp_path / "whack"
    whack.write_text("#!/bin/sh\necho Libreswan 5.9\n")
    whack.chmod(0o755)
    assert main(["learn", "--whack", str(whack), "--pluto", "/usr/libexec/ipsec/pluto"]) == 1
    said = capsys.readouterr().err
    assert "5.9" in said
    assert "4.10" in said
