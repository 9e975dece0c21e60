"""How a run is done.

Owns: the choices and their defaults. Must not know: what is done with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from autod.asking.arguments import check_choice, check_count, check_seconds
from autod.bulk.retry import Backoff

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
        for option in ("timeout", "deadline", "poll"):
            check_seconds(getattr(self, option), option, zero=False)
        check_choice(self.on_failure, ("leave", "down"), "on_failure")
        if self.limit is not None:
            check_count(self.limit, "limit")

    @property
    def taken_is_enough(self) -> bool:
        """Whether an up is through when pluto has taken it."""
        return self.asynchronous and not self.wait
