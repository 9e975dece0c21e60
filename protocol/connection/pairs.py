"""The names that pluto gives the pairs of subnets= of one connection.

Owns: the names (5.0 on; 4.x has them from addconn, see rules_4). Must not know: messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.connection.given import Given

__all__ = ["MAX_PAIRS", "names_of_pairs", "pair_names"]

MAX_PAIRS: Final = 10_000
"""Pairs of one connection: each is a connection to pluto."""

_ITEMS: Final = re.compile(r"[^ \t,]+")


def pair_names(
    name: str, left: tuple[str | None, str | None], right: tuple[str | None, str | None]
) -> tuple[str, ...]:
    """`name` alone, or `name/LxR` for each pair; the right number changes fastest. `left`, `right`: subnet= and
    subnets= of an end, None for one that is not set. With more than MAX_PAIRS pairs, the result is `name` alone.

    subnet= has the number 0 and the items of subnets= count from 1; an end without either has the number 0. There are
    no pairs of IPv4 with IPv6.
    """
    if left[1] is None and right[1] is None:
        return (name,)
    ours, theirs = _numbered(*left), _numbered(*right)
    if len(ours) * len(theirs) > MAX_PAIRS:
        return (name,)
    return tuple(
        f"{name}/{x}x{y}"
        for x, our_net in ours
        for y, their_net in theirs
        if our_net is None or their_net is None or (":" in our_net) == (":" in their_net)
    )


def _numbered(subnet: str | None, subnets: str | None) -> list[tuple[int, str | None]]:
    items: list[tuple[int, str | None]] = list(enumerate(_ITEMS.findall(subnets or ""), 1))
    if subnet is not None:
        items.insert(0, (0, subnet))
    return items or [(0, None)]


def names_of_pairs(name: str, settings: Mapping[str, Given]) -> tuple[str, ...]:
    """The names in pluto of a connection with these settings."""
    if "leftsubnets" not in settings and "rightsubnets" not in settings:
        return (name,)
    left, right = (
        tuple(
            setting.text if (setting := settings.get(side + slot)) is not None else None
            for slot in ("subnet", "subnets")
        )
        for side in ("left", "right")
    )
    return pair_names(name, (left[0], left[1]), (right[0], right[1]))
