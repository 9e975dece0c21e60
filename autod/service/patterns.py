"""Names and patterns that a client sends, matched in a bounded time.

Owns the bounds and the matching. A pattern is that of a shell: `*`, `?`, `[abc]`, `[!a-z]`; any other character, and a
`[` without its end, stands for itself.

fnmatch cannot be used: it takes a minute for a pattern of 65,000 brackets, and a regular expression with many stars may
try every way to divide a name. Here a pattern is cut at its stars. Each piece has a fixed length, and is searched from
the end of the previous piece on. The leftmost match of each piece is enough. So the time for a name is at most its
length times that of the pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST", "MOST", "SLICE", "BadPattern", "Names", "Pattern", "is_pattern"]

LONGEST = 256
"""The most characters of a pattern. A connection's name is rarely longer than 60."""

MOST = 64
"""The most patterns of one call. Names do not count, as looking them up takes no time."""

SLICE = 64
"""Names to match before other tasks have their turn: a tenth of a millisecond for each pattern."""


class BadPattern(ValueError):
    """A pattern is too long, or there are too many."""


class Pattern:
    """One pattern. Raises BadPattern."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise BadPattern(f"a pattern of {len(text)} characters; {LONGEST} are allowed")
        pieces = _pieces(text)
        self._first = re.compile(pieces[0], re.DOTALL)
        self._rest = [re.compile(piece, re.DOTALL) for piece in pieces[1:-1] if piece]
        self._last = re.compile(pieces[-1] + r"\Z", re.DOTALL) if len(pieces) > 1 else None
        self._tail = _length(pieces[-1]) if len(pieces) > 1 else 0

    def matches(self, name: str) -> bool:
        """Whether the pattern matches all of `name`."""
        match = self._first.match(name)
        if match is None:
            return False
        at = match.end()
        if self._last is None:
            return at == len(name)
        for piece in self._rest:
            match = piece.search(name, at)
            if match is None:
                return False
            at = match.end()
        tail = len(name) - self._tail
        return tail >= at and self._last.match(name, tail) is not None


class Names:
    """The words of a call: names, and patterns (words with `*`, `?` or `[`).

    Raises BadPattern if there are too many patterns, or one is too long.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._exact = frozenset(words)
        patterns = [word for word in self._exact if is_pattern(word)]
        if len(patterns) > MOST:
            raise BadPattern(f"{len(patterns)} patterns; {MOST} are allowed")
        self._patterns = [Pattern(word) for word in patterns]

    def mean(self, name: str) -> bool:
        """Whether one of the words is, or matches, `name`."""
        return name in self._exact or any(pattern.matches(name) for pattern in self._patterns)

    async def among(self, candidates: Iterable[str]) -> list[str]:
        """The `candidates` that a word is, or matches. Other tasks have their turn in between."""
        matching = []
        for number, name in enumerate(candidates, 1):
            if self.mean(name):
                matching.append(name)
            if number % SLICE == 0:
                await trio.lowlevel.checkpoint()
        return matching


def is_pattern(word: str) -> bool:
    """Whether a word may match names other than itself."""
    return any(character in "*?[" for character in word)


def _pieces(text: str) -> list[str]:
    """A regular expression for each part of the pattern between its stars."""
    pieces, piece, at = [], "", 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            pieces.append(piece)
            piece = ""
        elif character == "?":
            piece += "."
        elif character == "[" and (end := _end_of_set(text, at)) is not None:
            piece += _set(text[at:end])
            at = end + 1
        else:
            piece += re.escape(character)
    return [*pieces, piece]


def _end_of_set(text: str, begin: int) -> int | None:
    """The index of the `]` of the set that begins at `begin`. As the first character, or after `!`, it is a member."""
    end = text.find("]", begin + (2 if text[begin : begin + 1] == "!" else 1))
    return None if end < 0 else end


def _set(members: str) -> str:
    """A set as a regular expression of one character. A range whose ends are the wrong way round is empty."""
    negated = members.startswith("!")
    members = members.removeprefix("!")
    parts, at = [], 0
    while at < len(members):
        if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            first, last = members[at], members[at + 2]
            if first <= last:
                parts.append(f"{re.escape(first)}-{re.escape(last)}")
            at += 3
        else:
            parts.append(re.escape(members[at]))
            at += 1
    if not parts:
        return "." if negated else r"(?!)."
    return f"[{'^' if negated else ''}{''.join(parts)}]"


_ONE = re.compile(r"\\.|\(\?!\)\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def _length(piece: str) -> int:
    """How many characters a piece matches."""
    return len(_ONE.findall(piece))
