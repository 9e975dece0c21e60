"""The supervisor under faults in real time: a pluto that dies, stops and comes back, peers that say no or nothing,
clients that read nothing or talk nonsense, readers of the page, hooks that run. Memory, descriptors and disk stay
flat, the limit holds.

AUTOD_SOAK_SECONDS says how long (60; 1800 was tried).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.errors import WhackError
from autod.service.client import Client
from tests.real.plutos import Pluto, connection, gateways, silent_peer, wait_until
from tests.real.test_supervisor import Autod, supervising

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = float(os.environ.get("AUTOD_SOAK_SECONDS", "60"))
COUNT, LIMIT = 60, 16
NOBODY = "192.1.2.77"

pytestmark = pytest.mark.timeout(2 * SECONDS + 600)


def write(pluto: Pluto, hours: int) -> None:
    """All connections; a third has a peer that is silent, and one differs by `hours`."""
    sections = []
    for n in range(COUNT):
        options = {"right": NOBODY} if n % 3 == 0 else {}
        options |= {"ikelifetime": f"{hours}h"} if n == 1 else {}
        sections.append(connection(f"c{n}", leftid=f"@w{n}", rightid=f"@e{n}", auto="add", **options))
    pluto.conf.write_text("config setup\n" + "\n".join(sections))


def memory(pid: int) -> int:
    """In kB."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def disk(folder: Path) -> int:
    """In kB, of all that the supervisor writes: its history, and what it leaves beside it."""
    ours = [one for one in folder.iterdir() if one.name.startswith(("history", "suspended", "autod."))]
    return sum(one.stat().st_size for one in ours) // 1024


class Faults:
    """What is done to a supervisor and its pluto; each method returns soon."""

    def __init__(self, west: Pluto, autod: Autod) -> None:
        self.west = west
        self.autod = autod
        self.chance = random.Random(11)
        self.deaf: list[socket.socket] = []

    def all(self) -> list[Callable[[], None]]:
        return [
            *(self.restart, self.stop, self.watch, self.leave_unread, self.noise, self.reload),
            *(self.order, self.look_at_page, self.scrape, self.ask_history, self.nothing),
        ]

    def restart(self) -> None:
        self.west.restart()

    def stop(self) -> None:
        self.west.stop()
        time.sleep(3)
        self.west.cont()

    def watch(self) -> None:
        with contextlib.suppress(WhackError, TimeoutError), Client(self.autod.path, timeout=20) as client:
            stream = client.stream("Watch", since=0)
            for _ in range(50):
                next(stream)

    def leave_unread(self) -> None:
        self.deaf.append(socket.socket(socket.AF_UNIX))
        self.deaf[-1].connect(self.autod.path)
        self.deaf[-1].sendall(b'{"method":"org.libreswan.autod.Watch","more":true}\0')
        if len(self.deaf) > 5:
            self.deaf.pop(0).close()

    def noise(self) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.autod.path)
            client.sendall(self.chance.randbytes(500))

    def reload(self) -> None:
        write(self.west, self.chance.choice([2, 3]))
        self.autod.process.send_signal(signal.SIGHUP)

    def order(self) -> None:
        name = f"c{self.chance.randrange(COUNT)}"
        with contextlib.suppress(WhackError):
            self.autod.call(self.chance.choice(["Suspend", "Resume", "Up", "Down"]), names=[name])

    def look_at_page(self) -> None:
        assert "<script src=" in self._fetch("page.sock", "/")
        assert '"connections"' in self._fetch("page.sock", "/state.json")
        # One that asks and goes away before it was answered.
        self._fetch("page.sock", "/day.json", read=False)

    def scrape(self) -> None:
        assert "autod_pluto_up" in self._fetch("metrics.sock", "/metrics")

    def ask_history(self) -> None:
        with contextlib.suppress(WhackError):
            self.autod.call("Summary", since=0)

    def nothing(self) -> None:
        time.sleep(1)

    def _fetch(self, name: str, path: str, *, read: bool = True) -> str:
        parts = []
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(self.west.folder / name))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            while read and (part := client.recv(65536)):
                parts.append(part)
        return b"".join(parts).decode()


def settings(folder: Path) -> str:
    """Everything on, a hook for whatever happens, and tries again and again."""
    return (
        f"limit = {LIMIT}\n"
        "[policy]\nkeep = 'up'\nbackoff_max = 10\nrefuse_after = 1000\n"
        "[log]\nlevel = 'error'\n"
        f"[metrics]\nlisten = 'unix:{folder}/metrics.sock'\ntextfile = '{folder}/autod.prom'\nevery = 2\n"
        f"[page]\nlisten = 'unix:{folder}/page.sock'\n"
        "[hooks]\nrun = 'child'\nwaiting = 20\n"
        "[[hook]]\nname = 'any'\ncommand = ['/bin/sh', '-c', 'cat >/dev/null']\nafter = 1\n"
        "[[hook]]\nname = 'stuck'\ncommand = ['/bin/sleep', '500']\nafter = 5\ndeadline = 2\n"
        "connections = ['c1', 'c2']\n"
    )


def test_memory_descriptors_and_disk_stay_flat_under_faults() -> None:
    with gateways() as (west, east):
        east.load(*[connection(f"c{n}", leftid=f"@w{n}", rightid=f"@e{n}") for n in range(COUNT)])
        west.conf.write_text("config setup\n")
        silent_peer(west.namespace, NOBODY)
        with supervising(west, settings(west.folder), answer=2) as autod:
            pid = autod.process.pid
            faults = Faults(west, autod)
            # At rest there is nothing to keep, and every part that opens something has done so once.
            autod.call("Summary", since=0)
            autod.call("History", since=0)
            rest = descriptors(pid)
            write(west, 2)
            autod.process.send_signal(signal.SIGHUP)
            most = 0

            def do(fault: Callable[[], None]) -> None:
                nonlocal most
                fault()
                time.sleep(faults.chance.uniform(0.2, 2))
                most = max(most, autod.call("Statistics")["in_flight"])

            begin = time.monotonic()
            # Each once, so that all is loaded that is ever needed, before memory is compared.
            for fault in faults.all():
                do(fault)
            while time.monotonic() - begin < SECONDS / 3:
                do(faults.chance.choice(faults.all()))
            early, early_disk = memory(pid), disk(west.folder)
            begin = time.monotonic()
            while time.monotonic() - begin < SECONDS * 2 / 3:
                do(faults.chance.choice(faults.all()))
            late, late_disk, figures = memory(pid), disk(west.folder), autod.call("Statistics")
            print(
                f"memory {early} -> {late} kB, disk {early_disk} -> {late_disk} kB, {rest} descriptors at rest, "
                f"{descriptors(pid)} with {figures['in_flight']} tries and {len(faults.deaf)} clients, {figures}"
            )
            assert most <= LIMIT
            assert late < early * 1.1
            # Two hundred bytes a change, what SQLite keeps beside the file (4 MB), and nothing else that grows.
            assert late_disk < early_disk + 5000 + figures["sequence"] // 5
            # Without clients, without tries and with nothing to keep it holds what it held at rest, in the end.
            for sock in faults.deaf:
                sock.close()
            west.kill()
            wait_until(
                lambda: descriptors(pid) <= rest and autod.call("Statistics")["subscribers"] == 0,
                timeout=120,
                what="the end of what tries, hooks and clients held",
            )
            assert autod.end() == 0
