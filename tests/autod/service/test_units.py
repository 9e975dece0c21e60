"""The systemd units: accepted by systemd's own tools, and as closed as they claim."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

CONTRIB = Path(__file__).resolve().parents[3] / "contrib" / "systemd"
UNITS = [
    "autod.service",
    "autod.socket",
    "autod-wait.service",
    "autod-metrics.socket",
    "autod-page.socket",
    "autod-hook@.service",
]


def test_systemd_verifies_the_units_without_a_word(tmp_path: Path) -> None:
    for name in UNITS:
        text = (CONTRIB / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/bin/autod", "/bin/true"))
    (tmp_path / "ipsec.service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "most"), [("autod.service", 1.5), ("autod-wait.service", 1.0), ("autod-hook@.service", 1.5)]
)
def test_the_exposure_is_what_is_promised(name: str, most: float) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(CONTRIB / name)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= most


def test_groups_and_folders_are_made_by_systemds_own_tools(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for tool, name in (
        ("systemd-sysusers", "autod.sysusers.conf"),
        ("systemd-tmpfiles", "autod.tmpfiles.conf"),
    ):
        words = [
            tool,
            f"--root={tmp_path}",
            *(["--create"] if "tmpfiles" in tool else []),
            str(CONTRIB / name),
        ]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert {"autod", "autod-view"} <= {
        x.split(":")[0] for x in (tmp_path / "etc/group").read_text().splitlines()
    }
    assert (tmp_path / "run/autod").stat().st_mode & 0o777 == 0o755
