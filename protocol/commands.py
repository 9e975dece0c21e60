"""What may be asked of pluto, as frozen values.

Owns: the commands and their arguments, in the field's own terms. Must not know: how a release writes them
(protocol.families) or what pluto answers.

A command is asked by one message and one exchange. What a release does not have, `encode` refuses.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

__all__ = [
    "Acquire",
    "ActiveRedirect",
    "AddConnection",
    "AddPublicKey",
    "AddressPoolStatus",
    "BriefConnectionStatus",
    "BriefStatus",
    "CheckPubkeys",
    "ClearStats",
    "Command",
    "ConnectionStatus",
    "Crash",
    "DdosMode",
    "Debug",
    "Delete",
    "DeleteChild",
    "DeleteId",
    "DeleteIke",
    "DeleteState",
    "DeleteUser",
    "FetchCrls",
    "FipsStatus",
    "GlobalRedirect",
    "GlobalStatus",
    "Impair",
    "Initiate",
    "ListAll",
    "ListCacerts",
    "ListCerts",
    "ListCrls",
    "ListEvents",
    "ListPsks",
    "ListPubkeys",
    "Listen",
    "Named",
    "ProcessStatus",
    "PurgeOcsp",
    "RefreshDdns",
    "RekeyChild",
    "RekeyIke",
    "RereadAll",
    "RereadCerts",
    "RereadSecrets",
    "Route",
    "SetDdosMode",
    "ShowStates",
    "ShuntStatus",
    "Shutdown",
    "ShutdownLeaveState",
    "Status",
    "Suspend",
    "Terminate",
    "TerminateChild",
    "TerminateIke",
    "TrafficStatus",
    "Unlisten",
    "Unroute",
]


@dataclass(frozen=True, slots=True)
class Command:
    """Something to ask of pluto."""

    verb: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Named(Command):
    """A command about the connection, or the alias, `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class _Utc(Command):
    """`utc`: times in UTC instead of pluto's local time."""

    utc: bool = False


@dataclass(frozen=True, slots=True)
class _About(Command):
    """`name`: of this connection only."""

    name: str | None = None
    utc: bool = False


class Status(Command):
    """Everything pluto knows, as text. Safe on every release, and expensive: never in a loop."""

    __slots__ = ()
    verb = "status"


class GlobalStatus(Command):
    """Counters of the whole daemon."""

    __slots__ = ()
    verb = "globalstatus"


class BriefStatus(Command):
    """Totals: SAs by kind (3.28 on)."""

    __slots__ = ()
    verb = "briefstatus"


class ShowStates(Command):
    """A line for each IKE SA and Child SA (4.0 on)."""

    __slots__ = ()
    verb = "showstates"


class ShuntStatus(Command):
    """Bare shunts."""

    __slots__ = ()
    verb = "shuntstatus"


class FipsStatus(Command):
    """Whether FIPS mode is on."""

    __slots__ = ()
    verb = "fipsstatus"


class AddressPoolStatus(Command):
    """Leases of the address pools (4.0 on)."""

    __slots__ = ()
    verb = "addresspoolstatus"


class ProcessStatus(Command):
    """Child processes of pluto (4.2 on)."""

    __slots__ = ()
    verb = "processstatus"


class TrafficStatus(_About):
    """A line for each Child SA with its bytes: the cheap way to see what is up."""

    __slots__ = ()
    verb = "trafficstatus"


class ConnectionStatus(_About):
    """The connections' part of the status (5.0 on)."""

    __slots__ = ()
    verb = "connectionstatus"


class BriefConnectionStatus(_About):
    """A line for each connection (5.0 on)."""

    __slots__ = ()
    verb = "briefconnectionstatus"


class ClearStats(Command):
    """Set the counters of the daemon to zero."""

    __slots__ = ()
    verb = "clearstats"


@dataclass(frozen=True, slots=True)
class Initiate(Named):
    """Bring a connection up: negotiate its IKE SA if there is none, and one more Child SA.

    Synchronous, pluto keeps the exchange open until the negotiation ended, and holds a descriptor for it.
    """

    verb: ClassVar[str] = "initiate"
    asynchronous: bool = False
    remote_host: str | None = None
    xauth_username: str | None = None


class Terminate(Named):
    """Take a connection's SAs down; it stays loaded."""

    __slots__ = ()
    verb = "terminate"


class Delete(Named):
    """Unload a connection, with its SAs."""

    __slots__ = ()
    verb = "delete"


class Route(Named):
    """Catch packets of a connection, and initiate when one comes."""

    __slots__ = ()
    verb = "route"


class Unroute(Named):
    """Stop catching packets of a connection. Fatal to pluto 4.0 to 4.15 if the connection is up."""

    __slots__ = ()
    verb = "unroute"


class Suspend(Named):
    """Suspend a connection for later resumption of its session (5.2 on)."""

    __slots__ = ()
    verb = "suspend"


class RekeyIke(Named):
    """Rekey the IKE SA of a connection (3.30 on)."""

    __slots__ = ()
    verb = "rekey-ike"


class RekeyChild(Named):
    """Rekey the Child SA of a connection (3.30 on)."""

    __slots__ = ()
    verb = "rekey-child"


class DeleteIke(Named):
    """Delete the IKE SA of a connection (5.0 on)."""

    __slots__ = ()
    verb = "delete-ike"


class DeleteChild(Named):
    """Delete the Child SA of a connection (5.0 on)."""

    __slots__ = ()
    verb = "delete-child"


class TerminateIke(Named):
    """Take the IKE SA of a connection down (5.0 on)."""

    __slots__ = ()
    verb = "down-ike"


class TerminateChild(Named):
    """Take the Child SA of a connection down (5.0 on)."""

    __slots__ = ()
    verb = "down-child"


class DeleteUser(Named):
    """Delete the SAs of an XAUTH user."""

    __slots__ = ()
    verb = "deleteuser"


class DeleteId(Named):
    """Delete the SAs of a peer's ID."""

    __slots__ = ()
    verb = "deleteid"


@dataclass(frozen=True, slots=True)
class DeleteState(Command):
    """Delete one SA by its serial number."""

    verb: ClassVar[str] = "deletestate"
    serial: int


@dataclass(frozen=True, slots=True)
class Crash(Command):
    """Take a peer for crashed: its SAs are replaced."""

    verb: ClassVar[str] = "crash"
    peer: IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Acquire(Command):
    """Initiate opportunistically between two addresses, as the kernel would ask."""

    verb: ClassVar[str] = "acquire"
    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    protocol: int = 1
    local_port: int = 8
    remote_port: int = 0


@dataclass(frozen=True, slots=True)
class Listen(Command):
    """Find the interfaces and listen on them; read the secrets again.

    `buffer`: bytes of the receive buffer of the IKE sockets. `toggle_error_queue`: turn IP_RECVERR over.
    """

    verb: ClassVar[str] = "listen"
    buffer: int | None = None
    toggle_error_queue: bool = False


class Unlisten(Command):
    """Stop listening for IKE."""

    __slots__ = ()
    verb = "unlisten"


class RereadSecrets(Command):
    """Read ipsec.secrets again."""

    __slots__ = ()
    verb = "rereadsecrets"


class RereadCerts(Command):
    """Forget cached certificates (4.0 on)."""

    __slots__ = ()
    verb = "rereadcerts"


class FetchCrls(Command):
    """Fetch the CRLs again."""

    __slots__ = ()
    verb = "fetchcrls"


class RereadAll(Command):
    """Secrets, CRLs, and certificates where the release has them."""

    __slots__ = ()
    verb = "rereadall"


class PurgeOcsp(Command):
    """Empty the OCSP cache."""

    __slots__ = ()
    verb = "purgeocsp"


class ListPubkeys(_Utc):
    """Public keys."""

    __slots__ = ()
    verb = "listpubkeys"


class CheckPubkeys(_Utc):
    """Public keys that are expired or expire soon."""

    __slots__ = ()
    verb = "checkpubkeys"


class ListCerts(_Utc):
    """End certificates."""

    __slots__ = ()
    verb = "listcerts"


class ListCacerts(_Utc):
    """CA certificates."""

    __slots__ = ()
    verb = "listcacerts"


class ListCrls(_Utc):
    """Revocation lists."""

    __slots__ = ()
    verb = "listcrls"


class ListPsks(_Utc):
    """For whom there are preshared keys; never the keys."""

    __slots__ = ()
    verb = "listpsks"


class ListEvents(_Utc):
    """Timers of pluto."""

    __slots__ = ()
    verb = "listevents"


class ListAll(_Utc):
    """Public keys, preshared keys, certificates, CA certificates and revocation lists."""

    __slots__ = ()
    verb = "listall"


class RefreshDdns(Command):
    """Look up again the names of peers (3.30 on). Fatal to pluto 5.4 with no connection loaded."""

    __slots__ = ()
    verb = "ddns"


class DdosMode(enum.IntEnum):
    """Whether pluto asks for cookies (enum ddos_mode)."""

    AUTO = 1
    BUSY = 2
    UNLIMITED = 3


@dataclass(frozen=True, slots=True)
class SetDdosMode(Command):
    """Set when pluto asks for cookies."""

    verb: ClassVar[str] = "ddos"
    mode: DdosMode


class Shutdown(Command):
    """End pluto."""

    __slots__ = ()
    verb = "shutdown"


class ShutdownLeaveState(Command):
    """End pluto, and leave the kernel's SAs and policies as they are (4.2 on)."""

    __slots__ = ()
    verb = "shutdown-leave-state"


@dataclass(frozen=True, slots=True)
class ActiveRedirect(Named):
    """Redirect the peers of a connection to another gateway (4.0 on)."""

    verb: ClassVar[str] = "redirect"
    to: str = ""


@dataclass(frozen=True, slots=True)
class GlobalRedirect(Command):
    """Redirect new peers to other gateways (4.3 on). `kind`: 1 no, 2 yes, 3 auto."""

    verb: ClassVar[str] = "global-redirect"
    kind: int
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Debug(Command):
    """Turn debug logging on and off, of pluto or of one connection, as bits of that release's lmod_t."""

    verb: ClassVar[str] = "debug"
    set: int = 0
    clear: int = 0
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Impair(Command):
    """Make pluto misbehave for a test, by the numbers of that release.

    3.x knows bits and one impairment, later releases a list of (what, how) or (what, how, enable).
    """

    verb: ClassVar[str] = "impair"
    what: int = 0
    how: int = 0
    enable: bool = False
    set_bits: int = 0
    clear_bits: int = 0


@dataclass(frozen=True, slots=True)
class AddPublicKey(Command):
    """Give pluto a peer's raw public key. `key`: the bytes up to 5.2, their text ("0s...") from 5.3 on.

    `algorithm`: enum ipseckey_algorithm_type: 2 RSA, 3 ECDSA.
    """

    verb: ClassVar[str] = "addkey"
    id: str
    key: bytes = field(repr=False)
    algorithm: int = 2


@dataclass(frozen=True, slots=True)
class AddConnection(Command):
    """Load a connection: the members that are not zero, by their path, as the release's own addconn fills them.

    `settings` (5.4): (end, key, value) tuples. What belongs into both is the matter of protocol.connection.
    """

    verb: ClassVar[str] = "add"
    name: str
    members: Mapping[str, int | bytes | str] = field(default_factory=dict)
    settings: tuple[tuple[int, int, str], ...] = ()
