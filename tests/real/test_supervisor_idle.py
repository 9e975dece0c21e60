"""What an idle supervisor costs with 1,000 connections up: the process as it is, a pluto that only says so.

This kernel may have no ESP, so a script stands for pluto and tells of 1,000 tunnels in the words of 5.2.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autod.service.client import Client
from tests.real.plutos import connection, wait_until

ROOT = Path(__file__).resolve().parents[2]
COUNT = 1000
SECONDS = float(os.environ.get("AUTOD_IDLE_SECONDS", "40"))

pytestmark = pytest.mark.timeout(300)


def answer(listener: socket.socket, over: threading.Event) -> None:
    """Answer everything with the traffic of all connections, as pluto does with a line a send()."""
    lines = [
        f"002 #{n + 2}: \"c{n}\", type=ESP, add_time=1700000000, inBytes={n}, outBytes=1, maxBytes=2^63B, id='@e{n}'\n"
        for n in range(COUNT)
    ]
    while not over.is_set():
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        with client:
            client.settimeout(60)
            client.recv(65536)
            for line in lines:
                client.sendall(line.encode())


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_thousand_tunnels_cost_next_to_nothing(tmp_path: Path) -> None:
    """Below 0.5 % of a processor, below 100 MB."""
    conf = tmp_path / "ipsec.conf"
    conf.write_text("config setup\n" + "\n".join(connection(f"c{n}", auto="start") for n in range(COUNT)))
    toml = tmp_path / "autod.toml"
    toml.write_text(
        f'[pluto]\nsocket = "{tmp_path}/pluto.ctl"\nrelease = "5.2"\n[api]\nsocket = "{tmp_path}/api"\n'
        f'[supervise]\nconfiguration = "{conf}"\nstate = ""\n'
    )
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "pluto.ctl"))
        listener.listen(5)
        listener.settimeout(0.5)
        pluto = threading.Thread(target=answer, args=[listener, over])
        pluto.start()
        process = subprocess.Popen(
            [sys.executable, "-m", "autod", "supervise", "--settings", str(toml)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: (tmp_path / "api").exists(), what="the API", timeout=90)

            def states() -> dict[str, int]:
                with Client(str(tmp_path / "api"), timeout=60) as client:
                    found: dict[str, int] = client.call("Statistics")["states"]
                    return found

            wait_until(lambda: states() == {"up": COUNT}, what="1,000 up", timeout=120)
            time.sleep(5)
            began, before = time.monotonic(), processor_seconds(process.pid)
            time.sleep(SECONDS)
            share = (processor_seconds(process.pid) - before) / (time.monotonic() - began)
            status = Path(f"/proc/{process.pid}/status").read_text()
            memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        finally:
            process.terminate()
            process.wait(60)
            over.set()
            pluto.join()
    print(f"idle with {COUNT} up: {share:.2%} of a processor, {memory:.0f} MB at the most")
    assert share < 0.005
    assert memory < 100
