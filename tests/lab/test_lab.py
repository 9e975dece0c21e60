"""The lab gives what the other tests of this folder build on: tunnels that carry packets, and systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import uml
from tests.lab.roots import TRIXIE_PYTHON

if TYPE_CHECKING:
    from tests.lab.gateways import Lab


def test_a_tunnel_comes_up_and_carries_packets(lab: Lab) -> None:
    (name,) = lab.load()
    lab.west.whack("--name", name, "--initiate", timeout=120)
    assert lab.packets(name) == (0, 0)
    assert lab.ping(name, count=2)
    assert lab.packets(name) == (2, 2)
    assert lab.states() == 2
    lab.west.whack("--name", name, "--terminate")
    assert lab.states() == 0


@pytest.mark.parametrize("lab", ["5.2"], indirect=True)
def test_ten_connections_share_one_ike_sa(lab: Lab) -> None:
    names = lab.load(10, shared=True, leftupdown="/bin/true", rightupdown="/bin/true")
    for name in names:
        lab.west.whack("--name", name, "--initiate", timeout=120)
    status = lab.west.whack("--status").stdout
    assert "loaded 10, active 10" in status
    assert "IKE SAs: total(1)" in status


@pytest.mark.outside
def test_a_system_boots_with_systemd_and_its_own_ipsec_service() -> None:
    script = f"systemctl start ipsec && systemctl is-active ipsec && {TRIXIE_PYTHON} -c 'import trio, autod'"
    with uml.system(script, timeout=400) as boot:
        boot.wait()
    assert boot.status == 0, boot.console
    assert "active" in boot.console
