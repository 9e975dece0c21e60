"""Scripts as people have had them for twenty years: the same decisions over autod's `auto` as over that of 4.10.

Each in tests/real/old_scripts runs twice, on a pluto each: once with Libreswan's own programs, once with a folder of
them in which `auto` is autod's, as docs/howto/move-scripts.md has it. What it prints, its errors and its status are
compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import EAST, connection, gateway, silent_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto

SCRIPTS = sorted((Path(__file__).parent / "old_scripts").glob("*.sh"))
THEIRS = Path("/usr/libexec/ipsec")
SOON = {"retransmit_timeout": "2", "retransmit_interval": "500"}
SECTIONS = (
    connection("site-1", leftsubnet="10.1.1.0/24", rightsubnet="10.2.1.0/24", **SOON),
    connection("site-2", leftid="@w2", leftsubnet="10.1.2.0/24", rightsubnet="10.2.2.0/24", **SOON),
    connection("primary", leftid="@w3", rightid="@e3", **SOON),
    connection("backup", leftid="@w4", rightid="@e4", **SOON),
    connection("foreign", left="198.51.100.1", right="198.51.100.2"),
)


@pytest.fixture(scope="module")
def plutos() -> Iterator[dict[str, Pluto]]:
    """One for each program; their peer never answers."""
    with gateway(label="theirs") as theirs, gateway(label="ours") as ours:
        for pluto in (theirs, ours):
            silent_peer(pluto.namespace, EAST)
            pluto.conf.write_text("config setup\n" + "\n".join(SECTIONS))
        yield {"theirs": theirs, "ours": ours}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each: Libreswan's own, and one where `auto` is autod's and the rest are links to the same."""
    folder = tmp_path_factory.mktemp("programs")
    for program in THEIRS.iterdir():
        if program.name != "auto":
            (folder / program.name).symlink_to(program)
    auto = folder / "auto"
    auto.write_text(
        f"#!{sys.executable}\nimport sys\n\nfrom autod.cli.auto import main\n\nsys.exit(main())\n"
    )
    auto.chmod(0o755)
    return {"theirs": THEIRS, "ours": folder}


def outcome(script: Path, pluto: Pluto, programs: Path) -> tuple[int, str, str]:
    """Its status, and both streams, on a pluto with nothing loaded."""
    for name in re.findall(r'^000 "([^"]+)":.*eroute owner', pluto.whack("--status").stdout, re.MULTILINE):
        pluto.whack("--name", name, "--delete")
    # 4.10's addconn reads /etc/ipsec.conf, whatever the environment says.
    inside = 'mount --bind "$IPSEC_CONF" /etc/ipsec.conf && exec sh "$0"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside, script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={
            **os.environ,
            "IPSEC_EXECDIR": str(programs),
            "IPSEC_RUNDIR": str(pluto.socket.parent),
            "IPSEC_CONF": str(pluto.conf),
            "TMPDIR": str(pluto.folder),
            "LC_ALL": "C",
        },
    )
    return done.returncode, *(
        text.replace(str(pluto.folder), "FOLDER") for text in (done.stdout, done.stderr)
    )


def test_there_are_seventeen_of_them() -> None:
    assert len(SCRIPTS) == 17


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_decides_the_same(script: Path, plutos: dict[str, Pluto], programs: dict[str, Path]) -> None:
    """And says so; a script that said nothing would prove nothing."""
    with ThreadPoolExecutor() as both:
        ran = [both.submit(outcome, script, plutos[whose], programs[whose]) for whose in ("theirs", "ours")]
        theirs, ours = (one.result() for one in ran)
    assert ours == theirs
    assert theirs[1]
