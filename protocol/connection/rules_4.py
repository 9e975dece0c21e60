"""The rules of 3.27 to 4.15: addconn itself works out policy bits, addresses and subnets.

Owns: from a connection that is worked out (draft_4) to messages. The members are those of 4.10; facts_4 has the
differences of the other releases. Must not know: files and lines, duplicates and also= (autod.config), sockets.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, Literal

from autod.protocol.connection.addresses import IPV4, Block, subnet, unspecified
from autod.protocol.connection.authby import NONE
from autod.protocol.connection.draft_4 import IKEV1, KEYS, Draft, End, Known
from autod.protocol.connection.ends import ANY, HOSTNAME, IFACE, IPADDR, SENDABLE, find_routes
from autod.protocol.connection.facts_4 import FACTS, Facts
from autod.protocol.connection.message import Message, Plan, Remark
from autod.protocol.connection.numbers import Malformed, data
from autod.protocol.connection.pairs import MAX_PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup

__all__ = ["making"]

_RESTART, _HOLD = 3, 2
_NICKNAME, _CKAID = 1, 2
"""enum whack_pubkey_type of 3.27 to 3.32."""
_IKE_PORT: Final = 500
_X_PUBKEY: Final = 4
_REQID_MAX: Final = 16383
_MAX_OPERATIONS: Final = 1 << 63
_OTHER: Final = 255
_SIDES: Final = ("left", "right")

_NUMBERS: Final = {
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
"""Numbers that go into one member: its path, and its value if the keyword is not set."""

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
"""Durations in milliseconds: the path, and the value if the keyword is not set."""

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


def _split(milliseconds: int, *, floors: bool = False) -> tuple[int, int]:
    """Seconds and microseconds, as C divides: towards zero, if not `floors`."""
    if floors:
        seconds, rest = divmod(milliseconds, 1000)
        return seconds, rest * 1000
    sign = -1 if milliseconds < 0 else 1
    seconds, rest = divmod(abs(milliseconds), 1000)
    return sign * seconds, sign * rest * 1000


def _put_time(members: dict[str, object], path: str, milliseconds: int, facts: Facts) -> None:
    if facts.milliseconds:
        members[f"{path}.ms"] = milliseconds
        return
    seconds, rest = _split(milliseconds, floors=facts.floors)
    members[f"{path}.dt.tv_sec"], members[f"{path}.dt.tv_usec"] = seconds, rest


@functools.cache
def making(name: str) -> _Making:
    """The maker of messages by the rules of that name."""
    return _Making(FACTS[name])


class _Making:
    """See autod.protocol.connection. `places`: the member for the value of each slot, and its kind. `base`: the members
    of every add message, unless a keyword changes them, without those that are zero. `no_client`: the members that undo
    the mark of an end without a client."""

    works_out = True

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.known = Known(facts)
        self.no_client: dict[str, object] = {}
        self.places: dict[str, tuple[Literal["number", "bool", "text", "time"], str]] = {}
        self.base: dict[str, object] = {"whack_connection": 1, "whack_delete": 1}
        for slot, (path, default) in (_NUMBERS | dict(facts.numbers)).items():
            if path:
                self.places[slot] = ("bool" if path in _BOOLS else "number", path)
                self.base |= {path: default} if default else {}
        for slot, (path, default) in (_TIMES | dict(facts.times)).items():
            self.places[slot] = ("time", path)
            _put_time(self.base, path, default, facts)
        for slot, path in (_TEXTS | dict(facts.texts)).items():
            self.places[slot] = ("text", path)
        if facts.label_of_ends:
            del self.places["policy-label"]
        for side in _SIDES:
            for slot, (path, default) in _END_NUMBERS.items():
                kind: Literal["number", "bool"] = "bool" if path in _END_BOOLS else "number"
                path = f"{side}.{facts.renamed.get(path, path)}"
                self.places[side + slot] = (kind, path)
                self.base |= {path: default} if default else {}
            self.places[f"{side}username"] = ("text", f"{side}.xauth_username")
            if facts.says_client:
                self.no_client[f"{side}.has_client"] = 1
                no_client = facts.shape.everything(f"{side}.client", IPV4)
                self.no_client |= dict.fromkeys((path for path, value in no_client.items() if value), 0)
            if facts.ports:
                self.base[f"{side}.host_port"] = _IKE_PORT
            if facts.says_leftright:
                self.base[f"{side}.leftright"] = side

    def draft(self) -> Draft:
        return Draft(self.known)

    def plan(self, name: str, draft: Draft, lookup: Lookup, *, autoall: bool) -> Plan:
        return _plan(name, draft, lookup, self)


def _plan(name: str, draft: Draft, lookup: Lookup, making: _Making) -> Plan:
    """The messages that load the connection, in groups: one, or one for each pair of subnets=.

    `draft` must not be used again: the addresses of %defaultroute are put into it.
    """
    remarks = draft.remarks
    find_routes(draft.left.host, draft.right.host, lookup, making.facts.routes_by)
    # %auto gets a name from a counter that nobody counts up.
    name_sent = "conn_0" if name == "%auto" else name
    pairs: list[tuple[str, Block | None, Block | None]] = []
    expand = not {"leftsubnets", "rightsubnets"}.isdisjoint(draft.settings)
    if expand:
        pairs = list(_pairs(name, draft, remarks))
    names = tuple(pair for pair, _, _ in pairs) if expand else (name_sent,)
    groups = tuple(_groups(name_sent, pairs if expand else None, draft, making, remarks))
    return Plan(name_sent, groups, tuple(remarks), draft.auto, draft.refused, names)


def _groups(
    name: str,
    pairs: Sequence[tuple[str, Block | None, Block | None]] | None,
    draft: Draft,
    making: _Making,
    remarks: list[Remark],
) -> Iterator[tuple[Message, ...]]:
    if making.facts.aborts_over_interfaces:
        for end in (draft.left, draft.right):
            if end.host.kind == IFACE and end.host.address is not None:
                remarks.append(
                    Remark("addconn of this release aborts over an interface", end.side, fatal=True)
                )
                return
    half = False
    for end in (draft.left, draft.right):
        if end.host.kind not in SENDABLE:
            half = True
            if draft.worked:
                remarks.append(Remark(f"{end.side}= is not set", end.side, fatal=True))
    if half and not making.facts.sends_half:
        return
    members = _members(draft, making, remarks)
    for end in (draft.left, draft.right):
        members.update(_end_members(end, making.facts))
    before = len(remarks)
    keys = tuple(_keys(name, draft, remarks))
    if pairs is None:
        yield (_add(name, members), *keys)
        return
    put_subnet, marking = making.facts.shape.given, making.facts.given_subnet
    for pair, left, right in pairs:
        mine = (
            members
            | making.no_client
            | put_subnet("left.client", left, marking)
            | put_subnet("right.client", right, marking)
        )
        mine["connalias"] = name
        yield (_add(pair, mine), *keys)
        if len(remarks) > before:
            # addconn stops at a key that it cannot read.
            return


def _add(name: str, members: dict[str, object]) -> Message:
    # A zero or empty member can be left out: every member that is not named is zero.
    nonzero = {path: value for path, value in members.items() if value}
    nonzero["name"] = name
    return Message("add", name, nonzero)


_WAYS: Final = tuple(f"authby.{method}" for method in NONE._fields)


def _members(draft: Draft, making: _Making, remarks: list[Remark]) -> dict[str, object]:
    settings = draft.settings
    facts, places = making.facts, making.places
    members = dict(making.base)
    members["tunnel_addr_family"] = 2 if draft.left.host.version == IPV4 else 10
    if facts.addr_family:
        members["addr_family"] = members["tunnel_addr_family"]
    if not facts.version_in_policy:
        members["ike_version"] = draft.ike_version
    members["policy"] = draft.policy
    members["sighash_policy"] = draft.sighash
    if not facts.shunts_in_policy:
        members["prospective_shunt"] = draft.prospective_shunt
        members["negotiation_shunt"] = draft.negotiation_shunt
        members["failure_shunt"] = draft.failure_shunt
    for method, on in zip(_WAYS, draft.authby, strict=True):
        if on:
            members[method] = 1
    if draft.right.host.kind == HOSTNAME:
        members["dnshostname"] = draft.right.host.text
    for slot, setting in settings.items():
        place = places.get(slot)
        if place is None:
            continue
        kind, path = place
        number = setting.number or 0
        if kind == "number":
            members[path] = number
        elif kind == "text":
            members[path] = setting.text
        elif kind == "bool":
            members[path] = 1 if number else 0
        else:
            _put_time(members, path, number, facts)
    label = settings.get("policy-label")
    if facts.label_of_ends and label is not None:
        members["left.sec_label"] = members["right.sec_label"] = label.text
    if facts.key_is_xauth:
        for side in _SIDES:
            second = settings.get(f"{side}rsasigkey2")
            if second is not None:
                members[f"{side}.xauth_server"] = 1 if second.number else 0
    reqid = settings.get("reqid")
    if reqid is not None:
        if 0 < (reqid.number or 0) <= _REQID_MAX:
            members["sa_reqid"] = reqid.number
        else:
            remarks.append(Remark(f"reqid= is ignored: it goes from 1 to {_REQID_MAX}", "reqid"))
    _put_dpd(members, draft, facts, remarks)
    return members


def _put_dpd(members: dict[str, object], draft: Draft, facts: Facts, remarks: list[Remark]) -> None:
    get = draft.settings.get
    delay, timeout, action = get("dpddelay"), get("dpdtimeout"), get("dpdaction")
    members["dpd_action"] = _HOLD
    if facts.old_dpd or draft.ike_version == IKEV1:
        if delay is not None and timeout is not None:
            _put_time(members, "dpd_delay", delay.number or 0, facts)
            _put_time(members, "dpd_timeout", timeout.number or 0, facts)
            if action is not None:
                members["dpd_action"] = action.number
        elif delay or timeout or action:
            slot = "dpddelay" if delay else "dpdtimeout" if timeout else "dpdaction"
            remarks.append(Remark("dpd needs both dpddelay= and dpdtimeout=: it is ignored", slot))
    else:
        if delay is not None:
            _put_time(members, "dpd_delay", delay.number or 0, facts)
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


def _end_members(end: End, facts: Facts) -> Iterator[tuple[str, object]]:
    side, host, shape = end.side, end.host, facts.shape
    members: dict[str, object] = {
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
        members |= shape.address("host_addr", host.address)
    elif facts.version_of_zero and host.kind in SENDABLE:
        # The address of a missing interface stays as it was at the start.
        members |= shape.address("host_addr", unspecified(IPV4 if host.kind == IFACE else host.version))
    version = host.version
    if facts.hop_of_address and host.kind != ANY:
        version = IPV4 if host.address is None else host.address.version
    hop = host.hop if host.hop_kind == IPADDR else unspecified(version)
    if hop is not None:
        members |= shape.address("host_nexthop", hop)
    if end.source is not None and end.source.specified:
        members |= shape.address("host_srcip", end.source)
    if end.vti is not None and end.vti.address.specified:
        members |= shape.with_prefix("host_vtiip", end.vti)
    if end.interface is not None and end.interface.address.specified:
        members |= shape.with_prefix("ifaceip", end.interface)
    if end.has_client and end.client is not None:
        marking = facts.given_subnet if end.given_client else "marked"
        members |= shape.given("client", end.client, marking)
    elif facts.says_client and not end.has_client:
        members |= shape.everything("client", host.version)
    if facts.says_client:
        members["has_client"] = end.has_client
    if facts.ports and end.protoport is not None and end.protoport.port:
        # update_ports(): in the byte order of the network, like the ports of a socket.
        members |= shape.ported("client.addr", end.protoport.port)
        if host.kind in SENDABLE:
            # An address of no family takes no port.
            members |= shape.ported("host_addr", end.protoport.port)
    if end.protoport is not None:
        members |= shape.ports(end.protoport)
    if facts.cert_key:
        del members["cert"], members["ckaid"]
        if end.ckaid is not None:
            members["pubkey"], members["pubkey_type"] = end.ckaid, _CKAID
        elif end.cert is not None:
            members["pubkey"], members["pubkey_type"] = end.cert, _NICKNAME
    elif end.key_kind == _OTHER and end.key is not None:
        if facts.one_key:
            members[facts.one_key] = end.key
        else:
            members["pubkey_alg"] = end.key_alg
            members["pubkey"] = end.key
    if end.pool is not None:
        members |= shape.range("pool_range", end.pool)
    return ((f"{side}.{path}", value) for path, value in members.items() if value)


def _keys(name: str, draft: Draft, remarks: list[Remark]) -> Iterator[Message]:
    """The messages that carry raw keys. They end at a key that cannot be read, and pluto does not learn of it."""
    for end in (draft.left, draft.right):
        for key, kind, slot in (
            (end.key, end.key_kind, next((word for word, number in KEYS if number == end.key_alg), "")),
            (end.second, end.second_kind, "rsasigkey2"),
        ):
            if key is None or not end.id or kind != _OTHER:
                continue
            try:
                value = data(key, 64 if end.key_alg == _X_PUBKEY else 0)
            except Malformed as reason:
                slot = end.side + slot
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
    """The pairs of subnets=, each with its name in pluto; the right number changes fastest."""
    facts = draft.known.facts
    left, left_error = _subnets(draft.left, draft.settings, facts)
    right, right_error = _subnets(draft.right, draft.settings, facts)
    if not left or not right:
        missing = "left" if not left else "right"
        remarks.append(
            Remark(
                f"nothing is sent: subnets= needs {missing}subnet= or {missing}subnets= as well"
                + (", and addconn of this release sends one by chance" if facts.old_pairs else ""),
                "rightsubnets" if missing == "left" else "leftsubnets",
                fatal=True,
            )
        )
        return
    if len(left) * len(right) > MAX_PAIRS:
        sentence = f"nothing is sent: {len(left)} by {len(right)} subnets are more than {MAX_PAIRS} pairs"
        remarks.append(Remark(sentence, "leftsubnets", fatal=True))
        return
    for x, left_net in left:
        for y, right_net in right:
            # The buffer for the name has 256 bytes.
            full = f"{name}/{x}x{y}".encode("utf-8", "surrogateescape")[:255]
            yield full.decode("utf-8", "surrogateescape"), left_net, right_net
        if right_error:
            break
    for side, error in (("left", left_error), ("right", right_error)):
        if error:
            remarks.append(Remark(error, f"{side}subnets", fatal=True))
            if side == "right":
                break


_ITEMS: Final = re.compile(r"[^ \t\n\v\f\r,]+")


def _subnets(
    end: End, settings: Mapping[str, Given], facts: Facts
) -> tuple[Sequence[tuple[int, Block | None]], str | None]:
    """subnet= as number 0, then the items of subnets= from 1 on, up to the first that cannot be read."""
    nets: list[tuple[int, Block | None]] = []
    if f"{end.side}subnet" in settings:
        nets.append((0, end.client))
    setting = settings.get(f"{end.side}subnets")
    for number, word in enumerate(_ITEMS.findall(setting.text or "") if setting else (), 1):
        try:
            nets.append((number, subnet(word, end.host.version, strict_ipv6=True, old=end.host.old)))
        except Malformed as reason:
            if facts.old_pairs and nets:
                # It goes on with the one before.
                nets.append((number, nets[-1][1]))
                continue
            return (
                nets if not facts.old_pairs else [],
                f"{word!r} is not a subnet declaration ({end.side}subnets): {reason}",
            )
    return nets, None
