"""Reads tests/data/phrases.tsv.xz: how the lines begin that pluto's sources can send to whack, and what each is.

A row has the releases, the kind of event, its cause or topic (for a `log` the reason, a key of REASONS), and the
words by which it is known: as many as it takes, X for a name. A `#` in front stands for the prefix of an SA.
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["REASONS", "Phrase", "phrases"]

FILE = Path(__file__).parents[1] / "data" / "phrases.tsv.xz"

REASONS = {
    "list": "a line of a reply to a list or status request: autod.status reads those of the status family, the others "
    "are shown as they came",
    "option": "help on options, which pluto prints for its own command line",
    "dump": "bytes, written out",
    "start": "said while pluto starts: its algorithms, tests of itself",
    "route": "the search for the default route, which addconn does, not pluto",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """One row."""

    releases: str
    kind: str
    detail: str
    words: str

    @property
    def line(self) -> str:
        """The words as pluto would begin a line with them."""
        return f'"a" #3: {self.words[1:]}' if self.words.startswith("#") else self.words


@cache
def phrases() -> tuple[Phrase, ...]:
    """All rows."""
    text = lzma.decompress(FILE.read_bytes()).decode()
    return tuple(Phrase(*line.split("\t")) for line in text.splitlines())
