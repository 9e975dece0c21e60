"""One bulk run in a process of its own, measured from inside; prints a line of JSON.

    python -m tests.bench.run SOCKET OPERATION COUNT PREFIX [--limit N] [--timeout S] [--no-if-down]

The seconds are those of the run, without the start of the program; CPU and memory are those of the process.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import trio

from autod.bulk import bulk
from autod.bulk.events import Said
from autod.client import open_pluto
from autod.events import IkeEstablished


async def main(options: argparse.Namespace) -> dict[str, object]:
    names = [f"{options.prefix}{number}" for number in range(options.count)]
    ike: set[str] = set()
    async with open_pluto(options.socket) as pluto:
        processor = time.process_time()
        begun = time.perf_counter()
        async with bulk(
            pluto,
            names,
            options.operation,
            limit=options.limit,
            timeout=options.timeout,
            if_down=options.if_down,
        ) as run:
            async for event in run:
                if isinstance(event, Said) and isinstance(event.said, IkeEstablished):
                    ike.add(event.connection or "")
        seconds = time.perf_counter() - begun
        processor = time.process_time() - processor
    summary = run.result.summary
    return {
        "seconds": seconds,
        "processor": processor,
        "memory": _peak(),
        "done": summary.done,
        "ike": len(ike),
        "failed": {cause: len(found) for cause, found in summary.failed.items()},
        "retransmissions": summary.retransmissions,
        "limits": summary.limits[-1][1] if summary.limits else None,
        "highest": max((limit for _, limit in summary.limits), default=None),
        "median": summary.median,
        "p95": summary.p95,
    }


def _peak() -> int:
    """Bytes, of this program alone: ru_maxrss has what its parent was when it was forked."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("operation")
    parser.add_argument("count", type=int)
    parser.add_argument("prefix")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--if-down", action=argparse.BooleanOptionalAction, default=True)
    print(json.dumps(trio.run(main, parser.parse_args())))
