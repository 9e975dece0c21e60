"""pluto's lines about the end of SAs: the rows of autod.recognise for deletion.

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases
that have it only in their source code.
"""

from __future__ import annotations

from autod.events import (
    Deleted,
    Deleting,
    Traffic,
)
from autod.recognise.table import Row

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:IKE|ISAKMP) SA #(?P<ike_sa>\d+)"
        r"(?: \(and Child SA #(?P<child_sa>\d+))?",
        fixed={"sa": "ike"},
        seen="5.2-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)"
        r" and (?:IKE|ISAKMP) SA #(?P<ike_sa>\d+)",
        fixed={"sa": "ike"},
        seen="5.3.2-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)"
        r"(?: using (?:IKE|ISAKMP) SA (?:\".+?\"\S* )?#(?P<ike_sa>\d+))?",
        fixed={"sa": "child"},
        seen="5.2-5.4",
    ),
    Row(
        Deleting,
        ("initiating",),
        r"initiating delete of .+ #(?P<ike_sa>\d+) which has connection's (?:Child|IPsec) SA #(?P<child_sa>\d+)",
        fixed={"sa": "ike"},
        seen="5.3.2",
    ),
    Row(
        Deleting,
        ("deleting",),
        r"deleting established Child SA using IKE SA #(?P<ike_sa>\d+)",
        "child",
        {"sa": "child"},
        seen="4.15",
    ),
    Row(
        Deleting,
        ("reschedule",),
        r"reschedule pending .+? - the (?:IKE|ISAKMP) SA #(?P<ike_sa>\d+) is going away",
        "child",
        {"sa": "ike"},
        seen="",
        sources="3.27-5.3.2",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting other state #\d+ (?:connection )?\((?P<state>[^)]*)\)",
        seen="",
        sources="3.27-4.15",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting state \((?P<state>[^)]*)\)(?: aged (?P<age>\d+(?:\.\d+)?)s)? and (?:NOT )?sending",
        "state",
        seen="3.27-4.15",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting (?:IKE|ISAKMP) SA \((?P<state>[^)]*)\)(?: aged (?P<age>\d+(?:\.\d+)?)s)?",
        "ike",
        {"sa": "ike"},
        seen="5.0-5.4",
    ),
    Row(
        Deleted,
        ("deleting",),
        r"deleting (?:IPsec|Child) SA \((?P<state>[^)]*)\)(?: aged (?P<age>\d+(?:\.\d+)?)s)?"
        r"(?:.* using (?:IKE|ISAKMP) SA (?:\".+?\"\S* )?#(?P<ike_sa>\d+))?",
        "child",
        {"sa": "child"},
        seen="5.0-5.4",
    ),
    Row(
        Traffic,
        ("ESP", "AH", "IPCOMP"),
        r"(?:ESP|AH|IPCOMP) traffic information: in=(?P<in_bytes>\d+[KMG]?B) out=(?P<out_bytes>\d+[KMG]?B)",
        "child",
    ),
)
