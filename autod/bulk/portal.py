"""A whole run of bulk in one call, for programs that are not on trio (autod.sync, autod.aio).

Owns: opening a client of its own for it. Must not know: which event loop waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autod.bulk.call import bulk
from autod.client import open_pluto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from autod.bulk.events import BulkEvent
    from autod.bulk.operations import OperationName
    from autod.bulk.result import BulkResult
    from autod.client.plain import PlainPluto

__all__ = ["whole"]


async def whole(
    pluto: PlainPluto[Any],
    names: Iterable[str],
    operation: OperationName,
    on_event: Callable[[BulkEvent], None] | None,
    options: Mapping[str, Any],
) -> BulkResult:
    """Run it against the pluto that `pluto` talks to; cancelled, it ends at once."""
    async with open_pluto(
        pluto.path, pluto.given, seccomp=pluto.seccomp, known=pluto.known, timeout=pluto.timeout
    ) as client:
        async with bulk(client, names, operation, **options) as run:
            async for event in run:
                if on_event is not None:
                    on_event(event)
        return run.result
