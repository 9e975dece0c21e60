"""The layout and the packing of each family's messages, without its struct.

Owns: the parts of a family that a Packer needs, from a table that construct made ahead of time. Must not know: any
struct, or construct, whose import takes a third of the time that 5,000 messages take.

construct makes the table, shapes.json, from the families: run `python -m tests.generators.shapes` to make it again. A
test checks that construct makes the same today. If a family is not in the table, its module is loaded.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from autod.protocol.field import Field
from autod.protocol.packing import Chunk, Packing, Text, Things

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.families.family import Family
    from autod.protocol.packing import Item

__all__ = ["Head", "Shape", "Written", "made_ahead", "written"]

_ITEMS = {"text": Text, "chunk": Chunk, "things": Things}


class Head:
    """The places of the members of a head: a Layout without its construct."""

    def __init__(self, head: int, room: int, fields: Mapping[str, Field]) -> None:
        self.head = head
        self.room = room
        self.fields = fields

    def __getitem__(self, path: str) -> Field:
        return self.fields[path]

    def build(self, members: Mapping[str, int | bytes]) -> bytes:
        """The head with these members, by their paths. All other members are zero."""
        head = bytearray(self.head)
        for path, value in members.items():
            field = self.fields[path]
            field.write(head, field.value(value))
        return bytes(head)


class Shape(msgspec.Struct, frozen=True, eq=False):
    """The parts of a family that a Packer needs. Family has the same names."""

    layout: Head
    packing: Packing
    magic_path: str
    numbers: bool
    commands: dict[bool, tuple[str, ...]]

    def command(self, number: int, seccomp: bool) -> str | None:
        """The name of a whack_command's number; None if there is none."""
        names = self.commands[seccomp]
        return names[number] if 0 <= number < len(names) else None


_Row: TypeAlias = tuple[str, int, int, str]


class Written(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Shape as it stands in the table: members as [path, offset, size, traits], strings as [kind, arguments]."""

    head: int
    room: int
    magic_path: str
    members: list[_Row]
    order: list[tuple[str, dict[str, str | int | bool | None]]]
    lengths: bool = False
    exact: bool = False
    tuples: bool = False
    commands: list[str] = []
    commands_seccomp: list[str] = []


def written(family: Family) -> Written:
    """The row of a family."""
    layout, packing = family.layout, family.packing
    members = [
        (field.path, field.offset, field.size, "".join(mark for mark, is_set in _traits(field) if is_set))
        for field in layout.fields.values()
        if field.offset < layout.head
    ]
    commands = {seccomp: _commands(family, seccomp) for seccomp in (False, True)} if family.numbers else {}
    return Written(
        layout.head,
        layout.room,
        family.magic_path,
        members,
        [_item(item) for item in packing.order],
        packing.lengths,
        packing.exact,
        packing.tuples,
        commands.get(False, []),
        commands.get(True, []),
    )


def _traits(field: Field) -> tuple[tuple[str, bool], ...]:
    return ("r", field.raw), ("s", field.signed), ("f", field.flag)


def _item(item: Item) -> tuple[str, dict[str, str | int | bool | None]]:
    return type(item).__name__.lower(), {name: getattr(item, name) for name in item.__struct_fields__}


def _commands(family: Family, seccomp: bool) -> list[str]:
    names = (family.command(number, seccomp) for number in range(len(family.numbers) + seccomp))
    return [name for name in names if name is not None]


def _read(row: Written) -> Shape:
    fields = {
        path: Field(path, offset, size, "r" in traits, "s" in traits, "f" in traits)
        for path, offset, size, traits in row.members
    }
    order = tuple(_ITEMS[kind](**arguments) for kind, arguments in row.order)
    return Shape(
        Head(row.head, row.room, fields),
        Packing(order, lengths=row.lengths, exact=row.exact, tuples=row.tuples),
        row.magic_path,
        bool(row.commands),
        {False: tuple(row.commands), True: tuple(row.commands_seccomp)},
    )


@functools.cache
def _rows() -> dict[str, msgspec.Raw]:
    with open(os.path.join(os.path.dirname(__file__), "shapes.json"), "rb") as file:
        return msgspec.json.decode(file.read(), type=dict[str, msgspec.Raw])


@functools.cache
def made_ahead(module: str) -> Shape | None:
    """The shape of the family of a module from the table; None if the table does not have it."""
    row = _rows().get(module)
    return None if row is None else _read(msgspec.json.decode(row, type=Written))
