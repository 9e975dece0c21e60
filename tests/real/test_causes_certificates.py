"""What is wrong with a certificate or a key is told with its cause, by two real plutos."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.namespaces import command
from tests.real.plutos import Pluto, connection, gateways

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXTENSIONS = "subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n"


def _authority(folder: Path, name: str) -> None:
    command(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
    )


def _certificate(folder: Path, name: str, authority: str, *, alternative: str | None = None) -> None:
    """A key, a certificate for it and both in one PKCS#12 file without a password."""
    base = folder / name
    command(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", f"{base}.key", "-out", f"{base}.csr"),
    )
    (folder / f"{name}.ext").write_text(EXTENSIONS.format(name=alternative or name))
    command(
        *("openssl", "x509", "-req", "-in", f"{base}.csr", "-days", "30", "-extfile", f"{base}.ext"),
        *("-CA", str(folder / f"{authority}.pem"), "-CAkey", str(folder / f"{authority}.key")),
        *("-CAcreateserial", "-out", f"{base}.pem"),
    )
    command(
        *("openssl", "pkcs12", "-export", "-inkey", f"{base}.key", "-in", f"{base}.pem", "-name", name),
        *("-out", f"{base}.p12", "-passout", "pass:"),
    )


def _import(pluto: Pluto, folder: Path, *names: str) -> None:
    database = f"sql:{pluto.folder / 'nss'}"
    command("certutil", "-A", "-d", database, "-n", "ca", "-t", "CT,,", "-i", str(folder / "ca.pem"))
    for name in names:
        command("pk12util", "-i", str(folder / f"{name}.p12"), "-d", database, "-W", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, of which the gateways trust one."""
    made = tmp_path_factory.mktemp("pki")
    for authority in ("ca", "alien-ca"):
        _authority(made, authority)
    _certificate(made, "west", "ca")
    _certificate(made, "east", "ca")
    _certificate(made, "alien", "alien-ca")
    _certificate(made, "other", "ca", alternative="somebody.else")
    return made


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[Pluto, Pluto]]:
    """West has its certificate with the key, and one without; east has three to show."""
    with gateways() as (west, east):
        _import(west, folder, "west")
        _import(east, folder, "east", "alien", "other")
        database = f"sql:{west.folder / 'nss'}"
        command(
            "certutil", "-A", "-d", database, "-n", "keyless", "-t", ",,", "-i", str(folder / "other.pem")
        )
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
