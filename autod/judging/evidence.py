"""The evidence of an exchange about one connection so far; autod.judging.judge draws the conclusion.

Owns: which events count, and which parts of them are kept. Must not know: the outcome of an operation.
"""

from __future__ import annotations

import msgspec

from autod.events import (
    ChildEstablished,
    ChildRejected,
    Event,
    IkeEstablished,
    IkeRejected,
    Log,
    Notified,
    Retransmission,
    RetransmitTimeout,
)

__all__ = ["KEEP_LINES", "Evidence"]

KEEP_LINES = 32
"""How many lines of pluto's an outcome carries at most."""


class Evidence(msgspec.Struct):
    """The evidence about one connection.

    `seen`: the event that counts of each kind. `faults`: events that name a cause. `told`: notifications with which
    pluto refused a message of the peer. `unexplained`: lines that autod does not know.
    """

    seen: dict[type[Event], Event] = {}
    ike_sas: set[int] = msgspec.field(default_factory=set)
    child_sa: int | None = None
    ignored: IkeRejected | None = None
    begun: bool = False
    retransmissions: int = 0
    code: int | None = None
    lines: list[str] = []
    faults: list[Event] = []
    told: list[str] = []
    unexplained: list[str] = []

    def add(self, event: Event) -> None:
        kind = type(event)
        if isinstance(event, IkeRejected) and event.ignored:
            self.ignored = event
        elif kind not in self.seen or not self._sums_up(event):
            self.seen[kind] = event
        if kind.traits.begins:
            self.begun = True
            if event.ike_sa is not None:
                self.ike_sas.add(event.ike_sa)
        if isinstance(event, Retransmission):
            self.retransmissions += 1
        elif isinstance(event, RetransmitTimeout):
            self.retransmissions = max(self.retransmissions, event.retransmits)
        elif isinstance(event, Notified):
            self.told.append(event.notification)
        elif isinstance(event, Log) and event.text and len(self.unexplained) < KEEP_LINES:
            self.unexplained.append(event.text)
        if getattr(event, "cause", None) is not None and len(self.faults) < KEEP_LINES:
            self.faults.append(event)
        if event.child_sa is not None:
            self.child_sa = event.child_sa
        if kind.traits.notable and event.text not in self.lines and len(self.lines) < KEEP_LINES:
            self.lines.append(event.text)

    def merge(self, other: Evidence) -> None:
        """Add the evidence of `other`."""
        self.seen = {**other.seen, **self.seen}
        self.ike_sas |= other.ike_sas
        self.lines += [line for line in other.lines if line not in self.lines]
        self.faults += other.faults
        self.told += other.told
        self.unexplained += other.unexplained
        self.retransmissions += other.retransmissions
        self.child_sa = other.child_sa if other.child_sa is not None else self.child_sa
        self.code = other.code if other.code is not None else self.code

    def _sums_up(self, event: Event) -> bool:
        """Whether the earlier event of this kind tells the reason, and this one only sums it up."""
        if isinstance(event, ChildRejected):
            return event.notification is None
        return event.traits.first_counts

    @property
    def is_member(self) -> bool:
        """Whether pluto did something for this connection; else its lines belong to another exchange."""
        return self.begun or any(kind.traits.answers for kind in self.seen)

    @property
    def ike_sa(self) -> int | None:
        established = self.seen.get(ChildEstablished) or self.seen.get(IkeEstablished)
        if established is not None and established.ike_sa is not None:
            return established.ike_sa
        return max(self.ike_sas, default=None)
