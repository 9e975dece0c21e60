"""The side features of the supervisor: the metrics, the page, the history, the hooks.

Owns the rule for all of them: none can end supervision. If one cannot do what its settings say, that is a trouble, in
the log, the status and the API, and it is tried again after a while. If its settings change, it starts again. Must not
know: what they do.
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
"""Seconds until a side that failed is tried again: a port may become free, a disk may get room."""

Trouble = Callable[[str], None]
"""Takes a sentence about a failure, or an empty one when all works."""


@dataclass(frozen=True, slots=True)
class Side:
    """`run` does what the settings say until it is cancelled; it returns at once if they ask for nothing.

    `part` gives the settings that matter to it.
    """

    name: str
    part: Callable[[Settings], Any]
    run: Callable[[Settings, Trouble], Awaitable[None]]


async def keep(side: Side, supervisor: ConfiguredSupervisor) -> None:
    """Run `side` until cancelled, and again each time its settings change."""
    while True:
        part = side.part(supervisor.settings)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_again_and_again, side, supervisor)
            while side.part(supervisor.settings) == part:
                await supervisor.new_settings.wait()
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
