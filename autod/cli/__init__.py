"""The command line. A file a group of verbs, each thin over the library; nothing else may import from here.

parser.py says what may be asked, program.py what runs it and what every failure ends in, render.py what is
printed. A module that talks to pluto is imported only when a command needs it, so that `autod --help` costs
no event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (None: those of the process): an exit status, no exception."""
    from autod.cli.program import main

    return main(arguments)
