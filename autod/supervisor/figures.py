"""The supervisor in figures, for its API and its metrics.

Owns the figures, and the part of a supervisor that they need. Changes nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from msgspec import UNSET

from autod.supervisor.states import Actual, Keep
from autod.supervisor.views import PlutoView, Statistics

if TYPE_CHECKING:
    from autod.supervisor.engine import Engine
    from autod.supervisor.feed import Feed
    from autod.supervisor.link import Instance, Link

__all__ = ["Watched", "statistics"]


class Watched(Protocol):
    """The part of a supervisor that its figures need."""

    version: str
    instance: str
    started: float
    subscribers: int
    configuration: str
    troubles: dict[str, str]
    pluto: Instance | None
    answer_seconds: float | None
    link: Link
    feed: Feed

    @property
    def engine(self) -> Engine: ...
    @property
    def offset(self) -> float: ...


def statistics(supervisor: Watched) -> Statistics:
    """The figures of this moment."""
    engine, pluto = supervisor.engine, supervisor.pluto
    answer = supervisor.answer_seconds
    descriptors = supervisor.link.open_descriptors() if pluto else None
    # A suspended connection need not be up.
    expected = [
        e for e in engine.table.values() if e.wanted.policy.keep is Keep.UP and not e.record.suspended
    ]
    return Statistics(
        version=supervisor.version,
        instance=supervisor.instance,
        pid=os.getpid(),
        since=round(supervisor.started, 3),
        sequence=supervisor.feed.last,
        states={state.value: count for state, count in sorted(engine.states().items(), key=str)},
        expected=len(expected),
        up=sum(entry.record.actual is Actual.UP for entry in expected),
        in_flight=engine.admission.in_flight,
        queued=engine.admission.waiting,
        limit=engine.admission.limits.in_flight,
        subscribers=supervisor.subscribers,
        missed=supervisor.feed.missed,
        configuration=supervisor.configuration,
        troubles=tuple(supervisor.troubles.values()),
        pluto=PlutoView(
            running=pluto is not None,
            release=pluto.release if pluto else UNSET,
            pid=pluto.pid if pluto and pluto.pid is not None else UNSET,
            since=round(engine.pluto_since + supervisor.offset, 3) if pluto else UNSET,
            restarts=max(engine.plutos - 1, 0),
            answer_seconds=round(answer, 6) if pluto and answer is not None else UNSET,
            descriptors=UNSET if descriptors is None else descriptors,
        ),
    )
