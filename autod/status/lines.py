"""Lines about connections, of every release: what one line tells, as fields of the model.

Owns: the shapes of the lines that begin with a connection's name in --status, --connectionstatus and
--briefconnectionstatus. Must not know: SAs' lines (sas.py), how a connection's lines are joined (parse.py).

    "t01": 10.1.1.1/32===192.1.2.45<192.1.2.45>[@west]...192.1.2.23[@east]===10.2.1.1/32; erouted; ...
    "t01":     oriented; my_ip=unset; their_ip=unset; my_updown=ipsec _updown;                 3.x, 4.x
    "t01":   host: oriented; local: 192.1.2.45; remote: 192.1.2.23; established IKE SA: #3;    5.x
    "t01":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from autod.status.model import Selector, SelectorPair
from autod.status.sas import Fields, number, octets
from autod.status.words import ROUTING

__all__ = [
    "NOTHING",
    "BriefLine",
    "Line",
    "brief_line",
    "connection_detail",
    "connection_topology",
    "selector",
]


_NO_FIELDS: Fields = {}


class Line(NamedTuple):
    """What one line tells about a connection and its two ends."""

    connection: Fields
    local: Fields = _NO_FIELDS
    remote: Fields = _NO_FIELDS
    selectors: SelectorPair | None = None


NOTHING = Line({})
"""A line that is known, and tells nothing the model holds."""

_AUTHBY = ("PSK", "RSASIG", "ECDSA", "EDDSA", "EAPONLY", "AUTHNULL", "AUTH_", "NULL", "NEVER")
_SELECTOR = re.compile(r"([^/]+(?:/\d+)?)(?:[:/]([A-Za-z][\w-]*|\d+)(?:/(.+))?)?")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PROTOPORT = re.compile(r":(\d+)/(\d+|%any)$")
_WRAPPED = re.compile(r"\[([^\]]*)\](?::(\d+))?(.*)")
_IDS = re.compile(r"our idtype: (.*?); our id=(.*?); their idtype: (.*?); their id=(.*)")
_OWNER = re.compile(r"(negotiating|established) (IKE|ISAKMP|Child|IPsec) SA: #(\d+)")
_ROUTING_OWNER = re.compile(r"owner: [^;#]*#(\d+)")
_SERIAL = re.compile(r"conn serial: \$(\d+)(?:, instantiated from: \$(\d+))?")
_NEWEST = re.compile(r"newest (?:ISAKMP|IKE) SA: #(\d+); newest IPsec SA: #(\d+)")
_XAUTH = re.compile(r"xauth us:([^,]*), xauth them:([^,]*),.*? my_username=(.*?); their_username=(.*)")
_AUTH = re.compile(r"our auth:(.*?), their auth:(.*?)(?:, our autheap:(\w+), their autheap:(\w+).*)?;?")
_MODECFG = re.compile(r"modecfg info: us:([^,]*), them:([^,]*),.*")
_TOPOLOGY = re.compile(r"(.*); ([^;]*); (?:eroute owner: #(\d+)|my_ip=([^;]*); their_ip=([^;]*);)")
_BRIEF = re.compile(
    r"([^\t]*?) <==> ([^\t]*)\tfrom ([^\t ]*) to ([^\t ]*) \(([^/\t]*)/([^)\t]*)\)"
    r'\t"([^"]*)"((?:\[\d+\])*).*?, reqid=(\d+)'
)
_SA_WORDS = {"IKE": "ike", "ISAKMP": "ike", "Child": "child", "IPsec": "child"}
_UNSET = frozenset(("", "unset", "(none)", "%none", "[any]", "<unset>"))


def selector(text: str) -> Selector | None:
    """`10.1.0.0/16`, `10.1.0.0/16:TCP/80` (4.x), `10.1.0.0/16/TCP/80` (5.x), `{0.0.0.0/0}`, `vnet:?`."""
    inner = text.removeprefix("{").removesuffix("}")
    if not inner:
        return None
    found = None if inner.endswith("?") else _SELECTOR.fullmatch(inner)
    if found is None or found[2] is None:
        return Selector(inner)
    return Selector(found[1], found[2], found[3])


def _seconds(text: str) -> int | None:
    return number(text.removesuffix("s"))


def _serial(text: str | None) -> int | None:
    return number(text) or None


def _told(text: str | None) -> str | None:
    return None if text is None or text in _UNSET else text


def _pairs(text: str) -> dict[str, str]:
    """`a: 1; b:2; c;` by its keys."""
    pairs = {}
    for item in text.split(";"):
        key, colon, value = item.partition(":")
        if colon:
            pairs[key.strip()] = value.strip()
    return pairs


def _host(text: str) -> tuple[Fields, tuple[str, str] | None]:
    """`192.1.2.45:4500<west.example>[@west,+MC+S=C]:17/1701`: the end's fields, protocol and port (3.x)."""
    plain = text.removesuffix("]").partition("[")[0] if text[-1:] == "]" else text
    if _ADDRESS.fullmatch(plain) is not None:
        return {"address": plain}, None
    fields: Fields = {}
    protoport = None
    found = _PROTOPORT.search(text)
    if found is not None:
        protoport = (found[1], found[2])
        text = text[: found.start()]
    if (wrapped := _WRAPPED.match(text)) is not None:
        host, port, text = wrapped[1], wrapped[2], wrapped[3]
        name = text.partition("<")[2].partition(">")[0] if text.startswith("<") else ""
    else:
        host, _, _ = text.partition("[")
        host, angle, name = host.partition("<")
        if not host and name.startswith("address>"):  # logip=no
            return {"host": "<address>"}, protoport
        name, _, port = name.partition(">") if angle else ("", "", "")
        port = port.removeprefix(":")
        if not port and host.count(":") == 1:
            host, _, port = host.partition(":")
    if port:
        fields["port"] = number(port)
    if host.startswith("%"):
        fields["host"] = name if host == "%dns" and name else host
    else:
        fields["address"] = host or None
        if name and name != host:
            fields["host"] = name
    return fields, protoport


def _divide(topology: str) -> tuple[str, str]:
    """The two ends around the dots; dots within the brackets of an id do not count."""
    first = at = topology.find("...")
    while at >= 0:
        if topology.count("[", 0, at) == topology.count("]", 0, at):
            return topology[:at], topology[at + 3 :]
        at = topology.find("...", at + 1)
    return (topology[:first], topology[first + 3 :]) if first >= 0 else (topology, "")


def _left(text: str) -> tuple[Fields, Selector | None]:
    client = ""
    bars, bracket = text.find("==="), text.find("[")
    if bars >= 0 and (bracket < 0 or bars < bracket):
        client, text = text[:bars], text[bars + 3 :]
    hop = text.rfind("---")
    nexthop = None
    if hop > text.rfind("]"):
        nexthop, text = text[hop + 3 :], text[:hop]
    return _end(text, nexthop, client)


def _right(text: str) -> tuple[Fields, Selector | None]:
    client = ""
    bars = text.rfind("===")
    if bars > text.rfind("]"):
        client, text = text[bars + 3 :], text[:bars]
    hop, bracket = text.find("---"), text.find("[")
    nexthop = None
    if hop >= 0 and (bracket < 0 or hop < bracket):
        nexthop, text = text[:hop], text[hop + 3 :]
    return _end(text, nexthop, client)


def _end(text: str, nexthop: str | None, client: str) -> tuple[Fields, Selector | None]:
    fields, protoport = _host(text)
    if nexthop:
        fields["nexthop"] = nexthop
    chosen = selector(client)
    if chosen is None and fields.get("address") is not None:
        chosen = Selector(fields["address"])
    if chosen is not None and protoport is not None:
        chosen = Selector(chosen.net, *protoport)
    return fields, chosen


def connection_topology(text: str) -> Line | None:
    """The line that draws the ends; one for each pair of selectors. `text` is what follows the name's colon."""
    found = _TOPOLOGY.fullmatch(text)
    if found is None or "..." not in found[1]:
        return None
    topology, routing, owner, my_ip, their_ip = found.groups()
    connection: Fields = {}
    left, right = _divide(topology)
    local, ours = _left(left)
    remote, theirs = _right(right)
    connection["routing"] = ROUTING.get(routing, "unknown")
    if routing == "unoriented":
        connection["oriented"] = False
    if owner is not None:
        connection["routing_owner"] = _serial(owner)
    if _told(my_ip) is not None:
        local["sourceip"] = my_ip
    if _told(their_ip) is not None:
        remote["sourceip"] = their_ip
    return Line(connection, local, remote, SelectorPair(ours, theirs))


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
        if end is not None and (told := _told(value)) is not None:
            end[field] = told
    return Line({"oriented": text.startswith("oriented")}, local, remote)


def _host_line(text: str) -> Line:
    """5.x; its addresses are those of the topology, with the next hop beside them."""
    pairs = _pairs(text)
    local: Fields = {}
    remote: Fields = {}
    for key, end in (("nexthop", local), ("leftnexthop", local), ("rightnexthop", remote)):
        if key in pairs:
            end["nexthop"] = pairs[key]
    return Line({"oriented": pairs.get("host") == "oriented", **_owners(text)}, local, remote)


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
    found = _NEWEST.match(text)
    if found is not None:
        fields["established_ike_sa"] = _serial(found[1])
        fields["established_child_sa"] = _serial(found[2])
    return Line(fields)


def _conn(text: str) -> Line:
    found = _SERIAL.search(text)
    if found is None:
        return NOTHING
    return Line({"serial": _serial(found[1]), "template_serial": _serial(found[2])})


def _xauth(text: str) -> Line:
    found = _XAUTH.match(text)
    if found is None:
        return NOTHING
    return Line(
        {},
        {"xauth": found[1], "username": _told(found[3])},
        {"xauth": found[2], "username": _told(found[4])},
    )


def _our(text: str) -> Line:
    found = _IDS.fullmatch(text)
    if found is not None:
        mine, mine_id, peer, peer_id = found.groups()
        return Line(
            {},
            {"id_type": _told(mine.removeprefix("ID_")), "id": _told(mine_id)},
            {"id_type": _told(peer.removeprefix("ID_")), "id": _told(peer_id)},
        )
    found = _AUTH.fullmatch(text)
    if found is None:
        return NOTHING
    ours, theirs, our_eap, their_eap = found.groups()
    return Line({}, {"auth": ours, "eap": our_eap}, {"auth": theirs, "eap": their_eap})


def _modecfg(text: str) -> Line:
    found = _MODECFG.match(text)
    return NOTHING if found is None else Line({}, {"modecfg": found[1]}, {"modecfg": found[2]})


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
    return Line({"interface": _told(_pairs(text).get("interface", ""))})


def _reqid(text: str) -> Line:
    return Line({"reqid": _serial(text.removeprefix("reqid: ").removesuffix(";"))})


def _aliases(text: str) -> Line:
    return Line({"aliases": tuple(text.removeprefix("aliases: ").split())})


def _label(text: str) -> Line:
    return Line({"security_label": _told(text.partition(":")[2].removesuffix(";"))})


def _certificates(text: str) -> Line:
    local: Fields = {}
    remote: Fields = {}
    for item in text.split("; "):
        key, _, value = item.removesuffix(";").partition("=")
        (local if key == "mycert" else remote)["certificate"] = value
    return Line({}, local, remote)


def _algorithms(text: str) -> Line | None:
    """`IKEv2 algorithm newest: ...`, `ESP algorithm newest: ...; pfsgroup=...`; what is configured beside it."""
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
"""Lines that are known and hold nothing of the model."""
_FIRST_WORD = re.compile(r"[\w-]+")


def connection_detail(text: str) -> Line | None:
    """Any other line of a connection; `text` is what follows the name, its colon and the blanks."""
    word = _FIRST_WORD.match(text)
    if word is None:
        return None
    if word[0] in _IGNORED:
        return NOTHING
    handler = _HANDLERS.get(word[0])
    return _algorithms(text) if handler is None else handler(text)


class BriefLine(NamedTuple):
    """A line of --briefconnectionstatus (5.x)."""

    name: str
    brackets: str
    line: Line


def brief_line(text: str) -> BriefLine | None:
    r"""`10.1.1.1/32 <==> 10.2.1.1/32\tfrom 192.1.2.45 to 192.1.2.23 (0B/0B)\t"t01", reqid=16420`."""
    found = _BRIEF.fullmatch(text)
    if found is None:
        return None
    ours, theirs, left, right, incoming, outgoing, name, brackets, reqid = found.groups()
    local, _ = _host(left)
    remote, _ = _host(right)
    connection: Fields = {
        "bytes_in": octets(incoming),
        "bytes_out": octets(outgoing),
        "reqid": _serial(reqid),
    }
    return BriefLine(
        name, brackets, Line(connection, local, remote, SelectorPair(selector(ours), selector(theirs)))
    )
