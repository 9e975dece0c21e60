"""The command line: one file for each group of verbs, thin over the library. Nothing else may import from here.

parser.py has the options, program.py runs a command and reports each failure, render.py makes the lines. A module that
talks to pluto is imported only when a command needs it, so that `autod --help` loads no event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (None: those of the process). Returns an exit status, raises nothing."""
    from autod.cli.program import main

    return main(arguments)
