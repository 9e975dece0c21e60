"""Whether the pluto that listens reads a message in the way that its sender meant.

Owns: the rules for every message before it is sent on: its magic, layout, size and command must be those of the release
that listens. Must not know: sockets, who made the message, where programs are.

One magic covers several layouts (4.3 to 5.0 share theirs), and a pluto that misreads a message may die of it: 4.6 dies
of a message of 4.12's addconn, 4.5 of one of 4.15's, 5.0 of one of 5.3.2's (each was seen). A message that encode makes
always has the right layout. A message of another program is checked here, in 0.1 ms, without building it again.
"""

from __future__ import annotations

import functools
import re
import struct
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from autod.protocol import releases
from autod.protocol.commands import AddPublicKey, Status
from autod.protocol.encode import probe
from autod.protocol.errors import DecodeError, ForeignMessage, UnknownRelease
from autod.protocol.outlines import BASIC_MAGIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.commands import Command
    from autod.protocol.families.family import Family
    from autod.protocol.packing import Tuple
    from autod.protocol.releases import Release

__all__ = ["Carried", "check", "check_program", "check_release", "wrong_socket"]

_ADVICE = (
    "restart pluto if Libreswan was upgraded while it ran; if the process of pluto cannot be seen from here, name "
    "the folder of its own programs in IPSEC_EXECDIR"
)


@dataclass(frozen=True, slots=True)
class Carried:
    """The content of a message: the commands by its flags (an add may carry a delete, too), the packed strings and
    chunks by path, and the settings of 5.4. All are empty if the layout of the release is not known. There are no
    commands if autod does not send such flags.
    """

    commands: tuple[type[Command], ...] = ()
    strings: Mapping[str, bytes] = field(default_factory=dict)
    settings: tuple[Tuple, ...] = ()

    @property
    def name(self) -> str | None:
        """The name of the connection that it is about."""
        name = self.strings.get("name")
        return None if name is None else name.decode("utf-8", "surrogateescape")


def check(message: bytes, release: Release, *, adds: str | None = None) -> Carried:
    """The content of a message for a pluto of `release`.

    If the layout of the release is not known, the magic, the size and the place of the name are checked. If the message
    `adds` a connection, this name must stand there (or a name that has it as its alias; "" stands for any name).

    Raises ForeignMessage if the pluto would misread the message: do not send it then. The sentence says of which
    release the message is, and what to do.
    """
    try:
        return _read(message, release, adds)
    except DecodeError as error:
        span = _span(_of(message))
        description = f"one of Libreswan {span}" if span else f"not one of Libreswan {release} ({error})"
        raise ForeignMessage(
            f"pluto {release} would misread this message, which is {description}, so it was not sent: {_ADVICE}",
            release=str(release),
        ) from error


def check_release(made_for: Release, listens: Release, *, what: str) -> None:
    """Raise ForeignMessage if a pluto of `listens` would misread messages for `made_for`. `what` names their source.

    5.1 and later take only messages with the checksum of their own version, including its suffix.
    """
    if made_for.outline is not listens.outline or made_for.magic != listens.magic:
        raise _foreign(what, str(made_for), listens)


def check_program(program: str, version: str, listens: Release) -> None:
    """Raise ForeignMessage if a pluto of `listens` would misread the messages of a `program` of Libreswan `version`."""
    if version == str(listens):
        return
    try:
        made_for = releases.find(version)
    except UnknownRelease:
        raise _foreign(program, version, listens) from None
    check_release(made_for, listens, what=program)


def wrong_socket(program: str, listens: Release) -> ForeignMessage:
    """The error if `program` cannot connect because its release has another type of socket (5.4: seqpacket)."""
    return ForeignMessage(
        f"{program} is of another release than pluto {listens}, whose type of socket it does not know, so nothing was "
        f"sent: {_ADVICE}",
        release=str(listens),
    )


def _foreign(source: str, made_for: str, listens: Release) -> ForeignMessage:
    return ForeignMessage(
        f"{source} is of Libreswan {made_for}, whose messages pluto {listens} would misread, so nothing was sent: "
        f"{_ADVICE}",
        release=str(listens),
    )


def _read(message: bytes, release: Release, adds: str | None = None) -> Carried:
    if message == probe():
        return Carried((Status,))
    if len(message) < 4:
        raise DecodeError(f"it has {len(message)} bytes")
    (magic,) = struct.unpack_from("<I", message)
    if release.outline.module is None:
        _look(message, magic, release)
        if adds is not None:
            _look_for(adds, message, release)
        return Carried()
    family = release.family
    basic = magic == BASIC_MAGIC and family.has_basic
    if magic != release.magic and not basic:
        raise DecodeError(f"its magic is {magic}, not {release.magic}")
    layout = family.layout
    if not layout.head <= len(message) <= layout.head + layout.room:
        raise DecodeError(f"it has {len(message)} bytes, and the head alone has {layout.head}")
    for flag in layout.flags:
        if message[flag.offset] > 1:
            raise DecodeError(f"{flag.path} is {message[flag.offset]}, neither 0 nor 1")
    command = None
    if family.numbers:
        number = layout["whack_command"].read(message)
        command = family.command(number, bool(release.seccomp))
        if command is None:
            raise DecodeError(f"{number} is not a whack_command")
    strings, settings = _packed(message, release, command)
    commands = tuple(
        kind
        for kind, is_basic, numbers, values in _traces(family, bool(release.seccomp))
        if (is_basic or not basic)
        and all(layout[path].read(message) == number for path, number in numbers)
        and (not values or any(path in strings or layout[path].read(message) for path in values))
    )
    return Carried(commands, strings, tuple(settings))


def _look(message: bytes, magic: int, release: Release) -> None:
    """Check as much as can be checked without the layout: the magic, the head's size, and the name behind the head."""
    outline = release.outline
    if magic != release.magic:
        raise DecodeError(f"its magic is {magic}, not {release.magic}")
    if len(message) < outline.head:
        raise DecodeError(f"it has {len(message)} bytes, and the head alone has {outline.head}")
    if outline.slot is not None:
        length = int.from_bytes(message[outline.slot : outline.slot + 8], "little")
        name = message[outline.head : outline.head + length]
        if length and (len(name) < length or name.find(b"\0") != length - 1):
            raise DecodeError(f"there is no name of {length} bytes behind its head")


def _packed(
    message: bytes, release: Release, command: str | None
) -> tuple[Mapping[str, bytes], Sequence[Tuple]]:
    """The strings and settings. Raises DecodeError unless the strings end where the message ends.

    If it is not known whether the release was built with labeled IPsec, both are tried.
    """
    trailing = b""
    for labeled in (True, False) if release.labeled is None else (release.labeled,):
        try:
            strings, settings, trailing = release.family.packing.unpack(
                release.family.layout, message, labeled=labeled, command=command
            )
        except DecodeError:
            if not labeled or release.labeled:
                raise
            continue
        if not trailing:
            return strings, settings
    raise DecodeError(f"{len(trailing)} bytes stand behind its last string")


def _look_for(adds: str, message: bytes, release: Release) -> None:
    """Raise DecodeError unless the first string behind the head is the name.

    Several layouts have the same magic. If strings have no lengths, only the name and the strings behind it tell one
    head from another.
    """
    outline = release.outline
    head, behind = message[: outline.head], message[outline.head :]
    name = behind.partition(b"\0")[0]
    expected = adds.encode("utf-8", "surrogateescape")
    slot_is_empty = outline.slot is not None and not any(head[outline.slot : outline.slot + 8])
    is_expected = not expected or name == expected or name.startswith(expected + b"/")
    if not name or slot_is_empty or any(byte < 0x20 for byte in name):
        raise DecodeError("there is no name behind its head")
    if not is_expected and expected not in re.split(rb"[\0\s,]", behind):
        raise DecodeError(f"the name behind its head is not {adds!r}")


_Trace = tuple["type[Command]", bool, "Sequence[tuple[str, int]]", "Sequence[str]"]


@functools.cache
def _traces(family: Family, seccomp: bool) -> tuple[_Trace, ...]:
    """The traces of each command in a message: whether it has the basic magic, the numbers that the command writes, and
    if it does not write a number, the members of which at least one is not zero."""
    from autod.protocol.families.requests import BASIC, Wire

    traces: list[_Trace] = []
    for kind, request in family.requests.items():
        numbers = {
            path: family.number(value.name, seccomp) if isinstance(value, Wire) else value
            for path, value in request.items()
            if isinstance(value, int | Wire) and path not in (BASIC, "whack_from")
        }
        if kind is AddPublicKey:
            # addconn sends the key, but not the flag that tells what to do with it.
            numbers.pop("whack_addkey", None)
        values = [] if numbers else [path for path in request if path not in (BASIC, "name", "whack_from")]
        traces.append((kind, BASIC in request, tuple(numbers.items()), tuple(values)))
    return tuple(traces)


@functools.cache
def _known() -> tuple[Release, ...]:
    """Every release, in every build that numbers its commands differently."""
    plain = [releases.find(text, seccomp=False) for text in releases.ALL]
    return tuple(
        build
        for release in plain
        for build in ((release, release.built(seccomp=True)) if release.at_least(5, 3) else (release,))
    )


def _of(message: bytes) -> list[str]:
    """The releases that would read the message correctly."""
    texts: dict[str, None] = {}
    for release in _known():
        try:
            _read(message, release)
        except DecodeError:
            continue
        texts[release.text] = None
    return list(texts)


def _span(texts: Sequence[str]) -> str:
    """The releases as people name them: "4.8 to 4.15", "4.3, 5.1 to 5.2". A range has no gaps."""
    all_texts = list(releases.ALL)
    spans = []
    for _, group in groupby(enumerate(texts), key=lambda pair: all_texts.index(pair[1]) - pair[0]):
        run = [text for _, text in group]
        spans.append(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}")
    return ", ".join(spans)
