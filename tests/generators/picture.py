"""Makes docs/run.svg, the picture in README.md: `python -m tests.generators.picture`. Needs root, and a minute.

A real run of two gateways with ESP: 150 connections are brought up, some of which the peer does not know. It is
what autod draws on a terminal of 90 times 24, at the moment when most are through.
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from pathlib import Path

import trio
from rich.console import Console

from autod import open_pluto
from autod.bulk import bulk
from autod.cli.live import Progress, draw
from tests.lab import roots, uml
from tests.lab.gateways import tunnels

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "run.svg"
COUNT = 150
WIDTH, HEIGHT = 90, 24


async def drawn(socket: str, names: list[str]) -> str:
    """The picture, drawn when four of five are through."""
    progress = Progress(len(names), "up")
    console = Console(record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True)
    async with open_pluto(socket) as pluto, bulk(pluto, names, "up", timeout=120) as run:
        async for event in run:
            progress.see(event)
            if len(progress.ended) >= len(names) * 4 // 5:
                console.print(draw(progress, time.time(), HEIGHT))
                run.cancel()
                break
    return console.export_svg(title="autod --up 'branch-*'")


def inside() -> int:
    """On a kernel with ESP."""
    with tunnels("4.10") as lab:
        names = lab.load(COUNT, prefix="branch-", leftupdown="/bin/true", rightupdown="/bin/true")
        for at in range(7, COUNT, 29):
            lab.east.whack("--name", f"branch-{at}", "--delete")
        text = trio.run(drawn, str(lab.west.socket), names)
    # No font is fetched from anywhere by who looks at it.
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)
    PICTURE.write_text(text)
    return 0


def main() -> int:
    if "LAB_INSIDE" in os.environ or roots.has_esp():
        return inside()
    roots.build(["forky"])
    with uml.booted([sys.executable, "-m", "tests.generators.picture"], timeout=600, echo=True) as boot:
        boot.wait()
    return 1 if boot.status is None else boot.status


if __name__ == "__main__":
    sys.exit(main())
