"""A whack message to values: the members that are not zero, the strings, the command.

Owns: reading what `encode` writes, for tests, the scripted pluto and `autod decode`. Must not know: sockets.

Arbitrary bytes give a DecodeError or a Message, in time and memory linear to their number.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from autod.protocol import commands as c
from autod.protocol.errors import DecodeError
from autod.protocol.families.family import Family
from autod.protocol.families.requests import BASIC, Address, Arg, Wire
from autod.protocol.outlines import BASIC_MAGIC
from autod.protocol.packing import Tuple
from autod.protocol.releases import Release

__all__ = ["Message", "decode"]

_COMMON = ("name", "whack_utc", "whack_async")
"""Members that several commands have: they do not tell which command it is."""

_ADDS = "whack_connection"
"""The member that tells, up to 4.15, that the message adds a connection."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was decoded.

    `members`: the members of the head that are not zero, by path, without the slots of packed strings. `strings`: the
    packed strings and chunks by path. `settings`: (end, key, value) tuples of 5.4. `trailing`: bytes behind the last
    of them. `command`: the name of the whack_command (5.3 on). `kind`: the command's type, None if it is not known.
    """

    magic: int
    members: Mapping[str, int | bytes]
    strings: Mapping[str, bytes]
    settings: tuple[Tuple, ...]
    trailing: bytes
    command: str | None
    kind: type[c.Command] | None

    @property
    def name(self) -> str | None:
        """The name of the connection that the message is about."""
        name = self.strings.get("name")
        return None if name is None else name.decode("utf-8", "surrogateescape")

    def everything(self) -> dict[str, object]:
        """Members and strings together, as `encode.pack` takes them."""
        return {**self.members, **self.strings}


def decode(message: bytes, release: Release) -> Message:
    """Read a message of `release`. A message with the basic magic may be shorter than the head.

    DecodeError if it is not a message of that release.
    """
    family = release.family
    layout = family.layout
    if len(message) < 4:
        raise DecodeError(f"{len(message)} bytes are not a whack message.")
    (magic,) = struct.unpack_from("<I", message)
    if magic not in (release.magic, BASIC_MAGIC):
        raise DecodeError(f"magic {magic} is not that of Libreswan {release}, {release.magic}.")
    short = len(message) < layout.head
    if short and magic != BASIC_MAGIC:
        raise DecodeError(f"{len(message)} bytes are too few: the head has {layout.head}.")
    head = message[: layout.head].ljust(layout.head, b"\0")
    slots = {item.path for item in family.packing.order}
    counts = {
        "keyval.len",
        "nr_impairments",
        "impairments.len",
        "whack.impair.len",
        "impairments",
    } & layout.fields.keys()
    members = {
        path: value
        for path, value in layout.parse(head).items()
        if path not in slots and path not in counts and path != family.magic_path
    }
    command = None
    if family.numbers:
        number = int(members.get("whack_command", 0))
        command = family.command(number, bool(release.seccomp))
        if command is None:
            raise DecodeError(f"{number} is not a whack_command of Libreswan {release}.")
    strings: dict[str, bytes] = {}
    settings: list[Tuple] = []
    trailing = b""
    if not short:
        strings, settings, trailing = family.packing.unpack(
            layout, message, labeled=release.labeled, command=command
        )
    kind = _kind(family, magic, members, strings, command)
    return Message(magic, members, strings, tuple(settings), trailing, command, kind)


def _kind(
    family: Family,
    magic: int,
    members: Mapping[str, int | bytes],
    strings: Mapping[str, bytes],
    command: str | None,
) -> type[c.Command] | None:
    """The kind of command whose constants all stand in the message; if there are several, the one with most constants.

    Up to 4.15 one message deletes a connection and adds it again: it counts as an addition.
    """
    if members.get(_ADDS):
        return c.AddConnection
    best: tuple[int, type[c.Command]] | None = None
    for kind, request in family.requests.items():
        if (BASIC in request) != (magic == BASIC_MAGIC and family.has_basic):
            continue
        score = 0
        for path, value in request.items():
            match value:
                case Wire(name):
                    score += 2 if name == command else -1000
                case Arg() | Address():
                    there = (
                        path in strings or path in members or any(m.startswith(f"{path}.") for m in members)
                    )
                    score += there and path not in _COMMON
                case int() if path not in (BASIC, "whack_from"):
                    score += 2 if members.get(path) == value else -1000
        if score > 0 and (best is None or score > best[0]):
            best = (score, kind)
    return best[1] if best else None
