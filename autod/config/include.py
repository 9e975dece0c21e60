"""Files: the configuration itself and its includes, opened with care.

Owns: expanding the pattern of an include as the release does, opening files, and the bounds of both. Must not
know: the content of a file.

Only the configuration file and the files of its includes are opened. An included file that is not a regular one is not
opened: a pipe would block for ever.
"""

from __future__ import annotations

import functools
import glob
import itertools
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from autod.config.model import Diagnostic, Place, Severity

if TYPE_CHECKING:
    from autod.protocol.connection.rules import Rules

__all__ = ["STANDARD_INPUT", "Files", "Text", "standard_input", "take_as_standard_input"]

STANDARD_INPUT: Final = "-"
"""The name of a configuration on standard input, as in addconn."""

MAX_DEPTH: Final = 10
"""Files within files, including the first (MAX_INCLUDE_DEPTH of 4.8 to 5.4)."""

MAX_FILES: Final = 20_000
"""Files that are opened in all. With the bound on the depth alone, a file that includes itself ten times would be
opened 10^9 times."""

MAX_BYTES: Final = 512 * 1024 * 1024
"""Bytes that are read in all; 10,000 connections have some 4 MB."""

MAX_PATTERN: Final = 4096
"""Characters of the pattern of an include: no path has more (PATH_MAX of Linux)."""

MAX_PATTERNS: Final = 1000
"""Patterns that the braces of an include may stand for."""

MAX_BRACKETS: Final = 100
"""Brackets in one pattern: finding the end of each takes time that grows with their square."""

MAX_WILD: Final = 5
"""Parts of a path, including the last, that may be patterns: each multiplies the folders that are searched."""

MAX_PARTS: Final = 200
"""Parts of a pattern's path: glob calls itself for each."""

_SHOWN: Final = 200
"""Characters of a pattern that a sentence shows."""

_PIECE: Final = 64 * 1024


_instead: list[bytes] = []


def take_as_standard_input(text: str) -> None:
    """Use this text as the content of standard input from now on: a configuration that a program made."""
    standard_input.cache_clear()
    _instead[:] = [text.encode("utf-8", "surrogateescape")]


@functools.cache
def standard_input() -> bytes:
    """All of standard input. It is read once, because it cannot be read again."""
    if _instead:
        return _instead[0]
    return _read(sys.stdin.buffer, MAX_BYTES)


def _read(file: BinaryIO, most: int) -> bytes:
    """All of a file, in pieces: one read with the bound as its size would take that much memory at once. OSError if
    it has more than `most` bytes."""
    pieces: list[bytes] = []
    room = most
    while piece := file.read(_PIECE):
        room -= len(piece)
        if room < 0:
            raise OSError(f"more than {MAX_BYTES >> 20} MiB of configuration")
        pieces.append(piece)
    return b"".join(pieces)


class Files:
    """The files that were opened so far. Paths are relative to `folder`, by default the current one, as in addconn."""

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._bytes = 0
        self.read_so_far: list[str] = []
        self.unmatched: list[str] = []
        """Includes that do not match any file."""
        self.warnings: list[Diagnostic] = []
        """What addconn itself warns of about includes, whatever it is asked to do."""

    def _path(self, name: str) -> str:
        return name if self._folder is None else os.path.join(self._folder, name)

    def first(self, name: str) -> str:
        """The text of the configuration file itself. OSError if it cannot be read."""
        text = self._open(name, regular=False)
        self.read_so_far.append(name)
        return text

    def _open(self, name: str, *, regular: bool) -> str:
        if name == STANDARD_INPUT and not regular:
            return standard_input().decode("utf-8", "surrogateescape")
        path = self._path(name)
        if regular:
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise OSError("it is not a regular file")
        with open(path, "rb") as file:
            data = _read(file, MAX_BYTES - self._bytes)
        self._bytes += len(data)
        return data.decode("utf-8", "surrogateescape")

    def lines(self, name: str) -> list[str]:
        """The lines of a file that was read, to show them; none if it no longer exists."""
        if name not in self.read_so_far:
            return []
        if name == STANDARD_INPUT:
            text = standard_input().decode("utf-8", "surrogateescape")
            return text.splitlines(keepends=True)
        try:
            with open(self._path(name), encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                return file.readlines(MAX_BYTES)
        except OSError:
            return []

    def read(self, name: str, place: Place, diagnostics: list[Diagnostic]) -> str | None:
        """The text of an included file; None (and a warning) if it cannot be read."""
        if len(self.read_so_far) >= MAX_FILES:
            sentence = f"more than {MAX_FILES} files are included: an include must name itself"
            diagnostics.append(Diagnostic(Severity.FATAL, sentence, place, status=3))
            return None
        try:
            text = self._open(name, regular=True)
        except IsADirectoryError:
            # The release's scanner gives up if it meets a folder, with status 2.
            diagnostics.append(Diagnostic(Severity.FATAL, f"{name!r} is a folder", place, status=2))
            return None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._warn(Diagnostic(Severity.WARNING, f"cannot open {name!r}: {reason}", place), diagnostics)
            return None
        self.read_so_far.append(name)
        return text

    def expand(
        self, pattern: str, rules: Rules, depth: int, place: Place, diagnostics: list[Diagnostic]
    ) -> list[str]:
        """The files that an include matches, sorted; none (and a warning) if there are none or it is too deep."""
        excerpt = pattern if len(pattern) <= _SHOWN else pattern[:_SHOWN] + "..."
        names: list[str] = []
        try:
            for expanded in _patterns(pattern, rules):
                names += self._glob(expanded)
        except _TooMuch as reason:
            sentence = f"the include of {excerpt!r} is not worked out: {reason}"
            diagnostics.append(Diagnostic(Severity.FATAL, sentence, place, status=3))
            return []
        if not names:
            self.unmatched.append(pattern)
            # addconn warns, too, except for a pattern with a star whose folder exists. That may be on purpose, or may
            # be the loss of all connections of a gateway.
            warning = Diagnostic(Severity.WARNING, f"no file is named {excerpt!r}", place)
            if "*" in pattern and self._has_folder(pattern):
                diagnostics.append(warning)
            else:
                self._warn(warning, diagnostics)
            return []
        if depth >= MAX_DEPTH:
            sentence = f"{excerpt!r} is not read: files may include others {MAX_DEPTH} deep"
            self._warn(Diagnostic(Severity.WARNING, sentence, place), diagnostics)
            return []
        return names

    def _warn(self, warning: Diagnostic, diagnostics: list[Diagnostic]) -> None:
        self.warnings.append(warning)
        diagnostics.append(warning)

    def _has_folder(self, pattern: str) -> bool:
        """Whether the folder in which the search for this pattern begins exists."""
        start = os.path.dirname(_MAGIC.split(pattern, maxsplit=1)[0])
        return os.path.isdir(self._path(start) or ".")

    def _glob(self, pattern: str) -> list[str]:
        if not pattern:
            return []
        try:
            names = glob.glob(pattern, root_dir=self._folder)
        except (OSError, ValueError, re.error):
            return []
        return sorted(names, key=os.fsencode)


class Text(Files):
    """A configuration that is not in a file."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self._name, self._text = name, text

    def first(self, name: str) -> str:
        """See `Files`."""
        self.read_so_far.append(name)
        return self._text

    def lines(self, name: str) -> list[str]:
        """See `Files`."""
        return self._text.splitlines(keepends=True) if name == self._name else super().lines(name)


class _TooMuch(Exception):
    """A pattern that is not expanded. str() is the reason."""


def _patterns(pattern: str, rules: Rules) -> list[str]:
    """The patterns that an include stands for; braces are expanded if the release does that. Raises _TooMuch."""
    if len(pattern) > MAX_PATTERN:
        raise _TooMuch(f"it has more than {MAX_PATTERN} characters")
    patterns = _braces(pattern) if rules.old else [pattern]
    if any(expanded.count("[") > MAX_BRACKETS for expanded in patterns):
        raise _TooMuch(f"it has more than {MAX_BRACKETS} brackets")
    for expanded in patterns:
        parts = expanded.split("/")
        if len(parts) > MAX_PARTS:
            raise _TooMuch(f"its path has more than {MAX_PARTS} parts")
        if sum(map(glob.has_magic, parts)) > MAX_WILD:
            raise _TooMuch(f"more than {MAX_WILD} parts of its path are patterns")
    return patterns


def _braces(pattern: str) -> list[str]:
    """`a{b,c}` as `ab`, `ac` (GLOB_BRACE of glob(3)). Braces without a partner stay as they are."""
    expanded: list[str] = []
    waiting = [pattern]
    steps = 0
    while waiting:
        current = waiting.pop()
        steps += 1
        if steps > MAX_PATTERNS:
            raise _TooMuch(f"its braces stand for more than {MAX_PATTERNS} names")
        parts = _alternatives(current)
        if parts is None:
            expanded.append(current)
        else:
            waiting += reversed(parts)
    return expanded


def _alternatives(pattern: str) -> list[str] | None:
    """The pattern with each alternative in the place of its first braces; None if it has no braces."""
    start = pattern.find("{")
    while start >= 0 and pattern[start : start + 2] == "{}":
        start = pattern.find("{", start + 2)
    if start < 0:
        return None
    depth, commas = 0, [start]
    for match in _BRACE.finditer(pattern, start):
        at, character = match.start(), match.group()
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if not depth:
                commas.append(at)
                break
        elif depth == 1:
            commas.append(at)
    else:
        return None
    return [
        pattern[:start] + pattern[left + 1 : right] + pattern[commas[-1] + 1 :]
        for left, right in itertools.pairwise(commas)
    ]


_BRACE: Final = re.compile("[{},]")
_MAGIC: Final = re.compile(r"[*?\[{]")
