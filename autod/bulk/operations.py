"""The operations that can be done to many connections, and how they differ for a run.

Owns: this table. Must not know: how any of them is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from autod.arguments import check_choice
from autod.bulk.result import Phase
from autod.outcomes import Result

if TYPE_CHECKING:
    from autod.events import Event

__all__ = ["OPERATIONS", "OperationName", "Traits", "find", "phase_of"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What a run has to know of an operation.

    initiates     it ends with a Child SA: what is up already can be left alone, state tells the truth
    terminates    it ends without one, which the state tells too
    lost          what it did is undone by a restart of pluto
    """

    name: str
    initiates: bool = False
    terminates: bool = False
    lost: bool = True


OperationName: TypeAlias = Literal[
    "up", "start", "down", "delete", "add", "replace", "ondemand", "route", "unroute"
]
"""The keys of OPERATIONS, for type checkers."""

OPERATIONS = {
    traits.name: traits
    for traits in (
        Traits("up", initiates=True),
        Traits("start", initiates=True),
        Traits("down", terminates=True, lost=False),
        Traits("delete", terminates=True, lost=False),
        Traits("add"),
        Traits("replace"),
        Traits("ondemand"),
        Traits("route"),
        Traits("unroute", lost=False),
    )
}

UNANSWERED = frozenset(
    {Result.PEER_SILENT, Result.NO_PROPOSAL, Result.DEADLINE, Result.CANCELLED, Result.PLUTO_GONE}
)
"""Results that say nothing about pluto's load. An unacceptable IKE proposal is among them, because pluto
ignores the peer's answer and retransmits until it gives up."""


def find(name: str) -> Traits:
    """The traits of operation `name`. Raises UsageError."""
    check_choice(name, OPERATIONS, "operation")
    return OPERATIONS[name]


def phase_of(event: Event) -> Phase | None:
    """The stretch that begins with `event`; None if none does."""
    phase = event.phase
    return Phase(phase) if phase is not None else None
