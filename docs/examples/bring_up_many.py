"""Bring many connections up with a line of progress, and write a report as JSON.

python bring_up_many.py /run/pluto/pluto.ctl names.txt report.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import trio

import autod
from autod.bulk import Summary, bulk
from autod.bulk.events import Ended
from autod.events import to_json


async def main(socket: str, names: list[str], report: Path) -> int:
    done = 0
    async with (
        autod.open_pluto(socket) as pluto,
        bulk(pluto, names, "up", timeout=90, retries=1, deadline=600) as run,
    ):
        async for event in run:
            if isinstance(event, Ended):
                done += 1
                print(f"\r{done} of {len(names)}", end="", file=sys.stderr)
            elif isinstance(event, Summary):
                print(file=sys.stderr)
    for cause, failed in run.result.summary.failed.items():
        print(f"{cause}: {', '.join(failed)}")
    await trio.Path(report).write_bytes(to_json(run.result))
    return run.result.exit_status


if __name__ == "__main__":
    try:
        sys.exit(trio.run(main, sys.argv[1], Path(sys.argv[2]).read_text().split(), Path(sys.argv[3])))
    except autod.WhackError as error:
        sys.exit(str(error))
