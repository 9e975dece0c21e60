"""What a timeout, a refusal and an ending come to, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from autod.causes import Cause
from autod.events import (
    Deleted,
    Event,
    Fatal,
    IkeEstablished,
    IkeRejected,
    Initiating,
    NetworkError,
    Redirected,
    RetransmitTimeout,
    RetryScheduled,
    Warned,
)
from autod.judging.evidence import Evidence
from autod.judging.verdict import (
    Verdict,
    after_silence,
    ended_otherwise,
    ike_refused,
    left_behind,
    may_pass,
)
from autod.outcomes import Result
from autod.protocol.exchange import Ending


@pytest.mark.parametrize(
    ("ending", "verdict"),
    [
        (Ending.DEADLINE, Verdict(Result.DEADLINE, needs_state=True)),
        (Ending.CANCELLED, Verdict(Result.CANCELLED, needs_state=True)),
        (Ending.UNSENT, Verdict(Result.NOT_SENT)),
        (Ending.WITHDRAWN, Verdict(Result.NOT_SENT)),
        (Ending.RESET, Verdict(Result.UNDECIDED, needs_state=True)),
        (Ending.GONE, Verdict(Result.PLUTO_GONE)),
        (None, Verdict(Result.PLUTO_GONE)),
    ],
)
def test_what_a_stream_that_did_not_end_by_itself_comes_to(ending: Ending | None, verdict: Verdict) -> None:
    assert ended_otherwise(ending) == verdict


@pytest.mark.parametrize(
    ("verdict", "passes"),
    [
        (Verdict(Result.CHILD_REJECTED, "TS_UNACCEPTABLE"), False),
        (Verdict(Result.CHILD_REJECTED, "NO_PROPOSAL_CHOSEN", by="peer"), False),
        (Verdict(Result.CHILD_REJECTED, "TEMPORARY_FAILURE", by="peer"), True),
        (Verdict(Result.CHILD_REJECTED, None), True),
        (Verdict(Result.PEER_SILENT, cause=Cause.PEER_SILENT, by="us"), True),
        (Verdict(Result.AUTHENTICATION_FAILED, cause=Cause.CERTIFICATE_NAME, by="us"), False),
        (Verdict(Result.AUTHENTICATION_FAILED, cause=Cause.CERTIFICATE_NAME, by="us", certain=False), True),
        (Verdict(Result.DEADLINE), True),
        (Verdict(Result.UNKNOWN), False),
        (Verdict(Result.UP), False),
        (Verdict(Result.UP, certain=False), False),
        (Verdict(Result.UP, cause=Cause.PEER_SILENT), False),
    ],
)
def test_what_may_pass_by_itself(verdict: Verdict, passes: bool) -> None:
    assert may_pass(verdict) is passes


def evidence(*events: Event, begun: bool = False) -> Evidence:
    found = Evidence(begun=begun)
    for event in events:
        found.add(event)
    return found


def timeout(suspected: Any = None, exchange: Any = "IKE_SA_INIT") -> RetransmitTimeout:
    return RetransmitTimeout(time=0.0, text="", after=60.0, suspected=suspected, exchange=exchange)


def rejected(notification: str, *, ignored: bool = True, **more: Any) -> IkeRejected:
    return IkeRejected(time=0.0, text="", notification=notification, ignored=ignored, **more)


def network(reason: str) -> NetworkError:
    return NetworkError(time=0.0, text="", reason=reason)


def initiating(version: int) -> Initiating:
    return Initiating(time=0.0, text="", sa="ike", version=version)  # type: ignore[arg-type]


UP = IkeEstablished(time=0.0, text="", ike_sa=1)
WRONG_NAME = Warned(time=0.0, text="", cause=Cause.CERTIFICATE_NAME, reason="it is not theirs")
NOT_SENT = Warned(time=0.0, text="", cause=Cause.SEND_FAILED, reason="no route")


@pytest.mark.parametrize(
    ("ended", "events", "result", "cause", "by", "certain"),
    [
        (timeout(), (), Result.PEER_SILENT, Cause.PEER_SILENT, "us", True),
        (timeout(), (initiating(2),), Result.PEER_SILENT, Cause.PEER_SILENT, "us", True),
        (timeout(), (initiating(1),), Result.PEER_SILENT, Cause.IKEV1_UNANSWERED, "us", True),
        (timeout(), (UP,), Result.PEER_SILENT, Cause.CHILD_UNANSWERED, "us", True),
        (timeout(exchange="CREATE_CHILD_SA"), (), Result.PEER_SILENT, Cause.CHILD_UNANSWERED, "us", True),
        (timeout(exchange="QUICK_MODE"), (), Result.PEER_SILENT, Cause.CHILD_UNANSWERED, "us", True),
        (timeout(exchange="IKE_AUTH"), (), Result.PEER_SILENT, Cause.AUTH_UNANSWERED, "us", True),
        (timeout(), (network("Connection refused"),), Result.PEER_SILENT, Cause.PORT_CLOSED, "kernel", True),
        (timeout(), (network("No route to host"),), Result.PEER_SILENT, Cause.UNREACHABLE, "kernel", True),
        (timeout("proposal"), (), Result.CHILD_REJECTED, Cause.CHILD_REFUSED, "us", False),
        (
            timeout("authentication", None),
            (),
            Result.AUTHENTICATION_FAILED,
            Cause.AUTHENTICATION,
            "us",
            False,
        ),
        (timeout("authentication", "IKE_AUTH"), (), Result.PEER_SILENT, Cause.AUTH_UNANSWERED, "us", True),
        (
            timeout("authentication", None),
            (rejected("PAYLOAD_MALFORMED"),),
            Result.AUTHENTICATION_FAILED,
            Cause.SECRET_DIFFERS,
            "peer",
            False,
        ),
        (
            timeout(None, None),
            (rejected("NO_PROPOSAL_CHOSEN"),),
            Result.NO_PROPOSAL,
            Cause.IKE_PROPOSAL,
            "peer",
            True,
        ),
        (
            timeout(),
            (UP, rejected("NO_PROPOSAL_CHOSEN")),
            Result.CHILD_REJECTED,
            Cause.CHILD_PROPOSAL,
            "peer",
            True,
        ),
    ],
)
def test_what_a_timeout_comes_to(
    ended: RetransmitTimeout,
    events: tuple[Event, ...],
    result: Result,
    cause: Cause,
    by: str,
    certain: bool,
) -> None:
    found = after_silence(ended, evidence(*events))
    assert (found.result, found.cause, found.by, found.certain) == (result, cause, by, certain)
    assert not found.needs_state


def test_what_we_found_wrong_counts_before_silence_and_what_was_not_sent_after_a_refusal() -> None:
    found = after_silence(
        timeout("authentication", None), evidence(WRONG_NAME, rejected("NO_PROPOSAL_CHOSEN"))
    )
    assert (found.cause, found.reason) == (Cause.CERTIFICATE_NAME, "it is not theirs")
    assert found.result is Result.AUTHENTICATION_FAILED
    refused = after_silence(timeout(), evidence(NOT_SENT, rejected("NO_PROPOSAL_CHOSEN")))
    assert refused.cause is Cause.IKE_PROPOSAL
    assert after_silence(timeout(), evidence(NOT_SENT)).cause is Cause.SEND_FAILED


def test_where_we_refused_the_fault_that_we_found_says_why() -> None:
    ours = ike_refused(rejected("AUTHENTICATION_FAILED", ignored=False, by="us"), [WRONG_NAME])
    assert (ours.cause, ours.notification) == (Cause.CERTIFICATE_NAME, "AUTHENTICATION_FAILED")
    theirs = ike_refused(rejected("AUTHENTICATION_FAILED", ignored=False), [WRONG_NAME])
    assert (theirs.cause, theirs.by) == (Cause.AUTHENTICATION, "peer")
    assert ike_refused(rejected("INVALID_SYNTAX", ignored=False)).result is Result.REJECTED


RETRY = RetryScheduled(time=0.0, text="", attempt=3, delay=5.0)
GOES_ON = "pluto goes on negotiating, until the connection is taken down"


@pytest.mark.parametrize(
    ("result", "events", "begun", "left"),
    [
        (Result.UP, (RETRY,), True, None),
        (Result.PEER_SILENT, (), True, None),
        (
            Result.PEER_SILENT,
            (RETRY,),
            True,
            "pluto tries again by itself (attempt 3), until the connection is taken down",
        ),
        (
            Result.DEADLINE,
            (RetryScheduled(time=0.0, text=""),),
            True,
            "pluto tries again by itself, until the connection is taken down",
        ),
        (Result.DEADLINE, (), True, GOES_ON),
        (Result.CANCELLED, (), True, GOES_ON),
        (Result.NO_PROPOSAL, (), True, GOES_ON),
        (Result.AUTHENTICATION_FAILED, (), True, GOES_ON),
        (Result.NO_PROPOSAL, (timeout(),), True, None),
        (Result.NO_PROPOSAL, (Deleted(time=0.0, text=""),), True, None),
        (Result.NO_PROPOSAL, (rejected("NO_PROPOSAL_CHOSEN", ignored=False),), True, None),
        (Result.NO_PROPOSAL, (Fatal(time=0.0, text=""),), True, None),
        (Result.NO_PROPOSAL, (), False, None),
        (Result.DEADLINE, (), False, "pluto has the request, and carries it out when it comes to it"),
        (Result.CHILD_REJECTED, (UP,), True, "the IKE SA stays established"),
        (Result.CHILD_REJECTED, (), True, None),
        (Result.PEER_SILENT, (UP,), True, None),
        (
            Result.REDIRECTED,
            (Redirected(time=0.0, text="", gateway="192.0.2.9"),),
            True,
            "pluto negotiates with the gateway 192.0.2.9 by itself",
        ),
        (
            Result.REDIRECTED,
            (Redirected(time=0.0, text=""),),
            True,
            "pluto negotiates with the gateway it was sent to by itself",
        ),
    ],
)
def test_what_pluto_goes_on_doing(
    result: Result, events: tuple[Event, ...], begun: bool, left: str | None
) -> None:
    assert left_behind("up", evidence(*events, begun=begun), result) == left
    waits = result in (Result.DEADLINE, Result.CANCELLED)
    of_a_down = "pluto has the request, and carries it out when it comes to it" if waits else None
    assert left_behind("down", evidence(*events, begun=begun), result) == of_a_down
