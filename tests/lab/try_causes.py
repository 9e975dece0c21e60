"""Try each cause of a failure between two gateways with ESP, and say what autod makes of it: a command of its own.

    python -m tests.lab.try_causes [--supervised] [RELEASE ...]      # all of the lab, about two minutes each
    python -m tests.lab.try_causes /opt/x/5.4 4.3:/opt/x/5.4         # releases that were installed there; west:east
    python -m tests.lab.try_causes --here 4.10                       # on this machine's own kernel, with or without ESP

All connections of tests/lab/causes.py are tried at once by --up; with --supervised also by a supervisor, whose record
explain shows. Where this machine's kernel has no ESP it boots the one that has. Ends with 1 if a cause is another one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autod.causes import ADVICE, Cause
from tests.lab import roots, uml
from tests.lab.causes import failing
from tests.lab.gateways import RELEASES, Lab, tunnels
from tests.lab.more_causes import more
from tests.real.certificates import wait_past
from tests.real.test_supervisor import ROOT, supervising

if TYPE_CHECKING:
    from tests.lab.causes import Case
    from tests.real.plutos import Pluto

_TIMEOUT = 3000
NEED_ESP = ("mode", "kernel", "pool2", "redirect")
"""Cases in which the peer must be able to install a Child SA first."""
_SUPERVISED = 200


def autod(pluto: Pluto, *arguments: str) -> str:
    """What the command line prints."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "autod", *arguments),
            *("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def objects(text: str, event: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind that were printed, by connection."""
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["connection"]: row for row in rows if row["event"] == event}


def wrong(found: dict[str, dict[str, Any]], cases: dict[str, Case]) -> list[str]:
    """Those whose cause is another one, or that have none."""
    return [
        f"{name}: {one.get('cause')} by {one.get('found_by')}: {one['sentence']}"
        for name, one in found.items()
        if name in cases and (one.get("cause") or "up") not in cases[name].causes
    ]


def set_up(lab: Lab) -> list[str]:
    """Bring up what others meet: the one with the networks of `kernel`, and the one that has the only address."""
    ready = objects(autod(lab.west, "--up", "first", "pool1", "--json", "--timeout", "60s"), "outcome")
    return [f"{name} is not up: {one['sentence']}" for name, one in ready.items() if not one["ok"]]


def tried(lab: Lab, cases: dict[str, Case], until: float) -> list[str]:
    """What is wrong after all were tried at once, but for two."""
    # One certificate has yet to end; and pluto does not end the try of a secret that differs in aggressive mode.
    last = {"pska": "8s", "ended": "60s"}
    told = autod(
        lab.west, "--up", *(name for name in cases if name not in last), "--json", "--timeout", "60s"
    )
    for name in last.keys() & cases.keys():
        if name == "ended":
            wait_past(until)
        told += autod(lab.west, "--up", name, "--json", "--timeout", last[name])
    found = objects(told, "outcome")
    for name, one in found.items():
        print(f"  {name:9} {one['cause']}: {one['sentence'][:140]}")
    for pluto in (lab.west, lab.east):
        if not pluto.alive():
            print("  a pluto has ended:", *pluto.text().splitlines()[-3:], sep="\n    ")
    names = {one.partition(":")[0] for one in wrong(found, cases)}
    rows = [json.loads(line) for line in told.splitlines()]
    for row in rows:
        if row.get("connection") in names and row.get("text"):
            print(f"    {row['event']}: {row['text'][:200]}")
    unknown = {f"nobody knows: {row['text']}" for row in rows if row["event"] == "log"}
    return wrong(found, cases) + sorted(set(cases) - set(found)) + sorted(unknown)


def supervised(lab: Lab, cases: dict[str, Case]) -> list[str]:
    """What is wrong when a supervisor has tried all, and explain has it from its record.

    Some come up when they are tried again, as pluto asks for less on an IKE SA that is up (4.10: a Child SA without
    its mode, and without an address): then it counts what the supervisor said of the first try.
    """
    # From 5.0 on an IKE SA may stay up without its Child SA, and a try on it says less.
    lab.west.shut_down()
    lab.west.start()
    lab.west.addconn("first", "pool1")
    ready = set_up(lab) if roots.has_esp() else []
    keep = f"[[group]]\nname = 'all'\nconnections = {json.dumps(list(cases))}\nkeep = 'up'\n"
    with supervising(lab.west, keep) as supervisor:
        asked = (*cases, "--json", "--api", supervisor.path)
        deadline = time.monotonic() + _SUPERVISED
        told: dict[str, dict[str, Any]] = {}
        while True:
            found = objects(autod(lab.west, "explain", *asked), "explanation")
            told |= {name: one for name, one in found.items() if not wrong({name: one}, cases)}
            log = (lab.west.folder / "autod.log").read_text()
            left = [name for name in cases if name not in told and not _logged(name, cases[name], log)]
            if not left or time.monotonic() > deadline:
                break
            time.sleep(2)
        print(autod(lab.west, "explain", *cases, "--api", supervisor.path))
        for name in cases.keys() - told.keys() - set(left):
            print(f"  {name} came up in the end, as the supervisor's log said why it was not")
        return (
            ready
            + wrong({name: found[name] for name in left}, cases)
            + [
                f"{name} is mended {one['where']}"
                for name, one in told.items()
                if one["where"] not in cases[name].where
            ]
            + [f"{name} has nothing to look at" for name, one in told.items() if not one["look"]]
        )


def _logged(name: str, case: Case, log: str) -> bool:
    """Whether the supervisor's log has one of the causes as the detail of a state of this connection."""
    lines = [line for line in log.splitlines() if f"connection={name} detail=" in line]
    return any(ADVICE[Cause(cause)].what in line for cause in case.causes for line in lines)


def run(release: str, *, supervise: bool, further: bool) -> list[str]:
    """What is wrong on one release, or between the two of WEST:EAST."""
    near, _, far = release.partition(":")
    esp = roots.has_esp()
    with (
        tunnels(near, far or near) as lab,
        tempfile.TemporaryDirectory() as folder,
        failing(lab, Path(folder), more if further else None) as (found, until),
    ):
        cases = {name: case for name, case in found.items() if name not in NEED_ESP or esp}
        print(f"{release}: {len(cases)} causes")
        ready = set_up(lab) if esp else []
        return ready + tried(lab, cases, until) + (supervised(lab, cases) if supervise else [])


def main() -> int:
    """As the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.try_causes", description=__doc__)
    parser.add_argument("releases", nargs="*", metavar="RELEASE", default=RELEASES)
    parser.add_argument("--supervised", action="store_true")
    parser.add_argument("--more", action="store_true", help="those of tests/lab/more_causes.py too")
    parser.add_argument("--here", action="store_true", help="boot no other kernel")
    options = parser.parse_args()
    if not options.here and "LAB_INSIDE" not in os.environ and not roots.has_esp():
        roots.build()
        job = [sys.executable, "-m", "tests.lab.try_causes", *sys.argv[1:]]
        with uml.booted(job, timeout=_TIMEOUT, echo=True) as boot:
            return boot.wait() or 0
    failed = {
        release: run(release, supervise=options.supervised, further=options.more)
        for release in options.releases
    }
    for release, found in failed.items():
        print(f"{release}: {'as expected' if not found else 'wrong:'}")
        for one in found:
            print(f"  {one}")
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
