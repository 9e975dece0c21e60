"""The programs of docs/examples, run as their users run them, against the scripted pluto."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from autod.bulk import from_json
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.testing import FakePluto
from tests.autod.service.test_server import service

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture
def pluto() -> Iterator[FakePluto]:
    names = ["branch-1", "branch-2", "branch-3"]
    with FakePluto("5.2", connections=names) as one:
        yield one


def run(name: str, *arguments: object, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_every_program_is_run_here() -> None:
    text = Path(__file__).read_text()
    programs = {file.name for file in EXAMPLES.glob("*.py")}
    assert programs
    assert {name for name in programs if f'"{name}"' not in text} == set()
    page = (EXAMPLES.parent / "programs.md").read_text()
    assert {name for name in programs if f"examples/{name}\n" not in page} == set()


@pytest.mark.thorough
def test_500_connections_with_progress_and_a_report(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(500)]
    (tmp_path / "names").write_text("\n".join(names))
    with FakePluto("4.10", connections=names) as pluto:
        pluto.comes_up("c*", after=0.01)
        pluto.fails("c7", Result.AUTHENTICATION_FAILED)
        report = tmp_path / "report.json"
        said = run("bring_up_many.py", pluto.path, tmp_path / "names", report, status=1)
        assert said == "authentication_failed: c7\n"
        result = from_json(report.read_bytes())
        assert (result.summary.total, result.summary.done) == (500, 499)
        assert len(pluto.up) == 499
        assert not pluto.ran_out


def test_events_go_to_structlog_and_to_a_file(pluto: FakePluto, tmp_path: Path) -> None:
    said = run("watch.py", pluto.path, tmp_path / "events", "branch-1", "branch-2")
    assert "child_established" in said
    assert "branch-2" in said
    lines = [json.loads(line) for line in (tmp_path / "events").read_bytes().splitlines()]
    assert {line["connection"] for line in lines if line["event"] == "outcome"} == {"branch-1", "branch-2"}


def test_asyncio_gives_up_what_takes_too_long(pluto: FakePluto) -> None:
    pluto.peer_is_silent("branch-3")
    said = run("under_asyncio.py", pluto.path, "branch-1", "branch-2", "branch-3")
    assert "branch-1 ChildEstablished" in said
    assert said.endswith("branch-3 was given up\nup: branch-1, branch-2\n")
    assert not pluto.negotiating


def test_a_script_without_an_event_loop(pluto: FakePluto) -> None:
    assert "is up" in run("blocking.py", pluto.path, "branch-1")
    assert run("blocking.py", pluto.path, "branch-1") == "branch-1 is up already\n"
    pluto.kill()
    run("blocking.py", pluto.path, "branch-1", status=33)


def test_the_state_is_served_to_prometheus(pluto: FakePluto) -> None:
    pluto.goes_up("branch-2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen([sys.executable, str(EXAMPLES / "prometheus.py"), pluto.path, str(port)])
    try:
        text = ""
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    text = answer.read().decode()
            except OSError:
                text = ""
            if "tunnel_up{" in text:
                break
            time.sleep(0.1)
        assert 'tunnel_up{connection="branch-2"} 1.0' in text
        assert 'tunnel_bytes{connection="branch-2",way="in"} 84.0' in text
    finally:
        program.kill()
        program.wait()


def test_the_first_that_comes_up_wins_and_the_others_are_taken_down(pluto: FakePluto) -> None:
    pluto.peer_is_silent("branch-1")
    assert run("cancelling.py", pluto.path, "branch-1", "branch-2") == "branch-2\n"
    assert pluto.up == {"branch-2"}
    assert not pluto.negotiating
    assert pluto.asked(c.Terminate) == ["branch-1"]


def test_an_interrupt_takes_down_what_is_under_way(pluto: FakePluto) -> None:
    pluto.peer_is_silent("branch-*")
    program = subprocess.Popen([sys.executable, str(EXAMPLES / "cancelling.py"), pluto.path, "branch-1"])
    for _ in range(1200):
        if pluto.negotiating:
            break
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    assert program.wait(timeout=60) == 130
    assert not pluto.negotiating


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", ["3.27", "4.10", "5.4"])
def test_connections_are_made_of_values(release: str, tmp_path: Path) -> None:
    branches = {f"branch-{n}": {"address": f"192.0.2.{n}", "network": f"10.{n}.0.0/24"} for n in range(1, 4)}
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps(branches))
    with FakePluto(release, connections=["branch-9", "other"]) as pluto:
        said = run("from_values.py", pluto.path, inventory)
        assert pluto.loaded == {"branch-1", "branch-2", "branch-3", "other"}
        assert '"branch-9" is not loaded any more' in said
        branches["branch-1"]["address"] = "192.0.2.1\n  leftupdown=/tmp/x"
        inventory.write_text(json.dumps(branches))
        run("from_values.py", pluto.path, inventory, status=1)
        assert len(pluto.loaded) == 4


async def test_a_program_asks_the_supervisor(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        said = await trio.to_thread.run_sync(run, "supervised.py", running.path)
        assert said == "4 of 4 are up\n"
        running.keeper.order("down", ["a"])
        await running.until(lambda: running.keeper.settled("down", "a"))
        said = await trio.to_thread.run_sync(run, "supervised.py", running.path)
        assert said.startswith("3 of 3 are up\na: suspended\n")
        assert said.endswith("a is up now\n")
    await trio.to_thread.run_sync(partial(run, "supervised.py", running.path, status=1))


@pytest.mark.thorough
def test_the_tests_of_a_program_pass() -> None:
    file = EXAMPLES / "test_with_a_scripted_pluto.py"
    assert file.name == "test_with_a_scripted_pluto.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
