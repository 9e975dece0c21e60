"""Whose dialect of ipsec.conf the addconn of a build reads: a distributor's patches do not show in the version.

Owns: asking addconn whether it takes a keyword that only builds of a dialect have. Nothing is sent to pluto, and no
file of the machine is read. Must not know: what a dialect is otherwise (autod.protocol.connection).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from autod.identify.programs import open_program
from autod.protocol import releases
from autod.protocol.errors import UnknownRelease

if TYPE_CHECKING:
    from autod.protocol.releases import Release

__all__ = ["dialect_of", "read_in"]

_KEYWORDS = {"el8": "ike_frag"}
"""For each dialect a keyword that upstream's builds of its releases refuse the file for."""

_DEADLINE = 5.0
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def dialect_of(text: str, addconn: str | None) -> str:
    """The dialect of the `addconn` of the release that calls itself `text`, "" where it has none, or nobody can tell.

    Runs it (4 ms) only where there are dialects of that release. Blocks.
    """
    from autod.protocol.connection.rules import dialects  # most commands read no ipsec.conf

    try:
        known = dialects(releases.find(text))
    except UnknownRelease:
        return ""
    return next((one for one in known if addconn is not None and _takes(addconn, _KEYWORDS[one])), "")


def read_in(release: Release, dialect: str) -> Release:
    """`release`, read as somebody says: in that `dialect`, by "upstream"'s rules, or ("") as it was found out."""
    return release.built(dialect="" if dialect == "upstream" else dialect) if dialect else release


def _takes(addconn: str, keyword: str) -> bool:
    import subprocess

    handle = os.memfd_create("ipsec.conf", os.MFD_CLOEXEC)
    try:
        os.write(handle, f"conn dialect\n\t{keyword}=yes\n".encode())
        with open_program(addconn) as program:
            done = program.run_blocking(
                "--checkconfig",
                "--config",
                f"/proc/{os.getpid()}/fd/{handle}",
                "--ctlsocket",
                "/nonexistent",
                env=_ENVIRONMENT,
                cwd="/",
                timeout=_DEADLINE,
            )
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        os.close(handle)
    return done.returncode == 0
