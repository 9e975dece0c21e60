"""Every command that the documents tell people to type is typed here, and none fails.

pluto is the scripted one, as connections come up there on every kernel; the supervisor is the real one, on it. What is
about units is typed in tests/lab/package.py, under the real systemd.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.identify.programs import find_programs
from autod.testing import FakePluto
from tests.helpers.documents import Command, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [f"branch-{at}" for at in range(1, 21)]
ELSEWHERE = frozenset(
    {"systemctl", "varlinkctl", "journalctl", "curl", "ln", "mkdir", "dpkg-divert", "./dev", "podman", "ssh"}
)
"""Programs that tests/lab/package.py or other tests run: they want systemd, another system, or to install something."""
ENDLESS = frozenset({"autod watch"})
"""What goes on until it is ended."""
SERVED = ("watch", "history")
"""Words that ask a supervisor."""
ANSWERS = ("autod explain", "autod --diff")
"""What says by status 1 that a connection is not up, or differs: no failure."""
TYPED = {
    command.line: command
    for command in commands()
    if command.words[0] not in ELSEWHERE
    and command.words[:2] != ("autod", "--debug")  # the scripted pluto has no log
}


def section(name: str, at: int) -> str:
    return (
        f"conn {name}\n\tleft=127.0.0.1\n\tleftid=@w{at}\n\tright=127.0.0.2\n\trightid=@e{at}\n"
        f"\tleftsubnet=10.1.{at}.0/24\n\trightsubnet=10.2.{at}.0/24\n\tauthby=secret\n\tauto=start\n"
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, its other end, `autod` and `ipsec`, and what a supervisor says of it."""
    folder = tmp_path_factory.mktemp("typed")
    text = "config setup\n\n" + "\n".join(section(name, at) for at, name in enumerate(NAMES, 1))
    (folder / "ipsec.conf").write_text(text)
    mirrored = text.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")
    (folder / "other-end.conf").write_text(mirrored)
    script = f'#!/bin/sh\nexec {sys.executable} -m autod "$@"\n'
    (folder / "autod").write_text(script)
    (folder / "ipsec").write_text(
        f'#!/bin/sh\nword=$1\nshift\n[ "$word" = auto ] && exec {sys.executable} -c '
        "'import sys; from autod.cli.auto import main; sys.exit(main())' \"$@\"\n"
        f'exec {sys.executable} -m autod "$@"\n'
    )
    for program in ("autod", "ipsec"):
        (folder / program).chmod(0o755)
    (folder / "autod.toml").write_text(
        f'[api]\nsocket = "{folder}/api.sock"\n[history]\nfile = "{folder}/history.db"\n'
        f'[supervise]\nconfiguration = "{folder}/ipsec.conf"\nstate = "{folder}/suspended.json"\npoll_min = 1\n'
        f'[pluto]\nsocket = "{folder}/supervised.ctl"\n'
    )
    return folder


@pytest.fixture(scope="module")
def pluto(place: Path) -> Iterator[FakePluto]:
    """Of the release whose programs are here: `autod doctor` compares."""
    whack = find_programs().whack
    said = subprocess.run([whack, "--version"], capture_output=True, text=True).stdout if whack else ""
    release = said.split()[1] if said.startswith("Libreswan ") else "4.10"
    with FakePluto(release, connections=NAMES, path=place / "pluto.ctl") as one:
        yield one


@pytest.fixture(scope="module")
def supervisor(place: Path) -> Iterator[str]:
    """The socket of a supervisor that keeps all of them up, in a pluto of its own."""
    with (
        FakePluto("4.10", connections=NAMES, path=place / "supervised.ctl"),
        (place / "supervisor.log").open("w") as log,
    ):
        process = subprocess.Popen(
            [place / "autod", "supervise", "--settings", place / "autod.toml"], stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 60
            while not (place / "api.sock").exists():
                assert process.poll() is None, (place / "supervisor.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield str(place / "api.sock")
        finally:
            process.terminate()
            process.wait(60)


def typed(command: Command, place: Path) -> str:
    """The line, with the supervisor of this module where one is asked."""
    line = command.line.replace("/var/tmp/", f"{place}/")
    if command.words[0] == "autod" and ("--service" in command.words or command.words[1] in SERVED):
        line += f" --api {place}/api.sock"
    return line + f" --settings {place}/autod.toml" if command.words[:2] == ("autod", "supervise") else line


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, where `autod` and `ipsec` are ours, and pluto that of this module."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("IPSEC_RUNDIR", str(place))
    monkeypatch.setenv("IPSEC_CONF", str(place / "ipsec.conf"))
    return place


def test_documents_tell_people_to_type_something() -> None:
    assert len(TYPED) > 35


def is_plain(line: str) -> bool:
    """Whether it wants no shell, and ends by itself."""
    return line.startswith("autod ") and line not in ENDLESS and not any(one in line for one in "|&;")


@pytest.mark.parametrize("line", [line for line in TYPED if is_plain(line)])
def test_a_command_of_the_documents_does_not_fail(
    line: str, here: Path, pluto: FakePluto, supervisor: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As it is written, on connections that exist and come up; in this process, as a start takes most of its time."""
    status = main(shlex.split(typed(TYPED[line], here))[1:])
    out, err = capfd.readouterr()
    assert status in ((0, 1) if line.startswith(ANSWERS) else (0,)), (out[-2000:], err[-2000:])


@pytest.mark.parametrize("line", [line for line in TYPED if not is_plain(line)])
def test_a_line_for_a_shell_does_not_fail(line: str, here: Path, pluto: FakePluto, supervisor: str) -> None:
    process = subprocess.Popen(
        ["bash", "-c", typed(TYPED[line], here)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if line in ENDLESS:
        time.sleep(2)
        os.killpg(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=100)
    assert process.returncode in ((143, -15) if line in ENDLESS else (0,)), (out[-2000:], err[-2000:])
    assert "Traceback" not in err
