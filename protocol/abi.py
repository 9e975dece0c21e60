"""C scalars, pointers, structs and their natural alignment.

Owns: how a C declaration becomes offsets and sizes. Must not know: any release of Libreswan, or construct, which
takes longer to import than a command takes to run (autod.protocol.constructs).

A declaration says only what the C header says: the members, in order, with their C types. Where a member lies
follows from the byte order and the word size of the `Abi`, never from a number typed by hand. pluto and its
clients run on one machine, so the layout is that machine's; LP64, little endian is what the recorded messages
could be checked against, and `LP64` is what the families use.
"""

from __future__ import annotations

import functools
import struct as _struct
from collections.abc import Callable, Iterator

import msgspec

__all__ = [
    "LP64",
    "Abi",
    "Array",
    "Field",
    "Layout",
    "Scalar",
    "Struct",
    "array",
    "boolean",
    "const_string",
    "enum",
    "i32",
    "i64",
    "octets",
    "pointer",
    "size_t",
    "string",
    "struct",
    "u8",
    "u16",
    "u32",
    "u64",
    "union",
]


class Scalar(msgspec.Struct, frozen=True):
    """A C type without members. `format` is its struct letter; a word ("W") takes the word size of the ABI.

    `kind` says what the bytes mean: bool, u32, bytes, string (a pointer slot governed by the packing),
    const (a pointer that is never shipped), pointer, enum:NAME.
    """

    kind: str
    format: str
    count: int = 1
    alignment: int | None = None


class Array(msgspec.Struct, frozen=True):
    """`element name[count]`."""

    element: CType
    count: int


class Struct(msgspec.Struct, frozen=True):
    """A C struct, or union, with its members in the order of the header."""

    name: str
    members: tuple[tuple[str, CType], ...]
    is_union: bool = False
    alignment: int | None = None

    def replacing(self, **types: CType) -> Struct:
        """The same struct with other types for some members."""
        names = {name for name, _ in self.members}
        assert types.keys() <= names, types.keys() - names
        members = tuple((name, types.get(name, kind)) for name, kind in self.members)
        return Struct(self.name, members, self.is_union, self.alignment)

    def renaming(self, **names: str) -> Struct:
        """The same struct with other names for some members (old=new)."""
        assert names.keys() <= {name for name, _ in self.members}, names
        members = tuple((names.get(name, name), kind) for name, kind in self.members)
        return Struct(self.name, members, self.is_union, self.alignment)

    def without(self, *names: str) -> Struct:
        """The same struct less some members."""
        assert set(names) <= {name for name, _ in self.members}, names
        members = tuple((name, kind) for name, kind in self.members if name not in names)
        return Struct(self.name, members, self.is_union, self.alignment)

    def beginning(self, **members: CType) -> Struct:
        """The same struct with members added before all others."""
        return Struct(self.name, (*members.items(), *self.members), self.is_union, self.alignment)

    def inserting(self, after: str, **members: CType) -> Struct:
        """The same struct with members added behind the one named `after`."""
        at = [name for name, _ in self.members].index(after) + 1
        added = (*self.members[:at], *members.items(), *self.members[at:])
        return Struct(self.name, added, self.is_union, self.alignment)


CType = Scalar | Array | Struct

boolean = Scalar("bool", "B")
u8 = Scalar("u8", "B")
u16 = Scalar("u16", "H")
u32 = Scalar("u32", "L")
i32 = Scalar("i32", "l")
u64 = Scalar("u64", "Q")
i64 = Scalar("i64", "q")
size_t = Scalar("u64", "W")
string = Scalar("string", "W")
const_string = Scalar("const", "W")
pointer = Scalar("pointer", "W")


def enum(name: str) -> Scalar:
    """`enum name`: an int, as gcc lays it out."""
    return Scalar(f"enum:{name}", "L")


def octets(count: int) -> Scalar:
    """`uint8_t name[count]`, a value of its own."""
    return Scalar("bytes", "s", count)


def array(element: CType, count: int) -> Array:
    """`element name[count]`."""
    return Array(element, count)


def struct(name: str, /, *, aligned: int | None = None, **members: CType) -> Struct:
    """`struct name { ... }`, the members as keywords in the order of the header.

    `aligned` is for what C expresses otherwise (a bit-field of an enum aligns like an int).
    """
    return Struct(name, tuple(members.items()), alignment=aligned)


def union(name: str, /, **members: CType) -> Struct:
    """`union name { ... }`."""
    return Struct(name, tuple(members.items()), is_union=True)


class Field(msgspec.Struct, frozen=True, dict=True):
    """A member without members of its own: `path` as C would write it, `offset` and `size` in bytes."""

    path: str
    offset: int
    size: int
    kind: str
    format: str

    @functools.cached_property
    def write(self) -> Callable[[bytearray, int, int], None]:
        """Writes a number at an offset of a head, cut to its width: two's complement, as C would."""
        # Unsigned letters: a negative number was cut to its width before.
        pack_into, mask = _struct.Struct(self.format.upper()).pack_into, (1 << 8 * self.size) - 1

        def write(head: bytearray, offset: int, value: int) -> None:
            pack_into(head, offset, value & mask)

        return write


class Abi(msgspec.Struct, frozen=True):
    """Byte order and word size of the machine that pluto and its clients share."""

    order: str = "<"
    word: int = 8
    _measured: dict[int, tuple[CType, int, int]] = msgspec.field(default_factory=dict)

    def format(self, scalar: Scalar) -> str:
        """The struct format of a scalar, byte order included."""
        letter = {8: "Q", 4: "L"}[self.word] if scalar.format == "W" else scalar.format
        return f"{self.order}{scalar.count if scalar.count > 1 or letter == 's' else ''}{letter}"

    def measure(self, kind: CType) -> tuple[int, int]:
        """Size and alignment of a type, in bytes."""
        match kind:
            case Scalar():
                size = _struct.calcsize(self.format(kind))
                return size, kind.alignment or size // kind.count
            case Array():
                size, alignment = self.measure(kind.element)
                return size * kind.count, alignment
            case Struct():
                # A struct is measured once, however often it is a member. What is kept keeps its id.
                known = self._measured.get(id(kind))
                if known is None:
                    end, alignment = 0, kind.alignment or 1
                    for _, member, offset in self.places(kind):
                        size, align = self.measure(member)
                        end, alignment = max(end, offset + size), max(alignment, align)
                    known = self._measured[id(kind)] = (kind, _aligned(end, alignment), alignment)
                return known[1], known[2]

    def places(self, kind: Struct) -> Iterator[tuple[str, CType, int]]:
        """Name, type and offset of each member of a struct."""
        offset = 0
        for name, member in kind.members:
            size, alignment = self.measure(member)
            if kind.is_union:
                yield name, member, 0
            else:
                offset = _aligned(offset, alignment)
                yield name, member, offset
                offset += size

    def fields(self, kind: CType, path: str = "", offset: int = 0) -> Iterator[Field]:
        """Every leaf of a type, in order."""
        match kind:
            case Scalar():
                size, _ = self.measure(kind)
                yield Field(path, offset, size, kind.kind, self.format(kind))
            case Array():
                size, _ = self.measure(kind.element)
                for i in range(kind.count):
                    yield from self.fields(kind.element, f"{path}[{i}]", offset + i * size)
            case Struct():
                for name, member, at in self.places(kind):
                    yield from self.fields(member, f"{path}.{name}" if path else name, offset + at)


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


LP64 = Abi("<", 8)
"""x86-64, aarch64 and the other 64-bit little-endian machines: one layout (System V ABI)."""


class Layout:
    """Where everything of a message lies: the declaration, measured by an ABI.

    The last member of every message that is on the wire is `string`: what stands before it is the head, sent as it
    lies in memory; in its place the packed strings follow, as many bytes as there are.
    """

    def __init__(self, message: Struct, abi: Abi = LP64) -> None:
        self.message = message
        self.abi = abi
        self.size, _ = abi.measure(message)
        self.fields = {field.path: field for field in abi.fields(message)}
        self.head = self.fields["string"].offset
        self.room = self.fields["string"].size

    def __getitem__(self, path: str) -> Field:
        return self.fields[path]
