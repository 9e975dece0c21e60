"""The same work under several limits, in rounds: a machine that is slower for a while is so for all of them.

Knows nothing of what is measured. Fixed limits are numbers, the one that autod finds is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

__all__ = ["FIXED", "Found", "Paired", "turns"]

Limit: TypeAlias = int | None
Found: TypeAlias = Mapping[str, Any]

FIXED: tuple[int, ...] = (16, 64, 256)


def turns(rounds: int, limits: Sequence[Limit] = (*FIXED, None)) -> Iterator[Sequence[Limit]]:
    """The limits of each round, another one first each time."""
    for number in range(rounds):
        first = number % len(limits)
        yield [*limits[first:], *limits[:first]]


@dataclass(frozen=True)
class Paired:
    """What was found for each limit, round for round: the same number of each."""

    runs: Mapping[Limit, Sequence[Found]]

    def middle(self, limit: Limit, what: str = "seconds") -> float:
        """The median of its rounds."""
        return float(median(found[what] for found in self.runs[limit]))

    @property
    def best(self) -> Limit:
        """The fixed limit with the least median of seconds."""
        return min((limit for limit in self.runs if limit is not None), key=self.middle)

    @property
    def ratio(self) -> float:
        """How long the found limit takes, in terms of the best fixed one: the median of the rounds' ratios."""
        pairs = zip(self.runs[None], self.runs[self.best], strict=True)
        return median(ours["seconds"] / theirs["seconds"] for ours, theirs in pairs)
