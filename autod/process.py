"""What the system says of the process behind a control socket: who it is, whether it lives, its limits.

Owns: SO_PEERCRED, /proc/PID and the socket's file. Must not know: the protocol, trio, what pluto is asked.

pluto opens its control socket before it forks into the background (plutomain.c, 3.27 to 5.4), so the
process id of SO_PEERCRED is that of a parent long gone unless pluto runs with --nofork, as it does under
systemd. It is 0 where pluto lives in a process namespace that this one cannot see. All answers here are
None, or the harmless one, where /proc does not tell.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass

__all__ = [
    "Identity",
    "SocketFile",
    "descriptor_limit",
    "is_ending",
    "is_visible",
    "peer_pid",
    "socket_file",
    "start_time",
]

_CREDENTIALS = struct.Struct("3i")
_PF_EXITING = 0x4  # include/linux/sched.h: set before a dying process closes its sockets


@dataclass(frozen=True, slots=True)
class SocketFile:
    """The file of a socket. pluto makes a new one at each start, so another value means another pluto.

    A change of owner or mode changes it too, which costs the reader a second look and nothing else.
    """

    device: int
    inode: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Identity:
    """One running pluto: its process id (None where it cannot be known) and its socket's file."""

    pid: int | None
    file: SocketFile | None


def socket_file(path: str | bytes) -> SocketFile | None:
    """The socket's file at `path`, None where there is none or it may not be looked at."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return SocketFile(found.st_dev, found.st_ino, found.st_ctime_ns)


def peer_pid(sock: socket.socket) -> int | None:
    """The process that began to listen on the other end of `sock`, None where this system cannot name it."""
    pid: int = _CREDENTIALS.unpack(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size),
    )[0]
    return pid if pid > 0 else None


def is_visible(pid: int) -> bool:
    """Whether /proc shows the process `pid`, so that its absence later means its end."""
    return _stat(pid) is not None


def is_ending(pid: int) -> bool:
    """Whether the process `pid` is dead or dying. Ask only of one that was visible before.

    True from before the kernel closes the process's sockets, so who reads the end of a stream and then asks
    here learns for certain whether the stream ended because of that.
    """
    fields = _stat(pid)
    if fields is None:
        return True
    return fields[0] in ("Z", "X", "x") or bool(int(fields[6]) & _PF_EXITING)


def start_time(pid: int) -> int | None:
    """When the process `pid` started, in clock ticks since the system's start: with the id, its name for
    good."""
    fields = _stat(pid)
    return None if fields is None else int(fields[19])


def descriptor_limit(pid: int) -> int | None:
    """The soft RLIMIT_NOFILE of the process `pid`, None where it may not be read or there is none."""
    try:
        with open(f"/proc/{pid}/limits", encoding="ascii", errors="replace") as limits:
            for line in limits:
                if line.startswith("Max open files"):
                    soft = line.split()[3]
                    return int(soft) if soft.isdigit() else None
    except OSError:
        pass
    return None


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state (field 3 of proc(5)) on."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as stat:
            text = stat.read(4096)
    except OSError:
        return None
    fields = text.rpartition(b")")[2].decode("ascii", "replace").split()
    return fields if len(fields) >= 20 else None
