"""A whole run of bulk in one call, for programs that are not on trio (autod.sync, autod.aio).

Owns: opening a client of its own for it. Must not know: which event loop waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from autod.bulk.call import bulk
from autod.bulk.loading import configured
from autod.client import open_pluto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from structlog.typing import FilteringBoundLogger

    from autod.bulk.events import BulkEvent
    from autod.bulk.operations import OperationName
    from autod.bulk.result import BulkResult
    from autod.bulk.retry import Backoff
    from autod.client.plain import PlainPluto
    from autod.config import Configuration

__all__ = ["BulkOptions", "whole"]


class BulkOptions(TypedDict, total=False):
    """The options of autod.bulk.bulk that mean the same without trio."""

    limit: int | None
    peers: Mapping[str, str] | None
    if_down: bool
    timeout: float | None
    deadline: float | None
    retries: int | Backoff
    on_failure: Literal["leave", "down"]
    asynchronous: bool
    wait: bool
    remote_host: str | None
    force: bool
    log: FilteringBoundLogger | None


async def whole(
    pluto: PlainPluto[Any],
    names: Iterable[str],
    operation: OperationName,
    on_event: Callable[[BulkEvent], None] | None,
    configuration: Configuration | None,
    options: BulkOptions,
) -> BulkResult:
    """Run it against the pluto that `pluto` talks to; cancelled, it ends at once.

    `configuration` has what is loaded. What is counted counts for `pluto`.
    """
    async with open_pluto(
        pluto.path, pluto.given, seccomp=pluto.seccomp, known=pluto.known, timeout=pluto.timeout
    ) as client:
        load = None if configuration is None else configured(client, configuration)
        try:
            async with bulk(client, names, operation, load=load, **options) as run:
                async for event in run:
                    if on_event is not None:
                        on_event(event)
        finally:
            pluto.counters.add(client.counters)
        return run.result
