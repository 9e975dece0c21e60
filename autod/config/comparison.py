"""The result of a comparison of a configuration with pluto, and the memory that it needs: values. Pure.

Must not know: how anything is compared (compare.py), the steps that follow from it (steps.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from autod.protocol.connection.message import Auto

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Comparison", "Detail", "Difference", "Doubt", "Load", "Memory", "Uncompared", "merged"]


class Detail(msgspec.Struct, frozen=True):
    """One setting that differs: its spelling, both values in words that do not change, and its place."""

    setting: str
    configured: str
    loaded: str
    place: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """A connection that differs. `names` are its names in pluto (`a/1x2` for a pair of subnets=).

    `elements` are the names that must be loaded, `surplus` those that pluto has and that the file no longer has.
    """

    connection: str
    names: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    auto: Auto = "ignore"
    elements: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


class Uncompared(msgspec.Struct, frozen=True):
    """Settings of a connection that pluto's status does not show, so it is not known whether they differ."""

    connection: str
    settings: tuple[str, ...]


class Doubt(msgspec.Struct, frozen=True):
    """A connection that the file had before, and why it may be missing from it by mistake."""

    connection: str
    why: str


class Comparison(msgspec.Struct, frozen=True, tag_field="event", tag="comparison"):
    """The connections that are only in the configuration (`missing`), only in pluto (`extra`), in both but `different`,
    the `same`, and those that cannot be loaded (`refused`).

    `foreign` are those of `extra` that were not loaded from this file: they belong to somebody else. `uncompared` has
    the settings that could not be compared, of connections that count as the same. `doubtful` are those that the file
    no longer has, and that it may have lost by mistake.
    """

    missing: tuple[Difference, ...]
    extra: tuple[str, ...]
    different: tuple[Difference, ...]
    same: tuple[str, ...]
    refused: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()
    doubtful: tuple[Doubt, ...] = ()

    @property
    def forgotten(self) -> tuple[str, ...]:
        """The connections that were loaded from this file and that it no longer has: --sync deletes them."""
        return tuple(name for name in self.extra if name not in self.foreign)

    @property
    def equal(self) -> bool:
        """Whether pluto holds the connections of the configuration, as far as they can be compared. Connections that
        others loaded do not count."""
        return not (self.missing or self.forgotten or self.different or self.refused)


def merged(comparisons: Sequence[Comparison]) -> Comparison:
    """The comparisons of several configurations with one pluto as one. A connection of one of them is not extra."""
    if len(comparisons) == 1:
        return comparisons[0]
    extra = _in_all([comparison.extra for comparison in comparisons])
    foreign = _in_all([comparison.foreign for comparison in comparisons])
    extra_in_all = frozenset(extra)

    def all_of(field: str) -> tuple[Any, ...]:
        return tuple(value for comparison in comparisons for value in getattr(comparison, field))

    return Comparison(
        all_of("missing"),
        extra,
        all_of("different"),
        all_of("same"),
        all_of("refused"),
        foreign,
        all_of("uncompared"),
        tuple(doubt for doubt in all_of("doubtful") if doubt.connection in extra_in_all),
    )


def _in_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, *rest = lists
    return tuple(name for name in first if all(name in names for names in rest))


class Load(msgspec.Struct, frozen=True):
    """The last load of a connection of pluto's: its serial number then, a digest of the messages, and auto=."""

    serial: int
    digest: str
    auto: str = ""
    writer: str = ""


class Memory(msgspec.Struct, frozen=True):
    """The memory of earlier loads: loads by name in pluto, and the names that the configuration had at its last load,
    each with its file.

    `writer` tells which autod and which rules made a digest. Two digests of different writers cannot be compared.
    """

    loads: Mapping[str, Load] = {}
    names: Mapping[str, str] = {}
    writer: str = ""
    unread: Collection[str] = ()
    """The files that still exist, but that the configuration no longer includes."""
