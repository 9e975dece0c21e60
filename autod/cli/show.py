"""`--showonly`: print the commands that `ipsec auto` of 4.10 would have run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from autod.cli.output import say
from autod.cli.showonly import Request, show

if TYPE_CHECKING:
    import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print them, one per line. Contacts nobody."""
    commands = show(
        Request(
            operation=options.operation,
            ctlsocket=options.ctlsocket,
            names=tuple(options.names),
            asynchronous=options.asynchronous,
            config=options.config if options.config_given else None,
            verbose=options.verbose,
            utc=options.utc,
            remote_host=options.remote_host,
        )
    )
    for line in commands.lines:
        say(line)
    if commands.problem:
        say(f"autod: {commands.problem}", file=sys.stderr)
    return commands.status
