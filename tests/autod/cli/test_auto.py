"""The program `auto` on releases that never had an `ipsec auto`: codes as scripts know them."""

from __future__ import annotations

import pytest

from autod.cli.auto import main
from autod.testing import FakePluto


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_the_lines_of_a_status_begin_with_000(release: str, capfd: pytest.CaptureFixture[str]) -> None:
    """`ipsec auto --status | grep -c ^000`, whatever code that pluto gives them."""
    with FakePluto(release, connections=["a"]) as pluto:
        assert main(["--ctlsocket", pluto.path, "--status"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("000 ") for line in lines)
