"""Bring connections up, stream what happens to structlog, and keep every event in a file, one line of JSON each.

python watch.py /run/pluto/pluto.ctl events.jsonl branch-1 branch-2
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import structlog
import trio

import autod
from autod.events import to_json

Write = Callable[[bytes], Awaitable[int]]


async def follow(pluto: autod.Pluto, name: str, write: Write) -> None:
    """One connection. A slow disk holds this task back and never pluto: events wait in the operation."""
    async with pluto.up(name, timeout=90) as operation:
        async for event in operation:
            await write(to_json(event) + b"\n")
    await write(to_json(operation.outcome) + b"\n")


async def main(socket: str, path: str, names: list[str]) -> None:
    log = structlog.get_logger("tunnels")
    async with (
        await trio.open_file(path, "wb") as file,
        autod.open_pluto(socket, log=log) as pluto,
        trio.open_nursery() as nursery,
    ):
        for name in names:
            nursery.start_soon(follow, pluto, name, file.write)


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], sys.argv[3:])
