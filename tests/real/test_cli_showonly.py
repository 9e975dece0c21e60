"""`autod --showonly` against the script it follows, `ipsec auto` of the installed 4.10."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from tests.helpers.showonly_cases import ALL, cases

if TYPE_CHECKING:
    from collections.abc import Sequence


def script(arguments: Sequence[str], **environment: str) -> tuple[str, int]:
    """What the real script prints on standard output, and its status."""
    done = subprocess.run(
        ["ipsec", "auto", "--showonly", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=False,
    )
    return done.stdout.decode("utf-8", "surrogateescape"), done.returncode


@pytest.mark.parametrize("choice", ALL, ids=lambda choice: "+".join(o[0][2:] for o in choice) or "none")
def test_the_commands_are_those_of_the_script_byte_for_byte(
    choice: tuple[tuple[str, ...], ...], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every operation, in both forms, with every combination of options."""
    for arguments in cases((choice,)):
        status = main(["--showonly", *arguments])
        ours = capsysbinary.readouterr().out.decode("utf-8", "surrogateescape")
        assert (ours, status) == script(arguments), arguments


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "x.y",
        "branch-1",
        "köln",
        "a  b",
        "it's",
        'q"q',
        "$HOME",
        "a;b",
        "#1",
        "~",
        "tab\tname",
        "%x",
        "-x",
    ],
)
def test_odd_names_are_shown_as_the_script_shows_them(
    name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A name goes through the script's word splitting, and through nothing else."""
    for arguments in (("--up", "--", name), ("--verbose", "--start", "--", name)):
        status = main(["--showonly", *arguments])
        ours = capsysbinary.readouterr().out.decode("utf-8", "surrogateescape")
        assert (ours, status) == script(arguments)


@pytest.mark.parametrize("folder", ["/tmp/elsewhere", ""])
def test_the_folder_of_the_socket_comes_from_the_environment(
    folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """IPSEC_RUNDIR names the folder; an empty one is none."""
    monkeypatch.setenv("IPSEC_RUNDIR", folder)
    status = main(["--showonly", "--up", "a"])
    assert (capsys.readouterr().out, status) == script(["--up", "a"], IPSEC_RUNDIR=folder)
