"""How a run is done.

Owns: the choices and their defaults. Must not know: what is done with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from autod.bulk.retry import Backoff
from autod.protocol.errors import UsageError

__all__ = ["Options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `autod.bulk.bulk` for each; `poll` is the time between looks at the state, `draw` the lot of retries."""

    limit: int | None = None
    peers: Mapping[str, str] = field(default_factory=dict)
    if_down: bool = True
    timeout: float | None = None
    deadline: float | None = None
    backoff: Backoff = field(default_factory=Backoff)
    on_failure: Literal["leave", "down"] = "leave"
    asynchronous: bool = False
    wait: bool = False
    poll: float = 1.0
    draw: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        for what, seconds in (("timeout", self.timeout), ("deadline", self.deadline), ("poll", self.poll)):
            if seconds is not None and not seconds > 0:
                raise UsageError(
                    f"the {what} must be more than 0 seconds; it was given {seconds}",
                    seconds=seconds,
                    option=what,
                )
        if self.on_failure not in ("leave", "down"):
            raise UsageError(
                f"on_failure is leave or down; it was given {self.on_failure!r}", option="on_failure"
            )

    @property
    def taken_is_enough(self) -> bool:
        """Whether an up is through when pluto has taken it."""
        return self.asynchronous and not self.wait
