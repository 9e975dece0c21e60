"""pluto's lines about connections as such: the rows of autod.recognise for loading, routing, terminating, names."""

from __future__ import annotations

from autod.causes import Cause
from autod.events import (
    AliasExpanded,
    BothEndsHere,
    Loaded,
    LoadFailed,
    NotListening,
    Refused,
    Routed,
    RouteRefused,
    Terminating,
    Unknown,
)
from autod.recognise.table import Row

__all__ = ["ROWS"]

_LOADING = (
    Row(Loaded, ("added",), r'added connection description "(?P<named>.*)"', seen="3.27-3.32"),
    Row(
        Loaded,
        ("added",),
        r'added (?:IKEv(?P<version>[12])|\S+) connection "(?P<named>.*)"$',
        seen="",
        sources="4.0",
    ),
    Row(
        Loaded,
        ("added",),
        r"added oriented (?:IKEv(?P<version>[12]) )?.*connection",
        fixed={"oriented": True},
        seen="5.4",
    ),
    Row(
        Loaded,
        ("added",),
        r"added unoriented (?:IKEv(?P<version>[12]) )?.*connection",
        fixed={"oriented": False},
        seen="5.0-5.4",
    ),
    Row(Loaded, ("added",), r"added (?:IKEv(?P<version>[12]) )?.*connection", seen="4.3-5.3.2"),
    Row(
        BothEndsHere,
        ("two",),
        r'two interfaces match "(?P<named>[^"]+)"',
        seen="",
        sources="3.27-4.15",
    ),
    Row(BothEndsHere, ("connection",), r"connection matches both ", seen="", sources="5.0-5.4"),
    Row(
        LoadFailed,
        ("failed",),
        r"failed to add (?:\S+ )?connection: (?P<reason>.*certificate .*(?:expired|not yet valid|undetermined).*)",
        None,
        {"cause": Cause.OWN_CERTIFICATE_EXPIRED},
        seen="",
        sources="4.0-5.4",
    ),
    Row(
        LoadFailed,
        ("failed",),
        r"failed to add (?:\S+ )?connection: (?P<reason>.*(?:certificate .*not found|failed to find certificate).*)",
        None,
        {"cause": Cause.CERTIFICATE_MISSING},
        seen="4.3-5.4",
        sources="4.0-5.4",
    ),
    Row(
        LoadFailed,
        ("Failed",),
        r'Failed to (?:add|load) connection "(?P<named>[^"]+)", (?P<reason>.+)',
        seen="",
        sources="3.27-3.32",
    ),
    Row(
        LoadFailed,
        ("failed",),
        r"failed to add connection (?P<reason>with .+)",
        seen="",
        sources="4.0-4.6",
    ),
    Row(LoadFailed, ("failed",), r"failed to add (?:\S+ )?connection: (?P<reason>.+)", seen="4.3-5.4"),
    Row(
        LoadFailed,
        ("Failed",),
        r'Failed to (?:add|load) connection "(?P<named>.+?)":? (?P<reason>.+)',
        seen="3.27-3.32",
    ),
    Row(
        LoadFailed,
        ("left", "right", "failed"),
        r"(?P<reason>(?:left|right) certificate with \S+ .* (?:was )?not found in .*"
        r"|failed to find certificate named .*)",
        None,
        {"cause": Cause.CERTIFICATE_MISSING},
        seen="3.27-3.32",
    ),
    Row(
        LoadFailed,
        ("address", "connection"),
        r"(?P<reason>address family inconsistency in .*|connection \S+ must specify host IP address for our side)",
        seen="3.27-4.3",
    ),
    Row(
        LoadFailed,
        ("attempt",),
        r'(?P<reason>attempt to redefine connection "(?P<named>.+)")',
        seen="",
        sources="3.27",
    ),
)

_ENDING = (
    Row(
        Terminating,
        ("terminating", "deleting", "marking"),
        r"terminating SAs using this connection|deleting non-instance connection|marking connection down"
        r"|terminating and downing never-negotiate connection",
    ),
)

_NAMES = (
    Row(
        AliasExpanded,
        ("initiating",),
        r"initiating all conn(?:ection)?s with alias(?:=| )['\"](?P<alias>.*)['\"]",
        fixed={"action": "initiate"},
    ),
    Row(
        AliasExpanded,
        ("initiating",),
        r"initiating (?P<count>\d+) connections?$",
        fixed={"action": "initiate"},
        seen="5.0-5.4",
    ),
    Row(
        AliasExpanded,
        ("terminating",),
        r"terminating all conn(?:ection)?s with alias(?:=| )['\"](?P<alias>.*)['\"]",
        fixed={"action": "terminate"},
        seen="5.0-5.4",
    ),
    Row(
        AliasExpanded,
        ("terminated",),
        r"terminated (?P<count>\d+) connections?(?: from aliased connection \"(?P<alias>.*)\")?$",
        fixed={"action": "terminate"},
    ),
    Row(
        Unknown,
        ("no",),
        r"no (?:such )?connection (?:or alias |or aliased connection )?(?:named )?"
        r"(?:\"(?P<name>.*)\"'?|'(?P<quoted>.*)')$",
    ),
    Row(Unknown, ("no",), r"no state #?(?P<name>\d+) to delete", fixed={"what": "state"}),
    Row(
        Unknown,
        ("no",),
        r"no connections matching (?:peer id|username) '(?P<name>.*)' found",
        fixed={"what": "peer"},
        seen="5.0-5.4",
    ),
    Row(NotListening, ("need",), r"need --listen before "),
)

_ROUTING = (
    Row(
        Routed,
        ("connection",),
        r"connection (?:is already routed|will remain routed)",
        seen="5.0-5.4",
    ),
    Row(
        RouteRefused,
        ("cannot", "could"),
        r"(?P<reason>cannot (?:un)?route\b.*|could not (?:un)?route\b.*)",
        seen="3.27-4.3",
        sources="3.27-5.4: route",
    ),
    Row(
        Refused,
        ("connection", "can't", "can", "cannot", "IKE", "Child", "rekey"),
        r"(?P<reason>connection (?:does not have|established \S+ .* missing).*|can't (?:rekey|find SA).*|can not rekey .*"
        r"|cannot force rekey .*|\S+ has no (?:established )?(?:IKE|Child|ISAKMP|IPsec) SA.*)",
        None,
        {"cause": Cause.NOT_UP},
        seen="4.10-5.2",
        sources="3.30-5.4",
    ),
    Row(
        Refused,
        ("no",),
        r"(?P<reason>no active tunnel (?:for|with) .*)",
        None,
        {"cause": Cause.NOT_UP},
        seen="",
        sources="3.28-3.32",
    ),
    Row(
        Refused,
        ("no",),
        r"(?P<reason>no stored ticket, cannot suspend connection)",
        seen="",
        sources="5.2-5.4",
    ),
)

ROWS: tuple[Row, ...] = (*_LOADING, *_ENDING, *_NAMES, *_ROUTING)
