"""Which of the causes in an exchange counts.

Owns: the cause behind a notification of the peer's, and which of several faults is the reason for the others. Must not
know: the outcome of an operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.causes import Finder
    from autod.events import Event

__all__ = ["of_notification", "reason_of", "the_fault"]

_IKE: Final = {
    "NO_PROPOSAL_CHOSEN": Cause.IKE_PROPOSAL,
    "ATTRIBUTES_NOT_SUPPORTED": Cause.IKE_PROPOSAL,
    "BAD_PROPOSAL_SYNTAX": Cause.IKE_PROPOSAL,
    "INVALID_TRANSFORM_ID": Cause.IKE_PROPOSAL,
    "INVALID_KE_PAYLOAD": Cause.KE_GROUP,
    "INVALID_MAJOR_VERSION": Cause.IKE_VERSION,
    "INVALID_MINOR_VERSION": Cause.IKE_VERSION,
    "INVALID_EXCHANGE_TYPE": Cause.IKE_MODE,
    "UNSUPPORTED_EXCHANGE_TYPE": Cause.IKE_MODE,
    "AUTHENTICATION_FAILED": Cause.AUTHENTICATION,
    "AUTHORIZATION_FAILED": Cause.AUTHENTICATION,
    "INVALID_HASH_INFORMATION": Cause.AUTHENTICATION,
    "INVALID_KEY_INFORMATION": Cause.AUTHENTICATION,
    "INVALID_ID_INFORMATION": Cause.AUTHENTICATION,
    "INVALID_SIGNATURE": Cause.AUTHENTICATION,
    "INVALID_CERTIFICATE": Cause.AUTHENTICATION,
    "INVALID_CERT_AUTHORITY": Cause.AUTHENTICATION,
    "INVALID_CERT_ENCODING": Cause.AUTHENTICATION,
    "CERT_TYPE_UNSUPPORTED": Cause.AUTHENTICATION,
    "CERTIFICATE_UNAVAILABLE": Cause.AUTHENTICATION,
    "PAYLOAD_MALFORMED": Cause.MALFORMED,
    "INVALID_SYNTAX": Cause.MALFORMED,
    "UNSUPPORTED_CRITICAL_PAYLOAD": Cause.MALFORMED,
    "UNEQUAL_PAYLOAD_LENGTHS": Cause.MALFORMED,
}
_CHILD: Final = {
    "NO_PROPOSAL_CHOSEN": Cause.CHILD_PROPOSAL,
    "INVALID_KE_PAYLOAD": Cause.KE_GROUP,
    "TS_UNACCEPTABLE": Cause.TRAFFIC_SELECTORS,
    "INVALID_ID_INFORMATION": Cause.TRAFFIC_SELECTORS,
    "INVALID_SELECTORS": Cause.TRAFFIC_SELECTORS,
    "SINGLE_PAIR_REQUIRED": Cause.TRAFFIC_SELECTORS,
    "INTERNAL_ADDRESS_FAILURE": Cause.ADDRESS_POOL,
    "FAILED_CP_REQUIRED": Cause.ADDRESS_POOL,
    "TEMPORARY_FAILURE": Cause.PEER_BUSY,
    "NO_ADDITIONAL_SAS": Cause.PEER_BUSY,
    "INVALID_SYNTAX": Cause.MALFORMED,
    "PAYLOAD_MALFORMED": Cause.MALFORMED,
}
"""RFC 7296 (3.10.1) and RFC 2408 (3.14.1), which use one number for different names."""

_WEAK: Final = frozenset(
    {Cause.MALFORMED, Cause.INTERNAL, Cause.SUPERSEDED, Cause.SEND_FAILED, Cause.INTERFACE}
)
"""Causes that are more often the consequence of another cause than its reason."""


def of_notification(notification: str | None, *, child: bool) -> Cause:
    """The cause if the IKE SA, or (`child`) the Child SA, was refused with this notification."""
    if child:
        return _CHILD.get(notification or "", Cause.CHILD_REFUSED)
    return _IKE.get(notification or "", _CHILD.get(notification or "", Cause.IKE_REFUSED))


def the_fault(faults: Iterable[Event]) -> tuple[Cause, Finder, Event] | None:
    """The fault that counts: the first that tells the reason; else the first general one; else the first that pluto
    ignored."""
    best: tuple[int, Cause, Finder, Event] | None = None
    for event in faults:
        cause: Cause | None = getattr(event, "cause", None)
        if cause is None or cause is Cause.SECRETS_FILE:
            continue
        rank = (
            2 * bool(getattr(event, "general", False))
            + 4 * (cause in _WEAK)
            + 8 * bool(getattr(event, "ignored", False))
        )
        if best is None or rank < best[0]:
            best = rank, cause, getattr(event, "by", "pluto"), event
    return None if best is None else best[1:]


def reason_of(event: Event) -> str | None:
    """pluto's words for the reason, without the connection's name and number."""
    reason: str | None = getattr(event, "reason", None)
    return reason
