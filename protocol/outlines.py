"""The facts of each family of releases that do not need its struct, and messages that construct built ahead of time.

Owns: the facts that are needed to find a release and to talk to it (its magic, socket, reply codes, its commands), and
the heads of the simple commands, which have only a name and flags as arguments. Must not know: any struct, or
construct. A program that sends one simple command needs nothing else, and importing construct takes 17 to 45 ms.

construct makes the table, outlines.json, from the families: run `python -m tests.generators.outlines` to make it again.
A test checks that construct builds the same messages today. If a family is not in the table, its module is loaded.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import msgspec

from autod.protocol import codes

if TYPE_CHECKING:
    from autod.protocol.commands import Command
    from autod.protocol.families.family import Family
    from autod.protocol.replies import ReplyCodes

__all__ = ["BASIC_MAGIC", "Outline", "build_of", "flags_of", "made_ahead", "outline_of"]

BASIC_MAGIC = 2003331865
"""'whk' and 25: every release from 3.27 on answers --status to it (WHACK_BASIC_MAGIC)."""


class Outline(msgspec.Struct, frozen=True, eq=False, omit_defaults=True):
    """One family, without its struct.

    `module`: its module in autod.protocol.families; None if the layout of the messages is not known. `magic`: the
    constant up to 5.0; None from 5.1 on, where it is the checksum of the version. `codes`: a name in
    autod.protocol.codes. `commands`: the names of the commands that it has.

    The rest are the messages that were built ahead. `head`: bytes of the head. `slot`: the offset of the name's length
    in it, from 5.0 on; None if a name is only packed. `tails`: how many NULs follow the name, by `build_of` the
    release. `messages`: by `flags_of` the command, the content of the head: hexadecimal digits by their offset. The
    magic is left out if it is the release's own.
    """

    module: str | None
    releases: tuple[str, ...]
    magic: int | None
    codes: str
    seqpacket: bool = False
    commands: frozenset[str] = frozenset()
    head: int = 0
    slot: int | None = None
    tails: dict[str, int] = {}
    messages: dict[str, dict[str, str]] = {}

    @property
    def reply_codes(self) -> ReplyCodes:
        """The reply codes of this era."""
        reply_codes: ReplyCodes = getattr(codes, self.codes)
        return reply_codes

    def ahead(
        self, command: Command, *, magic: int, seccomp: bool | None, labeled: bool | None
    ) -> tuple[bytes, int] | None:
        """The head of a message that was built ahead, and how many NULs follow the name; None if there is none.

        The length of the name is not in it yet.
        """
        flags = flags_of(command)
        tail = self.tails.get(build_of(labeled, "labeled"))
        if flags is None or tail is None:
            return None
        written = self.messages.get(flags)
        if written is None:
            written = self.messages.get(f"{flags} {build_of(seccomp, 'seccomp')}")
        if written is None:
            return None
        head = bytearray(self.head)
        head[:4] = magic.to_bytes(4, "little")
        for at, digits in written.items():
            data, offset = bytes.fromhex(digits), int(at)
            head[offset : offset + len(data)] = data
        return bytes(head), tail


def flags_of(command: Command) -> str | None:
    """The command with its flags, as the table names it: `TrafficStatus name utc`; None if it has an argument that is
    neither a name nor a flag."""
    kind = type(command)
    flags = [kind.__name__]
    for name in kind.__struct_fields__:
        value = getattr(command, name)
        if name == "name":
            flags += ["name"] if value is not None else []
        elif value is True:
            flags.append(name)
        elif value is not False and value is not None:
            return None
    return " ".join(flags)


def build_of(known: bool | None, what: str) -> str:
    """How a pluto was built, as the table names it: `labeled`, `not labeled`, `labeled unknown`."""
    return f"{what} unknown" if known is None else what if known else f"not {what}"


def outline_of(module: str, family: Family) -> Outline:
    """The outline of a family, without messages."""
    return Outline(
        module,
        family.releases,
        family.magic,
        next(name for name, value in vars(codes).items() if value is family.codes),
        seqpacket=family.seqpacket,
        commands=frozenset(kind.__name__ for kind in family.requests),
    )


@functools.cache
def _rows() -> dict[str, msgspec.Raw]:
    with open(os.path.join(os.path.dirname(__file__), "outlines.json"), "rb") as file:
        return msgspec.json.decode(file.read(), type=dict[str, msgspec.Raw])


def made_ahead(module: str) -> Outline | None:
    """The outline of the family of a module from the table; None if the table does not have it."""
    row = _rows().get(module)
    return None if row is None else msgspec.json.decode(row, type=Outline)
