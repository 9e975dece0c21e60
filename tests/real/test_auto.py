"""The program `auto` against `ipsec auto` of the installed 4.10: the same lines, codes, streams and statuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import Pluto, connection, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OURS = (sys.executable, "-c", "import sys; from autod.cli.auto import main; sys.exit(main())")
REAL = ("ipsec", "auto")

SCRIPT: Sequence[tuple[str, ...]] = (
    ("--ready",),
    ("--add", "a"),
    ("--add", "a"),
    ("--add", "nosuch"),
    ("--add", "b"),
    ("--asynchronous", "--delete", "b"),
    ("--delete", "nosuch"),
    ("--route", "a"),
    ("--unroute", "a"),
    ("--down", "a"),
    ("--asynchronous", "--up", "a"),
    ("--down", "a"),
    ("--up", "nosuch"),
    ("--add", "foreign"),
    ("--route", "foreign"),
    ("--up", "foreign"),
    ("--replace", "a"),
    ("--ondemand", "b"),
    ("--start", "nosuch"),
    ("--rereadsecrets",),
    ("--rereadall",),
    ("--rereadcerts",),
    ("--rereadcrls",),
    ("--listall",),
    ("--utc", "--listpubkeys"),
    ("--listcerts",),
    ("--status",),
    ("a", "down"),
    ("status",),
    ("--upp",),
    ("--trafficstatus",),
    ("--showonly", "--start", "a"),
)
"""What scripts do, in an order in which each step meets what the ones before left."""


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Pluto, Pluto]]:
    """Two plutos alike, one for each program; a peer that does not answer is enough here."""
    with gateway(label="real") as first, gateway(label="ours") as second:
        for pluto in (first, second):
            text = "\n".join(
                (
                    connection("a"),
                    connection("b", leftid="@b", leftsubnet="10.1.0.0/16"),
                    connection("foreign", left="198.51.100.1", right="198.51.100.2"),
                )
            )
            (pluto.folder / "auto.conf").write_text(f"config setup\n{text}\n")
        yield first, second


def ran(program: Sequence[str], pluto: Pluto, arguments: Sequence[str]) -> tuple[int, list[str], list[str]]:
    """Status, lines on standard output, lines on standard error, without what differs between two runs."""
    where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.folder / "auto.conf"))
    done = subprocess.run(
        [*program, *where, *arguments], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    streams = []
    for text in (done.stdout, done.stderr):
        text = text.replace(str(pluto.folder), "FOLDER")
        text = re.sub(r"aged [\d.]+s|#\d+|\d\d:\d\d:\d\d|\d+ seconds|\{.*?\}", "X", text)
        streams.append([line for line in text.splitlines() if "STATE_V2" not in line])
    return done.returncode, streams[0], streams[1]


def test_each_operation_says_what_the_script_says(two: tuple[Pluto, Pluto]) -> None:
    """One after the other, on a pluto for each; what is left are the differences that docs/cli.md names."""
    real, ours = two
    for arguments in SCRIPT:
        expected, got = ran(REAL, real, arguments), ran(OURS, ours, arguments)
        assert got == expected, arguments


def test_the_exit_status_is_autods(two: tuple[Pluto, Pluto]) -> None:
    """whack ends with 0 for a --down of what is not there."""
    _, ours = two
    status, out, err = ran(OURS, ours, ("--down", "nosuch"))
    assert (status, out) == (21, [])
    assert "no connection or alias" in err[0]


@pytest.mark.parametrize(
    "arguments", [(), ("--up",), ("--up", "--down", "a"), ("--status", "a"), ("a", "sideways")]
)
def test_what_makes_no_sense_is_2(arguments: Sequence[str], two: tuple[Pluto, Pluto]) -> None:
    """With the usage on standard error, as the script has it."""
    real, ours = two
    assert ran(REAL, real, arguments)[0] == 2
    status, out, err = ran(OURS, ours, arguments)
    assert (status, out) == (2, [])
    assert err[0].startswith("usage: ")


def test_without_a_pluto_it_is_whacks_sentence_and_33(two: tuple[Pluto, Pluto]) -> None:
    _, ours = two
    for program in (REAL, OURS):
        done = subprocess.run(
            [*program, "--ctlsocket", str(ours.folder / "none.ctl"), "--status"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 33
        assert done.stderr.startswith("whack: Pluto is not running (no ")


def test_ipsec_runs_autod_once_it_is_installed_beside_the_programs(tmp_path: Path) -> None:
    """`ipsec autod ...`: the script looks in its folder of programs, and hands its environment on."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "autod"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m autod "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["ipsec", "autod", "--showonly", "--asynchronous", "--up", "a"],
        env={**os.environ, "IPSEC_EXECDIR": str(folder), "IPSEC_RUNDIR": "/r"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "ipsec whack --ctlsocket /r/pluto.ctl --asynchronous --name a --initiate\n"
