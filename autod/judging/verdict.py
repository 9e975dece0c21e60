"""What a piece of evidence means: the small decisions of autod.judging.judge, each by itself.

Owns: which result a refusal or a silence comes to, whether it may pass by itself, and what is left behind. Must
not know: the order in which evidence counts.
"""

from __future__ import annotations

import msgspec

from autod.events import (
    IkeEstablished,
    IkeRejected,
    InitiateFailed,
    LoadFailed,
    Refused,
    RetransmitTimeout,
    RetryScheduled,
    RouteRefused,
)
from autod.judging.evidence import Evidence
from autod.outcomes import OK, Result
from autod.protocol.exchange import Ending

__all__ = ["Verdict", "after_silence", "ended_otherwise", "ike_result", "left_behind", "may_pass", "said"]

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
"""Notifications (RFC 7296, 3.10.1) by which one configuration refuses the other: asking again is no use."""


class Verdict(msgspec.Struct, frozen=True):
    """A result, and how sure it is: `certain` is false where pluto itself only guesses the cause."""

    result: Result
    notification: str | None = None
    reason: str | None = None
    """pluto's words for it, where there is no notification."""
    certain: bool = True
    needs_state: bool = False


def ike_result(rejected: IkeRejected) -> Result:
    """Which result a refused IKE SA comes to."""
    if rejected.notification == "AUTHENTICATION_FAILED":
        return Result.AUTHENTICATION_FAILED
    if rejected.notification in ("NO_PROPOSAL_CHOSEN", "INVALID_KE_PAYLOAD"):
        return Result.NO_PROPOSAL
    return Result.REJECTED


def after_silence(timeout: RetransmitTimeout, ignored: IkeRejected | None, ike_is_up: bool) -> Verdict:
    """What a timeout comes to. `ignored`: a refusal that pluto did not believe; `ike_is_up`: phase 1 was done."""
    if ignored is not None and ike_is_up:
        return Verdict(Result.CHILD_REJECTED, ignored.notification)
    if ignored is not None:
        return Verdict(ike_result(ignored), ignored.notification)
    if timeout.suspected == "authentication":
        return Verdict(Result.AUTHENTICATION_FAILED, certain=False)
    if timeout.suspected == "proposal":
        return Verdict(Result.CHILD_REJECTED, certain=False)
    return Verdict(Result.PEER_SILENT)


def ended_otherwise(ending: Ending | None) -> Verdict:
    """What it comes to if the stream did not end as pluto ends it."""
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
    """Whether it may pass by itself; else asking again changes nothing."""
    if verdict.result is Result.CHILD_REJECTED:
        return verdict.notification not in _LASTING
    return verdict.result in _MAY_PASS or (verdict.result not in OK and not verdict.certain)


def left_behind(operation: str, evidence: Evidence, result: Result) -> str | None:
    """What pluto goes on doing after an `up` that did not come to it; None if nothing."""
    if operation != "up" or result is Result.UP:
        return None
    retry = evidence.seen.get(RetryScheduled)
    if isinstance(retry, RetryScheduled):
        attempt = f" (attempt {retry.attempt})" if retry.attempt is not None else ""
        return f"pluto tries again by itself{attempt}, until the connection is taken down"
    if result in (Result.DEADLINE, Result.CANCELLED, Result.NO_PROPOSAL) and evidence.begun:
        return "pluto goes on negotiating, until the connection is taken down"
    if result in (Result.DEADLINE, Result.CANCELLED):
        return "pluto has the request, and carries it out when it comes to it"
    if result is Result.CHILD_REJECTED and IkeEstablished in evidence.seen:
        return "the IKE SA stays established"
    return None


def said(*witnesses: Evidence) -> str | None:
    """Why pluto refused, in its words, without the name in front of them."""
    for evidence in witnesses:
        for event in evidence.seen.values():
            if isinstance(event, _REASONED):
                return event.reason
    return None
