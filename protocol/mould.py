"""Messages of one form: a message with holes for the values of each connection.

Owns: where the holes are, and filling them. Must not know: which values a form has (autod.protocol.connection.forms),
what a message is for.

If thousands of connections were written alike, their messages differ in about eighty bytes: a name, two identities,
addresses. To make each message from its members takes twenty times as long as to fill in these bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.field import Laid
    from autod.protocol.packing import Place as StringPlace

__all__ = ["LONGEST", "Hole", "Mould", "holes_of"]

LONGEST: Final = 128
"""Values have fewer bytes than this."""

Way: TypeAlias = Callable[[str], object]

Hole: TypeAlias = "tuple[int, int, int, Callable[[str], bytes]]"
"""Its offset, how many bytes of the base stand there, the number of its value, and the conversion to bytes."""


class Mould:
    """A message without the values of its connection."""

    __slots__ = ("_holes", "_pieces")

    def __init__(self, base: bytes, holes: Sequence[Hole]) -> None:
        """`base` is the message of one connection of the form."""
        self._pieces: list[bytes] = []
        self._holes: list[tuple[int, int, Callable[[str], bytes]]] = []
        at = 0
        for begin, size, number, convert in sorted(holes, key=lambda hole: hole[0]):
            self._pieces += (base[at:begin], b"")
            self._holes.append((len(self._pieces) - 1, number, convert))
            at = begin + size
        self._pieces.append(base[at:])

    def fill(self, values: Sequence[str]) -> bytes:
        """The message of the connection with these values."""
        pieces = self._pieces
        for at, number, convert in self._holes:
            pieces[at] = convert(values[number])
        return b"".join(pieces)


def holes_of(
    layout: Laid,
    strings: Mapping[str, StringPlace],
    parts: Sequence[bytes],
    places: Sequence[tuple[str, int, Way]],
    values: Sequence[str],
) -> list[Hole] | None:
    """The holes of a message whose strings are `parts`, for the values at `places` (see forms.Place); None if one of
    them is not in a member."""
    begins, at = [], layout.head
    for part in parts:
        begins.append(at)
        at += len(part)
    holes: list[Hole] = []
    for path, number, convert in places:
        content = convert(values[number])
        if path not in strings:
            if not isinstance(content, bytes) or path not in layout.fields:
                return None
            offset = layout[path].offset
            if content == _four(values[number]).ljust(len(content), b"\0"):
                holes.append((offset, 4, number, _four))
            else:
                holes.append((offset, len(content), number, convert))  # type: ignore[arg-type]
            continue
        place = strings[path]
        if not isinstance(content, str) or not place.text:
            return None
        holes.append((begins[place.at], len(parts[place.at]) - 1, number, str.encode))
        if place.slot is not None:
            holes.append((place.slot.offset, place.slot.size, number, _LENGTHS[place.slot.size]))
    return holes


@lru_cache(1024)
def _four(text: str) -> bytes:
    """The bytes of an address of IPv4 or of a subnet; none for any other text."""
    numbers = text.partition("/")[0].split(".")
    return bytes(map(int, numbers)) if len(numbers) == 4 and all(map(str.isdecimal, numbers)) else b""


def _length_of(size: int) -> Callable[[str], bytes]:
    numbers = [(count + 1).to_bytes(size, "little") for count in range(LONGEST)]
    return lambda text: numbers[len(text)]


_LENGTHS: Final = {size: _length_of(size) for size in (4, 8)}
"""The content of a string's slot: its length with its NUL."""
