"""The meaning of a piece of evidence: the small decisions of autod.judging.judge, each as a function.

Owns: the result of a refusal or of a silence, whether it may pass by itself, and what is left behind. Must not
know: the order in which evidence counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.causes import ADVICE, Cause, Finder
from autod.events import (
    Deleted,
    Fatal,
    IkeEstablished,
    IkeRejected,
    InitiateFailed,
    Initiating,
    LoadFailed,
    NetworkError,
    Redirected,
    Refused,
    RetransmitTimeout,
    RetryScheduled,
    RouteRefused,
)
from autod.judging.causing import of_notification, reason_of, the_fault
from autod.judging.evidence import Evidence
from autod.outcomes import OK, Result
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.events import ChildRejected, Event

__all__ = [
    "Verdict",
    "after_silence",
    "child_refused",
    "ended_otherwise",
    "ike_refused",
    "left_behind",
    "may_pass",
    "of_fault",
    "said",
    "unanswered",
]

_REASONED = (LoadFailed, InitiateFailed, RouteRefused, Refused)

_MAY_PASS = frozenset(
    {
        Result.NOT_LISTENING,
        Result.PEER_SILENT,
        Result.ALREADY_NEGOTIATING,
        Result.DELETED_BY_OTHER,
        Result.UNDECIDED,
        Result.PLUTO_GONE,
        Result.DEADLINE,
        Result.CANCELLED,
        Result.NOT_SENT,
        Result.FAILED,
    }
)

_LASTING = frozenset({"TS_UNACCEPTABLE", "NO_PROPOSAL_CHOSEN", "INVALID_KE_PAYLOAD", "SINGLE_PAIR_REQUIRED"})
"""Notifications (RFC 7296, 3.10.1) by which one configuration refuses the other: trying again does not help."""


class Verdict(msgspec.Struct, frozen=True):
    """A result, and how certain it is: `certain` is false if pluto itself only guesses the cause."""

    result: Result
    notification: str | None = None
    reason: str | None = None
    """pluto's words for it, if there is no notification."""
    certain: bool = True
    needs_state: bool = False
    cause: Cause | None = None
    by: Finder | None = None


def of_fault(faults: Iterable[Event]) -> Verdict | None:
    """The verdict from the fault that counts; None if there is none."""
    fault = the_fault(faults)
    if fault is None:
        return None
    cause, by, event = fault
    notification: str | None = getattr(event, "notification", None)
    return Verdict(Result(ADVICE[cause].result), notification, reason_of(event), cause=cause, by=by)


def ike_refused(rejected: IkeRejected, faults: Iterable[Event] = ()) -> Verdict:
    """The verdict if the IKE SA was refused. If this end refused it, the fault that this end found is the reason."""
    if rejected.by != "peer":
        fault = of_fault(faults)
        if fault is not None:
            return msgspec.structs.replace(fault, notification=fault.notification or rejected.notification)
    return Verdict(
        _ike_result(rejected),
        rejected.notification,
        rejected.reason,
        cause=rejected.cause or of_notification(rejected.notification, child=False),
        by=rejected.by,
    )


def child_refused(rejected: ChildRejected, faults: Iterable[Event] = ()) -> Verdict:
    """The verdict if the Child SA was refused, as `ike_refused`."""
    cause, by, reason = (
        rejected.cause or of_notification(rejected.notification, child=True),
        rejected.by,
        None,
    )
    fault = the_fault(faults) if by != "peer" else None
    if fault is not None and ADVICE[fault[0]].result == Result.CHILD_REJECTED:
        cause, by, reason = fault[0], fault[1], reason_of(fault[2])
    return Verdict(Result.CHILD_REJECTED, rejected.notification, reason, cause=cause, by=by)


def _ike_result(rejected: IkeRejected) -> Result:
    cause = of_notification(rejected.notification, child=False)
    if cause is Cause.AUTHENTICATION:
        return Result.AUTHENTICATION_FAILED
    if cause in (Cause.IKE_PROPOSAL, Cause.KE_GROUP):
        return Result.NO_PROPOSAL
    return Result.REJECTED


def after_silence(timeout: RetransmitTimeout, evidence: Evidence) -> Verdict:
    """The verdict after a timeout: a refusal that pluto ignored, or a fault that this end found without telling the
    peer, or an error of the network; else the peer did not answer."""
    ignored, ike_is_up = evidence.ignored, IkeEstablished in evidence.seen
    redirected = evidence.seen.get(Redirected)
    if isinstance(redirected, Redirected):
        reason = f"{redirected.gateway or 'it'} does not answer"
        return Verdict(Result.REDIRECTED, reason=reason, cause=Cause.REDIRECTED, by="peer")
    fault = of_fault(evidence.faults)
    if timeout.suspected == "authentication" and fault is not None and fault.cause is Cause.MALFORMED:
        # A message that cannot be read was encrypted with another secret.
        return msgspec.structs.replace(
            fault, result=Result.AUTHENTICATION_FAILED, cause=Cause.AUTHENTICATION, certain=False
        )
    if fault is not None and fault.cause is not Cause.SEND_FAILED:
        return fault
    if ignored is not None and ike_is_up:
        cause = of_notification(ignored.notification, child=True)
        return Verdict(Result.CHILD_REJECTED, ignored.notification, cause=cause, by="peer")
    if ignored is not None:
        if timeout.suspected == "authentication" and ignored.notification in _UNREADABLE:
            return Verdict(
                Result.AUTHENTICATION_FAILED,
                ignored.notification,
                cause=Cause.SECRET_DIFFERS,
                by="peer",
                certain=False,
            )
        return ike_refused(ignored)
    if timeout.suspected == "authentication" and timeout.exchange != "IKE_AUTH":
        # In IKEv2 a peer that does not accept this end sends an error; pluto's guess is about IKEv1.
        return Verdict(Result.AUTHENTICATION_FAILED, certain=False, cause=Cause.AUTHENTICATION, by="us")
    if timeout.suspected == "proposal":
        return Verdict(Result.CHILD_REJECTED, certain=False, cause=Cause.CHILD_REFUSED, by="us")
    if fault is not None:
        return fault
    return unanswered(timeout.exchange, evidence)


def unanswered(exchange: str | None, evidence: Evidence) -> Verdict:
    """The verdict if no answer to `exchange` came, and neither pluto nor the peer found a fault."""
    network = evidence.seen.get(NetworkError)
    if isinstance(network, NetworkError):
        closed = "refused" in network.reason
        cause = Cause.PORT_CLOSED if closed else Cause.UNREACHABLE
        return Verdict(Result.PEER_SILENT, None, network.reason, cause=cause, by="kernel")
    if exchange == "IKE_AUTH":
        return Verdict(Result.PEER_SILENT, cause=Cause.AUTH_UNANSWERED, by="us")
    if IkeEstablished in evidence.seen or exchange in ("CREATE_CHILD_SA", "QUICK_MODE"):
        return Verdict(Result.PEER_SILENT, cause=Cause.CHILD_UNANSWERED, by="us")
    initiating = evidence.seen.get(Initiating)
    if isinstance(initiating, Initiating) and initiating.version == 1:
        return Verdict(Result.PEER_SILENT, cause=Cause.IKEV1_UNANSWERED, by="us")
    return Verdict(Result.PEER_SILENT, cause=Cause.PEER_SILENT, by="us")


_UNREADABLE = ("PAYLOAD_MALFORMED", "INVALID_FLAGS", "INVALID_HASH_INFORMATION")
"""The notifications of an IKEv1 peer for a message that it could not decrypt because the secrets differ."""


def ended_otherwise(ending: Ending | None) -> Verdict:
    """The verdict if the stream did not end in the ordinary way."""
    if ending is Ending.DEADLINE:
        return Verdict(Result.DEADLINE, needs_state=True)
    if ending is Ending.CANCELLED:
        return Verdict(Result.CANCELLED, needs_state=True)
    if ending in (Ending.UNSENT, Ending.WITHDRAWN):
        return Verdict(Result.NOT_SENT)
    if ending is Ending.RESET:
        return Verdict(Result.UNDECIDED, needs_state=True)
    return Verdict(Result.PLUTO_GONE)


def may_pass(verdict: Verdict) -> bool:
    """Whether the failure may pass by itself; else trying again changes nothing."""
    if verdict.result is Result.CHILD_REJECTED and verdict.by in (None, "peer"):
        return verdict.notification not in _LASTING
    if verdict.cause is not None and verdict.result not in OK | {Result.DEADLINE} and verdict.certain:
        return ADVICE[verdict.cause].again
    return verdict.result in _MAY_PASS or (verdict.result not in OK and not verdict.certain)


_TAKEN = "pluto has the request, and carries it out when it comes to it"


def left_behind(operation: str, evidence: Evidence, result: Result) -> str | None:
    """What pluto goes on doing after an `up` that failed, or a request that was given up; None if it does nothing."""
    if result is Result.UP:
        return None
    if operation != "up":
        return _TAKEN if result in (Result.DEADLINE, Result.CANCELLED) else None
    redirected = evidence.seen.get(Redirected)
    if result is Result.REDIRECTED and isinstance(redirected, Redirected):
        return f"pluto negotiates with the gateway {redirected.gateway or 'it was sent to'} by itself"
    retry = evidence.seen.get(RetryScheduled)
    if isinstance(retry, RetryScheduled):
        attempt = f" (attempt {retry.attempt})" if retry.attempt is not None else ""
        return f"pluto tries again by itself{attempt}, until the connection is taken down"
    over = Deleted in evidence.seen or RetransmitTimeout in evidence.seen
    waiting = result in (Result.DEADLINE, Result.CANCELLED, Result.NO_PROPOSAL, Result.AUTHENTICATION_FAILED)
    if (
        waiting
        and evidence.begun
        and not over
        and Fatal not in evidence.seen
        and IkeRejected not in evidence.seen
    ):
        return "pluto goes on negotiating, until the connection is taken down"
    if result in (Result.DEADLINE, Result.CANCELLED):
        return _TAKEN
    if result is Result.CHILD_REJECTED and IkeEstablished in evidence.seen:
        return "the IKE SA stays established"
    return None


def said(*witnesses: Evidence) -> str | None:
    """The reason for which pluto refused, in its words, without the name in front of them."""
    for evidence in witnesses:
        for event in evidence.seen.values():
            if isinstance(event, _REASONED):
                return event.reason
    return None
