"""Which release of Libreswan is listening.

Owns: the order of the ways to find out. Must not know: what a release means (autod.protocol.releases decides whether it
is covered), or what is asked of pluto afterwards.

The ways, cheapest first; nothing else is ever sent to a pluto whose release is not known for certain:

1. the caller says so: nobody is contacted, but a program that is plainly of another release is not lied to;
2. an earlier command found out (autod.identify.cache), and the socket is still the same file;
3. the program that runs tells (`pluto --version`), where /proc shows it and it holds the socket: no connection;
4. the safe status probe, one connection: all of --status, 0.3 s of pluto's time with 5,000 connections loaded.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

from autod.errors import ConnectionLost, PlutoReplaced, ProtocolViolation, UnknownRelease, UsageError
from autod.exchange.control import Control, check_path
from autod.exchange.peer import Listener, listener, socket_file
from autod.identify.binary import version_of_process
from autod.identify.cache import Entry, Known
from autod.protocol import encode, releases
from autod.protocol.codes import CODES_5_3
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from autod.exchange.peer import SocketFile
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Detected", "How", "detect"]

_PLUTO_VERSION = re.compile(r"\bpluto_version=([^\s,]+)")
_LABELED = re.compile(r"\bsecctx-attr-type=(<unsupported>|\d+)")

_NOBODYS_NAME = "autod asks whether this pluto has seccomp"
"""A name with blanks in it, which no connection can have."""

_ROUNDS = 3


class How(StrEnum):
    """How a release was found out."""

    GIVEN = "given"
    CACHE = "cache"
    BINARY = "binary"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Detected:
    """Which release listens, and which pluto that holds for.

    `pluto` is what Control needs to refuse another one, None where the release was given and nobody is seen to listen.
    """

    release: Release
    how: How
    seqpacket: bool
    pluto: Listener | None = None

    @property
    def pid(self) -> int | None:
        """pluto's process, None where it is not known."""
        return None if self.pluto is None else self.pluto.pid

    @property
    def start_time(self) -> int | None:
        """When pluto's process started, in clock ticks since the system's start; None where it is not known."""
        return None if self.pluto is None else self.pluto.start


async def detect(
    path: str | os.PathLike[str],
    *,
    release: str | None = None,
    seccomp: bool | None = None,
    known: Known | None = None,
) -> Detected:
    """Which release listens at `path`.

    `release` and `seccomp` (whether pluto was built with USE_SECCOMP) are the caller's word and are believed, unless
    the program that runs is of another release that is covered: then UsageError, for the message would be misread.
    `known` remembers the answer for the life of that pluto, unless the caller's word is part of it.

    Raises UnknownRelease, which names the release and what to do; NoSocket, NotPermitted, ConnectionLost;
    ProtocolViolation where what answers is no pluto. A silent pluto is waited for: the caller's cancel scope is
    the deadline. Cancelled: the probe may still be answered, and a program under way is killed.
    """
    path = os.fspath(path)
    check_path(path)
    if release is not None:
        return await _believe(path, releases.find(release, seccomp=seccomp))
    rounds = count(1)
    while True:
        found = await _look(path, socket_file(path), seccomp, known)
        pluto = found.pluto
        assert pluto is not None
        if pluto.file is not None and pluto.file == socket_file(path):
            return found
        if next(rounds) == _ROUNDS:
            break
    if pluto.is_visible and not pluto.is_gone():
        return found  # the path leads to one pluto after the other: what was found is true of this one
    raise ConnectionLost(
        f"{path}: pluto was started anew each time its release was asked for: try again", path=path
    )


async def _believe(path: str, given: Release) -> Detected:
    """The caller's word, and what the running program adds to it; nobody is contacted."""
    pluto = listener(path)
    if pluto.pid is None:
        return Detected(given, How.GIVEN, given.seqpacket)
    version = await version_of_process(pluto.pid)
    if version is not None:
        try:
            running = releases.find(version.text)
        except UnknownRelease:
            running = given
        if running.outline is not given.outline or running.magic != given.magic:
            raise UsageError(
                f"{path}: this pluto is Libreswan {version.text} and would misread messages for {given}, so nothing"
                f" was sent: leave out release=",
                path=path,
                option="release",
                release=version.text,
            )
        given = given.built(
            seccomp=version.seccomp if given.seccomp is None else None,
            labeled=version.labeled,
        )
    return Detected(given, How.GIVEN, given.seqpacket, pluto)


async def _look(path: str, file: SocketFile | None, seccomp: bool | None, known: Known | None) -> Detected:
    entry = known.recall(path, file) if known is not None and file is not None else None
    pluto = None if entry is None else Listener(entry.pid, file, entry.start, entry.bound)
    if entry is not None and pluto is not None and not pluto.is_gone():
        recalled = releases.find(
            entry.text, seccomp=entry.seccomp if seccomp is None else seccomp, labeled=entry.labeled
        )
        return Detected(recalled, How.CACHE, recalled.seqpacket, pluto)
    pluto = listener(path)
    version = None if pluto.pid is None else await version_of_process(pluto.pid)
    if version is not None:
        running = releases.find(
            version.text,
            seccomp=version.seccomp if seccomp is None else seccomp,
            labeled=version.labeled,
        )
        found = Detected(running, How.BINARY, running.seqpacket, pluto)
    else:
        found = await _ask(path, seccomp)
    if known is not None and seccomp is None and found.pluto is not None and found.pluto.file is not None:
        known.remember(path, _entry(found, found.pluto, found.pluto.file))
    return found


async def _ask(path: str, seccomp: bool | None) -> Detected:
    """The safe status probe, and what a program or a second question adds to its answer."""
    control = Control(path, codes=CODES_5_3, seqpacket=None)
    status = _StatusReader()
    ending = await control.exchange(encode.probe(), status.read)
    if status.text is None:
        if ending is Ending.EOF:
            raise ProtocolViolation(
                f"{path}: what listens there did not tell pluto's version when asked for its status: see what it"
                f" is, or name the release (release=)",
                path=path,
                option="release",
            )
        raise ConnectionLost(
            f"{path}: pluto went away while it was asked for its release: try again", path=path
        )
    labeled = status.labeled
    pluto = control.pluto
    if seccomp is None and pluto.pid is not None and pluto.executable() is not None:
        version = await version_of_process(pluto.pid)
        if version is not None and version.text == status.text:
            seccomp, labeled = version.seccomp, version.labeled
    release = releases.find(status.text, seccomp=seccomp, labeled=labeled)
    seqpacket = bool(control.seqpacket)
    if release.seqpacket != seqpacket:
        raise ProtocolViolation(
            f"{path}: this pluto says that it is {status.text}, but its socket is not of that release's type:"
            f" see what listens there, or name the release (release=)",
            path=path,
            option="release",
            release=status.text,
        )
    if release.version == (5, 4) and release.seccomp is None:
        release = release.built(seccomp=await _ask_for_seccomp(path, release, pluto))
    return Detected(release, How.STATUS, seqpacket, pluto)


async def _ask_for_seccomp(path: str, release: Release, pluto: Listener) -> bool | None:
    """Whether a 5.4 was built with USE_SECCOMP, None where its answer is none that is known.

    Command 45 of 5.4 is DEBUG without it, which says that there is no such connection (seen on a running 5.4),
    and with it IMPAIR, which with nothing to impair says nothing (read in whack.h and rcv_whack.c of 5.4). It
    changes nothing in either. On 5.3 an unknown number aborts pluto, so it is not asked there.
    """
    control = Control(path, codes=release.codes, seqpacket=release.seqpacket, pluto=pluto)
    replies: list[Reply] = []
    message = encode.pack(release, {"whack_command": 45, "name": _NOBODYS_NAME})
    try:
        ending = await control.exchange(message, replies.extend)
    except PlutoReplaced:
        return None
    if not replies and ending is Ending.EOF:
        return True
    if any(_NOBODYS_NAME in reply.text and "no connection" in reply.text for reply in replies):
        return False
    return None


class _StatusReader:
    """Takes the two facts out of a status; the rest goes by."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.labeled: bool | None = None

    def read(self, replies: list[Reply]) -> None:
        if self.text is not None and self.labeled is not None:
            return
        for reply in replies:
            if self.text is None and (found := _PLUTO_VERSION.search(reply.text)):
                self.text = found[1]
            if self.labeled is None and (found := _LABELED.search(reply.text)):
                self.labeled = found[1] != "<unsupported>"


def _entry(found: Detected, pluto: Listener, file: SocketFile) -> Entry:
    return Entry(
        device=file.device,
        inode=file.inode,
        changed_ns=file.changed_ns,
        text=found.release.text,
        seccomp=found.release.seccomp,
        labeled=found.release.labeled,
        pid=pluto.pid,
        start=pluto.start,
        bound=pluto.bound,
    )
