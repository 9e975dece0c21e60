"""Connections from an inventory, without a file: load what is missing, replace what differs, delete what is gone.

python from_values.py /run/pluto/pluto.ctl inventory.json

The inventory: {"branch-1": {"address": "192.0.2.1", "network": "10.1.0.0/24"}, ...}
"""

from __future__ import annotations

import json
import sys
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

import trio

import autod
from autod.bulk import bulk
from autod.bulk.loading import configured
from autod.config import Configuration, Connection, Severity, check, load_text
from autod.config.compare import compare

PREFIX = "branch-"
"""Connections whose name begins so are ours."""


def connections(inventory: dict[str, dict[str, str]]) -> list[Connection]:
    """UsageError for a value that would be more than a value."""
    return [
        Connection(
            PREFIX + name.removeprefix(PREFIX),
            left="192.0.2.254",
            leftid="@gateway",
            right=branch["address"],
            rightid=f"@{name}",
            rightsubnet=IPv4Network(branch["network"]),
            authby="secret",
            auto="add",
        )
        for name, branch in inventory.items()
    ]


async def carry_out(
    pluto: autod.Pluto,
    names: list[str],
    operation: Literal["replace", "delete"],
    configuration: Configuration,
) -> bool:
    load = configured(pluto, configuration) if operation == "replace" else None
    async with bulk(pluto, names, operation, load=load) as run:
        pass
    for result in run.result.results.values():
        print(result.sentence)
    return run.result.ok


async def main(socket: str, inventory: dict[str, dict[str, str]]) -> int:
    async with autod.open_pluto(socket) as pluto:
        text = "\n".join(connection.text for connection in connections(inventory))
        configuration = load_text(text, pluto.release)
        faults = [str(one) for one in check(configuration) if one.severity is Severity.ERROR]
        if faults:
            print(*faults, sep="\n", file=sys.stderr)
            return 1
        there = await pluto.state()
        found = compare(configuration, there)
        wanted = [one.connection for one in (*found.missing, *found.different)]
        gone = [name for name in found.extra if name.startswith(PREFIX)]
        loaded = await carry_out(pluto, wanted, "replace", configuration)
        deleted = await carry_out(pluto, gone, "delete", configuration)
        return 0 if loaded and deleted else 1


if __name__ == "__main__":
    try:
        sys.exit(trio.run(main, sys.argv[1], json.loads(Path(sys.argv[2]).read_text())))
    except autod.WhackError as error:
        sys.exit(str(error))
