"""`autod supervise` as a process, on this machine's own pluto: starting, faults of pluto, reload, silent peers.

This kernel may have no ESP, so no connection comes up here: tests/lab has those that do.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autod.errors import ConfigurationError
from autod.service.client import Client
from tests.lab.gateways import ROOTS
from tests.real.plutos import EAST, Pluto, connection, gateway, silent_peer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(400)


class Autod:
    """A running `autod supervise`, and the service manager that it talks to."""

    def __init__(
        self,
        pluto: Pluto,
        settings: str = "",
        *,
        answer: float = 5,
        environ: dict[str, str] | None = None,
        inside: tuple[str, ...] = (),
    ) -> None:
        self.pluto = pluto
        self.path = str(pluto.folder / "api.sock")
        self.toml = pluto.folder / "autod.toml"
        self.toml.write_text(
            f'[pluto]\nsocket = "{pluto.socket}"\n[api]\nsocket = "{self.path}"\n'
            f'[history]\nfile = "{pluto.folder}/history.db"\n'
            f'[supervise]\nconfiguration = "{pluto.conf}"\nsecrets = ["{pluto.secrets}"]\n'
            f'state = "{pluto.folder}/suspended.json"\npoll_min = 1\npoll_max = 10\nanswer = {answer:g}\n'
            f"{settings}"
        )
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (pluto.folder / "notify").unlink(missing_ok=True)
        self.manager.bind(str(pluto.folder / "notify"))
        self.manager.settimeout(60)
        self.log = (pluto.folder / "autod.log").open("w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*inside, sys.executable, "-m", "autod", "supervise", "--settings", str(self.toml)],
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
            env=os.environ | {"NOTIFY_SOCKET": str(pluto.folder / "notify")} | (environ or {}),
        )

    def told(self, word: str) -> str:
        """The next datagram to the service manager that holds `word`."""
        while True:
            message = self.manager.recv(4096).decode()
            if word in message:
                return message

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        with Client(self.path, timeout=60) as client:
            return client.call(method, **parameters)

    def state(self, name: str) -> str:
        return str(self.call("Get", name=name)["connection"]["state"])

    def states(self) -> dict[str, int]:
        found: dict[str, int] = self.call("Statistics")["states"]
        return found

    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        last = self.call("Statistics")["sequence"]
        found: list[dict[str, Any]] = []
        with Client(self.path, timeout=60) as client:
            for reply in client.stream("Watch", since=0):
                found.append(reply["event"])
                if found[-1]["sequence"] >= last:
                    break
        return found

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.manager.close()
        self.log.close()


@contextlib.contextmanager
def supervising(pluto: Pluto, settings: str = "", **more: Any) -> Iterator[Autod]:
    autod = Autod(pluto, settings, **more)
    try:
        autod.told("READY=1")
        yield autod
    except BaseException:
        print((pluto.folder / "autod.log").read_text()[-6000:])
        raise
    finally:
        autod.close()


def write(pluto: Pluto, *sections: str) -> None:
    pluto.conf.write_text("config setup\n" + "\n".join(sections))


def many(count: int, **options: str) -> list[str]:
    return [connection(f"c{i}", leftid=f"@w{i}", rightid=f"@e{i}", **options) for i in range(count)]


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_is_ready_soon_and_ends_when_told(pluto: Pluto) -> None:
    """Ready by sd_notify. Counted is the processor's time, as this machine may be busy with other tests."""
    write(pluto, *many(100, auto="add"))
    took = []
    for _ in range(3):
        with supervising(pluto) as autod:
            took.append(_processor_seconds(autod.process.pid))
            wall = time.monotonic() - autod.began
            wait_until(lambda: autod.states() == {"loaded": 100}, what="100 loaded")
            assert autod.end() == 0
            assert "leaving the tunnels" in autod.told("STOPPING=1")
        (pluto.folder / "notify").unlink()
    print(f"ready after {min(took):.2f} s of the processor, the last time {wall:.2f} s by the clock")
    assert min(took) < 3.0


def test_a_killed_pluto_is_noticed_at_once_and_its_successor_loaded(pluto: Pluto) -> None:
    write(pluto, *many(20, auto="ignore"))
    with supervising(pluto, "[[group]]\nname = 'g'\nconnections = ['c*']\nkeep = 'loaded'\n") as autod:
        wait_until(lambda: autod.states() == {"loaded": 20}, what="20 loaded")
        for _ in range(3):
            pluto.kill()
            wait_until(lambda: not autod.call("Statistics")["pluto"]["running"], what="the loss", timeout=20)
            pluto.start()
            wait_until(lambda: autod.states() == {"loaded": 20}, what="20 loaded again")
            assert pluto.whack("--status").stdout.count("[no name]") == 0
        assert "loaded 20" in pluto.whack("--status").stdout
        assert [e["after"] for e in autod.events() if e["kind"] == "pluto"] == ["found"] + [
            "lost",
            "found",
        ] * 3


def test_a_pluto_that_comes_late_is_waited_for(pluto: Pluto) -> None:
    write(pluto, *many(3, auto="add"))
    pluto.kill()
    pluto.socket.unlink()
    with supervising(pluto) as autod:
        assert autod.call("List")["connections"] == []
        pluto.start()
        wait_until(lambda: autod.states() == {"loaded": 3}, what="3 loaded")


def test_a_stopped_pluto_is_told_of_once_and_no_harm_done(pluto: Pluto) -> None:
    write(pluto, *many(5, auto="add"))
    with supervising(pluto) as autod:
        wait_until(lambda: autod.states() == {"loaded": 5}, what="5 loaded")
        pluto.stop()
        try:
            wait_until(lambda: any(e.get("after") == "stuck" for e in autod.events()), what="stuck")
            time.sleep(7)
        finally:
            pluto.cont()
        wait_until(
            lambda: any(e.get("after") == "answers" for e in autod.events()), what="answers", timeout=60
        )
        assert [e["after"] for e in autod.events() if e["kind"] == "pluto"] == ["found", "stuck", "answers"]
        assert autod.states() == {"loaded": 5}


def test_silent_peers_stay_within_the_limit_and_cost_no_descriptors(pluto: Pluto) -> None:
    """30 silent peers, 5 places: never more in flight; those that give way are given up in pluto too."""
    silent_peer(pluto.namespace, EAST)
    write(pluto, *many(30, auto="ignore"))
    settings = "limit = 5\n[[group]]\nname = 'g'\nconnections = ['c*']\n"
    with supervising(pluto, settings) as autod:
        seen = 0

        def half_were_tried() -> bool:
            nonlocal seen
            seen = max(seen, autod.call("Statistics")["in_flight"])
            assert pluto.descriptors() < 21 + 3 * 5
            time.sleep(0.2)
            tries = [e for e in autod.events() if e["kind"] == "try"]
            assert {e["cause"] for e in tries if "cause" in e} <= {"gave-way"}
            return len({e["connection"] for e in tries if e["act"] == "up"}) >= 15

        wait_until(half_were_tried, timeout=120, what="the turn of half of them")
        assert seen == 5


def test_a_bad_file_is_told_and_the_old_one_stays(pluto: Pluto) -> None:
    write(pluto, *many(3, auto="add"))
    with supervising(pluto, "watch = false\n") as autod:
        wait_until(lambda: autod.states() == {"loaded": 3}, what="3 loaded")
        write(pluto, *many(3, auto="add"), "conn broken\n\tnosuchkeyword=1\n")
        autod.process.send_signal(signal.SIGHUP)
        assert "MONOTONIC_USEC=" in autod.told("RELOADING=1")
        assert "nosuchkeyword" in autod.told("READY=1")
        assert "nosuchkeyword" in autod.call("Statistics")["configuration"]
        assert autod.states() == {"loaded": 3}
        write(pluto, *many(2, auto="add"), connection("new", auto="add"))
        assert autod.call("Reload")["added"] == ["new"]
        wait_until(lambda: "new" in pluto.whack("--status").stdout, what="the new one in pluto")
        wait_until(lambda: '"c2"' not in pluto.whack("--status").stdout, what="the end of the old one")


@pytest.mark.parametrize(
    "side", ["[metrics]\nlisten = 5\n", "[log]\nlevel = 'x'\n", "[page]\nlisten = 'x'\n"]
)
def test_a_bad_side_table_at_the_start_is_told_and_ends_nothing(pluto: Pluto, side: str) -> None:
    write(pluto, *many(2, auto="add"))
    with supervising(pluto, side) as autod:
        wait_until(lambda: autod.states() == {"loaded": 2}, what="2 loaded")
        assert "autod.toml" in autod.call("Statistics")["troubles"][0]
        assert autod.call("Statistics")["configuration"] == "ok"


def test_a_taken_port_and_a_missing_folder_end_nothing(pluto: Pluto) -> None:
    write(pluto, *many(2, auto="add"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f"[metrics]\nlisten = '127.0.0.1:{port}'\ntextfile = '/nonexistent/autod.prom'\n"
        with supervising(pluto, more) as autod:
            wait_until(lambda: autod.states() == {"loaded": 2}, what="2 loaded")
            told = " ".join(autod.call("Statistics")["troubles"])
            assert f"127.0.0.1:{port}: Address already in use" in told
            assert "/nonexistent/autod.prom: No such file or directory" in told


def test_a_start_with_a_broken_file_holds_what_was_good_last(pluto: Pluto) -> None:
    write(pluto, *many(2, auto="add"))
    folder = pluto.folder / "state"
    folder.mkdir(exist_ok=True)
    more = "[[group]]\nname = 'g'\nconnections = ['c0']\nkeep = 'loaded'\n"
    with supervising(pluto, more, environ={"STATE_DIRECTORY": str(folder)}) as autod:
        wait_until(lambda: autod.states() == {"loaded": 2}, what="2 loaded")
    with supervising(pluto, more + "[[gruop", environ={"STATE_DIRECTORY": str(folder)}) as autod:
        wait_until(lambda: autod.states() == {"loaded": 2}, what="2 loaded")
        assert "not TOML" in autod.call("Statistics")["troubles"][0]
        assert {c["name"]: c.get("group") for c in autod.call("List")["connections"]} == {
            "c0": "g",
            "c1": None,
        }
        with pytest.raises(ConfigurationError, match="not TOML"):
            autod.call("Reload")


def test_clients_of_a_dead_supervisor_end_within_their_time(tmp_path: Path) -> None:
    """As with autod.socket: somebody holds the socket, nobody answers."""
    path = str(tmp_path / "dead.sock")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)
        made.listen(1)
        for words in (
            ["--service", "--status"],
            ["--service", "--up", "a"],
            ["--service", "--wait", "a"],
            ["--service", "--sync"],
            ["supervise", "--reload"],
            ["watch", "--until-up"],
            ["watch"],
            ["history"],
        ):
            argv = [sys.executable, "-m", "autod", *words, "--api", path, "--timeout", "1"]
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=90)
            assert done.returncode == 124, (words, done.stderr)
            assert "did not answer within 1 s" in done.stderr or "does not answer" in done.stderr


def test_the_watchdog_is_fed_and_goes_silent_with_the_process(pluto: Pluto) -> None:
    with supervising(pluto, environ={"WATCHDOG_USEC": "900000"}) as autod:
        for _ in range(3):
            autod.told("WATCHDOG=1")
        autod.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        autod.manager.settimeout(1.5)
        # What was sent before may still be there; after it comes nothing.
        with pytest.raises(TimeoutError):
            autod.told("nothing that is ever told")
        autod.process.send_signal(signal.SIGCONT)
        autod.manager.settimeout(20)
        autod.told("WATCHDOG=1")


def test_a_passed_socket_is_served_and_not_removed(pluto: Pluto) -> None:
    """As autod.socket does it: the manager makes the socket, and clients that come before autod wait."""
    path = str(pluto.folder / "passed.sock")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)
        made.listen()
        early = Client(path, timeout=60)
        script = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), "
            "LISTEN_FDS='1', LISTEN_FDNAMES='api'); os.execv(sys.executable, "
            "[sys.executable, '-m', 'autod', 'supervise', '--settings', sys.argv[2]])"
        )
        toml = pluto.folder / "autod.toml"
        toml.write_text(
            f'[pluto]\nsocket = "{pluto.socket}"\n[supervise]\nconfiguration = "{pluto.conf}"\nstate = ""\n'
        )
        number = made.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(number), str(toml)],
            cwd=ROOT,
            pass_fds=[number],
            stderr=subprocess.DEVNULL,
        )
        try:
            with early:
                assert early.call("Statistics")["version"]
        finally:
            process.terminate()
            assert process.wait(60) == 0
        assert os.path.exists(path)


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ("", 0, "ok, 2 connections are wanted"),
        ("[policy]\nkeep = 'upp'\n", 3, "autod.toml:2: policy.keep: Invalid enum value 'upp'"),
        ("[supervise]\nconfiguration = '/nonexistent'\n", 3, "/nonexistent"),
    ],
)
def test_check_says_what_would_be_kept_or_what_is_wrong(
    shared_pluto: Pluto, settings: str, status: int, said: str
) -> None:
    write(shared_pluto, connection("a", auto="start"), connection("b", auto="ondemand"), connection("c"))
    toml = shared_pluto.folder / "autod.toml"
    toml.write_text(settings)
    argv = [sys.executable, "-m", "autod", "supervise", "--check", "--settings", str(toml)]
    argv += ["--ctlsocket", str(shared_pluto.socket)]
    if "configuration" not in settings:
        argv += ["--config", str(shared_pluto.conf)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert said in (done.stdout if status == 0 else done.stderr)
    if status == 0:
        assert "a: up, deadline 75 s" in done.stdout
        assert "b: routed" in done.stdout


@pytest.mark.parametrize(("file", "status"), [("ipsec.conf", 0), ("nonexistent", 3)])
def test_check_needs_no_pluto(tmp_path: Path, file: str, status: int) -> None:
    """The configuration is read as the installed release does."""
    (tmp_path / "ipsec.conf").write_text("conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauto=start\n")
    argv = [sys.executable, "-m", "autod", "supervise", "--check", "--config", str(tmp_path / file)]
    argv += ["--ctlsocket", str(tmp_path / "pluto.ctl")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert "no pluto answers" in done.stderr
    assert ("1 connection is wanted" in done.stdout) == (status == 0)
    assert ("nonexistent: cannot be read" in done.stderr) == (status == 3)


def test_metrics_of_a_real_pluto() -> None:
    with gateway() as pluto:
        write(pluto, *many(2, auto="add"))
        path = pluto.folder / "autod.prom"
        with supervising(pluto, f'[metrics]\ntextfile = "{path}"\nevery = 0.2\n') as autod:
            wait_until(lambda: autod.states() == {"loaded": 2}, what="2 loaded")
            wait_until(
                lambda: 'autod_connection_state{connection="c0",state="loaded"} 1.0' in path.read_text(),
                what="c0",
            )
            assert 'autod_pluto_info{release="4.10"} 1.0' in path.read_text()
            wait_until(
                lambda: f"autod_pluto_open_descriptors {float(pluto.descriptors())}" in path.read_text(),
                what="the descriptors that pluto has",
            )


def test_the_ordinary_verbs_through_the_supervisor(pluto: Pluto) -> None:
    """--service: status, down, up that fails with its reason, wait, sync; without pluto's socket being opened."""
    silent_peer(pluto.namespace, EAST)
    write(pluto, connection("a", auto="add"), connection("b", auto="ignore"))
    with supervising(pluto, "[[group]]\nname = 'g'\nconnections = ['b']\nkeep = 'down'\n") as autod:
        wait_until(lambda: autod.states() == {"loaded": 1, "absent": 1}, what="a loaded")

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            argv = [
                sys.executable,
                "-m",
                "autod",
                "--service",
                "--api",
                autod.path,
            ]
            return subprocess.run([*argv, *words], cwd=ROOT, capture_output=True, text=True, timeout=60)

        head, _, titles, *rows = run("--status").stdout.splitlines()
        assert head.startswith("0 of 0 that should be up are, Libreswan 4.10 for ")
        assert titles.split()[:4] == ["CONNECTION", "STATE", "SINCE", "WANTED"]
        told = [(row.split()[:2], row.split()[3]) for row in rows]
        assert told == [(["b", "absent"], "down"), (["a", "loaded"], "loaded")]
        drawn = run("--status", "--format", "table").stdout
        assert "Connection" in drawn
        assert "Next try" in drawn
        found = json.loads(run("--status", "--json", "a").stdout)["connections"]
        assert [c["name"] for c in found] == ["a"]
        assert run("--wait", "--all", "--timeout", "5").returncode == 0
        down = run("--down", "a")
        assert (down.returncode, down.stderr) == (0, "")
        assert "a: root, process " in down.stdout
        assert autod.state("a") == "suspended"
        assert run("--sync", "--dry-run").returncode == 0
        unknown = run("--up", "nosuch")
        assert unknown.returncode == 1
        assert unknown.stderr == "autod: the supervisor keeps no connection nosuch\n"
        unknown = run("--status", "nosuch*", "a")
        assert (unknown.returncode, unknown.stderr) == (
            1,
            "autod: the supervisor keeps no connection nosuch*\n",
        )
        assert run("--add", "a").returncode == 2


def test_watching_from_a_shell(pluto: Pluto) -> None:
    """`autod watch` shows events as lines and as JSON; --until-up tells what is missing when its time is over."""
    write(pluto, connection("a", auto="add"))
    with supervising(pluto) as autod:
        wait_until(lambda: autod.states() == {"loaded": 1}, what="a loaded")
        base = [sys.executable, "-m", "autod", "watch", "--api", autod.path]
        for extra in ([], ["--json"]):
            with subprocess.Popen(
                [*base, "--since", "0", *extra], cwd=ROOT, stdout=subprocess.PIPE, text=True
            ) as watch:
                assert watch.stdout is not None
                lines = [watch.stdout.readline() for _ in range(3)]
                watch.terminate()
            if extra:
                assert [json.loads(text)["sequence"] for text in lines] == [1, 2, 3]
            else:
                assert any("pluto: found" in text for text in lines)
        assert subprocess.run([*base, "--until-up", "--timeout", "60"], cwd=ROOT, timeout=120).returncode == 0
        autod.toml.write_text(autod.toml.read_text() + "[policy]\nkeep = 'up'\n")
        autod.call("Reload")
        done = subprocess.run(
            [*base, "--until-up", "--timeout", "1"], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (124, "autod: not up: a\n")


def test_beside_the_programs_of_another_release_it_keeps_what_it_can_and_says_what_to_restart() -> None:
    """4.3 runs and 4.10's programs are on the disk, as far as is seen from another process namespace."""
    inside = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    programs = {"IPSEC_EXECDIR": "/usr/libexec/ipsec"}
    with gateway(root=ROOTS["4.3"], label="older") as pluto:
        write(pluto, *many(3, auto="add"))
        with supervising(pluto, inside=inside, environ=programs) as autod:
            wait_until(lambda: autod.states() == {"loaded": 3}, what="3 loaded")
            (trouble,) = autod.call("Statistics")["troubles"]
            assert "addconn is of Libreswan 4.10, and pluto 4.3 runs" in trouble
            assert "restart pluto" in trouble
            write(pluto, *many(4, auto="add"))
            autod.call("Reload")
            wait_until(lambda: autod.states() == {"loaded": 4}, what="the fourth loaded too")
            command = [*inside, sys.executable, "-m", "autod", "--ctlsocket", pluto.socket]
            command += ["--config", str(pluto.conf), "--via-addconn", "--replace", "c0"]
            done = subprocess.run(
                command, cwd=ROOT, env=os.environ | programs, capture_output=True, text=True, timeout=60
            )
            assert done.returncode != 0
            assert "restart pluto" in done.stderr
            assert autod.states() == {"loaded": 4}
        assert pluto.alive()
        assert "loaded 4, active 0" in pluto.whack("--status").stdout


@pytest.mark.parametrize(
    "inside",
    [
        ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        ("unshare", "--pid", "--fork", "--kill-child"),
        ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"),
    ],
    ids=["namespace", "namespace-with-the-old-proc", "no-proc"],
)
def test_without_the_right_proc_pluto_is_found_once_and_never_lost(
    pluto: Pluto, inside: tuple[str, ...]
) -> None:
    """The number in pluto's lock file means nothing there. The socket's file still tells when pluto is another."""
    write(pluto, *many(3, auto="add"))
    with supervising(pluto, inside=inside) as autod:
        wait_until(lambda: autod.states() == {"loaded": 3}, what="3 loaded")
        time.sleep(3)
        assert autod.states() == {"loaded": 3}
        autod.log.flush()
        text = (pluto.folder / "autod.log").read_text()
        assert text.count("after=found") == 1
        assert "lost" not in text
        pluto.restart()
        wait_until(lambda: autod.states() == {"loaded": 3}, what="3 loaded in the next pluto")
