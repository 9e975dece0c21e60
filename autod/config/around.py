"""This machine, for a comparison of a configuration with a pluto: its routes and names, and whether they are pluto's.

Owns: asking the resolver for every address of a name, and whether a process lives in this network. Must not know:
connections. Asking a resolver may take seconds: compare in a thread.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

from autod.config.routes import System

if TYPE_CHECKING:
    from autod.protocol.connection.lookup import Lookup

__all__ = ["Machine", "same_network"]

_AF: Final = {4: socket.AF_INET, 6: socket.AF_INET6}


def same_network(pid: int | None) -> bool:
    """Whether the process is in this process's network namespace; False if that is not known."""
    if pid is None:
        return False
    try:
        mine, theirs = os.stat("/proc/self/ns/net"), os.stat(f"/proc/{pid}/ns/net")
    except OSError:
        return False
    return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)


class Machine:
    """See `autod.config.ends.Around`. `pid` is pluto's process, None if it is not known."""

    def __init__(self, pid: int | None) -> None:
        self.lookup: Lookup = System()
        self.here = same_network(pid)
        self._known: dict[tuple[str, int], frozenset[str]] = {}

    def addresses(self, name: str, version: int) -> frozenset[str]:
        key = (name, version)
        if key not in self._known:
            try:
                infos = socket.getaddrinfo(name, None, _AF[version], socket.SOCK_DGRAM)
            except (OSError, ValueError):
                infos = []
            self._known[key] = frozenset(str(info[4][0]).partition("%")[0] for info in infos)
        return self._known[key]
