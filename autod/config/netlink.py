"""The bytes of rtnetlink: messages of a datagram, and the attributes of a message.

Owns: where each begins and ends (linux/netlink.h and linux/rtnetlink.h). Must not know: sockets, what a message means.
Reading ends at bytes that do not make sense; nothing raises.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ATTRIBUTE", "HEADER", "MAIN", "ROUTE", "RTA_DST", "attributes", "messages"]

HEADER: Final = struct.Struct("=IHHII")
"""struct nlmsghdr: length, kind, flags, sequence, port."""

ROUTE: Final = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, bits of the destination, ..., table as the fifth."""

ATTRIBUTE: Final = struct.Struct("=HH")
"""struct rtattr: length, kind."""

RTA_DST: Final = 1
MAIN: Final = 254
"""RT_TABLE_MAIN."""

_KIND: Final = 0x3FFF
"""NLA_TYPE_MASK: the two bits above it tell how an attribute is nested."""


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind and the body of each message of one datagram."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _, _, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            return
        yield kind, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes of a message by kind. `data` begins behind its fixed part."""
    by_kind: dict[int, bytes] = {}
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < ATTRIBUTE.size:
            break
        by_kind[kind & _KIND] = data[at + ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return by_kind
