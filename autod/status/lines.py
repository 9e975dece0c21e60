"""Lines about connections, of every release: the values of one line, as fields of the model.

Owns: the shapes of the lines that begin with a connection's name in --status and --connectionstatus, except
the one that draws its ends (ends.py). Must not know: how a connection's lines are joined (parsing.py).

    "t01":     oriented; my_ip=unset; their_ip=unset; my_updown=ipsec _updown;                 3.x, 4.x
    "t01":   host: oriented; local: 192.1.2.45; remote: 192.1.2.23; established IKE SA: #3;    5.x
    "t01":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;
"""

from __future__ import annotations

import re
from collections.abc import Callable

from autod.status.ends import NOTHING, Line, told
from autod.status.sas import Fields, number
from autod.status.words import ROUTING

__all__ = ["connection_detail"]


_AUTHBY = ("PSK", "RSASIG", "ECDSA", "EDDSA", "EAPONLY", "AUTHNULL", "AUTH_", "NULL", "NEVER")
_IDS = re.compile(r"our idtype: (.*?); our id=(.*?); their idtype: (.*?); their id=(.*)")
_OWNER = re.compile(r"(negotiating|established) (IKE|ISAKMP|Child|IPsec) SA: #(\d+)")
_ROUTING_OWNER = re.compile(r"owner: [^;#]*#(\d+)")
_SERIAL = re.compile(r"conn serial: \$(\d+)(?:, instantiated from: \$(\d+))?")
_NEWEST = re.compile(r"newest (?:ISAKMP|IKE) SA: #(\d+); newest IPsec SA: #(\d+)")
_XAUTH = re.compile(r"xauth us:([^,]*), xauth them:([^,]*),.*? my_username=(.*?); their_username=(.*)")
_AUTH = re.compile(r"our auth:(.*?), their auth:(.*?)(?:, our autheap:(\w+), their autheap:(\w+).*)?;?")
_MODECFG = re.compile(r"modecfg info: us:([^,]*), them:([^,]*),.*")
_SA_WORDS = {"IKE": "ike", "ISAKMP": "ike", "Child": "child", "IPsec": "child"}


def _seconds(text: str) -> int | None:
    return number(text.removesuffix("s"))


def _serial(text: str | None) -> int | None:
    return number(text) or None


def _pairs(text: str) -> dict[str, str]:
    """`a: 1; b:2; c;` by its keys."""
    pairs = {}
    for item in text.split(";"):
        key, colon, value = item.partition(":")
        if colon:
            pairs[key.strip()] = value.strip()
    return pairs


def _oriented(text: str) -> Line:
    local: Fields = {}
    remote: Fields = {}
    for item in text.split("; "):
        key, _, value = item.removesuffix(";").partition("=")
        end, field = {
            "my_ip": (local, "sourceip"),
            "their_ip": (remote, "sourceip"),
            "mycert": (local, "certificate"),
            "hiscert": (remote, "certificate"),
            "peercert": (remote, "certificate"),
        }.get(key, (None, ""))
        if end is not None and (word := told(value)) is not None:
            end[field] = word
    return Line({"oriented": text.startswith("oriented")}, local, remote)


def _host_line(text: str) -> Line:
    """A line of 5.x. Its addresses are those of the topology line, with the next hop beside them."""
    connection = {"oriented": text.startswith("host: oriented;"), **_owners(text)}
    if "nexthop: " not in text:
        return Line(connection)
    pairs = _pairs(text)
    local: Fields = {}
    remote: Fields = {}
    for key, end in (("nexthop", local), ("leftnexthop", local), ("rightnexthop", remote)):
        if key in pairs:
            end["nexthop"] = pairs[key]
    return Line(connection, local, remote)


def _owners(text: str) -> Fields:
    return {f"{phase}_{_SA_WORDS[sa]}_sa": _serial(digits) for phase, sa, digits in _OWNER.findall(text)}


def _routing(text: str) -> Line:
    word = text.removeprefix("routing: ").partition(";")[0]
    fields = _owners(text)
    fields["routing"] = ROUTING.get(word, "unknown")
    owner = _ROUTING_OWNER.search(text)
    if owner is not None:
        fields["routing_owner"] = _serial(owner[1])
    return Line(fields)


def _newest(text: str) -> Line:
    fields = dict(_conn(text).connection)
    serials = _NEWEST.match(text)
    if serials is not None:
        fields["established_ike_sa"] = _serial(serials[1])
        fields["established_child_sa"] = _serial(serials[2])
    return Line(fields)


def _conn(text: str) -> Line:
    serials = _SERIAL.search(text)
    if serials is None:
        return NOTHING
    return Line({"serial": _serial(serials[1]), "template_serial": _serial(serials[2])})


def _xauth(text: str) -> Line:
    match = _XAUTH.match(text)
    if match is None:
        return NOTHING
    return Line(
        {},
        {"xauth": match[1], "username": told(match[3])},
        {"xauth": match[2], "username": told(match[4])},
    )


def _our(text: str) -> Line:
    match = _IDS.fullmatch(text)
    if match is not None:
        mine, mine_id, peer, peer_id = match.groups()
        return Line(
            {},
            {"id_type": told(mine.removeprefix("ID_")), "id": told(mine_id)},
            {"id_type": told(peer.removeprefix("ID_")), "id": told(peer_id)},
        )
    match = _AUTH.fullmatch(text)
    if match is None:
        return NOTHING
    ours, theirs, our_eap, their_eap = match.groups()
    return Line({}, {"auth": ours, "eap": our_eap}, {"auth": theirs, "eap": their_eap})


def _modecfg(text: str) -> Line:
    roles = _MODECFG.match(text)
    return NOTHING if roles is None else Line({}, {"modecfg": roles[1]}, {"modecfg": roles[2]})


def _policy(text: str) -> Line:
    words = tuple(word for word in text.removeprefix("policy: ").partition(";")[0].split("+") if word)
    has = frozenset(words)
    protects = "AH" if "AUTHENTICATE" in has and "ENCRYPT" not in has else "ESP" if "ENCRYPT" in has else None
    version = None
    if has & {"IKEv2", "IKEV2_ALLOW", "IKEV2_PROPOSE"}:
        version = 2
    elif has & {"IKEv1", "IKEV1_ALLOW"}:
        version = 1
    return Line(
        {
            "policy": words,
            "authby": tuple(word for word in words if word.startswith(_AUTHBY)),
            "ike_version": version,
            "protocol": protects,
            "mode": None if protects is None else "tunnel" if "TUNNEL" in has else "transport",
            "keep_up": bool(has & {"UP", "KEEP"}),
            "rekey": "DONT_REKEY" not in has,
            "reauth": "REAUTH" in has,
            "pfs": "PFS" in has,
            "aggressive": "AGGRESSIVE" in has,
            "mobike": "MOBIKE" in has,
        }
    )


def _life(text: str) -> Line:
    pairs = _pairs(text)
    return Line(
        {
            "ike_lifetime": _seconds(pairs.get("ike_life", "")),
            "ipsec_lifetime": _seconds(pairs.get("ipsec_life", "")),
        }
    )


def _retransmit(text: str) -> Line:
    return Line({"retransmit_timeout": _seconds(_pairs(text).get("retransmit-timeout", ""))})


def _dpd(text: str) -> Line:
    """`dpd: action:hold; delay:0; timeout:0; ...` (3.x, 4.3), `liveness: passive; dpddelay:0s; ...` since."""
    pairs = _pairs(text.removeprefix("dpd: "))
    fields: Fields = {"dpd_delay": _seconds(pairs.get("dpddelay", pairs.get("delay", "")))}
    if "timeout" in pairs:
        fields["dpd_timeout"] = _seconds(pairs["timeout"])
    action = pairs.get("dpdaction", pairs.get("action"))
    if action is not None:
        fields["dpd_action"] = action
    return Line(fields)


def _interface(text: str) -> Line:
    return Line({"interface": told(_pairs(text).get("interface", ""))})


def _reqid(text: str) -> Line:
    return Line({"reqid": _serial(text.removeprefix("reqid: ").removesuffix(";"))})


def _aliases(text: str) -> Line:
    return Line({"aliases": tuple(text.removeprefix("aliases: ").split())})


def _label(text: str) -> Line:
    return Line({"security_label": told(text.partition(":")[2].removesuffix(";"))})


def _certificates(text: str) -> Line:
    local: Fields = {}
    remote: Fields = {}
    for item in text.split("; "):
        key, _, value = item.removesuffix(";").partition("=")
        (local if key == "mycert" else remote)["certificate"] = value
    return Line({}, local, remote)


def _algorithms(text: str) -> Line | None:
    """`IKEv2 algorithm newest: ...`, `ESP algorithm newest: ...; pfsgroup=...`; the configured ones are ignored."""
    words, colon, value = text.partition(": ")
    if not colon or (" algorithm" not in words and " proposals" not in words):
        return None
    if not words.endswith("algorithm newest"):
        return NOTHING
    field = "ike_algorithms" if words.startswith("IKE") else "child_algorithms"
    return Line({field: value.partition(";")[0]})


_HANDLERS: dict[str, Callable[[str], Line | None]] = {
    "oriented": _oriented,
    "unoriented": _oriented,
    "host": _host_line,
    "routing": _routing,
    "newest": _newest,
    "conn": _conn,
    "xauth": _xauth,
    "our": _our,
    "modecfg": _modecfg,
    "policy": _policy,
    "ike_life": _life,
    "retransmit-interval": _retransmit,
    "dpd": _dpd,
    "liveness": _dpd,
    "conn_prio": _interface,
    "reqid": _reqid,
    "aliases": _aliases,
    "sec_label": _label,
    "policy_label": _label,
    "mycert": _certificates,
    "peercert": _certificates,
}
_IGNORED = {
    *("labeled_ipsec", "initial-contact", "v2-auth-hash-policy", "nflog-group", "nat-traversal", "iptfs"),
    *("cisco-split", "sendca", "banner", "CAs", "debug", "policy_next"),
    *("my_updown", "leftupdown", "rightupdown"),
}
"""Lines that are known, but hold no value of the model."""
_FIRST_WORD = re.compile(r"[\w-]+")


def connection_detail(text: str) -> Line | None:
    """Any other line of a connection. `text` begins behind the name, its colon and the blanks."""
    word = _FIRST_WORD.match(text)
    if word is None:
        return None
    if word[0] in _IGNORED:
        return NOTHING
    handler = _HANDLERS.get(word[0])
    return _algorithms(text) if handler is None else handler(text)
