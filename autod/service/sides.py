"""What runs beside the supervisor: the metrics, the page, the history, the hooks.

Owns the rule for all of them: none can end supervision. One that cannot do what its settings say is told as a
trouble, in the log, the status and the API, and is tried again every so often; one whose settings change is begun
afresh. Knows nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
import trio

from autod.errors import WhackError

if TYPE_CHECKING:
    from autod.supervisor.configured import ConfiguredSupervisor
    from autod.supervisor.settings import Settings

__all__ = ["RETRY", "Side", "keep"]

log = structlog.get_logger("autod.supervise")

RETRY = 30.0
"""Seconds until what could not be done is tried again: a port may become free, a disk get room."""

Trouble = Callable[[str], None]
"""Takes a sentence about what does not work, or an empty one once it does."""


@dataclass(frozen=True, slots=True)
class Side:
    """`run` does what the settings say until it is cancelled, and returns at once where they ask for nothing.

    `part` are the settings it goes by.
    """

    name: str
    part: Callable[[Settings], Any]
    run: Callable[[Settings, Trouble], Awaitable[None]]


async def keep(side: Side, supervisor: ConfiguredSupervisor) -> None:
    """Run `side` for as long as it takes, until cancelled."""
    while True:
        said = side.part(supervisor.settings)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_again_and_again, side, supervisor)
            while side.part(supervisor.settings) == said:
                await supervisor.taken.wait()
            nursery.cancel_scope.cancel()
        supervisor.trouble(side.name, "")


async def _again_and_again(side: Side, supervisor: ConfiguredSupervisor) -> None:
    def trouble(sentence: str) -> None:
        supervisor.trouble(side.name, sentence)

    while True:
        try:
            await side.run(supervisor.settings, trouble)
            return
        except Exception as problem:
            _tell(problem, side, trouble)
        await trio.sleep(RETRY)


def _tell(problem: Exception, side: Side, trouble: Trouble) -> None:
    leaf: BaseException = problem
    while isinstance(leaf, ExceptionGroup):
        leaf = leaf.exceptions[0]
    if isinstance(leaf, OSError):
        place = f"{leaf.filename}: " if leaf.filename else ""
        trouble(f"{side.name}: {place}{leaf.strerror or leaf}")
    elif isinstance(leaf, ImportError):
        trouble(f"{side.name}: this needs the Python package {leaf.name}, which is not installed")
    elif isinstance(leaf, WhackError):
        trouble(f"{side.name}: {leaf}")
    else:
        log.error("a side feature failed", side=side.name, exc_info=problem)
        trouble(f"{side.name}: {leaf!r}")
