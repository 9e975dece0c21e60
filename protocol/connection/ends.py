"""One end of a connection while the rules of 3.27 to 5.2 are applied: its host, next hop and default route.

Owns: the effect of left= and leftnexthop=, and how addconn finds the addresses of %defaultroute. Must not know:
messages, or the settings that only one release has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from autod.protocol.connection.addresses import IPV4, IPV6, Address, address, unspecified
from autod.protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup

__all__ = [
    "ANY",
    "DEFAULTROUTE",
    "GROUP",
    "HOSTNAME",
    "IFACE",
    "IPADDR",
    "NOTSET",
    "OPPO",
    "OPPOGROUP",
    "SENDABLE",
    "By",
    "Host",
    "family",
    "find_routes",
]

NOTSET: Final = 0
DEFAULTROUTE: Final = 1
ANY: Final = 2
IFACE: Final = 3
OPPO: Final = 4
OPPOGROUP: Final = 5
GROUP: Final = 6
HOSTNAME: Final = 7
IPADDR: Final = 255
"""enum keyword_host of 4.8 to 5.2."""

SENDABLE: Final = frozenset({DEFAULTROUTE, ANY, IFACE, OPPO, OPPOGROUP, GROUP, HOSTNAME, IPADDR})

_AF: Final = {2: IPV4, 10: IPV6}
"""AF_INET and AF_INET6 of Linux, which the words of hostaddrfamily= stand for."""


class Host:
    """Where one end is: the kinds of its address and next hop, and the addresses as far as they are known.

    `missing`: it names an interface that does not exist, or is down. `old`: addresses are read as up to 4.3.
    `blind`: the address of an interface is not found (up to 3.29).
    """

    def __init__(self, *, old: bool = False, blind: bool = False) -> None:
        self.old = old
        self.blind = blind
        self.kind = NOTSET
        self.address: Address | None = None
        self.hop_kind = NOTSET
        self.hop: Address | None = None
        self.text: str | None = None
        self.version = IPV4
        self.missing = False

    def copy(self) -> Host:
        duplicate = Host.__new__(Host)
        duplicate.__dict__.update(self.__dict__)
        return duplicate

    def place(self, setting: Given | None, version: int, lookup: Lookup) -> None:
        """Work out left= or right=."""
        self.version = version
        self.missing = False
        self.kind = NOTSET if setting is None else (setting.number or 0)
        if setting is not None:
            self.text = setting.text
        if self.kind == ANY:
            self.address = None
        elif self.kind == IPADDR:
            text = self.text or ""
            if text[:1] == "%":
                interface = lookup.interface(text[1:16], version)
                self.missing = interface is None or self.blind
                if interface is not None:
                    if interface.peer is not None:
                        self.hop = interface.peer
                    if interface.address is not None and not self.blind:
                        self.address = interface.address
                self.kind = IFACE
                return
            try:
                self.address = address(text, version, old=self.old)
            except Malformed:
                self.address = None
                self.kind = HOSTNAME

    def place_hop(self, text: str | None, version: int) -> str | None:
        """Work out leftnexthop= (None: it is not set). Returns a name that the caller must look up, or None."""
        self.hop = unspecified(version)
        if text is None:
            if self.kind == DEFAULTROUTE:
                self.hop_kind = DEFAULTROUTE
            return None
        if text.lower() == "%defaultroute":
            self.hop_kind = DEFAULTROUTE
            return None
        self.hop_kind = IPADDR
        try:
            self.hop = address(text, None if self.old else version, old=self.old)
        except Malformed:
            self.hop = None
            return text
        return None


def family(
    settings: Mapping[str, Given], slots: Sequence[str] = ("left", "leftnexthop", "right", "rightnexthop")
) -> int:
    """The version of IP (4 or 6) that both ends use, or the one end that `slots` belong to (up to 4.6)."""
    setting = settings.get("hostaddrfamily")
    version = _AF.get(setting.number or 0) if setting else None
    if version is not None:
        return version
    for slot in slots:
        end = settings.get(slot)
        text = end.text if end else None
        if text is not None and (":" in text or text in ("%defaultroute6", "%any6")):
            return IPV6
    return IPV4


By = Literal["own", "peer", "any"]
"""Whose family must be IPv4 if a next hop decides the way of packets: its own (4.6 on), the peer's (3.30 to 4.5),
any (up to 3.29)."""


def find_routes(left: Host, right: Host, lookup: Lookup, by: By = "own") -> None:
    """Put in the addresses of %defaultroute. An address that cannot be found stays as it is, without a complaint."""
    for this, peer in ((left, right), (right, left)):
        while _find_one(this, peer, lookup, by):
            pass


def _find_one(this: Host, peer: Host, lookup: Lookup, by: By) -> bool:
    """Ask one question. True if the answer leads to another question."""
    if this.hop_kind == DEFAULTROUTE:
        seeking_gateway = True
    elif this.kind == DEFAULTROUTE:
        seeking_gateway = False
    else:
        return False
    to: Address | None = None
    if this.hop_kind == IPADDR and (by == "any" or (this if by == "own" else peer).version == IPV4):
        to = this.hop
    elif peer.kind in (IPADDR, HOSTNAME):
        if peer.kind == HOSTNAME:
            to = _peer(peer, lookup)
            if to is None:
                return False
            peer.address = to
        else:
            to = peer.address
    elif this.hop_kind == IPADDR and peer.kind in (GROUP, OPPOGROUP):
        to = this.hop
    if seeking_gateway:
        gateway = lookup.gateway(this.version)
        if gateway is None:
            return False
        this.hop_kind, this.hop = IPADDR, gateway
        # Up to 3.29 the way of IPv6 to a peer is asked for at once, of a table that does not tell the source.
        return by != "any" or this.version == IPV4 or to is None
    source = lookup.source(to, this.version)
    if source is not None:
        this.kind, this.address = IPADDR, source
    return False


def _peer(peer: Host, lookup: Lookup) -> Address | None:
    text = peer.text or ""
    try:
        return address(text, peer.version)
    except Malformed:
        return lookup.resolve(text, peer.version)
