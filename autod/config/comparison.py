"""What a comparison of a configuration with pluto comes to, and what is remembered for one: values. Pure.

Must not know: how anything is compared (compare.py), what is done about it (steps.py).
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
    """One setting that differs: how it is spelled, both values in words that stay, and where it stands."""

    setting: str
    configured: str
    loaded: str
    place: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """A connection that differs. `names` are its names in pluto (`a/1x2` for a pair of subnets=).

    `elements` are those of them that are to be loaded, `surplus` those that pluto has and the file has not any more.
    """

    connection: str
    names: tuple[str, ...]
    details: tuple[Detail, ...] = ()
    auto: Auto = "ignore"
    elements: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


class Uncompared(msgspec.Struct, frozen=True):
    """Settings of a connection that pluto's status does not show, so that nobody can tell whether they differ."""

    connection: str
    settings: tuple[str, ...]


class Doubt(msgspec.Struct, frozen=True):
    """A connection that the file had once, and why it may be missing from it by mistake."""

    connection: str
    why: str


class Comparison(msgspec.Struct, frozen=True, tag_field="event", tag="comparison"):
    """What is only in the configuration, only in pluto, in both but different, the same, and cannot be loaded.

    `foreign` are those of `extra` that were not loaded from this file: somebody else's. `uncompared` names what could
    not be told of connections that count as the same. `doubtful` are those that the file had once and has not any more,
    and that it may have lost by mistake.
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
        """What this file loaded once and has not any more: what --sync deletes."""
        return tuple(name for name in self.extra if name not in self.foreign)

    @property
    def equal(self) -> bool:
        """Whether pluto holds what the configuration says, as far as can be told; what others loaded is theirs."""
        return not (self.missing or self.forgotten or self.different or self.refused)


def merged(comparisons: Sequence[Comparison]) -> Comparison:
    """Of several configurations against one pluto: what one of them has is extra to none."""
    if len(comparisons) == 1:
        return comparisons[0]
    extra = _in_all([one.extra for one in comparisons])
    foreign = _in_all([one.foreign for one in comparisons])
    left = frozenset(extra)

    def all_of(field: str) -> tuple[Any, ...]:
        return tuple(value for one in comparisons for value in getattr(one, field))

    return Comparison(
        all_of("missing"),
        extra,
        all_of("different"),
        all_of("same"),
        all_of("refused"),
        foreign,
        all_of("uncompared"),
        tuple(one for one in all_of("doubtful") if one.connection in left),
    )


def _in_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    first, *others = lists
    return tuple(name for name in first if all(name in one for one in others))


class Load(msgspec.Struct, frozen=True):
    """How a connection of pluto's was loaded last: its serial number then, what was sent, what auto= said."""

    serial: int
    digest: str
    auto: str = ""
    writer: str = ""


class Memory(msgspec.Struct, frozen=True):
    """What is remembered: loads by name in pluto, and the names that the file had when it was loaded last, each with
    the file that it stood in.

    `writer` tells which autod and which rules made a digest: another's digests say nothing where they differ.
    """

    loads: Mapping[str, Load] = {}
    names: Mapping[str, str] = {}
    writer: str = ""
    unread: Collection[str] = ()
    """Those of these files that are there still, and that the configuration does not include any more."""
