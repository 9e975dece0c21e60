"""A mesh of opportunistic groups with ESP: private, private-or-clear, clear and block, whoever brings it in.

What is private leaves encrypted or not at all once autod says that it is routed; --sync and the supervisor make of the
policy files what pluto's own start and `addconn --autoall` make of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.real.mesh import BLOCK, CLEAR, MESH, OPEN, SILENT, Watch, bring_in, policies
from tests.real.plutos import EAST, WEST, wait_until

if TYPE_CHECKING:
    from tests.lab.gateways import Lab


@pytest.mark.parametrize("lab", ["4.10", "5.2"], indirect=True)
def test_a_mesh_is_the_same_whoever_brings_it_in_and_private_is_never_in_clear(lab: Lab) -> None:
    west, east = lab.west, lab.east
    for address in (SILENT, OPEN, CLEAR, BLOCK):
        east.namespace.ip("address", "add", f"{address}/24", "dev", "eth1")
    policies(west)
    policies(east, peer=WEST)
    east.conf.write_text(MESH.replace(WEST, EAST))
    east.restart()

    def meets(watch: Watch) -> None:
        """Tunnels to who encrypts, and in clear to who cannot, once that is certain."""
        routed = time.time()
        wait_until(lambda: lab.states() >= 2, timeout=60, what="ESP to the peer")
        wait_until(lambda: watch.since(routed, OPEN), timeout=60, what="packets to who cannot encrypt")

    bring_in(west, meets)
