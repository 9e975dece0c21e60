"""The rights of a client of the local API, by its user and groups as the kernel tells them for a Unix socket.

Owns the three rights and how they follow from user and groups. Only the kernel is asked: its answer is that of the time
of connecting, and takes no name service.
"""

from __future__ import annotations

import enum
import grp
import os
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Access", "Peer", "Right", "peer_of"]

_PEERGROUPS = 59
"""SO_PEERGROUPS of Linux (4.13 and later), which Python's socket module does not name."""


class Right(enum.IntEnum):
    """The rights of a client; each includes those before it."""

    NOTHING = 0
    LOOK = 1
    CHANGE = 2


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end, at the time of connecting."""

    pid: int
    uid: int
    groups: frozenset[int]


@dataclass(frozen=True, slots=True)
class Access:
    """The numbers of the groups that may look, and of those that may change. root and `own`, the service's user, may do
    both."""

    look: frozenset[int] = frozenset()
    change: frozenset[int] = frozenset()
    own: int = 0

    @classmethod
    def of_groups(cls, look: Iterable[str], change: Iterable[str]) -> tuple[Access, list[str]]:
        """The access for groups by name, and the names of those that do not exist (and so give nobody a right)."""
        unknown: list[str] = []

        def numbers(names: Iterable[str]) -> frozenset[int]:
            group_ids = set()
            for name in names:
                try:
                    group_ids.add(grp.getgrnam(name).gr_gid)
                except KeyError:
                    unknown.append(name)
            return frozenset(group_ids)

        return cls(numbers(look), numbers(change), os.geteuid()), unknown

    def right(self, peer: Peer) -> Right:
        """The right of `peer`."""
        if peer.uid in (0, self.own) or peer.groups & self.change:
            return Right.CHANGE
        return Right.LOOK if peer.groups & self.look else Right.NOTHING


class _Socket(Protocol):
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


def peer_of(sock: _Socket) -> Peer:
    """The process at the other end of the connected Unix socket `sock`. Raises OSError."""
    pid, uid, gid = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    size = 64
    while True:
        try:
            raw = sock.getsockopt(socket.SOL_SOCKET, _PEERGROUPS, size * 4)
        except OSError as problem:
            # ERANGE: a user in very many groups (NGROUPS_MAX is 65536).
            if problem.errno != 34 or size >= 65536:
                raise
            size *= 8
            continue
        groups = struct.unpack(f"{len(raw) // 4}I", raw)
        return Peer(pid, uid, frozenset((gid, *groups)))
