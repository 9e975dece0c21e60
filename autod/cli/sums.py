"""The sums of a run in words. Pure."""

from __future__ import annotations

from autod.operations import find

__all__ = ["done_line", "times_of"]


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
