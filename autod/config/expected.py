"""What pluto would show of a connection's settings if the file were loaded: word by word, as its status has them.

Owns: for each word of pluto's status (autod.status.shown), which setting it tells of and what it says for which value,
with pluto's own defaults and corrections, for 4.8 to 4.15, 5.2, 5.3 and 5.4. Must not know: addresses, identities and
subnets (autod.config.ends), how a status is read, or what is done about a difference.

Learned from running plutos, one keyword changed at a time, and from their sources (show_one_connection of 4.10,
whack_connectionstatus.c of 5.2 and 5.4). A row says nothing (None) where the word depends on more than the file; a
setting that no row tells of is not compared, and named.
"""

from __future__ import annotations

import functools
import re
from operator import eq
from typing import TYPE_CHECKING, Final, NamedTuple

from autod.config import proposals
from autod.config.identities import same_name
from autod.config.meaning import NEVER, Meaning, Unsure
from autod.protocol.connection.authby import SIGHASH_DEFAULT, AuthBy, authby
from autod.protocol.connection.keywords import table
from autod.protocol.connection.numbers import Malformed
from autod.protocol.connection.rules import rules as rules_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "Row",
    "auth_differs",
    "end_rows",
    "has_pool",
    "ike_version",
    "is_never",
    "opportunistic",
    "partly",
    "rows_of",
    "slots_of",
    "ways",
]

Side = str
"""left or right: of the end that a word is about; empty for the connection."""

_LIFE: Final = 28_800
_MOST: Final = 86_400
_MARGIN: Final = 540
_UNLIMITED: Final = 1 << 63


class Row(NamedTuple):
    """A word, and the setting it tells of. `value` gives what pluto would show; `same` compares that with what it does.

    `absent` is what it counts as where the word is not shown at all; None: then nothing is said.
    """

    word: str
    slot: str
    value: Callable[[Meaning], str | None]
    same: Callable[[str, str], bool] = eq
    absent: str | None = None
    also: tuple[str, ...] = ()
    """Further settings that the word tells of."""


def is_never(said: Meaning) -> bool:
    return said.word("type") in NEVER


def ike_version(said: Meaning) -> int:
    """The version of IKE: 1 or 2."""
    exchange, word = said.word("keyexchange"), said.word("ikev2")
    if not said.old and exchange in ("ikev1", "ikev2"):
        return 1 if exchange == "ikev1" else 2
    return 1 if word in ("no", "never", "permit", "false", "off", "n", "0") else 2


def _yes(slot: str, *, default: bool = False) -> Callable[[Meaning], str]:
    return lambda said: "yes" if said.flag(slot, default=default) else "no"


def _seconds(slot: str, default: int) -> Callable[[Meaning], str]:
    return lambda said: f"{said.seconds(slot, default)}s"


def _life(slot: str) -> Callable[[Meaning], str]:
    def value(said: Meaning) -> str:
        life = said.seconds(slot, _LIFE)
        if said.old:
            # 4.x takes zero for "as long as may be".
            return f"{min(life or _MOST, _MOST)}s"
        fuzz = said.number("rekeyfuzz", 100)
        least = said.seconds("rekeymargin", _MARGIN) * (100 + fuzz) // 100
        return f"{max(min(life, _MOST), least)}s"

    return value


def _margin(said: Meaning) -> str:
    margin = said.seconds("rekeymargin", _MARGIN)
    life = int(_life("ipsec-lifetime")(said)[:-1])
    return f"{life // 2 if margin >= life else margin}s"


_HUMBER: Final = re.compile(r"(\d+)((?:[KMGTPE]i)?)B?\Z")
_SCALES: Final = {"": 1, **{f"{p}i": 1024 ** (i + 1) for i, p in enumerate("KMGTPE")}}


def _limit(slot: str) -> Callable[[Meaning], str]:
    return lambda said: str(min(said.number(slot, _UNLIMITED), _UNLIMITED))


def _rounded(wanted: str, loaded: str) -> bool:
    """pluto rounds a large number down to a unit (1GiB on 4.10 is 1024MiB on 5.2)."""
    if loaded.startswith("2^63"):
        return wanted == str(_UNLIMITED)
    found = _HUMBER.match(loaded)
    return found is not None and int(wanted) // _SCALES[found[2]] == int(found[1])


def _or(slot: str, zero: str) -> Callable[[Meaning], str]:
    return lambda said: str(said.number(slot, 0) or zero)


def opportunistic(said: Meaning) -> frozenset[str]:
    hosts = {said.word(side) for side in ("left", "right")}
    words = set()
    if hosts & {"%opportunistic", "%oppo", "%opportunisticgroup", "%oppogroup"}:
        words.add("OPPORTUNISTIC")
    if hosts & {"%group", "%opportunisticgroup", "%oppogroup"}:
        words.add("GROUP")
    return frozenset(words)


def _tries(said: Meaning) -> str | None:
    # An opportunistic connection tries once, whatever is written.
    return None if opportunistic(said) else str(said.number("keyingtries", 0))


def _clones(said: Meaning) -> str | None:
    return None if said.given("clones") else "no (unset)"


_MARK: Final = re.compile(r"(-?(?:0x[0-9a-f]+|\d+))(?:/(0x[0-9a-f]+|\d+))?\Z", re.I)


def _mark(said: Meaning) -> str | None:
    """`5/0x0000ff, 5/0x0000ff`: in and out; unset where both are zero."""
    values = []
    for slot in ("mark-in", "mark-out"):
        text = said.text(slot) if said.given(slot) else said.text("mark")
        if not text:
            values.append((0, 0))
            continue
        found = _MARK.match(text)
        if found is None:
            return None
        mask = 0xFFFFFFFF if found[2] is None else int(found[2], 0)
        values.append((int(found[1], 0) & 0xFFFFFFFF, mask))
    if not any(value for value, _ in values):
        return "unset"
    return ", ".join(f"{value}/{mask:#08x}" if mask else f"{value}/00000000" for value, mask in values)


def _nic(said: Meaning) -> str | None:
    word = said.word("nic-offload")
    if said.old:
        return word if word in ("yes", "no") else "auto"
    return {"": "no", "no": "no", "yes": "crypto", "crypto": "crypto", "packet": "packet"}.get(word)


def _encapsulation(said: Meaning) -> str | None:
    word = said.word("encapsulation", "auto")
    return {"auto": "auto"}.get(word) or ("yes" if said.flag("encapsulation") else "no")


def _tcp(said: Meaning) -> str | None:
    word = said.word("enable-tcp", "no")
    return "fallback" if word == "fallback" else "yes" if said.flag("enable-tcp") else "no"


def _tcp_port(said: Meaning) -> str | None:
    if not said.old and _tcp(said) == "no":
        return "4500"
    return str(said.number("tcp-remoteport", 4500) or 4500)


def _keepalive(said: Meaning) -> str:
    return "yes" if said.flag("nat-keepalive", default=True) else "no"


def _keepalive_same(wanted: str, loaded: str) -> bool:
    return (wanted == "no") == (loaded == "no")


def _dpd(slot: str) -> Callable[[Meaning], str | None]:
    """IKEv1's dead peer detection: both are given, or neither counts."""

    def value(said: Meaning) -> str | None:
        timeout = "dpdtimeout" if said.given("dpdtimeout") else "ikev1-dpdtimeout"
        if not (said.given("dpddelay") and said.given(timeout)):
            return "0s"
        return f"{said.seconds('dpddelay' if slot == 'dpddelay' else timeout, 0)}s"

    return value


def _dpd_action(said: Meaning) -> str | None:
    action = said.word("dpdaction", "hold")
    if not said.given("dpddelay") or (ike_version(said) == 1 and not said.given("dpdtimeout")):
        return "hold"
    if action in ("restart", "restart_by_peer"):
        return "restart" if said.flag("rekey", default=True) else "hold"
    return action


def _natt(said: Meaning) -> str | None:
    return {"": "rfc+drafts", "both": "rfc+drafts"}.get(word := said.word("nat-ikev1-method"), word)


_DNS: Final = re.compile(r"[ ,]+")


def _dns(said: Meaning) -> str:
    return ", ".join(w for w in _DNS.split(said.text("modecfgdns")) if w) or "unset"


def _domains(said: Meaning) -> str:
    words = [w for w in _DNS.split(said.text("modecfgdomains")) if w]
    return ",".join(words if ike_version(said) == 2 else words[:1]) or "unset"


def _aliases(said: Meaning) -> str:
    return " ".join(said.text("connalias").split())


def _debug(said: Meaning) -> str | None:
    slot = "plutodebug" if said.given("plutodebug") else "debug"
    if not said.given(slot):
        return ""
    number = said.settings[slot].number
    return None if number is None else str(number)


def _debug_same(wanted: str, loaded: str) -> bool:
    words = table("5.2").conn["debug"].keyword.values
    bits = 0
    for word in loaded.split("+") if loaded else ():
        if word not in words:
            return True
        bits |= words[word]
    return bits == int(wanted or 0)


def ways(said: Meaning) -> tuple[AuthBy, int] | None:
    """The ways to authenticate and the hashes; None where they are not certain."""
    if said.given("leftauth") or said.given("rightauth"):
        return None
    v1 = ike_version(said) == 1
    if not said.given("authby"):
        way = AuthBy(rsasig=True) if v1 else AuthBy(rsasig=True, ecdsa=True, rsasig_v1_5=True)
        return way, SIGHASH_DEFAULT
    try:
        ways, hashes = authby(said.text("authby"), ikev1=v1)
    except Malformed as reason:
        raise Unsure("authby") from reason
    return (ways._replace(rsasig_v1_5=False) if v1 else ways), hashes


def _hashes(said: Meaning) -> str | None:
    found = ways(said)
    if found is None or ike_version(said) == 1:
        return None
    bits = found[1]
    names = [name for bit, name in ((4, "SHA2_256"), (8, "SHA2_384"), (16, "SHA2_512")) if bits & bit]
    return "+".join(names) or "none"


_NAMES_GROUP: Final = re.compile(r";|-(?:dh|modp|ecp|curve|x25519)")


def _algorithms(slots: tuple[str, ...], *, ike: bool, ah: bool = False) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        if not ike and (said.word("phase2") == "ah" or (not said.old and said.given("ah"))) is not ah:
            return None
        # 5.3 has an esp= for ESP and an ah= for AH, and takes neither for the other.
        count = slots[:1] if ah and said.version == (5, 3) else slots
        text = next((said.text(slot) for slot in count if said.given(slot)), "")
        if not ike and _NAMES_GROUP.search(text.lower()) and not said.flag("pfs", default=True):
            # Without pfs= the group is left out, by some releases.
            return None
        return text

    return value


def _algorithms_same(*, ike: bool, ah: bool = False) -> Callable[[str, str], bool]:
    def same(wanted: str, loaded: str) -> bool:
        if not wanted or not loaded:
            return wanted == loaded
        written, found = proposals.read(wanted, ah=ah), proposals.shown(loaded, ah=ah)
        if written is None or found is None:
            return True
        single = ike and all(len(one.groups or ()) == 1 and len(one.hashes or ()) == 1 for one in found)
        return proposals.matches(written, found, ike=ike, single=single)

    return same


def has_pool(said: Meaning) -> bool:
    return said.given("leftaddresspool") or said.given("rightaddresspool")


def _combo(side: Side, kind: str) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        server, client = said.flag(f"{side}{kind}server"), said.flag(f"{side}{kind}client")
        word = "both" if server and client else "server" if server else "client" if client else "none"
        if kind == "modecfg" and has_pool(said):
            # An address pool makes the one end a server and the other a client, whatever else they are.
            return word if word == ("client" if said.given(f"{side}addresspool") else "server") else None
        return word

    return value


def _combo_same(wanted: str, loaded: str) -> bool:
    return wanted == ("both" if loaded.startswith("BOTH") or "+" in loaded else loaded)


def _username(side: Side) -> Callable[[Meaning], str | None]:
    return lambda said: said.text(f"{side}username") or "[any]"


def _updown(side: Side) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        slot = f"{side}updown"
        if not said.given(slot):
            return None if is_never(said) else "ipsec _updown"
        text = said.text(slot)
        return "<disabled>" if text == "%disabled" or not text else text

    return value


def _ca(side: Side) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        text = said.text(f"{side}ca") or "%any"
        if text == "%same":
            other = said.text("leftca" if side == "right" else "rightca") or "%any"
            return "%any" if other == "%same" else other
        return text

    return value


_SENDCERT: Final = {"": "always", "alwayssend": "always", "yes": "always", "no": "never"}


def _sendcert(side: Side) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        word = said.word(f"{side}sendcert")
        return _SENDCERT.get(word, word)

    return value


def _sendcert_same(wanted: str, loaded: str) -> bool:
    return wanted == _SENDCERT.get(loaded, loaded)


def _xauthby(local: Side) -> Callable[[Meaning], str | None]:
    return lambda said: said.word("xauthby", "file") if said.flag(f"{local}xauthserver") else None


def _xauthfail(local: Side) -> Callable[[Meaning], str | None]:
    return lambda said: said.word("xauthfail", "hard") if said.flag(f"{local}xauthserver") else None


def _cat(local: Side) -> Callable[[Meaning], str | None]:
    def value(said: Meaning) -> str | None:
        if not said.flag(f"{local}cat"):
            return "unset"
        return "set" if said.old or ike_version(said) == 2 else None

    return value


def _eap(side: Side) -> Callable[[Meaning], str]:
    return lambda said: said.word(f"{side}autheap", "none")


def _iptfs(slot: str) -> Callable[[Meaning], str | None]:
    return lambda said: str(said.number(slot, 0)) if said.flag("iptfs") else None


_REQID_MOST: Final = 16383
"""The largest number that a file may ask for; pluto counts its own from there."""


def _reqid(said: Meaning) -> str:
    number = said.number("reqid", 0)
    return str(number) if 0 < number <= _REQID_MOST else "automatic"


def _reqid_same(wanted: str, loaded: str) -> bool:
    return int(loaded) > _REQID_MOST if wanted == "automatic" and loaded.isdecimal() else wanted == loaded


def _cisco(said: Meaning) -> str:
    return "yes" if said.word("remote-peer-type") == "cisco" else "no"


def _send_ca(said: Meaning) -> str:
    word = said.word("sendca", "all")
    return {"no": "none"}.get(word, word)


ROWS: Final[tuple[Row, ...]] = (
    Row("ike_life", "ikelifetime", _life("ikelifetime")),
    Row("ipsec_life", "ipsec-lifetime", _life("ipsec-lifetime")),
    Row("ipsec_max_bytes", "ipsec-max-bytes", _limit("ipsec-max-bytes"), _rounded),
    Row("ipsec_max_packets", "ipsec-max-packets", _limit("ipsec-max-packets"), _rounded),
    Row("replay_window", "replay-window", lambda said: str(said.number("replay-window", 128))),
    Row("rekey_margin", "rekeymargin", _margin),
    Row("rekey_fuzz", "rekeyfuzz", lambda said: f"{said.number('rekeyfuzz', 100)}%"),
    Row("keyingtries", "keyingtries", _tries),
    Row("clones", "clones", _clones),
    Row(
        "retransmit-interval",
        "retransmit-interval",
        lambda said: f"{said.microseconds('retransmit-interval', 500_000) // 1000}ms",
    ),
    Row(
        "retransmit-timeout",
        "retransmit-timeout",
        lambda said: f"{said.seconds('retransmit-timeout', 30 if said.rules == '5.4' else 60)}s",
    ),
    Row("iketcp", "enable-tcp", _tcp),
    Row("iketcp-port", "tcp-remoteport", _tcp_port),
    Row("initial-contact", "initial-contact", _yes("initial-contact")),
    Row("cisco-unity", "cisco-unity", _yes("cisco-unity")),
    Row("fake-strongswan", "fake-strongswan", _yes("fake-strongswan")),
    Row("send-vendorid", "send-vendorid", _yes("send-vendorid")),
    Row("send-no-esp-tfc", "send-no-esp-tfc", _yes("send-no-esp-tfc")),
    Row("send-no-esp-tfc", "send-esp-tfc-padding-not-supported", _yes("send-esp-tfc-padding-not-supported")),
    Row("metric", "metric", lambda said: str(said.number("metric", 0))),
    Row("mtu", "mtu", _or("mtu", "unset")),
    Row("sa_prio", "priority", _or("priority", "auto")),
    Row("sa_tfc", "tfc", _or("tfc", "none")),
    Row("nflog-group", "nflog", _or("nflog", "unset")),
    Row("nflog-group", "nflog-group", _or("nflog-group", "unset")),
    Row("mark", "mark", _mark, also=("mark-in", "mark-out")),
    Row("vti-iface", "vti-interface", lambda said: said.text("vti-interface") or "unset"),
    Row("vti-routing", "vti-routing", _yes("vti-routing")),
    Row("vti-shared", "vti-shared", _yes("vti-shared")),
    Row("nic-offload", "nic-offload", _nic),
    Row("dpddelay", "dpddelay", _seconds("dpddelay", 0)),
    Row("dpdaction", "dpdaction", _dpd_action),
    Row("dpd delay", "dpddelay", _dpd("dpddelay")),
    Row("dpd timeout", "dpdtimeout", _dpd("dpdtimeout"), also=("ikev1-dpdtimeout",)),
    Row("dpd action", "dpdaction", _dpd_action),
    Row("encaps", "encapsulation", _encapsulation),
    Row("encapsulation", "encapsulation", _encapsulation),
    Row("keepalive", "nat-keepalive", _keepalive, _keepalive_same),
    Row("ikev1-method", "nat-ikev1-method", _natt),
    Row("modecfg policy", "modecfgpull", lambda said: "pull" if said.flag("modecfgpull") else "push"),
    Row("dns", "modecfgdns", _dns),
    Row("domains", "modecfgdomains", _domains),
    Row("banner", "modecfgbanner", lambda said: said.text("modecfgbanner"), absent=""),
    Row("sec_label", "policy-label", lambda said: said.text("policy-label") or "unset"),
    Row("sec_label", "sec-label", lambda said: said.text("sec-label") or "unset"),
    Row("aliases", "connalias", _aliases, absent=""),
    Row("debug", "plutodebug", _debug, _debug_same, absent=""),
    Row("v2-auth-hash-policy", "authby", _hashes),
    Row("IKE algorithms", "ike", _algorithms(("ike",), ike=True), _algorithms_same(ike=True), absent=""),
    Row(
        "ESP algorithms",
        "esp",
        _algorithms(("esp", "phase2alg"), ike=False),
        _algorithms_same(ike=False),
        absent="",
        also=("phase2alg",),
    ),
    Row(
        "AH algorithms",
        "esp",
        _algorithms(("ah", "esp", "phase2alg"), ike=False, ah=True),
        _algorithms_same(ike=False, ah=True),
        absent="",
        also=("ah", "phase2alg"),
    ),
    Row("iptfs", "iptfs", _yes("iptfs")),
    Row("iptfs-fragmentation", "iptfs-fragmentation", _yes("iptfs-fragmentation", default=True)),
    Row("iptfs-packet-size", "iptfs-packet-size", _iptfs("iptfs-packet-size")),
    Row("iptfs-max-queue-size", "iptfs-max-queue-size", _iptfs("iptfs-max-queue-size")),
    Row("iptfs-reorder-window", "iptfs-reorder-window", _iptfs("iptfs-reorder-window")),
    Row("reqid", "reqid", _reqid, _reqid_same),
    Row("cisco-split", "cisco-split", _yes("cisco-split")),
    Row("cisco-peer", "remote-peer-type", _cisco),
    Row("nm-configured", "nm-configured", _yes("nm-configured")),
    Row("sendca", "sendca", _send_ca),
    Row(
        "send-supported-auth-methods",
        "send-supported-auth-methods",
        _yes("send-supported-auth-methods"),
    ),
)
"""Of the connection as a whole."""


def end_rows(local: Side, remote: Side) -> Iterator[Row]:
    """Of its ends, where `local` is this machine's."""
    for whose, modecfg, side in (("my", "us", local), ("their", "them", remote)):
        ours = "our" if whose == "my" else "their"
        yield Row(
            f"xauth {modecfg}",
            f"{side}xauthserver",
            _combo(side, "xauth"),
            _combo_same,
            also=(f"{side}xauthclient",),
        )
        yield Row(
            f"modecfg {modecfg}",
            f"{side}modecfgserver",
            _combo(side, "modecfg"),
            _combo_same,
            also=(f"{side}modecfgclient",),
        )
        yield Row(f"{whose}_username", f"{side}username", _username(side))
        yield Row(f"{ours} autheap", f"{side}autheap", _eap(side))
        yield Row(f"{ours} ca", f"{side}ca", _ca(side), same_name, absent="%any")
        yield Row(f"{ours} sendcert", f"{side}sendcert", _sendcert(side), _sendcert_same)
    yield Row("my_updown", f"{local}updown", _updown(local))
    yield Row("leftupdown", "leftupdown", _updown("left"))
    yield Row("cat", f"{local}cat", _cat(local))
    yield Row("xauthby", "xauthby", _xauthby(local))
    yield Row("xauthfail", "xauthfail", _xauthfail(local))


@functools.cache
def slots_of(rules: str) -> frozenset[str]:
    """The settings that releases of these rules have."""
    return frozenset(key.slot for key in table(rules).conn.values() if key.keyword.kind != "obsolete")


@functools.cache
def rows_of(rules: str) -> tuple[Row, ...]:
    """The rows about the connection as a whole that these releases have a setting for.

    What 3.27 to 4.7 show was not learned word by word: there a word counts only where its setting is given.
    """
    found = tuple(row for row in ROWS if row.slot in slots_of(rules))
    return found if rules_by_name(rules).wide else tuple(_if_given(row) for row in found)


_HEX: Final = re.compile("0x[0-9a-fA-F]+")


def _if_given(row: Row) -> Row:
    slots = (row.slot, *row.also)

    def value(said: Meaning) -> str | None:
        return row.value(said) if any(said.given(slot) for slot in slots) else None

    def same(wanted: str, loaded: str) -> bool:
        # Seconds without their unit, and numbers of base 16.
        if row.same(wanted, loaded) or row.same(wanted, f"{loaded}s"):
            return True
        return _HEX.fullmatch(loaded) is not None and row.same(wanted, str(int(loaded, 16)))

    return row._replace(value=value, same=same, absent=None)


_SECONDS: Final = (
    "ikelifetime", "ipsec-lifetime", "rekeymargin", "retransmit-timeout", "dpddelay", "dpdtimeout", "ikev1-dpdtimeout",
)  # fmt: skip


def partly(said: Meaning) -> frozenset[str]:
    """Settings that pluto shows only in part, or only together with another: not compared, though nothing differs."""
    found = {slot for slot, hidden in _PARTLY.items() if said.given(slot) and hidden(said)}
    for slot in _SECONDS:
        if said.given(slot):
            try:
                if said.microseconds(slot, 0) % 1_000_000:
                    found.add(slot)
            except Unsure:
                found.add(slot)
    return frozenset(found)


def _inexact(slot: str) -> Callable[[Meaning], bool]:
    def hidden(said: Meaning) -> bool:
        number = said.number(slot, 0)
        scale = next((scale for scale in sorted(_SCALES.values(), reverse=True) if number >= 2 * scale), 1)
        return number % scale != 0

    return hidden


def _lone_dpd(said: Meaning) -> bool:
    timeout = said.given("dpdtimeout") or said.given("ikev1-dpdtimeout")
    return ike_version(said) == 1 and not (said.given("dpddelay") and timeout)


_PARTLY: Final[Mapping[str, Callable[[Meaning], bool]]] = {
    "fragmentation": lambda said: (
        not said.old and ike_version(said) == 2 and said.word("fragmentation") in ("force", "insist")
    ),
    "tcp-remoteport": lambda said: not said.old and _tcp(said) == "no",
    "dpdaction": lambda said: not said.given("dpddelay") or _lone_dpd(said),
    "dpddelay": _lone_dpd,
    "dpdtimeout": lambda said: ike_version(said) == 2 or _lone_dpd(said),
    "ikev1-dpdtimeout": lambda said: ike_version(said) == 2 or _lone_dpd(said),
    "modecfgdomains": lambda said: (
        ike_version(said) == 1 and len(_DNS.split(said.text("modecfgdomains"))) > 1
    ),
    "ipsec-max-bytes": _inexact("ipsec-max-bytes"),
    "ipsec-max-packets": _inexact("ipsec-max-packets"),
    "authby": is_never,
    "esp": lambda said: said.version == (5, 3) and said.word("phase2") == "ah",
    "leftca": lambda said: said.text("leftca") == "%same" and not said.given("rightca"),
    "rightca": lambda said: said.text("rightca") == "%same" and not said.given("leftca"),
}


_AUTH_WORDS: Final = {
    "PSK": "secret",
    "RSASIG": "rsasig",
    "ECDSA": "ecdsa",
    "AUTH_NULL": "null",
    "EDDSA": "eddsa",
}


def auth_differs(wanted: str, loaded: str) -> bool:
    """leftauth= or rightauth= against `our auth` or `their auth`: a word, or the ways of authby with a plus."""
    first = loaded.partition("(")[0].partition("+")[0]
    return {"rsa": "rsasig"}.get(wanted, wanted) != _AUTH_WORDS.get(
        first, first.removeprefix("RSASIG_") and first
    )
