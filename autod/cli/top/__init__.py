"""`autod top`: its options. The table itself is autod.cli.top.table, which costs more to import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from autod.errors import UsageError

if TYPE_CHECKING:
    import argparse

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod top`."""
    from autod.cli.parser import seconds

    parser.add_argument(
        "pattern", nargs="?", default="", metavar="PATTERN", help="only connections or peers like it"
    )
    parser.add_argument("--ctlsocket", metavar="PATH", help="control socket (default: as of autod itself)")
    parser.add_argument("--release", metavar="R", help="pluto's release, where it cannot be found out")
    parser.add_argument("--seccomp", choices=("yes", "no"), help="whether pluto was built with USE_SECCOMP")
    parser.add_argument(
        "--labeled", choices=("yes", "no"), help="with --release: whether pluto was built with labeled IPsec"
    )
    parser.add_argument(
        "--interval",
        type=seconds,
        metavar="S",
        help="between two looks (default: 2 s, more if pluto is busy)",
    )
    parser.add_argument(
        "--sort", choices=("name", "state", "peer", "since", "in", "out", "rate", "failure"), default="name"
    )
    parser.add_argument("--only", choices=("all", "up", "not_up", "trouble"), default="all")
    parser.add_argument(
        "--once",
        action="store_true",
        help="print one table and end; with --interval, take two looks and show rates",
    )
    parser.add_argument("--json", action="store_true", help="with --once: one JSON document")


def run(options: argparse.Namespace) -> int:
    """Show the table until `q`, Ctrl-C or SIGTERM: 0. With --once, once.

    UsageError if there is no terminal for it.
    """
    if options.json and not options.once:
        raise UsageError("--json belongs to --once: a live table is for people")
    if not options.once:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError("autod top needs a terminal: --once prints one table")
        if os.environ.get("TERM", "dumb") == "dumb":
            raise UsageError("this terminal cannot move its cursor (TERM=dumb): --once prints one table")
        try:
            import rich  # noqa: F401
        except ImportError as error:
            raise UsageError("autod top needs rich (the extra `cli`): --once does without it") from error
    import trio

    from autod.cli.top.table import top

    return trio.run(top, options)
