"""The supervisor under the real systemd and the real pluto 5.2: the scenarios of supervised_gateway, in two boots."""

from __future__ import annotations

import os

import pytest

from tests.lab import uml
from tests.lab.roots import TRIXIE_PYTHON

# In this order: each leaves the gateway as the next one wants it.
SCENARIOS = (
    "boot",
    "varlinkctl",
    "rights",
    "reload",
    "broken",
    "restart_pluto",
    "alone",
    "kill_autod",
    "stop_autod",
    "peer_down",
    "secret",
    "shutdown",
)
CONNECTIONS = 100

pytestmark = [pytest.mark.outside, pytest.mark.timeout(1500)]


def booted(scenarios: tuple[str, ...], connections: int) -> str:
    """The console of a system in which these scenarios ran with so many connections."""
    script = f"AUTOD_LAB_CONNECTIONS={connections} {TRIXIE_PYTHON} -m tests.lab.supervised_gateway"
    with uml.system(f"{script} {' '.join(scenarios)} 2>&1", timeout=1400) as boot:
        boot.wait()
    said = [line for line in boot.console.splitlines() if line.startswith(("==", "PASSED", "FAILED"))]
    print("\n".join(said))
    return boot.console


def said(console: str, scenario: str) -> str:
    """What the console tells about a failed scenario, and how it ended."""
    at = console.find(f"FAILED {scenario} after")
    return f"{console[at : at + 4000]}\n...\n{console[-4000:]}"


@pytest.fixture(scope="module")
def console() -> str:
    return booted(SCENARIOS, CONNECTIONS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_under_systemd(console: str, scenario: str) -> None:
    """What the scenario asserts holds; supervised_gateway.py says what that is."""
    assert f"PASSED {scenario} in" in console, said(console, scenario)


def test_silent_peers_do_not_delay_the_good_ones() -> None:
    """AUTOD_LAB_MANY says how many connections (300); three of ten have a silent peer."""
    console = booted(("silent",), int(os.environ.get("AUTOD_LAB_MANY", "300")))
    assert "PASSED silent in" in console, said(console, "silent")
