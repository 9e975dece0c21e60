"""The differences between 3.27 to 4.15 in the way that addconn loads a connection, as data.

Owns: the bits of the policy, defaults, and the variants of each release. Must not know: how a connection is worked out
(draft_4), messages (rules_4).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from autod.protocol.connection.ends import By
from autod.protocol.connection.shapes_4 import (
    SHAPE_3_27,
    SHAPE_3_30,
    SHAPE_4_0,
    SHAPE_4_2,
    SHAPE_4_3,
    SHAPE_4_4,
    SHAPE_4_6,
    Shape,
)

__all__ = ["FACTS", "Facts"]

_POLICY_4_7: Final = (
    *("encrypt", "authenticate", "compress", "tunnel", "pfs", "decap_dscp", "nopmtudisc", "msdh_downgrade"),
    *("allow_no_san", "dns_match_id", "sha2_truncbug", "dont_rekey", "reauth", "opportunistic", "group"),
    *("grouted", "groupinstance", "up", "xauth", "modecfg_pull", "aggressive", "overlapip", "narrowing"),
    *("pam_authorize", "send_redirect_always", "send_redirect_never", "accept_redirect", "frag_allow"),
    *("frag_force", "no_ikepad", "mobike", "ppk_allow", "ppk_insist", "esn_no", "esn_yes", "intermediate"),
    "ignore_peer_dns",
)
"""enum sa_policy_bits of 4.7 to 4.15, in order."""

_WAYS: Final = ("psk", "rsasig", "ecdsa", "auth_never", "auth_null")


def _without(names: tuple[str, ...], *removed: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in removed)


def _before(names: tuple[str, ...], at: str, *more: str) -> tuple[str, ...]:
    where = names.index(at)
    return (*names[:where], *more, *names[where:])


_POLICY_4_6: Final = (*_WAYS, *_POLICY_4_7, "rsasig_v1_5")
_POLICY_4_3: Final = _before(_POLICY_4_6, "dont_rekey", "shunt0", "shunt1", "fail0", "fail1", "nego_pass")
_POLICY_4_2: Final = _before(_POLICY_4_3, "narrowing", "ikev1", "ikev2")
_POLICY_4_0: Final = _without(_POLICY_4_2, "ignore_peer_dns")
_POLICY_3_30: Final = _before(
    _before(_without(_POLICY_4_0, "intermediate"), "decap_dscp", "disable_arrival_check"),
    "frag_allow",
    "saref_track",
    "saref_conntrack",
)
_POLICY_3_28: Final = _without(_POLICY_3_30, "allow_no_san", "rsasig_v1_5")
_POLICY_3_27: Final = _before(
    _without(_POLICY_3_28, "send_redirect_always", "send_redirect_never", "accept_redirect"),
    "narrowing",
    "ikev2_propose",
)

_DEFAULTS_4_7: Final = frozenset({"tunnel", "encrypt", "pfs", "frag_allow", "esn_no", "esn_yes"})
_DEFAULTS_4_6: Final = _DEFAULTS_4_7 | {"ecdsa", "rsasig", "rsasig_v1_5"}
_DEFAULTS_4_5: Final = _DEFAULTS_4_6 - {"esn_yes"}


class Facts(msgspec.Struct, frozen=True):
    """The way in which one addconn of 3.27 to 4.15 works.

    `policy`: the names of the bits, lowest first. `defaults`: those that are set at the start. `hashes`: the bits of
    SHA2 with 256, 384 and 512 in sighash_policy.
    """

    policy: tuple[str, ...] = _POLICY_4_7
    defaults: frozenset[str] = _DEFAULTS_4_7
    hashes: tuple[int, int, int] = (4, 8, 16)

    ways_in_policy: bool = False
    """authby= is bits of the policy, and the rest of its string is lost with %default (up to 4.6)."""

    shunts_in_policy: bool = False
    """Shunts are bits of the policy (up to 4.5)."""

    version_in_policy: bool = False
    """The version of IKE is bits of the policy (up to 4.2)."""

    version_of_never: int | None = None
    """The version of IKE of a connection that never negotiates, None if it stays."""

    shape: Shape = SHAPE_4_6

    family_of_end: bool = False
    """Each end has its own family of addresses (up to 4.6)."""

    old_addresses: bool = False
    """Addresses are read as ttoaddr() did, next hops of either family; vhost: is for IKEv2 too (up to 4.3)."""

    label_of_ends: bool = False
    """policy-label= goes to both ends (up to 4.4)."""

    texts: dict[str, str] = {}
    """Slots of strings that go elsewhere."""

    old_pairs: bool = False
    """An item of subnets= that cannot be read stands for the one before it; the first item is then undefined (up to
    4.5)."""

    any_protocol: bool = True
    """%any is a protocol (4.6 on)."""

    interface_ip: bool = False
    """The release has interface-ip=."""

    one_key: str = ""
    """The member for rsasigkey=, on the releases where it is the only key (up to 4.7)."""

    floors: bool = False
    """Seconds of a negative duration are rounded down, and not towards zero (up to 4.7)."""

    addr_family: bool = False
    """The family of the left end is sent twice (up to 4.1)."""

    old_dpd: bool = False
    """Dead peers are detected only if both dpddelay= and dpdtimeout= are set, for both versions of IKE."""

    version_of_zero: bool = False
    """Addresses that are not known are zero of their family, and not unset (up to 4.6)."""

    says_leftright: bool = False
    """An end has a member that tells whether it is the left or the right one (up to 4.6)."""

    says_client: bool = False
    """An end has a member that tells whether it has a client; without a client it stands for all addresses of the
    family (up to 4.5)."""

    unknown: str = "<unset-address>"
    """The id of an end whose address is a name."""

    checks_blocks: bool = True
    """vti= and interface-ip= may not be zero (4.2 on)."""

    given_subnet: Literal["marked", "unmarked", "endpoint"] = "marked"
    """The flag of a subnet that is set: that it is present, none (4.0, 4.1), or that it is an endpoint (4.2)."""

    default_hashes: bool = True
    """All hashes are allowed if authby= is not set (3.30 on)."""

    old_words: bool = False
    """authby= has the words of 3.27 to 3.29."""

    milliseconds: bool = False
    """Durations are one number of milliseconds (up to 3.29)."""

    four_versions: bool = False
    """ikev2= has four meanings, and the default is permit (3.27)."""

    routes_by: By = "own"
    """Whose family a next hop depends on when %defaultroute is looked up (ends.find_routes)."""

    rsa_hashes: bool = True
    """authby=rsasig allows all hashes (not where RHEL 8 took RSA-PSS out of it)."""

    either_version: bool = True
    """ikev2=permit, =propose and =yes are taken for one version, and not refused (as RHEL 8 does)."""

    finds_interfaces: bool = True
    """addconn finds the address of an interface (3.30 on)."""

    mends_ids: bool = True
    """addconn repairs `,,` in an id (3.30 on)."""

    pool_of_ipv4: bool = False
    """addresspool= is two addresses of IPv4 (up to 3.29)."""

    key_is_xauth: bool = False
    """rsasigkey2= counts as xauthserver= too: they share a place (3.27)."""

    strtol_ports: bool = False
    """Ports and protocols are read with strtol() (up to 3.32)."""

    strict_pool: bool = False
    """addresspool= is two addresses, or a block of IPv6 (up to 3.32)."""

    hop_of_address: bool = False
    """A next hop that is not set has the family of the address, and not that of the host (up to 3.32)."""

    aborts_over_interfaces: bool = False
    """addconn aborts if the name of an existing interface is used (3.30 to 3.32)."""

    saref: bool = False
    """The release has sareftrack= (up to 3.32)."""

    cert_key: bool = False
    """A certificate or its ckaid is sent as the key of an end, and the release has rsasigkey2= (up to 3.32)."""

    ports: bool = False
    """The port of protoport= stands in the addresses of its end too, and 500 in the end (up to 3.32)."""

    sends_half: bool = False
    """A connection without left= or right= is sent nevertheless (up to 4.4)."""

    numbers: dict[str, tuple[str, int]] = {}
    """Slots of numbers that go elsewhere, or have another default; one with the path "" is not sent."""

    times: dict[str, tuple[str, int]] = {}
    """The same for durations, in milliseconds."""

    renamed: dict[str, str] = {}
    """Members of an end that have another name."""


_4_6: Final = Facts(
    policy=_POLICY_4_6,
    defaults=_DEFAULTS_4_6,
    hashes=(1, 2, 4),
    ways_in_policy=True,
    version_of_never=0,
    family_of_end=True,
    interface_ip=True,
    one_key="rsasigkey",
    floors=True,
    old_dpd=True,
    version_of_zero=True,
    numbers={"ipsec-max-bytes": ("", 0), "ipsec-max-packets": ("", 0)},
    says_leftright=True,
    renamed={"auth": "authby"},
)
_4_5: Final = replace(
    _4_6,
    shape=SHAPE_4_4,
    defaults=_DEFAULTS_4_5,
    policy=_POLICY_4_3,
    shunts_in_policy=True,
    says_client=True,
    any_protocol=False,
    old_pairs=True,
    routes_by="peer",
    numbers=_4_6.numbers | {"replay-window": ("sa_replay_window", 32)},
)
_4_4: Final = replace(
    _4_5,
    sends_half=True,
    label_of_ends=True,
    times={"retransmit-interval": ("r_interval", 500), "retransmit-timeout": ("r_timeout", 60_000)},
)
_4_3: Final = replace(_4_4, shape=SHAPE_4_3, old_addresses=True)
_4_2: Final = replace(
    _4_3,
    policy=_POLICY_4_2,
    defaults=_DEFAULTS_4_5 | {"ikev2"},
    shape=SHAPE_4_2,
    version_in_policy=True,
    given_subnet="endpoint",
    unknown="<invalid>",
    version_of_never=2,
)
_4_0: Final = replace(
    _4_2,
    policy=_POLICY_4_0,
    shape=SHAPE_4_0,
    label_of_ends=False,
    says_leftright=False,
    addr_family=True,
    unknown="<unspecified>",
    checks_blocks=False,
    given_subnet="unmarked",
    texts={"policy-label": "policy_label"},
    times=_4_2.times | {"ikelifetime": ("sa_ike_life_seconds", 3_600_000)},
)
_3_30: Final = replace(
    _4_0,
    policy=_POLICY_3_30,
    defaults=_4_0.defaults | {"saref_track"},
    shape=SHAPE_3_30,
    one_key="",
    cert_key=True,
    saref=True,
    strtol_ports=True,
    strict_pool=True,
    hop_of_address=True,
    unknown="0.0.0.0",
    aborts_over_interfaces=True,
    ports=True,
    numbers=_4_0.numbers
    | {"enable-tcp": ("", 0), "tcp-remoteport": ("", 0), "ipsec-interface": ("xfrm_if_id", 0)},
    given_subnet="marked",
)
_3_28: Final = replace(
    _3_30,
    aborts_over_interfaces=False,
    routes_by="any",
    policy=_POLICY_3_28,
    defaults=_3_30.defaults - {"ecdsa", "rsasig", "rsasig_v1_5"},
    shape=SHAPE_3_27,
    hashes=(2, 4, 8),
    default_hashes=False,
    old_words=True,
    interface_ip=False,
    milliseconds=True,
    finds_interfaces=False,
    mends_ids=False,
    pool_of_ipv4=True,
    numbers=_3_30.numbers | {"ipsec-interface": ("", 0)},
)
_3_27: Final = replace(
    _3_28, policy=_POLICY_3_27, defaults=_3_28.defaults | {"ikev1"}, four_versions=True, key_is_xauth=True
)

_RELEASES: Final = {
    "3.27": _3_27,
    "3.28": _3_28,
    "3.30": _3_30,
    "3.32": _3_30,
    "4.0": _4_0,
    "4.2": _4_2,
    "4.3": _4_3,
    "4.4": _4_4,
    "4.5": _4_5,
    "4.6": _4_6,
    "4.7": Facts(
        interface_ip=True,
        one_key="rsasigkey",
        floors=True,
        numbers={"ipsec-max-bytes": ("", 0), "ipsec-max-packets": ("", 0)},
    ),
    "4.10": Facts(),
}
_EL8: Final = ("4.3", "4.4", "4.5", "4.10")

FACTS: Final = _RELEASES | {
    f"{name}-el8": replace(_RELEASES[name], rsa_hashes=False, either_version=False) for name in _EL8
}
"""By the name of the rules."""
