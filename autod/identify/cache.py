"""Remembers on disk which release a running pluto is, so that the next command need not ask.

Owns: the cache file. Must not know: how a release is found out, or what a release means.

The key is the socket's file: a process that binds makes a new one, so an entry is right for as long as it can be
found. A file that is not this user's own, or that others may write to, is not read.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from typing import TYPE_CHECKING

import msgspec

from autod.exchange.descriptors import runtime_folder

if TYPE_CHECKING:
    from pathlib import Path

    from autod.exchange.peer import SocketFile

__all__ = ["Entry", "Known", "default_folder", "usual"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one pluto. `pid` and `start` (clock ticks since boot) where /proc told them; `bound` is
    the name it gave its socket. The process that opened the socket has other numbers in other process namespaces, which
    may share this folder, so it is not kept."""

    device: int
    inode: int
    changed_ns: int
    text: str
    seccomp: bool | None = None
    labeled: bool | None = None
    fetching: bool | None = None
    dialect: str = ""
    like: str = ""
    pid: int | None = None
    start: int | None = None
    bound: str | None = None


class Known:
    """The entries in `folder`, one file a control socket, mode 0600 in a folder of mode 0700."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder: str = os.fspath(folder)

    def recall(self, path: str, file: SocketFile) -> Entry | None:
        """What is known about the pluto that made the socket `path`, whose file is `file` now."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(self._place(path), flags)
            try:
                status = os.fstat(handle)
                mine = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
                if not mine or not stat.S_ISREG(status.st_mode):
                    return None
                entry = msgspec.json.decode(os.read(handle, 4096), type=Entry)
            finally:
                os.close(handle)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        same = (entry.device, entry.inode, entry.changed_ns) == (file.device, file.inode, file.changed_ns)
        return entry if same else None

    def remember(self, path: str, entry: Entry) -> None:
        """Keep `entry`. A folder that cannot be written costs the next command a second look, nothing more."""
        place = self._place(path)
        draft = f"{place}.{os.getpid()}"
        with contextlib.suppress(OSError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(draft, flags, 0o600), "wb") as entry_file:
                entry_file.write(msgspec.json.encode(entry))
            os.replace(draft, place)

    def _place(self, path: str) -> str:
        name = f"release-{zlib.crc32(os.fsencode(os.path.abspath(path))):08x}"
        return os.path.join(self._folder, name)


def default_folder() -> Path | None:
    """The folder that commands of this user share: /run/autod for root, else autod in XDG_RUNTIME_DIR, else none."""
    from pathlib import Path  # 3 ms, which a command need not wait for

    folder = runtime_folder()
    return None if folder is None else Path(folder)


def usual() -> Known | None:
    """The entries that the commands of this user share; None if this user has no folder for them."""
    folder = runtime_folder()
    return None if folder is None else Known(folder)
