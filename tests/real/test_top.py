"""`autod top` on this machine's own pluto, on a terminal of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import EAST, connection, silent_peer
from tests.real.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.real.plutos import Pluto


COMMAND = (sys.executable, "-m", "autod", "top")


def once(pluto: Pluto, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--ctlsocket", str(pluto.socket), "--once", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_once(pluto: Pluto) -> None:
    pluto.load(connection("a"), connection("lost", left="10.99.99.1"))
    done = once(pluto)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert (rows["a"], rows["lost"]) == ("down", "unoriented")
    document = json.loads(once(pluto, "--json", "a").stdout)
    assert [(row["label"], row["state"], row["peer"]) for row in document["rows"]] == [("a", "down", EAST)]


def test_once_without_a_pluto(tmp_path: os.PathLike[str]) -> None:
    done = subprocess.run(
        [*COMMAND, "--once", "--ctlsocket", f"{tmp_path}/none"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 33
    assert "none" in done.stderr


def test_live_with_keys_and_a_negotiation(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("alpha"), connection("beta"))
    with terminal(*COMMAND, "--ctlsocket", str(pluto.socket), "--interval", "0.2") as screen:
        screen.shows(r"alpha +down")
        screen.press("/bet")
        screen.shows("1 shown, all, like bet_")
        screen.press("\r")
        screen.press("\x1b")
        screen.shows("2 shown, all")
        pluto.whack("--name", "alpha", "--initiate", "--asynchronous")
        screen.shows(r"alpha +negotiating")
        screen.press("u")
        screen.shows("0 shown, up")
        screen.press("q")
        assert screen.end() == 0


def test_live_outlives_a_restart_of_pluto(pluto: Pluto) -> None:
    pluto.load(connection("alpha"))
    with terminal(*COMMAND, "--ctlsocket", str(pluto.socket), "--interval", "0.2") as screen:
        screen.shows(r"alpha +down")
        pluto.kill()
        screen.shows(r"(?i)pluto\.ctl: .*(gone|nobody|no pluto|not running|start)")
        pluto.start()
        pluto.load(connection("gamma"))
        screen.shows(r"gamma +down")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0


@pytest.mark.parametrize("arguments", [("top",), ("--up", "alpha", "beta", "--timeout", "100")])
def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(pluto: Pluto, arguments: Sequence[str]) -> None:
    """While it is stopped the terminal is as the shell left it: lines and echo, a cursor, no other screen."""
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("alpha"), connection("beta", leftid="@w2", rightid="@e2"))
    program = shlex.join([sys.executable, "-m", "autod", *arguments, "--ctlsocket", str(pluto.socket)])
    script = f"set -m; {program}; stty -a; echo stopped; read key; fg; echo ended $?"
    with terminal("bash", "-c", script) as screen:
        screen.shows("alpha")
        screen.press("\x1a")
        screen.shows(r"(?s)[^-]icanon.*[^-]echo .*stopped")
        assert screen.modes == {"cursor": True, "screen": False}
        screen.press("\n")
        screen.shows("alpha")
        if arguments != ("top",):
            # bash shows the command line again, and then the program draws: only the table says how many fly.
            screen.shows("2 in flight")
            screen.press("\x03")
            screen.shows("nothing more is begun; 2 in flight")
        screen.press("q" if arguments == ("top",) else "\x03")
        screen.shows(r"ended (0|130)")
        assert screen.modes == {"cursor": True, "screen": False}


def test_live_needs_a_terminal_that_can_move_its_cursor(pluto: Pluto) -> None:
    """TERM=dumb is told, instead of a screen full of control characters."""
    with terminal(*COMMAND, "--ctlsocket", str(pluto.socket), TERM="dumb") as screen:
        screen.shows("TERM=dumb.*--once prints one table")
        assert screen.end() == 2
