"""Where pluto's companions are: the whack and the addconn of the release that runs, or that is installed.

Owns: the folders. Must not know: what the programs are used for, or what they say.

They are looked for beside the pluto that runs, so that a second installation, or another system's in a
chroot, has its own; else in IPSEC_EXECDIR, which the `ipsec` script exports, and in the folders of the
distributions.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autod.exchange.peer import executable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FOLDERS", "Programs", "find_programs"]

FOLDERS = ("/usr/libexec/ipsec", "/usr/local/libexec/ipsec", "/usr/lib/ipsec", "/usr/lib64/ipsec")
"""Where Libreswan's programs are: by its own default prefixes (3.27 to 5.4), and on distributions without
libexec."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths as this process can open them; None for what is not there. `root` is pluto's root folder."""

    pluto: str | None
    whack: str | None
    addconn: str | None
    root: str = "/"


def find_programs(pid: int | None = None) -> Programs:
    """The programs beside the pluto that runs as `pid`, or of the first folder that has any of them."""
    if pid is not None:
        name = executable(pid)
        if name is not None and os.path.basename(name) == "pluto":
            root = _root(pid)
            found = _in(root.rstrip("/") + os.path.dirname(name), root)
            if found.whack or found.addconn:
                return found
    for folder in _folders():
        found = _in(folder, "/")
        if found.pluto or found.whack or found.addconn:
            return found
    return Programs(None, None, None)


def _folders() -> Iterator[str]:
    if configured := os.environ.get("IPSEC_EXECDIR"):
        yield configured
    yield from FOLDERS


def _root(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/root")
    except OSError:
        return "/"


def _in(folder: str, root: str) -> Programs:
    def program(name: str) -> str | None:
        path = os.path.join(folder, name)
        return path if os.access(path, os.X_OK) and _trusted(path) else None

    return Programs(program("pluto"), program("whack"), program("addconn"), root)


def _trusted(path: str) -> bool:
    """A plain file of root's or of this user's, which nobody else can write to."""
    found = os.stat(path)
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid in (0, os.geteuid())
        and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
