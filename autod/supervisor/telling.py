"""The supervisor's reports: each as an event of the feed, and as a line of the log.

Owns the numbering and the levels. Decides nothing, and knows no client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from msgspec import UNSET, UnsetType

from autod.supervisor import views
from autod.supervisor.feed import Feed
from autod.supervisor.states import Act, State
from autod.supervisor.table import Tried
from autod.supervisor.views import Operator, SupervisorEvent, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from autod.supervisor.link import Result
    from autod.supervisor.table import Report

__all__ = ["Teller"]


class Teller:
    """Reports into a feed of `backlog` events, and to `log`; `wall` is the clock, in UNIX seconds."""

    def __init__(
        self, backlog: int, wall: Callable[[], float], log: FilteringBoundLogger | None = None
    ) -> None:
        self.feed = Feed(backlog)
        self._log: FilteringBoundLogger = structlog.get_logger("autod.supervisor") if log is None else log
        self._wall = wall

    def tell(
        self,
        kind: str,
        *,
        connection: str | UnsetType = UNSET,
        after: str | UnsetType = UNSET,
        act: str | UnsetType = UNSET,
        cause: str | UnsetType = UNSET,
        detail: str | UnsetType = UNSET,
        by: Operator | None = None,
    ) -> None:
        """Publish an event of `kind`, and log it; `by` is the operator who caused it."""
        event = SupervisorEvent(
            sequence=self.feed.published + 1,
            time=round(self._wall(), 3),
            kind=kind,
            connection=connection if connection is UNSET else plain(connection),
            after=after,
            act=act,
            cause=cause,
            detail=detail if detail is UNSET else plain(detail),
            uid=UNSET if by is None else by.uid,
            user=UNSET if by is None else by.user or UNSET,
            login=UNSET if by is None else by.login or UNSET,
            pid=UNSET if by is None else by.pid,
        )
        self.feed.publish(event)
        self._write(event, level="info" if cause is UNSET else "warning")

    def report(self, report: Report, offset: float) -> None:
        """Publish a report of the engine, and log it; `offset` turns its clock into UNIX seconds."""
        event = views.event(report, self.feed.published + 1, round(self._wall(), 3), offset)
        self.feed.publish(event)
        # A failure that matters shows as a change of state, with the same words.
        level = "debug" if isinstance(report, Tried) else _LEVELS.get(report.after, "info")
        self._write(event, level=level)

    def result(self, name: str, act: Act, result: Result) -> None:
        """Log the serials and codes of pluto, to find them in its own log."""
        fields = {k: v for k in ("code", "ike_sa", "child_sa") if (v := getattr(result, k)) is not None}
        if fields:
            word = "established" if result.cause is None else "failed"
            self._log.info(word, connection=name, act=act.value, **fields)

    def _write(self, event: SupervisorEvent, *, level: str) -> None:
        fields = {
            name: value
            for name in SupervisorEvent.__struct_fields__
            if name not in ("sequence", "time", "kind") and (value := getattr(event, name)) is not UNSET
        }
        getattr(self._log, level)(event.kind, **fields)


_LEVELS = {State.WAITING: "warning", State.REFUSED: "warning", State.STARTING: "debug"}
