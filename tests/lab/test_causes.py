"""What goes wrong only where the kernel has ESP is told with its cause, by --up and by a supervisor.

The other causes: tests/real/test_causes.py; all of them, by a command: tests/lab/try_causes.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.causes import failing
from tests.lab.try_causes import set_up, supervised, tried

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.gateways import Lab


@pytest.mark.parametrize("lab", ["4.10"], indirect=True)
def test_the_cause_is_told_by_up_and_by_a_supervisor(lab: Lab, tmp_path: Path) -> None:
    """Tunnel against transport mode, a policy in the way, and a pool without an address left."""
    with failing(lab, tmp_path, only=("mode", "kernel", "pool2")) as (cases, until):
        assert not set_up(lab)
        assert not tried(lab, cases, until)
        assert not supervised(lab, cases)
