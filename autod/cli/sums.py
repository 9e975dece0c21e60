"""The sums of a run in words. Pure."""

from __future__ import annotations

from autod.operations import find

__all__ = ["done_line", "times_of"]


def done_line(
    operation: str, done: int, total: int, seconds: float, median: float | None, p95: float | None
) -> str:
    """A run in which there is nothing else to tell of."""
    return f"{done} of {total} {find(operation).done}{times_of(done, seconds, median, p95)}"


def times_of(done: int, seconds: float, median: float | None, p95: float | None) -> str:
    """How long the run took, and each of those that are done."""
    line = f"; {seconds:.1f} s"
    if median is not None and p95 is not None and done > 1:
        line += f", median {median:.2f} s, 95 % within {p95:.2f} s"
    return line
