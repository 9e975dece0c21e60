"""pluto's lines while all goes well: the rows of autod.recognise for beginnings, messages and established SAs.

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases
that have it only in their source code.
"""

from __future__ import annotations

from autod.events import (
    Answered,
    ChildEstablished,
    IkeEstablished,
    Initiating,
    Negotiated,
    PeerIdentified,
    Rekeyed,
    Sent,
)
from autod.recognise.table import Row

__all__ = ["ROWS"]

_ESP = (
    r"\{(?P<protocol>[A-Z]+)\S*?=>(?P<spi_out>0x[0-9a-f]+) <(?P<spi_in>0x[0-9a-f]+)"
    r"(?: xfrm=(?P<esp>[^\s}]+))?"
    r"(?:.*? DPD=(?P<dpd>[^\s}]+))?(?:.*? (?:username|XAUTHuser)=(?P<username>[^\s}]+))?"
)
_SELECTORS = r"(?P<selectors>\[[^{]+\])"

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
        r"(?:(?:peer )?using (?:authby=)?(?P<authby>\S+(?: with \S+)?)(?: and (?:peer )?(?:certificate|(?:ID_)?(?P<peer_id_type>\S+)) '(?P<peer_id>.*?)')?|.*?certificate '(?P<certified>.*?)'|.+)",
        "ike",
        seen="4.3",
        sources="4.0-5.4",
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
        r"negotiated (?:connection|new IPsec SA) \[(?P<local>[^\]]+?)(?:\] -> \[|===)(?P<remote>[^\]]+)\]",
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
        r"(?:initiator |responder )?established Child SA(?: using #(?P<ike_sa>\d+))?; IPsec (?:(?P<mode>tunnel|transport)|\S+)(?: mode)? "
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
        seen="",
        sources="any: whatever follows, the Child SA is established",
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
        r"sent IKE_AUTH request(?:.*? with (?P<authby>\S+) and )?.*; Child SA #(?P<child_sa>\d+)",
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


ROWS: tuple[Row, ...] = (*_INITIATING, *_ESTABLISHED, *_SENT)
