"""256 MB of memory are enough for all of it, beside both plutos."""

from __future__ import annotations

import os
import sys

import pytest

from tests.lab import uml

KEPT = os.environ.get("AUTOD_SMALL_KEPT", "10")


@pytest.mark.outside
@pytest.mark.timeout(1500)
def test_every_command_and_the_supervisor_run_with_256_mb_and_300_connections() -> None:
    """AUTOD_SMALL_KEPT says how many are kept up (10); 300 were tried."""
    job = [sys.executable, "-m", "tests.lab.small_gateway", "300", KEPT]
    with uml.booted(job, timeout=1400, memory="256M") as boot:
        boot.wait()
    print(boot.console)
    assert "PASSED" in boot.console, boot.console[-5000:]
