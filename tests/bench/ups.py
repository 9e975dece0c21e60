"""Row 2: ups with a network between, and row 3: tunnels in the lab, against fixed limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from typing import Any

from tests.bench.table import Table
from tests.bench.tools import ratio, run_bulk
from tests.real.plutos import connection, delayed_gateways

__all__ = ["lab", "ups"]

FIXED = (16, 64, 256)
FAST = {"leftupdown": "/bin/true", "rightupdown": "/bin/true"}


def ups(quick: bool) -> Table:
    """300 IKE SAs over a wire with 25 ms each way."""
    count = 60 if quick else 300
    table = Table(
        "ups",
        "Ups with 50 ms to the peer and back",
        f"{count} connections, each with an IKE SA of its own, between two plutos 4.10 on one machine and a wire "
        "that takes 25 ms each way. Where the kernel has no ESP the negotiation ends with the IKE SA; each row "
        "has fresh plutos; the better of two runs counts, for every row but the first.",
        ("in flight", "seconds", "ms each", "retransmissions", "IKE SAs"),
    )
    seconds: dict[object, float] = {}
    share = 0.0
    sections = [
        connection(
            f"c{number}",
            leftid=f"@w{number}",
            rightid=f"@e{number}",
            leftsubnet=f"10.1.{number // 250}.{number % 250}/32",
            rightsubnet=f"10.2.{number // 250}.{number % 250}/32",
            **FAST,
        )
        for number in range(count)
    ]
    for limit in (1, *FIXED, None):
        found: dict[str, Any] = {}
        for _ in range(1 if limit == 1 else 2):
            with delayed_gateways() as (west, east, wire):
                west.load(*sections)
                east.load(*sections)
                wire.delay = 0.025
                options = [] if limit is None else ["--limit", str(limit)]
                again = run_bulk(west.socket, "up", count, "c", *options)
                if not found or again["seconds"] < found["seconds"]:
                    found = again
        seconds[limit] = found["seconds"]
        name = f"found by autod (up to {found['highest']})" if limit is None else str(limit)
        name = "1 (one at a time)" if limit == 1 else name
        share = found["retransmissions"] / count
        each = found["seconds"] / count * 1000
        table.add(name, f"{found['seconds']:.2f}", f"{each:.1f}", found["retransmissions"], found["ike"])
    best = min(seconds[limit] for limit in FIXED)
    ours = seconds[None]
    table.must("at most 1.1 times the best fixed limit", ratio(ours, best), ours <= 1.1 * best)
    table.must("20 times faster than one at a time", ratio(seconds[1], ours), seconds[1] >= 20 * ours)
    table.must("fewer than 10 % retransmissions", f"{share:.1%}", share < 0.1)
    return table


def lab(quick: bool) -> Table:
    """200 tunnels in the lab, booted for it where this kernel has no ESP."""
    from tests.lab import roots, uml

    count = 30 if quick else 200
    argv = [sys.executable, "-m", "tests.bench.ups", str(count)]
    if roots.has_esp():
        text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    else:
        roots.build()
        with uml.booted(["sh", "-c", '"$@" >"$LAB_JOB/found"', "sh", *argv], timeout=3600) as boot:
            if boot.wait() != 0:
                raise RuntimeError(boot.console[-3000:])
            text = (boot.folder / "found").read_text()
    table = Table(
        "lab",
        "Tunnels in the lab",
        f"{count} ups with ESP between two plutos in User-mode Linux: one slow processor for all, some 100 ms of it "
        "for a tunnel, so orders matter and not seconds. updown is /bin/true; the better of two runs counts.",
        ("pluto", "IKE SAs", "in flight", "seconds", "up", "retransmissions"),
    )
    better: dict[tuple[str, str, object], dict[str, Any]] = {}
    for line in text.splitlines():
        found = json.loads(line)
        key = found["release"], found["set"], found["limit"]
        if key not in better or found["seconds"] < better[key]["seconds"]:
            better[key] = found
    seconds: dict[tuple[str, str], dict[object, float]] = {}
    for (release, which, limit), found in better.items():
        seconds.setdefault((release, which), {})[limit] = found["seconds"]
        name = f"found by autod ({found['limits']} at the end)" if limit is None else limit
        table.add(release, which, name, f"{found['seconds']:.1f}", found["done"], found["retransmissions"])
    for (release, which), by in seconds.items():
        best = min(value for limit, value in by.items() if limit is not None)
        table.must(
            f"{release}, {which}: at most 1.1 times the best fixed limit",
            ratio(by[None], best),
            by[None] <= 1.1 * best,
        )
    return table


def _inside(count: int) -> None:
    """Each twice, in turns, so that what else the machine does hits all alike."""
    from tests.lab.gateways import tunnels

    for _ in range(2):
        for release, shared, limit in product(("5.2", "4.10"), (False, True), (*FIXED, None)):
            with tunnels(release) as made:
                made.load(count, shared=shared, **FAST)
                options = [] if limit is None else ["--limit", str(limit)]
                found = run_bulk(made.west.socket, "up", count, "c", "--timeout", "300", *options)
            found |= {"release": release, "set": "one" if shared else "distinct", "limit": limit}
            print(json.dumps(found), flush=True)
            print(release, shared, limit, found["seconds"], found["done"], file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    _inside(int(sys.argv[1]))
