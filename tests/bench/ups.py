"""Row 2: ups with a network between, and row 3: tunnels in the lab, against fixed limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from typing import Any

from tests.bench.paired import FIXED, Paired, turns
from tests.bench.table import Table
from tests.bench.tools import ratio, run_bulk
from tests.real.plutos import connection, delayed_gateways

__all__ = ["lab", "ups"]

FAST = {"leftupdown": "/bin/true", "rightupdown": "/bin/true"}


def ups(quick: bool) -> Table:
    """300 IKE SAs over a wire with 25 ms each way."""
    count = 60 if quick else 300
    rounds = 1 if quick else 9
    table = Table(
        "ups",
        "Ups with 50 ms to the peer and back",
        f"{count} connections, each with an IKE SA of its own, between two plutos 4.10 on one machine and a wire "
        "that takes 25 ms each way. Where the kernel has no ESP the negotiation ends with the IKE SA; each run "
        f"has fresh plutos. Medians of {rounds}, in turns; one at a time is run once.",
        ("in flight", "seconds", "ms each", "retransmissions", "IKE SAs"),
    )
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

    def once(limit: int | None) -> dict[str, Any]:
        with delayed_gateways() as (west, east, wire):
            west.load(*sections)
            east.load(*sections)
            wire.delay = 0.025
            options = [] if limit is None else ["--limit", str(limit)]
            return run_bulk(west.socket, "up", count, "c", *options)

    runs: dict[int | None, list[dict[str, Any]]] = {limit: [] for limit in (*FIXED, None)}
    for limits in turns(rounds):
        for limit in limits:
            runs[limit].append(once(limit))
    paired, one = Paired(runs), once(1)
    table.add("1 (one at a time)", *_ups_cells(one["seconds"], count), one["retransmissions"], one["ike"])
    for limit, found in runs.items():
        highest = max(each["highest"] for each in found)
        table.add(
            f"found by autod (up to {highest})" if limit is None else limit,
            *_ups_cells(paired.middle(limit), count),
            f"{paired.middle(limit, 'retransmissions'):.0f}",
            min(each["ike"] for each in found),
        )
    ours = paired.middle(None)
    share = max(each["retransmissions"] for each in runs[None]) / count
    table.must("at most 1.1 times the best fixed limit", f"{paired.ratio:.2f}", paired.ratio <= 1.1)
    table.must("20 times faster than one at a time", ratio(one["seconds"], ours), one["seconds"] >= 20 * ours)
    table.must("fewer than 10 % retransmissions, in any round", f"{share:.1%}", share < 0.1)
    return table


def _ups_cells(seconds: float, count: int) -> tuple[str, str]:
    return f"{seconds:.2f}", f"{seconds / count * 1000:.1f}"


def lab(quick: bool) -> Table:
    """200 tunnels in the lab, booted for it where this kernel has no ESP."""
    from tests.lab import roots, uml

    count = 30 if quick else 200
    rounds = 1 if quick else 16
    argv = [sys.executable, "-m", "tests.bench.ups", str(count), str(rounds)]
    if roots.has_esp():
        text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    else:
        roots.build()
        with uml.booted(["sh", "-c", '"$@" >"$LAB_JOB/found"', "sh", *argv], timeout=7200) as boot:
            if boot.wait() != 0:
                raise RuntimeError(boot.console[-3000:])
            text = (boot.folder / "found").read_text()
    table = Table(
        "lab",
        "Tunnels in the lab",
        f"{count} ups with ESP between two plutos in User-mode Linux: one slow processor for all, and a tunnel takes "
        "most of its time there for starting updown (/bin/true) on both ends; so orders matter and not seconds. "
        f"Medians of {rounds}, in turns.",
        ("pluto", "IKE SAs", "in flight", "seconds", "up", "retransmissions"),
    )
    cells: dict[tuple[str, str], dict[int | None, list[dict[str, Any]]]] = {}
    for line in text.splitlines():
        found = json.loads(line)
        runs = cells.setdefault((found["release"], found["set"]), {limit: [] for limit in (*FIXED, None)})
        runs[found["limit"]].append(found)
    for (release, which), runs in cells.items():
        paired = Paired(runs)
        for limit, each in runs.items():
            ends = sorted({found["limits"] for found in each})
            table.add(
                release,
                which,
                f"found by autod ({ends[0]} to {ends[-1]} at the end)" if limit is None else limit,
                f"{paired.middle(limit):.1f}",
                min(found["done"] for found in each),
                f"{paired.middle(limit, 'retransmissions'):.0f}",
            )
        what = f"{release}, {which}: at most 1.1 times the best fixed limit"
        table.must(what, f"{paired.ratio:.2f}", paired.ratio <= 1.1)
    return table


def _inside(count: int, rounds: int) -> None:
    from tests.lab.gateways import tunnels

    for limits in turns(rounds):
        for release, shared, limit in product(("5.2", "4.10"), (False, True), limits):
            with tunnels(release) as made:
                made.load(count, shared=shared, **FAST)
                options = [] if limit is None else ["--limit", str(limit)]
                found = run_bulk(made.west.socket, "up", count, "c", "--timeout", "300", *options)
            found |= {"release": release, "set": "one" if shared else "distinct", "limit": limit}
            print(json.dumps(found), flush=True)
            print(release, shared, limit, found["seconds"], found["done"], file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    _inside(int(sys.argv[1]), int(sys.argv[2]))
