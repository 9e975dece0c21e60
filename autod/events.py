"""What pluto's lines mean: one frozen, typed event a line, whatever the release.

Owns: the events, their fields, and how they are rendered as JSON. Must not know: how a line is recognised
(autod.recognise), what an exchange comes to (autod.outcomes), trio, sockets, or which release is talking.

Every event carries

    time         when the line was read, UNIX seconds
    connection   the connection it is about, as it is named in ipsec.conf, or None
    instance     what pluto writes behind the name of an instance ("[2] 192.0.2.7"), or None
    ike_sa       serial number (#N) of the IKE SA (ISAKMP SA in IKEv1), where the line tells it
    child_sa     serial number of the Child SA (IPsec SA in IKEv1), where the line tells it
    code         pluto's reply code, which means different things in different releases; None if it sent none
    text         pluto's line, unchanged, without the code

and the kind of event as `event` when rendered. A kind is added here when callers need it; a line that is no
other event is a `Log`, so that nothing is lost and nothing raises.

Names of algorithms are pluto's. Selectors are written as prefixes where they are one (10.1.1.0/24), else as
pluto writes them; SPIs as "0x%08x". A duration is in seconds.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

__all__ = [
    "AliasExpanded",
    "AlreadyNegotiating",
    "Answered",
    "ChildEstablished",
    "ChildRejected",
    "Deleted",
    "Deleting",
    "Dropped",
    "Event",
    "Exchange",
    "Fatal",
    "IkeEstablished",
    "IkeRejected",
    "InitiateFailed",
    "Initiating",
    "Listening",
    "LoadFailed",
    "Loaded",
    "Log",
    "Negotiated",
    "NetworkError",
    "NotListening",
    "NotOriented",
    "PeerIdentified",
    "Prompted",
    "Queued",
    "RefusalCode",
    "Refused",
    "Rekeyed",
    "Retransmission",
    "RetransmitTimeout",
    "RetryScheduled",
    "RouteRefused",
    "Routed",
    "SaKind",
    "SecretsLoaded",
    "Sent",
    "ShuttingDown",
    "Terminating",
    "Traffic",
    "Unknown",
    "Warned",
    "Xauth",
    "kind",
    "to_json",
]

SaKind: TypeAlias = Literal["ike", "child"]
Exchange: TypeAlias = Literal[
    "IKE_SA_INIT",
    "IKE_AUTH",
    "CREATE_CHILD_SA",
    "INFORMATIONAL",
    "IKE_INTERMEDIATE",
    "IKE_SESSION_RESUME",
    "MAIN_MODE",
    "AGGRESSIVE_MODE",
    "QUICK_MODE",
]


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event", tag=_tag):
    """What all events carry; see the module's docstring."""

    time: float
    connection: str | None = None
    instance: str | None = None
    ike_sa: int | None = None
    child_sa: int | None = None
    code: int | None = None
    text: str = ""


class Initiating(Event, frozen=True, kw_only=True):
    """pluto begins to negotiate an IKE SA, or a Child SA on the IKE SA `ike_sa`.

    `replaces` is the serial number of the SA that is rekeyed, if it is that.
    """

    sa: SaKind
    version: Literal[1, 2] | None = None
    mode: Literal["main", "aggressive", "quick"] | None = None
    replaces: int | None = None


class Sent(Event, frozen=True, kw_only=True):
    """A request was sent. `purpose` is set where it is no first negotiation."""

    message: Exchange
    purpose: Literal["rekey", "delete"] | None = None
    algorithms: dict[str, str] | None = None


class Answered(Event, frozen=True, kw_only=True):
    """The peer answered a request, and the answer was taken (said from 5.0 on)."""

    message: Exchange
    algorithms: dict[str, str] | None = None


class Queued(Event, frozen=True, kw_only=True):
    """The Child SA waits for an IKE SA under negotiation: `ike_sa`, begun for connection `owner`."""

    owner: str
    peer: str | None = None


class AlreadyNegotiating(Event, frozen=True, kw_only=True):
    """Nothing was begun, or what was begun was dropped: this connection is being negotiated already."""


class Retransmission(Event, frozen=True, kw_only=True):
    """No answer yet; the request was sent again, and pluto waits `wait` seconds more.

    From 4.4 on a Child SA's request is retransmitted in the name of the connection that owns the IKE SA.
    """

    wait: float
    state: str | None = None


class RetransmitTimeout(Event, frozen=True, kw_only=True):
    """pluto gave up waiting for an answer to `exchange`.

    It waited `after` seconds and asked `retransmits` times more. `suspected` is pluto's own guess about an
    IKEv1 peer that had answered before: it may not accept our "authentication", or none of our Child SA's
    "proposal".
    """

    after: float | None = None
    retransmits: int = 0
    state: str | None = None
    exchange: Exchange | None = None
    suspected: Literal["authentication", "proposal"] | None = None


class RetryScheduled(Event, frozen=True, kw_only=True):
    """pluto tries again by itself, in the background: attempt `attempt`, in `delay` seconds."""

    attempt: int | None = None
    delay: float | None = None


class PeerIdentified(Event, frozen=True, kw_only=True):
    """The peer told its identity (a line of its own up to 4.3 and in IKEv1)."""

    peer_id: str
    peer_id_type: str


class IkeEstablished(Event, frozen=True, kw_only=True):
    """An IKE SA is established; `authby` is how the peer was authenticated. Not yet a tunnel."""

    peer_id: str | None = None
    peer_id_type: str | None = None
    authby: str | None = None
    algorithms: dict[str, str] | None = None


class Negotiated(Event, frozen=True, kw_only=True):
    """Selectors of a Child SA that is about to be established (a line of its own up to 4.3)."""

    local: str
    remote: str


class ChildEstablished(Event, frozen=True, kw_only=True):
    """A Child SA is established: the tunnel is up.

    `spi_out` is the peer's SPI, `spi_in` ours; None where nothing was said of it. `algorithms` is what the
    kernel was given, for instance AES_GCM_16_256 or AES_CBC_128-HMAC_SHA1_96. Up to 4.3, and in IKEv1, the
    selectors are in the `Negotiated` event before.
    """

    spi_in: str | None = None
    spi_out: str | None = None
    local: str | None = None
    remote: str | None = None
    mode: Literal["tunnel", "transport"] | None = None
    protocol: str | None = None
    algorithms: str | None = None
    dpd: str | None = None
    username: str | None = None


class Rekeyed(Event, frozen=True, kw_only=True):
    """A new SA took the place of SA `replaced`."""

    sa: SaKind
    replaced: int


class IkeRejected(Event, frozen=True, kw_only=True):
    """The peer, or we, refused the IKE SA. `ignored`: pluto does not trust the refusal and goes on trying."""

    notification: str | None = None
    exchange: Exchange | None = None
    ignored: bool = False


class ChildRejected(Event, frozen=True, kw_only=True):
    """The peer, or we, refused the Child SA; its IKE SA stays. `ignored` as in IkeRejected."""

    notification: str | None = None
    exchange: Exchange | None = None
    ignored: bool = False


class Fatal(Event, frozen=True, kw_only=True):
    """pluto gave the negotiation up, in `state`; without one, that of the IKE SA which this one waited for."""

    state: str | None = None


class InitiateFailed(Event, frozen=True, kw_only=True):
    """pluto cannot begin: `reason` says why (no peer address, authby=never, no algorithms, ...)."""

    reason: str


class Xauth(Event, frozen=True, kw_only=True):
    """XAUTH came to a result."""

    ok: bool
    reason: str | None = None


class Terminating(Event, frozen=True, kw_only=True):
    """pluto takes down what this connection has (said on down, delete and when it is added again)."""


class Deleting(Event, frozen=True, kw_only=True):
    """The deletion of an SA was begun; the peer is told and asked."""

    sa: SaKind


class Deleted(Event, frozen=True, kw_only=True):
    """An SA goes away. `age` in seconds where pluto says it; `state` the one it was in."""

    sa: SaKind
    state: str | None = None
    age: float | None = None


class Traffic(Event, frozen=True, kw_only=True):
    """What a Child SA has carried, in bytes; pluto says it when the SA is deleted."""

    in_bytes: int
    out_bytes: int


class AliasExpanded(Event, frozen=True, kw_only=True):
    """The name is an alias: pluto works through its connections. Up to 4.15 also said for an unknown name."""

    alias: str | None = None
    action: Literal["initiate", "terminate"]
    count: int | None = None


class Loaded(Event, frozen=True, kw_only=True):
    """The connection was added. `oriented` is None where the release does not tell."""

    oriented: bool | None = None
    version: Literal[1, 2] | None = None


class LoadFailed(Event, frozen=True, kw_only=True):
    """The connection was not added, for `reason`."""

    reason: str


class Unknown(Event, frozen=True, kw_only=True):
    """There is no connection or alias of this name; or no SA of this number, or no peer of this identity."""

    name: str
    what: Literal["connection", "state", "peer"] = "connection"


class NotListening(Event, frozen=True, kw_only=True):
    """pluto was not told to listen yet, so it cannot do this."""


class NotOriented(Event, frozen=True, kw_only=True):
    """Neither end of the connection is an address of this machine."""


class Routed(Event, frozen=True, kw_only=True):
    """The connection was routed before, and stays so (said from 5.0 on; success as such is silent)."""


class RouteRefused(Event, frozen=True, kw_only=True):
    """The connection cannot be routed or unrouted, for `reason`."""

    reason: str


class Refused(Event, frozen=True, kw_only=True):
    """pluto says no, in words that have no event of their own."""

    reason: str


class Prompted(Event, frozen=True, kw_only=True):
    """pluto asks for `what`, and blocks until it is answered. `secret` if that is a password."""

    what: str
    secret: bool


class Listening(Event, frozen=True, kw_only=True):
    """pluto listens for IKE messages now, or (`listening` false) no longer does."""

    listening: bool


class SecretsLoaded(Event, frozen=True, kw_only=True):
    """Secrets are read from `file`."""

    file: str


class ShuttingDown(Event, frozen=True, kw_only=True):
    """pluto goes down, as it was asked."""


class NetworkError(Event, frozen=True, kw_only=True):
    """The network gave an error for a message of ours. It ends nothing: pluto goes on trying."""

    complainant: str | None = None
    reason: str


class Warned(Event, frozen=True, kw_only=True):
    """A warning or an error that ends nothing, about the configuration, the secrets or the kernel."""

    reason: str


class RefusalCode(Event, frozen=True, kw_only=True):
    """A code without text: how 5.3 and later mark a refusal, whose words are in the line before or after."""


class Dropped(Event, frozen=True, kw_only=True):
    """Ours, not pluto's: the reader was too slow, and `count` events before this one were dropped."""

    count: int


class Log(Event, frozen=True, kw_only=True):
    """Any other line. `sa` is the serial number in front of it, which does not tell what kind of SA it is."""

    sa: int | None = None


def kind(event: Event) -> str:
    """The event's kind, as it is rendered: "child_established"."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def to_json(value: object) -> bytes:
    """An event or an outcome as one line of JSON, without the newline.

    Bytes of pluto's that are no UTF-8 stand as lone surrogates in text; JSON cannot carry those, so they are
    written as U+FFFD.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, dict):
        return {key: _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
