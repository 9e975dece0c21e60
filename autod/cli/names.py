"""Names on the command line: @FILE, patterns, their order. Reads the files of @FILE; contacts nobody."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["expand_files", "is_pattern", "natural", "read_password"]


def expand_files(words: Iterable[str], literal: Iterable[str] = ()) -> list[str]:
    """The names, each once, in order. @FILE stands for the names in the file, one per line; # begins a comment.

    @- is standard input. The words of `literal` are names even if they begin with @. UsageError if a file cannot be
    read, or no name remains.
    """
    names = dict.fromkeys(
        name for word in words for name in (_lines(word[1:]) if word.startswith("@") else [word])
    )
    names.update(dict.fromkeys(literal))
    if not names:
        raise UsageError("no name is left: the files that were named hold none")
    return list(names)


def _lines(file: str) -> Iterator[str]:
    try:
        data = sys.stdin.buffer.read() if file == "-" else _read(file)
    except OSError as error:
        raise UsageError(f"@{file}: {error.strerror}") from error
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield name


def _read(file: str) -> bytes:
    with open(file, "rb") as opened:
        return opened.read()


def is_pattern(name: str) -> bool:
    """Whether a name is a pattern such as `branch-*`."""
    return any(character in name for character in "*?[")


def natural(text: str) -> list[tuple[int, str]]:
    """A key for sorting: branch-9 comes before branch-10, and case does not count."""
    parts = re.split(r"(\d+)", text.casefold())
    numbers = (part.lstrip("0") if part.isdecimal() else None for part in parts)
    return [
        (0, part) if number is None else (len(number), number)
        for part, number in zip(parts, numbers, strict=True)
    ]


def read_password(file: str) -> str:
    """The first line of the file (- is standard input), for XAUTH. Never shown. UsageError if it is empty, or the
    file cannot be read."""
    try:
        data = sys.stdin.buffer.readline() if file == "-" else _read(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; it is to hold the XAUTH password") from error
    password = data.partition(b"\n")[0].removesuffix(b"\r")
    if not password:
        raise UsageError(f"{file}: its first line is empty, and is to be the XAUTH password")
    return password.decode("utf-8", "surrogateescape")
