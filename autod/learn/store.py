"""The files of learned messages, each for exactly one binary. Must not know how they were learned.

The folder is that of identify.likeness. A file that another user may write is not read: its bytes would go to pluto.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from autod.identify.likeness import Binary, cache_folder, is_ours
from autod.learn.infer import Learned, Template
from autod.protocol.errors import WhackError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UnsafeCache", "load", "save"]

_FORMAT = 1


class UnsafeCache(WhackError):
    """Other users may write the cache file, so its bytes must not be sent."""


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


def save(binary: Binary, learned: Learned, folder: Path | None = None) -> Path:
    """Keep `learned` for `binary`. Returns the path of the file, which is replaced as a whole. Raises OSError."""
    folder = cache_folder() if folder is None else folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = binary.file("learned", folder)
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
    """The learned messages for `binary`; None if there are none, or the file is of another format or damaged.

    UnsafeCache if somebody else may write the file or its folder.
    """
    folder = cache_folder() if folder is None else folder
    path = binary.file("learned", folder)
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
    if not is_ours(status):
        raise UnsafeCache(f"{path}: others may write this file or its folder; remove it and learn again")
