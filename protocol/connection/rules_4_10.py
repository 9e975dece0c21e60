"""The rules of 4.8 to 4.15: addconn works out policy bits, addresses and subnets itself.

Owns: from a connection that is worked out (draft_4_10) to messages, for these releases, which share keywords and
rules to the letter. Must not know: files and lines, duplicates and also= (autod.config), sockets.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, Literal

from autod.protocol.connection.addresses import IPV4, Address, Block, subnet, unspecified
from autod.protocol.connection.authby import NONE
from autod.protocol.connection.draft_4_10 import IKEV1, KEYS, Draft, End
from autod.protocol.connection.ends import HOSTNAME, IFACE, IPADDR, SENDABLE, find_routes
from autod.protocol.connection.message import Message, Plan, Remark
from autod.protocol.connection.numbers import Malformed, data
from autod.protocol.connection.pairs import MAX_PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup

__all__ = ["making"]

_RESTART, _HOLD = 3, 2
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


def _split(milliseconds: int) -> tuple[int, int]:
    """Seconds and microseconds, as C divides: towards zero."""
    sign = -1 if milliseconds < 0 else 1
    seconds, rest = divmod(abs(milliseconds), 1000)
    return sign * seconds, sign * rest * 1000


def _put_time(members: dict[str, object], path: str, milliseconds: int) -> None:
    members[f"{path}.dt.tv_sec"], members[f"{path}.dt.tv_usec"] = _split(milliseconds)


def _places() -> dict[str, tuple[Literal["number", "bool", "text", "time"], str]]:
    """Where the value of each slot goes, and how."""
    places: dict[str, tuple[Literal["number", "bool", "text", "time"], str]] = {}
    for slot, (path, _) in _NUMBERS.items():
        places[slot] = ("bool" if path in _BOOLS else "number", path)
    for slot, (path, _) in _TIMES.items():
        places[slot] = ("time", path)
    for slot, path in _TEXTS.items():
        places[slot] = ("text", path)
    for side in _SIDES:
        for slot, (path, _) in _END_NUMBERS.items():
            places[side + slot] = ("bool" if path in _END_BOOLS else "number", f"{side}.{path}")
        places[f"{side}username"] = ("text", f"{side}.xauth_username")
    return places


def _base() -> dict[str, object]:
    """What every add message has, as long as no keyword says otherwise; what is zero is left out."""
    members: dict[str, object] = {"whack_connection": 1, "whack_delete": 1}
    members |= {path: default for path, default in _NUMBERS.values() if default}
    for path, default in _TIMES.values():
        _put_time(members, path, default)
    for side in _SIDES:
        members |= {f"{side}.{path}": default for path, default in _END_NUMBERS.values() if default}
    return members


_PLACES: Final = _places()
_BASE: Final = _base()


def making(name: str) -> _Making:
    """What the rules of that name make of connections."""
    return _Making()


class _Making:
    """See autod.protocol.connection."""

    def draft(self) -> Draft:
        return Draft()

    def plan(self, name: str, draft: Draft, lookup: Lookup, *, autoall: bool) -> Plan:
        return _plan(name, draft, lookup)


def _plan(name: str, draft: Draft, lookup: Lookup) -> Plan:
    """The messages that load the connection, in groups: one, or one for each pair of subnets=.

    `draft` must not be used again: the addresses of %defaultroute are put into it.
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
            if draft.worked:
                remarks.append(Remark(f"{end.side}= is not set", end.side, fatal=True))
            return
    members = _members(draft, remarks)
    for end in (draft.left, draft.right):
        members.update(_end_members(end))
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
    # What is zero or empty needs no place: so is everything that is not named.
    sent = {path: value for path, value in members.items() if value}
    sent["name"] = name
    return Message("add", name, sent)


_WAYS: Final = tuple(f"authby.{way}" for way in NONE._fields)


def _members(draft: Draft, remarks: list[Remark]) -> dict[str, object]:
    settings = draft.settings
    members = dict(_BASE)
    members["tunnel_addr_family"] = 2 if draft.left.host.version == IPV4 else 10
    members["ike_version"] = draft.ike_version
    members["policy"] = draft.policy
    members["sighash_policy"] = draft.sighash
    members["prospective_shunt"] = draft.prospective_shunt
    members["negotiation_shunt"] = draft.negotiation_shunt
    members["failure_shunt"] = draft.failure_shunt
    for way, on in zip(_WAYS, draft.authby, strict=True):
        if on:
            members[way] = 1
    if draft.right.host.kind == HOSTNAME:
        members["dnshostname"] = draft.right.host.text
    for slot, given in settings.items():
        place = _PLACES.get(slot)
        if place is None:
            continue
        kind, path = place
        number = given.number or 0
        if kind == "number":
            members[path] = number
        elif kind == "text":
            members[path] = given.text
        elif kind == "bool":
            members[path] = 1 if number else 0
        else:
            _put_time(members, path, number)
    reqid = settings.get("reqid")
    if reqid is not None:
        if 0 < (reqid.number or 0) <= _REQID_MAX:
            members["sa_reqid"] = reqid.number
        else:
            remarks.append(Remark(f"reqid= is ignored: it goes from 1 to {_REQID_MAX}", "reqid"))
    _put_dpd(members, draft, remarks)
    return members


def _put_dpd(members: dict[str, object], draft: Draft, remarks: list[Remark]) -> None:
    get = draft.settings.get
    delay, timeout, action = get("dpddelay"), get("dpdtimeout"), get("dpdaction")
    members["dpd_action"] = _HOLD
    if draft.ike_version == IKEV1:
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
    is_set, version, packed = _address_paths(path)
    return {is_set: 1, version: value.version, packed: value.packed.ljust(16, b"\0")}


@functools.cache
def _address_paths(path: str) -> tuple[str, str, str]:
    return f"{path}.is_set", f"{path}.version", f"{path}.bytes.byte"


def _block(path: str, value: Block | None, bits: str = "maskbits") -> dict[str, object]:
    if value is None:
        return {
            f"{path}.is_set": 0,
            f"{path}.version": 0,
            f"{path}.bytes.byte": bytes(16),
            f"{path}.{bits}": 0,
        }
    return {**_address(path, value.address), f"{path}.{bits}": value.bits}


def _end_members(end: End) -> Iterator[tuple[str, object]]:
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
    if end.pool is not None:
        found["pool_range.is_set"] = 1
        found["pool_range.is_subnet"] = end.pool.is_subnet
        found["pool_range.version"] = end.pool.first.version
        found["pool_range.start.byte"] = end.pool.first.packed.ljust(16, b"\0")
        found["pool_range.end.byte"] = end.pool.last.packed.ljust(16, b"\0")
    return ((f"{side}.{path}", value) for path, value in found.items() if value)


def _keys(name: str, draft: Draft, remarks: list[Remark]) -> Iterator[Message]:
    """The messages that carry raw keys. A key that cannot be read stops them, in silence as far as pluto goes."""
    for end in (draft.left, draft.right):
        if end.key is None or not end.id or end.key_kind != _OTHER:
            continue
        try:
            value = data(end.key, 64 if end.key_alg == 4 else 0)
        except Malformed as reason:
            slot = end.side + next(word for word, number in KEYS if number == end.key_alg)
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
    if len(left) * len(right) > MAX_PAIRS:
        sentence = f"nothing is sent: {len(left)} by {len(right)} subnets are more than {MAX_PAIRS} pairs"
        remarks.append(Remark(sentence, "leftsubnets", fatal=True))
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
    end: End, settings: Mapping[str, Given]
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
