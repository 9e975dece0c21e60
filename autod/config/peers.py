"""A comparison of two configurations as the two ends of the same tunnels. Pure.

Owns: which connection of one belongs to which of the other, and their mismatches. Must not know: pluto, the machine,
how a file is read. A value that depends on the machine or the network (a name, a default route) matches any value.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from autod.config.choose import auto
from autod.config.expected import has_pool, ike_version, is_never
from autod.config.identities import NOBODY, identity, same_name
from autod.config.meaning import Meaning, Unsure
from autod.config.policy import groups_of
from autod.config.proposals import Proposal
from autod.config.proposals import read as read_proposals
from autod.protocol.connection.addresses import protoport, subnet
from autod.protocol.connection.names import names_of
from autod.protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from autod.config.model import ConfiguredConnection, Place
    from autod.config.reader import Configuration
    from autod.protocol.connection.lookup import Lookup

__all__ = ["Mismatch", "Pair", "hold"]

Side = Literal["left", "right"]

_SIDES: Final[tuple[Side, Side]] = ("left", "right")


class Mismatch(msgspec.Struct, frozen=True):
    """A mismatch: the setting at both ends, its value and place there, and a sentence about the consequence.

    `serious`: the tunnel will not come up, or no packet gets through. Else it works, but perhaps not as intended.
    """

    setting: str
    value: str
    place: Place
    peer_setting: str
    peer_value: str
    peer_place: Place
    sentence: str
    serious: bool = True


class Pair(msgspec.Struct, frozen=True):
    """A connection and the best match for it at the other end; `peer` is None if no connection there is similar."""

    connection: str
    peer: str | None
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def fits(self) -> bool:
        return self.peer is not None and not any(mismatch.serious for mismatch in self.mismatches)


class _Two:
    """A connection and its counterpart at the other end. `sides`: the side there for each side here."""

    def __init__(
        self,
        here: ConfiguredConnection,
        there: ConfiguredConnection,
        rules: str,
        peer_rules: str,
        lookup: Lookup,
    ) -> None:
        self.here, self.there = here, there
        self.ours, self.theirs = Meaning(here.settings, rules), Meaning(there.settings, peer_rules)
        self.lookup = lookup
        self.sides: Mapping[Side, Side] = {"left": "left", "right": "right"}

    def crossed(self) -> _Two:
        twin = _Two(self.here, self.there, self.ours.rules, self.theirs.rules, self.lookup)
        twin.sides = {"left": "right", "right": "left"}
        return twin

    def find(
        self,
        slots: str | tuple[str, str],
        values: tuple[str, str],
        sentence: str,
        *,
        serious: bool = True,
    ) -> Mismatch:
        slot, peer_slot = (slots, slots) if isinstance(slots, str) else slots
        return Mismatch(
            slot,
            values[0],
            _place(self.here, slot),
            peer_slot,
            values[1],
            _place(self.there, peer_slot),
            sentence,
            serious,
        )


def hold(
    ours: Configuration, theirs: Configuration, lookup: Lookup, names: Sequence[str] = ()
) -> tuple[Pair, ...]:
    """Each connection that auto= loads (or of `names`) with its best match in `theirs`."""
    chosen = (
        [connection for connection in ours.connections if connection.name in names]
        if names
        else _loaded(ours)
    )
    candidates = _loaded(theirs) or list(theirs.connections)
    return tuple(_best(connection, candidates, ours.rules, theirs.rules, lookup) for connection in chosen)


def _loaded(configuration: Configuration) -> list[ConfiguredConnection]:
    """The connections that auto= loads; if it loads none, those that name both ends."""
    loaded = [connection for connection in configuration.connections if auto(connection) != "ignore"]
    return loaded or [
        connection
        for connection in configuration.connections
        if {"left", "right"} <= connection.settings.keys()
    ]


def _best(
    connection: ConfiguredConnection,
    candidates: Sequence[ConfiguredConnection],
    rules: str,
    peer_rules: str,
    lookup: Lookup,
) -> Pair:
    best: tuple[tuple[int, int, int], Pair] | None = None
    for candidate in candidates:
        straight = _Two(connection, candidate, rules, peer_rules, lookup)
        for two in (straight, straight.crossed()):
            ends = tuple(_ends(two))
            hosts = sum(mismatch.setting in _SIDES for mismatch in ends)
            apart = sum(mismatch.setting in _SIDES and mismatch.serious for mismatch in ends)
            if (apart or hosts > 1) and candidate.name != connection.name:
                continue
            rank = (
                apart,
                hosts + sum(mismatch.serious for mismatch in ends),
                int(candidate.name != connection.name),
            )
            if best is None or rank < best[0]:
                best = rank, Pair(connection.name, candidate.name, tuple(dict.fromkeys((*ends, *_both(two)))))
    return best[1] if best is not None else Pair(connection.name, None)


def _place(connection: ConfiguredConnection, slot: str) -> Place:
    setting = connection.settings.get(slot)
    return connection.place if setting is None else setting.place


def _ends(two: _Two) -> Iterator[Mismatch]:
    for side, peer in two.sides.items():
        yield from _host(two, side, peer)
        for check in (_identity, _packets, _end_port, _key, _authentication):
            try:
                mismatch = check(two, side, peer)
            except (Unsure, Malformed, ValueError):
                continue
            if mismatch is not None:
                yield mismatch


def _host(two: _Two, side: Side, peer: Side) -> Iterator[Mismatch]:
    here, there = two.ours.text(side), two.theirs.text(peer)
    our_address, their_address = _address(here), _address(there)
    if our_address is None or their_address is None or our_address == their_address:
        return
    translated = _is_private(our_address) != _is_private(their_address)
    yield two.find(
        (side, peer),
        (here, there),
        "the two configurations give one end different addresses"
        + ("; that is only right if an address is translated between the ends (NAT)" if translated else ""),
        serious=not translated,
    )


_PRIVATE: Final = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in net for net in _PRIVATE)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if address.is_unspecified else address


def _identity(two: _Two, side: Side, peer: Side) -> Mismatch | None:
    """The identity of this end, here and at the other end."""
    here, there = _who(two.ours, side), _who(two.theirs, peer)
    if here is None or there is None or NOBODY in (here, there) or here == there:
        return None
    if "=" in here and "=" in there and same_name(here, there):
        return None
    slots = (
        f"{side}id" if two.ours.given(f"{side}id") else side,
        f"{peer}id" if two.theirs.given(f"{peer}id") else peer,
    )
    return two.find(slots, (here, there), "the two configurations give one end different identities")


def _who(meaning: Meaning, side: Side) -> str | None:
    """The identity; NOBODY if any identity will do; None if it is not certain."""
    if meaning.given(f"{side}id"):
        name = identity(meaning.text(f"{side}id"))
        return None if name == "%fromcert" else name
    if meaning.given(f"{side}cert"):
        return None
    text = meaning.text(side)
    if text.startswith("%any") or text in ("", "0.0.0.0", "::"):
        return NOBODY
    address = _address(text)
    return None if address is None else str(address)


_NETS: Final = re.compile(r"[^ \t,]+")


def _packets(two: _Two, side: Side, peer: Side) -> Mismatch | None:
    """The packets of this end, here and at the other end."""
    for meaning in (two.ours, two.theirs):
        if has_pool(meaning) or any(
            meaning.given(f"{end}{slot}") and meaning.flag(f"{end}{slot}")
            for end in _SIDES
            for slot in ("modecfgclient", "modecfgserver")
        ):
            return None
    here, there = _nets(two, two.ours, side), _nets(two, two.theirs, peer)
    if here is None or there is None or here[0] == there[0]:
        return None
    if any(meaning.given("narrowing") and meaning.flag("narrowing") for meaning in (two.ours, two.theirs)):
        return None
    return two.find(
        (here[1], there[1]),
        (_spell(here[0]), _spell(there[0])),
        "the two configurations give one end different subnets",
    )


_Nets = frozenset[tuple[str, int, int]]


def _nets(two: _Two, meaning: Meaning, side: Side) -> tuple[_Nets, str] | None:
    protocol, port, slot = 0, 0, f"{side}subnet"
    if meaning.given(f"{side}protoport"):
        ports = protoport(meaning.text(f"{side}protoport"), names_of(two.lookup))
        protocol, port = ports.protocol, ports.port
    words: list[str] = []
    for subnet_slot in (f"{side}subnet", f"{side}subnets"):
        if meaning.given(subnet_slot):
            words += _NETS.findall(meaning.text(subnet_slot))
            slot = subnet_slot
    if any(word.startswith(("vhost:", "vnet:", "%")) for word in words):
        return None
    if not words:
        address = _address(meaning.text(side))
        if address is None:
            return None
        words = [f"{address}/{address.max_prefixlen}"]
        slot = f"{side}protoport" if protocol else side
    blocks = [subnet(word if "/" in word else f"{word}/{128 if ':' in word else 32}", None) for word in words]
    return frozenset((f"{block.address}/{block.bits}", protocol, port) for block in blocks), slot


def _spell(nets: _Nets) -> str:
    return ", ".join(
        net if not protocol else f"{net} protocol {protocol} port {port or 'any'}"
        for net, protocol, port in sorted(nets)
    )


def _end_port(two: _Two, side: Side, peer: Side) -> Mismatch | None:
    slot, peer_slot = f"{side}ikeport", f"{peer}ikeport"
    here, there = two.ours.text(slot, "500"), two.theirs.text(peer_slot, "500")
    if here == there:
        return None
    return two.find(
        (slot, peer_slot), (here, there), "the two configurations give one end different ports for IKE"
    )


def _key(two: _Two, side: Side, peer: Side) -> Mismatch | None:
    for word in ("rsasigkey", "ecdsakey", "pubkey"):
        slot, peer_slot = f"{side}{word}", f"{peer}{word}"
        here, there = two.ours.text(slot), two.theirs.text(peer_slot)
        if here[:1] != "%" and there[:1] != "%" and here and there and here.split() != there.split():
            return two.find(
                (slot, peer_slot),
                (_short(here), _short(there)),
                "the two configurations give one end different public keys",
            )
    return None


def _short(key: str) -> str:
    return key if len(key) <= 24 else f"{key[:12]}...{key[-8:]}"


def _authentication(two: _Two, side: Side, peer: Side) -> Mismatch | None:
    slots = f"{side}auth", f"{peer}auth"
    here = _auth_of(two.ours, slots[0])
    there = _auth_of(two.theirs, slots[1])
    if here is None or there is None or here & there:
        return None
    used = tuple(
        slot if meaning.given(slot) else "authby"
        for slot, meaning in zip(slots, (two.ours, two.theirs), strict=True)
    )
    return two.find(
        (used[0], used[1]),
        ("+".join(sorted(here)), "+".join(sorted(there))),
        "the two configurations have one end authenticate itself in different ways",
    )


_ALIKE: Final = {
    "secret": "secret",
    "psk": "secret",
    "null": "null",
    "never": "never",
    "rsa": "rsasig",
    "rsasig": "rsasig",
    "rsa-sha1": "rsasig",
    "ecdsa": "ecdsa",
    "ecdsa-sha2": "ecdsa",
    "eddsa": "eddsa",
    "eaponly": "eaponly",
}


def _auth_of(meaning: Meaning, slot: str) -> frozenset[str] | None:
    """The methods with which an end may authenticate itself."""
    if meaning.given(slot):
        method = _ALIKE.get(meaning.word(slot))
        return None if method is None else frozenset({method})
    if not meaning.given("authby"):
        return frozenset({"rsasig"} if ike_version(meaning) == 1 else {"rsasig", "ecdsa", "eddsa"})
    methods = set()
    for word in re.findall(r"[^,|+\s]+", meaning.word("authby")):
        method = _ALIKE.get(word) or next(
            (_ALIKE[prefix] for prefix in _BEGIN if word.startswith(prefix)), None
        )
        if method is None:
            return None
        methods.add(method)
    return frozenset(methods)


_BEGIN: Final = ("rsa", "ecdsa", "eddsa")


def _both(two: _Two) -> Iterator[Mismatch]:
    """The mismatches of settings that are for both ends."""
    for check in (_version, *_POLICIES, _ppk, _tcp, _ike, _esp, _xauth, _lifetimes, _beginning):
        try:
            yield from check(two)
        except (Unsure, Malformed, ValueError):
            continue


def _version(two: _Two) -> Iterator[Mismatch]:
    here, there = ike_version(two.ours), ike_version(two.theirs)
    if here != there and not is_never(two.ours):
        slots = tuple(
            next((slot for slot in ("keyexchange", "ikev2") if meaning.given(slot)), "ikev2")
            for meaning in (two.ours, two.theirs)
        )
        yield two.find(
            (slots[0], slots[1]), (f"IKEv{here}", f"IKEv{there}"), "one end speaks IKEv1, the other IKEv2"
        )


def _policy(
    slot: str, sentence: str, *, common: bool = False, v1: bool = False, serious: bool = True
) -> Callable[[_Two], Iterator[Mismatch]]:
    """A setting that pluto keeps in its policy. `common`: one word in common is enough; `v1`: for IKEv1 only."""

    def check(two: _Two) -> Iterator[Mismatch]:
        if v1 and ike_version(two.ours) != 1:
            return
        groups = [
            next((group for group in groups_of(meaning.rules) if group.slot == slot), None)
            for meaning in (two.ours, two.theirs)
        ]
        if groups[0] is None or groups[1] is None:
            return
        here, there = groups[0].value(two.ours), groups[1].value(two.theirs)
        if here is None or there is None or here == there or (common and here & there):
            return
        yield two.find(slot, (groups[0].spell(here), groups[1].spell(there)), sentence, serious=serious)

    return check


_POLICIES: Final = (
    _policy("type", "the ends do not agree on tunnel or transport mode"),
    _policy("phase2", "one end wants ESP, the other AH"),
    _policy("esn", "one end wants extended sequence numbers, the other refuses them", common=True),
    _policy("aggressive", "one end uses Aggressive Mode, the other Main Mode", v1=True),
    _policy("pfs", "one end wants perfect forward secrecy, the other does not", v1=True),
    _policy("sha2-truncbug", "the ends cut SHA2 differently: each drops the packets of the other"),
    _policy("modecfgpull", "one end waits for what the other would have to push", v1=True),
)


def _ppk(two: _Two) -> Iterator[Mismatch]:
    words = [meaning.word("ppk", "no") for meaning in (two.ours, two.theirs)]
    if any(word in ("insist", "always") for word in words) and any(word in ("no", "never") for word in words):
        yield two.find(
            "ppk", (words[0], words[1]), "one end insists on a post-quantum key, the other has none"
        )


def _tcp(two: _Two) -> Iterator[Mismatch]:
    words = [meaning.word("enable-tcp", "no") for meaning in (two.ours, two.theirs)]
    if {"yes", "no"} == set(words):
        yield two.find("enable-tcp", (words[0], words[1]), "one end uses TCP only, the other UDP only")


def _ike(two: _Two) -> Iterator[Mismatch]:
    yield from _algorithms(two, ("ike",), "there is no proposal for IKE that both ends have", ah=False)


def _esp(two: _Two) -> Iterator[Mismatch]:
    ah = two.ours.word("phase2") == "ah"
    slots = ("ah", "phase2alg", "esp") if ah else ("esp", "phase2alg")
    yield from _algorithms(
        two, slots, f"there is no proposal for {'AH' if ah else 'ESP'} that both ends have", ah=ah
    )


def _algorithms(two: _Two, slots: tuple[str, ...], sentence: str, *, ah: bool) -> Iterator[Mismatch]:
    used = [next((slot for slot in slots if meaning.given(slot)), None) for meaning in (two.ours, two.theirs)]
    if used[0] is None or used[1] is None:
        return
    texts = two.ours.text(used[0]), two.theirs.text(used[1])
    here, there = read_proposals(texts[0], ah=ah), read_proposals(texts[1], ah=ah)
    if (
        here is None
        or there is None
        or any(_meet(our_proposal, their_proposal) for our_proposal in here for their_proposal in there)
    ):
        return
    yield two.find((used[0], used[1]), texts, sentence)


def _meet(ours: Proposal, theirs: Proposal) -> bool:
    """Whether an initiator with `ours` and a responder with `theirs` have a proposal in common."""
    return (
        _share(ours.ciphers, theirs.ciphers)
        and _share(ours.hashes, theirs.hashes)
        and _share(ours.groups, theirs.groups)
    )


def _share(ours: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> bool:
    """Whether both have an algorithm in common. A cipher without a key size stands for all sizes."""
    if ours is None or theirs is None:
        return True
    return any(a == b or a.startswith(f"{b}_") or b.startswith(f"{a}_") for a in ours for b in theirs)


def _xauth(two: _Two) -> Iterator[Mismatch]:
    """The roles of an end, which must be the same in both configurations."""
    for side, peer in two.sides.items():
        for kind in ("xauth", "modecfg"):
            for role in ("client", "server"):
                slots = f"{side}{kind}{role}", f"{peer}{kind}{role}"
                here, there = two.ours.flag(slots[0]), two.theirs.flag(slots[1])
                if here != there:
                    yield two.find(
                        slots,
                        ("yes" if here else "no", "yes" if there else "no"),
                        f"only one of the configurations makes this end a {kind} {role}",
                    )


def _lifetimes(two: _Two) -> Iterator[Mismatch]:
    for slot, sa in (("ikelifetime", "IKE SA"), ("salifetime", "Child SA")):
        if not (two.ours.given(slot) and two.theirs.given(slot)):
            continue
        here, there = two.ours.seconds(slot, 0), two.theirs.seconds(slot, 0)
        if here != there:
            yield two.find(
                slot,
                (f"{here}s", f"{there}s"),
                f"the {sa} lives longer at one end; the end with the shorter time renews it",
                serious=False,
            )


def _beginning(two: _Two) -> Iterator[Mismatch]:
    words = auto(two.here), auto(two.there)
    if words == ("add", "add"):
        yield two.find("auto", words, "both ends wait for the other to begin", serious=False)
