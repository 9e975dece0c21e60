"""The supervisor under faults in real time: a pluto that dies, stops and comes back, peers that say no or nothing,
clients that read nothing or talk nonsense. Memory and descriptors stay flat, the limit holds.

AUTOD_SOAK_SECONDS says how long (60; 1200 was tried).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from pathlib import Path

import pytest

from autod.errors import WhackError
from autod.service.client import Client
from tests.real.plutos import Pluto, connection, gateways, silent_peer, wait_until
from tests.real.test_supervisor import supervising

SECONDS = float(os.environ.get("AUTOD_SOAK_SECONDS", "60"))
COUNT, LIMIT = 60, 16
NOBODY = "192.1.2.77"

pytestmark = pytest.mark.timeout(SECONDS + 180)


def write(pluto: Pluto, hours: int) -> None:
    """All connections; a third has a peer that is silent, and one differs by `hours`."""
    sections = []
    for n in range(COUNT):
        options = {"right": NOBODY} if n % 3 == 0 else {}
        options |= {"ikelifetime": f"{hours}h"} if n == 1 else {}
        sections.append(connection(f"c{n}", leftid=f"@w{n}", rightid=f"@e{n}", auto="add", **options))
    pluto.conf.write_text("config setup\n" + "\n".join(sections))


def memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_memory_and_descriptors_stay_flat_under_faults() -> None:
    chance = random.Random(11)
    policy = "[policy]\nkeep = 'up'\nbackoff_max = 10\nrefuse_after = 1000\n"
    settings = f"limit = {LIMIT}\n{policy}[log]\nlevel = 'error'\n"
    with gateways() as (west, east):
        east.load(*[connection(f"c{n}", leftid=f"@w{n}", rightid=f"@e{n}") for n in range(COUNT)])
        write(west, 2)
        silent_peer(west.namespace, NOBODY)
        with supervising(west, settings) as autod:
            pid = autod.process.pid
            deaf: list[socket.socket] = []
            begin = time.monotonic()
            early = most = 0
            while time.monotonic() - begin < SECONDS:
                match chance.choice(
                    ["restart", "stop", "watch", "deaf", "noise", "reload", "order", "nothing"]
                ):
                    case "restart" if chance.random() < 0.5:
                        west.restart()
                    case "stop":
                        west.stop()
                        time.sleep(3)
                        west.cont()
                    case "watch":
                        with (
                            contextlib.suppress(WhackError, TimeoutError),
                            Client(autod.path, timeout=5) as client,
                        ):
                            stream = client.stream("Watch", since=0)
                            for _ in range(50):
                                next(stream)
                    case "deaf":
                        deaf.append(socket.socket(socket.AF_UNIX))
                        deaf[-1].connect(autod.path)
                        deaf[-1].sendall(b'{"method":"org.libreswan.autod.Watch","more":true}\0')
                        if len(deaf) > 5:
                            deaf.pop(0).close()
                    case "noise":
                        with socket.socket(socket.AF_UNIX) as client:
                            client.connect(autod.path)
                            client.sendall(chance.randbytes(500))
                    case "reload":
                        write(west, chance.choice([2, 3]))
                        autod.process.send_signal(signal.SIGHUP)
                    case "order":
                        name = f"c{chance.randrange(COUNT)}"
                        with contextlib.suppress(WhackError):
                            autod.call(chance.choice(["Suspend", "Resume", "Up", "Down"]), names=[name])
                    case _:
                        time.sleep(1)
                time.sleep(chance.uniform(0.2, 2))
                figures = autod.call("Statistics")
                most = max(most, figures["in_flight"])
                if not early and time.monotonic() - begin > SECONDS / 3:
                    early = memory(pid)
            late = memory(pid)
            for sock in deaf:
                sock.close()
            time.sleep(1)
            print(f"memory {early} -> {late} kB, {descriptors(pid)} descriptors, {most} in flight, {figures}")
            assert most <= LIMIT
            assert late < early * 1.1
            # Its own handful, one for each try in flight, one or two for clients that just left.
            wait_until(
                lambda: descriptors(pid) <= 14 + LIMIT, timeout=30, what="the end of what clients left"
            )
            assert autod.end() == 0
