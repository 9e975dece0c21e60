"""The answers of the kernel to what addconn asks for %defaultroute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.real.addconn_network import network

QUESTIONS = """
import sys
sys.path.insert(0, sys.argv[1])
from autod.config.routes import System
from autod.protocol.connection.addresses import address
from tests.helpers.probing import Recorded
system, recorded = System(), Recorded()
for version, peer in ((4, "192.1.2.23"), (6, "2001:db8:1:2::23")):
    assert system.gateway(version) == recorded.gateway(version), version
    for to in (None if version == 6 else address("192.1.2.254", 4), address(peer, version)):
        assert system.source(to, version) == recorded.source(to, version), to
    for name in ("eth1", "lo", "nowhere"):
        assert system.interface(name, version) == recorded.interface(name, version), name
assert system.source(address("2001:db8:1:2::45", 6), 6) is None
assert system.protocol("ospf") == 89
assert system.protocol("nonsense") is None
assert system.service("http") == 80
"""


def test_the_kernel_says_what_the_probes_were_recorded_with() -> None:
    """Gateways, sources and interfaces, asked by netlink and ioctl within the network namespace."""
    with network() as inside:
        done = subprocess.run(
            [*inside, sys.executable, "-c", QUESTIONS, str(Path(__file__).parents[2])],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
