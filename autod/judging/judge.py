"""Follows one exchange with pluto: events in, one outcome out.

Owns: how an outcome follows from the events of an exchange and from its ending. Must not know: how
lines are recognised, trio, sockets, or the release of the pluto.

Neither the end of a stream nor a code of pluto's means success: an `up` has succeeded only if a Child SA
of this connection was established (for an alias: of every member). Lines of other connections may appear in
a stream, so evidence counts by the connection's name. If a release does not tell how an exchange ended, the
outcome is marked (`needs_state`), and the caller settles it by a look at pluto's state.
"""

from __future__ import annotations

from functools import cache

import msgspec

from autod import events
from autod.causes import ADVICE, USUAL, Cause
from autod.events import (
    AliasExpanded,
    AlreadyNegotiating,
    ChildEstablished,
    Childless,
    ChildRejected,
    Deleted,
    Deleting,
    Dropped,
    Event,
    Fatal,
    Fault,
    IkeEstablished,
    IkeRejected,
    Initiating,
    NetworkError,
    PeerDeleted,
    Prompted,
    Queued,
    Redirected,
    Retransmission,
    RetransmitTimeout,
    RetryScheduled,
    Sent,
    Terminating,
    Unknown,
    Warned,
    Xauth,
)
from autod.judging.evidence import KEEP_LINES, Evidence
from autod.judging.verdict import (
    Verdict,
    after_silence,
    child_refused,
    ended_otherwise,
    ike_refused,
    left_behind,
    may_pass,
    of_fault,
    said,
    unanswered,
)
from autod.operations import BY_NAME
from autod.outcomes import OK, Outcome, Result, gather, sentence
from autod.protocol.codes import REFUSALS
from autod.protocol.exchange import Ending
from autod.recognise.table import exchange_in

__all__ = ["Judge"]


class _Rule(msgspec.Struct, frozen=True):
    """The result of an operation when the stream ends without a refusal."""

    success: Result
    requires: tuple[type[Event], ...] = ()
    """There must be an event of one of these kinds, or the outcome is undecided."""
    told_by: tuple[type[Event], ...] = ()
    """Without an event of these kinds, some releases mean success and others an unknown name: needs_state."""
    absent_is_done: bool = False
    end_is_done: bool = False


_OTHER = _Rule(Result.DONE)


@cache
def _rule_of(operation: str) -> _Rule:
    """The rule by the row of the operation. An operation without a row is done if pluto does not refuse it."""
    row = BY_NAME.get(operation)
    if row is None:
        return _OTHER
    return _Rule(
        Result(row.result),
        requires=tuple(getattr(events, name) for name in row.shown_by),
        told_by=tuple(getattr(events, name) for name in row.told_by),
        absent_is_done=row.absent_is_done,
        end_is_done=row.end_is_done,
    )


class Judge:
    """Follows one exchange. Pure: no clock and no I/O.

    `operation` is "up", "down", "add", "delete", "route", "unroute", "rekey-ike", "rekey-child", "shutdown",
    or the verb of any other command: that is done when pluto ends the stream without a refusal. `members` are the
    connections of an alias, if the caller knows them; else they are taken from pluto's lines.
    """

    def __init__(
        self,
        operation: str,
        name: str | None = None,
        *,
        members: tuple[str, ...] | None = None,
        asynchronous: bool = False,
        started: float | None = None,
    ) -> None:
        self.operation = operation
        self.name = name
        self.asynchronous = asynchronous
        self._rule = _rule_of(operation)
        self._members = members
        self._alias = members is not None
        self._expected = len(members) if members is not None else 0
        self._started = started
        self._ended: float | None = None
        self._general = Evidence()
        self._named: dict[str, Evidence] = {}
        self._dropped = 0

    def see(self, event: Event) -> None:
        """Take the next event of the exchange."""
        if self._started is None:
            self._started = event.time
        self._ended = event.time
        if isinstance(event, Dropped):
            self._dropped += event.count
            return
        if isinstance(event, AliasExpanded):
            if event.alias is None or event.alias == self.name:
                self._alias = True
                self._expected = max(self._expected, event.count or 0)
                self._general.add(event)
            return
        evidence = self._evidence_for(event)
        if evidence is None:
            return
        evidence.add(event)
        if event.code is not None and _is_refusal(event):
            evidence.code = event.code

    @property
    def stands_for_several(self) -> bool:
        """Whether pluto's lines show that the name stands for several connections, and the caller did not name them."""
        return self._members is None and (self._alias or len(self._named) > 1)

    def know(self, members: tuple[str, ...]) -> None:
        """Set the connections that the name stands for, if they become known later. They count without lines, too."""
        self._members = members
        self._alias = True
        self._expected = len(members)

    @property
    def decided(self) -> Outcome | None:
        """The outcome, as soon as no further line of pluto can change it; the stream may still be open.

        Some releases keep it open for a while (5.2: for ever, after a Child SA that this end rejected). If neither
        the members of an alias nor their number is known (up to 4.15), only the end decides.
        """
        if not self.is_decided:
            return None
        if self.operation == "up":
            return self._up_outcome(None)
        verdict = self._refusal(self._own())
        assert verdict is not None
        return self._outcome(self.name, self._own(), verdict)

    @property
    def is_decided(self) -> bool:
        """Whether there is an outcome yet: cheaper than `decided`."""
        if self.operation in _EACH and (self._alias or len(self._named) > 1):
            return False
        if self.operation != "up":
            return self._refusal(self._own()) is not None
        if self._refusal(self._general) is not None:
            return True
        members = self._up_members()
        if self._alias and len(members) < max(self._expected, 1):
            return False
        if self._alias and self._members is None and not self._expected:
            return False
        return all(self._up(evidence, None) is not None for _, evidence in members)

    def end(self, ending: Ending, *, at: float | None = None) -> Outcome:
        """The outcome of the exchange after this ending (`at`, in UNIX seconds)."""
        if at is not None:
            self._ended = at
            if self._started is None:
                self._started = at
        if self.operation == "up":
            return self._up_outcome(ending)
        if self.operation in _EACH and len(self._named) > 1:
            # An alias, or a connection with subnets=: each has its own result.
            ends = {name: self._other(evidence, ending) for name, evidence in self._named.items()}
            outcomes = [self._outcome(name, self._named[name], verdict) for name, verdict in ends.items()]
            return gather(self.operation, self.name, tuple(outcomes))
        evidence = self._own()
        return self._outcome(self.name, evidence, self._other(evidence, ending))

    def _evidence_for(self, event: Event) -> Evidence | None:
        """The evidence that the event belongs to; None if it is about another connection."""
        name = event.connection
        if name is None or self.name is None:
            return self._general
        if self._ours(name):
            return self._named.setdefault(name, Evidence())
        if isinstance(event, _OF_AN_IKE_SA) and event.ike_sa is not None:
            for evidence in self._named.values():
                if event.ike_sa in evidence.ike_sas:
                    return evidence
        return None

    def _ours(self, name: str) -> bool:
        if self._members is not None:
            return name in self._members
        return self._alias or name == self.name or name.startswith(f"{self.name}/")

    def _own(self) -> Evidence:
        """All evidence together: for operations that are not judged member by member."""
        own = Evidence()
        for evidence in (self._general, *self._named.values()):
            own.merge(evidence)
        return own

    def _up_members(self) -> list[tuple[str, Evidence]]:
        name = self.name or ""
        if self._members is not None:
            return [(member, self._named.get(member, Evidence())) for member in self._members]
        if self._alias:
            return [(member, evidence) for member, evidence in self._named.items() if evidence.is_member]
        if len(self._named) > 1:
            return list(self._named.items())
        own = next(iter(self._named.items()), (name, Evidence()))
        return [own]

    def _up_outcome(self, ending: Ending | None) -> Outcome:
        members = self._up_members()
        outcomes = []
        for member, evidence in members:
            verdict = self._up(evidence, ending)
            assert verdict is not None
            outcomes.append(self._outcome(member if len(members) > 1 else self.name, evidence, verdict))
        if self._alias and len(outcomes) < max(self._expected, 1):
            general = self._refusal(self._general) or self._silence(Evidence(), ending)
            outcomes.append(self._outcome(self.name, self._general, general))
        if len(outcomes) == 1:
            return outcomes[0]
        return gather(self.operation, self.name, tuple(outcomes))

    def _refusal(self, evidence: Evidence) -> Verdict | None:
        """The verdict if pluto refused at once, for any operation."""
        by_kind = evidence.seen
        if Unknown in by_kind:
            return Verdict(self._rule.success if self._rule.absent_is_done else Result.UNKNOWN)
        refusals = [
            (Result(kind.traits.refusal), event) for kind, event in by_kind.items() if kind.traits.refusal
        ]
        if not refusals:
            return None
        result, event = min(refusals, key=lambda refusal: _ORDER.index(refusal[0]))
        cause: Cause | None = getattr(event, "cause", None)
        return Verdict(result, cause=cause, by="pluto")

    def _up(self, evidence: Evidence, ending: Ending | None) -> Verdict | None:
        """The verdict about one connection's `up`; None while it is open and undecided."""
        by_kind = evidence.seen
        if ChildEstablished in by_kind:
            return Verdict(Result.UP)
        refusal = self._refusal(evidence) or self._refusal(self._general)
        if refusal is not None:
            return refusal
        if Childless in by_kind and IkeEstablished in by_kind:
            return Verdict(Result.UP)
        rejected = by_kind.get(IkeRejected)
        if isinstance(rejected, IkeRejected):
            return ike_refused(rejected, evidence.faults)
        xauth = by_kind.get(Xauth)
        if isinstance(xauth, Xauth) and not xauth.ok:
            cause = xauth.cause or Cause.XAUTH_REFUSED
            return Verdict(Result.AUTHENTICATION_FAILED, reason=xauth.reason, cause=cause, by=xauth.by)
        child = by_kind.get(ChildRejected)
        if isinstance(child, ChildRejected):
            return child_refused(child, evidence.faults)
        timeout = by_kind.get(RetransmitTimeout)
        if isinstance(timeout, RetransmitTimeout):
            return after_silence(timeout, evidence)
        fatal = by_kind.get(Fatal)
        if isinstance(fatal, Fatal):
            fault = of_fault(evidence.faults) or self._notified(evidence)
            if fault is not None:
                return fault
            first = exchange_in(fatal.state) == "IKE_SA_INIT" and fatal.child_sa is None
            if first and evidence.begun:
                # The peer answered, and pluto could not go on to IKE_AUTH: the key to sign with is missing. Only its
                # log tells that (seen on 4.10 and 5.2; for a missing secret there is a line).
                reason = "pluto gave up before it sent IKE_AUTH; its log says why"
                return Verdict(
                    Result.AUTHENTICATION_FAILED, reason=reason, cause=Cause.PRIVATE_KEY_MISSING, by="us"
                )
            failed = Verdict(Result.FAILED, cause=Cause.GONE_WITHOUT_REASON, by="pluto")
            return Verdict(Result.CHILD_REJECTED) if fatal.child_sa is not None else failed
        if AlreadyNegotiating in by_kind:
            if self.asynchronous:
                return Verdict(Result.ACCEPTED)
            return Verdict(Result.ALREADY_NEGOTIATING, needs_state=True)
        if ending is None:
            return None
        return self._silence(evidence, ending)

    def _silence(self, evidence: Evidence, ending: Ending | None) -> Verdict:
        """The verdict if the stream of an `up` ended without a line about the result of the negotiation."""
        if ending is not Ending.EOF:
            ignored = evidence.ignored
            if ending in (Ending.DEADLINE, Ending.CANCELLED):
                # pluto still waits, but an earlier line tells the fault.
                fault = of_fault(evidence.faults)
                if fault is not None and fault.cause is not Cause.SEND_FAILED:
                    return fault
                if ignored is not None:
                    return ike_refused(ignored)
                again = evidence.seen.get(Retransmission)
                if ending is Ending.DEADLINE and (again is not None or NetworkError in evidence.seen):
                    so_far = unanswered(exchange_in(getattr(again, "state", None)), evidence)
                    return msgspec.structs.replace(so_far, result=Result.DEADLINE, needs_state=True)
            return ended_otherwise(ending)
        verdict = self._why_gone(evidence)
        if verdict is not None:
            return verdict
        if self.asynchronous:
            return Verdict(Result.ACCEPTED)
        if not evidence.begun:
            return Verdict(Result.ALREADY_NEGOTIATING, needs_state=True)
        if IkeEstablished in evidence.seen:
            if Deleting in evidence.seen:
                # 4.x tells the one who waits for the Child SA that the IKE SA goes, and its log that the peer wants it.
                return Verdict(
                    Result.DELETED_BY_OTHER, cause=Cause.DELETED_BY_PEER, by="peer", needs_state=True
                )
            return Verdict(Result.CHILD_REJECTED, needs_state=True, certain=False)
        initiating = evidence.seen.get(Initiating)
        if Queued in evidence.seen and Sent not in evidence.seen:
            retry = evidence.seen.get(RetryScheduled)
            if isinstance(retry, RetryScheduled) and retry.delay is None:
                return Verdict(Result.PEER_SILENT)
            return _waited(evidence.seen[Queued])
        if isinstance(initiating, Initiating) and initiating.sa == "ike":
            return Verdict(Result.DELETED_BY_OTHER, needs_state=True)
        return Verdict(Result.UNDECIDED, needs_state=True)

    def _why_gone(self, evidence: Evidence) -> Verdict | None:
        """Why the SA of the negotiation no longer exists; None if it exists, as far as pluto's lines show."""
        by_kind = evidence.seen
        redirected = by_kind.get(Redirected)
        fault = of_fault(evidence.faults)
        if redirected is not None and (fault is None or fault.cause is not Cause.REDIRECT_REFUSED):
            return Verdict(Result.REDIRECTED, cause=Cause.REDIRECTED, by="peer", needs_state=True)
        if Deleted not in by_kind and Terminating not in by_kind and PeerDeleted not in by_kind:
            return fault
        if fault is not None:
            return fault
        if evidence.ignored is not None and IkeEstablished not in by_kind:
            return ike_refused(evidence.ignored)
        refusal = self._notified(evidence)
        if refusal is not None:
            return refusal
        # What somebody takes down here is not to remain up, so it is the peer's doing if pluto wants it back.
        if PeerDeleted in by_kind or (IkeEstablished in by_kind and RetryScheduled in by_kind):
            return Verdict(Result.DELETED_BY_OTHER, cause=Cause.DELETED_BY_PEER, by="peer")
        if Terminating not in by_kind and evidence.unexplained:
            line = evidence.unexplained[-1]
            return Verdict(Result.FAILED, reason=line, cause=Cause.GONE_WITHOUT_REASON, by="pluto")
        return Verdict(Result.DELETED_BY_OTHER, cause=Cause.TAKEN_DOWN, by="pluto")

    def _notified(self, evidence: Evidence) -> Verdict | None:
        """The verdict if this end refused with a notification to the peer, and no line tells the reason."""
        if not evidence.told:
            return None
        notification = evidence.told[0]
        refused = IkeRejected(time=0.0, notification=notification, by="us")
        if IkeEstablished in evidence.seen:
            return child_refused(ChildRejected(time=0.0, notification=notification, by="us"))
        return ike_refused(refused)

    def _other(self, evidence: Evidence, ending: Ending) -> Verdict:
        refusal = self._refusal(evidence)
        if refusal is not None:
            return refusal
        rule = self._rule
        if any(kind in evidence.seen for kind in rule.requires):
            return Verdict(rule.success)
        if ending is not Ending.EOF:
            if rule.end_is_done and ending is Ending.GONE:
                return Verdict(rule.success)
            waits = ending in (Ending.DEADLINE, Ending.CANCELLED)
            return (self._unusable(evidence) if waits else None) or ended_otherwise(ending)
        if evidence.code is not None:
            return Verdict(Result.REFUSED)
        unusable = self._unusable(evidence)
        if unusable is not None:
            return unusable
        if rule.requires:
            if self.asynchronous:
                return Verdict(Result.ACCEPTED)
            return Verdict(Result.UNDECIDED, needs_state=True)
        silent = bool(rule.told_by) and not any(kind in evidence.seen for kind in rule.told_by)
        return Verdict(rule.success, needs_state=silent)

    def _unusable(self, evidence: Evidence) -> Verdict | None:
        """The verdict if pluto could not read a file again. It forgets the old content before it reads.

        A reason with the line of the file counts more than one without (4.0 and later: "unterminated string").
        """
        if self.operation not in _READING:
            return None
        unread = [
            event for event in evidence.faults if isinstance(event, Warned | Fault) and event.cause in _UNREAD
        ]
        if not unread:
            return None
        first = next((event for event in unread if " line " in event.reason), unread[0])
        return Verdict(Result.REFUSED, reason=first.reason, cause=first.cause, by="pluto")

    def _outcome(self, connection: str | None, evidence: Evidence, verdict: Verdict) -> Outcome:
        result, general = verdict.result, self._general
        ok = result in OK
        code = evidence.code if evidence.code is not None else general.code
        lines = (*general.lines, *(x for x in evidence.lines if x not in general.lines))
        ike_sa, child_sa = evidence.ike_sa, evidence.child_sa
        cause, by = (None, None) if ok else USUAL[result.value]
        cause, by = verdict.cause or cause, verdict.by or by
        if ok and ChildEstablished not in evidence.seen and Childless in evidence.seen:
            child_sa = None
        return Outcome(
            operation=self.operation,
            connection=connection,
            result=result,
            ok=ok,
            sentence=sentence(
                result,
                self.operation,
                connection,
                cause=cause,
                ike_sa=ike_sa,
                child_sa=child_sa,
                notification=(verdict.reason if verdict.by == "us" else None)
                or verdict.notification
                or verdict.reason,
                certain=verdict.certain,
                retransmissions=evidence.retransmissions,
                said=None
                if ok
                else verdict.reason
                or said(evidence, general)
                or (lines[-1] if lines and verdict.cause is None else None),
            ),
            code=None if ok else code,
            notification=verdict.notification,
            lines=lines[:KEEP_LINES],
            retryable=may_pass(verdict),
            needs_state=verdict.needs_state,
            started=self._started,
            ended=self._ended,
            ike_sa=ike_sa,
            child_sa=child_sa,
            retransmissions=evidence.retransmissions,
            dropped=self._dropped,
            left_behind=left_behind(self.operation, evidence, result),
            cause=cause,
            found_by=by,
            advice=ADVICE[cause].advice if cause is not None else None,
        )


_EACH = ("rekey-ike", "rekey-child")
"""Operations for which pluto has lines about each member of an alias."""

_READING = ("rereadsecrets", "rereadall", "rereadcerts", "ready", "listen")
"""Operations that make pluto read the secrets, and the certificates, again."""

_UNREAD = (Cause.SECRETS_FILE, Cause.CERTIFICATE_MISSING, Cause.PRIVATE_KEY_MISSING)

_OF_AN_IKE_SA = (Retransmission, RetransmitTimeout, Deleted)
"""Events that may name the connection that owns the IKE SA, and not the one that is negotiated on it."""

_ORDER = tuple(Result)
"""Of several refusals in one exchange the first in this order counts."""


def _waited(queued: Event) -> Verdict:
    """The verdict if pluto dropped a connection that waited for an IKE SA. The `up` of the IKE SA's owner tells why the
    IKE SA ended."""
    reason = None
    if isinstance(queued, Queued):
        reason = f'it waited for that of "{queued.owner}"'
    return Verdict(
        Result.DELETED_BY_OTHER, reason=reason, cause=Cause.IKE_SA_GONE, by="pluto", needs_state=True
    )


def _is_refusal(event: Event) -> bool:
    if isinstance(event, Prompted) or (isinstance(event, Fault) and event.cause is Cause.INTERNAL):
        # pluto goes on with the request after an internal error.
        return False
    return event.code in REFUSALS
