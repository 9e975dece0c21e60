"""The word that somebody meant. Owns: the guess. Must not know: where the words come from."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(word: str, words: Iterable[str]) -> str | None:
    """`did you mean 'WORD'?` for the nearest of `words`, None if none is near."""
    close = difflib.get_close_matches(word[:64].lower(), [one for one in words if one], n=1, cutoff=0.7)
    return f"did you mean {close[0]!r}?" if close else None
