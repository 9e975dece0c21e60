"""What the system says of the process behind a control socket: who it is, whether it lives, its limits.

Owns: SO_PEERCRED, /proc/PID and the socket's file. Must not know: the protocol, trio, what pluto is asked.

pluto opens its control socket before it forks into the background (plutomain.c, 3.27 to 5.4), so the
process id of SO_PEERCRED is that of a parent long gone unless pluto runs with --nofork, as it does under
systemd. It is 0 where pluto lives in a process namespace that this one cannot see. All answers here are
None, or the harmless one, where /proc does not tell.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct

import msgspec

__all__ = [
    "Identity",
    "SocketFile",
    "descriptor_limit",
    "executable",
    "is_ending",
    "is_visible",
    "listens_at",
    "peer_pid",
    "pid_beside",
    "socket_file",
    "start_time",
]

_CREDENTIALS = struct.Struct("3i")
_ACCEPTS = 0x10000  # net/unix: a listening socket
_PF_EXITING = 0x4  # include/linux/sched.h: set before a dying process closes its sockets


class SocketFile(msgspec.Struct, frozen=True, gc=False):
    """The file of a socket. A process that binds makes a new one, so the same value means the same pluto.

    A change of owner or mode changes it too, which costs the reader a second look and nothing else.
    """

    device: int
    inode: int
    changed_ns: int


class Identity(msgspec.Struct, frozen=True, gc=False):
    """One running pluto: its process id (None where it cannot be known) and its socket's file."""

    pid: int | None
    file: SocketFile | None


def socket_file(path: str | os.PathLike[str]) -> SocketFile | None:
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
    return fields[0] in (b"Z", b"X", b"x") or bool(int(fields[6]) & _PF_EXITING)


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


def pid_beside(path: str | os.PathLike[str]) -> int | None:
    """The process that pluto's lock file names: pluto.pid beside pluto.ctl (3.27 to 5.4). None without one."""
    try:
        with open(os.path.splitext(path)[0] + ".pid", "rb") as lock:
            text = lock.read(32).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and 0 < int(text) < 1 << 31 else None


def listens_at(pid: int, path: str | os.PathLike[str]) -> bool:
    """Whether the process `pid` holds a listening Unix socket of the file name of `path`.

    Only the last part of the path is compared: in a chroot pluto knows its socket by another folder. False where
    its descriptors may not be looked at.
    """
    held = set()
    try:
        for entry in os.listdir(f"/proc/{pid}/fd"):
            # One that was closed in between is no reason to give up on the others.
            with contextlib.suppress(FileNotFoundError):
                held.add(os.readlink(f"/proc/{pid}/fd/{entry}"))
        with open(f"/proc/{pid}/net/unix", encoding="utf-8", errors="surrogateescape") as table:
            rows = [line.split(maxsplit=7) for line in table]
    except OSError:
        return False
    name = os.path.basename(path)
    return any(
        int(row[3], 16) & _ACCEPTS
        and f"socket:[{row[6]}]" in held
        and os.path.basename(row[7].rstrip()) == name
        for row in rows[1:]
        if len(row) == 8
    )


def executable(pid: int) -> str | None:
    """The path that the process `pid` was started from, as its own system sees it, None where that is hidden.

    Of a program that was replaced on disk since, the path it had; `/proc/PID/exe` itself is still what runs.
    """
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return None


def _stat(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat from the state (field 3 of proc(5)) on."""
    try:
        handle = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(handle, 4096)
    except OSError:
        return None
    finally:
        os.close(handle)
    fields = text.rpartition(b")")[2].split()
    return fields if len(fields) >= 20 else None
