"""What the shell's completion asks for: names of connections, one a line. Never an error, and never a wait.

A supervisor that runs knows them all; else they are those of the configuration, as the newest release reads it: which
release it is changes no name. pluto is not asked: a status costs it time, and completion is asked at every key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print connections and aliases."""
    known = [] if options.config is not None else _of_supervisor(options.api)
    names = known or _of_configuration(options.config)
    for name in dict.fromkeys(names):
        print(name)
    return 0


def _of_supervisor(api: str) -> list[str]:
    from autod.cli.supervised import ask

    found = ask(api, "List") or {}
    return [str(connection["name"]) for connection in found.get("connections", ())]


def _of_configuration(config: str | None) -> Iterable[str]:
    from autod.cli.configuration import DEFAULT
    from autod.config import load
    from autod.protocol.errors import WhackError
    from autod.protocol.releases import ALL, find

    try:
        connections = load(config or DEFAULT, find(ALL[-1])).connections
    except WhackError:
        return []
    return [name for one in connections for name in (one.name, *one.aliases)]
