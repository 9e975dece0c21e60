"""Row 6: how long the program takes to start."""

from __future__ import annotations

import sys
from statistics import median

from tests.bench.table import Table
from tests.bench.tools import WHACK, timed
from tests.real.plutos import gateway

__all__ = ["start"]

AUTOD = [
    sys.executable,
    "-c",
    "import sys; sys.modules['typing_extensions'] = None; from autod.cli import main; sys.exit(main())",
]
"""What the installed program does, wherever it is installed. msgspec loads typing_extensions (6 ms) where it is there:
it comes with mypy, which tests need and autod does not, so it is hidden."""


def start(quick: bool) -> Table:
    """Short commands, against bare Python and whack."""
    times = 5 if quick else 21
    table = Table(
        "start",
        "Start of the program",
        f"Medians of {times}, in turns. The up is for an unknown name, against an idle pluto 4.10; nobody listens at "
        "the supervisor's socket.",
        ("program", "ms", "processor time, ms"),
    )
    found: dict[str, list[tuple[float, float]]] = {}
    with gateway(label="bench") as pluto:
        control = ["--ctlsocket", str(pluto.socket)]
        programs = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "autod --help": [*AUTOD, "--help"],
            "autod --up NAME": [*AUTOD, *control, "--up", "nosuch"],
            "autod --complete": [*AUTOD, *control, "--config", str(pluto.conf), "--complete"],
            "autod --service --status": [*AUTOD, "--service", "--status", "--api", str(pluto.conf)],
            "whack --help": [WHACK, "--help"],
            "whack --initiate --name NAME": [WHACK, *control, "--initiate", "--name", "nosuch"],
        }
        for _ in range(times):
            for name, argv in programs.items():
                found.setdefault(name, []).append(timed(argv))
    middle = {
        name: (1000 * median(wall for wall, _ in runs), 1000 * median(processor for _, processor in runs))
        for name, runs in found.items()
    }
    for name, (wall, processor) in middle.items():
        table.add(name, f"{wall:.1f}", f"{processor:.1f}")
    for name, most in (
        ("autod --help", 3.0),
        ("autod --up NAME", 6.9),
        ("autod --complete", 5.9),
        ("autod --service --status", 6.3),
    ):
        times_bare = middle[name][1] / middle["python -c pass"][1]
        table.must(f"{name}: at most {most} times bare Python", f"{times_bare:.1f}", times_bare <= most)
    return table
