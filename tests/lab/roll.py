"""Roll a new ipsec.conf over two gateways with tunnels between them, and one whose tunnel does not come back.

    flock /tmp/lab.lock python -m tests.lab.roll        # on a kernel without ESP in the lab, some three minutes

AssertionError where a tunnel is not back, or the old file is not.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.lab import roots, uml
from tests.lab.gateways import Lab, tunnels
from tests.lab.test_ansible import inventory
from tests.real.fleet import run_playbook

ROLL = "- ansible.builtin.import_playbook: libreswan.autod.roll\n"


def up(lab: Lab) -> set[str]:
    return {
        line.split('"')[1] for line in lab.west.whack("--trafficstatus").stdout.splitlines() if '"' in line
    }


def roll(lab: Lab, tmp_path: Path) -> None:
    hosts = inventory(lab, tmp_path)
    lab.load(2)
    lab.west.whack("--name", "c1", "--initiate")
    assert up(lab) == {"c1"}
    old = lab.west.conf.read_text()
    for name, pluto in (("west", lab.west), ("east", lab.east)):
        (tmp_path / f"{name}.conf").write_text(
            pluto.conf.read_text().replace("auto=ignore", "auto=add\n\tpfs=no")
        )
    rolled = run_playbook(tmp_path, ROLL, hosts, timeout=300)
    assert rolled.status == 0, rolled.out
    for host in ("west", "east"):
        assert rolled.result(host, "Write and load the new file")["kind"] == "changed"
    assert list(rolled.result("west", "Wait until all that was up is up again")["connections"]) in (
        [],
        ["c1"],
    )
    assert "c1" in up(lab)
    assert '"connection"' not in (tmp_path / "reports" / "index.html").read_text()

    new = lab.west.conf.read_text()
    assert new != old
    broken = new.replace("leftsubnet=10.1.0.2/32", "leftsubnet=10.1.0.9/32")
    assert broken != new
    (tmp_path / "west.conf").write_text(broken)
    failed = run_playbook(tmp_path, ROLL, hosts, timeout=400)
    assert failed.status != 0
    assert "east" not in {line["host"] for line in failed.lines}
    stopped = failed.result("west", "Stop here")["msg"]
    assert "TS_UNACCEPTABLE" in stopped
    assert "the old file is back)" in stopped
    assert lab.west.conf.read_text() == new
    assert "c1" in up(lab)
    assert lab.ping("c1")
    assert "TS_UNACCEPTABLE" in (tmp_path / "reports" / "index.html").read_text()


def main() -> int:
    if "LAB_INSIDE" in os.environ or roots.has_esp():
        with tunnels("5.2") as lab, tempfile.TemporaryDirectory(prefix="roll-") as folder:
            roll(lab, Path(folder))
        print("a roll came back, and one that did not was undone")
        return 0
    roots.build(["forky", "trixie"])
    with uml.booted([sys.executable, "-m", "tests.lab.roll"], timeout=1200, echo=True) as boot:
        boot.wait()
    return 1 if boot.status is None else boot.status


if __name__ == "__main__":
    sys.exit(main())
