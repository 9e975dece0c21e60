"""Row 7: what it costs to encode a request, family by family, against construct each time."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.encode import encode
from tests.bench.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encoding"]

ROUNDS = 7


def encoding(quick: bool) -> Table:
    """An initiate after the first, each with another name."""
    count = 500 if quick else 5000
    table = Table(
        "encoding",
        "Encoding",
        f"Processor time for an initiate of a new name, in microseconds: the median of {ROUNDS} times {count}. The "
        "competitor builds the head of each message with construct anew.",
        ("family", "autod", "construct each time"),
    )
    slowest = 0.0
    for family in releases.FAMILIES:
        release = releases.find(family.releases[0], seccomp=False, labeled=False)
        encode(c.Initiate("first"), release)
        ours = _each(lambda name, release=release: encode(c.Initiate(name), release), count)
        theirs = _each(lambda name, family=family: family.layout.build({}), max(count // 50, 1))
        slowest = max(slowest, ours)
        table.add(f"{family.releases[0]} on", f"{ours:.1f}", f"{theirs:.0f}")
    table.must("below 20 microseconds after the first, in every family", f"{slowest:.1f}", slowest < 20)
    return table


def _each(run: Callable[[str], object], count: int) -> float:
    names = [f"branch-{number}" for number in range(count)]
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for name in names:
            run(name)
        times.append((time.process_time() - begun) / count * 1e6)
    return statistics.median(times)
