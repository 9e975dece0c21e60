"""Where what was learned is kept, for exactly one binary. Must not know how it was learned.

The folder is $XDG_CACHE_HOME/autod, or ~/.cache/autod, and /var/cache/autod for root. A file that somebody
else may write is not read: its bytes would go to pluto.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autod.learn.infer import Learned, Template
from autod.protocol.errors import WhackError

if TYPE_CHECKING:
    from autod.identify.programs import Program

__all__ = ["Binary", "UnsafeCache", "cache_folder", "load", "save"]

_FORMAT = 1


class UnsafeCache(WhackError):
    """A cache file that others may write, so that its bytes are not to be sent."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program for which something was learned: pluto's, and the version it says it is."""

    path: str
    size: int
    mtime_ns: int
    version: str

    @classmethod
    def of(cls, program: Program, version: str) -> Binary:
        """The binary that `program` is, by its name and what the system says of the open file."""
        return cls(program.name, program.found.st_size, program.found.st_mtime_ns, version)


class _Template(msgspec.Struct, frozen=True):
    before: bytes
    after: bytes
    named: bool
    slot: int | None


class _File(msgspec.Struct, frozen=True):
    format: int
    path: str
    size: int
    mtime_ns: int
    release: str
    seqpacket: bool
    templates: dict[str, _Template]
    missing: dict[str, str]


def cache_folder() -> Path:
    """The folder for this user."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        return Path(configured) / "autod"
    return Path("/var/cache/autod") if os.geteuid() == 0 else Path.home() / ".cache" / "autod"


def _path(binary: Binary, folder: Path) -> Path:
    words = "\0".join((binary.path, str(binary.size), str(binary.mtime_ns), binary.version))
    return (
        folder / f"learned-{hashlib.sha256(words.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"
    )


def save(binary: Binary, learned: Learned, folder: Path | None = None) -> Path:
    """Keep `learned` for `binary`; the path it was written to. Replaces whole files only. OSError as it
    comes."""
    folder = cache_folder() if folder is None else folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _path(binary, folder)
    content = _File(
        _FORMAT,
        binary.path,
        binary.size,
        binary.mtime_ns,
        learned.release,
        learned.seqpacket,
        {key: _Template(t.before, t.after, t.named, t.slot) for key, t in sorted(learned.templates.items())},
        dict(learned.missing),
    )
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(content))
    temporary.replace(path)
    return path


def load(binary: Binary, folder: Path | None = None) -> Learned | None:
    """What was learned for `binary`; None if nothing was, or the file is of another format or damaged.

    UnsafeCache if somebody else may write the file or its folder.
    """
    folder = cache_folder() if folder is None else folder
    path = _path(binary, folder)
    try:
        with path.open("rb") as stream:
            for status in (os.fstat(stream.fileno()), folder.stat()):
                _must_be_ours(status, path)
            content = msgspec.json.decode(stream.read(), type=_File)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
    if (content.format, content.path, content.size, content.mtime_ns, content.release) != (
        _FORMAT,
        binary.path,
        binary.size,
        binary.mtime_ns,
        binary.version,
    ):
        return None
    return Learned(
        content.release,
        content.seqpacket,
        {key: Template(t.before, t.after, t.named, t.slot) for key, t in content.templates.items()},
        content.missing,
    )


def _must_be_ours(status: os.stat_result, path: Path) -> None:
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeCache(f"{path}: others may write this file or its folder; remove it and learn again")
