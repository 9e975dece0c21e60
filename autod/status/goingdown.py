"""Which tunnels a loading takes down, and that in a sentence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autod.protocol.replies import Reply

__all__ = ["goes_down"]

_NAMED: Final = 5
"""Connections that a sentence names."""


def goes_down(replies: Sequence[Reply], names: Iterable[str]) -> tuple[list[str], str] | None:
    """Those of `names` that have a tunnel by what pluto says to --trafficstatus, and what to say of it; None if none
    has."""
    from autod.status.polling import established

    found = established(replies)
    if not found:
        return None
    asked = set(names)
    up = sorted(name for name in found if name in asked or name.rpartition("/")[0] in asked)
    if not up:
        return None
    shown = ", ".join(f'"{name}"' for name in up[:_NAMED])
    more = f" and {len(up) - _NAMED} more" if len(up) > _NAMED else ""
    return up, f"{shown}{more} {'are' if len(up) > 1 else 'is'} up; loading again takes that down"
