"""Row 9: 10,000 tunnels on one pluto in the lab, kept up and watched by a supervisor."""

from __future__ import annotations

import json
import sys

from tests.bench.table import Table
from tests.lab import roots, uml
from tests.lab.scale import LINE, MAPS, enough_maps

__all__ = ["scale"]


def scale(quick: bool) -> Table:
    """What every step costs the supervisor and both plutos, with as many tunnels as the lab takes."""
    count = 300 if quick else 10_000
    if not enough_maps(count):
        raise RuntimeError(f"so many tunnels in the lab need `sysctl vm.max_map_count={MAPS}` first")
    roots.build()
    with uml.booted(
        [sys.executable, "-m", "tests.lab.scale", str(count), "120"], timeout=7200, memory="8G"
    ) as boot:
        if boot.wait() != 0:
            raise RuntimeError(boot.console[-3000:])
        lines = [line for line in boot.console.splitlines() if line.startswith(LINE)]
    table = Table(
        "scale",
        f"{count:,} tunnels on one pluto",
        f"{count:,} connections with ESP, each with an IKE SA of its own, between two plutos 4.10 in User-mode Linux: "
        "one slow processor for both, the supervisor and the kernel. The supervisor keeps all of them up, with "
        "metrics and history.",
        ("step", "seconds", "supervisor, processor s", "pluto, processor s", "far pluto, processor s"),
    )
    steps = [json.loads(line.removeprefix(LINE)) for line in lines]
    for step in steps:
        used = step["processor"]
        cells = (f"{used[name]:.2f}" if name in used else "" for name in ("supervisor", "west", "east"))
        table.add(step["what"], f"{step['seconds']:.1f}", *cells)
    most = {name: max(step["memory"].get(name, 0) for step in steps) for name in ("supervisor", "west")}
    table.add("memory at its highest", "", f"{most['supervisor']} MB", f"{most['west']} MB", "")
    return table
