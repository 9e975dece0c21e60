"""What an operation came to: one frozen outcome, with a sentence for people.

Owns: the results there are, and what each means to a shell (exit status), to a supervisor (may it pass by
itself) and to a person (a sentence). Must not know: how an outcome follows from events (autod.judging.judge), trio,
sockets, or which release is talking.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from autod.causes import ADVICE, USUAL, Cause, Finder
from autod.protocol.codes import REFUSALS
from autod.values import read_json

__all__ = ["Outcome", "Result", "from_json", "gather", "quoted", "sentence", "with_usual_cause"]


class Result(StrEnum):
    """What became of an operation. Those of the first block are successes; `accepted` is one, where no more
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
    REDIRECTED = "redirected"
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

    ok               whether it succeeded
    sentence         one sentence for people: what, where, what to do
    code             pluto's own code where it refused; its meaning differs by release
    notification     the peer's, where that refused
    lines            pluto's texts that matter, without codes
    retryable        it may pass by itself; else asking again changes nothing
    needs_state      pluto did not tell the end: look at its state, then see `settled`
    started, ended   UNIX seconds
    members          the outcomes of an alias' connections
    left_behind      what pluto goes on doing by itself, or None
    cause            why it is not so; None if it is
    found_by         who found that: us (our pluto, in what the peer sent), the peer, our kernel, pluto, or autod
    advice           what to do about it, as an order
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
    cause: Cause | None = None
    found_by: Finder | None = None
    advice: str | None = None

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
            cause=None,
            found_by=None,
            advice=None,
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
        succeeded = [outcome for outcome in outcomes if outcome.ok]
        so = (
            f", {', '.join(quoted(outcome.connection) for outcome in succeeded[:5])}: {succeeded[0].result.value}"
            if succeeded
            else ""
        )
        sentence = (
            f"{quoted(connection)}: {len(failed)} of {len(outcomes)} failed ({names}{more}){so}; "
            f"the first: {failed[0].sentence}"
        )
    else:
        sentence = f"{quoted(connection)}: all {len(outcomes)} connections: {result.value}"
    starts = [outcome.started for outcome in outcomes if outcome.started is not None]
    ends = [outcome.ended for outcome in outcomes if outcome.ended is not None]
    causes = {outcome.cause for outcome in failed}
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
        cause=failed[0].cause if len(causes) == 1 else None,
        found_by=failed[0].found_by if len(causes) == 1 else None,
        advice=failed[0].advice if len(causes) == 1 else None,
    )


def with_usual_cause(outcome: Outcome) -> Outcome:
    """An outcome that is not pluto's, with the cause that its result usually has; what is ok has none."""
    if outcome.ok:
        return outcome
    cause, found_by = USUAL[outcome.result.value]
    return msgspec.structs.replace(outcome, cause=cause, found_by=found_by, advice=ADVICE[cause].advice)


def typed(name: str) -> str:
    """A name as it is typed behind an operation in a shell."""
    import shlex  # 2 ms, which few sentences need

    return ("-- " if name.startswith(("-", "@")) else "") + shlex.quote(name)


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
    Result.REFUSED: "{name}: pluto refused: {said}",
    Result.LOAD_FAILED: "{name} was not loaded: {said}",
    Result.FAILED: "{name}: {what}: {said}",
}
"""Results with a sentence of their own; those of the others follow from their cause."""


def sentence(
    result: Result,
    operation: str,
    connection: str | None,
    *,
    cause: Cause | None = None,
    ike_sa: int | None = None,
    child_sa: int | None = None,
    notification: str | None = None,
    certain: bool = True,
    retransmissions: int = 0,
    said: str | None = None,
) -> str:
    """One sentence for people: what is so, and what to do. `notification` is the peer's, or pluto's words for the
    cause; `said` is what pluto said last; `certain` is false where the cause is a guess."""
    name = quoted(connection)
    if result is Result.UP:
        if child_sa is None and ike_sa is not None:
            return f"{name} is up: IKE SA #{ike_sa}; its Child SAs come with the traffic"
        sas = f": Child SA #{child_sa}" if child_sa is not None else ""
        on = f" on IKE SA #{ike_sa}" if sas and ike_sa is not None else ""
        return f"{name} is up{sas}{on}"
    advice = ADVICE[cause or USUAL[result.value][0]] if result not in OK else None
    usual = cause is None or cause is USUAL[result.value][0]
    if result in _SENTENCES and (usual or result in OK):
        return _SENTENCES[result].format(
            name=name,
            operation=operation,
            what=advice.what if advice is not None else "",
            said=said or "it did not say why",
        )
    assert advice is not None
    because = f" ({notification or said})" if notification or (said and not usual) else ""
    if not certain:
        because = ", it seems (no acceptable answer came)"
    elif result is Result.PEER_SILENT:
        because = f" ({retransmissions} retransmissions)"
    if result is Result.DEADLINE and not usual:
        return f"{name}: the deadline passed; so far {advice.what}{because}; {advice.advice}"
    if advice.again and not advice.look:
        return f"{name}: {advice.what}{because}"
    return f"{name}: {advice.what}{because}; {advice.advice}"
