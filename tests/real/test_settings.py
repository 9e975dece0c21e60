"""`--set`: a connection that stands in no file, against a real pluto 4.10."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.config import include
from tests.real.plutos import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto

SETTINGS = (
    *("--set", "left=192.1.2.45", "--set", "right=192.1.2.60", "--set", "authby=secret"),
    *("--set", "rightid=C=DE, O=A b, CN=peer", "--set", "leftsubnets={10.1.0.0/24 10.2.0.0/24}"),
    *("--set", "rightsubnet=10.3.0.0/24"),
)


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    with gateway(label="settings") as one:
        yield one


@pytest.fixture(autouse=True)
def _own_input() -> Iterator[None]:
    yield
    include._instead.clear()
    include.standard_input.cache_clear()


@pytest.mark.parametrize("way", [(), ("--via-addconn",)], ids=["natively", "addconn"])
def test_settings_are_loaded_as_a_file_is(
    pluto: Pluto, way: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("--add", "a", *SETTINGS, *way, "--ctlsocket", str(pluto.socket))) == 0, capsys.readouterr()
    shown = pluto.whack("--status").stdout
    assert '"a/1x0": 10.1.0.0/24===192.1.2.45' in shown
    assert '"a/2x0": 10.2.0.0/24===192.1.2.45' in shown
    assert "C=DE, O=A b, CN=peer" in shown
    for name in ("a/1x0", "a/2x0"):
        pluto.whack("--name", name, "--delete")


def test_what_is_wrong_is_said_and_nothing_sent(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    socket = ("--ctlsocket", str(pluto.socket))
    assert main(("--check", "a", *SETTINGS, "--set", "lefft=1", *socket)) == 3
    assert "lefft" in capsys.readouterr().out
    include._instead.clear()
    include.standard_input.cache_clear()
    assert main(("--add", "a", "--set", "leftid=x\n\tauto=start", *socket)) != 0
    assert main(("--add", "a", "b", *SETTINGS, *socket)) == 2
    assert main(("--add", "a", *SETTINGS, "--config", "/etc/ipsec.conf", *socket)) == 2
    assert '"a' not in pluto.whack("--status").stdout
