"""A mesh of opportunistic groups: private, private-or-clear, clear and block, whoever brings it in.

What is private does not leave in clear once autod says that it is routed; --sync and the supervisor make of the
policy files what pluto's own start and `addconn --autoall` make of them. With ESP: tests/lab/test_mesh.py.
"""

from __future__ import annotations

import pytest

from tests.real.mesh import BLOCK, CLEAR, OPEN, SILENT, bring_in, policies
from tests.real.plutos import EAST, gateways


@pytest.mark.timeout(300)
def test_a_mesh_is_the_same_whoever_brings_it_in_and_private_is_never_in_clear() -> None:
    with gateways() as (west, east):
        west.namespace.ip("route", "add", "default", "via", EAST)
        for address in (SILENT, OPEN, CLEAR, BLOCK):
            east.namespace.ip("address", "add", f"{address}/24", "dev", "eth1")
        policies(west)
        bring_in(west, lambda watch: None)
