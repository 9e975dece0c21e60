"""How the strings of a message are packed behind its head, era by era.

Owns: the order of the packed items, the content of their slots in the head, and the bytes behind it. Must not know:
what a string is for, or which release an era belongs to; each family has its `Packing`.

The changes over the years (facts from the messages that the releases' own whack sent):

** 3.27 to 4.15: every string is written in a fixed order, as bytes and a NUL; an absent string is only a NUL,
  and all pointer slots of the head are zero. 3.x wants the exact length; later releases ignore trailing bytes.
* 5.0 to 5.3.2: the pointer slot holds the length with its NUL (0 = absent), and absent strings are not written.
* 5.4: as before, but a string that belongs to one command is only written with that command. The settings of a
  connection follow as (end, key, value) tuples, and a zero tuple ends them.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from autod.protocol.errors import BadString, DecodeError

if TYPE_CHECKING:
    from autod.protocol.field import Field, Laid

__all__ = ["Chunk", "Item", "Packing", "Place", "Text", "Things", "Tuple", "of", "texts"]

Tuple = tuple[int, int, bytes]
"""(end, key, value): end 0 left, 1 right, 2 the connection; key of enum config_conn_keyword (5.4)."""

_TUPLE = struct.Struct("<B3xI")


class Text(msgspec.Struct, frozen=True):
    """A string. `labeled`: only if pluto was built with labeled IPsec. `command`: only written with that command."""

    path: str
    labeled: bool = False
    command: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """Raw bytes. Their length stands in PATH.len of the head."""

    path: str


class Things(msgspec.Struct, frozen=True):
    """An array of fixed-size elements. Their number stands in `count` of the head."""

    path: str
    count: str
    size: int
    command: str | None = None


Item = Text | Chunk | Things


def texts(*paths: str) -> tuple[Text, ...]:
    """Strings, in the order of the arguments."""
    return tuple(Text(path) for path in paths)


def of(end: str, names: Sequence[str]) -> tuple[Text, ...]:
    """The strings of one end of a connection."""
    return texts(*(f"{end}.{name}" for name in names))


class Place(msgspec.Struct, frozen=True):
    """The place of an item: it is the `at`th behind the head. `slot` of the head holds its length or number, if any."""

    at: int
    text: bool
    slot: Field | None = None
    unit: int = 1

    def packed(self, value: bytes | None) -> bytes:
        """The bytes behind the head."""
        if value is None:
            return b"\0" if self.slot is None else b""
        return value + b"\0" if self.text else value

    def number(self, value: bytes | None) -> int:
        """The content of the slot: the length of a string with its NUL, of bytes, or the number of elements."""
        return 0 if value is None else len(value) // self.unit + self.text


class Packing(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The rule of one era. `lengths`: slots hold lengths. `exact`: the receiver wants the exact length."""

    order: tuple[Item, ...]
    lengths: bool = False
    exact: bool = False
    tuples: bool = False

    @functools.cached_property
    def _places(self) -> dict[object, dict[str, Place]]:
        """The places of the items, by layout, build and command."""
        return {}

    @functools.cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all items, written or not."""
        return frozenset(item.path for item in self.order)

    @functools.cached_property
    def asks_label(self) -> bool:
        """Whether the items depend on whether pluto was built with labeled IPsec (up to 4.1)."""
        return any(isinstance(item, Text) and item.labeled for item in self.order)

    def items(self, labeled: bool | None, command: str | None) -> list[Item]:
        """The items that are written with this command for a pluto of this build."""
        return [
            item
            for item in self.order
            if not (isinstance(item, Text) and item.labeled and not labeled)
            and (isinstance(item, Chunk) or item.command is None or item.command == command)
        ]

    def places(self, layout: Laid, *, labeled: bool | None, command: str | None) -> Mapping[str, Place]:
        """The places of the items in a message of this layout, by path, in their order. They are computed only once."""
        key = (id(layout), labeled, command)
        places = self._places.get(key)
        if places is None:
            places = {}
            for at, item in enumerate(self.items(labeled, command)):
                match item:
                    case Text() if not self.lengths:
                        places[item.path] = Place(at, True)
                    case Text():
                        places[item.path] = Place(at, True, layout[item.path])
                    case Chunk():
                        places[item.path] = Place(at, False, layout[f"{item.path}.len"])
                    case Things():
                        places[item.path] = Place(at, False, layout[item.count], item.size)
            self._places[key] = places
        return places

    def join(self, layout: Laid, parts: Sequence[bytes], tuples: Sequence[Tuple]) -> bytes:
        """The items and the tuples, as they stand behind the head.

        BadString if they do not fit into the message's string space (4096 bytes).
        """
        packed = b"".join(parts)
        if self.tuples:
            settings = [_TUPLE.pack(end, key) + value + b"\0" for end, key, value in tuples]
            packed = b"".join((packed, *settings, bytes(_TUPLE.size)))
        if len(packed) > layout.room:
            raise BadString(
                f"the names and values need {len(packed)} bytes, and a whack message has room for {layout.room}: "
                "use shorter ones."
            )
        return packed

    def unpack(
        self, layout: Laid, message: bytes, *, labeled: bool | None, command: str | None
    ) -> tuple[dict[str, bytes], list[Tuple], bytes]:
        """Strings by path, tuples, and the trailing bytes. DecodeError if the bytes do not add up."""
        strings: dict[str, bytes] = {}
        at = layout.head
        for item in self.items(labeled, command):
            match item:
                case Text() if self.lengths:
                    length = layout[item.path].read(message)
                    if length:
                        value, at = _take(message, at, length, item.path)
                        if value[-1:] != b"\0" or b"\0" in value[:-1]:
                            raise DecodeError(f"{item.path} is not a string of {length} bytes.")
                        strings[item.path] = value[:-1]
                case Text():
                    end = message.find(b"\0", at)
                    if end < 0:
                        raise DecodeError(f"the message ends before {item.path}.")
                    if end > at:
                        strings[item.path] = message[at:end]
                    at = end + 1
                case Chunk():
                    length = layout[f"{item.path}.len"].read(message)
                    value, at = _take(message, at, length, item.path)
                    if value:
                        strings[item.path] = value
                case Things():
                    length = layout[item.count].read(message) * item.size
                    value, at = _take(message, at, length, item.path)
                    if value:
                        strings[item.path] = value
        tuples: list[Tuple] = []
        if self.tuples:
            tuples, at = _tuples(message, at)
        if self.exact and at != len(message):
            raise DecodeError(f"{len(message) - at} bytes stand behind the last string.")
        return strings, tuples, message[at:]


def _take(message: bytes, at: int, length: int, path: str) -> tuple[bytes, int]:
    if length > len(message) - at:
        raise DecodeError(f"the message ends within {path}.")
    return message[at : at + length], at + length


def _tuples(message: bytes, at: int) -> tuple[list[Tuple], int]:
    tuples: list[Tuple] = []
    while True:
        if len(message) - at < _TUPLE.size:
            raise DecodeError("the message ends before the tuple that ends the settings.")
        end, key = _TUPLE.unpack_from(message, at)
        at += _TUPLE.size
        if not key:
            return tuples, at
        stop = message.find(b"\0", at)
        if stop < 0:
            raise DecodeError(f"the value of setting {key} has no end.")
        tuples.append((end, key, message[at:stop]))
        at = stop + 1
