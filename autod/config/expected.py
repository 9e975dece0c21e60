"""The values that pluto would show for a connection's settings if the file were loaded, word by word.

Owns: for each word of pluto's status (autod.status.shown), the setting that it shows and its text for each value, with
pluto's own defaults and corrections, for 4.8 to 4.15, 5.2, 5.3 and 5.4. Must not know: addresses, identities and
subnets (autod.config.ends), how a status is read, or the steps that follow from a difference.

The rows come from running plutos, with one keyword changed at a time, and from their sources (show_one_connection of
4.10, whack_connectionstatus.c of 5.2 and 5.4). The value of a row is None if the word depends on more than the file. A
setting without a row is not compared, and the result names it.
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
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
    "without_counts",
]

Side = str
"""left or right: the end that a word is about; empty for the connection."""

_LIFE: Final = 28_800
_MOST: Final = 86_400
_MARGIN: Final = 540
_UNLIMITED: Final = 1 << 63


class Row(NamedTuple):
    """A word, and the setting that it shows. `value` is the text that pluto would show; `same` compares it with the
    text that pluto does show.

    `absent` is the text that counts if pluto does not show the word; None: then the setting is not compared.
    """

    word: str
    slot: str
    value: Callable[[Meaning], str | None]
    same: Callable[[str, str], bool] = eq
    absent: str | None = None
    also: tuple[str, ...] = ()
    """Other settings that the word shows, too."""


def is_never(meaning: Meaning) -> bool:
    return meaning.word("type") in NEVER


def ike_version(meaning: Meaning) -> int:
    """The version of IKE: 1 or 2."""
    exchange, word = meaning.word("keyexchange"), meaning.word("ikev2")
    if not meaning.old and exchange in ("ikev1", "ikev2"):
        return 1 if exchange == "ikev1" else 2
    return 1 if word in ("no", "never", "permit", "false", "off", "n", "0") else 2


def _yes(slot: str, *, default: bool = False) -> Callable[[Meaning], str]:
    return lambda meaning: "yes" if meaning.flag(slot, default=default) else "no"


def _seconds(slot: str, default: int) -> Callable[[Meaning], str]:
    return lambda meaning: f"{meaning.seconds(slot, default)}s"


def _life(slot: str) -> Callable[[Meaning], str]:
    def value(meaning: Meaning) -> str:
        life = meaning.seconds(slot, _LIFE)
        if meaning.old:
            # On 4.x zero means "as long as possible".
            return f"{min(life or _MOST, _MOST)}s"
        fuzz = meaning.number("rekeyfuzz", 100)
        least = meaning.seconds("rekeymargin", _MARGIN) * (100 + fuzz) // 100
        return f"{max(min(life, _MOST), least)}s"

    return value


def _margin(meaning: Meaning) -> str:
    margin = meaning.seconds("rekeymargin", _MARGIN)
    life = int(_life("ipsec-lifetime")(meaning)[:-1])
    return f"{life // 2 if margin >= life else margin}s"


_HUMBER: Final = re.compile(r"(\d+)((?:[KMGTPE]i)?)B?\Z")
_SCALES: Final = {"": 1, **{f"{p}i": 1024 ** (i + 1) for i, p in enumerate("KMGTPE")}}


def _limit(slot: str) -> Callable[[Meaning], str]:
    return lambda meaning: str(min(meaning.number(slot, _UNLIMITED), _UNLIMITED))


def _rounded(configured: str, loaded: str) -> bool:
    """Whether the numbers are equal. pluto rounds a large number down to a unit (1GiB on 4.10 is 1024MiB on 5.2)."""
    if loaded.startswith("2^63"):
        return configured == str(_UNLIMITED)
    number = _HUMBER.match(loaded)
    return number is not None and int(configured) // _SCALES[number[2]] == int(number[1])


def _or(slot: str, zero: str) -> Callable[[Meaning], str]:
    return lambda meaning: str(meaning.number(slot, 0) or zero)


def opportunistic(meaning: Meaning) -> frozenset[str]:
    hosts = {meaning.word(side) for side in ("left", "right")}
    words = set()
    if hosts & {"%opportunistic", "%oppo", "%opportunisticgroup", "%oppogroup"}:
        words.add("OPPORTUNISTIC")
    if hosts & {"%group", "%opportunisticgroup", "%oppogroup"}:
        words.add("GROUP")
    return frozenset(words)


def _tries(meaning: Meaning) -> str | None:
    # An opportunistic connection tries once, whatever the file says.
    return None if opportunistic(meaning) else str(meaning.number("keyingtries", 0))


def _clones(meaning: Meaning) -> str | None:
    return None if meaning.given("clones") else "no (unset)"


_MARK: Final = re.compile(r"(-?(?:0x[0-9a-f]+|\d+))(?:/(0x[0-9a-f]+|\d+))?\Z", re.I)


def _mark(meaning: Meaning) -> str | None:
    """`5/0x0000ff, 5/0x0000ff`: in and out; unset if both are zero."""
    values = []
    for slot in ("mark-in", "mark-out"):
        text = meaning.text(slot) if meaning.given(slot) else meaning.text("mark")
        if not text:
            values.append((0, 0))
            continue
        mark = _MARK.match(text)
        if mark is None:
            return None
        mask = 0xFFFFFFFF if mark[2] is None else int(mark[2], 0)
        values.append((int(mark[1], 0) & 0xFFFFFFFF, mask))
    if not any(value for value, _ in values):
        return "unset"
    return ", ".join(f"{value}/{mask:#08x}" if mask else f"{value}/00000000" for value, mask in values)


def _nic(meaning: Meaning) -> str | None:
    word = meaning.word("nic-offload")
    if meaning.old:
        return word if word in ("yes", "no") else "auto"
    return {"": "no", "no": "no", "yes": "crypto", "crypto": "crypto", "packet": "packet"}.get(word)


def _encapsulation(meaning: Meaning) -> str | None:
    word = meaning.word("encapsulation", "auto")
    return {"auto": "auto"}.get(word) or ("yes" if meaning.flag("encapsulation") else "no")


def _tcp(meaning: Meaning) -> str | None:
    word = meaning.word("enable-tcp", "no")
    return "fallback" if word == "fallback" else "yes" if meaning.flag("enable-tcp") else "no"


def _tcp_port(meaning: Meaning) -> str | None:
    if not meaning.old and _tcp(meaning) == "no":
        return "4500"
    return str(meaning.number("tcp-remoteport", 4500) or 4500)


def _keepalive(meaning: Meaning) -> str:
    return "yes" if meaning.flag("nat-keepalive", default=True) else "no"


def _keepalive_same(configured: str, loaded: str) -> bool:
    return (configured == "no") == (loaded == "no")


def _dpd(slot: str) -> Callable[[Meaning], str | None]:
    """IKEv1's dead peer detection: the settings count only if both are set."""

    def value(meaning: Meaning) -> str | None:
        timeout = "dpdtimeout" if meaning.given("dpdtimeout") else "ikev1-dpdtimeout"
        if not (meaning.given("dpddelay") and meaning.given(timeout)):
            return "0s"
        return f"{meaning.seconds('dpddelay' if slot == 'dpddelay' else timeout, 0)}s"

    return value


def _dpd_action(meaning: Meaning) -> str | None:
    action = meaning.word("dpdaction", "hold")
    if not meaning.given("dpddelay") or (ike_version(meaning) == 1 and not meaning.given("dpdtimeout")):
        return "hold"
    if action in ("restart", "restart_by_peer"):
        return "restart" if meaning.flag("rekey", default=True) else "hold"
    return action


def _natt(meaning: Meaning) -> str | None:
    return {"": "rfc+drafts", "both": "rfc+drafts"}.get(word := meaning.word("nat-ikev1-method"), word)


_DNS: Final = re.compile(r"[ ,]+")


def _dns(meaning: Meaning) -> str:
    return ", ".join(w for w in _DNS.split(meaning.text("modecfgdns")) if w) or "unset"


def _domains(meaning: Meaning) -> str:
    words = [w for w in _DNS.split(meaning.text("modecfgdomains")) if w]
    return ",".join(words if ike_version(meaning) == 2 else words[:1]) or "unset"


def _aliases(meaning: Meaning) -> str:
    return " ".join(meaning.text("connalias").split())


def _debug(meaning: Meaning) -> str | None:
    slot = "plutodebug" if meaning.given("plutodebug") else "debug"
    if not meaning.given(slot):
        return ""
    number = meaning.settings[slot].number
    return None if number is None else str(number)


def _debug_same(configured: str, loaded: str) -> bool:
    words = table("5.2").conn["debug"].keyword.values
    bits = 0
    for word in loaded.split("+") if loaded else ():
        if word not in words:
            return True
        bits |= words[word]
    return bits == int(configured or 0)


def ways(meaning: Meaning) -> tuple[AuthBy, int] | None:
    """The methods of authentication and the hashes; None if they are not certain."""
    if meaning.given("leftauth") or meaning.given("rightauth"):
        return None
    v1 = ike_version(meaning) == 1
    if not meaning.given("authby"):
        methods = AuthBy(rsasig=True) if v1 else AuthBy(rsasig=True, ecdsa=True, rsasig_v1_5=True)
        return methods, SIGHASH_DEFAULT
    try:
        methods, hashes = authby(meaning.text("authby"), ikev1=v1)
    except Malformed as reason:
        raise Unsure("authby") from reason
    return (methods._replace(rsasig_v1_5=False) if v1 else methods), hashes


def _hashes(meaning: Meaning) -> str | None:
    methods = ways(meaning)
    if methods is None or ike_version(meaning) == 1:
        return None
    bits = methods[1]
    names = [name for bit, name in ((4, "SHA2_256"), (8, "SHA2_384"), (16, "SHA2_512")) if bits & bit]
    return "+".join(names) or "none"


_NAMES_GROUP: Final = re.compile(r";|-(?:dh|modp|ecp|curve|x25519)")


def _algorithms(slots: tuple[str, ...], *, ike: bool, ah: bool = False) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        if (
            not ike
            and (meaning.word("phase2") == "ah" or (not meaning.old and meaning.given("ah"))) is not ah
        ):
            return None
        # 5.3 has an esp= for ESP and an ah= for AH, and does not use one for the other.
        count = slots[:1] if ah and meaning.version == (5, 3) else slots
        text = next((meaning.text(slot) for slot in count if meaning.given(slot)), "")
        if not ike and _NAMES_GROUP.search(text.lower()) and not meaning.flag("pfs", default=True):
            # Some releases leave out the group without pfs=.
            return None
        return text

    return value


def _algorithms_same(*, ike: bool, ah: bool = False) -> Callable[[str, str], bool]:
    def same(configured: str, loaded: str) -> bool:
        if not configured or not loaded:
            return configured == loaded
        written, loaded_proposals = proposals.read(configured, ah=ah), proposals.shown(loaded, ah=ah)
        if written is None or loaded_proposals is None:
            return True
        single = ike and all(
            len(proposal.groups or ()) == 1 and len(proposal.hashes or ()) == 1
            for proposal in loaded_proposals
        )
        return proposals.matches(written, loaded_proposals, ike=ike, single=single)

    return same


def has_pool(meaning: Meaning) -> bool:
    return meaning.given("leftaddresspool") or meaning.given("rightaddresspool")


def _combo(side: Side, kind: str) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        server, client = meaning.flag(f"{side}{kind}server"), meaning.flag(f"{side}{kind}client")
        word = "both" if server and client else "server" if server else "client" if client else "none"
        if kind == "modecfg" and has_pool(meaning):
            # An address pool makes one end a server and the other a client, in addition to their settings.
            return word if word == ("client" if meaning.given(f"{side}addresspool") else "server") else None
        return word

    return value


def _combo_same(configured: str, loaded: str) -> bool:
    return configured == ("both" if loaded.startswith("BOTH") or "+" in loaded else loaded)


def _username(side: Side) -> Callable[[Meaning], str | None]:
    return lambda meaning: meaning.text(f"{side}username") or "[any]"


def _updown(side: Side) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        slot = f"{side}updown"
        if not meaning.given(slot):
            return None if is_never(meaning) else "ipsec _updown"
        text = meaning.text(slot)
        return "<disabled>" if text == "%disabled" or not text else text

    return value


def _ca(side: Side) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        text = meaning.text(f"{side}ca") or "%any"
        if text == "%same":
            opposite = meaning.text("leftca" if side == "right" else "rightca") or "%any"
            return "%any" if opposite == "%same" else opposite
        return text

    return value


_SENDCERT: Final = {"": "always", "alwayssend": "always", "yes": "always", "no": "never"}


def _sendcert(side: Side) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        word = meaning.word(f"{side}sendcert")
        return _SENDCERT.get(word, word)

    return value


def _sendcert_same(configured: str, loaded: str) -> bool:
    return configured == _SENDCERT.get(loaded, loaded)


def _xauthby(local: Side) -> Callable[[Meaning], str | None]:
    return lambda meaning: meaning.word("xauthby", "file") if meaning.flag(f"{local}xauthserver") else None


def _xauthfail(local: Side) -> Callable[[Meaning], str | None]:
    return lambda meaning: meaning.word("xauthfail", "hard") if meaning.flag(f"{local}xauthserver") else None


def _cat(local: Side) -> Callable[[Meaning], str | None]:
    def value(meaning: Meaning) -> str | None:
        if not meaning.flag(f"{local}cat"):
            return "unset"
        return "set" if meaning.old or ike_version(meaning) == 2 else None

    return value


def _eap(side: Side) -> Callable[[Meaning], str]:
    return lambda meaning: meaning.word(f"{side}autheap", "none")


def _iptfs(slot: str) -> Callable[[Meaning], str | None]:
    return lambda meaning: str(meaning.number(slot, 0)) if meaning.flag("iptfs") else None


_REQID_MOST: Final = 16383
"""The largest number that a file may set. pluto's own numbers begin above it."""


def _reqid(meaning: Meaning) -> str:
    number = meaning.number("reqid", 0)
    return str(number) if 0 < number <= _REQID_MOST else "automatic"


def without_counts(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines that pluto shows, without a reqid that pluto chose: that is different for each connection."""
    return tuple(
        "reqid: automatic;"
        if line[:7] == "reqid: " and line[7:-1].isdecimal() and int(line[7:-1]) > _REQID_MOST
        else line
        for line in lines
    )


def _cisco(meaning: Meaning) -> str:
    return "yes" if meaning.word("remote-peer-type") == "cisco" else "no"


def _send_ca(meaning: Meaning) -> str:
    word = meaning.word("sendca", "all")
    return {"no": "none"}.get(word, word)


ROWS: Final[tuple[Row, ...]] = (
    Row("ike_life", "ikelifetime", _life("ikelifetime")),
    Row("ipsec_life", "ipsec-lifetime", _life("ipsec-lifetime")),
    Row("ipsec_max_bytes", "ipsec-max-bytes", _limit("ipsec-max-bytes"), _rounded),
    Row("ipsec_max_packets", "ipsec-max-packets", _limit("ipsec-max-packets"), _rounded),
    Row("replay_window", "replay-window", lambda meaning: str(meaning.number("replay-window", 128))),
    Row("rekey_margin", "rekeymargin", _margin),
    Row("rekey_fuzz", "rekeyfuzz", lambda meaning: f"{meaning.number('rekeyfuzz', 100)}%"),
    Row("keyingtries", "keyingtries", _tries),
    Row("clones", "clones", _clones),
    Row(
        "retransmit-interval",
        "retransmit-interval",
        lambda meaning: f"{meaning.microseconds('retransmit-interval', 500_000) // 1000}ms",
    ),
    Row(
        "retransmit-timeout",
        "retransmit-timeout",
        lambda meaning: f"{meaning.seconds('retransmit-timeout', 30 if meaning.rules == '5.4' else 60)}s",
    ),
    Row("iketcp", "enable-tcp", _tcp),
    Row("iketcp-port", "tcp-remoteport", _tcp_port),
    Row("initial-contact", "initial-contact", _yes("initial-contact")),
    Row("cisco-unity", "cisco-unity", _yes("cisco-unity")),
    Row("fake-strongswan", "fake-strongswan", _yes("fake-strongswan")),
    Row("send-vendorid", "send-vendorid", _yes("send-vendorid")),
    Row("send-no-esp-tfc", "send-no-esp-tfc", _yes("send-no-esp-tfc")),
    Row("send-no-esp-tfc", "send-esp-tfc-padding-not-supported", _yes("send-esp-tfc-padding-not-supported")),
    Row("metric", "metric", lambda meaning: str(meaning.number("metric", 0))),
    Row("mtu", "mtu", _or("mtu", "unset")),
    Row("sa_prio", "priority", _or("priority", "auto")),
    Row("sa_tfc", "tfc", _or("tfc", "none")),
    Row("nflog-group", "nflog", _or("nflog", "unset")),
    Row("nflog-group", "nflog-group", _or("nflog-group", "unset")),
    Row("mark", "mark", _mark, also=("mark-in", "mark-out")),
    Row("vti-iface", "vti-interface", lambda meaning: meaning.text("vti-interface") or "unset"),
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
    Row("modecfg policy", "modecfgpull", lambda meaning: "pull" if meaning.flag("modecfgpull") else "push"),
    Row("dns", "modecfgdns", _dns),
    Row("domains", "modecfgdomains", _domains),
    Row("banner", "modecfgbanner", lambda meaning: meaning.text("modecfgbanner"), absent=""),
    Row("sec_label", "policy-label", lambda meaning: meaning.text("policy-label") or "unset"),
    Row("sec_label", "sec-label", lambda meaning: meaning.text("sec-label") or "unset"),
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
    Row("reqid", "reqid", _reqid),
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
"""The rows about the connection as a whole."""


def end_rows(local: Side, remote: Side) -> Iterator[Row]:
    """The rows about its ends. `local` is this machine's end."""
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
    """The rows about the connection as a whole, as far as these releases have the setting.

    The words of 3.27 to 4.7 were not tried one by one: on these releases a word counts only if its setting is set.
    """
    rows = tuple(row for row in ROWS if row.slot in slots_of(rules))
    return rows if rules_by_name(rules).wide else tuple(_if_given(row) for row in rows)


_HEX: Final = re.compile("0x[0-9a-fA-F]+")


def _if_given(row: Row) -> Row:
    slots = (row.slot, *row.also)

    def value(meaning: Meaning) -> str | None:
        return row.value(meaning) if any(meaning.given(slot) for slot in slots) else None

    def same(configured: str, loaded: str) -> bool:
        # Seconds may stand without their unit, and numbers in base 16.
        if row.same(configured, loaded) or row.same(configured, f"{loaded}s"):
            return True
        return _HEX.fullmatch(loaded) is not None and row.same(configured, str(int(loaded, 16)))

    return row._replace(value=value, same=same, absent=None)


_SECONDS: Final = (
    "ikelifetime", "ipsec-lifetime", "rekeymargin", "retransmit-timeout", "dpddelay", "dpdtimeout", "ikev1-dpdtimeout",
)  # fmt: skip


def partly(meaning: Meaning) -> frozenset[str]:
    """Settings that pluto shows only in part, or only together with another. They count as not compared."""
    slots = {slot for slot, hidden in _PARTLY.items() if meaning.given(slot) and hidden(meaning)}
    for slot in _SECONDS:
        if meaning.given(slot):
            try:
                if meaning.microseconds(slot, 0) % 1_000_000:
                    slots.add(slot)
            except Unsure:
                slots.add(slot)
    return frozenset(slots)


def _inexact(slot: str) -> Callable[[Meaning], bool]:
    def hidden(meaning: Meaning) -> bool:
        number = meaning.number(slot, 0)
        scale = next((scale for scale in sorted(_SCALES.values(), reverse=True) if number >= 2 * scale), 1)
        return number % scale != 0

    return hidden


def _lone_dpd(meaning: Meaning) -> bool:
    timeout = meaning.given("dpdtimeout") or meaning.given("ikev1-dpdtimeout")
    return ike_version(meaning) == 1 and not (meaning.given("dpddelay") and timeout)


_PARTLY: Final[Mapping[str, Callable[[Meaning], bool]]] = {
    "fragmentation": lambda meaning: (
        not meaning.old and ike_version(meaning) == 2 and meaning.word("fragmentation") in ("force", "insist")
    ),
    "tcp-remoteport": lambda meaning: not meaning.old and _tcp(meaning) == "no",
    "dpdaction": lambda meaning: not meaning.given("dpddelay") or _lone_dpd(meaning),
    "dpddelay": _lone_dpd,
    "dpdtimeout": lambda meaning: ike_version(meaning) == 2 or _lone_dpd(meaning),
    "ikev1-dpdtimeout": lambda meaning: ike_version(meaning) == 2 or _lone_dpd(meaning),
    "modecfgdomains": lambda meaning: (
        ike_version(meaning) == 1 and len(_DNS.split(meaning.text("modecfgdomains"))) > 1
    ),
    "ipsec-max-bytes": _inexact("ipsec-max-bytes"),
    "ipsec-max-packets": _inexact("ipsec-max-packets"),
    "authby": is_never,
    "esp": lambda meaning: meaning.version == (5, 3) and meaning.word("phase2") == "ah",
    "leftca": lambda meaning: meaning.text("leftca") == "%same" and not meaning.given("rightca"),
    "rightca": lambda meaning: meaning.text("rightca") == "%same" and not meaning.given("leftca"),
}


_AUTH_WORDS: Final = {
    "PSK": "secret",
    "RSASIG": "rsasig",
    "ECDSA": "ecdsa",
    "AUTH_NULL": "null",
    "EDDSA": "eddsa",
}


def auth_differs(configured: str, loaded: str) -> bool:
    """Whether leftauth= or rightauth= differs from `our auth` or `their auth`: a word, or the methods of authby with a
    plus."""
    first = loaded.partition("(")[0].partition("+")[0]
    return {"rsa": "rsasig"}.get(configured, configured) != _AUTH_WORDS.get(
        first, first.removeprefix("RSASIG_") and first
    )
