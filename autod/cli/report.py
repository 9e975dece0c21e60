"""`autod report`: one page about runs that other commands kept with --report FILE.json. Contacts nobody."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    import argparse

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod report`."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a run, as --report FILE.json kept it, or a list of them"
    )
    parser.add_argument(
        "--output", default="-", metavar="FILE", help="the page; - is standard output (default)"
    )


def run(options: argparse.Namespace) -> int:
    """Write the page: 0, also if runs failed. DecodeError for a file without a run, OSError."""
    from autod.bulk.report import put, read, render_fleet

    reports = [report for file in options.files for report in read(Path(file).read_bytes())]
    if not reports:
        raise UsageError("the files hold no run")
    page = render_fleet(sorted(reports, key=lambda report: report.host))
    if options.output == "-":
        sys.stdout.write(page)
    else:
        put(page.encode("ascii"), options.output)
    return 0
