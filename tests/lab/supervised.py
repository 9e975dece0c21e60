"""Boots of the supervised gateway (supervised_gateway.py), which may go on beside other tests.

console = booted(("boot", "reload"), 100)              # what the console showed
ahead = Ahead(SCENARIOS, 100, after=lambda: True)      # begun in a thread, once after() says so
console = ahead.result()
"""

from __future__ import annotations

import shlex
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import uml
from tests.lab.roots import LAB, TRIXIE_PYTHON
from tests.lab.window import window

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONNECTIONS", "SCENARIOS", "Ahead", "booted"]

# In this order: each leaves the gateway as the next one wants it.
SCENARIOS = (
    "boot",
    "varlinkctl",
    "rights",
    "reload",
    "broken",
    "metrics",
    "bad_settings",
    "no_room",
    "hands",
    "history",
    "page",
    "hooks",
    "restart_pluto",
    "alone",
    "kill_autod",
    "stop_autod",
    "peer_down",
    "secret",
    "shutdown",
    "power",
)
CONNECTIONS = 100


def booted(scenarios: tuple[str, ...], connections: int) -> str:
    """The console of a system in which these scenarios ran with so many connections.

    What did not hold gets a second chance in a system of its own: the scenarios go by the clock, with two gateways
    and all that watches them on one emulated processor, and a machine that is busy elsewhere can spoil one. What
    fails twice has failed.
    """
    console = _boot(scenarios, connections)
    failed = tuple(one for one in scenarios if f"PASSED {one} in" not in console)
    if failed and len(failed) < max(len(scenarios), 2):
        first = tuple(one for one in ("boot",) if one in scenarios and one not in failed)
        console += _boot((*first, *failed), connections)
    return console


def _boot(scenarios: tuple[str, ...], connections: int) -> str:
    script = f"AUTOD_LAB_CONNECTIONS={connections} {TRIXIE_PYTHON} -m tests.lab.supervised_gateway"
    jobs = LAB / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jobs) as folder:
        disk = uml.blank(Path(folder) / "disk")
        script = f"{script} {' '.join(scenarios)} 2>&1"
        with uml.system(script, timeout=2400, disk=disk) as boot, window(boot.folder):
            while boot.running:
                # `power` asks for it, and goes on with what it does until it is gone.
                if (boot.folder / "cut").exists():
                    boot.end()
                    return boot.console + _after_power(disk, boot.folder / "told")
                time.sleep(0.1)
        return boot.console


def _after_power(disk: Path, told: Path) -> str:
    """What the next boot has to say of what is on the disk."""
    command = [sys.executable, "-m", "tests.lab.after_power"]
    files = {"told": told.read_text()}
    with uml.booted(
        ["sh", "-c", f"{shlex.join(command)} $LAB_JOB/told"], timeout=300, files=files, disk=disk
    ) as boot:
        boot.wait()
    return boot.console


class Ahead:
    """`booted` in a thread; a test run that ends takes it along, and its kernel."""

    def __init__(self, scenarios: tuple[str, ...], connections: int, *, after: Callable[[], bool]) -> None:
        self._console: str | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(scenarios, connections, after), name="supervised", daemon=True
        )
        self._thread.start()

    def result(self) -> str:
        """The console, once all is through."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._console is not None
        return self._console

    def _run(self, scenarios: tuple[str, ...], connections: int, after: Callable[[], bool]) -> None:
        try:
            while not after():
                time.sleep(1)
            self._console = booted(scenarios, connections)
        except BaseException as error:
            self._error = error
