"""The arguments for which `ipsec auto --showonly` and autod are compared: every operation, every option."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = ("up", "down", "add", "delete", "replace", "start", "route", "unroute", "ondemand", "rotatecert")
PLAIN = (
    "status",
    "ready",
    "listall",
    "listpubkeys",
    "checkpubkeys",
    "listcerts",
    "listcacerts",
    "listcrls",
    "rereadall",
    "rereadsecrets",
    "rereadcrls",
    "rereadcerts",
    "purgeocsp",
    "fetchcrls",
)
OLD_NAMED = ("up", "down", "add", "delete", "replace", "start", "route", "unroute", "rotatecert")
OLD_PLAIN = (
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
)
OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--asynchronous",),
    ("--verbose",),
    ("--utc",),
    ("--config", "/etc/other.conf"),
    ("--ctlsocket", "/tmp/other dir/pluto.ctl"),
    ("--remote-host", "192.0.2.7"),
)
FEW = ((), *((option,) for option in OPTIONS), OPTIONS)
ALL = tuple(chain.from_iterable(combinations(OPTIONS, size) for size in range(len(OPTIONS) + 1)))


def cases(chosen: tuple[tuple[tuple[str, ...], ...], ...]) -> Iterator[tuple[str, ...]]:
    """Arguments after --showonly: every form of every operation with each choice of options."""
    for choice in chosen:
        options = tuple(chain.from_iterable(choice))
        for operation in NAMED:
            yield (*options, f"--{operation}", "conn-1")
        for operation in PLAIN:
            yield (*options, f"--{operation}")
        for operation in OLD_NAMED:
            yield (*options, "conn-1", operation)
        for operation in OLD_PLAIN:
            yield (*options, operation)
