"""What the rows share: programs with a clock beside them, and the machine in words."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HERE", "IPSEC", "WHACK", "compiled", "machine", "ran", "ratio", "run_bulk", "timed"]

HERE = Path(__file__).parent
IPSEC = "/usr/sbin/ipsec"
WHACK = "/usr/libexec/ipsec/whack"


def ran(argv: Sequence[str], *, stdin: str = "") -> tuple[float, float, int]:
    """Run a program: wall clock seconds, seconds of processor of it and all its children, its exit status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(argv, input=stdin.encode(), capture_output=True, check=False)
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, processor, done.returncode


def timed(argv: Sequence[str], *, stdin: str = "") -> tuple[float, float]:
    """As `ran`, whatever its exit status is."""
    return ran(argv, stdin=stdin)[:2]


def run_bulk(
    socket: os.PathLike[str] | str, operation: str, count: int, prefix: str, *more: str
) -> dict[str, Any]:
    """A bulk run in a process of its own (tests.bench.run)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.run", str(socket), operation, str(count), prefix, *more],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compiled() -> Path:
    """The C client, compiled once for this user."""
    target = Path(tempfile.gettempdir()) / f"autod-replay-{os.getuid()}"
    source = HERE / "replay.c"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        building = target.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-o", building, source], check=True)
        building.rename(target)
    return target


def ratio(one: float, other: float) -> str:
    """`one` in terms of `other`."""
    return f"{one / other:.2f}"


def machine() -> str:
    """This machine, as far as it matters."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    pluto = subprocess.run([IPSEC, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    load = os.getloadavg()
    return (
        f"{os.cpu_count()} processors ({model}), Linux {platform.release()}, Python {platform.python_version()}, "
        f"trio {metadata.version('trio')}, {pluto}. Load of the machine when the run began: {load[0]:.1f} "
        f"(1 minute), {load[1]:.1f} (5 minutes)."
    )
