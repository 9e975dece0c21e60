"""C scalars, structs and unions as constructs, with the layout that C gives them.

Owns: how a C declaration becomes a construct, and from it the place of each member. Must not know: any release of
Libreswan, or how strings are packed.

A declaration holds only what the C header holds: the members, in order, with their C types. Each type has a natural
alignment (a scalar its own size, a struct that of its widest member), and a struct has padding where the next
member needs it and at its end. So no offset is typed by hand: the construct that builds and parses a struct also
tells where its members lie (`Layout`).

pluto and its clients run on one machine, so the layout is that machine's. LP64, little endian (x86-64, aarch64; System
V ABI) is the one that was checked against recorded messages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import construct

from autod.protocol.errors import DecodeError
from autod.protocol.field import Field

if TYPE_CHECKING:

    class _Construct:
        """The part of construct.Construct that this module uses, for type checkers that do not find its types."""

        name: str
        flagbuildnone: bool

        def parse(self, data: bytes) -> Any: ...
        def build(self, obj: Any) -> bytes: ...
        def __rtruediv__(self, name: str) -> CType: ...
        def __mul__(self, means: str) -> CType: ...

    CType: TypeAlias = Any
    """A construct."""
    Value = int | bytes
else:
    _Construct = construct.Construct

__all__ = [
    "CStruct",
    "Field",
    "Layout",
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


def _scalar(number: CType, means: str) -> CType:
    """A C type without members. Its default is zero."""
    return construct.Default(number, 0) * means


boolean: CType = _scalar(construct.OneOf(construct.Int8ul, (0, 1)), "bool")
u8: CType = _scalar(construct.Int8ul, "uint8_t")
u16: CType = _scalar(construct.Int16ul, "uint16_t")
u32: CType = _scalar(construct.Int32ul, "uint32_t")
i32: CType = _scalar(construct.Int32sl, "int32_t")
u64: CType = _scalar(construct.Int64ul, "uint64_t")
i64: CType = _scalar(construct.Int64sl, "int64_t")
size_t: CType = _scalar(construct.Int64ul, "size_t")
string: CType = _scalar(construct.Int64ul, "char *, whose slot the packing governs")
const_string: CType = _scalar(construct.Int64ul, "const char *, which is never shipped")
pointer: CType = _scalar(construct.Int64ul, "void *, which is never shipped")


def enum(name: str) -> CType:
    """`enum name`: an int, as gcc lays it out."""
    return _scalar(construct.Int32ul, f"enum {name}")


def octets(count: int) -> CType:
    """`uint8_t name[count]`, a value of its own."""
    return construct.Default(construct.Bytes(count), bytes(count))


def array(element: CType, count: int) -> CType:
    """`element name[count]`."""
    return construct.Default(construct.Array(count, element), [None] * count)


def struct(name: str, /, *, aligned: int = 1, **members: CType) -> CStruct:
    """`struct name { ... }`, the members as keywords in the order of the header.

    `aligned` is for what C expresses otherwise (a bit-field of an enum aligns like an int).
    """
    return CStruct(name, tuple(members.items()), aligned)


def union(name: str, /, **members: CType) -> CType:
    """`union name { ... }`."""
    return _Union(name, members)


class CStruct(_Construct):
    """`struct tag`: a construct.Struct with the padding of C. A member without a value is built as zero.

    Its layout is computed at its first use, because a family is made from that of another release step by step.
    """

    def __init__(self, tag: str, members: tuple[tuple[str, CType], ...], aligned: int = 1) -> None:
        super().__init__()
        self.tag = tag
        self.members = members
        self.aligned = aligned
        self.flagbuildnone = True

    def replacing(self, **types: CType) -> CStruct:
        """The same struct with other types for some members."""
        assert types.keys() <= dict(self.members).keys(), types.keys()
        return CStruct(self.tag, tuple((n, types.get(n, kind)) for n, kind in self.members), self.aligned)

    def without(self, *names: str) -> CStruct:
        """The same struct without some members."""
        assert set(names) <= dict(self.members).keys(), names
        return CStruct(self.tag, tuple(pair for pair in self.members if pair[0] not in names), self.aligned)

    def beginning(self, **members: CType) -> CStruct:
        """The same struct with members added before all others."""
        return CStruct(self.tag, (*members.items(), *self.members), self.aligned)

    def inserting(self, after: str, **members: CType) -> CStruct:
        """The same struct with members added behind the one named `after`."""
        at = [name for name, _ in self.members].index(after) + 1
        return CStruct(self.tag, (*self.members[:at], *members.items(), *self.members[at:]), self.aligned)

    def before(self, name: str) -> construct.Struct:
        """All that stands before the member `name`, including the padding."""
        parts = list(self._laid.subcons)
        at = next(i for i, part in enumerate(parts) if part.name == name)
        return construct.Struct(*parts[:at])

    @functools.cached_property
    def alignment(self) -> int:
        """In bytes."""
        return max([self.aligned, *(_alignment(kind) for _, kind in self.members)])

    @functools.cached_property
    def places(self) -> tuple[tuple[str, CType, int], ...]:
        """Name, type and offset of each member."""
        places = []
        end = 0
        for name, kind in self.members:
            begin = _padded(end, _alignment(kind))
            places.append((name, kind, begin))
            end = begin + _size(kind)
        return tuple(places)

    @functools.cached_property
    def size(self) -> int:
        """In bytes, including the padding at the end."""
        _, kind, begin = self.places[-1]
        return _padded(begin + _size(kind), self.alignment)

    @functools.cached_property
    def _laid(self) -> construct.Struct:
        parts: list[CType] = []
        end = 0
        for name, kind, begin in self.places:
            if begin > end:
                parts.append(construct.Padding(begin - end))
            parts.append(name / kind)
            end = begin + _size(kind)
        if self.size > end:
            parts.append(construct.Padding(self.size - end))
        return construct.Struct(*parts)

    def _parse(self, stream: Any, context: Any, path: Any) -> Any:
        return self._laid._parse(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: Any) -> Any:
        return self._laid._build(obj, stream, context, path)

    def _sizeof(self, context: Any, path: Any) -> int:
        return self.size


class _Union(construct.Adapter):  # type: ignore[type-arg]
    """All members of a union side by side. Building lays one over the other."""

    def __init__(self, tag: str, members: Mapping[str, CType]) -> None:
        self.tag = tag
        self.members = tuple(members.items())
        self.alignment = max(_alignment(kind) for _, kind in self.members)
        self.size = _padded(max(_size(kind) for _, kind in self.members), self.alignment)
        super().__init__(octets(self.size))
        self.flagbuildnone = True

    def _decode(self, obj: bytes, context: Any, path: Any) -> Any:
        return construct.Container({name: kind.parse(obj) for name, kind in self.members})

    def _encode(self, obj: Any, context: Any, path: Any) -> bytes:
        laid = 0
        for name, kind in self.members:
            if obj and name in obj:
                laid |= int.from_bytes(kind.build(obj[name]).ljust(self.size, b"\0"), "big")
        return laid.to_bytes(self.size, "big")


def _padded(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _bare(kind: CType) -> CType:
    """A type without its name, its meaning, its default and its range."""
    while isinstance(kind, (construct.Renamed, construct.Default, construct.Validator)):
        kind = kind.subcon
    return kind


def _is_flag(kind: CType) -> bool:
    while isinstance(kind, (construct.Renamed, construct.Default)):
        kind = kind.subcon
    return isinstance(kind, construct.Validator)


def _alignment(kind: CType) -> int:
    match _bare(kind):
        case CStruct() | _Union() as composed:
            return composed.alignment
        case construct.Array() as many:
            return _alignment(many.subcon)
        case construct.FormatField() as number:
            return number.length
        case _:
            return 1


def _size(kind: CType) -> int:
    match _bare(kind):
        case CStruct() | _Union() as composed:
            return composed.size
        case scalar:
            return int(scalar.sizeof())


def _fields(kind: CType, path: str = "", offset: int = 0) -> Iterator[Field]:
    """Every leaf of a type, in order."""
    match _bare(kind):
        case CStruct(places=places):
            for name, member, begin in places:
                yield from _fields(member, f"{path}.{name}" if path else name, offset + begin)
        case _Union(members=members):
            for name, member in members:
                yield from _fields(member, f"{path}.{name}" if path else name, offset)
        case construct.Array(subcon=element, count=int() as count):
            size = _size(element)
            for i in range(count):
                yield from _fields(element, f"{path}[{i}]", offset + i * size)
        case construct.FormatField(fmtstr=letters, length=size):
            yield Field(path, offset, size, signed=letters[-1].islower(), flag=_is_flag(kind))
        case scalar:
            yield Field(path, offset, _size(scalar), raw=True)


class Layout:
    """The construct of a message, and the place of each of its members.

    The last member of every message on the wire is `string`. All that stands before it is the head, which is sent as
    it lies in memory. The packed strings take the place of `string`, as many bytes as they need. `head`, `room` and
    `size` are the bytes of the head, of `string` and of the whole struct.
    """

    def __init__(self, message: CStruct) -> None:
        self.size: int = message.size
        self.fields: dict[str, Field] = {field.path: field for field in _fields(message)}
        self.head: int = self.fields["string"].offset
        self.room: int = self.fields["string"].size
        self._kind = message
        self._head = message.before("string")

    def __getitem__(self, path: str) -> Field:
        return self.fields[path]

    def build(self, members: Mapping[str, Value]) -> bytes:
        """The head with these members, by their paths. All other members are zero.

        construct builds all members, which takes 0.2 to 0.7 ms; `Field.write` changes a head that exists already.
        An unknown path is a KeyError: a bug of ours.
        """
        tree: dict[str | int, Any] = {}
        for path, value in members.items():
            *parents, last = _steps(path)
            node = tree
            for step in parents:
                node = node.setdefault(step, {})
            node[last] = self.fields[path].value(value)
        return self._head.build(_shaped(self._kind, tree))

    def parse(self, head: bytes) -> dict[str, Value]:
        """The members of a head that are not zero, by their paths. DecodeError if a bool is neither 0 nor 1."""
        try:
            tree = self._head.parse(head)
        except construct.ValidationError as error:
            raise DecodeError(f"a bool is neither 0 nor 1: {error}") from None
        return {path: value for path, value in _leaves(tree) if value}

    @functools.cached_property
    def flags(self) -> tuple[Field, ...]:
        """The members of the head that are a bool."""
        return tuple(field for field in self.fields.values() if field.flag and field.offset < self.head)


@functools.lru_cache(4096)
def _steps(path: str) -> tuple[str | int, ...]:
    """`end[0].id` as ("end", 0, "id")."""
    parts = path.replace("[", ".[").split(".")
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def _shaped(kind: CType, node: Any) -> Any:
    """The values of a type, in the shape that its construct builds from: arrays as whole lists."""
    match _bare(kind):
        case construct.Array(subcon=element, count=int() as count):
            return [_shaped(element, node[i]) if i in node else None for i in range(count)]
        case CStruct(members=members) | _Union(members=members):
            return {name: _shaped(member, node[name]) for name, member in members if name in node}
        case _:
            return node


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Value]]:
    """The leaves of a parsed head, by the path that C would write."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name != "_io":
                yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{i}]")
    elif isinstance(tree, bytes):
        yield path, tree if any(tree) else b""
    else:
        yield path, int(tree)
