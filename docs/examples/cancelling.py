"""Cancel scopes, nurseries and Ctrl-C: what ends, what goes on in pluto, and how to end that too.

python cancelling.py /run/pluto/pluto.ctl branch-1 branch-2
"""

from __future__ import annotations

import sys

import trio

import autod


async def first_of(pluto: autod.Pluto, names: list[str]) -> str | None:
    """The first connection that comes up; the others are given up, and taken down."""
    winners: list[str] = []
    async with trio.open_nursery() as nursery:

        async def attempt(name: str) -> None:
            if (await pluto.up(name, timeout=30)).ok:
                winners.append(name)
                nursery.cancel_scope.cancel()

        for name in names:
            nursery.start_soon(attempt, name)
    # pluto goes on with what was given up, until it is told not to.
    for name in names:
        if name not in winners[:1]:
            await pluto.down(name)
    return winners[0] if winners else None


async def main(socket: str, names: list[str]) -> int:
    winner, interrupted = None, False
    async with autod.open_pluto(socket) as pluto:
        try:
            with trio.move_on_after(60):
                winner = await first_of(pluto, names)
        except* KeyboardInterrupt:  # a nursery raises groups
            interrupted = True
        if interrupted:
            # Give pluto two seconds to take down what was under way; a second Ctrl-C ends that too.
            with trio.move_on_after(2):
                for name in names:
                    await pluto.down(name)
            return 130
    print(winner or "none came up")
    return 0 if winner else 1


if __name__ == "__main__":
    sys.exit(trio.run(main, sys.argv[1], sys.argv[2:]))
