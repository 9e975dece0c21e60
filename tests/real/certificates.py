"""Certificates for real plutos: authorities, certificates with a name and an end, and how a pluto gets them.

Made by openssl, kept in NSS databases by the pluto's own certutil and pk12util. Knows nothing of autod.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.real.namespaces import command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.plutos import Pluto

__all__ = ["authority", "certificate", "give", "give_without_key", "wait_past"]

_EXTENSIONS = "subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n"
_CONFIGURATION = (
    "[ca]\ndefault_ca=it\n[it]\nnew_certs_dir={folder}\ndatabase={folder}/index\nrand_serial=yes\n"
    "default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n"
)


def authority(folder: Path, name: str) -> None:
    """NAME.key and NAME.pem."""
    command(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
    )


def certificate(
    folder: Path, name: str, signed_by: str, *, alternative: str | None = None, until: float | None = None
) -> None:
    """A key, a certificate for it (NAME.pem) and both in NAME.p12 without a password.

    `alternative` is the name in it, if it is not NAME; `until` its end (UNIX seconds), if it is not in 30 days.
    """
    base = folder / name
    command(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", f"{base}.key", "-out", f"{base}.csr"),
    )
    (folder / f"{name}.ext").write_text(_EXTENSIONS.format(name=alternative or name))
    (folder / "ca.cnf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "index").touch()
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(until or time.time() + 30 * 86400))
    command(
        *("openssl", "ca", "-batch", "-notext", "-config", str(folder / "ca.cnf"), "-in", f"{base}.csr"),
        *("-cert", str(folder / f"{signed_by}.pem"), "-keyfile", str(folder / f"{signed_by}.key")),
        *("-startdate", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 86400)), "-enddate", end),
        *("-extfile", f"{base}.ext", "-out", f"{base}.pem"),
    )
    command(
        *("openssl", "pkcs12", "-export", "-inkey", f"{base}.key", "-in", f"{base}.pem", "-name", name),
        *("-out", f"{base}.p12", "-passout", "pass:"),
    )


def give(pluto: Pluto, folder: Path, *names: str, trusted: str = "ca") -> None:
    """Put certificates with their keys into a pluto's database, which trusts `trusted`."""
    _add(pluto, folder, trusted, "CT,,")
    for name in names:
        copy = pluto.folder / f"{name}.p12"
        copy.write_bytes((folder / f"{name}.p12").read_bytes())
        _tool(pluto, "pk12util", "-i", pluto.path(copy), "-W", "")


def give_without_key(pluto: Pluto, folder: Path, name: str, nickname: str) -> None:
    """Put the certificate alone into a pluto's database, as `nickname`."""
    _add(pluto, folder, name, ",,", nickname)


def wait_past(until: float) -> None:
    """Wait until a certificate has ended for certain."""
    time.sleep(max(0.0, until + 2 - time.time()))


def _add(pluto: Pluto, folder: Path, name: str, trust: str, nickname: str | None = None) -> None:
    copy = pluto.folder / f"{name}.pem"
    copy.write_bytes((folder / f"{name}.pem").read_bytes())
    _tool(pluto, "certutil", "-A", "-n", nickname or name, "-t", trust, "-i", pluto.path(copy))


def _tool(pluto: Pluto, program: str, *arguments: str) -> None:
    database = f"sql:{pluto.path(pluto.folder / 'nss')}"
    command(*pluto.inside(program, *arguments, "-d", database))
