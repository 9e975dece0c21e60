"""pluto's lines while it waits: the rows of autod.recognise for queues, retransmissions and retries.

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases
that have it only in their source code.
"""

from __future__ import annotations

from autod.events import (
    AlreadyNegotiating,
    NetworkError,
    Queued,
    Retransmission,
    RetransmitTimeout,
    RetryScheduled,
)
from autod.recognise.table import NUMBER, Row

__all__ = ["ROWS"]

_TIMEOUT = (
    r"(?:(?P<after>\d+) second timeout exceeded after (?P<retransmits>\d+) retransmits"
    r"|max number of retransmissions \(\d+\) reached)"
)

_WAITING = (
    Row(
        Queued,
        ("queue",),
        r'queue \w+ SA; waiting on \w+ SA "(?P<owner>.+?)"[^"#]* #(?P<ike_sa>\d+) negotiating with (?P<peer>\S+)',
        seen="4.10-5.4",
    ),
    Row(
        Queued,
        ("queuing",),
        r'queuing pending .+? negotiating with (?P<peer>\S+) .+? SA #(?P<ike_sa>\d+) "(?P<owner>.+)"',
        seen="3.32-4.3",
    ),
    Row(
        AlreadyNegotiating,
        ("connection",),
        r"connection already has the pending Child SA negotiation #(?P<child_sa>\d+)"
        r"(?: using IKE SA #(?P<ike_sa>\d+))?",
        seen="4.10-5.4",
    ),
    Row(
        AlreadyNegotiating,
        ("dropping",),
        r"dropping negotiation as superseded by established IKE SA #(?P<ike_sa>\d+)",
        seen="",
        sources="5.1-5.4",
    ),
    Row(
        AlreadyNegotiating,
        ("suppressing",),
        r"suppressing retransmit because IKE SA was superseded #(?P<ike_sa>\d+)",
        seen="",
        sources="3.27-4.15",
    ),
    Row(
        AlreadyNegotiating,
        ("connection",),
        r"connection .* is already pending: waiting on IKE SA #(?P<ike_sa>\d+)",
        seen="",
        sources="4.2-5.3",
    ),
    Row(
        Retransmission,
        ("retransmission;",),
        r"retransmission; will wait (?P<wait>\d+(?:\.\d+)?) seconds? for response",
        "state",
    ),
    Row(
        Retransmission,
        ("retransmitting",),
        r"retransmitting .*; will wait (?P<wait>\d+(?:\.\d+)?) seconds? for response",
        "ike",
        seen="5.4",
    ),
    Row(
        RetryScheduled,
        ("starting", "scheduling"),
        r"(?:starting keying|scheduling retry) attempt (?P<attempt>\d+) of ",
        seen="3.27-4.15",
    ),
    Row(
        RetryScheduled,
        ("connection",),
        r"connection is supposed to remain up; revival attempt (?P<attempt>\d+) scheduled in "
        r"(?P<delay>\d+(?:\.\d+)?) seconds",
        seen="5.0-5.4",
    ),
    Row(
        RetryScheduled,
        ("deleting",),
        r"deleting .* but connection is supposed to remain up; ",
        seen="4.3-4.15",
    ),
    Row(
        NetworkError,
        ("ERROR:",),
        r"ERROR: asynchronous network error report on .*?(?:complainant (?P<complainant>[^\s:,]\S*?): )"
        r"(?P<reason>.+?)(?: \[errno.*)?$",
        seen="3.32-5.4",
    ),
)


_TIMED_OUT = (
    Row(
        RetransmitTimeout,
        (NUMBER, "max"),
        _TIMEOUT + ".*Possible authentication failure",
        "state",
        {"suspected": "authentication"},
    ),
    Row(
        RetransmitTimeout,
        (NUMBER, "max"),
        _TIMEOUT + ".*perhaps peer likes no proposal",
        "state",
        {"suspected": "proposal"},
        seen="3.27-5.0",
    ),
    Row(RetransmitTimeout, (NUMBER, "max"), _TIMEOUT, "state"),
)


ROWS: tuple[Row, ...] = (*_WAITING, *_TIMED_OUT)
