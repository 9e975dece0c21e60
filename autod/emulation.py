"""What an operation means where a release lacks it: done by another command, or refused with the reason.

Owns: one table, which docs/releases.md shows. Must not know: how a command is asked, or of what bytes it is made.

Native is what the release's own message table has (autod.protocol.families.requests); this is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autod.protocol import commands as c
from autod.protocol.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = [
    "OPERATIONS",
    "REFUSED",
    "SUBSTITUTES",
    "Availability",
    "Substitute",
    "availability",
    "native_or_substitute",
]


@dataclass(frozen=True, slots=True)
class Substitute:
    """Another command in place of one that the release lacks, and which of its lines are the answer."""

    command: c.Command
    how: str
    keep: Callable[[str], bool]


def _all(text: str) -> bool:
    return True


def _states(text: str) -> bool:
    return text.startswith("#")


def _totals(text: str) -> bool:
    return text.startswith(("State Information:", "IKE SAs:", "IPsec SAs:"))


def _connections(text: str) -> bool:
    return text.startswith(('"', "Total IPsec connections:"))


SUBSTITUTES: dict[type[c.Command], Substitute] = {
    c.ShowStates: Substitute(c.Status(), "the lines of the SAs in --status", _states),
    c.BriefStatus: Substitute(c.Status(), "the totals in --status", _totals),
    c.ConnectionStatus: Substitute(c.Status(), "the lines of the connections in --status", _connections),
}
"""What is asked instead, where a release has no such command."""

REFUSED: dict[type[c.Command], str] = {
    c.BriefConnectionStatus: "came with 5.0; use --status, or --trafficstatus for what is up",
    c.AddressPoolStatus: "came with 4.0",
    c.ProcessStatus: "came with 4.2",
    c.RereadCerts: "came with 4.0; before, certificates are read when a connection is added: replace it",
    c.RekeyIke: "came with 3.30; take the connection down and up instead",
    c.RekeyChild: "came with 3.30; take the connection down and up instead",
    c.Suspend: "came with 5.2; take the connection down instead",
    c.DeleteIke: "came with 5.0; take the connection down instead",
    c.DeleteChild: "came with 5.0; take the connection down instead",
    c.TerminateIke: "came with 5.0; take the connection down instead",
    c.TerminateChild: "came with 5.0; take the connection down instead",
    c.RefreshDdns: "came with 3.30; replace the connection, which looks its names up again",
    c.ActiveRedirect: "came with 4.0",
    c.GlobalRedirect: "came with 4.3",
    c.ShutdownLeaveState: "came with 4.2; without it the tunnels go down with pluto",
    c.Acquire: "from 4.3 on only",
}
"""Why there is nothing to ask instead."""

OPERATIONS: tuple[tuple[str, type[c.Command] | str], ...] = (
    ("--up", c.Initiate),
    ("--down", c.Terminate),
    ("--add, --replace", c.AddConnection),
    ("--delete", c.Delete),
    ("--route, --ondemand", c.Route),
    ("--unroute", c.Unroute),
    ("--status", c.Status),
    ("--ready, --rereadgroups", c.Listen),
    ("--listall", c.ListAll),
    ("--listpubkeys", c.ListPubkeys),
    ("--checkpubkeys", c.CheckPubkeys),
    ("--listcerts", c.ListCerts),
    ("--listcacerts", c.ListCacerts),
    ("--listcrls", c.ListCrls),
    ("--listgroups", "the policy files beside the configuration, and the group connections in --status"),
    ("--rereadall", c.RereadAll),
    ("--rereadsecrets", c.RereadSecrets),
    ("--rereadcerts", c.RereadCerts),
    ("--rereadcrls, --fetchcrls", c.FetchCrls),
    ("--purgeocsp", c.PurgeOcsp),
    ("traffic status", c.TrafficStatus),
    ("brief status", c.BriefStatus),
    ("states", c.ShowStates),
    ("connection status", c.ConnectionStatus),
    ("brief connection status", c.BriefConnectionStatus),
    ("address pools", c.AddressPoolStatus),
    ("processes", c.ProcessStatus),
    ("rekey an IKE or Child SA", c.RekeyIke),
    ("suspend", c.Suspend),
    ("look up names again", c.RefreshDdns),
)
"""Operation, and the command behind it; or, where no release has one, how autod answers it."""


@dataclass(frozen=True, slots=True)
class Availability:
    """How a release answers an operation: "native", "emulated" or "refused", and how or why."""

    kind: str
    how: str = ""


def availability(command: type[c.Command] | str, release: Release) -> Availability:
    """What becomes of an operation on a release."""
    if isinstance(command, str):
        return Availability("emulated", command)
    if release.supports(command):
        return Availability("native")
    if command in SUBSTITUTES:
        return Availability("emulated", SUBSTITUTES[command].how)
    return Availability("refused", REFUSED[command])


def native_or_substitute(command: c.Command, release: Release) -> Substitute:
    """The command to ask, and which lines to keep. Unsupported where the release has neither."""
    kind = type(command)
    if release.supports(kind):
        return Substitute(command, "", _all)
    if kind in SUBSTITUTES:
        return SUBSTITUTES[kind]
    raise Unsupported(f"Libreswan {release} has no {kind.verb}: it {REFUSED.get(kind, 'came later')}.")


def kept(replies: list[Reply], keep: Callable[[str], bool]) -> list[Reply]:
    """The replies that are the answer."""
    return replies if keep is _all else [reply for reply in replies if keep(reply.text)]
