"""What a run tells while it goes on: one frozen value a happening.

Owns: these values and their JSON. Must not know: how a run works, trio, sockets.

Every value carries `sequence` (counted from 1 within the run), `time` (UNIX seconds) and `connection` (None
where it is about the whole run). What pluto said of a connection comes as `Said`, with the event of
autod.events inside; in JSON that is the event itself with the sequence added. `Summary` (autod.bulk.result)
is the last of a run.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from autod.bulk.result import Summary
from autod.events import Event, to_json
from autod.outcomes import Outcome

__all__ = [
    "Admitted",
    "BulkEvent",
    "Ended",
    "Happening",
    "LimitMoved",
    "Lost",
    "Missed",
    "PlutoBack",
    "PlutoLost",
    "Retrying",
    "Said",
    "Watching",
    "render",
]


class Happening(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event"):
    """What all carry; see the module's docstring."""

    sequence: int
    time: float
    connection: str | None = None


class Admitted(Happening, frozen=True, kw_only=True, tag="admitted"):
    """The request goes out; it is the `attempt`-th, and `in_flight` are under way with it."""

    attempt: int
    in_flight: int


class Said(Happening, frozen=True, kw_only=True, tag="said"):
    """pluto said something of the connection."""

    said: Event


class Ended(Happening, frozen=True, kw_only=True, tag="outcome"):
    """What became of the connection; nothing more is tried. `state` is that of autod.bulk.ResultState."""

    state: str
    outcome: Outcome | None
    attempts: int
    seconds: float | None


class Retrying(Happening, frozen=True, kw_only=True, tag="retrying"):
    """The attempt failed and may pass: another follows in `delay` seconds."""

    outcome: Outcome
    attempt: int
    delay: float


class Watching(Happening, frozen=True, kw_only=True, tag="watching"):
    """No request of ours tells the end of it: the connection's state is looked at from now on, for `reason`."""

    reason: str


class Lost(Happening, frozen=True, kw_only=True, tag="lost"):
    """It had succeeded, and a restart of pluto undid it: it begins again."""


class LimitMoved(Happening, frozen=True, kw_only=True, tag="limit"):
    """So many requests may be in flight from now on."""

    limit: int


class PlutoLost(Happening, frozen=True, kw_only=True, tag="pluto_lost"):
    """pluto went away; these were in flight, and are taken up again when it is back."""

    in_flight: tuple[str, ...]


class PlutoBack(Happening, frozen=True, kw_only=True, tag="pluto_back"):
    """pluto listens again, `away` seconds later."""

    away: float


class Missed(Happening, frozen=True, kw_only=True, tag="dropped"):
    """The reader was too slow: `count` of what pluto said was dropped before this."""

    count: int


BulkEvent: TypeAlias = Happening | Summary


def render(event: BulkEvent) -> bytes:
    """One line of JSON, without the newline. Keys are stable; a summary has `event` "summary"."""
    if isinstance(event, Said):
        return b'%s,"sequence":%d}' % (to_json(event.said)[:-1], event.sequence)
    if isinstance(event, Ended) and event.outcome is not None:
        # The outcome's own keys, as a single operation renders them, and those of the run beside them.
        values = {**msgspec.to_builtins(event.outcome), **msgspec.to_builtins(event)}
        values.pop("outcome")
        return to_json(values)
    return to_json(event)
