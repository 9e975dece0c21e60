"""What is wrong with a certificate or a key is told with its cause, by two real plutos."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.certificates import authority, certificate, give, give_without_key
from tests.real.plutos import Pluto, connection, gateways

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, of which the gateways trust one."""
    made = tmp_path_factory.mktemp("pki")
    for one in ("ca", "alien-ca"):
        authority(made, one)
    certificate(made, "west", "ca")
    certificate(made, "east", "ca")
    certificate(made, "alien", "alien-ca")
    certificate(made, "other", "ca", alternative="somebody.else")
    return made


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[Pluto, Pluto]]:
    """West has its certificate with the key, and one without; east has three to show."""
    with gateways() as (west, east):
        give(west, folder, "west")
        give(east, folder, "east", "alien", "other")
        give_without_key(west, folder, "other", "keyless")
        for pluto in (west, east):
            pluto.restart()
        yield west, east


CASES = {
    "alien": ("west", "alien", "certificate_issuer", "here"),
    "other": ("west", "other", "certificate_name", "both"),
    "keyless": ("keyless", "east", "private_key_missing", "here"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_told(case: str, pair: tuple[Pluto, Pluto]) -> None:
    """What we find in the peer's certificate, and what we lack ourselves; the end to mend it is named."""
    west, east = pair
    mine, theirs, cause, place = CASES[case]
    both = {
        "authby": "rsasig",
        "rightid": "@east",
        "leftsendcert": "always",
        "rightsendcert": "always",
        "rightca": "%same",
        "retransmit_timeout": "3s",
        "keyingtries": "1",
    }
    west.load(connection(case, **both, leftcert=mine, rightrsasigkey="%cert"))
    east.load(connection(case, **both, rightcert=theirs, leftrsasigkey="%cert"))
    outcome = _autod(west, "--up", case, "--timeout", "10s")[-1]
    assert (outcome["result"], outcome["cause"]) == ("authentication_failed", cause), outcome["sentence"]
    assert outcome["found_by"] == "us"
    assert not outcome["retryable"]
    _autod(west, "--down", case)
    (explained,) = _autod(west, "explain", case, "--config", str(west.conf), "--try", "--timeout", "10s")
    assert (explained["cause"], explained["where"]) == (cause, place)
    for pluto in (west, east):
        _autod(pluto, "--delete", case)


def _autod(pluto: Pluto, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "autod", *arguments, "--ctlsocket", str(pluto.socket), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
