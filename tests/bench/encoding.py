"""Row 7: what it costs to encode a request and a connection, family by family, against construct each time."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.decode import decode
from autod.protocol.encode import Packer, encode
from tests.bench.table import Table
from tests.helpers.goldens import built, captures

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encoding"]

ROUNDS = 7


def encoding(quick: bool) -> Table:
    """An initiate, and a connection, after the first, each with another name."""
    count = 500 if quick else 5000
    table = Table(
        "encoding",
        "Encoding",
        f"Processor time for an initiate of a new name, and for a recorded connection under a new name, in "
        f"microseconds: the median of {ROUNDS} times {count}. The competitor builds the head of each message with "
        "construct anew.",
        ("family", "initiate", "connection", "construct each time"),
    )
    slowest = 0.0
    for family in releases.FAMILIES:
        release = releases.find(family.releases[0], seccomp=False, labeled=False)
        encode(c.Initiate("first"), release)
        ours = _each(lambda name, release=release: encode(c.Initiate(name), release), count)
        theirs = _each(lambda name, family=family: family.layout.build({}), max(count // 50, 1))
        adds = _each(_adder(family.releases[0]), count)
        slowest = max(slowest, ours, adds)
        table.add(f"{family.releases[0]} on", f"{ours:.1f}", f"{adds:.1f}", f"{theirs:.0f}")
    table.must("below 20 microseconds after the first, in every family", f"{slowest:.1f}", slowest < 20)
    return table


def _adder(text: str) -> Callable[[str], object]:
    """Packs the last connection that a program of this release was recorded with, under another name."""
    release = built(text)
    recorded = [one.message for one in captures(text) if one.command in ("add-psk", "addconn-baz")][-1]
    decoded = decode(recorded, release)
    members, packer = decoded.everything(), Packer(release)
    packer.pack(members, decoded.settings)
    return lambda name: packer.pack({**members, "name": name}, decoded.settings)


def _each(run: Callable[[str], object], count: int) -> float:
    names = [f"branch-{number}" for number in range(count)]
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for name in names:
            run(name)
        times.append((time.process_time() - begun) / count * 1e6)
    return statistics.median(times)
