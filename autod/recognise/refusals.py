"""pluto's lines about failures: the rows of autod.recognise for refusals, of this end and of the peer.

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases
that have it only in their source code.
"""

from __future__ import annotations

from autod.causes import Cause
from autod.events import (
    ChildRejected,
    Fatal,
    IkeRejected,
    InitiateFailed,
    NotOriented,
    Xauth,
)
from autod.recognise.table import Row

__all__ = ["ROWS"]

_OF_AUTH = {"exchange": "IKE_AUTH"}
_ERRORS = (
    r"(?:v[12]N_|ISAKMP_N_)?(?:NO_PROPOSAL_CHOSEN|AUTHENTICATION_FAILED|PAYLOAD_MALFORMED|TS_UNACCEPTABLE|INVALID_\w+"
    r"|UNSUPPORTED_\w+|SINGLE_PAIR_REQUIRED|NO_ADDITIONAL_SAS|INTERNAL_ADDRESS_FAILURE|FAILED_CP_REQUIRED"
    r"|TEMPORARY_FAILURE|CHILD_SA_NOT_FOUND|AUTHORIZATION_FAILED|STATE_NOT_FOUND|ATTRIBUTES_NOT_SUPPORTED"
    r"|BAD_PROPOSAL_SYNTAX|UNEQUAL_PAYLOAD_LENGTHS|DOI_NOT_SUPPORTED|SITUATION_NOT_SUPPORTED|CERT\w*)"
)
"""Notifications that refuse something (RFC 7296 and 2408). The others only inform."""
_OF_CHILD = (
    r"(?:v2N_)?(?:NO_PROPOSAL_CHOSEN|TS_UNACCEPTABLE|SINGLE_PAIR_REQUIRED|NO_ADDITIONAL_SAS|INTERNAL_ADDRESS_FAILURE"
    r"|FAILED_CP_REQUIRED|TEMPORARY_FAILURE|INVALID_SELECTORS)"
)
"""Notifications in IKE_AUTH that refuse only the Child SA (RFC 7296, 1.3 and 3.10.1)."""

ROWS: tuple[Row, ...] = (
    Row(
        IkeRejected,
        ("IKE",),
        r"IKE SA authentication request rejected(?: by peer)?: (?P<notification>[A-Z0-9_]+)?",
        None,
        _OF_AUTH,
    ),
    Row(
        ChildRejected,
        ("IKE",),
        r"IKE SA authentication failed, .*Child SA error notification (?P<notification>[A-Z0-9_]+)(?: for #(?P<child_sa>\d+))?",
        "ike",
        _OF_AUTH,
        seen="",
        sources="5.4: the answer has no AUTH",
    ),
    Row(
        IkeRejected,
        ("IKE",),
        r"IKE SA authentication failed, (?:.*? notification (?P<notification>\S+)|.*)",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="",
        sources="5.4",
    ),
    Row(
        ChildRejected,
        ("dropping", "ignoring", "unexpected"),
        r"(?:dropping unexpected|ignoring|unexpected) (?P<exchange>(?:ISAKMP_v2_)?CREATE_CHILD_SA) (?:message|response) "
        rf"containing (?P<notification>{_ERRORS})(?:\.\.\.)? notification",
        "child",
        {"ignored": True},
        seen="3.27-4.3",
    ),
    Row(
        ChildRejected,
        ("dropping", "unexpected"),
        r"(?:dropping )?unexpected (?P<exchange>(?:ISAKMP_v2_)?(?:IKE_)?AUTH) message "
        rf"containing (?P<notification>{_OF_CHILD})(?:\.\.\.)? notification",
        "child",
        seen="",
        sources="3.27-5.1: another release leaves the Child SA out with the answer to IKE_AUTH",
    ),
    Row(
        IkeRejected,
        ("dropping", "unexpected"),
        r"(?:dropping )?unexpected (?P<exchange>(?:ISAKMP_v2_)?(?:IKE_)?AUTH) message "
        rf"containing (?P<notification>{_ERRORS})(?:\.\.\.)? notification; message payloads: SK",
        "ike",
        seen="",
        sources="3.27-5.1: an encrypted notification is certainly the peer's",
    ),
    Row(
        IkeRejected,
        ("dropping", "ignoring", "unexpected"),
        r"(?:dropping unexpected|ignoring|unexpected) (?P<exchange>\S+) (?:message|response) containing "
        rf"(?P<notification>{_ERRORS})(?:\.\.\.)? notification",
        "ike",
        {"ignored": True},
        seen="4.3-5.4",
    ),
    Row(
        IkeRejected,
        ("received",),
        rf"received unauthenticated (?P<notification>{_ERRORS}) - ignored",
        "ike",
        {"ignored": True},
        seen="3.27-3.32",
    ),
    Row(
        ChildRejected,
        ("AUTH", "IKE_AUTH"),
        r"(?:IKE_)?AUTH response (?:contained the error notification|rejected Child SA with) (?P<notification>\S+)",
        "child",
        _OF_AUTH,
    ),
    Row(
        ChildRejected,
        ("IKE_AUTH",),
        r"IKE_AUTH response contained the CHILD SA error notification '(?P<notification>[A-Z0-9_]+)' but",
        None,
        _OF_AUTH,
        seen="",
        sources="4.5-5.3: an answer without AUTH",
    ),
    Row(
        IkeRejected,
        ("ignoring",),
        r"ignoring (?:secured |unsecured )?informational payload,? (?:type )?"
        rf"(?P<notification>{_ERRORS})",
        "ike",
        {"ignored": True},
        seen="",
        sources="3.27-5.4: IKEv1",
    ),
    Row(
        IkeRejected,
        ("received",),
        rf"received and ignored notification payload: (?P<notification>{_ERRORS})",
        "ike",
        {"ignored": True},
        seen="",
        sources="3.27-5.1: IKEv1",
    ),
    Row(
        IkeRejected,
        ("received",),
        rf"received ERROR NOTIFY \(\d+\): (?P<notification>{_ERRORS})",
        "ike",
        {"ignored": True},
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        IkeRejected,
        ("IKE_AUTH", "AUTH"),
        r"(?:IKE_)?AUTH response contained an unknown error notification \((?P<notification>\d+)\)",
        None,
        _OF_AUTH,
        seen="",
        sources="3.27-4.4",
    ),
    Row(
        ChildRejected,
        ("response",),
        r"response for Child SA #(?P<child_sa>\d+) was rejected (?:with |\()(?P<notification>[A-Z0-9_]+)",
        "ike",
        {**_OF_AUTH, "by": "us", "general": True},
        seen="",
        sources="5.4",
    ),
    Row(
        ChildRejected,
        ("peer",),
        r"peer rejected Child SA \((?P<notification>[A-Z0-9_]+)\)",
        None,
        {**_OF_AUTH, "general": True},
        seen="",
        sources="5.4: its IKE SA goes, too",
    ),
    Row(
        IkeRejected,
        ("Authentication",),
        r"Authentication failed for IKE SA, but releasing whack",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="",
        sources="3.28-4.4: told to what waits for that IKE SA",
    ),
    Row(
        Fatal,
        ("fatal", "internal"),
        r"(?:fatal|internal) error for IKE SA, but releasing whack",
        seen="",
        sources="3.28-5.4: told to what waits for that IKE SA",
    ),
    Row(
        ChildRejected,
        ("IKE_AUTH",),
        r"IKE_AUTH response missing ",
        "child",
        _OF_AUTH,
        seen="",
        sources="4.10-5.4: the peer left the Child SA out",
    ),
    Row(
        IkeRejected,
        ("IKE_AUTH", "IKE_SA_INIT", "IKE_INTERMEDIATE", "IKE_SESSION_RESUME"),
        r"(?P<exchange>IKE_\w+) failed with error notification (?P<notification>[A-Z0-9_]+)",
        "ike",
        seen="",
        sources="5.4",
    ),
    Row(
        ChildRejected,
        ("CREATE_CHILD_SA",),
        r"CREATE_CHILD_SA failed with error notification (?P<notification>\S+)",
        "child",
        {"exchange": "CREATE_CHILD_SA"},
        seen="4.15-5.4",
    ),
    Row(
        ChildRejected,
        ("CHILD",),
        r"CHILD SA failed: (?P<notification>\S+)",
        "child",
        {"by": "us", "general": True},
        seen="5.2",
    ),
    Row(
        ChildRejected,
        ("IKE",),
        r"IKE SA established but initiator rejected Child SA response",
        "ike",
        {**_OF_AUTH, "by": "us", "general": True},
        seen="5.2",
    ),
    Row(
        Fatal, ("encountered",), r"encountered fatal error in state (?P<state>\S+)", "state", seen="3.32-5.4"
    ),
    Row(
        NotOriented,
        ("we", "We"),
        r"[wW]e cannot identify ourselves with either end of this connection",
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        InitiateFailed,
        ("cannot",),
        r"(?P<reason>cannot initiate .*(?:without (?:knowing|resolved)|peer IP address|ID wildcards|template).*)",
        None,
        {"cause": Cause.NO_PEER_ADDRESS},
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        InitiateFailed,
        ("cannot",),
        r"(?P<reason>cannot initiate .*(?:authby=never|never-negotiate).*)",
        None,
        {"cause": Cause.NEVER_NEGOTIATE},
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        InitiateFailed,
        ("cannot", "failed"),
        r"(?P<reason>cannot (?:initiate|instantiate)\b.*|failed to initiate .*)",
        seen="",
        sources="3.27-5.4",
    ),
    Row(Xauth, ("XAUTH:",), r"XAUTH: Successfully Authenticated", "ike", {"ok": True}, seen="4.10-5.2"),
    Row(
        Xauth,
        ("Received",),
        r"(?P<reason>Received Cisco XAUTH status: FAIL)",
        "ike",
        {"ok": False, "cause": Cause.XAUTH_REFUSED},
        seen="4.10-5.2",
    ),
    Row(
        Xauth,
        ("no", "XAUTH"),
        r"(?P<reason>no (?:Username|Password) entered, aborted"
        r"|XAUTH (?:username|password) prompt failed|XAUTH (?:username|password) requested, but no .*)",
        "ike",
        {"ok": False, "cause": Cause.XAUTH_CREDENTIALS, "by": "us"},
        seen="5.2",
    ),
)
