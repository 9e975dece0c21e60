"""Names of protocols as addconn knows them, before it asks the system.

Owns: the few names of its own. Must not know: how the system is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.addresses import Names

if TYPE_CHECKING:
    from autod.protocol.connection.lookup import Lookup

__all__ = ["names_of"]

_PREFIXES: Final = {"unk": 0, "icmp": 1, "tun": 4, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "int": 61}
"""Words that name a protocol, whatever follows them (4.8 to 5.2)."""


def names_of(lookup: Lookup) -> Names:
    """How to find numbers: by addconn's own words, then by numbers, then from the system."""

    def protocol(text: str) -> int | None:
        lower = text.lower()
        for prefix, number in _PREFIXES.items():
            if lower.startswith(prefix):
                return number
        if text[:1].isdigit():
            return None
        return lookup.protocol(text)

    return Names(protocol, lookup.service)
