"""When a failed attempt is made again.

Owns: the delays. Must not know: which outcomes may pass (autod.outcomes says so), clocks, tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autod.asking.arguments import check_count, check_seconds
from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off: `first` seconds, times `factor` each time, never above `cap`.

    The lower half of each delay is fixed and the upper half is drawn by lot, so that a thousand connections
    which failed in the same moment do not come back in one.
    """

    retries: int = 0
    first: float = 1.0
    factor: float = 2.0
    cap: float = 60.0

    def __post_init__(self) -> None:
        check_count(self.retries, "retries", least=0)
        for delay in (self.first, self.factor, self.cap):
            check_seconds(delay, "retries")
        if self.retries < 0 or self.first <= 0 or self.factor < 1 or self.cap < self.first:
            raise UsageError(
                "a back-off needs 0 or more retries, a first delay above 0, a factor of 1 or more and a cap "
                f"not below the first delay; it was given {self}",
                option="retries",
            )

    def delay(self, failures: int, draw: Callable[[], float]) -> float | None:
        """Seconds to wait after the `failures`-th failure (1 is the first), or None if it was the last.

        `draw` gives a number from 0 to 1, as random.random does.
        """
        if failures > self.retries:
            return None
        # An exponent above 64 is beyond every cap, and would overflow a float long before it ends.
        whole = min(self.cap, self.first * self.factor ** min(failures - 1, 64))
        return whole / 2 + draw() * whole / 2
