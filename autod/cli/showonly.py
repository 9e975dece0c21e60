"""The lines of `ipsec auto --showonly` of Libreswan 4.10, command by command. Pure: contacts nobody, reads nothing.

The lines are facts of that script, with its oddities: --fetchcrls and --rotatecert fall through to addconn,
--rereadcrls prints a sentence and fails. Words are joined by single blanks, as by a shell's echo. A name with blanks
is several words, as in the script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Request", "ShowOnly", "show"]

_OBSOLETE = "ipsec auto --rereadcrls has been obsoleted - please see: ipsec crls"


@dataclass(frozen=True, slots=True)
class Request:
    """The request. `operation` is one of `ipsec auto`, without dashes."""

    operation: str
    ctlsocket: str
    names: tuple[str, ...] = ()
    asynchronous: bool = False
    config: str | None = None
    verbose: bool = False
    utc: bool = False
    remote_host: str | None = None


@dataclass(frozen=True, slots=True)
class ShowOnly:
    """The lines to print, the exit status, and a sentence for standard error if there is nothing to show."""

    lines: tuple[str, ...]
    status: int = 0
    problem: str | None = None


_PLAIN: dict[str, tuple[str, ...]] = {
    "ready": ("--listen",),
    "rereadgroups": ("--listen",),
    "rereadsecrets": ("--rereadsecrets",),
    "rereadcacerts": ("--rereadcacerts",),
    "rereadcerts": ("--rereadcerts",),
    "rereadall": ("--rereadall",),
    "status": ("--status",),
}
_WITH_UTC: dict[str, tuple[str, ...]] = {
    "listpubkeys": ("--listpubkeys",),
    "checkpubkeys": ("--checkpubkeys",),
    "listcerts": ("--listcerts",),
    "listcacerts": ("--listcacerts",),
    "listcrls": ("--listcrls",),
    "listall": ("--listall",),
    "purgeocsp": ("--listall", "--purgeocsp"),
}
_NAMED: dict[str, tuple[str, ...]] = {
    "up": ("initiate",),
    "down": ("terminate",),
    "delete": ("delete",),
    "route": ("route",),
    "unroute": ("unroute",),
    "add": ("addconn",),
    "rotatecert": ("addconn",),
    "replace": ("delete", "addconn"),
    "start": ("addconn", "initiate"),
    "ondemand": ("addconn", "route"),
}


def show(request: Request) -> ShowOnly:
    """The commands for `request`, one line a command, for each name in turn."""
    operation = request.operation
    if operation in _PLAIN:
        return ShowOnly((_line(_whack(request), *_PLAIN[operation]),))
    if operation in _WITH_UTC:
        utc = ("--utc",) if request.utc else ()
        return ShowOnly((_line(_whack(request), *utc, *_WITH_UTC[operation]),))
    if operation in _NAMED:
        return ShowOnly(
            tuple(_named(request, step, name) for name in request.names for step in _NAMED[operation])
        )
    if operation == "fetchcrls":
        return ShowOnly((_line(_addconn(request)),))
    if operation == "rereadcrls":
        return ShowOnly((_OBSOLETE,), status=1)
    return ShowOnly((), 2, f"`ipsec auto` of 4.10 has no --{operation}, so there is no command to show")


def _named(request: Request, step: str, name: str) -> str:
    words = _words(name)
    if step == "addconn":
        return _line(_addconn(request), *words)
    if step == "initiate":
        asynchronous = ("--asynchronous",) if request.asynchronous else ()
        remote = () if request.remote_host is None else ("--remote-host", *_words(request.remote_host))
        return _line(_whack(request), *asynchronous, "--name", *words, "--initiate", *remote)
    return _line(_whack(request), "--name", *words, f"--{step}")


def _whack(request: Request) -> tuple[str, ...]:
    return ("ipsec", "whack", "--ctlsocket", request.ctlsocket)


def _addconn(request: Request) -> tuple[str, ...]:
    verbose = ("--verbose",) if request.verbose else ()
    config = () if request.config is None else ("--config", *_words(request.config))
    return ("ipsec", "addconn", "--ctlsocket", request.ctlsocket, *verbose, *config)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split("[ \\t\\n]", text) if word)


def _line(start: tuple[str, ...], *rest: str) -> str:
    return " ".join((*start, *rest))
