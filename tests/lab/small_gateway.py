"""A gateway with little memory: every command, and the supervisor, with many connections; both ends in one machine.

    python -m tests.lab.small_gateway 300 20        # so many connections, so many of which are kept up

It boots the lab with 256 MB and goes on there. Prints a line for each command, and PASSED at the end. No part of CI.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import uml
from tests.lab.gateways import Lab, tunnels

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0

COMMANDS = """
--ready
--check
--diff
--sync --dry-run
--status
--status NAME
--status --json
--trafficstatus
--trafficstatus NAME
--briefstatus
--globalstatus
--showstates
--shuntstatus
--fipsstatus
--addresspoolstatus
--processstatus
--clearstats
--listall
--listpubkeys
--checkpubkeys
--listcerts
--listcacerts
--listcrls
--listevents
--listpsks
--listgroups
--rereadsecrets
--rereadcerts
--rereadall
--rereadgroups
--fetchcrls
--purgeocsp
--showonly --add NAME
--add NAME
--replace NAME
--up NAME
--wait NAME
--rekey-child NAME
--rekey-ike NAME
--down NAME
--up --asynchronous NAME
--down NAME
--route NAME
--unroute NAME
--ondemand NAME
--delete NAME
--start NAME
--add EVERY
--add --via-addconn EVERY
--up SOME
--down SOME
doctor
history
--service --status
--service --sync --dry-run
"""


class Failed(Exception):
    """What did not hold."""


def free() -> int:
    """Megabytes that are available."""
    (line,) = (one for one in Path("/proc/meminfo").read_text().splitlines() if one.startswith("MemAvail"))
    return int(line.split()[1]) // 1024


def high(pid: int) -> int:
    """Megabytes of a process at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(one for one in lines if one.startswith("VmHWM")).split()[1]) // 1024


@contextlib.contextmanager
def supervised(lab: Lab, kept: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    folder = lab.west.folder
    (folder / "autod.toml").write_text(
        f'[pluto]\nsocket = "{lab.west.socket}"\n[api]\nsocket = "{folder}/api.sock"\n'
        f'[history]\nfile = "{folder}/history.db"\n'
        f'[supervise]\nconfiguration = "{lab.west.conf}"\nstate = "{folder}/suspended.json"\n'
        f'[metrics]\ntextfile = "{folder}/autod.prom"\n'
        f"[[group]]\nname = 'kept'\nconnections = {json.dumps(kept)}\nkeep = 'up'\n"
    )
    command = [sys.executable, "-m", "autod", "supervise", "--settings", str(folder / "autod.toml")]
    with (folder / "autod.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    except BaseException:
        print((folder / "autod.log").read_text()[-3000:])
        raise
    finally:
        process.terminate()
        process.wait(60)


def autod(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    service = ("--api", str(lab.west.folder / "api.sock")) if "--service" in arguments else ()
    pluto = ("--ctlsocket", str(lab.west.socket), "--config", str(lab.west.conf))
    if "history" in arguments:
        pluto = ("--file", str(lab.west.folder / "history.db"))
    elif "--service" in arguments:
        pluto = ()
    return subprocess.run(
        [sys.executable, "-m", "autod", *arguments, *service, *pluto],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def main() -> None:
    count, kept = int(sys.argv[1]), int(sys.argv[2])
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    print(f"{total} MB of memory, {free()} available")
    with tunnels("4.10") as lab:
        names = lab.load(count, only="east", leftupdown="/bin/true", rightupdown="/bin/true")
        print(f"{free()} MB available beside two plutos", flush=True)
        with supervised(lab, names[1 : kept + 1]) as process:
            end = time.monotonic() + PATIENCE
            while lab.states() < 2 * kept:
                if process.poll() is not None or time.monotonic() > end:
                    raise Failed(
                        f"{lab.states()} states are there, and the supervisor's status is {process.poll()}"
                    )
                time.sleep(1)
            print(
                f"{kept} of {count} are up; supervisor {high(process.pid)} MB, {free()} available", flush=True
            )
            tried = [line for line in COMMANDS.splitlines() if line]
            for line in tried:
                some = {"NAME": names[:1], "EVERY": names, "SOME": names[kept + 1 : kept + 11]}
                words = [word for one in line.split() for word in some.get(one, [one])]
                done = autod(lab, *words)
                said = (done.stdout + done.stderr).strip()
                print(
                    f"{done.returncode:4} {line}: {len(said)} characters; {free()} MB available", flush=True
                )
                if done.returncode < 0 or "MemoryError" in said or "Traceback" in said:
                    raise Failed(f"{line} ended with {done.returncode}: {said[-2000:]}")
                if done.returncode in (2, 33, 124):
                    raise Failed(f"{line} was not done: {said[-2000:]}")
                if process.poll() is not None:
                    raise Failed(f"the supervisor ended after {line}")
            print(f"supervisor {high(process.pid)} MB at its highest")
        if lab.west.whack("--briefstatus").returncode:
            raise Failed("pluto does not answer")
    print(f"PASSED {len(tried)} commands", flush=True)


def boot() -> int:
    """Run it in a lab with 256 MB; 1 where it does not pass."""
    job = [sys.executable, "-m", "tests.lab.small_gateway", *sys.argv[1:]]
    with uml.booted(job, timeout=3000, memory="256M", echo=True) as booted:
        booted.wait()
    return 0 if "PASSED" in booted.console else 1


if __name__ == "__main__":
    sys.exit(main() if "LAB_INSIDE" in os.environ else boot())
