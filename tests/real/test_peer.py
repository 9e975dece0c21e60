"""`--check --peer` held against two real plutos 4.10: what it says does not fit does not come up, and the other way.

Where the kernel has no ESP, what fits comes as far as that: the ends agree, and the kernel refuses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from tests.real.plutos import connection, gateways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto

BASE = {
    "auto": "add",
    "leftsubnet": "10.1.0.0/24",
    "rightsubnet": "10.2.0.0/24",
    "ike": "aes256-sha2_256-modp2048",
    "esp": "aes256-sha2_256",
}

EDITS: dict[str, dict[str, str]] = {
    "nothing": {},
    "lifetime": {"ikelifetime": "1h", "salifetime": "30m"},
    "several proposals": {"ike": "aes128-sha2_256-modp2048,aes256-sha2_256-modp2048", "esp": ""},
    "compress": {"compress": "yes"},
    "dpd": {"dpddelay": "5s", "dpdtimeout": "30s"},
    "identity": {"leftid": "@wets"},
    "own identity": {"rightid": "@oest"},
    "no identity": {"leftid": ""},
    "network": {"leftsubnet": "10.1.0.0/16"},
    "no network": {"rightsubnet": ""},
    "protocol": {"leftprotoport": "tcp/80"},
    "ike": {"ike": "aes128-sha2_256-modp2048"},
    "ike hash": {"ike": "aes256-sha2_512-modp2048"},
    "ike group": {"ike": "aes256-sha2_256-dh19"},
    "esp": {"esp": "aes_gcm256"},
    "authentication": {"authby": "null"},
    "ah": {"phase2": "ah", "esp": ""},
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Pluto, Pluto]]:
    with gateways() as pair:
        yield pair


@pytest.mark.parametrize("edit", EDITS)
def test_what_fits_comes_up_and_nothing_else(
    pair: tuple[Pluto, Pluto], edit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    west, east = pair
    west.load(connection("a", **BASE))
    east.load(connection("a", **{**BASE, **EDITS[edit]}))
    files = ("--config", str(west.conf), "--peer", str(east.conf))
    status = main(("--check", "--json", "--release", "4.10", *files))
    (found,) = json.loads(capsys.readouterr().out)["peer"]["connections"]
    assert found["fits"] is (status == 0)
    begin = len(west.text()), len(east.text())
    up = main(("--up", "a", "--timeout", "3", "--ctlsocket", str(west.socket)))
    said = capsys.readouterr()
    agreed = "netlink response for Add SA" in east.text()[begin[1] :]
    agreed &= "initiator established IKE SA" in west.text()[begin[0] :]
    for one in pair:
        one.whack("--name", "a", "--delete")
    assert (up == 0 or agreed) is found["fits"], (found, said)


@pytest.mark.parametrize("words", [("--add", "a"), ("--replace", "a"), ("--add", "a", "b")], ids=" ".join)
def test_a_tunnel_that_goes_down_is_said_before(
    pair: tuple[Pluto, Pluto],
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of what is up only. Where the kernel has no ESP nothing is; so what is asked is answered here, as long as pluto
    has it."""
    west, _ = pair
    west.load(connection("a", **BASE), connection("b", **BASE))
    command = (*words, "--ctlsocket", str(west.socket), "--config", str(west.conf))
    assert main(command) == 0
    assert "takes it down" not in capsys.readouterr().err

    def up(_: object) -> frozenset[str]:
        return frozenset({"a", "c"} if '"a":' in west.whack("--status").stdout else ())

    monkeypatch.setattr("autod.status.polling.established", up)
    assert main(command) == 0
    assert '"a" is up; loading again takes it down' in capsys.readouterr().err
    for name in "ab":
        west.whack("--name", name, "--delete")
