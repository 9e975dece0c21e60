"""What the supervisor tells of what happens: each thing as an event of the feed, and as a line of the log.

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
from autod.supervisor.views import Event, Operator, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.supervisor.link import Result
    from autod.supervisor.table import Report

__all__ = ["Teller"]

log = structlog.get_logger("autod.supervisor")


class Teller:
    """Tells into a feed of `backlog` events; `wall` is the clock, in UNIX seconds."""

    def __init__(self, backlog: int, wall: Callable[[], float]) -> None:
        self.feed = Feed(backlog)
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
        """Publish an event of `kind`, and log it; `by` is who caused it."""
        event = Event(
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
        _log(event, level="info" if cause is UNSET else "warning")

    def report(self, report: Report, offset: float) -> None:
        """Publish what the engine reports, and log it; `offset` turns its clock into UNIX seconds."""
        event = views.event(report, self.feed.published + 1, round(self._wall(), 3), offset)
        self.feed.publish(event)
        # A failure that matters shows as a change of state, with the same words.
        level = "debug" if isinstance(report, Tried) else _LEVELS.get(report.after, "info")
        _log(event, level=level)

    def result(self, name: str, act: Act, result: Result) -> None:
        """Log the serials and codes of pluto, for who looks for them in its own log."""
        fields = {k: v for k in ("code", "ike_sa", "child_sa") if (v := getattr(result, k)) is not None}
        if fields:
            word = "established" if result.cause is None else "failed"
            log.info(word, connection=name, act=act.value, **fields)


_LEVELS = {State.WAITING: "warning", State.REFUSED: "warning", State.STARTING: "debug"}


def _log(event: Event, *, level: str) -> None:
    fields = {
        name: value
        for name in Event.__struct_fields__
        if name not in ("sequence", "time", "kind") and (value := getattr(event, name)) is not UNSET
    }
    getattr(log, level)(event.kind, **fields)
