"""A connection of 3.27 to 4.15 while its settings are worked out: policy bits, authentication, hosts, subnets, keys.

Owns: the effect of the settings, one layer after the other. Must not know: messages and their members (rules_4), the
differences between releases (facts_4).

addconn works out `conn %default` like a connection, and every connection starts from the result. So the effect of a
keyword in %default stays even if a connection replaces the keyword (type=passthrough in %default takes encryption
away for good). For this reason `Draft` takes the settings layer by layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.addresses import (
    IPV4,
    IPV6,
    Address,
    Block,
    Names,
    ProtoPort,
    Range,
    address,
    cidr,
    protoport,
    protoport_3,
    range_,
    subnet,
    subnet_of,
)
from autod.protocol.connection.authby import NONE, authby, authby_4_6
from autod.protocol.connection.ends import GROUP, HOSTNAME, IPADDR, NOTSET, OPPO, OPPOGROUP, Host, family
from autod.protocol.connection.identity import fix_id
from autod.protocol.connection.message import Remark
from autod.protocol.connection.names import names_of
from autod.protocol.connection.numbers import Malformed, data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.connection.facts_4 import Facts
    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Auto

__all__ = ["IKEV1", "KEYS", "Draft", "End", "Known"]

_FLAGS: Final = {
    "compress": ("compress", False),
    "pfs": ("pfs", False),
    "ikepad": ("no_ikepad", True),
    "rekey": ("dont_rekey", True),
    "reauth": ("reauth", False),
    "aggressive": ("aggressive", False),
    "modecfgpull": ("modecfg_pull", False),
    "overlapip": ("overlapip", False),
    "narrowing": ("narrowing", False),
    "mobike": ("mobike", False),
    "pam-authorize": ("pam_authorize", False),
    "decap-dscp": ("decap_dscp", False),
    "nopmtudisc": ("nopmtudisc", False),
    "ms-dh-downgrade": ("msdh_downgrade", False),
    "dns-match-id,": ("dns_match_id", False),
    "sha2-truncbug": ("sha2_truncbug", False),
    "intermediate": ("intermediate", False),
    "ignore-peer-dns": ("ignore_peer_dns", False),
}
"""Booleans that are a bit of the policy. True if the bit means the contrary of the keyword."""

_WAYS: Final = {
    "psk": "psk",
    "rsasig": "rsasig",
    "ecdsa": "ecdsa",
    "never": "auth_never",
    "null": "auth_null",
    "rsasig_v1_5": "rsasig_v1_5",
}
"""Methods of authentication, and their bits in the policy, on the releases that have such bits."""

_OF_NEVER: Final = (
    *("pfs", "compress", "esn_no", "esn_yes", "decap_dscp", "nopmtudisc", "frag_allow", "frag_force"),
    *("ikev1", "ikev2", "ikev2_propose", "saref_track", "saref_conntrack"),
)
"""The bits that do not make sense for a connection that never negotiates."""

_NAMES: Final = (
    *(name for name, _ in _FLAGS.values()),
    *_WAYS.values(),
    *_OF_NEVER,
    *("encrypt", "authenticate", "tunnel", "allow_no_san", "opportunistic", "group", "up", "xauth"),
    *("send_redirect_always", "send_redirect_never", "accept_redirect", "ppk_allow", "ppk_insist"),
    *("shunt0", "shunt1", "fail0", "fail1", "nego_pass", "ikev1", "ikev2", "ikev2_propose"),
    *("saref_track", "saref_conntrack"),
)
"""Every bit that this module uses."""

_TUNNEL_TYPE, _TRANSPORT, _PASS, _DROP, _REJECT = range(5)
_TRAP: Final = 3
_SHUNT_OF_TYPE: Final = {_PASS: 4, _DROP: 5, _REJECT: 6}
_NEGOTIATION_SHUNT: Final = {0: 4, 1: 2}
_FAILURE_SHUNT: Final = {0: 1, 1: 4, 2: 5, 3: 6}

_AUTO: Final[dict[int, Auto]] = {2: "add", 3: "ondemand", 4: "start", 5: "keep"}
IKEV1, IKEV2 = 1, 2
_YNA_NO, _YNA_YES = 2, 3
_NEVER, _PERMIT, _PROPOSE, _INSIST = range(4)
_FORCE: Final = 2
_SAREF_YES, _SAREF_CONNTRACK = 0, 2
_DNS: Final = 1
KEYS: Final = (("rsasigkey", 2), ("ecdsakey", 3), ("pubkey", 4))


class Known:
    """Values that follow from the facts of a release, such as the bits of its policy (0 for a bit that it lacks)."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.bits = dict.fromkeys(_NAMES, 0) | {name: 1 << at for at, name in enumerate(facts.policy)}
        bits = self.bits
        self.defaults = sum(bits[name] for name in facts.defaults)
        self.flags = {slot: (bits[name], invert) for slot, (name, invert) in _FLAGS.items() if bits[name]}
        self.ways = {name: bits[bit] for name, bit in _WAYS.items()}
        self.all_ways = bits["rsasig_v1_5"] | sum(bits[name] for name in _WAYS.values())
        self.shunts = bits["shunt0"] | bits["shunt1"]
        self.failures = bits["fail0"] | bits["fail1"]
        self.redirects = bits["send_redirect_always"] | bits["send_redirect_never"]
        self.protection = bits["encrypt"] | bits["authenticate"]
        self.of_never = sum(bits[name] for name in _OF_NEVER)


class End:
    """One end, as far as it is worked out. A value that a layer does not touch stays from the layer before."""

    def __init__(self, side: str, *, old: bool, blind: bool) -> None:
        self.side = side
        self.host = Host(old=old, blind=blind)
        self.id: str | None = None
        self.client: Block | None = None
        self.has_client = False
        self.given_client = False
        self.source: Address | None = None
        self.vti: Block | None = None
        self.interface: Block | None = None
        self.virt: str | None = None
        self.pool: Range | None = None
        self.protoport: ProtoPort | None = None
        self.key: str | None = None
        self.key_kind = 0
        self.key_alg = 0
        self.second: str | None = None
        self.second_kind = 0
        self.key_from_dns = False
        self.cert: str | None = None
        self.ckaid: str | None = None
        self.ca: str | None = None
        self.username: str | None = None
        self.updown: str | None = "ipsec _updown"

    def copy(self) -> End:
        duplicate = End.__new__(End)
        duplicate.__dict__.update(self.__dict__)
        duplicate.host = self.host.copy()
        return duplicate


class Draft:
    """A connection while it is worked out. `remarks` are the complaints about the last layer."""

    __slots__ = (
        "authby",
        "auto",
        "failed",
        "failure_shunt",
        "ike_version",
        "known",
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

    def __init__(self, known: Known) -> None:
        self.known = known
        self.worked = False
        self.policy = known.defaults
        self.authby = NONE
        self.sighash = sum(known.facts.hashes) if known.facts.default_hashes else 0
        self.ike_version = IKEV2
        self.prospective_shunt = self.negotiation_shunt = self.failure_shunt = 0
        old, blind = known.facts.old_addresses, not known.facts.finds_interfaces
        self.left = End("left", old=old, blind=blind)
        self.right = End("right", old=old, blind=blind)
        self.settings: Mapping[str, Given] = {}
        self.remarks: list[Remark] = []
        self.failed = False
        self.auto: Auto = "ignore"

    def copy(self) -> Draft:
        """A copy to start the next layer from, without the effect of auto=."""
        duplicate = Draft.__new__(Draft)
        duplicate.known = self.known
        duplicate.auto, duplicate.worked = "ignore", False
        duplicate.policy, duplicate.authby, duplicate.sighash = self.policy, self.authby, self.sighash
        duplicate.ike_version = self.ike_version
        duplicate.prospective_shunt, duplicate.negotiation_shunt = (
            self.prospective_shunt,
            self.negotiation_shunt,
        )
        duplicate.failure_shunt = self.failure_shunt
        duplicate.left, duplicate.right = self.left.copy(), self.right.copy()
        duplicate.settings = self.settings
        duplicate.remarks, duplicate.failed = [], False
        return duplicate

    @property
    def refused(self) -> bool:
        """Whether addconn reports that the connection did not load. It forgets to report it if an interface is missing,
        and up to 4.4 if an end is missing."""
        if not self.failed or not self.worked:
            return self.failed
        hosts = (self.left.host, self.right.host)
        half = self.known.facts.sends_half and any(host.kind == NOTSET for host in hosts)
        return not half and not any(host.missing for host in hosts)

    def fail(self, sentence: str, slot: str | None = None) -> None:
        self.failed = True
        self.remarks.append(Remark(sentence, slot, fatal=True))

    def work(self, settings: Mapping[str, Given], lookup: Lookup) -> None:
        """Apply the settings of one layer."""
        known, facts, bits = self.known, self.known.facts, self.known.bits
        before, self.settings = self.settings, settings
        self._type()
        self._shunts()
        for slot, setting in settings.items():
            flag = known.flags.get(slot)
            if flag is not None:
                self._set(flag[0], on=bool(setting.number) != flag[1])
        san = settings.get("require-id-on-certificate")
        if san is not None and not san.number:
            self.policy |= bits["allow_no_san"]
        phase2 = settings.get("phase2")
        if phase2 is not None:
            self.policy = self.policy & ~known.protection | (phase2.number or 0) % 2**64
        ikev2 = settings.get("ikev2")
        if ikev2 is not None and ikev2.number in (_PERMIT, _PROPOSE) and not facts.either_version:
            self.fail("ikev2= takes insist, no or never, as RHEL 8 has it", "ikev2")
            return
        if ikev2 is not None and ikev2.number in (0, 1, 2, 3):
            self.ike_version = IKEV1 if ikev2.number < 2 else IKEV2
            if facts.four_versions:
                self._set(bits["ikev1"], on=ikev2.number < _INSIST)
                self._set(bits["ikev2"], on=ikev2.number > _NEVER)
                self._set(bits["ikev2_propose"], on=ikev2.number > _PERMIT)
            elif facts.version_in_policy:
                self._set(bits["ikev1"], on=self.ike_version == IKEV1)
                self._set(bits["ikev2"], on=self.ike_version == IKEV2)
        if facts.four_versions:
            self.ike_version = IKEV1 if self.policy & bits["ikev1"] else IKEV2
        if self.ike_version >= IKEV2:
            self._redirects_and_ppk()
        self._esn_and_fragmentation()
        by = settings.get("authby")
        if by is not None:
            try:
                self._authby(by.text or "", again=before.get("authby") is by)
            except Malformed as reason:
                self.fail(str(reason), "authby")
                return
        if not self.policy & known.protection:
            self.policy &= ~known.of_never
            if facts.version_of_never is not None:
                self.ike_version = facts.version_of_never
        self.worked = True
        version = family(settings)
        for end in (self.left, self.right):
            if facts.family_of_end:
                version = family(settings, (end.side,))
            self._end(end, version, lookup)
        auto = settings.get("auto")
        if auto is not None:
            self.auto = _AUTO.get(auto.number or 0, "ignore")
            if self.auto == "keep":
                self.policy |= bits["up"]

    def _set(self, bit: int, *, on: bool) -> None:
        self.policy = self.policy | bit if on else self.policy & ~bit

    def _type(self) -> None:
        known, bits = self.known, self.known.bits
        setting = self.settings.get("type")
        if setting is None or setting.number is None:
            return
        if setting.number in (_TUNNEL_TYPE, _TRANSPORT):
            self._set(bits["tunnel"], on=setting.number == _TUNNEL_TYPE)
            self._prospect(_TRAP)
        elif setting.number in _SHUNT_OF_TYPE:
            self.policy &= ~(known.protection | bits["tunnel"] | bits["rsasig"])
            self.authby = NONE
            self._prospect(_SHUNT_OF_TYPE[setting.number])

    def _prospect(self, shunt: int) -> None:
        if self.known.facts.shunts_in_policy:
            self.policy &= ~self.known.shunts
            self.policy |= (shunt - _TRAP) * self.known.bits["shunt0"]
        else:
            self.prospective_shunt = shunt

    def _shunts(self) -> None:
        setting = self.settings.get("negotiationshunt")
        if setting is not None:
            if self.known.facts.shunts_in_policy:
                self._set(self.known.bits["nego_pass"], on=not setting.number)
            self.negotiation_shunt = _NEGOTIATION_SHUNT.get(setting.number or 0, self.negotiation_shunt)
        setting = self.settings.get("failureshunt")
        if setting is not None:
            if self.known.facts.shunts_in_policy:
                self.policy &= ~self.known.failures
                self.policy |= ((setting.number or 0) & 3) * self.known.bits["fail0"]
            self.failure_shunt = _FAILURE_SHUNT.get(setting.number or 0, self.failure_shunt)

    def _redirects_and_ppk(self) -> None:
        settings, bits = self.settings, self.known.bits
        setting = settings.get("send-redirect")
        if setting is not None:
            if setting.number == _YNA_YES:
                self.policy |= bits["send_redirect_always"]
                if "redirect-to" not in settings:
                    self.remarks.append(
                        Remark("send-redirect=yes does nothing without redirect-to=", "send-redirect")
                    )
            elif setting.number == _YNA_NO:
                self.policy |= bits["send_redirect_never"]
        setting = settings.get("accept-redirect")
        if setting is not None and setting.number == _YNA_YES:
            self.policy |= bits["accept_redirect"]
        setting = settings.get("ppk")
        if setting is not None:
            if setting.number in (1, 2, 3):
                self.policy |= bits["ppk_allow"]
            if setting.number == _INSIST:
                self.policy |= bits["ppk_insist"]

    def _esn_and_fragmentation(self) -> None:
        bits = self.known.bits
        setting = self.settings.get("esn")
        if setting is not None:
            number = setting.number or 0
            self._set(bits["esn_no"], on=number in (1, 3))
            self._set(bits["esn_yes"], on=number in (2, 3))
        setting = self.settings.get("sareftrack")
        if setting is not None and self.known.facts.saref:
            self._set(bits["saref_track"], on=setting.number in (_SAREF_YES, _SAREF_CONNTRACK))
            self._set(bits["saref_conntrack"], on=setting.number == _SAREF_CONNTRACK)
        setting = self.settings.get("fragmentation")
        if setting is not None:
            self._set(bits["frag_allow"], on=setting.number in (1, 2))
            self._set(bits["frag_force"], on=setting.number == _FORCE)

    def _authby(self, text: str, *, again: bool) -> None:
        """Apply authby=. `again`: it is that of %default, which was applied before. Raises Malformed."""
        facts = self.known.facts
        self.sighash, self.authby = 0, NONE
        ikev1 = self.ike_version == IKEV1
        if not facts.ways_in_policy:
            self.authby, self.sighash = authby(text, facts.hashes, ikev1=ikev1, rsa_hashes=facts.rsa_hashes)
            return
        self.policy &= ~self.known.all_ways
        methods = NONE
        try:
            # strtok(3) cuts the string at its first word, and the string stays cut.
            words = 1 if again else None
            methods, self.sighash = authby_4_6(
                text,
                facts.hashes,
                ikev1=ikev1,
                words=words,
                old=facts.old_words,
                rsa_hashes=facts.rsa_hashes,
            )
        finally:
            self.policy |= sum(bit for method, bit in self.known.ways.items() if getattr(methods, method))

    def _end(self, end: End, version: int, lookup: Lookup) -> None:
        settings, side, bits = self.settings, end.side, self.known.bits
        get = settings.get
        host = end.host
        host.place(get(side), version, lookup)
        if host.kind == OPPO:
            self.policy |= bits["opportunistic"]
        elif host.kind == OPPOGROUP:
            self.policy |= bits["opportunistic"] | bits["group"]
        elif host.kind == GROUP:
            self.policy |= bits["group"]
        if host.kind in (IPADDR, HOSTNAME) and end.id is None and host.text is not None:
            setting = get(side)
            if setting is not None and setting.number == IPADDR:
                end.id = self.known.facts.unknown if host.address is None else str(host.address)
        setting = get(f"{side}vti")
        if setting is not None:
            self._vti(end, setting)
        setting = get(f"{side}subnet")
        if setting is not None:
            self._subnet(end, setting)
        self._next_hop(end, version, lookup)
        setting = get(f"{side}id")
        if setting is not None and setting.text is not None:
            end.id = fix_id(setting.text) if self.known.facts.mends_ids else setting.text
        self._key(end)
        setting = get(f"{side}sourceip")
        if setting is not None:
            self._source(end, setting, lookup)
        self._certificate(end)
        setting = get(f"{side}updown")
        if setting is not None:
            end.updown = setting.text
        setting = get(f"{side}protoport")
        if setting is not None:
            end.protoport = None
            try:
                if self.known.facts.strtol_ports:
                    end.protoport = protoport_3(setting.text or "", Names(lookup.protocol, lookup.service))
                else:
                    end.protoport = protoport(
                        setting.text or "", names_of(lookup), any_is_zero=self.known.facts.any_protocol
                    )
            except Malformed as reason:
                self._bad(setting, reason)
        setting = get(f"{side}addresspool")
        if setting is not None:
            self._pool(end, setting)
        if self.known.facts.interface_ip:
            self._interface(end)
        if self.known.facts.key_is_xauth and f"{side}rsasigkey2" in settings:
            self.policy |= bits["xauth"]
        if f"{side}xauthserver" in settings or f"{side}xauthclient" in settings:
            self.policy |= self.known.bits["xauth"]

    def _bad(self, setting: Given, reason: Malformed) -> None:
        self.fail(f"bad {setting.key.spelled}={setting.text} [{reason}]", setting.key.slot)

    def _vti(self, end: End, setting: Given) -> None:
        end.vti = None
        try:
            end.vti = cidr(setting.text or "", old=end.host.old)
        except Malformed as reason:
            self._bad(setting, reason)
            return
        if self.known.facts.checks_blocks and not end.vti.address.specified:
            self._bad(setting, Malformed("unspecified address"))

    def _interface(self, end: End) -> None:
        setting = self.settings.get(f"{end.side}interface-ip")
        if setting is None:
            return
        end.interface = None
        try:
            end.interface = cidr(setting.text or "", old=end.host.old)
            if self.known.facts.checks_blocks and not end.interface.address.specified:
                raise Malformed("unspecified address")
        except Malformed as reason:
            self._bad(setting, reason)
        if f"{end.side}sourceip" in self.settings:
            self.fail(f"cannot specify both {setting.key.spelled}= and {end.side}sourceip=", setting.key.slot)

    def _subnet(self, end: End, setting: Given) -> None:
        text = setting.text or ""
        if f"{end.side}addresspool" in self.settings:
            self.fail(f"cannot specify both {end.side}subnet= and {end.side}addresspool=", setting.key.slot)
        if text.startswith(("vhost:", "vnet:")):
            if self.ike_version != IKEV1 and not end.host.old:
                self.fail(
                    "The vnet: and vhost: keywords are only valid for IKEv1 connections", setting.key.slot
                )
            end.virt = text
            return
        end.has_client = end.given_client = True
        try:
            end.client = subnet(text, None, old=end.host.old)
        except Malformed as reason:
            self._bad(setting, reason)

    def _next_hop(self, end: End, version: int, lookup: Lookup) -> None:
        setting = self.settings.get(f"{end.side}nexthop")
        name = end.host.place_hop(setting.text if setting is not None else None, version)
        if name is not None:
            end.host.hop = lookup.resolve(name, version)
            if end.host.hop is None and (name or end.host.old):
                # From 4.4 on an empty one is an address that is not there.
                self.fail(f"bad value for {end.side}nexthop={name}", f"{end.side}nexthop")

    def _key(self, end: End) -> None:
        facts = self.known.facts
        takes_one_key = bool(facts.one_key) or facts.cert_key
        for name, algorithm in KEYS:
            setting = self.settings.get(f"{end.side}{name}")
            if setting is None:
                continue
            if end.key is not None and not takes_one_key:
                self.fail(f"{end.side} has more than one public key", setting.key.slot)
            end.key_kind = setting.number or 0
            end.key_alg = algorithm
            end.key_from_dns = end.key_kind == _DNS
            if not end.key_from_dns and setting.text is not None:
                end.key = setting.text
            if facts.cert_key:
                self._second_key(end)

    def _second_key(self, end: End) -> None:
        """rsasigkey2= counts only beside rsasigkey=."""
        setting = self.settings.get(f"{end.side}rsasigkey2")
        end.second_kind = 0 if setting is None else setting.number or 0
        if setting is not None and not end.key_from_dns and setting.text is not None:
            end.second = setting.text

    def _source(self, end: End, setting: Given, lookup: Lookup) -> None:
        text = setting.text or ""
        try:
            end.source = address(text, None, old=end.host.old)
        except Malformed:
            # addconn discards the address that a resolver finds: it only matters that there is one.
            end.source = None
            if lookup.resolve(text, IPV4) is None and lookup.resolve(text, IPV6) is None:
                self.fail(f"bad value for {setting.key.spelled}={text}", setting.key.slot)
        if not end.has_client:
            end.has_client, end.given_client = True, False
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

    def _pool(self, end: End, setting: Given) -> None:
        if f"{end.side}subnet" in self.settings:
            self.fail(f"cannot specify both {end.side}subnet= and {end.side}addresspool=", setting.key.slot)
        end.pool = None
        try:
            if self.known.facts.pool_of_ipv4 and (
                "-" not in (setting.text or "") or ":" in (setting.text or "")
            ):
                raise Malformed("no two addresses of IPv4 with '-' between them")
            end.pool = range_(setting.text or "", old=end.host.old, strict=self.known.facts.strict_pool)
        except Malformed as reason:
            self._bad(setting, reason)
            return
        if end.pool.first.version == IPV6 and not end.pool.is_subnet:
            self._bad(setting, Malformed("not subnet"))
