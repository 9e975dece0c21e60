"""Events and outcomes as structlog events, with the keys that their JSON has.

Owns: the level of an event. Must not know: where logs go. Nothing here configures logging: until the program that
embeds autod configures structlog, its own defaults apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from autod.events import (
    AlreadyNegotiating,
    ChildRejected,
    Dropped,
    Event,
    Fatal,
    IkeRejected,
    InitiateFailed,
    LoadFailed,
    Log,
    NetworkError,
    NotListening,
    NotOriented,
    RefusalCode,
    Refused,
    RetransmitTimeout,
    RouteRefused,
    Unknown,
    Warned,
)

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from autod.outcomes import Outcome

__all__ = ["logger", "write"]

_WARNINGS: tuple[type[Event], ...] = (
    AlreadyNegotiating,
    ChildRejected,
    Dropped,
    Fatal,
    IkeRejected,
    InitiateFailed,
    LoadFailed,
    NetworkError,
    NotListening,
    NotOriented,
    RefusalCode,
    Refused,
    RetransmitTimeout,
    RouteRefused,
    Unknown,
    Warned,
)


def logger(
    operation: str, *, connection: str | None = None, release: str | None = None
) -> FilteringBoundLogger:
    """A logger for one exchange, bound to what was asked, of whom, and of which release."""
    bound: FilteringBoundLogger = structlog.get_logger("autod").bind(
        operation=operation, connection=connection, release=release
    )
    return bound


def write(log: FilteringBoundLogger, what: Event | Outcome) -> None:
    """Writes an event or an outcome: its kind as `event`, its fields as keys.

    An event that names no connection is logged under the connection that `log` is bound to. Lines without a
    meaning of their own go out at debug, refusals and failures at warning, all else at info.
    """
    fields = msgspec.to_builtins(what)
    name = fields.pop("event")
    if fields.get("connection") is None:
        del fields["connection"]
    if isinstance(what, Event):
        failed = isinstance(what, _WARNINGS)
        quiet = isinstance(what, Log)
    else:
        failed, quiet = not what.ok, False
    emit = log.warning if failed else log.debug if quiet else log.info
    emit(name, **fields)
