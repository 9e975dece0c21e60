"""The rules of 5.0 to 5.2: addconn works out hosts, next hops and authby=, and sends the rest as numbers and strings.

Owns: from settings to messages for these releases. Must not know: files and lines, duplicates and also=
(autod.config), sockets.

The names are those of 5.2; `_FACTS` has the differences of 5.0 and 5.1. As in 4.x (see draft_4), effects of
`conn %default` stay for the connections behind it: here the IKE version, authby= and the shunt of type=.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import msgspec

from autod.protocol.connection.addresses import Address, Block, ProtoPort, cidr, protoport, unspecified
from autod.protocol.connection.authby import NONE, SIGHASH_DEFAULT, authby
from autod.protocol.connection.ends import HOSTNAME, IFACE, IPADDR, SENDABLE, Host, family, find_routes
from autod.protocol.connection.identity import fix_id
from autod.protocol.connection.message import Message, Plan, Remark
from autod.protocol.connection.names import names_of
from autod.protocol.connection.numbers import Malformed, data
from autod.protocol.connection.pairs import names_of_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Auto

__all__ = ["making", "put_time"]

_FROM_ADDCONN: Final = 2
_IGNORE, _ADD, _START, _ROUTE, _ONDEMAND, _UP, _KEEP = range(1, 8)
_AUTO: Final[dict[int, Auto]] = {
    _ADD: "add",
    _START: "start",
    _ROUTE: "ondemand",
    _ONDEMAND: "ondemand",
    _UP: "start",
    _KEEP: "keep",
}
_NEVER_NEGOTIATE, _NEGOTIATION, _FAILURE = 1, 3, 5
_SHUNT_OF_TYPE: Final = {3: 5, 4: 6, 5: 7}
_IKEV1, _IKEV2, _YES = 1, 2, 2
_REQID_MAX: Final = 16383
_MAX_OPERATIONS: Final = 1 << 63
_DNS, _OTHER = 1, 255
_KEYS: Final = (("rsasigkey", 2), ("ecdsakey", 3), ("pubkey", 4))
_VERSION: Final = {2: 4, 10: 6}

_NUMBERS: Final = {
    "plutodebug": ("conn_debug", 0),
    "nic-offload": ("nic_offload", 0),
    "ipsec-max-bytes": ("sa_ipsec_max_bytes", _MAX_OPERATIONS),
    "ipsec-max-packets": ("sa_ipsec_max_packets", _MAX_OPERATIONS),
    "rekeyfuzz": ("sa_rekeyfuzz_percent", 100),
    "replay-window": ("replay_window", 128),
    "ikev2": ("ikev2", 0),
    "pfs": ("pfs", 0),
    "compress": ("compress", 0),
    "type": ("type", 1),
    "phase2": ("phase2", 0),
    "metric": ("metric", 0),
    "narrowing": ("narrowing", 0),
    "rekey": ("rekey", 0),
    "reauth": ("reauth", 0),
    "mtu": ("mtu", 0),
    "priority": ("priority", 0),
    "tfc": ("tfc", 0),
    "nflog": ("nflog_group", 0),
    "tcp-remoteport": ("tcp_remoteport", 0),
    "enable-tcp": ("enable_tcp", 0),
    "sendca": ("send_ca", 0),
    "encapsulation": ("encapsulation", 0),
    "nat-ikev1-method": ("nat_ikev1_method", 0),
    "remote-peer-type": ("remote_peer_type", 0),
    "nm-configured": ("nm_configured", 0),
    "vti-routing": ("vti_routing", 0),
    "vti-shared": ("vti_shared", 0),
    "send-redirect": ("send_redirect", 0),
    "session-resumption": ("session_resumption", 0),
    "mobike": ("mobike", 0),
    "intermediate": ("intermediate", 0),
    "sha2-truncbug": ("sha2_truncbug", 0),
    "overlapip": ("overlapip", 0),
    "ms-dh-downgrade": ("ms_dh_downgrade", 0),
    "pfs-rekey-workaround": ("pfs_rekey_workaround", 0),
    "dns-match-id,": ("dns_match_id", 0),
    "pam-authorize": ("pam_authorize", 0),
    "ignore-peer-dns": ("ignore_peer_dns", 0),
    "ikepad": ("ikepad", 0),
    "require-id-on-certificate": ("require_id_on_certificate", 0),
    "modecfgpull": ("modecfgpull", 0),
    "aggressive": ("aggressive", 0),
    "iptfs": ("iptfs", 0),
    "iptfs-fragmentation": ("iptfs_fragmentation", 0),
    "iptfs-packet-size": ("iptfs_packet_size", 0),
    "iptfs-max-queue-size": ("iptfs_max_queue_size", 0),
    "iptfs-reorder-window": ("iptfs_reorder_window", 0),
    "decap-dscp": ("decap_dscp", 0),
    "encap-dscp": ("encap_dscp", 0),
    "nopmtudisc": ("nopmtudisc", 0),
    "accept-redirect": ("accept_redirect", 0),
    "fragmentation": ("fragmentation", 0),
    "esn": ("esn", 0),
    "ppk": ("ppk", 0),
    "xauthby": ("xauthby", 0),
    "xauthfail": ("xauthfail", 0),
    "nat-keepalive": ("nat_keepalive", 1),
    "initial-contact": ("initial_contact", 0),
    "cisco-unity": ("cisco_unity", 0),
    "send-no-esp-tfc": ("send_no_esp_tfc", 0),
    "fake-strongswan": ("fake_strongswan", 0),
    "send-vendorid": ("send_vendorid", 0),
}
"""Numbers that go into one member: where to, and what stands there when the keyword is not given."""

_TIMES: Final = {
    "ikelifetime": "ikelifetime",
    "ipsec-lifetime": "ipsec_lifetime",
    "rekeymargin": "rekeymargin",
    "retransmit-interval": "retransmit_interval",
    "retransmit-timeout": "retransmit_timeout",
    "iptfs-init-delay": "iptfs_init_delay",
    "iptfs-drop-time": "iptfs_drop_time",
}

_TEXTS: Final = {
    "ike": "ike",
    "esp": "esp",
    "connalias": "connalias",
    "ipsec-interface": "ipsec_interface",
    "dpddelay": "dpddelay",
    "ikev1-dpdtimeout": "dpdtimeout",
    "policy-label": "sec_label",
    "modecfgdns": "modecfgdns",
    "modecfgdomains": "modecfgdomains",
    "modecfgbanner": "modecfgbanner",
    "mark": "mark",
    "mark-in": "mark_in",
    "mark-out": "mark_out",
    "vti-interface": "vti_interface",
    "ppk-ids": "ppk_ids",
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
    "modecfgserver": ("modecfgserver", 0),
    "modecfgclient": ("modecfgclient", 0),
    "cat": ("cat", 0),
}

_END_TEXTS: Final = {
    "sourceip": "sourceip",
    "interface-ip": "interface_ip",
    "subnets": "subnets",
    "cert": "cert",
    "ckaid": "ckaid",
    "ca": "ca",
    "updown": "updown",
    "username": "xauth_username",
    "groundhog": "groundhog",
    "addresspool": "addresspool",
}


class _Facts(msgspec.Struct, frozen=True):
    """How a release differs from 5.2.

    `renamed`: members that have another name. `says`: members of every message. `add`: the member that marks an add.
    `autostart`: the value of auto= if the connection is loaded by name, None for that of the file. `times`: durations
    that are always sent, in microseconds. `protoport_first`: protoport= is read while the connection is worked out.
    `blocks`: the members for addresses with a prefix that addconn itself reads. `bare`: these may be without a prefix.
    `no_updown`: the value for an empty updown=. `late_auto`: auto= is read last, so that a connection which failed
    before has none.
    """

    ends: tuple[str, str] = ("end[0]", "end[1]")
    renamed: Mapping[str, str] = {}
    says: Mapping[str, int] = msgspec.field(default_factory=lambda: {"whack_from": _FROM_ADDCONN})
    add: str = "whack_add"
    auto: Mapping[int, Auto] = msgspec.field(default_factory=lambda: _AUTO)
    ignore: int = _IGNORE
    autostart: int | None = _ADD
    times: Mapping[str, int] = {}
    protoport_first: bool = False
    blocks: Mapping[str, str] = msgspec.field(default_factory=lambda: {"vti": "host_vtiip"})
    no_updown: str = ""
    bare: bool = True
    late_auto: bool = False


_RENAMED_5_1: Final = {
    "nexthop": "host_nexthop",
    "modecfgserver": "modecfg_server",
    "modecfgclient": "modecfg_client",
    "rekeymargin": "sa_rekey_margin",
}
_TIMES_5_1: Final = {
    "rekeymargin": 540_000_000,
    "retransmit-interval": 500_000,
    "retransmit-timeout": 60_000_000,
}

_FACTS: Final = {
    "5.0": _Facts(
        ends=("left", "right"),
        renamed={**_RENAMED_5_1, "narrowing": "ikev2_allow_narrowing"},
        says={},
        add="whack_addconn",
        auto={1: "add", 2: "ondemand", 3: "start", 4: "keep"},
        ignore=0,
        autostart=None,
        times=_TIMES_5_1,
        protoport_first=True,
        blocks={"vti": "host_vtiip", "interface-ip": "ifaceip"},
        no_updown="%disabled",
        bare=False,
        late_auto=True,
    ),
    "5.1": _Facts(
        ends=("left", "right"),
        renamed=_RENAMED_5_1,
        autostart=None,
        times=_TIMES_5_1,
        protoport_first=True,
        bare=False,
    ),
    "5.2": _Facts(),
}


class _Draft:
    """A connection while it is worked out. `remarks` are the complaints about the last layer."""

    __slots__ = (
        "_facts",
        "authby",
        "blocks",
        "ends",
        "failed",
        "ike_version",
        "never",
        "protoports",
        "remarks",
        "settings",
        "sighash",
        "worked",
    )

    def __init__(self, facts: _Facts) -> None:
        self._facts = facts
        self.worked = False
        self.ike_version = _IKEV2
        self.authby = NONE
        self.sighash = SIGHASH_DEFAULT
        self.never = 0
        self.ends = {"left": Host(), "right": Host()}
        self.blocks: dict[str, Block | None] = {}
        self.protoports: dict[str, ProtoPort | None] = {}
        self.settings: Mapping[str, Given] = {}
        self.remarks: list[Remark] = []
        self.failed = False

    def copy(self) -> _Draft:
        duplicate = _Draft(self._facts)
        duplicate.ike_version, duplicate.never = self.ike_version, self.never
        duplicate.authby, duplicate.sighash = self.authby, self.sighash
        duplicate.ends = {side: host.copy() for side, host in self.ends.items()}
        duplicate.blocks = dict(self.blocks)
        duplicate.protoports = dict(self.protoports)
        duplicate.settings = self.settings
        return duplicate

    @property
    def refused(self) -> bool:
        """Whether addconn reports that the connection did not load. It does not do so if an interface is missing."""
        return self.failed and not (self.worked and any(host.missing for host in self.ends.values()))

    def fail(self, sentence: str, slot: str) -> None:
        self.failed = True
        self.remarks.append(Remark(sentence, slot, fatal=True))

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None:
        """Apply the settings of one layer."""
        self.settings = settings
        setting = settings.get("type")
        if setting is not None and setting.number in _SHUNT_OF_TYPE:
            self.authby = NONE
            self.never = _SHUNT_OF_TYPE[setting.number]
        exchange, ikev2 = settings.get("keyexchange"), settings.get("ikev2")
        if exchange is not None and exchange.number in (_IKEV1, _IKEV2):
            self.ike_version = exchange.number
        elif ikev2 is not None:
            self.ike_version = _IKEV2 if ikev2.number == _YES else _IKEV1
        setting = settings.get("authby")
        if setting is not None:
            self.sighash, self.authby = 0, NONE
            try:
                self.authby, self.sighash = authby(setting.text or "", ikev1=self.ike_version == _IKEV1)
            except Malformed as reason:
                self.fail(str(reason), "authby")
                return
        self.worked = True
        version = family(settings)
        for side, host in self.ends.items():
            host.place(settings.get(side), version, lookup)
            if "interface-ip" not in self._facts.blocks:
                self._block(side, "vti")
            setting = settings.get(f"{side}nexthop")
            name = host.place_hop(setting.text if setting is not None else None, version)
            if name is not None:
                self.fail(f"bad value for {side}nexthop={name}: it is not an address", f"{side}nexthop")
            if self._facts.protoport_first:
                self._protoport(side, lookup)
            if "interface-ip" in self._facts.blocks:
                self._block(side, "vti")
                self._block(side, "interface-ip")

    def _block(self, side: str, slot: str) -> None:
        setting = self.settings.get(side + slot)
        if setting is None:
            return
        self.blocks[side + slot] = None
        try:
            block = cidr(setting.text or "", bare=self._facts.bare)
            self.blocks[side + slot] = block
            if not block.address.specified:
                raise Malformed("unspecified address")
        except Malformed as reason:
            self.fail(f"bad addr {side}{slot}={setting.text} [{reason}]", side + slot)

    def _protoport(self, side: str, lookup: Lookup) -> None:
        setting = self.settings.get(f"{side}protoport")
        if setting is None:
            return
        self.protoports[side] = None
        try:
            self.protoports[side] = protoport(setting.text or "", names_of(lookup))
        except Malformed as reason:
            self.fail(f"bad {side}protoport={setting.text} [{reason}]", f"{side}protoport")


@functools.cache
def making(name: str) -> _Making:
    """The maker of messages by the rules of that name."""
    return _Making(_FACTS[name])


class _Making:
    """See autod.protocol.connection."""

    works_out = True

    def __init__(self, facts: _Facts) -> None:
        self._facts = facts

    def draft(self) -> _Draft:
        return _Draft(self._facts)

    def plan(self, name: str, draft: _Draft, lookup: Lookup, *, autoall: bool) -> Plan:
        return _plan(name, draft, lookup, self._facts, autoall=autoall)


def _plan(name: str, draft: _Draft, lookup: Lookup, facts: _Facts, *, autoall: bool) -> Plan:
    """The messages that load the connection: the add, and one for each raw key.

    `draft` must not be used again: the addresses of %defaultroute are put into it.
    """
    settings, remarks = draft.settings, draft.remarks
    setting = settings.get("auto")
    number = setting.number if setting is not None and setting.number is not None else facts.ignore
    auto: Auto = facts.auto.get(number, "ignore") if draft.worked or not facts.late_auto else "ignore"
    left, right = draft.ends["left"], draft.ends["right"]
    find_routes(left, right, lookup)
    members = _members(draft, facts, remarks)
    members["autostart"] = number if autoall or facts.autostart is None else facts.autostart
    ends = []
    for at, (side, host) in enumerate(draft.ends.items()):
        if host.kind not in SENDABLE:
            if draft.worked:
                remarks.append(Remark(f"{side}= is not set", side, fatal=True))
            return Plan(name, (), tuple(remarks), auto, draft.refused, names_of_pairs(name, settings))
        try:
            end_members = _end(draft, facts, side, host, lookup)
        except Malformed as reason:
            remarks.append(Remark(f"bad {side}protoport= [{reason}]", f"{side}protoport", fatal=True))
            return Plan(name, (), tuple(remarks), auto, draft.refused, names_of_pairs(name, settings))
        ends.append((side, end_members))
        prefix = facts.ends[at]
        members.update((f"{prefix}.{path}", value) for path, value in end_members.items())
    add = Message("add", name, {**members, "name": name})
    keys: list[Message] = []
    for side, end_members in ends:
        try:
            keys += _key(name, end_members, facts)
        except Malformed as reason:
            # addconn stops here, and tells only its user, not pluto.
            slot = side + next(word for word, number in _KEYS if number == end_members["pubkey_alg"])
            remarks.append(Remark(f"{slot}= is malformed [{reason}]: its key is not sent", slot))
            break
    return Plan(name, ((add, *keys),), tuple(remarks), auto, draft.refused, names_of_pairs(name, settings))


_WAYS: Final = tuple(f"authby.{method}" for method in NONE._fields)


def _members(draft: _Draft, facts: _Facts, remarks: list[Remark]) -> dict[str, object]:
    settings = draft.settings
    right = draft.ends["right"]
    members: dict[str, object] = {
        **facts.says,
        facts.add: 1,
        "host_afi": draft.ends["left"].version,
        "ike_version": draft.ike_version,
        "sighash_policy": draft.sighash,
        f"shunt[{_NEVER_NEGOTIATE}]": draft.never,
    }
    for slot, kind in (("negotiationshunt", _NEGOTIATION), ("failureshunt", _FAILURE)):
        setting = settings.get(slot)
        members[f"shunt[{kind}]"] = 0 if setting is None else setting.number
    setting = settings.get("clientaddrfamily")
    if setting is not None:
        members["child_afi"] = _VERSION.get(setting.number or 0, 0)
    if right.kind == HOSTNAME:
        members["dnshostname"] = right.text
    for method, on in zip(_WAYS, draft.authby, strict=True):
        if on:
            members[method] = 1
    for slot, (path, default) in _NUMBERS.items():
        setting = settings.get(slot)
        number = default if setting is None else setting.number
        if number:
            members[path] = number
    for slot, path in _TIMES.items():
        setting = settings.get(slot)
        if setting is not None:
            put_time(members, path, setting.number or 0)
        elif slot in facts.times:
            put_time(members, path, facts.times[slot])
    for slot, path in _TEXTS.items():
        setting = settings.get(slot)
        if setting is not None:
            members[path] = setting.text
    for path, own in facts.renamed.items():
        if path in members:
            members[own] = members.pop(path)
        elif path in _TIMES.values():
            for part in ("dt.tv_sec", "dt.tv_usec", "is_set"):
                if f"{path}.{part}" in members:
                    members[f"{own}.{part}"] = members.pop(f"{path}.{part}")
    setting = settings.get("keyingtries")
    if setting is not None:
        members["keyingtries.set"] = 1
        members["keyingtries.value"] = setting.number
    setting = settings.get("reqid")
    if setting is not None:
        if 0 < (setting.number or 0) <= _REQID_MAX:
            members["sa_reqid"] = setting.number
        else:
            remarks.append(Remark(f"reqid= is ignored: it goes from 1 to {_REQID_MAX}", "reqid"))
    return members


def put_time(members: dict[str, object], path: str, microseconds: int) -> None:
    """Put a duration into its three members."""
    members[f"{path}.dt.tv_sec"], members[f"{path}.dt.tv_usec"] = divmod(microseconds, 1_000_000)
    members[f"{path}.is_set"] = 1


def _address(path: str, value: Address) -> dict[str, object]:
    return {
        f"{path}.is_set": 1,
        f"{path}.version": value.version,
        f"{path}.bytes.byte": value.packed.ljust(16, b"\0"),
    }


def _end(draft: _Draft, facts: _Facts, side: str, host: Host, lookup: Lookup) -> dict[str, object]:
    """The members of one end. Raises Malformed for a protoport= that cannot be read."""
    get = draft.settings.get
    members: dict[str, object] = {"host_type": host.kind, "host_addr_name": host.text}
    setting = get(f"{side}id")
    if setting is not None:
        members["id"] = fix_id(setting.text or "")
    elif host.kind == IPADDR and host.address is not None:
        members["id"] = str(host.address)
    if host.kind in (IPADDR, IFACE) and host.address is not None:
        members |= _address("host_addr", host.address)
    hop = host.hop if host.hop_kind == IPADDR else unspecified(host.version)
    if hop is not None:
        members |= _address(facts.renamed.get("nexthop", "nexthop"), hop)
    for slot, path in facts.blocks.items():
        block = draft.blocks.get(side + slot)
        if block is not None and block.address.specified:
            members |= _address(path, block.address) | {f"{path}.prefix_len": block.bits}
    setting = get(f"{side}subnet")
    if setting is not None:
        text = setting.text or ""
        members["virt" if text.startswith(("vhost:", "vnet:")) else "subnet"] = text
    setting = get(f"{side}protoport")
    pair = draft.protoports.get(side)
    if setting is not None and not facts.protoport_first:
        pair = protoport(setting.text or "", names_of(lookup))
    if pair is not None:
        members["protoport.is_set"] = 1
        members["protoport.has_port_wildcard"] = pair.wildcard
        members["protoport.hport"] = pair.port
        members["protoport.ipproto"] = pair.protocol
    for word, algorithm in _KEYS:
        setting = get(side + word)
        if setting is not None:
            members["key_from_DNS_on_demand"] = setting.number == _DNS
            if setting.number == _OTHER:
                members["pubkey"] = setting.text
                members["pubkey_alg"] = algorithm
            break
    for slot, path in _END_TEXTS.items():
        setting = get(side + slot)
        if setting is not None and slot not in facts.blocks:
            members[path] = setting.text
    if members.get("updown") == "":
        members["updown"] = facts.no_updown
    for slot, (path, default) in _END_NUMBERS.items():
        setting = get(side + slot)
        number = default if setting is None else setting.number
        if number:
            members[facts.renamed.get(path, path)] = number
    return members


def _key(name: str, end_members: dict[str, object], facts: _Facts) -> Iterator[Message]:
    """The message that carries the raw key of an end, if it has one and an id. Raises Malformed."""
    key, identity, algorithm = end_members.get("pubkey"), end_members.get("id"), end_members.get("pubkey_alg")
    if not isinstance(key, str) or not isinstance(identity, str):
        return
    members: dict[str, object] = {
        **facts.says,
        "whack_key": 1,
        "pubkey_alg": algorithm,
        "keyid": identity,
        "keyval": data(key, 64 if algorithm == 4 else 0),
    }
    yield Message("key", name, members)
