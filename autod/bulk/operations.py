"""The operations that can be done to many connections, and what a run makes of results and events.

Owns: that choice of autod.operations. Must not know: how any of them is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from autod.asking.arguments import check_choice
from autod.bulk.result import Phase
from autod.operations import ROWS, Row
from autod.outcomes import Result

if TYPE_CHECKING:
    from autod.events import Event

__all__ = ["OPERATIONS", "OperationName", "find", "phase_of"]

OperationName: TypeAlias = Literal[
    "up", "down", "add", "delete", "replace", "start", "route", "unroute", "ondemand", "rotatecert"
]
"""The keys of OPERATIONS, for type checkers."""

OPERATIONS: dict[str, Row] = {row.name: row for row in ROWS if row.is_run}
"""The rows of those that a run can do."""

UNANSWERED = frozenset(
    {
        Result.PEER_SILENT,
        Result.NO_PROPOSAL,
        Result.DEADLINE,
        Result.CANCELLED,
        Result.NOT_SENT,
        Result.PLUTO_GONE,
    }
)
"""Results that say nothing about pluto's load. An unacceptable IKE proposal is among them, because pluto
ignores the peer's answer and retransmits until it gives up."""


def find(name: str) -> Row:
    """The row of operation `name`. Raises UsageError."""
    check_choice(name, OPERATIONS, "operation")
    return OPERATIONS[name]


def phase_of(event: Event) -> Phase | None:
    """The stretch that begins with `event`; None if none does."""
    phase = event.phase
    return Phase(phase) if phase is not None else None
