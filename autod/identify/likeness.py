"""Which release a build equals whose version does not say it, as `autod learn` saw from its own programs.

Owns: the file that keeps this for exactly one binary. Must not know: how it was seen (autod.learn).

The folder is $XDG_CACHE_HOME/autod, or ~/.cache/autod, and /var/cache/autod for root. A file that somebody else may
write is not read: by it is decided what goes to pluto.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from autod.identify.programs import Program

__all__ = ["Binary", "cache_folder", "is_ours", "keep", "like"]


class Binary(msgspec.Struct, frozen=True):
    """A program for which something was learned: pluto's, and the version it says it is."""

    path: str
    size: int
    mtime_ns: int
    version: str

    @classmethod
    def of(cls, program: Program, version: str) -> Binary:
        """The binary that `program` is, by its name and what the system says of the open file."""
        return cls(program.name, program.found.st_size, program.found.st_mtime_ns, version)

    def file(self, what: str, folder: Path) -> Path:
        """Where `what` is kept about it."""
        import hashlib  # only where the version does not tell the release

        words = "\0".join((self.path, str(self.size), str(self.mtime_ns), self.version))
        digest = hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()
        return folder / f"{what}-{digest[:32]}.json"


class _File(msgspec.Struct, frozen=True):
    release: str
    size: int
    mtime_ns: int
    version: str


def cache_folder() -> Path:
    """The folder for this user."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        return Path(configured) / "autod"
    return Path("/var/cache/autod") if os.geteuid() == 0 else Path.home() / ".cache" / "autod"


def is_ours(status: os.stat_result) -> bool:
    """Whether nobody but root and this user may write it."""
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def keep(binary: Binary, release: str, folder: Path | None = None) -> None:
    """Keep that `binary` sends and reads the messages of `release`; "" takes it back. OSError as it comes."""
    folder = cache_folder() if folder is None else folder
    path = binary.file("like", folder)
    if not release:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(_File(release, binary.size, binary.mtime_ns, binary.version)))
    temporary.replace(path)


def like(binary: Binary, folder: Path | None = None) -> str:
    """The release that `binary` equals, "" where that was not seen, or others may write what says so."""
    folder = cache_folder() if folder is None else folder
    with contextlib.suppress(OSError, msgspec.DecodeError), binary.file("like", folder).open("rb") as stream:
        if is_ours(os.fstat(stream.fileno())) and is_ours(folder.stat()):
            found = msgspec.json.decode(stream.read(), type=_File)
            if (found.size, found.mtime_ns, found.version) == (binary.size, binary.mtime_ns, binary.version):
                return found.release
    return ""
