"""What pluto says while it negotiates: the rows of autod.recognise for IKE, Child SAs, retries and deletion.

The releases in `seen` are those whose own lines show the row (the nine of the transcripts); a phrase of a release
between them, known from its sources alone, is marked as such.
"""

from __future__ import annotations

from autod.events import (
    AlreadyNegotiating,
    Answered,
    ChildEstablished,
    ChildRejected,
    Deleted,
    Deleting,
    Fatal,
    IkeEstablished,
    IkeRejected,
    InitiateFailed,
    Initiating,
    Negotiated,
    NetworkError,
    NotOriented,
    PeerIdentified,
    Queued,
    Rekeyed,
    Retransmission,
    RetransmitTimeout,
    RetryScheduled,
    Sent,
    Traffic,
    Xauth,
)
from autod.recognise.table import NUMBER, Row

__all__ = ["ROWS"]

_ESP = (
    r"\{(?P<protocol>[A-Z]+)\S*?=>(?P<spi_out>0x[0-9a-f]+) <(?P<spi_in>0x[0-9a-f]+)"
    r"(?: xfrm=(?P<esp>[^\s}]+))?"
    r"(?:.*? DPD=(?P<dpd>[^\s}]+))?(?:.*? (?:username|XAUTHuser)=(?P<username>[^\s}]+))?"
)
_SELECTORS = r"\[(?P<local>[^\]]+?)(?:\] -> \[|===)(?P<remote>[^\]]+)\]"
_OF_AUTH = {"exchange": "IKE_AUTH"}

_INITIATING = (
    Row(
        Initiating,
        ("initiating",),
        r"initiating v2 parent SA",
        "ike",
        {"sa": "ike", "version": 2},
        seen="3.27",
    ),
    Row(
        Initiating, ("initiating",), r"initiating IKEv2 ", "ike", {"sa": "ike", "version": 2}, seen="3.32-5.4"
    ),
    Row(
        Initiating,
        ("initiating",),
        r"initiating (?:IKEv1 )?(?P<mode>Main|Aggressive) Mode",
        "ike",
        {"sa": "ike", "version": 1},
    ),
    Row(
        Initiating,
        ("initiating",),
        r"initiating Quick Mode .*\{using isakmp#(?P<ike_sa>\d+)",
        "child",
        {"sa": "child", "version": 1, "mode": "quick"},
    ),
    Row(
        Initiating,
        ("initiating", "Child"),
        r"(?:initiating Child SA|Child SA initiating pending connection) using IKE SA #(?P<ike_sa>\d+)",
        "child",
        {"sa": "child", "version": 2},
        seen="4.10-5.4",
    ),
    Row(
        Initiating,
        ("initiating",),
        r"initiating rekey to replace IKE SA #(?P<replaces>\d+)",
        "ike",
        {"sa": "ike", "version": 2},
        seen="4.15-5.4",
    ),
    Row(
        Initiating,
        ("initiating",),
        r"initiating rekey to replace Child SA #(?P<replaces>\d+)(?: using IKE SA #(?P<ike_sa>\d+))?",
        "child",
        {"sa": "child", "version": 2},
        seen="4.15-5.4",
    ),
    Row(
        Initiating,
        ("initiate",),
        r"initiate rekey of IKEv2 CREATE_CHILD_SA",
        None,
        {"sa": "ike", "version": 2},
        seen="4.3",
    ),
)

_SENT = (
    Row(Sent, ("sent",), r"sent v2I1", "ike", {"message": "IKE_SA_INIT"}, seen="3.27-3.32"),
    Row(
        Sent,
        ("sent",),
        r"sent v2I2.*?\{(?P<algorithms>.*)\}",
        "child",
        {"message": "IKE_AUTH"},
        seen="3.27-3.32",
    ),
    Row(Sent, ("sent",), r"sent IPsec Child req", "child", {"message": "CREATE_CHILD_SA"}, seen="3.27-3.32"),
    Row(
        Sent,
        ("sent",),
        r"sent IKE_AUTH request.*; Child SA #(?P<child_sa>\d+)",
        "ike",
        {"message": "IKE_AUTH"},
        seen="5.3.2-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent (?P<message>IKE_SA_INIT|IKE_AUTH|IKE_INTERMEDIATE|IKE_SESSION_RESUME) request"
        r"(?:[^{]*\{(?P<algorithms>[^}]*)\})?",
        "ike",
        seen="4.3-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent CREATE_CHILD_SA request (?:for new IPsec SA|to create Child SA using IKE SA #(?P<ike_sa>\d+))",
        "child",
        {"message": "CREATE_CHILD_SA"},
        seen="4.3-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent CREATE_CHILD_SA request to rekey IKE SA",
        "ike",
        {"message": "CREATE_CHILD_SA", "purpose": "rekey"},
        seen="4.3-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent CREATE_CHILD_SA request to rekey (?:Child|IPsec) SA(?:.* using IKE SA #(?P<ike_sa>\d+))?",
        "child",
        {"message": "CREATE_CHILD_SA", "purpose": "rekey"},
        seen="4.3-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent INFORMATIONAL request to delete IKE SA",
        "ike",
        {"message": "INFORMATIONAL", "purpose": "delete"},
        seen="5.0-5.4",
    ),
    Row(
        Sent,
        ("sent",),
        r"sent INFORMATIONAL request to delete .*Child SA(?: using IKE SA #(?P<ike_sa>\d+))?",
        "child",
        {"message": "INFORMATIONAL", "purpose": "delete"},
        seen="5.0-5.4",
    ),
    Row(Sent, ("sent",), r"sent (?P<message>Main|Aggressive) Mode ", "ike", seen="4.3-5.4"),
    Row(Sent, ("sent",), r"sent (?P<message>Quick) Mode request", "child", seen="4.3-5.4"),
    Row(
        Sent,
        ("sent", "initiate"),
        r"sent MI\d,|initiate$",
        "ike",
        {"message": "MAIN_MODE"},
        "MAIN",
        "3.27-3.32",
    ),
    Row(
        Sent,
        ("sent", "initiate"),
        r"sent AI1,|initiate$",
        "ike",
        {"message": "AGGRESSIVE_MODE"},
        "AGGR",
        "3.27-3.32",
    ),
    Row(
        Sent,
        ("sent", "initiate"),
        r"sent QI1,|initiate$",
        "child",
        {"message": "QUICK_MODE"},
        "QUICK",
        "3.27-3.32",
    ),
    Row(
        Answered,
        ("processed", "processing"),
        r"process(?:ed|ing) (?P<message>IKE_SA_INIT|IKE_AUTH|IKE_INTERMEDIATE|IKE_SESSION_RESUME) response"
        r"(?: from \S+ \{(?P<algorithms>[^}]*)\}, )?",
        "ike",
        seen="5.0-5.4",
    ),
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
        seen="5.1-5.4, from their sources",
    ),
    Row(
        AlreadyNegotiating,
        ("suppressing",),
        r"suppressing retransmit because IKE SA was superseded #(?P<ike_sa>\d+)",
        seen="3.27-4.15, from their sources",
    ),
    Row(
        AlreadyNegotiating,
        ("connection",),
        r"connection .* is already pending: waiting on IKE SA #(?P<ike_sa>\d+)",
        seen="4.2-5.3, from their sources",
    ),
    Row(
        Retransmission,
        ("retransmission;",),
        r"retransmission; will wait (?P<wait>[\d.]+) seconds? for response",
        "state",
    ),
    Row(
        Retransmission,
        ("retransmitting",),
        r"retransmitting .*; will wait (?P<wait>[\d.]+) seconds? for response",
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
        r"connection is supposed to remain up; revival attempt (?P<attempt>\d+) scheduled in (?P<delay>[\d.]+) seconds",
        seen="5.0-5.4",
    ),
    Row(
        RetryScheduled,
        ("deleting",),
        r"deleting .* but connection is supposed to remain up; ",
        seen="4.10-4.15",
    ),
    Row(
        NetworkError,
        ("ERROR:",),
        r"ERROR: asynchronous network error report on .*?(?:complainant (?P<complainant>[^\s:,]\S*?): )"
        r"(?P<reason>.+?)(?: \[errno.*)?$",
    ),
)


_TIMEOUT = (
    r"(?:(?P<after>\d+) second timeout exceeded after (?P<retransmits>\d+) retransmits"
    r"|max number of retransmissions \(\d+\) reached)"
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
    ),
    Row(RetransmitTimeout, (NUMBER, "max"), _TIMEOUT, "state"),
)

_ESTABLISHED = (
    Row(
        PeerIdentified,
        ("IKEv2", "Peer"),
        r"(?:IKEv2 mode p|P)eer ID is (?:ID_)?(?P<peer_id_type>\S+): '(?P<peer_id>.*)'",
    ),
    Row(
        IkeEstablished,
        ("Authenticated",),
        r"Authenticated using (?:authby=)?(?P<authby>.+)",
        "child",
        seen="3.27-3.32",
    ),
    Row(
        IkeEstablished,
        ("authenticated", "established", "initiator", "responder"),
        r"(?:(?:initiator |responder )?established IKE SA; )?authenticated (?:peer )?using authby=(?P<authby>\S+)"
        r" and (?:peer )?(?:ID_)?(?P<peer_id_type>\S+) '(?P<peer_id>.*)'",
        "ike",
        seen="4.10-5.4",
    ),
    Row(
        IkeEstablished,
        ("authenticated", "established", "initiator", "responder"),
        r"(?:(?:initiator |responder )?established IKE SA; )?authenticated "
        r"(?:(?:peer )?using authby=(?P<authby>\S+)|.*?certificate '(?P<peer_id>.*?)'|.+)",
        "ike",
        seen="4.3; with a certificate from the sources of 4.0-5.4",
    ),
    Row(
        IkeEstablished,
        ("established", "IKE", "ISAKMP", "sent"),
        r"(?:sent AI2, )?(?:established IKE|IKE|ISAKMP) SA(?: established)? \{(?P<algorithms>[^}]*)\}",
        "ike",
    ),
    Row(
        Negotiated,
        ("negotiated",),
        r"negotiated (?:connection|new IPsec SA) " + _SELECTORS,
        "child",
        seen="3.27-4.3",
    ),
    Row(
        ChildEstablished,
        ("IPsec", "sent", "established"),
        r"(?:sent QI2, )?(?:IPsec SA established|established (?:CHILD|Child) SA) (?P<mode>tunnel|transport) mode "
        + _ESP,
        "child",
    ),
    Row(
        ChildEstablished,
        ("initiator", "responder", "established"),
        r"(?:initiator |responder )?established Child SA(?: using #(?P<ike_sa>\d+))?; IPsec (?P<mode>tunnel|transport) "
        + _SELECTORS
        + " "
        + _ESP,
        "child",
        seen="4.10-5.4",
    ),
    Row(
        ChildEstablished,
        ("initiator", "responder", "established"),
        r"(?:initiator |responder )?established Child SA(?: using #(?P<ike_sa>\d+))?;",
        "child",
        seen="whatever follows: the Child SA is established",
    ),
    Row(
        Rekeyed,
        ("initiator", "responder", "rekeyed"),
        r"(?:initiator |responder )?rekeyed IKE SA #(?P<replaced>\d+)",
        "ike",
        {"sa": "ike"},
        seen="4.15-5.4",
    ),
    Row(
        Rekeyed,
        ("initiator", "responder"),
        r"(?:initiator|responder) rekeyed Child SA #(?P<replaced>\d+)(?: using #(?P<ike_sa>\d+))?",
        "child",
        {"sa": "child"},
        seen="4.15-5.4",
    ),
    Row(Rekeyed, ("rekeyed",), r"rekeyed #(?P<replaced>\d+) \S*REKEY_IKE", "ike", {"sa": "ike"}, seen="4.3"),
    Row(
        Rekeyed,
        ("rekeyed",),
        r"rekeyed #(?P<replaced>\d+) \S*REKEY_CHILD",
        "child",
        {"sa": "child"},
        seen="4.3",
    ),
)

_REJECTED = (
    Row(
        IkeRejected,
        ("IKE",),
        r"IKE SA authentication request rejected(?: by peer)?: (?P<notification>[A-Z0-9_]+)?",
        None,
        _OF_AUTH,
    ),
    Row(
        IkeRejected,
        ("IKE",),
        r"IKE SA authentication failed, (?:.*? notification (?P<notification>\S+)|.*)",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="5.4, from its sources",
    ),
    Row(
        IkeRejected,
        ("authentication", "FIPS:"),
        r"(?:FIPS: )?authentication (?:failed|aborted): ",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="4.4-5.4, from their sources: we refuse the peer",
    ),
    Row(
        IkeRejected,
        ("RSA", "PSK", "Digital"),
        r"(?:RSA|PSK|Digital Signature) [aA]uthentication (?:using \S+ )?failed",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="3.27, from its sources: we refuse the peer",
    ),
    Row(
        ChildRejected,
        ("dropping", "ignoring"),
        r"(?:dropping unexpected|ignoring) (?P<exchange>(?:ISAKMP_v2_)?CREATE_CHILD_SA) (?:message|response) "
        r"containing (?P<notification>\S+) notification",
        "child",
        {"ignored": True},
        seen="3.27-4.3",
    ),
    Row(
        IkeRejected,
        ("dropping", "ignoring"),
        r"(?:dropping unexpected|ignoring) (?P<exchange>\S+) (?:message|response) containing "
        r"(?P<notification>\S+) notification",
        "ike",
        {"ignored": True},
        seen="4.3-5.4",
    ),
    Row(
        IkeRejected,
        ("received",),
        r"received unauthenticated (?P<notification>\S+) - ignored",
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
        IkeRejected,
        ("IKE_AUTH",),
        r"IKE_AUTH response contained the CHILD SA error notification '(?P<notification>[A-Z0-9_]+)' but",
        None,
        _OF_AUTH,
        seen="4.5-5.3, from their sources: an answer without AUTH",
    ),
    Row(
        IkeRejected,
        ("ignoring",),
        r"ignoring informational payload,? (?:type )?(?P<notification>NO_PROPOSAL_CHOSEN|AUTHENTICATION_FAILED"
        r"|PAYLOAD_MALFORMED|INVALID_\w+_INFORMATION)",
        "ike",
        {"ignored": True},
        seen="3.27-5.4, from their sources: IKEv1",
    ),
    Row(
        IkeRejected,
        ("Authentication",),
        r"Authentication failed for IKE SA, but releasing whack",
        None,
        {**_OF_AUTH, "notification": "AUTHENTICATION_FAILED"},
        seen="3.28-4.4, from their sources: told to what waits for that IKE SA",
    ),
    Row(
        Fatal,
        ("fatal", "internal"),
        r"(?:fatal|internal) error for IKE SA, but releasing whack",
        seen="3.28-5.4, from their sources: told to what waits for that IKE SA",
    ),
    Row(
        ChildRejected,
        ("IKE_AUTH",),
        r"IKE_AUTH response missing ",
        "child",
        _OF_AUTH,
        seen="4.10-5.4, from their sources: the peer left the Child SA out",
    ),
    Row(
        ChildRejected,
        ("CREATE_CHILD_SA",),
        r"CREATE_CHILD_SA failed with error notification (?P<notification>\S+)",
        "child",
        {"exchange": "CREATE_CHILD_SA"},
        seen="4.10-5.4",
    ),
    Row(ChildRejected, ("CHILD",), r"CHILD SA failed: (?P<notification>\S+)", "child", seen="5.2"),
    Row(
        ChildRejected,
        ("IKE",),
        r"IKE SA established but initiator rejected Child SA response",
        "ike",
        _OF_AUTH,
        seen="4.10-5.4",
    ),
    Row(
        Fatal, ("encountered",), r"encountered fatal error in state (?P<state>\S+)", "state", seen="3.32-5.4"
    ),
    Row(
        NotOriented,
        ("we", "We"),
        r"[wW]e cannot identify ourselves with either end of this connection",
        seen="3.27-5.4, from their sources",
    ),
    Row(
        InitiateFailed,
        ("cannot", "failed"),
        r"(?P<reason>cannot (?:initiate|instantiate)\b.*|failed to initiate .*)",
        seen="3.27-5.4, from their sources",
    ),
    Row(Xauth, ("XAUTH:",), r"XAUTH: Successfully Authenticated", "ike", {"ok": True}),
    Row(Xauth, ("Received",), r"(?P<reason>Received Cisco XAUTH status: FAIL)", "ike", {"ok": False}),
    Row(
        Xauth,
        ("no", "XAUTH"),
        r"(?P<reason>no (?:Username|Password) entered, aborted"
        r"|XAUTH (?:username|password) prompt failed|XAUTH password requested, but no .*)",
        "ike",
        {"ok": False},
    ),
)

_GONE = (
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:IKE|ISAKMP) SA #(?P<ike_sa>\d+)"
        r"(?: \(and Child SA #(?P<child_sa>\d+))?",
        fixed={"sa": "ike"},
        seen="5.0-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)"
        r" and (?:IKE|ISAKMP) SA #(?P<ike_sa>\d+)",
        fixed={"sa": "ike"},
        seen="5.0-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)"
        r"(?: using (?:IKE|ISAKMP) SA (?:\".+?\"\S* )?#(?P<ike_sa>\d+))?",
        fixed={"sa": "child"},
        seen="5.0-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of .+ #(?P<ike_sa>\d+) which has connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)",
        fixed={"sa": "ike"},
        seen="5.0-5.4",
    ),
    Row(
        Deleting,
        ("deleting",),
        r"deleting established Child SA using IKE SA #(?P<ike_sa>\d+)",
        "child",
        {"sa": "child"},
        seen="4.15",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting state \((?P<state>[^)]*)\)(?: aged (?P<age>[\d.]+)s)? and (?:NOT )?sending",
        "state",
        seen="3.27-4.15",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting (?:IKE|ISAKMP) SA \((?P<state>[^)]*)\)(?: aged (?P<age>[\d.]+)s)?",
        "ike",
        {"sa": "ike"},
        seen="5.0-5.4",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting (?:IPsec|Child) SA \((?P<state>[^)]*)\)(?: aged (?P<age>[\d.]+)s)?"
        r"(?:.* using (?:IKE|ISAKMP) SA (?:\".+?\"\S* )?#(?P<ike_sa>\d+))?",
        "child",
        {"sa": "child"},
        seen="5.0-5.4",
    ),
    Row(
        Traffic,
        ("ESP", "AH", "IPCOMP"),
        r"\S+ traffic information: in=(?P<in_bytes>\d+[KMG]?B) out=(?P<out_bytes>\d+[KMG]?B)",
        "child",
    ),
)

ROWS: tuple[Row, ...] = (
    *_INITIATING,
    *_ESTABLISHED,
    *_SENT,
    *_WAITING,
    *_TIMED_OUT,
    *_REJECTED,
    *_GONE,
)
