"""Names and patterns that a client sends, matched at a cost that it cannot raise.

Owns the bounds and the matching. A pattern is what a shell takes: `*`, `?`, `[abc]`, `[!a-z]`; any other character, and
a `[` without its end, stands for itself.

fnmatch is not asked: it takes a minute for a pattern of 65,000 brackets, and a regular expression made of many stars
may try every way to divide a name. Here a pattern is cut at its stars. Each piece has a fixed length and is looked for
from where the last one ended, the leftmost first, which is enough; so a name costs at most its length times the
pattern's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST", "MOST", "SLICE", "BadPattern", "Names", "Pattern", "is_pattern"]

LONGEST = 256
"""Characters of a pattern. A connection's name is rarely longer than 60."""

MOST = 64
"""Patterns of one call. Names are not counted: looking one up costs nothing."""

SLICE = 64
"""Names that are looked at before others have their turn: a tenth of a millisecond for each pattern."""


class BadPattern(ValueError):
    """A pattern that is too long, or one too many."""


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
        """Whether all of `name` is meant."""
        found = self._first.match(name)
        if found is None:
            return False
        at = found.end()
        if self._last is None:
            return at == len(name)
        for piece in self._rest:
            found = piece.search(name, at)
            if found is None:
                return False
            at = found.end()
        tail = len(name) - self._tail
        return tail >= at and self._last.match(name, tail) is not None


class Names:
    """What the words of a call stand for: names, and patterns where a word has a character of one.

    Raises BadPattern where there are too many patterns, or one is too long.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._exact = frozenset(words)
        patterns = [word for word in self._exact if is_pattern(word)]
        if len(patterns) > MOST:
            raise BadPattern(f"{len(patterns)} patterns; {MOST} are allowed")
        self._patterns = [Pattern(word) for word in patterns]

    def mean(self, name: str) -> bool:
        """Whether one of them is, or matches, `name`."""
        return name in self._exact or any(pattern.matches(name) for pattern in self._patterns)

    async def among(self, candidates: Iterable[str]) -> list[str]:
        """Those of `candidates` that are meant. Others have their turn in between."""
        found = []
        for number, name in enumerate(candidates, 1):
            if self.mean(name):
                found.append(name)
            if number % SLICE == 0:
                await trio.lowlevel.checkpoint()
        return found


def is_pattern(word: str) -> bool:
    """Whether a word may stand for other names than itself."""
    return any(character in "*?[" for character in word)


def _pieces(text: str) -> list[str]:
    """Regular expressions for what stands between the stars: the first, the last, and what is in between."""
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
    """Where the `]` of a set is that begins at `begin`; a first one, also after `!`, is a member."""
    end = text.find("]", begin + (2 if text[begin : begin + 1] == "!" else 1))
    return None if end < 0 else end


def _set(members: str) -> str:
    """A set as a regular expression of one character. A range whose ends are the wrong way round holds nothing."""
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
    """Of how many characters a piece is."""
    return len(_ONE.findall(piece))
