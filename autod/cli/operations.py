"""The operations of the command line as data: name, group, whether it takes names, help.

Pure, and free of imports that cost time: the parser, the completion and the documents are made from it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["OLD_VERBS", "OLD_WORDS", "OPERATIONS", "Operation", "Takes", "find"]


class Takes:
    """What an operation wants after it."""

    NAMES = "names"
    """One connection or more."""
    NOTHING = "nothing"
    OPTIONAL = "optional"
    """Names narrow it down; without any it is about everything."""


class Operation(NamedTuple):
    """An operation: `name` is its flag without the dashes."""

    name: str
    takes: str
    group: str
    help: str


CONNECTIONS = "operations on connections"
PLUTO = "operations on pluto"
LISTS = "lists"
STATE = "state"
CONFIGURATION = "operations on the configuration"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "up", Takes.NAMES, CONNECTIONS, "initiate, and wait until the Child SA is established or it failed"
    ),
    Operation("down", Takes.NAMES, CONNECTIONS, "terminate: take the SAs down, keep the connection loaded"),
    Operation("add", Takes.NAMES, CONNECTIONS, "load from the configuration; one that is loaded is replaced"),
    Operation(
        "delete",
        Takes.NAMES,
        CONNECTIONS,
        "take down and unload; deleting what is not loaded is done already",
    ),
    Operation("replace", Takes.NAMES, CONNECTIONS, "delete if loaded, then add"),
    Operation("start", Takes.NAMES, CONNECTIONS, "add, then up"),
    Operation("route", Takes.NAMES, CONNECTIONS, "route: traffic brings the connection up"),
    Operation(
        "unroute",
        Takes.NAMES,
        CONNECTIONS,
        "remove the route; refused for a connection that is up where that would kill pluto (4.0 to 4.15) "
        "or take its SAs down (5.x), unless --force",
    ),
    Operation("ondemand", Takes.NAMES, CONNECTIONS, "add, then route"),
    Operation(
        "rotatecert", Takes.NAMES, CONNECTIONS, "add again, which takes the certificates as they are now"
    ),
    Operation("status", Takes.OPTIONAL, STATE, "pluto's status; typed with --json or --format table"),
    Operation("trafficstatus", Takes.OPTIONAL, STATE, "bytes in and out of each established Child SA"),
    Operation("briefstatus", Takes.NOTHING, STATE, "totals only; costs pluto next to nothing"),
    Operation("globalstatus", Takes.NOTHING, STATE, "pluto's counters"),
    Operation("showstates", Takes.NOTHING, STATE, "each IKE SA and Child SA"),
    Operation("shuntstatus", Takes.NOTHING, STATE, "bare shunts in the kernel"),
    Operation("fipsstatus", Takes.NOTHING, STATE, "whether pluto runs in FIPS mode"),
    Operation("ready", Takes.NOTHING, PLUTO, "listen for IKE messages"),
    Operation(
        "rereadall",
        Takes.NOTHING,
        PLUTO,
        "reread secrets and CRLs, and certificates where the release has them",
    ),
    Operation("rereadsecrets", Takes.NOTHING, PLUTO, "reread the secrets file"),
    Operation("rereadcerts", Takes.NOTHING, PLUTO, "reread the certificates"),
    Operation("rereadcrls", Takes.NOTHING, PLUTO, "fetch the CRLs, which is what is left of it"),
    Operation(
        "rereadgroups", Takes.NOTHING, PLUTO, "reread the policy groups: pluto does it when told to listen"
    ),
    Operation("fetchcrls", Takes.NOTHING, PLUTO, "fetch the CRLs of the loaded certificates"),
    Operation("purgeocsp", Takes.NOTHING, PLUTO, "list all, and purge the OCSP cache"),
    Operation(
        "listall",
        Takes.NOTHING,
        LISTS,
        "public keys, certificates, CA certificates, CRLs and pre-shared keys",
    ),
    Operation("listpubkeys", Takes.NOTHING, LISTS, "public keys"),
    Operation("checkpubkeys", Takes.NOTHING, LISTS, "public keys that expire soon or have expired"),
    Operation("listcerts", Takes.NOTHING, LISTS, "certificates of this host and of peers"),
    Operation("listcacerts", Takes.NOTHING, LISTS, "CA certificates"),
    Operation("listcrls", Takes.NOTHING, LISTS, "certificate revocation lists"),
    Operation(
        "listgroups",
        Takes.NOTHING,
        LISTS,
        "policy groups of the policies folder, and the loaded group connections",
    ),
    Operation(
        "check",
        Takes.OPTIONAL,
        CONFIGURATION,
        "read the configuration, send nothing, show every error and warning",
    ),
    Operation("diff", Takes.OPTIONAL, CONFIGURATION, "what differs between the configuration and pluto"),
    Operation(
        "sync",
        Takes.OPTIONAL,
        CONFIGURATION,
        "make pluto hold what the configuration says, and touch nothing else",
    ),
)

OLD_VERBS = frozenset({"up", "down", "add", "delete", "replace", "start", "route", "unroute", "rotatecert"})
"""Verbs of the old form `autod NAME VERB`; `ipsec auto` never took `NAME ondemand` (4.10)."""

OLD_WORDS = frozenset(
    {
        "ready",
        "status",
        "rereadsecrets",
        "rereadcacerts",
        "rereadcrls",
        "rereadcerts",
        "rereadall",
        "listpubkeys",
        "listcerts",
        "listcacerts",
        "listcrls",
        "listall",
    }
)
"""Words of the old form `autod WORD` (4.10). rereadcacerts lives on only there; certificates are what it
rereads now."""

_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def find(name: str) -> Operation:
    """The operation of that name."""
    return _BY_NAME[name]
