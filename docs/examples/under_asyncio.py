"""Two connections at once under asyncio, each with its events; a third that is given up after a second.

python under_asyncio.py /run/pluto/pluto.ctl branch-1 branch-2 branch-3
"""

from __future__ import annotations

import asyncio
import sys

import autod.aio


async def show(pluto: autod.aio.Pluto, name: str) -> bool:
    async with pluto.up(name, timeout=60) as operation:
        async for event in operation:
            print(name, type(event).__name__)
    print(operation.outcome.sentence)
    return operation.outcome.ok


async def main(socket: str, first: str, second: str, third: str) -> None:
    async with autod.aio.open_pluto(socket) as pluto:
        async with asyncio.TaskGroup() as group:
            group.create_task(show(pluto, first))
            group.create_task(show(pluto, second))
        try:
            async with asyncio.timeout(1):
                await pluto.up(third)
        except TimeoutError:
            await pluto.down(third)
            print(f"{third} was given up")
        print("up:", ", ".join(sorted(await pluto.established())))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
