"""One connection of a run, while it goes on.

Owns: what is noted of it, and how that becomes a result. Must not know: when anything is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.bulk.operations import phase_of
from autod.bulk.result import Attempt, ConnectionResult, Phase, ResultState
from autod.events import Initiating, Retransmission
from autod.outcomes import Result

if TYPE_CHECKING:
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["SILENT", "Job"]

SILENT = 3
"""Retransmissions in a row after which a peer is taken to be silent: pluto sends them after 0.5, 1.5 and 3.5 s,
and a peer that is only slow answers before."""


class Job:
    """Mutable, and the engine's own. Times are seconds of the run."""

    __slots__ = (
        "admitted",
        "again",
        "attempts",
        "expires",
        "failures",
        "flying",
        "heard",
        "name",
        "outcome",
        "peer",
        "phases",
        "retransmissions",
        "silent",
        "state",
        "step",
        "taken",
        "watched",
    )

    def __init__(self, name: str, peer: str | None) -> None:
        self.name = name
        self.peer = peer
        self.step = 0
        self.state: ResultState | None = None
        self.outcome: Outcome | None = None
        self.attempts: list[Attempt] = []
        self.failures = 0
        self.flying = False
        self.heard = False
        self.admitted = 0.0
        self.phases: list[tuple[str, float]] = []
        self.retransmissions = 0
        self.taken = False
        self.silent = 0
        self.watched = 0.0
        self.again = 0.0
        self.expires = float("inf")

    @property
    def stalled(self) -> bool:
        """Whether its peer seems to be silent."""
        return self.silent >= SILENT

    @property
    def lost(self) -> int:
        """How many attempts ended because pluto went away."""
        return sum(attempt.cause == Result.PLUTO_GONE.value for attempt in self.attempts)

    def admit(self, now: float) -> None:
        """An attempt begins."""
        self.admitted = now
        self.flying = True
        self.phases = []
        self.taken = self.heard = False
        self.retransmissions = self.silent = 0

    def proceed(self) -> None:
        """The next step of the attempt begins."""
        self.flying = True
        self.taken = False
        self.silent = 0

    def see(self, event: Event, now: float) -> None:
        """pluto said something in the course of the attempt."""
        if type(event) is Retransmission:
            self.retransmissions += 1
            self.silent += 1
            return
        phase = phase_of(event)
        if phase is not None:
            self.enter(phase, now)
            # So far pluto has done what it can before somebody else does something.
            self.taken = self.taken or type(event) is not Initiating

    def enter(self, phase: Phase, now: float) -> None:
        """A stretch of the attempt begins."""
        self.silent = 0
        if not self.phases:
            self.phases.append((Phase.QUEUED, self.admitted))
        if self.phases[-1][0] != phase:
            self.phases.append((phase, now))

    def note(self, now: float, cause: str) -> None:
        """The attempt is over."""
        self.flying = False
        outcome = self.outcome
        lost = self.retransmissions if outcome is None else max(outcome.retransmissions, self.retransmissions)
        self.attempts.append(Attempt(self.admitted, now, cause, lost, tuple(self.phases)))

    def result(self) -> ConnectionResult:
        """What became of it."""
        outcome = self.outcome
        state = ResultState.NOT_STARTED if self.state is None else self.state
        failed = state is ResultState.FAILED
        return ConnectionResult(
            self.name,
            state,
            outcome.result.value if failed and outcome is not None else "",
            outcome.sentence if outcome is not None else _SENTENCES[state].format(self.name),
            self.peer,
            tuple(self.attempts),
            outcome,
        )


_SENTENCES = {
    ResultState.DONE: '"{}": done',
    ResultState.ALREADY: '"{}" was up before, and was left alone',
    ResultState.TAKEN: '"{}": pluto has begun',
    ResultState.FAILED: '"{}" failed',
    ResultState.UNKNOWN: '"{}" was under way when the run was ended; pluto goes on with it',
    ResultState.NOT_STARTED: '"{}" was not begun: the run was ended first',
}
