"""pluto's lines during a negotiation that a caller may need: the rows of autod.recognise for addresses, groups,
redirection, interfaces, scripts, and SAs that the peer deletes.

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases that have it
in their source code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from autod.events import (
    Childless,
    CookieAsked,
    GroupChanged,
    InterfaceChanged,
    Kept,
    Leased,
    Notified,
    PeerDeleted,
    Received,
    Redirected,
    Resumption,
    Switched,
    Updown,
)
from autod.recognise.table import Row

if TYPE_CHECKING:
    from autod.events import Event

__all__ = ["ROWS"]


def _row(
    kind: type[Event],
    pattern: str,
    sources: str,
    *,
    words: tuple[str, ...] = (),
    seen: str = "",
    sa: Literal["ike", "child", None] = None,
    which: Literal["ike", "child", None] = None,
    **fixed: Any,
) -> Row:
    """`sa`: the SA with the number in the prefix. `which`: the SA that the event is about. `fixed`: other fields."""
    if which is not None:
        fixed["sa"] = which
    first = words or (pattern.partition(" ")[0],)
    return Row(kind, first, pattern, sa, fixed, seen=seen, sources=sources)


_ANSWERS = (
    _row(
        GroupChanged,
        r"[rR]eceived unauthenticated INVALID_KE_PAYLOAD response to (?:[^;]* )?(?P<instead_of>[^ ;]+); resending with suggested (?:.* )?(?P<group>\S+)$",
        "3.28-5.4",
        words=("Received", "received"),
        sa="ike",
    ),
    _row(
        CookieAsked,
        r"[rR]eceived anti-DDOS COOKIE",
        "3.27-5.4",
        words=("Received", "received"),
        sa="ike",
    ),
    _row(
        Redirected,
        r"\S+ response redirects to new gateway (?P<gateway>\S+)",
        "5.0-5.4",
        words=("IKE_SA_INIT", "IKE_AUTH", "INFORMATIONAL"),
        sa="ike",
    ),
    _row(Redirected, r"scheduling redirect \d+ to (?P<gateway>\S+)", "5.0-5.4", sa="ike"),
    _row(
        Redirected,
        r"initiating (?:a |\S+ )redirect to new gateway \(address: (?P<gateway>[^)]+)\)",
        "3.28-4.15",
        sa="ike",
    ),
    _row(Childless, r"omitting CHILD SA payloads", "4.5-5.4", sa="ike"),
    _row(
        Notified,
        r"sending (?:encrypted )?notification (?P<notification>[A-Z][A-Z0-9_]+) to ",
        "3.27-5.4",
        sa="ike",
    ),
    _row(
        Notified,
        r"responding to .* with (?:unencrypted |encrypted )?notification (?P<notification>[A-Z][A-Z0-9_]+)",
        "3.27-5.4",
    ),
    _row(
        PeerDeleted,
        r"received Delete SA(?:\(\S+\))? payload: .*(?:CHILD|IPSEC|IPsec)(?: State| SA) #(?P<deleted>\d+)",
        "3.27-4.15",
        sa="ike",
        which="child",
    ),
    _row(
        PeerDeleted,
        r"received Delete SA payload: .*ISAKMP State #(?P<deleted>\d+)",
        "3.27-5.4",
        sa="ike",
        which="ike",
    ),
    _row(
        PeerDeleted,
        r"received Delete SA (?:payload via|\(delete notification\)).*?(?:#(?P<deleted>\d+))?$",
        "5.0-5.4",
        sa="ike",
    ),
    _row(
        PeerDeleted,
        r"(?:IKE|Child|ISAKMP|IPsec) SA deleted by peer",
        "5.0-5.4",
        words=("IKE", "Child", "ISAKMP", "IPsec"),
    ),
)

_CONFIGURATION = (
    _row(
        Received,
        r"[rR]eceived (?:IP address|IPv4 address:|(?:INTERNAL_IP\S+_ADDRESS|INTERNAL_IP\S+ address)) (?P<value>\S+)",
        "3.27-5.4",
        words=("Received", "received"),
        what="address",
    ),
    _row(
        Received,
        r"[rR]eceived \S*(?:DNS server|INTERNAL_IP\S+_DNS(?: server address)?) (?P<value>\S+)",
        "3.27-5.4",
        words=("Received", "received"),
        what="dns",
    ),
    _row(
        Received,
        r"[rR]eceived (?:Domain|INTERNAL_DNS_DOMAIN|MODECFG_DOMAIN|.*[dD]omain)s?:? (?P<value>\S+)",
        "3.27-5.4",
        words=("Received", "received"),
        what="domain",
    ),
    _row(
        Received,
        r"[rR]eceived (?:[sS]ubnet|CISCO_SPLIT\S*) (?P<value>\S+)",
        "3.27-5.4",
        words=("Received", "received"),
        what="subnet",
    ),
    _row(
        Received,
        r"[rR]eceived (?:\S*BANNER|.*[bB]anner):? (?P<value>.+)",
        "3.27-5.4",
        words=("Received", "received"),
        what="banner",
    ),
    _row(
        Received,
        r"(?:received|truncated) MODECFG_BANNER: (?P<value>.+)",
        "5.3-5.4",
        words=("received", "truncated"),
        what="banner",
    ),
    _row(Received, r"XAUTH Message: (?P<value>.+)", "3.27-5.4", what="message"),
    _row(
        Leased,
        r"(?:Quick Mode without mode-config, assigned lease|assigned|leased) (?P<address>\S+)$",
        "5.2-5.4",
        words=("Quick", "assigned", "leased"),
    ),
)

_HERE = (
    _row(
        InterfaceChanged,
        r"created ipsec-interface (?P<interface>\S+)",
        "5.1-5.4",
        action="created",
    ),
    _row(
        InterfaceChanged,
        r"added (?P<address>\S+) to ipsec-interface (?P<interface>\S+)",
        "5.1-5.4",
        action="added",
    ),
    _row(
        InterfaceChanged,
        r"delete ipsec-interface[ =](?P<interface>\S+)(?: if_id=\d+)?(?: IP \[(?P<address>[^]]*)\])? added by pluto",
        "3.30-5.4",
        words=("delete",),
        action="deleted",
    ),
    _row(
        InterfaceChanged,
        r"can(?:not| not) delete ipsec-interface[ =](?P<interface>\S+?),?(?: if_id=\d+,?)?(?: IP \[(?P<address>[^]]*)\],?)? not created by pluto",
        "3.30-5.4",
        words=("cannot", "can"),
        action="kept",
    ),
    _row(
        Updown,
        r"(?P<verb>(?:prepare|route|unroute|up|down)-(?:host|client)(?:-v6)?) output: (?P<output>.*)",
        "3.27-5.3.2",
        words=tuple(
            f"{verb}-{end}{six}"
            for verb in ("prepare", "route", "unroute", "up", "down")
            for end in ("host", "client")
            for six in ("", "-v6")
        ),
        seen="4.3-5.2",
    ),
    _row(Updown, r"running updown (?P<output>.+)", "5.0-5.4"),
    _row(
        Kept,
        r"(?P<reason>(?:IKE|ISAKMP) SA (?:is shared - only terminating .*|will remain up.*|.* will remain .*))",
        "3.27-5.4",
        words=("IKE", "ISAKMP"),
        seen="3.27-5.0",
    ),
    _row(Kept, r"(?P<reason>note: .* will remain up.*)", "4.3-5.4", words=("note:",), seen="5.3.2-5.4"),
    _row(Kept, r"(?P<reason>\S+ SA is shared - only terminating .*)", "5.0-5.1", words=("IKE", "ISAKMP")),
    _row(Resumption, r"asking for session resume ticket", "5.2-5.4", what="asked", sa="ike"),
    _row(Resumption, r"received v2N_TICKET_(?:LT_OPAQUE|ACK)", "5.2-5.4", what="received", sa="ike"),
    _row(Resumption, r"received (?:v2N_)?TICKET_NACK", "5.2-5.4", what="refused", sa="ike"),
    _row(Resumption, r"session resume ticket: ", "5.2-5.4", what="received", sa="ike"),
    _row(Resumption, r"suspending connection", "5.2-5.4", what="suspended"),
    _row(Resumption, r"sending IKE_SESSION_RESUME ticket", "5.2-5.4", what="sent"),
    _row(Resumption, r"ticket expired", "5.2-5.4", what="refused"),
    _row(Resumption, r"using session resume key", "5.2-5.4", what="used"),
    _row(Switched, r"switched (?:from .* )?to \"(?P<to>.+)\"", "3.27-5.4"),
    _row(Switched, r"[iI]nstantiated connection", "3.27-5.4", words=("instantiated", "Instantiated")),
)

ROWS: tuple[Row, ...] = (*_ANSWERS, *_CONFIGURATION, *_HERE)
