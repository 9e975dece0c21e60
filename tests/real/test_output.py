"""What people and scripts see of a run: on a pipe, on terminals of all kinds, when it is ended, beside a supervisor."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import EAST, connection, gateway, silent_peer, wait_until
from tests.real.terminal import CONTROL, terminal
from tests.real.test_supervisor import supervising

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto

AUTOD = (sys.executable, "-m", "autod")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-9]|9[0-7])m")


@pytest.fixture(scope="module")
def silent() -> Iterator[Pluto]:
    """One whose peer never answers, with thirty connections to it."""
    with gateway() as pluto:
        silent_peer(pluto.namespace, EAST)
        pluto.load(*(connection(f"s{at}", leftid=f"@w{at}", rightid=f"@e{at}") for at in range(1, 31)))
        yield pluto


@pytest.fixture
def names(tmp_path: Path) -> str:
    """A file of a thousand names that nobody knows."""
    file = tmp_path / "names"
    file.write_text("\n".join(f"unknown-{at}" for at in range(1, 1001)))
    return f"@{file}"


def ran(pluto: Pluto, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AUTOD, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_thousand_failures_are_a_summary_and_a_list_on_a_pipe(silent: Pluto, names: str) -> None:
    done = ran(silent, "--up", names)
    assert done.returncode == 1
    assert re.fullmatch(
        r"0 of 1000 up, 1000 unknown \(unknown-1, .* and 990 more\); [0-9.]+ s\n", done.stdout
    )
    listed = re.findall(r'^"(unknown-\d+)": pluto has no connection', done.stderr, re.MULTILINE)
    assert sorted(listed) == sorted(f"unknown-{at}" for at in range(1, 1001))
    assert len(done.stderr.splitlines()) == 1000


def test_a_thousand_failures_are_json_with_json(silent: Pluto, names: str) -> None:
    """On standard output, each; nothing for people beside them."""
    done = ran(silent, "--up", names, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [one["connection"] for one in objects if one["event"] == "outcome" and not one["ok"]]
    assert len(set(failed)) == 1000
    assert objects[-1]["event"] == "summary"


@pytest.mark.parametrize(
    "arguments", [("--add", "a", "b"), ("--delete", "a", "b"), ("--down", "a", "b"), ("--add", "a")]
)
def test_success_is_quiet_where_that_is_asked(silent: Pluto, arguments: tuple[str, ...]) -> None:
    """And several names on a pipe give one line."""
    silent.conf.write_text("config setup\n" + connection("a") + connection("b", leftid="@b"))
    silent.addconn("a", "b")
    done = ran(silent, *arguments)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)
    done = ran(silent, *arguments, "--quiet")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_a_terminal_names_what_failed_alike_once_and_the_sums_last(silent: Pluto, names: str) -> None:
    """However small it is, and in lines of its width."""
    command = (*AUTOD, "--up", names, "--ctlsocket", str(silent.socket))
    with terminal(*command, lines=10, columns=40, COLUMNS="40") as screen:
        assert screen.end() == 1
    lines = CONTROL.sub("", screen.drawn).splitlines()
    assert sum("1000 failed alike: pluto has no connection" in line for line in lines) == 1
    assert lines[-1].startswith("0 of 1000 up, 1000 unknown (unknown-1, unknown-2, ")
    listed = [line for line in lines if line.startswith("    ")]
    assert ", ".join(f"unknown-{at}" for at in range(1, 1001)) == " ".join(" ".join(listed).split())
    assert max(map(len, listed)) < 40


@pytest.mark.parametrize(
    ("environment", "draws", "colours"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"LC_ALL": "C", "NO_COLOR": "1"}, True, False),
    ],
    ids=["a terminal", "NO_COLOR", "TERM=dumb", "LC_ALL=C"],
)
def test_a_terminal_gets_what_it_can_show(
    silent: Pluto, environment: dict[str, str], draws: bool, colours: bool
) -> None:
    """Counts that move, colours, or plain lines; SIGTERM ends each at once, and says what is left."""
    silent.load(connection("s1"), connection("s2", leftid="@w2"))
    command = (*AUTOD, "--up", "s1", "s2", "nosuch", "--ctlsocket", str(silent.socket))
    with terminal(*command, **environment) as screen:
        screen.shows("2 in flight" if draws else '"s2" #')
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 143
    assert bool(COLOUR.search(screen.drawn)) == colours
    assert ("\x1b[" in screen.drawn) == draws
    assert "LC_ALL" not in environment or screen.drawn.isascii()
    said = CONTROL.sub("", screen.drawn)
    assert "0 of 3 up, 1 unknown (nosuch), 2 in flight when it was ended (s1, s2)" in said
    assert said.splitlines()[-1].startswith(
        "autod: interrupted; pluto goes on with 2 (s1, s2); `autod --down NAME"
    )


AUTO = (sys.executable, "-c", "import sys; from autod.cli.auto import main; sys.exit(main())")


@pytest.mark.parametrize(
    "command",
    [
        (*AUTOD, "--up", "s1"),
        (*AUTOD, "--up", "s1", "--json"),
        (*AUTOD, "--up", "s1", "--deadline", "2m"),
        (*AUTOD, "--start", "s1"),
        (*AUTOD, "explain", "s1", "--try"),
        (*AUTO, "--up", "s1"),
    ],
)
def test_sigterm_is_a_second_ctrl_c_on_a_pipe_too(silent: Pluto, command: tuple[str, ...]) -> None:
    """By each way to bring a connection up."""
    silent.load(connection("s1"))
    process = subprocess.Popen(
        [*command, "--ctlsocket", str(silent.socket), "--config", str(silent.conf)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = ""
    while "sent IKE_SA_INIT" not in line:
        line = process.stdout.readline()
        assert line
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143
    sentence = err.splitlines()[-1].removeprefix("autod: ")
    assert re.fullmatch(
        "interrupted; pluto (goes|may go) on with s1; `autod --down s1` takes it down", sentence
    )
    if "--json" in command:
        error = json.loads(out.splitlines()[-1])
        assert (error["event"], error["status"], error["sentence"]) == ("error", 143, sentence)


def test_a_barrier_that_is_ended_has_asked_for_nothing(silent: Pluto) -> None:
    silent.load(connection("s1"))
    process = subprocess.Popen(
        [*AUTOD, "--wait", "s1", "--ctlsocket", str(silent.socket)], stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: _catches(process.pid, signal.SIGTERM), what="its handler")
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (
        143,
        "autod: interrupted; pluto was not asked to change anything\n",
    )


def _catches(pid: int, number: int) -> bool:
    """Whether the process handles the signal itself (proc(5), SigCgt)."""
    with open(f"/proc/{pid}/status") as status:
        caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)


def test_one_name_that_is_being_negotiated_is_waited_for(silent: Pluto) -> None:
    """As several are: it does not end with pluto's word that somebody asked before."""
    silent.load(connection("s1"))
    silent.whack("--name", "s1", "--initiate", "--asynchronous")
    begun = time.monotonic()
    done = ran(silent, "--up", "s1", "--timeout", "2")
    assert done.returncode == 124
    assert time.monotonic() - begun >= 2


@pytest.mark.parametrize("name", ["@west", "-dash", "--up"])
def test_after_two_dashes_a_name_is_a_name(silent: Pluto, name: str) -> None:
    """Whatever it begins with; with --delete, which is done where there is none of that name."""
    done = ran(silent, "--delete", "--json", "--", name)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["connection"] == name


def test_what_a_supervisor_keeps_is_said_to_come_again() -> None:
    """By --down and --delete, of one name and of several, with what keeps it down; --quiet says nothing."""
    with gateway() as pluto:
        silent_peer(pluto.namespace, EAST)
        pluto.conf.write_text(
            "config setup\n"
            + connection("kept", auto="start")
            + connection("other", leftid="@o", auto="ignore")
        )
        with supervising(pluto) as autod:
            wait_until(lambda: autod.call("Statistics")["states"], what="the supervisor's connections")
            for arguments in (("--down", "kept"), ("--down", "other", "kept"), ("--delete", "kept")):
                done = ran(pluto, *arguments, "--api", autod.path)
                assert (
                    "autod: the supervisor will bring kept up again; `autod --service --down NAME` keeps it down"
                    in (done.stderr)
                ), (arguments, done)
            assert "supervisor" not in ran(pluto, "--down", "other", "--api", autod.path).stderr
            assert "supervisor" not in ran(pluto, "--down", "kept", "--quiet", "--api", autod.path).stderr
            process = subprocess.Popen(
                [*AUTOD, "--service", "--up", "kept", "--api", str(autod.path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert "says up" in process.stdout.readline()
            process.terminate()
            _, err = process.communicate(timeout=60)
            assert process.returncode == 143
            assert err == (
                "autod: interrupted; the supervisor goes on with what it was asked; "
                "`autod --service --down kept` ends that\n"
            )
