"""What an operation came to: one frozen outcome, with a sentence for people.

Owns: the results there are, and what each means to a shell (exit status), to a supervisor (may it pass by
itself) and to a person (a sentence). Must not know: how an outcome follows from events (autod.judging.judge), trio,
sockets, or which release is talking.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from autod.protocol.codes import REFUSALS
from autod.values import read_json

__all__ = ["Outcome", "Result", "from_json", "gather", "quoted", "sentence"]


class Result(StrEnum):
    """What became of an operation. Those of the first block are what was asked; `accepted` is, where no more
    than a beginning was asked (asynchronous)."""

    UP = "up"
    DOWN = "down"
    LOADED = "loaded"
    DELETED = "deleted"
    ROUTED = "routed"
    UNROUTED = "unrouted"
    DONE = "done"
    ACCEPTED = "accepted"

    UNKNOWN = "unknown"
    NOT_LISTENING = "not_listening"
    NOT_ORIENTED = "not_oriented"
    REFUSED = "refused"
    LOAD_FAILED = "load_failed"
    PEER_SILENT = "peer_silent"
    NO_PROPOSAL = "no_proposal"
    REJECTED = "rejected"
    AUTHENTICATION_FAILED = "authentication_failed"
    CHILD_REJECTED = "child_rejected"
    ALREADY_NEGOTIATING = "already_negotiating"
    DELETED_BY_OTHER = "deleted_by_other"
    UNDECIDED = "undecided"
    PLUTO_GONE = "pluto_gone"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"
    FAILED = "failed"


OK = frozenset(
    {
        Result.UP,
        Result.DOWN,
        Result.LOADED,
        Result.DELETED,
        Result.ROUTED,
        Result.UNROUTED,
        Result.DONE,
        Result.ACCEPTED,
    }
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event", tag="outcome"):
    """What became of one operation on one connection (or on pluto, `connection` None).

    ok               what was asked is so
    sentence         one sentence for people: what, where, what to do
    code             pluto's own code where it refused; its meaning differs by release
    notification     the peer's, where that refused
    lines            pluto's texts that matter, without codes
    retryable        it may pass by itself; else asking again changes nothing
    needs_state      pluto did not tell the end: look at its state, then see `settled`
    started, ended   UNIX seconds
    members          the outcomes of an alias' connections
    left_behind      what pluto goes on doing by itself, or None
    """

    operation: str
    connection: str | None
    result: Result
    ok: bool
    sentence: str
    code: int | None = None
    notification: str | None = None
    lines: tuple[str, ...] = ()
    retryable: bool = False
    needs_state: bool = False
    started: float | None = None
    ended: float | None = None
    ike_sa: int | None = None
    child_sa: int | None = None
    retransmissions: int = 0
    dropped: int = 0
    members: tuple[Outcome, ...] = ()
    left_behind: str | None = None

    @property
    def exit_status(self) -> int:
        """The exit status of the command line for this outcome alone."""
        if self.ok:
            return 0
        if self.result is Result.PLUTO_GONE:
            return 33
        if self.result in (Result.DEADLINE, Result.NOT_SENT):
            return 124
        if self.code is not None and self.code in REFUSALS and len(self.members) < 2:
            return self.code
        return 1

    def settled(self, up: bool, *, ike_sa: int | None = None, child_sa: int | None = None) -> Outcome:
        """This outcome of an `up`, after a look at pluto's state said whether the connection is up."""
        if not up:
            return msgspec.structs.replace(self, needs_state=False)
        return msgspec.structs.replace(
            self,
            result=Result.UP,
            ok=True,
            retryable=False,
            needs_state=False,
            left_behind=None,
            ike_sa=ike_sa if ike_sa is not None else self.ike_sa,
            child_sa=child_sa if child_sa is not None else self.child_sa,
            sentence=f"{quoted(self.connection)} is up, as pluto's state says",
        )


def from_json(data: bytes | str) -> Outcome:
    """The outcome that `autod.events.to_json` wrote, also as a line of --json or of a run. Raises DecodeError."""
    return read_json(data, msgspec.json.Decoder(Outcome), "an outcome")


def gather(operation: str, connection: str | None, outcomes: tuple[Outcome, ...]) -> Outcome:
    """One outcome of several: ok if all are, else the result they share, else FAILED."""
    failed = [outcome for outcome in outcomes if not outcome.ok]
    shared = {outcome.result for outcome in (failed or outcomes)}
    result = shared.pop() if len(shared) == 1 else (Result.FAILED if failed else Result.DONE)
    if failed:
        names = ", ".join(quoted(outcome.connection) for outcome in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        sentence = (
            f"{quoted(connection)}: {len(failed)} of {len(outcomes)} did not come to it ({names}{more}); "
            f"the first: {failed[0].sentence}"
        )
    else:
        sentence = f"{quoted(connection)}: all {len(outcomes)} connections: {result.value}"
    starts = [outcome.started for outcome in outcomes if outcome.started is not None]
    ends = [outcome.ended for outcome in outcomes if outcome.ended is not None]
    behind = [outcome.left_behind for outcome in outcomes if outcome.left_behind is not None]
    return Outcome(
        operation=operation,
        connection=connection,
        result=result,
        ok=not failed,
        sentence=sentence,
        code=failed[0].code if failed else None,
        notification=failed[0].notification if failed else None,
        lines=failed[0].lines if failed else (),
        retryable=bool(failed) and all(outcome.retryable for outcome in failed),
        needs_state=any(outcome.needs_state for outcome in outcomes),
        started=min(starts, default=None),
        ended=max(ends, default=None),
        retransmissions=sum(outcome.retransmissions for outcome in outcomes),
        dropped=max((outcome.dropped for outcome in outcomes), default=0),
        members=outcomes,
        left_behind=behind[0] if behind else None,
    )


def quoted(name: str | None) -> str:
    return f'"{name}"' if name is not None else "pluto"


_SENTENCES = {
    Result.DOWN: "{name} is down",
    Result.LOADED: "{name} is loaded",
    Result.DELETED: "{name} is not loaded any more",
    Result.ROUTED: "{name} is routed",
    Result.UNROUTED: "{name} is not routed",
    Result.DONE: "{operation}: done",
    Result.ACCEPTED: "{name}: pluto has begun, and does not tell how it ends; ask for the status later",
    Result.UNKNOWN: "{name}: pluto has no connection or alias of this name; add it first",
    Result.NOT_LISTENING: "{name}: pluto does not listen for IKE yet; run `autod --ready`, then try again",
    Result.NOT_ORIENTED: (
        "{name}: neither end is an address of this machine; compare left= and right= with `ip address`"
    ),
    Result.REFUSED: "{name}: pluto refused: {said}",
    Result.LOAD_FAILED: "{name} was not loaded: {said}",
    Result.PEER_SILENT: (
        "{name}: the peer does not answer ({retransmissions} retransmissions); check its address, the way "
        "there, and UDP ports 500 and 4500"
    ),
    Result.NO_PROPOSAL: (
        "{name}: the peer has no connection for us or accepts none of our IKE proposals ({notification}); "
        "compare ike=, the addresses and the identities of both ends"
    ),
    Result.REJECTED: "{name}: the peer refused the IKE SA ({notification}); its log says why",
    Result.AUTHENTICATION_FAILED: (
        "{name}: authentication failed{because}; compare the secrets or certificates and the identities of "
        "both ends"
    ),
    Result.CHILD_REJECTED: (
        "{name}: the peer was reached, but there is no Child SA{because}; compare the subnets and esp= of "
        "both ends"
    ),
    Result.ALREADY_NEGOTIATING: (
        "{name} is being negotiated already, so nothing more was begun; ask for the status"
    ),
    Result.DELETED_BY_OTHER: "{name} was taken down by somebody else while it was negotiated",
    Result.UNDECIDED: "{name}: pluto did not say how it ended; ask for the status",
    Result.PLUTO_GONE: "{name}: pluto went away in the middle of it; see its log, and start it again",
    Result.DEADLINE: "{name}: the deadline passed; pluto goes on with what it was asked",
    Result.NOT_SENT: (
        "{name}: given up before the request was sent, because pluto was busy or others came first; pluto knows "
        "nothing of it"
    ),
    Result.CANCELLED: "{name}: given up; pluto goes on with what it was asked",
    Result.FAILED: "{name}: pluto gave the negotiation up: {said}",
}


def sentence(
    result: Result,
    operation: str,
    connection: str | None,
    *,
    ike_sa: int | None = None,
    child_sa: int | None = None,
    notification: str | None = None,
    certain: bool = True,
    retransmissions: int = 0,
    said: str | None = None,
) -> str:
    """One sentence for people. `said` is what pluto said last; `certain` false where the cause is a guess."""
    if result is Result.UP:
        sas = f": Child SA #{child_sa}" if child_sa is not None else ""
        on = f" on IKE SA #{ike_sa}" if sas and ike_sa is not None else ""
        return f"{quoted(connection)} is up{sas}{on}"
    because = f" ({notification})" if notification else ""
    if not certain:
        because = ", it seems (no acceptable answer came)"
    return _SENTENCES[result].format(
        name=quoted(connection),
        operation=operation,
        notification=notification or "no notification",
        because=because,
        retransmissions=retransmissions,
        said=said or "it did not say why",
    )
