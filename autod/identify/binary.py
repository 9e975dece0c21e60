"""What a program of Libreswan's says of itself: its version, and how it was built.

Owns: `--version`, of the pluto that runs and of any other program. Must not know: the control socket, which releases
are covered.

The program behind /proc/PID/exe is the one that runs, also after an upgrade replaced the file on disk, and also
where pluto lives in a chroot (it then runs with this system's libraries, or fails, which is not an answer).
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

import msgspec

from autod.exchange.peer import executable
from autod.identify.dialect import dialect_of
from autod.identify.programs import find_programs, open_program
from autod.protocol import releases
from autod.protocol.errors import UnknownRelease

if TYPE_CHECKING:
    from autod.identify.programs import Program

__all__ = [
    "Version",
    "parse_version",
    "version_beside",
    "version_of",
    "version_of_blocking",
    "version_of_process",
    "version_of_process_blocking",
    "with_build",
]

DEADLINE = 5.0
"""Seconds for `pluto --version`, which takes 0.04 s on 4.10 (measured)."""

_VERSION = re.compile(r"\bLibreswan (\S+)(.*)")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class Version(msgspec.Struct, frozen=True):
    """The version as a program prints it ("4.10", "5.2-1.el10"), and, for a pluto, how it was built.

    `seccomp`, `labeled`: with USE_SECCOMP, with labeled IPsec. `fetching`: with curl or LDAP, to fetch certificates.
    `dialect`: as the addconn beside it showed (identify.dialect). `like`: the release that this build equals, as was
    seen from its own programs, where its version does not say it (identify.likeness).
    """

    text: str
    seccomp: bool
    labeled: bool
    fetching: bool
    dialect: str = ""
    like: str = ""


def parse_version(output: str) -> Version | None:
    """What `--version` printed: "Libreswan 4.10 IKEv2 ... LABELED_IPSEC (SELINUX) ..." (3.27 to 5.4).

    CURL(non-NSS) and LDAP(non-NSS) are what pluto prints of what it fetches certificates with (plutomain.c).
    """
    for line in output.splitlines():
        match = _VERSION.search(line)
        if match:
            words = match[2].split()
            return Version(
                match[1],
                "SECCOMP" in words,
                "LABELED_IPSEC" in words,
                any(word.startswith(("CURL", "LDAP")) for word in words),
            )
    return None


async def version_of_process(pid: int) -> Version | None:
    """Ask the program that runs as `pid`, None where it is not pluto, not to be trusted, or does not tell.

    Runs nothing but a program called pluto that root or this user owns and nobody else can write to. Cancelled:
    the program is killed.
    """
    import trio

    try:
        with _running(pid) as program:
            version = await version_of(program) if _is_pluto(program) else None
            if version is None:
                return None
            return await trio.to_thread.run_sync(with_build, version, program, pid)
    except OSError:
        return None


def version_of_process_blocking(pid: int) -> Version | None:
    """The same for a thread."""
    try:
        with _running(pid) as program:
            version = version_of_blocking(program) if _is_pluto(program) else None
            return None if version is None else with_build(version, program, pid)
    except OSError:
        return None


def _running(pid: int) -> contextlib.AbstractContextManager[Program]:
    return open_program(f"/proc/{pid}/exe", name=executable(pid) or "pluto")


def with_build(version: Version, program: Program, pid: int | None = None) -> Version:
    """`version` of `program`, with what does not show in it: the dialect of the addconn beside the pluto that runs as
    `pid`, or of the one installed, and what was learned of a version that is no release. Blocks."""
    try:
        releases.find(version.text)
    except UnknownRelease:
        from autod.identify.likeness import Binary, like  # a known pluto is not looked at

        return msgspec.structs.replace(version, like=like(Binary.of(program, version.text)))
    dialect = dialect_of(version.text, find_programs(pid).addconn)
    return msgspec.structs.replace(version, dialect=dialect) if dialect else version


def _is_pluto(program: Program) -> bool:
    name = os.readlink(f"/proc/self/fd/{program.path.rpartition('/')[2]}")
    return os.path.basename(name.removesuffix(" (deleted)")) == "pluto"


async def version_beside(program: str) -> Version | None:
    """The version of `program`, which cannot tell it itself (addconn, 3.27 to 5.4): the whack in its folder is asked,
    or else the pluto. None where neither can be trusted, or tells. Cancelled: the program that was asked is killed.
    """
    for name in ("whack", "pluto"):
        with contextlib.suppress(OSError):
            with open_program(os.path.join(os.path.dirname(program), name)) as neighbour:
                version = await version_of(neighbour)
            if version is not None:
                return version
    return None


async def version_of(program: Program) -> Version | None:
    """What `--version` of `program` says; None where it says nothing of the kind, or is not done within DEADLINE.

    OSError where it cannot be run. Cancelled: the program is killed.
    """
    import trio  # a command that asks for one thing does without

    with trio.move_on_after(DEADLINE):
        completed = await program.run("--version", env=_ENVIRONMENT, cwd="/")
        return parse_version((completed.stdout + b"\n" + completed.stderr).decode("utf-8", "replace"))
    return None


def version_of_blocking(program: Program) -> Version | None:
    """The same for a thread."""
    import subprocess  # where pluto is known already, nothing is run

    try:
        completed = program.run_blocking("--version", env=_ENVIRONMENT, cwd="/", timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        return None
    return parse_version((completed.stdout + b"\n" + completed.stderr).decode("utf-8", "replace"))
