"""The word that somebody probably meant: from advice.py, or the nearest. Owns: the guess. Must not know: where the
words come from."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from autod.config import advice

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Hints"]

_GUESSES: Final = 20
_WORDS: Final = 2000
"""A guess among 2,000 words takes about 30 ms, and a file that is not a configuration has a fault in each line."""


class Hints:
    """Guesses for the first faults of a file, and none for the later ones."""

    def __init__(self) -> None:
        self._left = _GUESSES

    def nearest(self, word: str, words: Iterable[str]) -> str | None:
        """`did you mean 'WORD'?` for the nearest of `words`; None if none of them is near."""
        if not self._left:
            return None
        self._left -= 1
        candidates = [candidate for candidate in islice(words, _WORDS) if candidate]
        from difflib import get_close_matches  # only if there is a fault

        close = get_close_matches(word[:64].lower(), candidates, n=1, cutoff=0.7)
        return f"did you mean {close[0]!r}?" if close else None

    def keyword(self, word: str, words: Iterable[str]) -> str | None:
        """Advice for an unknown keyword, or the nearest of `words`."""
        return advice.for_keyword(word) or self.nearest(word, words)

    def value(self, keyword: str, word: str, words: Iterable[str]) -> str | None:
        """The same for a value of `keyword`."""
        return advice.for_value(keyword, word) or self.nearest(word, words)
