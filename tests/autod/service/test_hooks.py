"""Hooks: what is told when, and that no command, however bad, holds anything up."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from autod.errors import ConfigurationError
from autod.service import hookrunner
from autod.service.hookrunner import HookRunner, environment, environment_file
from autod.service.hooks import Deciding, Look
from autod.supervisor.configured import ConfiguredSupervisor
from autod.supervisor.settings import Hook, Seconds
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Cause
from autod.supervisor.wanted import Definition, Reading
from tests.fakes.scripted_link import ScriptedLink


def hook(**more: Any) -> Hook:
    return Hook(**({"name": "h", "command": ["/bin/true"], "after": Seconds(60)} | more))


UP, DOWN = Look("a", "up", True), Look("a", "waiting", True, cause="lost", detail="the tunnel went down")
TRYING, REFUSED = Look("a", "starting", True), Look("a", "refused", True, cause="authentication-failed")
FLAPPING = Look("a", "waiting", True, flapping=True, cause="flapping")
SUSPENDED = Look("a", "suspended", False)

ROWS: list[tuple[str, dict[str, Any], list[tuple[float, Look]], list[tuple[float, str]]]] = [
    ("down for long enough", {}, [(0, UP), (10, DOWN)], [(70, "down")]),
    ("not down for long enough", {}, [(10, DOWN), (60, UP)], []),
    ("down, up, and down again: counted anew", {}, [(10, DOWN), (60, UP), (65, DOWN)], [(125, "down")]),
    ("up again after it was told", {}, [(10, DOWN), (100, UP)], [(70, "down"), (100, "up")]),
    (
        "tries in between say nothing",
        {},
        [(10, DOWN), (20, TRYING), (30, DOWN), (40, TRYING)],
        [(70, "down")],
    ),
    ("refused at once, and down later", {}, [(10, REFUSED)], [(10, "refused"), (70, "down")]),
    (
        "refused is told once",
        {},
        [(10, REFUSED), (20, TRYING), (30, REFUSED), (40, UP)],
        [(10, "refused"), (40, "up")],
    ),
    ("flapping", {}, [(10, FLAPPING), (20, FLAPPING), (30, UP)], [(10, "flapping"), (30, "up")]),
    ("only what was asked for", {"on": ["up"]}, [(10, REFUSED), (20, UP)], [(20, "up")]),
    ("no up where nothing was told", {"on": ["up"]}, [(10, DOWN), (20, UP)], []),
    ("suspended is not down", {}, [(10, DOWN), (20, SUSPENDED)], []),
    ("handed back while it is down", {}, [(10, DOWN), (20, SUSPENDED), (30, DOWN)], [(90, "down")]),
    ("another connection", {"connections": ["b*"]}, [(10, DOWN)], []),
    ("at once", {"after": Seconds(0)}, [(10, DOWN)], [(10, "down")]),
]


@pytest.mark.parametrize(("said", "looks", "told"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_told_and_when(
    said: dict[str, Any], looks: list[tuple[float, Look]], told: list[tuple[float, str]]
) -> None:
    deciding = Deciding([hook(**said)])
    found: list[tuple[float, str]] = []
    seen = dict(looks)
    for now in range(200):
        if now in seen:
            found += [(now, one.event) for one in deciding.see(seen[now], now)]
        found += [(now, one.event) for one in deciding.due(now)]
    assert found == told


def test_down_says_why_it_is_down_not_that_it_is_trying() -> None:
    deciding = Deciding([hook()])
    for now, look in ((0, DOWN), (10, TRYING)):
        list(deciding.see(look, now))
    (told,) = deciding.due(60)
    assert (told.look.cause, told.since) == ("lost", 0)


@given(st.dictionaries(st.sampled_from(["event", "detail"]), st.text(max_size=50), min_size=1))
def test_a_shell_reads_back_what_the_environment_file_says(told: dict[str, str]) -> None:
    """systemd's quoting of these files is a shell's, for one line in double quotes."""
    values = environment(told)
    text = environment_file(values)
    words = shlex.split(text, posix=True)
    assert len(text.splitlines()) == len(values)
    found = [word.partition("=")[2].replace("\\$", "$").replace("\\`", "`") for word in words]
    assert found == list(values.values())


class Source:
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def read(self) -> Reading:
        return Reading({name: Definition(name=name, auto="add") for name in self.names})


@asynccontextmanager
async def hooked(
    command: list[str], more: str = "", names: list[str] | None = None, **fails: Cause
) -> AsyncIterator[tuple[HookRunner, ScriptedLink]]:
    names = names or ["a"]
    words = ", ".join(json.dumps(word) for word in command)
    settings = parse(
        "[supervise]\nstate = ''\npoll_min = 0.1\n[policy]\nkeep = 'up'\nrefuse_after = 1\n"
        f"[[hook]]\nname = 'h'\ncommand = [{words}]\nafter = 0.1\n{more}"
    )
    link = ScriptedLink(names, takes=0.01, fails=dict.fromkeys(names, Cause.AUTHENTICATION) | fails)
    link.start()
    supervisor = ConfiguredSupervisor(settings, link, Source(names))
    runner = HookRunner(supervisor, service=False)
    async with trio.open_nursery() as nursery:
        await supervisor.start()
        nursery.start_soon(runner.run, settings, lambda sentence: None)
        nursery.start_soon(supervisor.run)
        yield runner, link
        nursery.cancel_scope.cancel()


def ended(pid: int) -> bool:
    """Whether the process is gone, or only waits to be asked for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def until(true: Any, seconds: float = 30) -> None:
    with trio.fail_after(seconds):
        while not true():  # noqa: ASYNC110
            await trio.sleep(0.02)


@pytest.mark.thorough
async def test_a_command_gets_the_event_as_json_and_in_its_environment(tmp_path: Path) -> None:
    script = f"cat >{tmp_path}/$AUTOD_EVENT.json; env >{tmp_path}/$AUTOD_EVENT.env"
    async with hooked(["/bin/sh", "-c", script]) as (runner, link):
        await until(lambda: runner.ran == 2)
        link.fails.clear()
        link.up.add("a")
        await until(lambda: runner.ran == 3)
    told = json.loads((tmp_path / "refused.json").read_text())
    assert (told["connection"], told["cause"], told["state"]) == ("a", "authentication-failed", "refused")
    assert {"hook", "host", "time", "since", "seconds", "peer", "group", "detail"} <= told.keys()
    env = (tmp_path / "refused.env").read_text().splitlines()
    assert {"AUTOD_CONNECTION=a", "AUTOD_EVENT=refused", "AUTOD_CAUSE=authentication-failed"} <= set(env)
    assert set(os.listdir(tmp_path)) == {
        f"{e}.{kind}" for e in ("refused", "down", "up") for kind in ("json", "env")
    }


async def test_a_hook_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 300 & echo $! >{tmp_path}/child; sleep 300"
    async with hooked(["/bin/sh", "-c", script], "deadline = 0.5\non = ['refused']\n") as (runner, _):
        await until(lambda: runner.failed == 1)
    pid = int((tmp_path / "child").read_text())
    assert ended(pid)


async def test_a_flood_runs_a_few_at_once_and_counts_what_is_left_out(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(60)]
    script = f"echo $$ >{tmp_path}/$AUTOD_CONNECTION; ls {tmp_path} | wc -l; sleep 0.2; rm {tmp_path}/$AUTOD_CONNECTION"
    more = "on = ['refused']\n[hooks]\nat_once = 3\nwaiting = 10\n"
    most = 0
    async with hooked(["/bin/sh", "-c", script], more, names) as (runner, _):
        with trio.move_on_after(20):
            while runner.ran + runner.left_out < 60:
                most = max(most, len(os.listdir(tmp_path)))
                await trio.sleep(0.01)
    assert 1 <= most <= 3
    assert runner.left_out >= 60 - 10 - 3 - 30
    assert runner.ran + runner.left_out == 60


async def test_a_command_that_writes_without_end_or_is_not_there_is_only_logged() -> None:
    for command in (["/bin/sh", "-c", "yes | head -c 30000000; exit 7"], ["/nonexistent/hook"]):
        async with hooked(command, "on = ['refused']\n") as (runner, _):
            await until(lambda r=runner: r.failed == 1)


async def test_units_are_asked_for_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = ConfiguredSupervisor(parse(""), ScriptedLink(), Source([]))
    settings = parse("[hooks]\nrun = 'unit'\n[[hook]]\nname = 'h'\ncommand = ['/h']")
    monkeypatch.setattr(hookrunner, "UNIT", "autod-nonsense@.service")
    with pytest.raises(ConfigurationError, match="is not installed"):
        await HookRunner(supervisor, service=True).run(settings, lambda sentence: None)


@pytest.mark.parametrize("name", ["mail.sh", "webhook.py"])
def test_the_examples_tell_what_they_are_told(name: str, tmp_path: Path) -> None:
    """mail.sh hands a whole mail to sendmail; webhook.py posts JSON."""
    import http.server
    import threading

    told = {"hook": "h", "event": "down", "connection": "branch-1", "seconds": 61.0, "cause": "peer-silent",
            "detail": "no answer", "host": "gw", "peer": "192.0.2.1", "state": "waiting", "time": 1.0, "since": 0.0,
            "group": ""}  # fmt: skip
    posted: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        sendmail = tmp_path / "sendmail"
        sendmail.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/to; cat >{tmp_path}/mail\n')
        sendmail.chmod(0o755)
        example = Path(__file__).resolve().parents[3] / "contrib" / "hooks" / name
        target = "admin@example.org" if name == "mail.sh" else f"http://127.0.0.1:{server.server_port}/hook"
        done = subprocess.run(
            [str(example), target],
            input=json.dumps(told),
            env={"PATH": os.environ["PATH"], "SENDMAIL": str(sendmail), **environment(told)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        server.shutdown()
        thread.join()
    assert (done.returncode, done.stderr) == (0, "")
    if name == "mail.sh":
        mail = (tmp_path / "mail").read_text()
        assert "Subject: branch-1 is down on gw\n" in mail
        assert "To: admin@example.org\n" in mail
        assert "peer-silent" in mail
    else:
        assert json.loads(posted[0])["connection"] == "branch-1"
        assert "branch-1 is down on gw" in json.loads(posted[0])["text"]
