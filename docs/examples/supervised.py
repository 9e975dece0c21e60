"""Ask the supervisor that runs: what is down and why; have it tried now, and follow until it is up or has failed.

python supervised.py /run/autod/autod.sock
"""

from __future__ import annotations

import sys

import trio

import autod
from autod.supervised import GetStatistics, List, Supervised, SupervisedConnection, Up


async def main(socket: str) -> int:
    supervised = Supervised(socket)
    figures = await supervised.call(GetStatistics())
    print(f"{figures.up} of {figures.expected} are up")
    down = [one for one in await supervised.call(List()) if one.wanted == "up" and one.state != "up"]
    if not down:
        return 0
    for connection in down:
        print(f"{connection.name}: {connection.detail or connection.state}")
    last: tuple[SupervisedConnection, ...] = ()
    async with supervised.stream(Up([one.name for one in down], timeout=60)) as progress:
        async for step in progress:
            if step.event is not None:
                print(step.event.kind, step.event.connection, step.event.after or step.event.cause or "")
            last = step.connections or last
    for connection in last:
        print(f"{connection.name} is {connection.state} now")
    return 0 if all(one.state == "up" for one in last) else 1


if __name__ == "__main__":
    try:
        sys.exit(trio.run(main, sys.argv[1]))
    except autod.WhackError as error:
        sys.exit(str(error))
