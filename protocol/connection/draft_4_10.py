"""A connection of 4.8 to 4.15 while addconn works it out: policy bits, authentication, hosts, subnets, keys.

Owns: what the settings of one layer after the other come to. Must not know: messages and their members
(rules_4_10).

addconn works `conn %default` out like a connection, and every connection goes on from the result: what a keyword
of %default decided stays even where a connection replaces the keyword (type=passthrough in %default takes
encryption away for good). So `Draft` is worked on layer by layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.addresses import (
    IPV4,
    IPV6,
    Address,
    Block,
    ProtoPort,
    Range,
    address,
    cidr,
    protoport,
    range_,
    subnet,
    subnet_of,
)
from autod.protocol.connection.authby import NONE, SIGHASH_DEFAULT, authby
from autod.protocol.connection.ends import GROUP, HOSTNAME, IPADDR, OPPO, OPPOGROUP, Host, family
from autod.protocol.connection.identity import fix_id
from autod.protocol.connection.message import Remark
from autod.protocol.connection.names import names_of
from autod.protocol.connection.numbers import Malformed, data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Auto

__all__ = ["IKEV1", "KEYS", "Draft", "End"]

ENCRYPT, AUTHENTICATE, COMPRESS, TUNNEL, PFS, DECAP_DSCP, NOPMTUDISC = (1 << bit for bit in range(7))
ALLOW_NO_SAN: Final = 1 << 8
OPPORTUNISTIC, GROUP_BIT = 1 << 13, 1 << 14
UP, XAUTH = 1 << 17, 1 << 18
SEND_REDIRECT_ALWAYS, SEND_REDIRECT_NEVER, ACCEPT_REDIRECT = 1 << 24, 1 << 25, 1 << 26
FRAG_ALLOW, FRAG_FORCE = 1 << 27, 1 << 28
PPK_ALLOW, PPK_INSIST = 1 << 31, 1 << 32
ESN_NO, ESN_YES = 1 << 33, 1 << 34

_DEFAULT_POLICY: Final = TUNNEL | ENCRYPT | PFS | FRAG_ALLOW | ESN_NO | ESN_YES

_FLAGS: Final = {
    "compress": (COMPRESS, False),
    "pfs": (PFS, False),
    "ikepad": (1 << 29, True),
    "rekey": (1 << 11, True),
    "reauth": (1 << 12, False),
    "aggressive": (1 << 20, False),
    "modecfgpull": (1 << 19, False),
    "overlapip": (1 << 21, False),
    "narrowing": (1 << 22, False),
    "mobike": (1 << 30, False),
    "pam-authorize": (1 << 23, False),
    "decap-dscp": (DECAP_DSCP, False),
    "nopmtudisc": (NOPMTUDISC, False),
    "ms-dh-downgrade": (1 << 7, False),
    "dns-match-id,": (1 << 9, False),
    "sha2-truncbug": (1 << 10, False),
    "intermediate": (1 << 35, False),
    "ignore-peer-dns": (1 << 36, False),
}
"""Booleans that are a bit of the policy; True where the bit says the contrary of the keyword."""

_TUNNEL_TYPE, _TRANSPORT, _PASS, _DROP, _REJECT = range(5)
_TRAP: Final = 3
_SHUNT_OF_TYPE: Final = {_PASS: 4, _DROP: 5, _REJECT: 6}
_NEGOTIATION_SHUNT: Final = {0: 4, 1: 2}
_FAILURE_SHUNT: Final = {0: 1, 1: 4, 2: 5, 3: 6}

_AUTO: Final[dict[int, Auto]] = {2: "add", 3: "ondemand", 4: "start", 5: "keep"}
IKEV1, IKEV2 = 1, 2
_YNA_NO, _YNA_YES = 2, 3
_DNS: Final = 1
KEYS: Final = (("rsasigkey", 2), ("ecdsakey", 3), ("pubkey", 4))


class End:
    """One end, as far as it is worked out. What a layer does not touch stays from the layer before."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.host = Host()
        self.id: str | None = None
        self.client: Block | None = None
        self.has_client = False
        self.source: Address | None = None
        self.vti: Block | None = None
        self.virt: str | None = None
        self.pool: Range | None = None
        self.protoport: ProtoPort | None = None
        self.key: str | None = None
        self.key_kind = 0
        self.key_alg = 0
        self.key_from_dns = False
        self.cert: str | None = None
        self.ckaid: str | None = None
        self.ca: str | None = None
        self.username: str | None = None
        self.updown: str | None = "ipsec _updown"

    def copy(self) -> End:
        other = End.__new__(End)
        other.__dict__.update(self.__dict__)
        other.host = self.host.copy()
        return other


class Draft:
    """A connection while it is worked out. `remarks` are the complaints of the layer that was worked last."""

    __slots__ = (
        "authby",
        "auto",
        "failed",
        "failure_shunt",
        "ike_version",
        "left",
        "negotiation_shunt",
        "policy",
        "prospective_shunt",
        "remarks",
        "right",
        "settings",
        "sighash",
        "worked",
    )

    def __init__(self) -> None:
        self.worked = False
        self.policy = _DEFAULT_POLICY
        self.authby = NONE
        self.sighash = SIGHASH_DEFAULT
        self.ike_version = IKEV2
        self.prospective_shunt = self.negotiation_shunt = self.failure_shunt = 0
        self.left, self.right = End("left"), End("right")
        self.settings: Mapping[str, Given] = {}
        self.remarks: list[Remark] = []
        self.failed = False
        self.auto: Auto = "ignore"

    def copy(self) -> Draft:
        """The start of the next layer; auto= starts anew."""
        other = Draft.__new__(Draft)
        other.auto, other.worked = "ignore", False
        other.policy, other.authby, other.sighash = self.policy, self.authby, self.sighash
        other.ike_version = self.ike_version
        other.prospective_shunt, other.negotiation_shunt = self.prospective_shunt, self.negotiation_shunt
        other.failure_shunt = self.failure_shunt
        other.left, other.right = self.left.copy(), self.right.copy()
        other.settings = self.settings
        other.remarks, other.failed = [], False
        return other

    @property
    def refused(self) -> bool:
        """Whether addconn says that the connection did not load. It forgets to where an interface is missing."""
        return self.failed and not (
            self.worked and any(host.missing for host in (self.left.host, self.right.host))
        )

    def fail(self, sentence: str, slot: str | None = None) -> None:
        self.failed = True
        self.remarks.append(Remark(sentence, slot, fatal=True))

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None:
        """Work the settings of one layer in."""
        self.settings = settings
        self._type()
        self._shunts()
        for slot, given in settings.items():
            flag = _FLAGS.get(slot)
            if flag is not None:
                self._set(flag[0], on=bool(given.number) != flag[1])
        san = settings.get("require-id-on-certificate")
        if san is not None and not san.number:
            self.policy |= ALLOW_NO_SAN
        phase2 = settings.get("phase2")
        if phase2 is not None:
            self.policy = self.policy & ~(AUTHENTICATE | ENCRYPT) | (phase2.number or 0) % 2**64
        ikev2 = settings.get("ikev2")
        if ikev2 is not None and ikev2.number in (0, 1, 2, 3):
            self.ike_version = IKEV1 if ikev2.number < 2 else IKEV2
        if self.ike_version >= IKEV2:
            self._redirects_and_ppk()
        self._esn_and_fragmentation()
        by = settings.get("authby")
        if by is not None:
            self.sighash, self.authby = 0, NONE
            try:
                self.authby, self.sighash = authby(by.text or "", ikev1=self.ike_version == IKEV1)
            except Malformed as reason:
                self.fail(str(reason), "authby")
                return
        if not self.policy & (ENCRYPT | AUTHENTICATE):
            self.policy &= ~(
                PFS | COMPRESS | ESN_NO | ESN_YES | DECAP_DSCP | NOPMTUDISC | FRAG_ALLOW | FRAG_FORCE
            )
        self.worked = True
        version = family(settings)
        for end in (self.left, self.right):
            self._end(end, version, lookup)
        auto = settings.get("auto")
        if auto is not None:
            self.auto = _AUTO.get(auto.number or 0, "ignore")
            if self.auto == "keep":
                self.policy |= UP

    def _set(self, bit: int, *, on: bool) -> None:
        self.policy = self.policy | bit if on else self.policy & ~bit

    def _type(self) -> None:
        given = self.settings.get("type")
        if given is None or given.number is None:
            return
        if given.number in (_TUNNEL_TYPE, _TRANSPORT):
            self._set(TUNNEL, on=given.number == _TUNNEL_TYPE)
            self.prospective_shunt = _TRAP
        elif given.number in _SHUNT_OF_TYPE:
            self.policy &= ~(ENCRYPT | AUTHENTICATE | TUNNEL)
            self.authby = NONE
            self.prospective_shunt = _SHUNT_OF_TYPE[given.number]

    def _shunts(self) -> None:
        given = self.settings.get("negotiationshunt")
        if given is not None:
            self.negotiation_shunt = _NEGOTIATION_SHUNT.get(given.number or 0, self.negotiation_shunt)
        given = self.settings.get("failureshunt")
        if given is not None:
            self.failure_shunt = _FAILURE_SHUNT.get(given.number or 0, self.failure_shunt)

    def _redirects_and_ppk(self) -> None:
        settings = self.settings
        given = settings.get("send-redirect")
        if given is not None:
            if given.number == _YNA_YES:
                self.policy |= SEND_REDIRECT_ALWAYS
                if "redirect-to" not in settings:
                    self.remarks.append(
                        Remark("send-redirect=yes does nothing without redirect-to=", "send-redirect")
                    )
            elif given.number == _YNA_NO:
                self.policy |= SEND_REDIRECT_NEVER
        given = settings.get("accept-redirect")
        if given is not None and given.number == _YNA_YES:
            self.policy |= ACCEPT_REDIRECT
        given = settings.get("ppk")
        if given is not None:
            self.policy |= {1: PPK_ALLOW, 2: PPK_ALLOW, 3: PPK_ALLOW | PPK_INSIST}.get(given.number or 0, 0)

    def _esn_and_fragmentation(self) -> None:
        given = self.settings.get("esn")
        if given is not None:
            self.policy &= ~(ESN_NO | ESN_YES)
            self.policy |= {1: ESN_NO, 2: ESN_YES, 3: ESN_NO | ESN_YES}.get(given.number or 0, 0)
        given = self.settings.get("fragmentation")
        if given is not None:
            self.policy &= ~(FRAG_ALLOW | FRAG_FORCE)
            self.policy |= {1: FRAG_ALLOW, 2: FRAG_ALLOW | FRAG_FORCE}.get(given.number or 0, 0)

    def _end(self, end: End, version: int, lookup: Lookup) -> None:
        settings, side = self.settings, end.side
        get = settings.get
        host = end.host
        host.place(get(side), version, lookup)
        if host.kind == OPPO:
            self.policy |= OPPORTUNISTIC
        elif host.kind == OPPOGROUP:
            self.policy |= OPPORTUNISTIC | GROUP_BIT
        elif host.kind == GROUP:
            self.policy |= GROUP_BIT
        if host.kind in (IPADDR, HOSTNAME) and end.id is None and host.text is not None:
            given = get(side)
            if given is not None and given.number == IPADDR:
                end.id = "<unset-address>" if host.address is None else str(host.address)
        given = get(f"{side}vti")
        if given is not None:
            self._vti(end, given)
        given = get(f"{side}subnet")
        if given is not None:
            self._subnet(end, given)
        self._next_hop(end, version, lookup)
        given = get(f"{side}id")
        if given is not None and given.text is not None:
            end.id = fix_id(given.text)
        self._key(end)
        given = get(f"{side}sourceip")
        if given is not None:
            self._source(end, given, lookup)
        self._certificate(end)
        given = get(f"{side}updown")
        if given is not None:
            end.updown = given.text
        given = get(f"{side}protoport")
        if given is not None:
            end.protoport = None
            try:
                end.protoport = protoport(given.text or "", names_of(lookup))
            except Malformed as reason:
                self._bad(given, reason)
        given = get(f"{side}addresspool")
        if given is not None:
            self._pool(end, given)
        if f"{side}xauthserver" in settings or f"{side}xauthclient" in settings:
            self.policy |= XAUTH

    def _bad(self, given: Given, reason: Malformed) -> None:
        self.fail(f"bad {given.key.spelled}={given.text} [{reason}]", given.key.slot)

    def _vti(self, end: End, given: Given) -> None:
        end.vti = None
        try:
            end.vti = cidr(given.text or "")
        except Malformed as reason:
            self._bad(given, reason)
            return
        if not end.vti.address.specified:
            self._bad(given, Malformed("unspecified address"))

    def _subnet(self, end: End, given: Given) -> None:
        text = given.text or ""
        if f"{end.side}addresspool" in self.settings:
            self.fail(f"cannot specify both {end.side}subnet= and {end.side}addresspool=", given.key.slot)
        if text.startswith(("vhost:", "vnet:")):
            if self.ike_version != IKEV1:
                self.fail(
                    "The vnet: and vhost: keywords are only valid for IKEv1 connections", given.key.slot
                )
            end.virt = text
            return
        end.has_client = True
        try:
            end.client = subnet(text, None)
        except Malformed as reason:
            self._bad(given, reason)

    def _next_hop(self, end: End, version: int, lookup: Lookup) -> None:
        given = self.settings.get(f"{end.side}nexthop")
        name = end.host.place_hop(given.text if given is not None else None, version)
        if name is not None:
            end.host.hop = lookup.resolve(name, version)
            if end.host.hop is None:
                self.fail(f"bad value for {end.side}nexthop={name}", f"{end.side}nexthop")

    def _key(self, end: End) -> None:
        for name, algorithm in KEYS:
            given = self.settings.get(f"{end.side}{name}")
            if given is None:
                continue
            if end.key is not None:
                self.fail(f"{end.side} has more than one public key", given.key.slot)
            end.key_kind = given.number or 0
            end.key_alg = algorithm
            end.key_from_dns = end.key_kind == _DNS
            if not end.key_from_dns and given.text is not None:
                end.key = given.text

    def _source(self, end: End, given: Given, lookup: Lookup) -> None:
        text = given.text or ""
        try:
            end.source = address(text, None)
        except Malformed:
            # The address that a resolver finds is thrown away by addconn: only that there is one counts.
            end.source = None
            if lookup.resolve(text, IPV4) is None and lookup.resolve(text, IPV6) is None:
                self.fail(f"bad value for {given.key.spelled}={text}", given.key.slot)
        if not end.has_client:
            end.has_client = True
            end.client = None if end.source is None else subnet_of(end.source)

    def _certificate(self, end: End) -> None:
        get, side = self.settings.get, end.side
        cert, ckaid, ca = get(f"{side}cert"), get(f"{side}ckaid"), get(f"{side}ca")
        if cert is not None and ckaid is not None:
            self.fail(f"only one of {side}cert and {side}ckaid can be specified", f"{side}ckaid")
        if cert is not None:
            end.cert = cert.text
        if ckaid is not None:
            try:
                data(ckaid.text or "", 16)
            except Malformed as reason:
                self.fail(f"invalid {side}ckaid: {reason}", f"{side}ckaid")
            end.ckaid = ckaid.text
        if ca is not None:
            end.ca = ca.text

    def _pool(self, end: End, given: Given) -> None:
        if f"{end.side}subnet" in self.settings:
            self.fail(f"cannot specify both {end.side}subnet= and {end.side}addresspool=", given.key.slot)
        end.pool = None
        try:
            end.pool = range_(given.text or "")
        except Malformed as reason:
            self._bad(given, reason)
            return
        if end.pool.first.version == IPV6 and not end.pool.is_subnet:
            self._bad(given, Malformed("not subnet"))
