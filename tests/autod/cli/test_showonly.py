"""autod.cli.showonly against goldens of the script of 4.10, and what the script does not know."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from autod.cli import main
from autod.cli.showonly import Request, show
from tests.helpers.showonly_cases import FEW, cases

GOLDENS = json.loads(gzip.decompress((Path(__file__).parent / "showonly-4.10.json.gz").read_bytes()))


def test_the_goldens_are_complete() -> None:
    """Every operation with no option, with each option, and with all of them was recorded."""
    assert {" ".join(case) for case in cases(FEW)} == set(GOLDENS)


@pytest.mark.parametrize("arguments", tuple(cases(FEW)), ids=" ".join)
def test_each_golden_is_met(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output and status are those that `ipsec auto --showonly` of 4.10 gave."""
    monkeypatch.delenv("IPSEC_RUNDIR", raising=False)
    status = main(["--showonly", *arguments])
    assert [capsys.readouterr().out, status] == GOLDENS[" ".join(arguments)]


def test_several_names_are_shown_one_after_the_other() -> None:
    """Each name has its own commands, in the order given."""
    shown = show(Request("replace", "/s", ("a", "b")))
    assert [line.split()[-1] for line in shown.lines] == ["--delete", "a", "--delete", "b"]


def test_an_operation_the_script_never_had_is_not_shown() -> None:
    """There is no command of `ipsec auto` for it, and the status says so."""
    shown = show(Request("listgroups", "/s"))
    assert (shown.lines, shown.status) == ((), 2)
    assert shown.problem
    assert "--listgroups" in shown.problem
