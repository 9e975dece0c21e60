"""Row 6: how long the program takes to start."""

from __future__ import annotations

import sys

from tests.bench.table import Table
from tests.bench.tools import WHACK, repeated, timed
from tests.real.plutos import gateway

__all__ = ["start"]

AUTOD = [sys.executable, "-c", "import sys; from autod.cli import main; sys.exit(main())"]
"""What the installed program does, wherever it is installed."""


def start(quick: bool) -> Table:
    """--help, and --up of one name, against bare Python and whack."""
    times = 5 if quick else 21
    table = Table(
        "start",
        "Start of the program",
        f"Wall clock, median of {times}. The up is for an unknown name, against an idle pluto 4.10.",
        ("program", "ms"),
    )
    with gateway(label="bench") as pluto:
        control = ["--ctlsocket", str(pluto.socket)]
        programs = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "autod --help": [*AUTOD, "--help"],
            "autod --up NAME": [*AUTOD, *control, "--up", "nosuch"],
            "whack --help": [WHACK, "--help"],
            "whack --initiate --name NAME": [WHACK, *control, "--initiate", "--name", "nosuch"],
        }
        found = {
            name: repeated(times, lambda argv=argv: timed(argv)[0] * 1000) for name, argv in programs.items()
        }
    for name, took in found.items():
        table.add(name, f"{took:.1f}")
    bare = found["python -c pass"]
    helped, up = found["autod --help"] - bare, found["autod --up NAME"] - bare
    table.must("--help within 60 ms of bare Python", f"{helped:.0f} ms", helped <= 60)
    table.must("--up of one name within 200 ms of it", f"{up:.0f} ms", up <= 200)
    return table
