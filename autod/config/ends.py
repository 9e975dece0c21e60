"""The two ends of a connection, as a file has them and as pluto shows them: addresses, identities, packets.

Owns: which end of the file is which of pluto's, and what differs between them. Must not know: the other settings
(autod.config.expected), how a status is read, sockets.

What only the machine or the network can tell (an interface, a default route, a name) is asked of `Around`, and left
alone where nobody can say.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from autod.config.identities import NOBODY, identity, same_name
from autod.config.meaning import NEVER, Meaning, Unsure
from autod.protocol.connection.addresses import (
    Block,
    address,
    protoport,
    range_,
    subnet,
    subnet_of,
)
from autod.protocol.connection.ends import family
from autod.protocol.connection.names import names_of
from autod.protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from autod.config.model import Setting
    from autod.protocol.connection.lookup import Lookup
    from autod.status import ConnectionState, End, Selector

__all__ = ["Around", "EndDetail", "compare_ends", "sendcerts"]


class Around(Protocol):
    """What the machine and the network say. Empty or None: nobody can tell here."""

    @property
    def lookup(self) -> Lookup:
        """Names of protocols and services."""

    @property
    def here(self) -> bool:
        """Whether pluto lives in this network: its routes and interfaces are those that `lookup` sees."""

    def addresses(self, name: str, version: int) -> Collection[str]:
        """Every address of a host name, as text."""


class EndDetail(NamedTuple):
    """One setting of an end that differs: its slot, and both values."""

    slot: str
    configured: str
    loaded: str


class Compared(NamedTuple):
    """What differs, which slots were compared, and which side is this machine's."""

    details: tuple[EndDetail, ...]
    slots: frozenset[str]
    local: str


_NETS: Final = re.compile(r"[^ \t,]+")
_SIDES: Final = ("left", "right")
_GROUPS: Final = {
    "%group": "%group",
    "%opportunistic": "%opportunistic",
    "%oppo": "%opportunistic",
    "%opportunisticgroup": "%opportunisticgroup",
    "%oppogroup": "%opportunisticgroup",
    "%any": "%any",
    "%": "%any",
    "%any6": "%any",
}


def compare_ends(
    said: Meaning, name: str, loaded: ConnectionState, around: Around, routes: Mapping[str, str]
) -> Compared:
    """Hold the ends against each other, the way round that fits best; as the file has them where pluto says so.

    `routes` has the addresses that %defaultroute and %INTERFACE come to now, by side, where that is known.
    """
    plainly = _plainly(said, loaded)
    if plainly is not None:
        return plainly
    straight = _one_way(said, name, loaded, around, routes, "left")
    if not straight.details or loaded.oriented is False:
        return straight
    crossed = _one_way(said, name, loaded, around, routes, "right")
    return crossed if len(crossed.details) < len(straight.details) else straight


_UNUSUAL: Final = frozenset(
    f"{side}{slot}"
    for side in ("left", "right")
    for slot in ("subnets", "protoport", "addresspool", "sourceip", "nexthop", "ikeport")
)
_PLAIN: Final = frozenset(
    f"{side}{slot}"
    for side in ("left", "right")
    for slot in ("", "id", "subnet", "subnets", "protoport", "ikeport")
)


def _plainly(said: Meaning, loaded: ConnectionState) -> Compared | None:
    """The answer where nothing needs to be understood: each end is written just as pluto shows it."""
    settings = said.settings
    if len(loaded.selectors) != 1 or not _UNUSUAL.isdisjoint(settings) or said.word("type") in NEVER:
        return None
    (pair,) = loaded.selectors
    ends = ((loaded.local, pair.local), (loaded.remote, pair.remote))
    for local, sides in (("left", ("left", "right")), ("right", ("right", "left"))):
        if all(_is_plain(settings, side, *end) for side, end in zip(sides, ends, strict=True)):
            return Compared((), _PLAIN, local)
        if loaded.oriented is False:
            return None
    return None


def _is_plain(settings: Mapping[str, Setting], side: str, end: End, packets: Selector | None) -> bool:
    host = settings.get(side)
    if host is None or end.address is None or host.text != end.address or packets is None:
        return False
    if end.host is not None or end.port is not None or end.nexthop is not None or end.sourceip is not None:
        return False
    identity_ = settings.get(f"{side}id")
    if (host if identity_ is None else identity_).text != end.id:
        return False
    subnet_ = settings.get(f"{side}subnet")
    return packets.protocol is None and packets.net == (host if subnet_ is None else subnet_).text


def _one_way(
    said: Meaning,
    name: str,
    loaded: ConnectionState,
    around: Around,
    routes: Mapping[str, str],
    local: str,
) -> Compared:
    details: list[EndDetail] = []
    slots: set[str] = set()
    remote = "right" if local == "left" else "left"
    ends = {local: loaded.local, remote: loaded.remote}
    for side, end in ends.items():
        checks = (
            functools.partial(_host, said, side, end, around, routes.get(side)),
            *(
                functools.partial(check, said, side, end, loaded, side == local)
                for check in (_identity, _port, _source, _next_hop)
            ),
        )
        for check in checks:
            try:
                found = check()
            except (Unsure, Malformed):
                continue
            if found is not None:
                slots.add(found.slot)
                if found.configured != found.loaded:
                    details.append(found)
    if loaded.kind != "group":
        details += _packets(said, name, loaded, around, local, slots)
    return Compared(tuple(details), frozenset(slots), local)


def _version(said: Meaning) -> int:
    return family(said.settings)


def _host(said: Meaning, side: str, end: End, around: Around, now: str | None) -> EndDetail | None:
    text = said.text(side)
    if not text or end.host == "<address>":
        return None
    shown = end.address or end.host or "%any"
    lower = text.lower()
    if lower in _GROUPS:
        wanted = _GROUPS[lower]
        return EndDetail(
            side, wanted, wanted if end.address is None and (end.host or "%any") == wanted else shown
        )
    if lower.startswith("%"):
        return None if now is None else EndDetail(side, now, shown)
    version = _version(said)
    try:
        wanted = str(address(text, version))
    except Malformed:
        return _named_host(side, text, end, shown, around, version)
    return EndDetail(side, wanted, shown)


def _named_host(side: str, text: str, end: End, shown: str, around: Around, version: int) -> EndDetail | None:
    """A name: pluto shows it beside the address that it found."""
    if end.host != text:
        return EndDetail(side, text, end.host or shown)
    if end.address is None:
        now = around.addresses(text, version)
        return (
            EndDetail(side, min(now), f"{text}, which had no address") if now else EndDetail(side, text, text)
        )
    now = around.addresses(text, version)
    if not now:
        return None
    return EndDetail(side, text if end.address in now else f"{text}, now {min(now)}", _with(text, end, now))


def _with(text: str, end: End, now: Collection[str]) -> str:
    return text if end.address in now else f"{text}, {end.address} then"


def _identity(said: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}id"
    if said.word("type") in NEVER:
        # pluto needs none, and keeps none from 5.3 on.
        return None
    shown = end.id if end.id is not None else NOBODY
    if not said.given(slot):
        # Its address, if it is written out; else none.
        text = said.text(side)
        try:
            wanted = str(address(text, _version(said)))
        except Malformed:
            if not text.startswith("%"):
                return None
            wanted = NOBODY if end.address is None else end.address
            return EndDetail(slot, wanted, wanted if shown in (NOBODY, end.address) else shown)
        return EndDetail(slot, wanted, shown)
    wanted_or_none = identity(said.text(slot))
    if wanted_or_none is None:
        return None
    if wanted_or_none == NOBODY:
        plain = shown in (NOBODY, end.address)
        return EndDetail(slot, NOBODY, NOBODY if plain else shown)
    if (
        end.id_type is not None
        and "ASN1" in end.id_type
        and "=" in wanted_or_none
        and same_name(wanted_or_none.replace(",,", "\\,"), shown)
    ):
        return EndDetail(slot, shown, shown)
    return EndDetail(slot, wanted_or_none, shown)


_NAT: Final = 4500
"""What an end without a port of its own shows once NAT was found, or where the other end has one of its own."""


def _port(said: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}ikeport"
    number = said.number(slot, 0)
    if number:
        if end.port is None and (end.address is None or said.word("type") in NEVER):
            # It is not shown of an end that may be anyone, nor of one that never negotiates.
            return None
        return EndDetail(slot, str(number), str(end.port or 500))
    began = loaded.up or loaded.established_ike_sa is not None or "UP" in loaded.policy
    other = any(said.number(f"{one}ikeport", 0) for one in _SIDES)
    floats = (None, 500, _NAT) if began or other or said.word("enable-tcp", "no") != "no" else (None, 500)
    if end.port in floats:
        return EndDetail(slot, "", "")
    return EndDetail(slot, "500", str(end.port))


def _source(said: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}sourceip"
    text = said.text(slot)
    client = any(said.given(f"{one}modecfgclient") or said.given(f"{one}addresspool") for one in _SIDES)
    if not text:
        # What a peer gave this end (mode config) is not the file's.
        return None if client else EndDetail(slot, "none", end.sourceip or "none")
    words = _NETS.findall(text)
    if len(words) != 1 or len(loaded.selectors) > 1:
        return None
    return EndDetail(slot, str(address(words[0], None)), end.sourceip or "none")


def _next_hop(said: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}nexthop"
    text = said.text(slot)
    if loaded.oriented and not ours:
        return None
    if not text:
        routed = any(said.text(one).startswith("%") for one in _SIDES)
        return None if routed or end.nexthop is None else EndDetail(slot, "none", end.nexthop)
    if text.startswith("%"):
        return None
    wanted = str(address(text, _version(said)))
    other = loaded.remote if ours else loaded.local
    return EndDetail(slot, wanted, end.nexthop or (wanted if wanted == other.address else "none"))


def _packets(
    said: Meaning, name: str, loaded: ConnectionState, around: Around, local: str, slots: set[str]
) -> Iterator[EndDetail]:
    """Which packets: the selectors of this connection, or of this pair of subnets=."""
    remote = "right" if local == "left" else "left"
    if loaded.up and any(
        said.flag(f"{one}modecfgclient") for one in _SIDES if said.given(f"{one}modecfgclient")
    ):
        return
    if loaded.up and (
        said.word("narrowing", "no") != "no" or any("%any" in said.text(f"{one}protoport") for one in _SIDES)
    ):
        return
    numbers = _numbers(name)
    shown = {local: {_canonical(pair.local) for pair in loaded.selectors}}
    shown[remote] = {_canonical(pair.remote) for pair in loaded.selectors}
    if not loaded.selectors:
        return
    for side, end, at in ((local, loaded.local, 0), (remote, loaded.remote, 1)):
        try:
            wanted, slot = _wanted(said, side, end, around, numbers, at if local == "left" else 1 - at)
        except (Unsure, Malformed, ValueError):
            continue
        if wanted is None:
            continue
        slots |= {f"{side}subnet", f"{side}subnets", f"{side}protoport"}
        have = shown[side]
        if slot.endswith("addresspool"):
            have = {(_range(one[0]), *one[1:]) if one is not None else None for one in have}
        if wanted != have:
            yield EndDetail(slot, _spell(wanted), _spell(have))


def _numbers(name: str) -> tuple[int, int] | None:
    """The numbers of the pair in `name/1x2`."""
    found = re.search(r"/(\d+)x(\d+)\Z", name)
    return (int(found[1]), int(found[2])) if found else None


_Packets = tuple[str, int, int]


def _wanted(
    said: Meaning, side: str, end: End, around: Around, numbers: tuple[int, int] | None, at: int
) -> tuple[set[_Packets | None] | None, str]:
    """What the end should show, and which setting says so. `at`: its place in the pair's numbers."""
    pair = f"{side}protoport"
    protocol, port = 0, 0
    if said.given(pair):
        found = protoport(said.text(pair), names_of(around.lookup))
        protocol, port = found.protocol, found.port
    expanded = said.given("leftsubnets") or said.given("rightsubnets")
    number = numbers[at] if numbers is not None and expanded else 0
    nets: list[str]
    slot = f"{side}subnet"
    if number:
        slot = f"{side}subnets"
        items = _NETS.findall(said.text(slot))
        if number > len(items):
            return None, slot
        nets = [items[number - 1]]
    else:
        nets = _NETS.findall(said.text(slot)) if said.given(slot) else []
    if nets and nets[0].startswith(("vhost:", "vnet:")):
        return None, slot
    if said.given(f"{side}addresspool"):
        return _pool(said, side), f"{side}addresspool"
    blocks = [_net(net, said) for net in nets]
    if not blocks and said.given(f"{side}sourceip") and said.old:
        blocks = [subnet_of(address(said.text(f"{side}sourceip"), None))]
        slot = f"{side}sourceip"
    if not blocks:
        if end.address is None:
            return ({None} if not protocol else None), pair if protocol else slot
        return {_plain(end.address, protocol, port)}, pair if protocol else slot
    return {(f"{block.address}/{block.bits}", protocol, port) for block in blocks}, slot


def _net(text: str, said: Meaning) -> Block:
    if "/" not in text and not said.old:
        return subnet_of(address(text, None))
    return subnet(text, None)


def _pool(said: Meaning, side: str) -> set[_Packets | None] | None:
    """From 5.0 on the pool stands where the network would; before, nothing does."""
    if said.old:
        return None
    pools = _NETS.findall(said.text(f"{side}addresspool"))
    return None if len(pools) != 1 else {(_range(pools[0]), 0, 0)}


def _range(text: str) -> str:
    found = range_(text)
    return f"{found.first}-{found.last}"


def _plain(host: str, protocol: int, port: int) -> _Packets:
    return (f"{host}/{128 if ':' in host else 32}", protocol, port)


_PROTOCOLS: Final = {
    "ICMP": 1, "IGMP": 2, "IPIP": 4, "IPV4": 4, "TCP": 6, "UDP": 17, "RSVP": 46, "GRE": 47, "ESP": 50, "AH": 51,
    "IPV6-ICMP": 58, "OSPF": 89, "PIM": 103, "VRRP": 112, "L2TP": 115, "SCTP": 132,
}  # fmt: skip
_ANY_PORT: Final = (None, "", "0-65535", "%any", "0")


def _canonical(chosen: Selector | None) -> _Packets | None:
    if chosen is None:
        return None
    net = chosen.net
    if "/" not in net and re.fullmatch(r"[0-9A-Fa-f:.]+", net):
        net = f"{net}/{128 if ':' in net else 32}"
    word = (chosen.protocol or "").upper()
    protocol = int(word) if word.isdecimal() else _PROTOCOLS.get(word, -1 if word else 0)
    port = chosen.port
    return (net, protocol, 0 if port in _ANY_PORT else int(port) if port and port.isdecimal() else -1)


def _spell(packets: Collection[_Packets | None]) -> str:
    return ", ".join(sorted("any" if one is None else _spell_one(one) for one in packets)) or "none"


def _spell_one(packets: _Packets) -> str:
    net, protocol, port = packets
    name = next((word for word, number in _PROTOCOLS.items() if number == protocol), str(protocol)).lower()
    return net if not protocol else f"{net} {name}/{port or '%any'}"


_FLAGS: Final = re.compile(r"\[(?:[^\]]*[^,\]],)?(?:MS)?(?:\+MC)?(?:\+CAT)?(?:\+XS)?(?:\+XC)?\+S([-?=])C\]")
_SENDCERT: Final = {"-": "never", "?": "sendifasked", "=": "always"}


def sendcerts(ends: str) -> Mapping[str, str]:
    """`our sendcert` and `their sendcert` out of the line that draws the ends (to 5.3): `[@west,+S-C]`."""
    local, dots, remote = ends.partition("...")
    if not dots or remote.count("...") > 0:
        return {}
    words = {}
    for word, text in (("our sendcert", local), ("their sendcert", remote)):
        found = _FLAGS.search(text)
        words[word] = _SENDCERT[found[1]] if found else "always"
    return words
