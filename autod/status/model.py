"""The state of a pluto as values: one model for every release.

Owns: what a connection, an IKE SA, a Child SA and the totals are, in words that do not change from release
to release. Must not know: pluto's lines (lines.py and sas.py know them), sockets, trio.

A value that is not in the reply is None: no parser invents a value. Durations are whole seconds, sizes are
bytes, points in time are seconds since 1970. "Local" is pluto's end of a connection, "remote" the peer's. If
a connection is not oriented, pluto does not know which end is local, and `local` is then the left one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder

from autod.values import read_json

__all__ = [
    "SCHEMA",
    "AddressPool",
    "Bytes",
    "ChildPhase",
    "ChildSa",
    "ConnectionState",
    "End",
    "IkePhase",
    "IkeSa",
    "Kind",
    "Pending",
    "Routing",
    "Selector",
    "SelectorPair",
    "State",
    "Totals",
    "Unparsed",
    "from_json",
    "label",
]

SCHEMA = 1
"""Version of the JSON form (docs/status.md). It grows when a key is removed or changes its meaning, not when a key is
added."""

Kind = Literal["permanent", "template", "instance", "group"]
"""What a connection is to pluto: complete by itself; a pattern for peers that will come; made from such a pattern;
a list of networks."""

Routing = Literal[
    "unrouted",
    "ondemand",
    "negotiating",
    "inbound",
    "tunnel",
    "unrouted_tunnel",
    "failure",
    "eclipsed",
    "never_negotiate",
    "unknown",
]
"""What the kernel does with packets that match, in the order of the words: nothing; it asks pluto; it holds them while
an SA is negotiated; it receives but does not yet send; it receives and sends; it has an SA without its route; the
failure shunt applies; the shunt of another connection applies; a fixed shunt applies. `unknown` stands for words of
pluto that autod does not know."""

IkePhase = Literal["half_open", "authenticating", "established", "rekeying", "deleting", "unknown"]
"""Where an IKE SA stands. `rekeying`: the successor of an established one, being negotiated."""

ChildPhase = Literal["negotiating", "established", "deleting", "unknown"]
"""Where a Child SA stands. Only `established` carries traffic both ways."""


class Selector(Struct, frozen=True, gc=False):
    """Which packets: `net` is an address, a network, a range, or a word of pluto's such as `vnet:?`."""

    net: str
    protocol: str | None = None
    port: str | None = None


class SelectorPair(Struct, frozen=True, gc=False):
    """The packets of one route of a connection. None if pluto does not print a selector (group, address pool, any)."""

    local: Selector | None = None
    remote: Selector | None = None


class End(Struct, frozen=True, gc=False):
    """One end of a connection.

    `address` is None as long as it is not known. `host` then stands for it: `%any`, `%group`, or a name that
    could not be resolved. `auth` is pluto's word for how this end proves its id. `xauth` and `modecfg` are
    `none`, `client`, `server` or `client+server`.
    """

    address: str | None = None
    host: str | None = None
    port: int | None = None
    id: str | None = None
    id_type: str | None = None
    nexthop: str | None = None
    sourceip: str | None = None
    auth: str | None = None
    eap: str | None = None
    xauth: str | None = None
    modecfg: str | None = None
    username: str | None = None
    certificate: str | None = None


def label(name: str, instance: str | None) -> str:
    """A connection, or the instance of one, in one string as pluto writes it: `road[1]`."""
    return name if instance is None else f"{name}[{instance.replace('.', '][')}]"


class ConnectionState(Struct, frozen=True):
    """A connection that pluto has loaded, with the serials of the SAs it owns.

    `name` and `instance` together are unique ("1" of `"road"[1] 192.0.2.7`). `policy` are pluto's own words
    of this release; the fields after it hold the same in words that do not change. `bytes_in` and `bytes_out`
    come from --briefconnectionstatus only, and pluto rounds them to its units.
    """

    name: str
    instance: str | None = None
    kind: Kind = "permanent"
    serial: int | None = None
    template_serial: int | None = None
    aliases: tuple[str, ...] = ()
    oriented: bool | None = None
    interface: str | None = None
    routing: Routing | None = None
    local: End = End()
    remote: End = End()
    selectors: tuple[SelectorPair, ...] = ()
    ike_version: Literal[1, 2] | None = None
    policy: tuple[str, ...] = ()
    authby: tuple[str, ...] = ()
    mode: Literal["tunnel", "transport"] | None = None
    protocol: Literal["ESP", "AH"] | None = None
    keep_up: bool | None = None
    rekey: bool | None = None
    reauth: bool | None = None
    pfs: bool | None = None
    aggressive: bool | None = None
    mobike: bool | None = None
    dpd_delay: int | None = None
    dpd_timeout: int | None = None
    dpd_action: str | None = None
    ike_lifetime: int | None = None
    ipsec_lifetime: int | None = None
    retransmit_timeout: int | None = None
    reqid: int | None = None
    security_label: str | None = None
    negotiating_ike_sa: int | None = None
    established_ike_sa: int | None = None
    negotiating_child_sa: int | None = None
    established_child_sa: int | None = None
    routing_owner: int | None = None
    ike_algorithms: str | None = None
    child_algorithms: str | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None

    @property
    def label(self) -> str:
        """The name as pluto writes it, with the instance: `road[1]`."""
        return label(self.name, self.instance)

    @property
    def up(self) -> bool:
        """Whether an established Child SA of it is known, or its packets go into one."""
        return self.established_child_sa is not None or self.routing == "tunnel"


class IkeSa(Struct, frozen=True, gc=False):
    """An IKE SA. `text` is pluto's own word for its phase, in the words of the release.

    `rekey_in`, `replace_in`, `expire_in`, `retransmit_in`: seconds until pluto's timer of that sort fires;
    negative if it is late. `age` is known with --status from 4.10 on, for IKEv2, as long as both the timer for
    rekeying and the one for replacing run. `heard` is how long ago the peer was last heard, by dead peer
    detection or liveness. `idle` is False while pluto computes something for the SA.
    """

    serial: int
    connection: str
    instance: str | None = None
    phase: IkePhase = "unknown"
    text: str | None = None
    peer_id: str | None = None
    peer_address: str | None = None
    peer_port: int | None = None
    tcp: bool = False
    newest: bool = False
    idle: bool | None = None
    age: int | None = None
    rekey_in: int | None = None
    replace_in: int | None = None
    expire_in: int | None = None
    retransmit_in: int | None = None
    heard: int | None = None


Bytes = Literal["exact", "rounded"]
"""--trafficstatus counts bytes; --showstates and --status round to KB and MB (1024), downwards."""


class ChildSa(Struct, frozen=True, gc=False):
    """A Child SA. SPIs are the hexadecimal digits pluto prints; `spi_in` is the one pluto receives on.

    `add_time` is when the kernel got the SA. It is None if pluto does not print it, or prints 0 (as 3.32 does for
    new SAs). `bytes_in` wraps at 2**32 up to 4.15, `bytes_out` up to 4.7 (both are `unsigned` in pluto's source).
    `used` is how many seconds ago traffic last went out.
    """

    serial: int
    connection: str
    instance: str | None = None
    ike_sa: int | None = None
    phase: ChildPhase = "unknown"
    text: str | None = None
    protocol: str | None = None
    mode: Literal["tunnel", "transport"] | None = None
    peer_id: str | None = None
    peer_address: str | None = None
    username: str | None = None
    lease: str | None = None
    add_time: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    bytes_kind: Bytes | None = None
    bytes_max: int | None = None
    spi_in: str | None = None
    spi_out: str | None = None
    newest: bool = False
    routed: bool = False
    idle: bool | None = None
    rekey_in: int | None = None
    replace_in: int | None = None
    expire_in: int | None = None
    retransmit_in: int | None = None
    heard: int | None = None
    used: int | None = None


class Pending(Struct, frozen=True, gc=False):
    """A Child SA that cannot be negotiated yet: it waits for the IKE SA `ike_sa` to be established.

    `connection` is None on 4.x, because 4.x prints the name of the IKE SA's connection instead.
    """

    ike_sa: int
    connection: str | None = None
    instance: str | None = None
    replaces: int | None = None


class Totals(Struct, frozen=True):
    """pluto's own counts. `routed` is there from 5.3 on; `active` counts connections with traffic in a tunnel."""

    loaded: int | None = None
    routed: int | None = None
    active: int | None = None
    ike_sas: int | None = None
    ike_half_open: int | None = None
    ike_open: int | None = None
    ike_authenticated: int | None = None
    ike_anonymous: int | None = None
    child_sas: int | None = None
    child_authenticated: int | None = None
    child_anonymous: int | None = None
    cookies_required: bool | None = None
    accepting: bool | None = None


class AddressPool(Struct, frozen=True, gc=False):
    """A pool that peers get addresses from (--addresspoolstatus). `leases` were given out at some time."""

    range: str
    addresses: int
    leases: int
    in_use: int
    free: int
    reusable: int


class Unparsed(Struct, frozen=True):
    """Lines that no parser knows: how many, and the text of the first ones."""

    count: int = 0
    lines: tuple[str, ...] = ()


class State(Struct, frozen=True):
    """The state of a pluto, from one or several status replies.

    `release` is pluto's version text. `time` is when the replies were read, if the caller passed it. `setup` are the
    `config setup` options as --status prints them, `interfaces` the addresses that pluto listens on. `shunts` are
    lines of the bare shunt list, `counters` those of --globalstatus by pluto's names, `refused` the lines with which
    pluto refused (an unknown name).
    """

    schema: int = SCHEMA
    release: str | None = None
    time: float | None = None
    setup: Mapping[str, str] = {}
    interfaces: tuple[str, ...] = ()
    connections: tuple[ConnectionState, ...] = ()
    ike_sas: tuple[IkeSa, ...] = ()
    child_sas: tuple[ChildSa, ...] = ()
    pending: tuple[Pending, ...] = ()
    totals: Totals = Totals()
    shunts: tuple[str, ...] = ()
    address_pools: tuple[AddressPool, ...] = ()
    counters: Mapping[str, int] = {}
    refused: tuple[str, ...] = ()
    unparsed: Unparsed = Unparsed()

    @property
    def established(self) -> frozenset[str]:
        """Names of the connections that have an established Child SA."""
        names = {sa.connection for sa in self.child_sas if sa.phase == "established"}
        names.update(c.name for c in self.connections if c.up)
        return frozenset(names)


def from_json(data: bytes | str) -> State:
    """The state that `to_json` wrote, which is the document of --status --json. Raises DecodeError."""
    return read_json(data, Decoder(State), "a state")
