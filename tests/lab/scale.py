"""Very many tunnels on one pluto: loaded, kept up by a supervisor and watched, with ESP; both ends in one machine.

    python -m tests.lab.scale 10000 120             # so many tunnels, each with an IKE SA; watched for so many seconds

It boots the lab with 8 GB and goes on there: one emulated processor for both plutos, the supervisor and the kernel, so
it shows what breaks and what each part of a second goes to; a real gateway is quicker. Prints a line for each step, and
PASSED at the end. No part of CI: a quarter of an hour (`./dev bench scale`). A third argument is the release, or where
it is installed.

The emulated kernel maps each page of its processes by itself. With 7,000 tunnels that is more than Linux lets one
process map by default, and a pluto hangs: `sysctl vm.max_map_count=1000000` on the host is needed from there on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import uml
from tests.lab.gateways import Lab, tunnel, tunnels
from tests.lab.small_gateway import ROOT, Failed, autod, high, supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 7200.0
MAPS = 1_000_000
LINE = "MEASURED "
"""A line of figures for programs begins with it."""

TICKS = os.sysconf("SC_CLK_TCK")


def processor(pid: int) -> float:
    """Seconds of processor time so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


@contextmanager
def measured(what: str, **pids: int) -> Iterator[None]:
    """Print how long the block took, and what each of these processes took of it."""
    before = {name: processor(pid) for name, pid in pids.items()}
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    used = {name: processor(pid) - before[name] for name, pid in pids.items()}
    memory = {name: high(pid) for name, pid in pids.items()}
    print(LINE + json.dumps({"what": what, "seconds": took, "processor": used, "memory": memory}), flush=True)


def enough_maps(count: int) -> bool:
    """Whether this machine lets the lab have so many tunnels."""
    return count < 7000 or int(Path("/proc/sys/vm/max_map_count").read_text()) >= MAPS


def counted(lab: Lab) -> int:
    """ESP states of west's kernel, two for a tunnel: its count, as the list would take seconds."""
    return int(lab.west.namespace.ip("xfrm", "state", "count").split()[-1])


def load(lab: Lab, count: int) -> list[str]:
    """Write and load as many connections on both ends, without addresses of their own: no traffic is wanted."""
    names = [f"c{number}" for number in range(count)]
    sections = [
        tunnel(name, number, leftupdown="%disabled", rightupdown="%disabled", ike="aes_gcm256-sha2_256-dh31")
        for number, name in enumerate(names)
    ]
    for side, pluto in (("west", lab.west), ("east", lab.east)):
        pluto.conf.write_text("config setup\n\n" + "\n".join(sections))
        with measured(f"{count} loaded on {side}", **{side: pluto.pid}):
            where = ["--ctlsocket", str(pluto.socket), "--config", str(pluto.conf)]
            argv = [sys.executable, "-m", "autod", "--quiet", "--add", *where, *names]
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failed(f"not loaded on {side}: {(done.stdout + done.stderr)[-2000:]}")
    return names


def main() -> None:
    count, watched = int(sys.argv[1]), float(sys.argv[2])
    with tunnels(sys.argv[3] if len(sys.argv) > 3 else "4.10") as lab:
        names = load(lab, count)
        west, east = lab.west.pid, lab.east.pid
        with supervised(lab, names) as process:
            pids = {"supervisor": process.pid, "west": west, "east": east}
            with measured(f"{count} up", **pids):
                _until_up(lab, process, count)
            with measured("30 s after it", **pids):
                time.sleep(30)
            with measured(f"watched for {watched:.0f} s", **pids):
                time.sleep(watched)
            for words in (
                ("--service", "--status", "--json"),
                ("--status", "--json"),
                ("--trafficstatus",),
                ("--diff",),
                ("--up", "--all"),
            ):
                with measured("autod " + " ".join(words[:3]), **pids):
                    done = autod(lab, *words)
                print(f"  status {done.returncode}, {len(done.stdout)} characters", flush=True)
            with measured("whack --status", **pids):
                lab.west.whack("--status", timeout=600)
            if counted(lab) < 2 * count:
                raise Failed(f"{counted(lab)} states are left")
        with measured("all down", west=west, east=east):
            done = autod(lab, "--quiet", "--down", *names)
        print(f"  status {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}")
    print(f"PASSED {count} tunnels", flush=True)


def _until_up(lab: Lab, process: subprocess.Popen[bytes], count: int) -> None:
    """Return when all are up. Failed, with what each side wrote last, if none came up for three minutes."""
    best, moved = 0, time.monotonic()
    said = begun = time.monotonic()
    while (states := counted(lab)) < 2 * count:
        now = time.monotonic()
        if states > best:
            best, moved = states, now
        if process.poll() is not None or not lab.west.alive() or now - moved > 180:
            print(f"supervisor {process.poll()}, west {lab.west.alive()}, east {lab.east.alive()}")
            for file in (lab.west.folder / "autod.log", lab.west.log, lab.east.log):
                print(file.name, file.read_text(errors="replace")[-4000:])
            raise Failed(f"{states // 2} of {count} are up")
        if now - said > 60:
            said = now
            print(
                f"  {states // 2} after {said - begun:.0f} s; supervisor {processor(process.pid):.0f} s",
                flush=True,
            )
        time.sleep(5)


def boot() -> int:
    """Run it in a lab with 8 GB; 1 where it does not pass."""
    if not enough_maps(int(sys.argv[1])):
        raise SystemExit(f"with so many the lab needs `sysctl vm.max_map_count={MAPS}` first")
    job = [sys.executable, "-m", "tests.lab.scale", *sys.argv[1:]]
    with uml.booted(job, timeout=3 * PATIENCE, memory="8G", echo=True) as booted:
        booted.wait()
    return 0 if "PASSED" in booted.console else 1


if __name__ == "__main__":
    sys.exit(main() if "LAB_INSIDE" in os.environ else boot())
