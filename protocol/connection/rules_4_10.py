"""The rules of 4.8 to 4.15: addconn works out policy bits, addresses and subnets itself.

Owns: from settings to messages for these releases, which share keywords and rules to the letter. Must not know:
files and lines, duplicates and also= (autod.config), sockets.

addconn works `conn %default` out like a connection, and every connection goes on from the result: what a keyword
of %default decided stays even where a connection replaces the keyword (type=passthrough in %default takes
encryption away for good). So `Draft` is worked on layer by layer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from protocol.connection.addresses import (
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
    unspecified,
)
from protocol.connection.authby import NONE, SIGHASH_DEFAULT, authby
from protocol.connection.ends import (
    GROUP,
    HOSTNAME,
    IFACE,
    IPADDR,
    OPPO,
    OPPOGROUP,
    SENDABLE,
    Host,
    family,
    find_routes,
)
from protocol.connection.message import Message, Plan, Remark
from protocol.connection.names import names_of
from protocol.connection.numbers import Malformed, data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from protocol.connection.given import Given
    from protocol.connection.lookup import Lookup
    from protocol.connection.message import Auto

__all__ = ["Draft", "plan"]

ENCRYPT, AUTHENTICATE, COMPRESS, TUNNEL, PFS, DECAP_DSCP, NOPMTUDISC = (1 << bit for bit in range(7))
ALLOW_NO_SAN: Final = 1 << 8
OPPORTUNISTIC, GROUP_BIT = 1 << 13, 1 << 14
UP, XAUTH = 1 << 17, 1 << 18
SEND_REDIRECT_ALWAYS, SEND_REDIRECT_NEVER, ACCEPT_REDIRECT = 1 << 24, 1 << 25, 1 << 26
FRAG_ALLOW, FRAG_FORCE = 1 << 27, 1 << 28
PPK_ALLOW, PPK_INSIST = 1 << 31, 1 << 32
ESN_NO, ESN_YES = 1 << 33, 1 << 34

_DEFAULT_POLICY: Final = TUNNEL | ENCRYPT | PFS | FRAG_ALLOW | ESN_NO | ESN_YES

_FLAGS: Final = (
    ("compress", COMPRESS, False),
    ("pfs", PFS, False),
    ("ikepad", 1 << 29, True),
    ("rekey", 1 << 11, True),
    ("reauth", 1 << 12, False),
    ("aggressive", 1 << 20, False),
    ("modecfgpull", 1 << 19, False),
    ("overlapip", 1 << 21, False),
    ("narrowing", 1 << 22, False),
    ("mobike", 1 << 30, False),
    ("pam-authorize", 1 << 23, False),
    ("decap-dscp", DECAP_DSCP, False),
    ("nopmtudisc", NOPMTUDISC, False),
    ("ms-dh-downgrade", 1 << 7, False),
    ("dns-match-id,", 1 << 9, False),
    ("sha2-truncbug", 1 << 10, False),
    ("intermediate", 1 << 35, False),
    ("ignore-peer-dns", 1 << 36, False),
)
"""Booleans that are a bit of the policy; True where the bit says the contrary of the keyword."""

_TUNNEL_TYPE, _TRANSPORT, _PASS, _DROP, _REJECT = range(5)
_TRAP: Final = 3
_SHUNT_OF_TYPE: Final = {_PASS: 4, _DROP: 5, _REJECT: 6}
_NEGOTIATION_SHUNT: Final = {0: 4, 1: 2}
_FAILURE_SHUNT: Final = {0: 1, 1: 4, 2: 5, 3: 6}

_AUTO: Final[dict[int, Auto]] = {2: "add", 3: "ondemand", 4: "start", 5: "keep"}
_IKEV1, _IKEV2 = 1, 2
_YNA_NO, _YNA_YES = 2, 3
_RESTART, _HOLD = 3, 2
_REQID_MAX: Final = 16383
_MAX_OPERATIONS: Final = 1 << 63
_DNS, _OTHER = 1, 255
_KEYS: Final = (("rsasigkey", 2), ("ecdsakey", 3), ("pubkey", 4))

_ALWAYS: Final = {
    "nic-offload": ("nic_offload", 1),
    "ipsec-max-bytes": ("sa_ipsec_max_bytes", _MAX_OPERATIONS),
    "ipsec-max-packets": ("sa_ipsec_max_packets", _MAX_OPERATIONS),
    "rekeyfuzz": ("sa_rekey_fuzz", 100),
    "keyingtries": ("sa_keying_tries", 0),
    "replay-window": ("sa_replay_window", 128),
    "ipsec-interface": ("xfrm_if_id", 2**32 - 1),
    "metric": ("metric", 0),
    "mtu": ("connmtu", 0),
    "priority": ("sa_priority", 0),
    "tfc": ("sa_tfcpad", 0),
    "send-no-esp-tfc": ("send_no_esp_tfc", 0),
    "nflog": ("nflog_group", 0),
    "tcp-remoteport": ("remote_tcpport", 4500),
    "enable-tcp": ("iketcp", 1),
    "sendca": ("send_ca", 0),
    "encapsulation": ("encaps", 1),
    "nat-keepalive": ("nat_keepalive", 1),
    "nat-ikev1-method": ("ikev1_natt", 0),
    "send-vendorid": ("send_vendorid", 0),
    "initial-contact": ("initial_contact", 0),
    "cisco-unity": ("cisco_unity", 0),
    "fake-strongswan": ("fake_strongswan", 0),
    "remote-peer-type": ("remotepeertype", 0),
    "nm-configured": ("nmconfigured", 0),
    "vti-routing": ("vti_routing", 0),
    "vti-shared": ("vti_shared", 0),
    "xauthby": ("xauthby", 0),
    "xauthfail": ("xauthfail", 0),
}
"""Numbers that go into one member: where to, and what stands there when the keyword is not given."""

_BOOLS: Final = frozenset(
    {
        "send_no_esp_tfc",
        "nat_keepalive",
        "send_vendorid",
        "initial_contact",
        "cisco_unity",
        "fake_strongswan",
        "nmconfigured",
        "vti_routing",
        "vti_shared",
    }
)

_TIMES: Final = {
    "ikelifetime": ("sa_ike_life_seconds", 28_800_000),
    "ipsec-lifetime": ("sa_ipsec_life_seconds", 28_800_000),
    "rekeymargin": ("sa_rekey_margin", 540_000),
    "retransmit-interval": ("retransmit_interval", 500),
    "retransmit-timeout": ("retransmit_timeout", 60_000),
}
"""Durations in milliseconds: where to, and the value when not given."""

_TEXTS: Final = {
    "ike": "ike",
    "esp": "esp",
    "connalias": "connalias",
    "modecfgdns": "modecfg_dns",
    "modecfgdomains": "modecfg_domains",
    "modecfgbanner": "modecfg_banner",
    "policy-label": "sec_label",
    "mark": "conn_mark_both",
    "mark-in": "conn_mark_in",
    "mark-out": "conn_mark_out",
    "vti-interface": "vti_iface",
    "redirect-to": "redirect_to",
    "accept-redirect-to": "accept_redirect_to",
}

_END_NUMBERS: Final = {
    "ikeport": ("host_ikeport", 0),
    "sendcert": ("sendcert", 3),
    "auth": ("auth", 0),
    "autheap": ("eap", 0),
    "xauthserver": ("xauth_server", 0),
    "xauthclient": ("xauth_client", 0),
    "modecfgserver": ("modecfg_server", 0),
    "modecfgclient": ("modecfg_client", 0),
    "cat": ("cat", 0),
}
_END_BOOLS: Final = frozenset({"xauth_server", "xauth_client", "modecfg_server", "modecfg_client", "cat"})


class _End:
    """One end, as far as it is worked out. What a layer does not touch stays from the layer before."""

    __slots__ = (
        "ca",
        "cert",
        "ckaid",
        "client",
        "has_client",
        "host",
        "id",
        "key",
        "key_alg",
        "key_from_dns",
        "key_kind",
        "pool",
        "protoport",
        "side",
        "source",
        "updown",
        "username",
        "virt",
        "vti",
    )

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

    def copy(self) -> _End:
        other = _End(self.side)
        for name in self.__slots__:
            if name != "host":
                setattr(other, name, getattr(self, name))
        other.host.copy_from(self.host)
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
        self.ike_version = _IKEV2
        self.prospective_shunt = self.negotiation_shunt = self.failure_shunt = 0
        self.left, self.right = _End("left"), _End("right")
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
        for slot, bit, inverted in _FLAGS:
            given = settings.get(slot)
            if given is not None:
                self._set(bit, on=bool(given.number) != inverted)
        given = settings.get("require-id-on-certificate")
        if given is not None and not given.number:
            self.policy |= ALLOW_NO_SAN
        given = settings.get("phase2")
        if given is not None:
            self.policy = self.policy & ~(AUTHENTICATE | ENCRYPT) | (given.number or 0) % 2**64
        given = settings.get("ikev2")
        if given is not None and given.number in (0, 1, 2, 3):
            self.ike_version = _IKEV1 if given.number < 2 else _IKEV2
        if self.ike_version >= _IKEV2:
            self._redirects_and_ppk()
        self._esn_and_fragmentation()
        given = settings.get("authby")
        if given is not None:
            self.sighash, self.authby = 0, NONE
            try:
                self.authby, self.sighash = authby(given.text or "", ikev1=self.ike_version == _IKEV1)
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
        given = settings.get("auto")
        if given is not None:
            self.auto = _AUTO.get(given.number or 0, "ignore")
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

    def _end(self, end: _End, version: int, lookup: Lookup) -> None:
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
            end.id = _fix_id(given.text)
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

    def _vti(self, end: _End, given: Given) -> None:
        end.vti = None
        try:
            end.vti = cidr(given.text or "")
        except Malformed as reason:
            self._bad(given, reason)
            return
        if not end.vti.address.specified:
            self._bad(given, Malformed("unspecified address"))

    def _subnet(self, end: _End, given: Given) -> None:
        text = given.text or ""
        if f"{end.side}addresspool" in self.settings:
            self.fail(f"cannot specify both {end.side}subnet= and {end.side}addresspool=", given.key.slot)
        if text.startswith(("vhost:", "vnet:")):
            if self.ike_version != _IKEV1:
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

    def _next_hop(self, end: _End, version: int, lookup: Lookup) -> None:
        given = self.settings.get(f"{end.side}nexthop")
        name = end.host.place_hop(given.text if given is not None else None, version)
        if name is not None:
            end.host.hop = lookup.resolve(name, version)
            if end.host.hop is None:
                self.fail(f"bad value for {end.side}nexthop={name}", f"{end.side}nexthop")

    def _key(self, end: _End) -> None:
        for name, algorithm in _KEYS:
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

    def _source(self, end: _End, given: Given, lookup: Lookup) -> None:
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

    def _certificate(self, end: _End) -> None:
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

    def _pool(self, end: _End, given: Given) -> None:
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


def _fix_id(text: str) -> str:
    """Old distinguished names have `,,` for a comma that is not a separator."""
    if text[:1] == "@" or ",," not in text or "=" not in text:
        return text
    while ",," in text:
        text = text.replace(",,", "\\,", 1)
    return text


def plan(name: str, draft: Draft, lookup: Lookup, *, autoall: bool) -> Plan:
    """The messages that load the connection, in groups: one, or one for each pair of subnets=.

    `draft` must not be used again: the addresses of %defaultroute are put into it. `autoall` changes nothing here:
    what auto= asks for is sent in messages of its own.
    """
    remarks = draft.remarks
    find_routes(draft.left.host, draft.right.host, lookup)
    # %auto gets a name from a counter that nobody counts up.
    sent = "conn_0" if name == "%auto" else name
    pairs: list[tuple[str, Block | None, Block | None]] = []
    expand = not {"leftsubnets", "rightsubnets"}.isdisjoint(draft.settings)
    if expand:
        pairs = list(_pairs(name, draft, remarks))
    names = tuple(pair for pair, _, _ in pairs) if expand else (sent,)
    groups = tuple(_groups(sent, pairs if expand else None, draft, remarks))
    return Plan(sent, groups, tuple(remarks), draft.auto, draft.refused, names)


def _groups(
    name: str,
    pairs: Sequence[tuple[str, Block | None, Block | None]] | None,
    draft: Draft,
    remarks: list[Remark],
) -> Iterator[tuple[Message, ...]]:
    for end in (draft.left, draft.right):
        if end.host.kind not in SENDABLE:
            remarks.append(Remark(f"{end.side}= is not set", end.side, fatal=True))
            return
    members = _members(draft, remarks)
    for end in (draft.left, draft.right):
        members.update(_end_members(end, draft.settings))
    before = len(remarks)
    keys = tuple(_keys(name, draft, remarks))
    if pairs is None:
        yield (_add(name, members), *keys)
        return
    for pair, left, right in pairs:
        mine = members | _block("left.client", left) | _block("right.client", right)
        mine["connalias"] = name
        yield (_add(pair, mine), *keys)
        if len(remarks) > before:
            # A key that cannot be read ends it all.
            return


def _add(name: str, members: dict[str, object]) -> Message:
    return Message("add", name, {**members, "name": name})


_WAYS: Final = tuple(f"authby.{way}" for way in NONE._fields)


def _members(draft: Draft, remarks: list[Remark]) -> dict[str, object]:
    settings = draft.settings
    members: dict[str, object] = {
        "whack_connection": 1,
        "whack_delete": 1,
        "tunnel_addr_family": 2 if draft.left.host.version == IPV4 else 10,
        "ike_version": draft.ike_version,
        "policy": draft.policy,
        "sighash_policy": draft.sighash,
        "prospective_shunt": draft.prospective_shunt,
        "negotiation_shunt": draft.negotiation_shunt,
        "failure_shunt": draft.failure_shunt,
    }
    for way, on in zip(_WAYS, draft.authby, strict=True):
        if on:
            members[way] = 1
    if draft.right.host.kind == HOSTNAME:
        members["dnshostname"] = draft.right.host.text
    for slot, (path, default) in _ALWAYS.items():
        given = settings.get(slot)
        number = default if given is None else given.number
        if number:
            members[path] = 1 if path in _BOOLS else number
    for slot, (path, default) in _TIMES.items():
        given = settings.get(slot)
        _put_time(members, path, default if given is None else given.number or 0)
    for slot, path in _TEXTS.items():
        given = settings.get(slot)
        if given is not None:
            members[path] = given.text
    given = settings.get("reqid")
    if given is not None:
        if 0 < (given.number or 0) <= _REQID_MAX:
            members["sa_reqid"] = given.number
        else:
            remarks.append(Remark(f"reqid= is ignored: it goes from 1 to {_REQID_MAX}", "reqid"))
    _put_dpd(members, draft, remarks)
    return members


def _put_time(members: dict[str, object], path: str, milliseconds: int) -> None:
    # As C divides: towards zero.
    sign = -1 if milliseconds < 0 else 1
    seconds, rest = divmod(abs(milliseconds), 1000)
    members[f"{path}.dt.tv_sec"] = sign * seconds
    members[f"{path}.dt.tv_usec"] = sign * rest * 1000


def _put_dpd(members: dict[str, object], draft: Draft, remarks: list[Remark]) -> None:
    get = draft.settings.get
    delay, timeout, action = get("dpddelay"), get("dpdtimeout"), get("dpdaction")
    members["dpd_action"] = _HOLD
    if draft.ike_version == _IKEV1:
        if delay is not None and timeout is not None:
            _put_time(members, "dpd_delay", delay.number or 0)
            _put_time(members, "dpd_timeout", timeout.number or 0)
            if action is not None:
                members["dpd_action"] = action.number
        elif delay or timeout or action:
            slot = "dpddelay" if delay else "dpdtimeout" if timeout else "dpdaction"
            remarks.append(Remark("dpd with IKEv1 needs both dpddelay= and dpdtimeout=: it is ignored", slot))
    else:
        if delay is not None:
            _put_time(members, "dpd_delay", delay.number or 0)
            if action is not None:
                members["dpd_action"] = action.number
        elif action is not None:
            remarks.append(Remark("dpdaction= is ignored without dpddelay=", "dpdaction"))
        if timeout is not None:
            remarks.append(Remark("dpdtimeout= is ignored with IKEv2: see retransmit-timeout=", "dpdtimeout"))
    rekey = get("rekey")
    if rekey is not None and not rekey.number and action is not None and action.number == _RESTART:
        members["dpd_action"] = _HOLD
        remarks.append(Remark("dpdaction=restart does not go with rekey=no: hold is used", "dpdaction"))


def _address(path: str, value: Address) -> dict[str, object]:
    return {
        f"{path}.is_set": 1,
        f"{path}.version": value.version,
        f"{path}.bytes.byte": value.packed.ljust(16, b"\0"),
    }


def _block(path: str, value: Block | None, bits: str = "maskbits") -> dict[str, object]:
    if value is None:
        return {
            f"{path}.is_set": 0,
            f"{path}.version": 0,
            f"{path}.bytes.byte": bytes(16),
            f"{path}.{bits}": 0,
        }
    return {**_address(path, value.address), f"{path}.{bits}": value.bits}


def _end_members(end: _End, settings: Mapping[str, Given]) -> Iterator[tuple[str, object]]:
    side, host = end.side, end.host
    found: dict[str, object] = {
        "id": end.id,
        "host_type": host.kind,
        "host_addr_name": host.text,
        "cert": end.cert,
        "ckaid": end.ckaid,
        "ca": end.ca,
        "updown": end.updown,
        "virt": end.virt,
        "key_from_DNS_on_demand": end.key_from_dns,
    }
    if host.kind in (IPADDR, IFACE) and host.address is not None:
        found |= _address("host_addr", host.address)
    hop = host.hop if host.hop_kind == IPADDR else unspecified(host.version)
    if hop is not None:
        found |= _address("host_nexthop", hop)
    if end.source is not None and end.source.specified:
        found |= _address("host_srcip", end.source)
    if end.vti is not None and end.vti.address.specified:
        found |= _block("host_vtiip", end.vti, "prefix_bits")
    if end.has_client and end.client is not None:
        found |= _block("client", end.client)
    if end.protoport is not None:
        found["protoport.is_set"] = 1
        found["protoport.has_port_wildcard"] = end.protoport.wildcard
        found["protoport.hport"] = end.protoport.port
        found["protoport.ipproto"] = end.protoport.protocol
    if end.key_kind == _OTHER and end.key is not None:
        found["pubkey_alg"] = end.key_alg
        found["pubkey"] = end.key
    for slot, (path, default) in _END_NUMBERS.items():
        given = settings.get(side + slot)
        number = default if given is None else given.number
        if number:
            found[path] = 1 if path in _END_BOOLS else number
    username = settings.get(f"{side}username")
    if username is not None:
        found["xauth_username"] = username.text
    if end.pool is not None:
        found["pool_range.is_set"] = 1
        found["pool_range.is_subnet"] = end.pool.is_subnet
        found["pool_range.version"] = end.pool.first.version
        found["pool_range.start.byte"] = end.pool.first.packed.ljust(16, b"\0")
        found["pool_range.end.byte"] = end.pool.last.packed.ljust(16, b"\0")
    return ((f"{side}.{path}", value) for path, value in found.items() if value is not None)


def _keys(name: str, draft: Draft, remarks: list[Remark]) -> Iterator[Message]:
    """The messages that carry raw keys. A key that cannot be read stops them, in silence as far as pluto goes."""
    for end in (draft.left, draft.right):
        if end.key is None or not end.id or end.key_kind != _OTHER:
            continue
        try:
            value = data(end.key, 64 if end.key_alg == 4 else 0)
        except Malformed as reason:
            slot = end.side + next(word for word, number in _KEYS if number == end.key_alg)
            remarks.append(Remark(f"{slot}= is malformed [{reason}]: its key is not sent", slot))
            return
        yield Message(
            "key",
            name,
            {"whack_key": 1, "pubkey_alg": end.key_alg, "keyid": end.id, "keyval": value},
        )


def _pairs(
    name: str, draft: Draft, remarks: list[Remark]
) -> Iterator[tuple[str, Block | None, Block | None]]:
    """The pairs of subnets=, the right one running fastest, each with its name in pluto."""
    left, left_error = _subnets(draft.left, draft.settings)
    right, right_error = _subnets(draft.right, draft.settings)
    if not left or not right:
        missing = "left" if not left else "right"
        remarks.append(
            Remark(
                f"nothing is sent: subnets= needs {missing}subnet= or {missing}subnets= as well",
                "rightsubnets" if missing == "left" else "leftsubnets",
                fatal=True,
            )
        )
        return
    for x, one in left:
        for y, other in right:
            # The buffer for the name has 256 bytes.
            full = f"{name}/{x}x{y}".encode("utf-8", "surrogateescape")[:255]
            yield full.decode("utf-8", "surrogateescape"), one, other
        if right_error:
            break
    for side, error in (("left", left_error), ("right", right_error)):
        if error:
            remarks.append(Remark(error, f"{side}subnets", fatal=True))
            if side == "right":
                break


_ITEMS: Final = re.compile(r"[^ \t\n\v\f\r,]+")


def _subnets(
    end: _End, settings: Mapping[str, Given]
) -> tuple[Sequence[tuple[int, Block | None]], str | None]:
    """subnet= as number 0, then the items of subnets= from 1 on, until one that is none."""
    found: list[tuple[int, Block | None]] = []
    if f"{end.side}subnet" in settings:
        found.append((0, end.client))
    given = settings.get(f"{end.side}subnets")
    for number, word in enumerate(_ITEMS.findall(given.text or "") if given else (), 1):
        try:
            found.append((number, subnet(word, end.host.version, strict_ipv6=True)))
        except Malformed as reason:
            return found, f"{word!r} is not a subnet declaration ({end.side}subnets): {reason}"
    return found, None
