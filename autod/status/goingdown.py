"""Which tunnels a load takes down, with a sentence about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autod.protocol.replies import Reply

__all__ = ["goes_down"]

_NAMED: Final = 5
"""Connections that a sentence names."""


def goes_down(replies: Sequence[Reply], names: Iterable[str]) -> tuple[list[str], str] | None:
    """Those of `names` that have a tunnel in the replies to --trafficstatus, and a sentence about them; None if none of
    them has one."""
    from autod.status.polling import established

    established_names = established(replies)
    if not established_names:
        return None
    loaded = set(names)
    up = sorted(name for name in established_names if name in loaded or name.rpartition("/")[0] in loaded)
    if not up:
        return None
    first_names = ", ".join(f'"{name}"' for name in up[:_NAMED])
    more = f" and {len(up) - _NAMED} more" if len(up) > _NAMED else ""
    pronoun = "them" if len(up) > 1 else "it"
    return up, f"{first_names}{more} {'are' if len(up) > 1 else 'is'} up; loading again takes {pronoun} down"
