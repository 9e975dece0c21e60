"""The supervisor under the real systemd and the real pluto 5.2: every scenario of supervised_gateway, in one boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import uml
from tests.lab.roots import TRIXIE_PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def console() -> Iterator[str]:
    script = f"AUTOD_LAB_CONNECTIONS={CONNECTIONS} {TRIXIE_PYTHON} -m tests.lab.supervised_gateway"
    with uml.system(f"{script} {' '.join(SCENARIOS)} 2>&1", timeout=1400) as boot:
        boot.wait()
        print(
            "\n".join(
                line for line in boot.console.splitlines() if line.startswith(("==", "PASSED", "FAILED"))
            )
        )
        yield boot.console


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_under_systemd(console: str, scenario: str) -> None:
    """What the scenario asserts holds; supervised_gateway.py says what that is."""
    assert f"PASSED {scenario} in" in console, console[-8000:]
