"""Which release of Libreswan is listening.

Owns: the order of the ways to find out, and whether what the caller says of it can be. Must not know: what a release
means (autod.protocol.releases decides whether it is covered), or what is asked of pluto afterwards.

The ways, cheapest first; nothing else is ever sent to a pluto whose release is not known for certain:

1. an earlier command found out (autod.identify.cache), and the socket is still the same file;
2. the program that runs tells (`pluto --version`), where /proc shows it and it holds the socket: no connection;
3. the safe status probe, one connection: all of --status, 0.3 s of pluto's time with 5,000 connections loaded.

What the caller says of the release or of how it was built is never taken instead. It adds what pluto does not tell, and
is refused where pluto tells otherwise: messages made by it would be misread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from autod.errors import ConnectionLost, ProtocolViolation, UnknownRelease, UsageError
from autod.exchange.connect import check_path
from autod.exchange.peer import Listener, listener, socket_file
from autod.identify.binary import Version, version_of_process
from autod.identify.cache import Entry, Known
from autod.protocol import encode, releases
from autod.protocol.codes import CODES_5_3
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = [
    "AskPluto",
    "AskProgram",
    "Detected",
    "How",
    "Probed",
    "Question",
    "Told",
    "detect",
    "detection",
    "resolve",
]

_PLUTO_VERSION = re.compile(r"pluto_version=([^\s,]+)")
_LABELED = re.compile(r"secctx-attr-type=(<unsupported>|\d+)$")
_SECCOMP = re.compile(r"seccomp=(unsupported|enabled|tolerant|disabled)$")


class How(StrEnum):
    """How a release was found out."""

    GIVEN = "given"
    CACHE = "cache"
    BINARY = "binary"
    STATUS = "status"


class Told(msgspec.Struct, frozen=True):
    """What pluto and its program say of themselves. `text` is its version as it prints it.

    `seccomp`, `labeled`, `fetching`, `dialect`: how it was built, see `Release`. `seqpacket`: the type of its socket,
    where somebody connected to it. `like`: see Version. None for a fact that nobody told.
    """

    how: How
    pluto: Listener
    text: str | None
    seccomp: bool | None = None
    labeled: bool | None = None
    fetching: bool | None = None
    seqpacket: bool | None = None
    dialect: str = ""
    like: str = ""


class Detected(msgspec.Struct, frozen=True):
    """Which release listens, and which pluto that holds for.

    `pluto` is what Control needs to refuse another one.
    """

    release: Release
    how: How
    seqpacket: bool
    pluto: Listener | None = None

    @property
    def pid(self) -> int | None:
        """pluto's process, None where it is not known."""
        return None if self.pluto is None else self.pluto.pid


class AskProgram(msgspec.Struct, frozen=True):
    """Ask the program of the process `pid` for its version. The answer is a Version, or None."""

    pid: int


class AskPluto(msgspec.Struct, frozen=True):
    """Send pluto the safe probe; `read` gets its replies. The answer is a Probed."""

    message: bytes
    read: Callable[[list[Reply]], None]


class Probed(msgspec.Struct, frozen=True):
    """How the exchange of a probe ended, who answered, and on which type of socket."""

    ending: Ending
    pluto: Listener
    seqpacket: bool


Question: TypeAlias = AskProgram | AskPluto


async def detect(
    path: str | os.PathLike[str],
    *,
    release: str | None = None,
    seccomp: bool | None = None,
    known: Known | None = None,
) -> Detected:
    """`detection`, carried out with trio. A silent pluto is waited for: the caller's cancel scope is the deadline.
    Cancelled: the probe may still be answered, and a program under way is killed."""
    from autod.exchange.control import Control  # which a command that asks for one thing does without

    path = os.fspath(path)
    course = detection(path, release=release, seccomp=seccomp, known=known)
    answer: Version | Probed | None = None
    while True:
        try:
            question = course.send(answer)
        except StopIteration as done:
            detected: Detected = done.value
            return detected
        try:
            if isinstance(question, AskProgram):
                answer = await version_of_process(question.pid)
            else:
                control = Control(path, codes=CODES_5_3, seqpacket=None)
                ending = await control.exchange(question.message, question.read)
                answer = Probed(ending, control.pluto, bool(control.seqpacket))
        except BaseException:
            course.close()
            raise


def detection(
    path: str,
    *,
    release: str | None = None,
    seccomp: bool | None = None,
    known: Known | None = None,
) -> Generator[Question, Any, Detected]:
    """Which release listens at `path`: a generator of questions, to be carried out by who runs it.

    `release` and `seccomp` (whether pluto was built with USE_SECCOMP) are the caller's word for what pluto does not
    tell; UsageError where pluto, or the program that runs, tells otherwise. `known` remembers the answer for the
    life of that pluto.

    Raises UnknownRelease, which names the release and what to do; NoSocket, NotPermitted, ConnectionLost;
    ProtocolViolation where what answers is not pluto.
    """
    check_path(path)
    given, unknown = _given(release)
    told = yield from _find_out(path, known)
    if unknown is not None and (told.text or "").removeprefix("v") != unknown.release.removeprefix("v"):
        raise unknown
    resolved = resolve(path, told, given, seccomp)
    how = told.how if given is None else How.GIVEN
    return Detected(resolved, how, resolved.seqpacket, told.pluto)


def _given(release: str | None) -> tuple[Release | None, UnknownRelease | None]:
    """The release that the caller names. A development version is right where pluto calls itself so, and was
    learned."""
    if release is None:
        return None, None
    try:
        return releases.find(release), None
    except UnknownRelease as unknown:
        if not releases.is_development(release):
            raise
        return None, unknown


def resolve(path: str, told: Told, given: Release | None, seccomp: bool | None) -> Release:
    """The release whose messages this pluto reads: what it `told`, and the caller's word where it told nothing.

    `path` is for the sentences. Raises as `detect`.
    """
    if told.text is None:
        if given is None:
            raise ProtocolViolation(
                f"{path}: what listens there did not tell pluto's version when asked for its status: see what it"
                f" is, or name the release (release=)",
                path=path,
                option="release",
            )
        running = given
    else:
        try:
            running = releases.find(told.like or told.text).called(told.text)
        except UnknownRelease:
            if given is None:
                raise
            running = given.called(told.text)
        else:
            if given is not None and given.version != running.version:
                raise UsageError(
                    f"{path}: this pluto is Libreswan {told.text} and may misread messages for {given}, so nothing was"
                    f" sent: leave out release=",
                    path=path,
                    option="release",
                    release=told.text,
                )
    if told.seqpacket is not None and running.seqpacket != told.seqpacket:
        raise ProtocolViolation(
            f"{path}: this pluto says that it is {told.text}, but its socket is not of that release's type:"
            f" see what listens there, or name the release (release=)",
            path=path,
            option="release",
            release=told.text,
        )
    if seccomp is not None and told.seccomp is not None and seccomp is not told.seccomp:
        built, other = ("with", "without") if told.seccomp else ("without", "with")
        raise UsageError(
            f"{path}: this pluto was built {built} seccomp and may misread messages for one {other} it, so nothing was"
            f" sent: leave out seccomp=",
            path=path,
            option="seccomp",
            release=told.text,
        )
    labeled = None if given is None else given.labeled
    if labeled is not None and told.labeled is not None and labeled is not told.labeled:
        built = "with" if told.labeled else "without"
        raise UsageError(
            f"{path}: this pluto was built {built} labeled IPsec and may misread messages for another one, so nothing"
            f" was sent: leave that out of release=",
            path=path,
            option="release",
            release=told.text,
        )
    return running.built(
        seccomp=seccomp if told.seccomp is None else told.seccomp,
        labeled=labeled if told.labeled is None else told.labeled,
        fetching=told.fetching,
        dialect=(given.dialect if given is not None else "") or told.dialect,
    )


def _find_out(path: str, known: Known | None) -> Generator[Question, Any, Told]:
    """What pluto and its program say, by the cheapest way.

    The path still leads to this pluto afterwards, or it is known by its process.
    """
    for last in (False, False, True):
        told = _recall(path, known) or (yield from _ask_program(path)) or (yield from _ask_pluto(path))
        if known is not None and told.how is not How.CACHE:
            _remember(path, known, told)
        if told.pluto.file is not None and told.pluto.file == socket_file(path):
            return told
        if last and told.pluto.is_visible and not told.pluto.is_gone():
            return told  # the path leads to one pluto after the other: this is true of the one that was asked
    raise ConnectionLost(
        f"{path}: pluto was started anew each time its release was asked for: try again", path=path
    )


def _ask_program(path: str) -> Generator[Question, Any, Told | None]:
    """What the program that listens says, None where it cannot be asked."""
    pluto = listener(path)
    version: Version | None = None if pluto.pid is None else (yield AskProgram(pluto.pid))
    if version is None:
        return None
    return Told(
        How.BINARY,
        pluto,
        version.text,
        version.seccomp,
        version.labeled,
        version.fetching,
        dialect=version.dialect,
        like=version.like,
    )


def _ask_pluto(path: str) -> Generator[Question, Any, Told]:
    """What the safe status probe says, and what the program adds where the connection names a process that can be
    asked."""
    status = _StatusReader()
    probed: Probed = yield AskPluto(encode.probe(), status.read)
    if status.text is None and probed.ending is not Ending.EOF:
        raise ConnectionLost(
            f"{path}: pluto went away while it was asked for its release; see its log, and start it again",
            path=path,
        )
    pluto, fetching, dialect, like = probed.pluto, None, "", ""
    version: Version | None = None if pluto.pid is None else (yield AskProgram(pluto.pid))
    if version is not None and version.text == status.text:
        fetching, dialect, like = version.fetching, version.dialect, version.like
    built = (status.seccomp, status.labeled, fetching, probed.seqpacket, dialect, like)
    return Told(How.STATUS, pluto, status.text, *built)


class _StatusReader:
    """Takes the few facts out of a status; the rest goes by. They come before what is loaded, so the first one counts:
    a connection may be called like one."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.labeled: bool | None = None
        self.seccomp: bool | None = None

    def read(self, replies: list[Reply]) -> None:
        for reply in replies:
            if self.text is None and (match := _PLUTO_VERSION.match(reply.text)):
                self.text = match[1]
            elif self.labeled is None and (match := _LABELED.match(reply.text)):
                self.labeled = match[1] != "<unsupported>"
            elif self.seccomp is None and (match := _SECCOMP.match(reply.text)):
                self.seccomp = match[1] != "unsupported"


def _is_known(told: Told) -> bool:
    """Not a version that is no release: it may be learned any time, without another pluto."""
    try:
        releases.find(told.like or told.text or "")
    except UnknownRelease:
        return False
    return True


def _may_be_pluto(pluto: Listener) -> bool:
    name = pluto.executable()
    return name is None or os.path.basename(name) == "pluto"


def _recall(path: str, known: Known | None) -> Told | None:
    file = socket_file(path)
    entry = None if known is None or file is None else known.recall(path, file)
    if entry is None:
        return None
    pluto = Listener(entry.pid, file, entry.start, entry.bound)
    if pluto.is_gone():
        return None
    told = Told(
        How.CACHE,
        pluto,
        entry.text,
        entry.seccomp,
        entry.labeled,
        entry.fetching,
        dialect=entry.dialect,
        like=entry.like,
    )
    return told if _is_known(told) else None


def _remember(path: str, known: Known, told: Told) -> None:
    """Keep it for the life of this pluto. What is seen not to be one (socat before a container) is asked each time: it
    outlives the pluto behind it."""
    file = told.pluto.file
    if file is None or told.text is None or not _may_be_pluto(told.pluto) or not _is_known(told):
        return
    known.remember(
        path,
        Entry(
            device=file.device,
            inode=file.inode,
            changed_ns=file.changed_ns,
            text=told.text,
            seccomp=told.seccomp,
            labeled=told.labeled,
            fetching=told.fetching,
            dialect=told.dialect,
            like=told.like,
            pid=told.pluto.pid,
            start=told.pluto.start,
            bound=told.pluto.bound,
        ),
    )
