"""Many messages of one release that differ little from one to the next, as the connections of a file do.

Owns: packing only what differs from the last message with the same members. Must not know: what a member means.

Packing the 50 members of a connection costs 50 microseconds; of two connections that were written alike, all but
ten have the same value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.encode import fill, place, places, string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.packing import Place, Tuple
    from autod.protocol.releases import Release

__all__ = ["Packer"]

_KEPT: Final = 64
"""Sets of members that are remembered: a file has a handful."""


class _Last:
    """The last message with these members: what it was made of, and what it came to."""

    __slots__ = ("head", "members", "parts", "places")

    def __init__(self, release: Release, members: Mapping[str, object]) -> None:
        self.members = members
        self.places: Mapping[str, Place] = places(release, members)
        self.head, self.parts = fill(release, members, release.magic)


class Packer:
    """Packs messages for one release: each as `encode.pack` does, to the same bytes and with the same errors."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._last: dict[tuple[str, ...], _Last] = {}

    def pack(self, members: Mapping[str, object], tuples: Sequence[Tuple] = ()) -> bytes:
        """See `encode.pack`. `members` is not to change afterwards."""
        family = self._release.family
        # Taken out, and put back when all is in: what failed half way is no base for the next.
        shape = tuple(members)
        last = self._last.pop(shape, None)
        if last is None or last.members.get("whack_command") != members.get("whack_command"):
            if len(self._last) >= _KEPT:
                self._last.clear()
            last = _Last(self._release, members)
        else:
            head, parts = last.head, last.parts
            for path, value in members.items() - last.members.items():
                if path in family.packing.paths:
                    where = last.places[path]
                    parts[where.at] = where.refill(head, None if value is None else string(value))
                else:
                    place(self._release, head, path, value)
            last.members = members
        self._last[shape] = last
        return bytes(last.head) + family.packing.join(family.layout, last.parts, tuples)
