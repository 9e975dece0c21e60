"""The two ends of a connection, in the file and in pluto's status: addresses, identities, packets.

Owns: which end of the file is which end of pluto's, and the differences between them. Must not know: the other
settings (autod.config.expected), how a status is read, sockets.

`Around` answers questions about the machine and the network (an interface, a default route, a name). If it has no
answer, the setting is not compared.
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
    """Answers about the machine and the network. Empty or None: the answer is not known."""

    @property
    def lookup(self) -> Lookup:
        """Names of protocols and services."""

    @property
    def here(self) -> bool:
        """Whether pluto lives in this network, so that `lookup` sees its routes and interfaces."""

    def addresses(self, name: str, version: int) -> Collection[str]:
        """Every address of a host name, as text."""


class EndDetail(NamedTuple):
    """One setting of an end that differs: its slot, and both values."""

    slot: str
    configured: str
    loaded: str


class Compared(NamedTuple):
    """The differences, the slots that were compared, and the side that is this machine's."""

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
    meaning: Meaning, name: str, loaded: ConnectionState, around: Around, routes: Mapping[str, str]
) -> Compared:
    """Compare the ends, left with local or right with local, whichever fits better. If the connection is not oriented,
    left is compared with local.

    `routes` has the present addresses of %defaultroute and %INTERFACE, by side, as far as they are known.
    """
    plainly = _plainly(meaning, loaded)
    if plainly is not None:
        return plainly
    straight = _one_way(meaning, name, loaded, around, routes, "left")
    if not straight.details or loaded.oriented is False:
        return straight
    crossed = _one_way(meaning, name, loaded, around, routes, "right")
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


def _plainly(meaning: Meaning, loaded: ConnectionState) -> Compared | None:
    """The result if the text of each end is just what pluto shows, so that nothing has to be interpreted; else None."""
    settings = meaning.settings
    if len(loaded.selectors) != 1 or not _UNUSUAL.isdisjoint(settings) or meaning.word("type") in NEVER:
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
    meaning: Meaning,
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
            functools.partial(_host, meaning, side, end, around, routes.get(side)),
            *(
                functools.partial(check, meaning, side, end, loaded, side == local)
                for check in (_identity, _port, _source, _next_hop)
            ),
        )
        for check in checks:
            try:
                detail = check()
            except (Unsure, Malformed):
                continue
            if detail is not None:
                slots.add(detail.slot)
                if detail.configured != detail.loaded:
                    details.append(detail)
    if loaded.kind != "group":
        details += _packets(meaning, name, loaded, around, local, slots)
    return Compared(tuple(details), frozenset(slots), local)


def _version(meaning: Meaning) -> int:
    return family(meaning.settings)


def _host(meaning: Meaning, side: str, end: End, around: Around, now: str | None) -> EndDetail | None:
    text = meaning.text(side)
    if not text or end.host == "<address>":
        return None
    loaded = end.address or end.host or "%any"
    lower = text.lower()
    if lower in _GROUPS:
        configured = _GROUPS[lower]
        return EndDetail(
            side,
            configured,
            configured if end.address is None and (end.host or "%any") == configured else loaded,
        )
    if lower.startswith("%"):
        return None if now is None else EndDetail(side, now, loaded)
    version = _version(meaning)
    try:
        configured = str(address(text, version))
    except Malformed:
        return _named_host(side, text, end, loaded, around, version)
    return EndDetail(side, configured, loaded)


def _named_host(
    side: str, text: str, end: End, loaded: str, around: Around, version: int
) -> EndDetail | None:
    """A host name: pluto shows it beside the address that it found."""
    if end.host != text:
        return EndDetail(side, text, end.host or loaded)
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


def _identity(meaning: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}id"
    if meaning.word("type") in NEVER:
        # pluto does not need an id then, and does not keep one from 5.3 on.
        return None
    loaded_id = end.id if end.id is not None else NOBODY
    if not meaning.given(slot):
        # The id is the address, if it is written as numbers; else there is none.
        text = meaning.text(side)
        try:
            configured = str(address(text, _version(meaning)))
        except Malformed:
            if not text.startswith("%"):
                return None
            configured = NOBODY if end.address is None else end.address
            return EndDetail(
                slot, configured, configured if loaded_id in (NOBODY, end.address) else loaded_id
            )
        return EndDetail(slot, configured, loaded_id)
    wanted_or_none = identity(meaning.text(slot))
    if wanted_or_none is None:
        return None
    if wanted_or_none == NOBODY:
        plain = loaded_id in (NOBODY, end.address)
        return EndDetail(slot, NOBODY, NOBODY if plain else loaded_id)
    if (
        end.id_type is not None
        and "ASN1" in end.id_type
        and "=" in wanted_or_none
        and same_name(wanted_or_none.replace(",,", "\\,"), loaded_id)
    ):
        return EndDetail(slot, loaded_id, loaded_id)
    return EndDetail(slot, wanted_or_none, loaded_id)


_NAT: Final = 4500
"""The port that an end without a port of its own shows after NAT was detected, or if the other end has its own port."""


def _port(meaning: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}ikeport"
    number = meaning.number(slot, 0)
    if number:
        if end.port is None and (end.address is None or meaning.word("type") in NEVER):
            # pluto shows it neither for an end with any address, nor for a connection that never negotiates.
            return None
        return EndDetail(slot, str(number), str(end.port or 500))
    began = loaded.up or loaded.established_ike_sa is not None or "UP" in loaded.policy
    has_own_port = any(meaning.number(f"{either}ikeport", 0) for either in _SIDES)
    floats = (
        (None, 500, _NAT)
        if began or has_own_port or meaning.word("enable-tcp", "no") != "no"
        else (None, 500)
    )
    if end.port in floats:
        return EndDetail(slot, "", "")
    return EndDetail(slot, "500", str(end.port))


def _source(meaning: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}sourceip"
    text = meaning.text(slot)
    client = any(
        meaning.given(f"{either}modecfgclient") or meaning.given(f"{either}addresspool") for either in _SIDES
    )
    if not text:
        # An address from the peer (mode config) does not come from the file.
        return None if client else EndDetail(slot, "none", end.sourceip or "none")
    words = _NETS.findall(text)
    if len(words) != 1 or len(loaded.selectors) > 1:
        return None
    return EndDetail(slot, str(address(words[0], None)), end.sourceip or "none")


def _next_hop(meaning: Meaning, side: str, end: End, loaded: ConnectionState, ours: bool) -> EndDetail | None:
    slot = f"{side}nexthop"
    text = meaning.text(slot)
    if loaded.oriented and not ours:
        return None
    if not text:
        routed = any(meaning.text(either).startswith("%") for either in _SIDES)
        return None if routed or end.nexthop is None else EndDetail(slot, "none", end.nexthop)
    if text.startswith("%"):
        return None
    configured = str(address(text, _version(meaning)))
    opposite = loaded.remote if ours else loaded.local
    return EndDetail(
        slot, configured, end.nexthop or (configured if configured == opposite.address else "none")
    )


def _packets(
    meaning: Meaning, name: str, loaded: ConnectionState, around: Around, local: str, slots: set[str]
) -> Iterator[EndDetail]:
    """The differences in the selectors of this connection, or of this pair of subnets=."""
    remote = "right" if local == "left" else "left"
    if loaded.up and any(
        meaning.flag(f"{either}modecfgclient") for either in _SIDES if meaning.given(f"{either}modecfgclient")
    ):
        return
    if loaded.up and (
        meaning.word("narrowing", "no") != "no"
        or any("%any" in meaning.text(f"{either}protoport") for either in _SIDES)
    ):
        return
    numbers = _numbers(name)
    loaded_packets = {local: {_canonical(pair.local) for pair in loaded.selectors}}
    loaded_packets[remote] = {_canonical(pair.remote) for pair in loaded.selectors}
    if not loaded.selectors:
        return
    for side, end, at in ((local, loaded.local, 0), (remote, loaded.remote, 1)):
        try:
            configured, slot = _configured(
                meaning, side, end, around, numbers, at if local == "left" else 1 - at
            )
        except (Unsure, Malformed, ValueError):
            continue
        if configured is None:
            continue
        slots |= {f"{side}subnet", f"{side}subnets", f"{side}protoport"}
        have = loaded_packets[side]
        if slot.endswith("addresspool"):
            have = {(_range(packets[0]), *packets[1:]) if packets is not None else None for packets in have}
        if configured != have:
            yield EndDetail(slot, _spell(configured), _spell(have))


def _numbers(name: str) -> tuple[int, int] | None:
    """The numbers of the pair in `name/1x2`."""
    pair = re.search(r"/(\d+)x(\d+)\Z", name)
    return (int(pair[1]), int(pair[2])) if pair else None


_Packets = tuple[str, int, int]


def _configured(
    meaning: Meaning, side: str, end: End, around: Around, numbers: tuple[int, int] | None, at: int
) -> tuple[set[_Packets | None] | None, str]:
    """The packets that the end should show, and the setting that they come from. `at`: the end's index in `numbers`."""
    pair = f"{side}protoport"
    protocol, port = 0, 0
    if meaning.given(pair):
        ports = protoport(meaning.text(pair), names_of(around.lookup))
        protocol, port = ports.protocol, ports.port
    expanded = meaning.given("leftsubnets") or meaning.given("rightsubnets")
    number = numbers[at] if numbers is not None and expanded else 0
    nets: list[str]
    slot = f"{side}subnet"
    if number:
        slot = f"{side}subnets"
        items = _NETS.findall(meaning.text(slot))
        if number > len(items):
            return None, slot
        nets = [items[number - 1]]
    else:
        nets = _NETS.findall(meaning.text(slot)) if meaning.given(slot) else []
    if nets and nets[0].startswith(("vhost:", "vnet:")):
        return None, slot
    if meaning.given(f"{side}addresspool"):
        return _pool(meaning, side), f"{side}addresspool"
    blocks = [_net(net, meaning) for net in nets]
    if not blocks and meaning.given(f"{side}sourceip") and meaning.old:
        blocks = [subnet_of(address(meaning.text(f"{side}sourceip"), None))]
        slot = f"{side}sourceip"
    if not blocks:
        if end.address is None:
            return ({None} if not protocol else None), pair if protocol else slot
        return {_plain(end.address, protocol, port)}, pair if protocol else slot
    return {(f"{block.address}/{block.bits}", protocol, port) for block in blocks}, slot


def _net(text: str, meaning: Meaning) -> Block:
    if "/" not in text and not meaning.old:
        return subnet_of(address(text, None))
    return subnet(text, None)


def _pool(meaning: Meaning, side: str) -> set[_Packets | None] | None:
    """From 5.0 on pluto shows the pool in the place of the network. Before, it shows nothing there."""
    if meaning.old:
        return None
    pools = _NETS.findall(meaning.text(f"{side}addresspool"))
    return None if len(pools) != 1 else {(_range(pools[0]), 0, 0)}


def _range(text: str) -> str:
    pool = range_(text)
    return f"{pool.first}-{pool.last}"


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
    return (
        ", ".join(sorted("any" if selector is None else _spell_one(selector) for selector in packets))
        or "none"
    )


def _spell_one(packets: _Packets) -> str:
    net, protocol, port = packets
    name = next((word for word, number in _PROTOCOLS.items() if number == protocol), str(protocol)).lower()
    return net if not protocol else f"{net} {name}/{port or '%any'}"


_FLAGS: Final = re.compile(r"\[(?:[^\]]*[^,\]],)?(?:MS)?(?:\+MC)?(?:\+CAT)?(?:\+XS)?(?:\+XC)?\+S([-?=])C\]")
_SENDCERT: Final = {"-": "never", "?": "sendifasked", "=": "always"}


def sendcerts(ends: str) -> Mapping[str, str]:
    """`our sendcert` and `their sendcert` from the line that draws the ends (up to 5.3): `[@west,+S-C]`."""
    local, dots, remote = ends.partition("...")
    if not dots or remote.count("...") > 0:
        return {}
    words = {}
    for word, text in (("our sendcert", local), ("their sendcert", remote)):
        flags = _FLAGS.search(text)
        words[word] = _SENDCERT[flags[1]] if flags else "always"
    return words
