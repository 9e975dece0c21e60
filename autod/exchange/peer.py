"""Which process listens at a control socket, and what the system says of it: whether it lives, its limits.

Owns: SO_PEERCRED, /proc/PID and the socket's file. `listener` is the only answer to the question. Must not know: the
protocol, trio, what pluto is asked.

Three things tell who listens, and none of them is enough:

* pluto's lock file names the process that stayed. The number means nothing in another process namespace, and may
  belong to somebody else by now.
* SO_PEERCRED of a connection names the process that opened the socket. pluto opens it before it forks into the
  background (plutomain.c, 3.27 to 5.4), so without --nofork that is a parent long gone. It is 0 where pluto lives
  in a process namespace that this one cannot see.
* The socket's file at a path is another one as soon as somebody binds there, or a link on the way is turned.

So a number counts only where /proc shows that this process holds a socket that listens, bound to this very file. Where
/proc shows nothing, the file and the names of the connection are all there is to know, and they are enough to
tell one pluto from the next. All answers here are None, or the harmless one, where the system does not tell.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import TypeAlias

import msgspec

__all__ = [
    "Listener",
    "Opener",
    "Seen",
    "SocketFile",
    "executable",
    "listener",
    "meet",
    "opener",
    "seen",
    "socket_file",
]

Seen: TypeAlias = "tuple[int, int, int, bytes, object]"
"""What a connection and the file of its socket tell: device, inode, time of change, SO_PEERCRED, name."""

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


class Opener(msgspec.Struct, frozen=True, gc=False):
    """What a connection tells of its other end: the process that opened the socket, and the name it bound it to.

    `pid` is None where this system cannot name the process, `name` is empty where the socket has none.
    """

    pid: int | None
    name: str


class Listener(msgspec.Struct, frozen=True, gc=False):
    """One running pluto, as far as this system can tell it from others.

    `pid` and `start` (clock ticks since the system's start) name its process for good; both are None unless /proc shows
    the process, so that its absence later means its end. `file` is the socket's file. `bound` is the name that the
    process bound the socket to, in its own folders, and `opener` the process that SO_PEERCRED names; None where
    they are not known yet.
    """

    pid: int | None = None
    file: SocketFile | None = None
    start: int | None = None
    bound: str | None = None
    opener: int | None = None

    @property
    def is_visible(self) -> bool:
        """Whether /proc shows the process."""
        return self.pid is not None

    def is_gone(self) -> bool:
        """Whether the process is dead or dying. False where /proc does not show it: nothing is known then.

        True from before the kernel closes the process's sockets, so who reads the end of a stream and then asks
        here learns for certain whether the stream ended because of that.
        """
        if self.pid is None:
            return False
        fields = _stat(self.pid)
        if fields is None or fields[0] in (b"Z", b"X", b"x") or int(fields[6]) & _PF_EXITING:
            return True
        return self.start is not None and int(fields[19]) != self.start

    def is_same(self, other: Listener) -> bool:
        """Whether both are the same life of one pluto: by the process where it shows, else by the socket's file."""
        if self.is_visible and other.is_visible:
            return (self.pid, self.start) == (other.pid, other.start)
        return self.file == other.file

    def descriptor_limit(self) -> int | None:
        """How many descriptors the process may have open (soft RLIMIT_NOFILE); None where that cannot be read or there
        is not a limit."""
        if self.pid is None:
            return None
        try:
            with open(f"/proc/{self.pid}/limits", encoding="ascii", errors="replace") as limits:
                for line in limits:
                    if line.startswith("Max open files"):
                        soft = line.split()[3]
                        return int(soft) if soft.isdigit() else None
        except OSError:
            pass
        return None

    def open_descriptors(self) -> int | None:
        """How many descriptors the process has open; None where that cannot be seen."""
        if self.pid is None:
            return None
        folder = f"/proc/{self.pid}/fd"
        try:
            # Linux 6.2 and later tell the count as the folder's size; before, it is 0.
            return os.stat(folder).st_size or len(os.listdir(folder))
        except OSError:
            return None

    def executable(self) -> str | None:
        """The path of its program, as `executable` says."""
        return None if self.pid is None else executable(self.pid)

    def handle(self) -> int | None:
        """A new descriptor that becomes readable when the process ends; None where it cannot be watched.

        It cannot where /proc is that of another process namespace: its numbers mean other processes here, or none.
        Raises ProcessLookupError where it has ended. The caller closes it.
        """
        if self.pid is None:
            return None
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            if self.is_gone():
                raise
            return None
        except OSError:
            return None
        if self.is_gone():  # the number may have been another process's already when it was opened
            os.close(handle)
            raise ProcessLookupError(f"process {self.pid} has ended")
        if _process_of(handle) != self.pid:
            os.close(handle)
            return None
        return handle


def listener(path: str | os.PathLike[str], answered: Opener | None = None) -> Listener:
    """Who listens at the socket `path`, as far as the system tells without a connection.

    `answered` is what a connection told, if there was one: a process whose socket has another name is then not
    taken, whatever the lock file says. Links in `path` are followed once, so that everything in the answer is of one
    socket, however often they are turned meanwhile.
    """
    path = os.path.realpath(path)
    file = socket_file(path)
    if file is None:
        return Listener()
    named = None if answered is None else answered.pid
    bound = answered.name if answered is not None else None
    for pid in dict.fromkeys((named, _pid_beside(path))):
        fields = None if pid is None else _stat(pid)
        if pid is None or fields is None:
            continue
        bound_to = _held(pid, os.path.basename(path), file)
        if bound_to is None:
            # Its descriptors may not be looked at. SO_PEERCRED is believed then, but not a number that was used again.
            if pid != named or _command(pid) != "pluto":
                continue
        elif not bound_to or (bound and bound != bound_to):
            continue
        return Listener(pid, file, int(fields[19]), _plain(bound_to or bound), named)
    return Listener(None, file, None, _plain(bound), named)


def opener(sock: socket.socket) -> Opener:
    """What the connected socket `sock` tells of its other end."""
    pid: int = _CREDENTIALS.unpack(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size),
    )[0]
    name = sock.getpeername()
    return Opener(pid if pid > 0 else None, name if isinstance(name, str) else os.fsdecode(name))


def seen(sock: socket.socket, path: str) -> Seen | None:
    """All that `meet` looks at, as the system tells it: where it is what it was, so is the answer. None without a
    file."""
    try:
        file = os.stat(path)
    except OSError:
        return None
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return file.st_dev, file.st_ino, file.st_ctime_ns, credentials, sock.getpeername()


def meet(sock: socket.socket, path: str | os.PathLike[str], known: Listener) -> Listener | None:
    """`known` with what the connection adds to it, or None where another one answers on it.

    `sock` was just connected by `path`. To be asked before each send: what is meant for `known` may shut another
    pluto down. One that was started anew at the same path has a new file; one behind a link that was turned has
    another process or another name.
    """
    if socket_file(path) != known.file:
        return None
    here = opener(sock)
    if known.bound and here.name and here.name != known.bound:
        return None
    if here.pid is None or here.pid == known.opener:
        return known
    if known.opener is not None:
        return None
    if known.pid is None:
        # Nothing was known but the file: the connection may name the process.
        answering = listener(path, here)
        return answering if answering.file == known.file else None
    if here.pid != known.pid and here.name in (_bound(here.pid) or ()):
        return None  # the process that opened it lives and listens, so it is not a parent that is gone
    # It is the process itself, or the parent that opened the socket and is gone.
    return Listener(known.pid, known.file, known.start, known.bound or _plain(here.name), here.pid)


def socket_file(path: str | os.PathLike[str]) -> SocketFile | None:
    """The socket's file at `path`, None where there is none or it may not be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return SocketFile(status.st_dev, status.st_ino, status.st_ctime_ns)


def executable(pid: int) -> str | None:
    """The path that the process `pid` was started from, as this process would open it, None where that is hidden.

    Of a program that was replaced on disk since, the path it had; `/proc/PID/exe` itself is still what runs.
    """
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return None


def _pid_beside(path: str) -> int | None:
    """The process that pluto's lock file names: pluto.pid beside pluto.ctl (3.27 to 5.4). None without one."""
    try:
        with open(os.path.splitext(path)[0] + ".pid", "rb") as lock:
            text = lock.read(32).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and 0 < int(text) < 1 << 31 else None


def _held(pid: int, name: str, file: SocketFile) -> str | None:
    """The name that the process `pid` bound its listening socket to, if that is `file`; empty if it holds none such.

    None where its descriptors may not be looked at. A name that leads nowhere from here is taken by its last part.
    """
    bounds = _bound(pid)
    if bounds is None:
        return None
    for bound in bounds:
        there = _seen_by(pid, bound)
        if there == file if there is not None else os.path.basename(bound) == name:
            return bound
    return ""


def _bound(pid: int) -> list[str] | None:
    """The names of the sockets on which the process `pid` listens; None where that may not be looked at."""
    descriptors = set()
    try:
        for entry in os.listdir(f"/proc/{pid}/fd"):
            # One that was closed in between is not a reason to give up on the others.
            with contextlib.suppress(FileNotFoundError):
                descriptors.add(os.readlink(f"/proc/{pid}/fd/{entry}"))
        with open(f"/proc/{pid}/net/unix", encoding="utf-8", errors="surrogateescape") as table:
            rows = [line.rstrip("\n").split(maxsplit=7) for line in table]
    except OSError:
        return None
    return [
        row[7]
        for row in rows[1:]
        if len(row) == 8 and int(row[3], 16) & _ACCEPTS and f"socket:[{row[6]}]" in descriptors
    ]


def _seen_by(pid: int, bound: str) -> SocketFile | None:
    """The file that the name `bound` leads to in the folders of the process `pid`."""
    if bound.startswith("/proc/"):
        return None  # means another file to each who reads it
    folder = f"/proc/{pid}/root" if bound.startswith("/") else f"/proc/{pid}/cwd/"
    return socket_file(folder + bound)


def _plain(bound: str | None) -> str | None:
    """A name that is the same in /proc/PID/net/unix and on a connection; the table bends what is not plain text."""
    return bound if bound and bound.isprintable() and not {" ", "@"} & set(bound) else None


def _process_of(handle: int) -> int | None:
    """The process that a pidfd is of, by the numbers of /proc."""
    try:
        with open(f"/proc/self/fdinfo/{handle}", encoding="ascii") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("Pid:")), None)
    except OSError:
        return None


def _command(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
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
