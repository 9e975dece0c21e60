"""The one way from a value to a structlog event: its kind, its level, and the keys that its JSON has.

Owns: the level at which a value is logged, and the keys that go with it. Must not know: where logs go, or who writes
them. Nothing here configures logging: until the program that embeds autod configures structlog, its own defaults
apply.

A value is an event of pluto's (autod.events), an outcome, or any other struct that is tagged with `event`: what a bulk
run or the supervisor tells. `--json`, the journal and `open_pluto(log=...)` all have the keys that `fields` gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
import structlog

from autod.events import Event
from autod.outcomes import Outcome

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

__all__ = ["Level", "fields", "level", "logger", "write"]

Level: TypeAlias = Literal["debug", "info", "warning"]


def logger(
    operation: str,
    *,
    connection: str | None = None,
    release: str | None = None,
    log: FilteringBoundLogger | None = None,
) -> FilteringBoundLogger:
    """A logger for one exchange, bound to the operation, the connection and the release; on top of `log`, if there
    is one."""
    base: FilteringBoundLogger = log if log is not None else structlog.get_logger("autod")
    return base.bind(operation=operation, connection=connection, release=release)


def level(what: msgspec.Struct) -> Level:
    """An event's own level; a failed outcome is a warning; whatever else says nothing of itself is info."""
    if isinstance(what, Event):
        return what.traits.level
    if isinstance(what, Outcome):
        return "info" if what.ok else "warning"
    own_level: Level = getattr(what, "level", "info")
    return own_level


def fields(what: msgspec.Struct) -> dict[str, Any]:
    """The keys and values of `what` in JSON, `event` among them: plain values, nothing left out."""
    values: dict[str, Any] = msgspec.to_builtins(what)
    return values


def write(log: FilteringBoundLogger, what: msgspec.Struct, **more: Any) -> None:
    """Write `what` to `log`: its kind as `event`, its fields and `more` as keys.

    A value that names no connection is logged under the connection that `log` is bound to.
    """
    keys = fields(what)
    name = keys.pop("event")
    if keys.get("connection", "") is None:
        del keys["connection"]
    getattr(log, level(what))(name, **keys, **more)
