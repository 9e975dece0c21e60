"""What an operation or a run came to, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.operations import find
from autod.outcomes import typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.operations import Row

__all__ = ["SHOWN", "done_line", "left_over", "some", "times_of"]

SHOWN = 10
"""The most names in one sentence; the lines before have them all."""


def left_over(row: Row | None, names: Sequence[str], *, surely: bool = True) -> str:
    """What pluto goes on with after an operation on `names` was ended early, and how to end that. `row` None: it was no
    operation. `surely`: pluto has taken the request, as far as is known."""
    if row is None or row.only_asks:
        return "pluto was not asked to change anything"
    goes = f"pluto {'goes' if surely else 'may go'} on with"
    if not names:
        return f"{goes} what it was asked"
    if len(names) == 1:
        (name,) = names
        return f"{goes} {name}" + (f"; `autod --down {typed(name)}` takes it down" if row.initiates else "")
    sentence = f"{goes} {len(names)} ({some(names)})"
    return sentence + ("; `autod --down NAME ...` takes them down" if row.initiates else "")


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    listed = ", ".join(names[:SHOWN])
    return f"{listed} and {len(names) - SHOWN} more" if len(names) > SHOWN else listed


def done_line(
    operation: str, count: int, total: int, seconds: float, median: float | None, p95: float | None
) -> str:
    """The line about a run in which nothing failed."""
    return f"{count} of {total} {find(operation).done}{times_of(count, seconds, median, p95)}"


def times_of(count: int, seconds: float, median: float | None, p95: float | None) -> str:
    """The duration of the run, and the median and 95th percentile of one connection."""
    line = f"; {seconds:.1f} s"
    if median is not None and p95 is not None and count > 1:
        line += f", median {median:.2f} s, 95 % within {p95:.2f} s"
    return line
