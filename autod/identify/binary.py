"""What pluto's own program says of itself: its version, and how it was built.

Owns: running `/proc/PID/exe --version`. Must not know: the control socket, which releases are covered.

The program behind /proc/PID/exe is the one that runs, also after an upgrade replaced the file on disk, and also
where pluto lives in a chroot (it then runs with this system's libraries, or fails, which is no answer).
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from dataclasses import dataclass

import trio

from autod.exchange.peer import executable

__all__ = ["Version", "parse_version", "version_of_process"]

DEADLINE = 5.0
"""Seconds for `pluto --version`, which takes 0.04 s on 4.10 (measured)."""

_VERSION = re.compile(r"Libreswan (\S+)(.*)")


@dataclass(frozen=True, slots=True)
class Version:
    """The version as pluto prints it ("4.10", "5.2-1.el10"), and whether two options were built in."""

    text: str
    seccomp: bool
    labeled: bool


def parse_version(output: str) -> Version | None:
    """What `pluto --version` printed: "Libreswan 4.10 IKEv2 ... LABELED_IPSEC (SELINUX) ..." (3.27 to 5.4)."""
    for line in output.splitlines():
        found = _VERSION.match(line)
        if found:
            words = found[2].split()
            return Version(found[1], "SECCOMP" in words, "LABELED_IPSEC" in words)
    return None


async def version_of_process(pid: int) -> Version | None:
    """Ask the program that runs as `pid`, None where it is not pluto, not to be trusted, or does not tell.

    Runs nothing but a program called pluto that root or this user owns and nobody else can write to. Cancelled:
    the program is killed.
    """
    path = f"/proc/{pid}/exe"
    name = executable(pid)
    if name is None or os.path.basename(name) != "pluto" or not _trusted(path):
        return None
    with trio.move_on_after(DEADLINE):
        try:
            done = await trio.run_process(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                capture_stdout=True,
                stderr=subprocess.DEVNULL,
                check=False,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
                cwd="/",
            )
        except OSError:
            return None
        if done.returncode == 0:
            return parse_version(done.stdout.decode("utf-8", "replace"))
    return None


def _trusted(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
