"""The commands that pluto takes, as frozen values.

Owns: the commands and their arguments, in the terms of IPsec. Must not know: how a release writes them
(autod.protocol.families) or what pluto answers.

A command is one message and one exchange. `encode` refuses a command that a release does not have.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

import msgspec

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


class Command(msgspec.Struct, frozen=True):
    """A command to pluto."""

    verb: ClassVar[str] = ""


class Named(Command, frozen=True):
    """A command about the connection, or the alias, `name`."""

    name: str


class _Utc(Command, frozen=True):
    """`utc`: times in UTC instead of pluto's local time."""

    utc: bool = False


class _About(Command, frozen=True):
    """`name`: of this connection only."""

    name: str | None = None
    utc: bool = False


class Status(Command, frozen=True):
    """Everything that pluto knows, as text. Safe on every release, but expensive: do not send it in a loop."""

    verb: ClassVar[str] = "status"


class GlobalStatus(Command, frozen=True):
    """Counters of the whole daemon."""

    verb: ClassVar[str] = "globalstatus"


class BriefStatus(Command, frozen=True):
    """Totals: SAs by kind (3.28 on)."""

    verb: ClassVar[str] = "briefstatus"


class ShowStates(Command, frozen=True):
    """A line for each IKE SA and Child SA (4.0 on)."""

    verb: ClassVar[str] = "showstates"


class ShuntStatus(Command, frozen=True):
    """Bare shunts."""

    verb: ClassVar[str] = "shuntstatus"


class FipsStatus(Command, frozen=True):
    """Whether FIPS mode is on."""

    verb: ClassVar[str] = "fipsstatus"


class AddressPoolStatus(Command, frozen=True):
    """Leases of the address pools (4.0 on)."""

    verb: ClassVar[str] = "addresspoolstatus"


class ProcessStatus(Command, frozen=True):
    """Child processes of pluto (4.2 on)."""

    verb: ClassVar[str] = "processstatus"


class TrafficStatus(_About, frozen=True):
    """A line for each Child SA with its bytes: the cheap way to see which connections are up."""

    verb: ClassVar[str] = "trafficstatus"


class ConnectionStatus(_About, frozen=True):
    """The connections' part of the status (5.0 on)."""

    verb: ClassVar[str] = "connectionstatus"


class BriefConnectionStatus(_About, frozen=True):
    """A line for each connection (5.0 on)."""

    verb: ClassVar[str] = "briefconnectionstatus"


class ClearStats(Command, frozen=True):
    """Set the counters of the daemon to zero."""

    verb: ClassVar[str] = "clearstats"


class Initiate(Named, frozen=True):
    """Bring a connection up: negotiate its IKE SA if there is none, and one more Child SA.

    If it is synchronous, pluto keeps the exchange open until the negotiation has ended, and holds a descriptor for it.
    """

    verb: ClassVar[str] = "initiate"
    asynchronous: bool = False
    remote_host: str | None = None
    xauth_username: str | None = None


class Terminate(Named, frozen=True):
    """Take a connection's SAs down; it stays loaded."""

    verb: ClassVar[str] = "terminate"


class Delete(Named, frozen=True):
    """Unload a connection, and delete its SAs."""

    verb: ClassVar[str] = "delete"


class Route(Named, frozen=True):
    """Catch packets of a connection, and initiate when one comes."""

    verb: ClassVar[str] = "route"


class Unroute(Named, frozen=True):
    """Stop catching packets of a connection. Fatal to pluto 4.0 to 4.15 if the connection is up."""

    verb: ClassVar[str] = "unroute"


class Suspend(Named, frozen=True):
    """Suspend a connection, so that its session can be resumed later (5.2 on)."""

    verb: ClassVar[str] = "suspend"


class RekeyIke(Named, frozen=True):
    """Rekey the IKE SA of a connection (3.30 on)."""

    verb: ClassVar[str] = "rekey-ike"


class RekeyChild(Named, frozen=True):
    """Rekey the Child SA of a connection (3.30 on)."""

    verb: ClassVar[str] = "rekey-child"


class DeleteIke(Named, frozen=True):
    """Delete the IKE SA of a connection (5.0 on)."""

    verb: ClassVar[str] = "delete-ike"


class DeleteChild(Named, frozen=True):
    """Delete the Child SA of a connection (5.0 on)."""

    verb: ClassVar[str] = "delete-child"


class TerminateIke(Named, frozen=True):
    """Take the IKE SA of a connection down (5.0 on)."""

    verb: ClassVar[str] = "down-ike"


class TerminateChild(Named, frozen=True):
    """Take the Child SA of a connection down (5.0 on)."""

    verb: ClassVar[str] = "down-child"


class DeleteUser(Named, frozen=True):
    """Delete the SAs of an XAUTH user."""

    verb: ClassVar[str] = "deleteuser"


class DeleteId(Named, frozen=True):
    """Delete the SAs of a peer's ID."""

    verb: ClassVar[str] = "deleteid"


class DeleteState(Command, frozen=True):
    """Delete one SA by its serial number."""

    verb: ClassVar[str] = "deletestate"
    serial: int


class Crash(Command, frozen=True):
    """Treat a peer as crashed: its SAs are replaced."""

    verb: ClassVar[str] = "crash"
    peer: IPv4Address | IPv6Address


class Acquire(Command, frozen=True):
    """Initiate opportunistically between two addresses, as if the kernel had asked for it."""

    verb: ClassVar[str] = "acquire"
    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    protocol: int = 1
    local_port: int = 8
    remote_port: int = 0


class Listen(Command, frozen=True):
    """Find the interfaces and listen on them; read the secrets again.

    `buffer`: bytes of the receive buffer of the IKE sockets. `toggle_error_queue`: switch IP_RECVERR on or off.
    """

    verb: ClassVar[str] = "listen"
    buffer: int | None = None
    toggle_error_queue: bool = False


class Unlisten(Command, frozen=True):
    """Stop listening for IKE."""

    verb: ClassVar[str] = "unlisten"


class RereadSecrets(Command, frozen=True):
    """Read ipsec.secrets again."""

    verb: ClassVar[str] = "rereadsecrets"


class RereadCerts(Command, frozen=True):
    """Forget cached certificates (4.0 on)."""

    verb: ClassVar[str] = "rereadcerts"


class FetchCrls(Command, frozen=True):
    """Fetch the CRLs again."""

    verb: ClassVar[str] = "fetchcrls"


class RereadAll(Command, frozen=True):
    """Read secrets and CRLs again, and certificates if the release can."""

    verb: ClassVar[str] = "rereadall"


class PurgeOcsp(Command, frozen=True):
    """Empty the OCSP cache."""

    verb: ClassVar[str] = "purgeocsp"


class ListPubkeys(_Utc, frozen=True):
    """Public keys."""

    verb: ClassVar[str] = "listpubkeys"


class CheckPubkeys(_Utc, frozen=True):
    """Public keys that are expired or expire soon."""

    verb: ClassVar[str] = "checkpubkeys"


class ListCerts(_Utc, frozen=True):
    """End certificates."""

    verb: ClassVar[str] = "listcerts"


class ListCacerts(_Utc, frozen=True):
    """CA certificates."""

    verb: ClassVar[str] = "listcacerts"


class ListCrls(_Utc, frozen=True):
    """Revocation lists."""

    verb: ClassVar[str] = "listcrls"


class ListPsks(_Utc, frozen=True):
    """The IDs that have preshared keys, without the keys."""

    verb: ClassVar[str] = "listpsks"


class ListEvents(_Utc, frozen=True):
    """Timers of pluto."""

    verb: ClassVar[str] = "listevents"


class ListAll(_Utc, frozen=True):
    """Public keys, preshared keys, certificates, CA certificates and revocation lists."""

    verb: ClassVar[str] = "listall"


class RefreshDdns(Command, frozen=True):
    """Look up again the names of peers (3.30 on). Fatal to pluto 5.4 with no connection loaded."""

    verb: ClassVar[str] = "ddns"


class DdosMode(enum.IntEnum):
    """Whether pluto asks for cookies (enum ddos_mode)."""

    AUTO = 1
    BUSY = 2
    UNLIMITED = 3


class SetDdosMode(Command, frozen=True):
    """Set when pluto asks for cookies."""

    verb: ClassVar[str] = "ddos"
    mode: DdosMode


class Shutdown(Command, frozen=True):
    """End pluto."""

    verb: ClassVar[str] = "shutdown"


class ShutdownLeaveState(Command, frozen=True):
    """End pluto, and leave the kernel's SAs and policies as they are (4.2 on)."""

    verb: ClassVar[str] = "shutdown-leave-state"


class ActiveRedirect(Named, frozen=True):
    """Redirect the peers of a connection to another gateway (4.0 on)."""

    verb: ClassVar[str] = "redirect"
    to: str = ""


class GlobalRedirect(Command, frozen=True):
    """Redirect new peers to other gateways (4.3 on). `kind`: 1 no, 2 yes, 3 auto."""

    verb: ClassVar[str] = "global-redirect"
    kind: int
    to: str | None = None


class Debug(Command, frozen=True):
    """Turn debug logging on and off, of pluto or of one connection, as bits of that release's lmod_t."""

    verb: ClassVar[str] = "debug"
    set: int = 0
    clear: int = 0
    name: str | None = None


class Impair(Command, frozen=True):
    """Make pluto misbehave for a test, by the numbers of that release.

    3.x knows bits and one impairment, later releases a list of (what, how) or (what, how, enable).
    """

    verb: ClassVar[str] = "impair"
    what: int = 0
    how: int = 0
    enable: bool = False
    set_bits: int = 0
    clear_bits: int = 0


class AddPublicKey(Command, frozen=True):
    """Send pluto a peer's raw public key. `key`: the bytes up to 5.2, their text ("0s...") from 5.3 on.

    `algorithm`: enum ipseckey_algorithm_type: 2 RSA, 3 ECDSA.
    """

    verb: ClassVar[str] = "addkey"
    id: str
    key: bytes
    algorithm: int = 2

    def __repr__(self) -> str:
        return f"AddPublicKey(id={self.id!r}, algorithm={self.algorithm})"


class AddConnection(Command, frozen=True):
    """Load a connection: the members that are not zero, by their path, as the release's own addconn fills them.

    `settings` (5.4): (end, key, value) tuples. autod.protocol.connection fills in both.
    """

    verb: ClassVar[str] = "add"
    name: str
    members: Mapping[str, int | bytes | str] = msgspec.field(default_factory=dict)
    settings: tuple[tuple[int, int, str], ...] = ()
