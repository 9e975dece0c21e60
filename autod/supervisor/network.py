"""Addresses and default routes that come and go, as the kernel tells them.

Owns: the netlink socket and its messages; if pluto lives in another network namespace, a look into /proc instead. Must
not know: connections, or what follows a change.

pluto finds a new local address only when it is told to listen (3.27 to 5.4), and a default route only when a connection
is loaded again (to 5.2). A multicast of rtnetlink needs no right at all. If the socket overflows, the kernel says so,
and everything counts as changed.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from autod.config import netlink
from autod.config.around import same_network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["EVERYTHING", "Change", "changes", "read"]


class Change(NamedTuple):
    """An address that came or went, or (`address` empty) a default route."""

    address: str
    gone: bool


EVERYTHING: Final = frozenset({Change("", False)})
"""The socket overflowed: anything may have changed."""

_GROUPS: Final = 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR and _IPV6_ROUTE (linux/rtnetlink.h)."""
_NEWADDR, _DELADDR, _NEWROUTE, _DELROUTE = 20, 21, 24, 25
_ADDRESS: Final = struct.Struct("=BBBBI")
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_TENTATIVE: Final = 0x40
"""IFA_F_TENTATIVE: another machine may have this IPv6 address too; pluto cannot use it yet."""
_BUFFER: Final = 65536
_LOOK: Final = 2.0
"""Seconds between two looks into another namespace."""


def read(data: bytes) -> Iterator[Change]:
    """The changes of one datagram. Other messages, and damaged ones, are left out."""
    for kind, body in netlink.messages(data):
        if kind in (_NEWADDR, _DELADDR) and len(body) >= _ADDRESS.size:
            yield from _address(body, gone=kind == _DELADDR)
        elif kind in (_NEWROUTE, _DELROUTE) and len(body) >= netlink.ROUTE.size:
            route = netlink.ROUTE.unpack_from(body)
            attributes = netlink.attributes(body[netlink.ROUTE.size :])
            # No destination of any length: a default route.
            if route[1] == 0 and route[4] == netlink.MAIN and netlink.RTA_DST not in attributes:
                yield Change("", kind == _DELROUTE)


def _address(body: bytes, *, gone: bool) -> Iterator[Change]:
    _, _, flags, _, _ = _ADDRESS.unpack_from(body)
    attributes = netlink.attributes(body[_ADDRESS.size :])
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS) or b""
    more = attributes.get(_IFA_FLAGS, b"")
    flags |= int.from_bytes(more, "little") if len(more) == 4 else 0
    if len(packed) in (4, 16) and (gone or not flags & _TENTATIVE):
        yield Change(str(ipaddress.ip_address(packed)), gone)


async def changes(pid: int | None) -> AsyncIterator[frozenset[Change]]:
    """Sets of changes in the network of the process `pid` (None: of this one), as they come. Ends only by cancellation.

    There are none if the network of the process cannot be seen at all.
    """
    if pid is None or same_network(pid):
        async for batch in _told():
            yield batch
    else:
        async for batch in _looked(pid):
            yield batch


async def _told() -> AsyncIterator[frozenset[Change]]:
    plain = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0)
    with trio.socket.from_stdlib_socket(plain) as sock:
        await sock.bind((0, _GROUPS))
        while True:
            try:
                data = await sock.recv(_BUFFER)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                yield EVERYTHING
                continue
            batch = frozenset(read(data))
            if batch:
                yield batch


async def _looked(pid: int) -> AsyncIterator[frozenset[Change]]:
    """The changes of another network by looks into /proc: its local addresses, and its default routes."""
    before = _seen(pid)
    while True:
        await trio.sleep(_LOOK)
        now = _seen(pid)
        if now is not None and before is not None and now != before:
            yield frozenset(
                [
                    *(Change(address, False) for address in now - before),
                    *(Change(address, True) for address in before - now),
                ]
            )
        before = now


def _seen(pid: int) -> frozenset[str] | None:
    """Local addresses as text, and "" if there is a default route; None if /proc cannot be read."""
    addresses = set()
    try:
        with open(f"/proc/{pid}/net/fib_trie", encoding="ascii", errors="replace") as trie:
            last = ""
            for line in trie:
                word = line.strip()
                if word.startswith("|-- "):
                    last = word[4:]
                elif word.startswith("/32 host LOCAL"):
                    addresses.add(last)
        with open(f"/proc/{pid}/net/route", encoding="ascii", errors="replace") as routes:
            if any(line.split("\t")[1:2] == ["00000000"] for line in routes):
                addresses.add("")
        if os.path.exists(f"/proc/{pid}/net/if_inet6"):
            with open(f"/proc/{pid}/net/if_inet6", encoding="ascii", errors="replace") as six:
                for line in six:
                    digits, _, _, _, flags = line.split()[:5]
                    if not int(flags, 16) & _TENTATIVE:
                        addresses.add(str(ipaddress.ip_address(bytes.fromhex(digits))))
    except (OSError, ValueError):
        return None
    return frozenset(addresses)
