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
other event is a `Log`, so that nothing is lost and nothing raises. To add one is to write its class here, with its
`traits`, and its row in autod.recognise: code that treats some kinds of events differently reads the traits.

Names of algorithms are pluto's. Selectors are written as prefixes where they are one (10.1.1.0/24), else as
pluto writes them; SPIs as "0x%08x". A duration is in seconds.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import ClassVar, Literal, TypeAlias

import msgspec

from autod.causes import Cause, Finder
from autod.values import hash_of, read_json, to_json

__all__ = [
    "AliasExpanded",
    "AlreadyNegotiating",
    "Answered",
    "BothEndsHere",
    "ChildEstablished",
    "ChildRejected",
    "Childless",
    "Complaint",
    "CookieAsked",
    "Deleted",
    "Deleting",
    "Dropped",
    "Event",
    "Exchange",
    "Fatal",
    "Fault",
    "GroupChanged",
    "IkeEstablished",
    "IkeRejected",
    "InitiateFailed",
    "Initiating",
    "InterfaceChanged",
    "Kept",
    "Leased",
    "Listening",
    "LoadFailed",
    "Loaded",
    "Log",
    "Negotiated",
    "NetworkError",
    "NotListening",
    "NotOriented",
    "Notified",
    "PeerDeleted",
    "PeerIdentified",
    "Phase",
    "Prompted",
    "Queued",
    "Received",
    "Redirected",
    "RefusalCode",
    "Refused",
    "Rekeyed",
    "Remark",
    "Resumption",
    "Retransmission",
    "RetransmitTimeout",
    "RetryScheduled",
    "RouteRefused",
    "Routed",
    "SaKind",
    "SecretsLoaded",
    "Sent",
    "ShuttingDown",
    "Switched",
    "Terminating",
    "Topic",
    "Traffic",
    "Traits",
    "Unknown",
    "Updown",
    "Warned",
    "Xauth",
    "from_json",
    "kind",
    "to_json",
]

SaKind: TypeAlias = Literal["ike", "child"]
Topic: TypeAlias = Literal[
    "algorithms",
    "authentication",
    "certificate",
    "configuration",
    "connection",
    "crypto",
    "dpd",
    "impair",
    "interface",
    "kernel",
    "message",
    "mobike",
    "nat",
    "ppk",
    "proposal",
    "rekey",
    "secrets",
    "selectors",
    "state",
    "xauth",
]
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

Phase: TypeAlias = Literal["queued", "ike-sa-init", "ike-auth", "child"]
"""What pluto waits for in the course of an `up`: its turn, or the peer's answer to one of the exchanges."""

_PHASES: dict[str, Phase] = {
    "IKE_SA_INIT": "ike-sa-init",
    "MAIN_MODE": "ike-sa-init",
    "AGGRESSIVE_MODE": "ike-sa-init",
    "IKE_INTERMEDIATE": "ike-auth",
    "IKE_AUTH": "ike-auth",
    "CREATE_CHILD_SA": "child",
    "QUICK_MODE": "child",
}


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of event is treated, whatever its fields say.

    level         at which it is logged
    notable       its text goes into Outcome.lines
    quiet         a person who watches an operation is spared its line
    begins        pluto set out to do something for the connection
    answers       pluto answered for the connection at once, so nothing need have begun for it
    progress      it tells how far an `up` is: which stretch begins (`Event.phase`), or that one goes on
    shows_peer    the peer lives, or the wait is for another connection's IKE SA and not for the peer
    refusal       the autod.outcomes.Result that an operation comes to when pluto says this
    first_counts  of several in an exchange the first tells the reason; a later one only sums up
    """

    level: Literal["debug", "info", "warning"]
    notable: bool = False
    quiet: bool = False
    begins: bool = False
    answers: bool = False
    progress: bool = False
    shows_peer: bool = False
    refusal: str | None = None
    first_counts: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event", tag=_tag):
    """What all events carry; see the module's docstring."""

    traits: ClassVar[Traits]

    time: float
    connection: str | None = None
    instance: str | None = None
    ike_sa: int | None = None
    child_sa: int | None = None
    code: int | None = None
    text: str = ""

    def __hash__(self) -> int:
        return hash_of(self)

    @property
    def phase(self) -> Phase | None:
        """The stretch of an `up` that begins with this event; None if none does."""
        return None


class Initiating(Event, frozen=True, kw_only=True):
    """pluto begins to negotiate an IKE SA, or a Child SA on the IKE SA `ike_sa`.

    `replaces` is the serial number of the SA that is rekeyed, if it is that.
    """

    traits: ClassVar[Traits] = Traits(level="info", begins=True, progress=True)

    sa: SaKind
    version: Literal[1, 2] | None = None
    mode: Literal["main", "aggressive", "quick"] | None = None
    replaces: int | None = None

    @property
    def phase(self) -> Phase | None:
        """The first exchange of an IKE SA, or a Child SA on one."""
        return "ike-sa-init" if self.sa == "ike" else "child"


class Sent(Event, frozen=True, kw_only=True):
    """A request was sent. `purpose` is set where it is not the first negotiation; `authby` is how we authenticate,
    which 5.3 and later say."""

    traits: ClassVar[Traits] = Traits(level="info", begins=True, progress=True)

    message: Exchange
    purpose: Literal["rekey", "delete"] | None = None
    algorithms: dict[str, str] | None = None
    authby: str | None = None

    @property
    def phase(self) -> Phase | None:
        """The exchange that was begun, where it is one of a first negotiation."""
        return None if self.purpose else _PHASES.get(self.message)


class Answered(Event, frozen=True, kw_only=True):
    """The peer answered a request, and the answer was taken (said from 5.0 on)."""

    traits: ClassVar[Traits] = Traits(level="info", quiet=True, shows_peer=True)

    message: Exchange
    algorithms: dict[str, str] | None = None


class Queued(Event, frozen=True, kw_only=True):
    """The Child SA waits for an IKE SA under negotiation: `ike_sa`, begun for connection `owner`."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, begins=True, progress=True, shows_peer=True)

    owner: str
    peer: str | None = None

    @property
    def phase(self) -> Phase | None:
        """It waits for its turn."""
        return "queued"


class AlreadyNegotiating(Event, frozen=True, kw_only=True):
    """pluto began nothing, or dropped what it began: this connection is being negotiated already."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, answers=True)


class Retransmission(Event, frozen=True, kw_only=True):
    """No answer yet; the request was sent again, and pluto waits `wait` seconds more.

    From 4.4 on a Child SA's request is retransmitted in the name of the connection that owns the IKE SA.
    """

    traits: ClassVar[Traits] = Traits(level="info", progress=True)

    wait: float
    state: str | None = None


class RetransmitTimeout(Event, frozen=True, kw_only=True):
    """pluto gave up waiting for an answer to `exchange`.

    It waited `after` seconds and asked `retransmits` times more. `suspected` is pluto's own guess about an
    IKEv1 peer that had answered before: it may not accept our "authentication", or none of our Child SA's
    "proposal".
    """

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)

    after: float | None = None
    retransmits: int = 0
    state: str | None = None
    exchange: Exchange | None = None
    suspected: Literal["authentication", "proposal"] | None = None


class RetryScheduled(Event, frozen=True, kw_only=True):
    """pluto tries again by itself, in the background: attempt `attempt`, in `delay` seconds."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, quiet=True)

    attempt: int | None = None
    delay: float | None = None


class PeerIdentified(Event, frozen=True, kw_only=True):
    """The peer told its identity (a line of its own up to 4.3 and in IKEv1)."""

    traits: ClassVar[Traits] = Traits(level="info", shows_peer=True)

    peer_id: str
    peer_id_type: str


class IkeEstablished(Event, frozen=True, kw_only=True):
    """An IKE SA is established; `authby` is how the peer was authenticated. Not yet a tunnel."""

    traits: ClassVar[Traits] = Traits(level="info", progress=True, shows_peer=True)

    peer_id: str | None = None
    peer_id_type: str | None = None
    authby: str | None = None
    algorithms: dict[str, str] | None = None

    @property
    def phase(self) -> Phase | None:
        """Next comes the Child SA."""
        return "child"


class Negotiated(Event, frozen=True, kw_only=True):
    """Selectors of a Child SA that is about to be established (a line of its own up to 4.3)."""

    traits: ClassVar[Traits] = Traits(level="info", shows_peer=True)

    local: str
    remote: str


class ChildEstablished(Event, frozen=True, kw_only=True):
    """A Child SA is established: the tunnel is up.

    `spi_out` is the peer's SPI, `spi_in` ours; None where nothing was said of it. `algorithms` is what the
    kernel was given, for instance AES_GCM_16_256 or AES_CBC_128-HMAC_SHA1_96. Up to 4.3, and in IKEv1, the
    selectors are in the `Negotiated` event before.
    """

    traits: ClassVar[Traits] = Traits(level="info", notable=True, begins=True, progress=True, shows_peer=True)

    spi_in: str | None = None
    spi_out: str | None = None
    local: str | None = None
    remote: str | None = None
    mode: Literal["tunnel", "transport"] | None = None
    protocol: str | None = None
    algorithms: str | None = None
    dpd: str | None = None
    username: str | None = None

    @property
    def phase(self) -> Phase | None:
        """Nothing comes after the Child SA."""
        return "child"


class Rekeyed(Event, frozen=True, kw_only=True):
    """A new SA took the place of SA `replaced`."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True)

    sa: SaKind
    replaced: int


class IkeRejected(Event, frozen=True, kw_only=True):
    """The peer, or we (`by`), refused the IKE SA. `ignored`: pluto does not trust the refusal and goes on trying.

    `cause` and `reason` are pluto's where it tells them; `general`: another line says it more exactly.
    """

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, shows_peer=True)

    notification: str | None = None
    exchange: Exchange | None = None
    ignored: bool = False
    cause: Cause | None = None
    by: Finder = "peer"
    reason: str | None = None
    general: bool = False


class ChildRejected(Event, frozen=True, kw_only=True):
    """The peer, or we (`by`), refused the Child SA; its IKE SA stays. The rest as in IkeRejected."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, shows_peer=True)

    notification: str | None = None
    exchange: Exchange | None = None
    ignored: bool = False
    cause: Cause | None = None
    by: Finder = "peer"
    reason: str | None = None
    general: bool = False


class Fatal(Event, frozen=True, kw_only=True):
    """pluto gave the negotiation up, in `state`; without one, that of the IKE SA which this one waited for."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)

    state: str | None = None


class Fault(Event, frozen=True, kw_only=True):
    """Something is wrong, and pluto says what: `cause`, found `by` whom, in pluto's words `reason`.

    `general`: another line says it more exactly. `ignored`: pluto goes on in spite of it.
    """

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)

    cause: Cause
    by: Finder
    reason: str
    notification: str | None = None
    general: bool = False
    ignored: bool = False


class Notified(Event, frozen=True, kw_only=True):
    """pluto tells the peer that it refuses what came: `notification`."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)

    notification: str


class PeerDeleted(Event, frozen=True, kw_only=True):
    """The peer asks to delete an SA of ours, or SA `deleted`."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, shows_peer=True)

    sa: SaKind | None = None
    deleted: int | None = None


class GroupChanged(Event, frozen=True, kw_only=True):
    """The peer wants another group for the key exchange, and pluto asks again with `group` in place of `instead_of`."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, shows_peer=True)

    group: str
    instead_of: str | None = None


class CookieAsked(Event, frozen=True, kw_only=True):
    """The peer is busy and wants a cookie with the request, which pluto sends again with it."""

    traits: ClassVar[Traits] = Traits(level="info", shows_peer=True)


class Redirected(Event, frozen=True, kw_only=True):
    """The peer sends us to another gateway, and pluto goes there."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, shows_peer=True)

    gateway: str | None = None


class Childless(Event, frozen=True, kw_only=True):
    """No Child SA is asked for together with the IKE SA: it comes with the traffic (labelled connections)."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True)


class Received(Event, frozen=True, kw_only=True):
    """The peer gave us an address, a name server or whatever `what` says."""

    traits: ClassVar[Traits] = Traits(level="info", shows_peer=True)

    what: Literal["address", "dns", "domain", "subnet", "banner", "message"]
    value: str


class Leased(Event, frozen=True, kw_only=True):
    """We gave the peer `address`."""

    traits: ClassVar[Traits] = Traits(level="info", shows_peer=True)

    address: str


class Updown(Event, frozen=True, kw_only=True):
    """The updown script runs for `verb`, printed `output`, or ended with `status`."""

    traits: ClassVar[Traits] = Traits(level="info")

    verb: str | None = None
    output: str | None = None
    status: int | None = None


class InterfaceChanged(Event, frozen=True, kw_only=True):
    """An IPsec interface was made, removed, or given or relieved of `address`."""

    traits: ClassVar[Traits] = Traits(level="info")

    interface: str
    action: Literal["created", "deleted", "added", "kept"]
    address: str | None = None


class Kept(Event, frozen=True, kw_only=True):
    """The IKE SA stays, because of `reason`: other connections use it."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True)

    reason: str


class Resumption(Event, frozen=True, kw_only=True):
    """Session resumption: a ticket was asked for, came, was refused, or is kept while the connection is suspended."""

    traits: ClassVar[Traits] = Traits(level="info")

    what: Literal["asked", "received", "refused", "used", "suspended", "sent"]


class Switched(Event, frozen=True, kw_only=True):
    """pluto goes on with another connection that fits better, `to`, or with an instance made for the peer."""

    traits: ClassVar[Traits] = Traits(level="info")

    to: str | None = None


class InitiateFailed(Event, frozen=True, kw_only=True):
    """pluto cannot begin: `reason` says why (no peer address, authby=never, no algorithms, ...)."""

    traits: ClassVar[Traits] = Traits(
        level="warning", notable=True, answers=True, refusal="refused", first_counts=True
    )

    reason: str
    cause: Cause | None = None


class Xauth(Event, frozen=True, kw_only=True):
    """XAUTH came to a result."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True)

    ok: bool
    reason: str | None = None
    cause: Cause | None = None
    by: Finder = "peer"


class Terminating(Event, frozen=True, kw_only=True):
    """pluto takes down what this connection has (said on down, delete and when it is added again)."""

    traits: ClassVar[Traits] = Traits(level="info", quiet=True)


class Deleting(Event, frozen=True, kw_only=True):
    """The deletion of an SA was begun; the peer is told and asked."""

    traits: ClassVar[Traits] = Traits(level="info", quiet=True)

    sa: SaKind


class Deleted(Event, frozen=True, kw_only=True):
    """An SA goes away. `age` in seconds where pluto says it; `state` the one it was in, which may not tell what SA."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, quiet=True)

    sa: SaKind | None = None
    state: str | None = None
    age: float | None = None


class Traffic(Event, frozen=True, kw_only=True):
    """What a Child SA has carried, in bytes; pluto says it when the SA is deleted."""

    traits: ClassVar[Traits] = Traits(level="info")

    in_bytes: int
    out_bytes: int


class AliasExpanded(Event, frozen=True, kw_only=True):
    """The name is an alias: pluto works through its connections. Up to 4.15 also said for an unknown name."""

    traits: ClassVar[Traits] = Traits(level="info")

    alias: str | None = None
    action: Literal["initiate", "terminate"]
    count: int | None = None


class Loaded(Event, frozen=True, kw_only=True):
    """The connection was added. `oriented` is None where the release does not tell."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True, quiet=True)

    oriented: bool | None = None
    version: Literal[1, 2] | None = None


class BothEndsHere(Event, frozen=True, kw_only=True):
    """Both ends of the connection are addresses of this machine, so pluto takes neither for its own."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)


class LoadFailed(Event, frozen=True, kw_only=True):
    """The connection was not added, for `reason`."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, refusal="load_failed", first_counts=True)

    reason: str
    cause: Cause | None = None


class Unknown(Event, frozen=True, kw_only=True):
    """There is no connection or alias of this name; or no SA of this number, or no peer of this identity."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, refusal="unknown")

    name: str
    what: Literal["connection", "state", "peer"] = "connection"


class NotListening(Event, frozen=True, kw_only=True):
    """pluto was not told to listen yet, so it cannot do this."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, refusal="not_listening")


class NotOriented(Event, frozen=True, kw_only=True):
    """Neither end of the connection is an address of this machine, or both are."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, answers=True, refusal="not_oriented")


class Routed(Event, frozen=True, kw_only=True):
    """The connection was routed before, and stays so (said from 5.0 on; success as such is silent)."""

    traits: ClassVar[Traits] = Traits(level="info", notable=True)


class RouteRefused(Event, frozen=True, kw_only=True):
    """The connection cannot be routed or unrouted, for `reason`."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, refusal="refused", first_counts=True)

    reason: str
    cause: Cause | None = None


class Refused(Event, frozen=True, kw_only=True):
    """pluto says no, in words that have no event of their own."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True, refusal="refused")

    reason: str
    cause: Cause | None = None


class Prompted(Event, frozen=True, kw_only=True):
    """pluto asks for `what`, and blocks until it is answered. `secret` if that is a password."""

    traits: ClassVar[Traits] = Traits(level="info")

    what: str
    secret: bool


class Listening(Event, frozen=True, kw_only=True):
    """pluto listens for IKE messages now, or (`listening` false) no longer does."""

    traits: ClassVar[Traits] = Traits(level="info", quiet=True)

    listening: bool


class SecretsLoaded(Event, frozen=True, kw_only=True):
    """Secrets are read from `file`."""

    traits: ClassVar[Traits] = Traits(level="info", quiet=True)

    file: str


class ShuttingDown(Event, frozen=True, kw_only=True):
    """pluto goes down, as it was asked."""

    traits: ClassVar[Traits] = Traits(level="info")


class NetworkError(Event, frozen=True, kw_only=True):
    """The network gave an error for a message of ours. It ends nothing: pluto goes on trying."""

    traits: ClassVar[Traits] = Traits(level="warning")

    complainant: str | None = None
    reason: str


class Warned(Event, frozen=True, kw_only=True):
    """A warning or an error about the configuration, the secrets, a certificate or the kernel; with a `cause`, what it
    means for the connection."""

    traits: ClassVar[Traits] = Traits(level="warning", notable=True)

    reason: str
    cause: Cause | None = None
    by: Finder = "pluto"


class Complaint(Event, frozen=True, kw_only=True):
    """Ours, not pluto's: what the rules of the release say of a connection that is loaded all the same."""

    traits: ClassVar[Traits] = Traits(level="warning")


class RefusalCode(Event, frozen=True, kw_only=True):
    """A code without text: how 5.3 and later mark a refusal, whose words are in the line before or after."""

    traits: ClassVar[Traits] = Traits(level="warning")


class Remark(Event, frozen=True, kw_only=True):
    """A known line that changes nothing, about `topic`."""

    traits: ClassVar[Traits] = Traits(level="debug", quiet=True)

    topic: Topic


class Dropped(Event, frozen=True, kw_only=True):
    """Ours, not pluto's: the reader was too slow, and `count` events before this one were dropped."""

    traits: ClassVar[Traits] = Traits(level="warning")

    count: int


class Log(Event, frozen=True, kw_only=True):
    """Any other line. `sa` is the serial number in front of it, which does not tell what kind of SA it is."""

    traits: ClassVar[Traits] = Traits(level="debug", quiet=True)

    sa: int | None = None


def kind(event: Event) -> str:
    """The event's kind, as it is rendered: "child_established"."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def from_json(data: bytes | str) -> Event:
    """The event that `to_json` wrote, also as a line of --json, of a run, or of the journal. Raises DecodeError."""
    return read_json(data, _decoder(), "an event")


@functools.cache
def _decoder() -> msgspec.json.Decoder[Event]:
    kinds: list[type[Event]] = []
    waiting = [Event]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        kinds += below
    return msgspec.json.Decoder(functools.reduce(operator.or_, kinds))
