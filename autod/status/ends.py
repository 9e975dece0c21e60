"""The line that draws the two ends of a connection, of every release, as fields of the model.

Owns: hosts, next hops, selectors and how they are put together. Must not know: a connection's other lines.

    10.1.1.1/32===192.1.2.45<192.1.2.45>[@west]...192.1.2.23[@east]===10.2.1.1/32; erouted; eroute owner: #4
    10.1.1.1/32===192.1.2.45[@west]---192.1.2.254...%any[@east]; unrouted; my_ip=unset; their_ip=unset;
"""

from __future__ import annotations

import re
from typing import NamedTuple

from autod.status.model import Selector, SelectorPair
from autod.status.sas import Fields, number, octets
from autod.status.words import ROUTING

__all__ = ["NOTHING", "BriefLine", "Line", "brief_line", "connection_topology", "selector", "told"]

_NO_FIELDS: Fields = {}


class Line(NamedTuple):
    """The values in one line about a connection and its two ends."""

    connection: Fields
    local: Fields = _NO_FIELDS
    remote: Fields = _NO_FIELDS
    selectors: SelectorPair | None = None


NOTHING = Line({})
"""A line that is known, but holds no value of the model."""

_SELECTOR = re.compile(r"([^/]+(?:/\d+)?)(?:[:/]([A-Za-z][\w-]*|\d+)(?:/(.+))?)?")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PROTOPORT = re.compile(r":(\d+)/(\d+|%any)$")
_WRAPPED = re.compile(r"\[([^\]]*)\](?::(\d+))?(.*)")
_TOPOLOGY = re.compile(r"(.*); ([^;]*); (?:eroute owner: #(\d+)|my_ip=([^;]*); their_ip=([^;]*);)")
_BRIEF = re.compile(
    r"([^\t]*?) <==> ([^\t]*)\tfrom ([^\t ]*) to ([^\t ]*) \(([^/\t]*)/([^)\t]*)\)"
    r'\t"([^"]*)"((?:\[\d+\])*).*?, reqid=(\d+)'
)
_UNSET = frozenset(("", "unset", "(none)", "%none", "[any]", "<unset>"))


def told(text: str | None) -> str | None:
    return None if text is None or text in _UNSET else text


def selector(text: str) -> Selector | None:
    """`10.1.0.0/16`, `10.1.0.0/16:TCP/80` (4.x), `10.1.0.0/16/TCP/80` (5.x), `{0.0.0.0/0}`, `vnet:?`."""
    inner = text.removeprefix("{").removesuffix("}")
    if not inner:
        return None
    match = None if inner.endswith("?") else _SELECTOR.fullmatch(inner)
    if match is None or match[2] is None:
        return Selector(inner)
    return Selector(match[1], match[2], match[3])


def _host(text: str) -> tuple[Fields, tuple[str, str] | None]:
    """`192.1.2.45:4500<west.example>[@west,+MC+S=C]:17/1701`: the end's fields, protocol and port (3.x)."""
    plain = text.removesuffix("]").partition("[")[0] if text[-1:] == "]" else text
    if _ADDRESS.fullmatch(plain) is not None:
        return {"address": plain}, None
    fields: Fields = {}
    protoport = None
    ports = _PROTOPORT.search(text)
    if ports is not None:
        protoport = (ports[1], ports[2])
        text = text[: ports.start()]
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
    """The two ends around the dots. Dots within the brackets of an id do not count."""
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


def _parts(text: str) -> tuple[str, str, str | None, str | None, str | None] | None:
    """The ends, the routing, and its owner (to 4.15) or the source addresses (5.x). An id may hold semicolons."""
    match text.split("; "):
        case [topology, routing, owner] if owner.startswith("eroute owner: #"):
            return topology, routing, owner[15:], None, None
        case [topology, routing, mine, theirs] if mine.startswith("my_ip=") and theirs.startswith(
            "their_ip="
        ):
            return topology, routing, None, mine[6:], theirs[9:].removesuffix(";")
    match = _TOPOLOGY.fullmatch(text)
    return None if match is None else (match[1], match[2], match[3], match[4], match[5])


def connection_topology(text: str) -> Line | None:
    """The line that draws the ends: one line for each pair of selectors. `text` begins behind the name's colon."""
    parts = _parts(text)
    if parts is None or "..." not in parts[0]:
        return None
    topology, routing, owner, my_ip, their_ip = parts
    connection: Fields = {}
    left, right = _divide(topology)
    local, ours = _left(left)
    remote, theirs = _right(right)
    connection["routing"] = ROUTING.get(routing, "unknown")
    if routing == "unoriented":
        connection["oriented"] = False
    if owner is not None:
        connection["routing_owner"] = number(owner) or None
    if told(my_ip) is not None:
        local["sourceip"] = my_ip
    if told(their_ip) is not None:
        remote["sourceip"] = their_ip
    return Line(connection, local, remote, SelectorPair(ours, theirs))


class BriefLine(NamedTuple):
    """A line of --briefconnectionstatus (5.x)."""

    name: str
    brackets: str
    line: Line


def brief_line(text: str) -> BriefLine | None:
    r"""`10.1.1.1/32 <==> 10.2.1.1/32\tfrom 192.1.2.45 to 192.1.2.23 (0B/0B)\t"t01", reqid=16420`."""
    match = _BRIEF.fullmatch(text)
    if match is None:
        return None
    ours, theirs, left, right, incoming, outgoing, name, brackets, reqid = match.groups()
    local, _ = _host(left)
    remote, _ = _host(right)
    connection: Fields = {
        "bytes_in": octets(incoming),
        "bytes_out": octets(outgoing),
        "reqid": number(reqid),
    }
    return BriefLine(
        name, brackets, Line(connection, local, remote, SelectorPair(selector(ours), selector(theirs)))
    )
