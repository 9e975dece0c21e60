"""What the shell's completion asks for: the names in the configuration, one a line. Never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.cli.configuration import DEFAULT
from autod.config import load
from autod.protocol.errors import WhackError
from autod.protocol.releases import ALL, find

if TYPE_CHECKING:
    import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print connections and aliases, as the newest release reads the file: which one it is changes no name."""
    names: dict[str, None] = {}
    try:
        for connection in load(options.config or DEFAULT, find(ALL[-1])).connections:
            names.update(dict.fromkeys((connection.name, *connection.aliases)))
    except WhackError:
        return 0
    for name in names:
        print(name)
    return 0
