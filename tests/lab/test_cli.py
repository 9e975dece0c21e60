"""The command line, as a process, on real tunnels of each release: what it says, its status, pluto's state."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.lab.roots import LAB
from tests.real.plutos import connection

if TYPE_CHECKING:
    from tests.lab.gateways import Lab


def autod(lab: Lab, *arguments: str, timeout: float = 200) -> subprocess.CompletedProcess[str]:
    """Run autod on west, with the configuration and the programs of its release."""
    programs = lab.west.root / "usr" / "libexec" / "ipsec"
    return subprocess.run(
        [
            *(sys.executable, "-m", "autod", *arguments),
            *("--ctlsocket", str(lab.west.socket), "--config", str(lab.west.conf)),
        ],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "IPSEC_EXECDIR": str(programs), "LAB": str(LAB)},
    )


def active(lab: Lab) -> set[str]:
    return {
        line.split('"')[1] for line in lab.west.whack("--trafficstatus").stdout.splitlines() if '"' in line
    }


def test_add_up_down_delete(lab: Lab) -> None:
    """From a file to a tunnel and back, each step in pluto's own state."""
    names = lab.load(3, only="east")
    done = autod(lab, "--start", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert active(lab) == set(names)
    assert lab.ping("c1")
    done = autod(lab, "--wait", *names, "--timeout", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    done = autod(lab, "--replace", "c0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "c0" not in active(lab)
    done = autod(lab, "--ondemand", "c0")
    assert done.returncode == 0, done.stdout + done.stderr
    done = autod(lab, "--down", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert active(lab) == set()
    done = autod(lab, "--delete", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"c1"' not in lab.west.whack("--status").stdout


def test_what_is_up_is_left_alone_and_what_was_begun_is_waited_for(lab: Lab) -> None:
    """Of several names and of one; --no-if-down asks for one more Child SA."""
    names = lab.load(3)
    lab.west.whack("--name", "c0", "--initiate", "--asynchronous")
    done = autod(lab, "--up", "c0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert active(lab) == {"c0"}
    assert autod(lab, "--up", *names).stdout.startswith("3 of 3 up (1 of them already);")
    before = lab.west.whack("--trafficstatus").stdout
    again = autod(lab, "--up", *names)
    assert (again.returncode, again.stdout.partition(";")[0]) == (0, "3 of 3 up (3 of them already)"), again
    one = autod(lab, "--up", "c0")
    assert (one.returncode, "is up already, and was left alone" in one.stdout) == (0, True), one
    assert _sas(lab.west.whack("--trafficstatus").stdout) == _sas(before)
    assert autod(lab, "--up", "c0", "--no-if-down").returncode == 0
    assert _sas(lab.west.whack("--trafficstatus").stdout) != _sas(before)


def _sas(traffic: str) -> set[str]:
    """The numbers of the Child SAs."""
    return {line.split(":")[0] for line in traffic.splitlines()}


def test_json_has_an_outcome_for_each(lab: Lab) -> None:
    """One object a line; up and unknown told apart; the status says that not all succeeded."""
    (name,) = lab.load()
    done = autod(lab, "--up", name, "nosuch", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    outcomes = {row["connection"]: row for row in rows if row["event"] == "outcome"}
    assert outcomes[name]["result"] == "up"
    assert outcomes["nosuch"]["result"] == "unknown"
    assert done.returncode == 1
    established = [row["connection"] for row in rows if row["event"] == "child_established"]
    assert established == [name]


def test_a_rejected_child_is_not_0(lab: Lab) -> None:
    """whack ends with 0 here."""
    lab.west.load(connection("ts", leftsubnet="10.1.9.1/32", rightsubnet="10.2.9.1/32"))
    lab.east.load(connection("ts", leftsubnet="10.1.9.1/32", rightsubnet="10.2.9.9/32"))
    done = autod(lab, "--up", "ts")
    assert done.returncode not in (0, 2, 3, 33, 124)
    assert "TS_UNACCEPTABLE" in done.stdout + done.stderr
    autod(lab, "--down", "ts")


def test_status_table_and_lists(lab: Lab) -> None:
    """What is up, in columns; each list answered."""
    (name,) = lab.load()
    assert autod(lab, "--up", name).returncode == 0
    table = autod(lab, "--status", "--format", "table").stdout
    assert any(line.startswith(name) and " up " in line for line in table.splitlines()), table
    document = json.loads(autod(lab, "--status", "--json").stdout)
    assert [child["connection"] for child in document["child_sas"]] == [name]
    for verb in (
        *("--listall", "--listpubkeys", "--checkpubkeys", "--listcerts", "--listcacerts", "--listcrls"),
        *(
            "--listgroups",
            "--rereadall",
            "--rereadsecrets",
            "--rereadcerts",
            "--rereadcrls",
            "--rereadgroups",
        ),
        *("--fetchcrls", "--purgeocsp", "--ready"),
    ):
        done = autod(lab, verb)
        assert done.returncode == 0, (verb, done.stdout, done.stderr)
    assert active(lab) == {name}
    assert autod(lab, "--rotatecert", name).returncode == 0
    done = autod(lab, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
