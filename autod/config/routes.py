"""Answers about routes, interfaces and names of this machine, which addconn 4.8 to 5.2 needs for %defaultroute.

Owns: asking by netlink, the ioctls of an interface, and the resolver. Must not know: connections.

Each question is asked when it is needed. `resolve` may take seconds (it waits for name servers), so plan connections
in a thread if that matters. Answers are kept as long as the object lives: make one for each run.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

from autod.config import netlink
from autod.protocol.connection.addresses import Address
from autod.protocol.connection.lookup import Interface, Nothing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["FileNames", "System"]

_AF: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_SIZE: Final = {4: 4, 6: 16}

_RTM_GETROUTE, _RTM_NEWROUTE = 26, 24
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST, _DUMP = 1, 0x300
_RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC = 4, 5, 7
"""linux/rtnetlink.h and linux/netlink.h."""

_BUFFER: Final = 1 << 20
"""Bytes read at once: the kernel sends up to 32 KiB in a datagram of a dump."""

_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFDSTADDR = 0x8913, 0x8915, 0x8917
_IFF_UP, _IFF_POINTOPOINT = 0x1, 0x10


class FileNames(Nothing):
    """A system of which only the names of protocols and services are known. They stand in /etc/protocols and
    /etc/services, so no network is asked."""

    def protocol(self, name: str) -> int | None:
        try:
            return socket.getprotobyname(name)
        except (OSError, ValueError):
            return None

    def service(self, name: str) -> int | None:
        try:
            return socket.getservbyname(name)
        except (OSError, ValueError):
            return None


class System(FileNames):
    """This machine. `autod.protocol.connection.lookup.Lookup` describes the methods."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], object] = {}

    def gateway(self, version: int) -> Address | None:
        key = ("gateway", version)
        if key not in self._known:
            self._known[key] = self._gateway(version)
        answer = self._known[key]
        return answer if isinstance(answer, Address) else None

    def _gateway(self, version: int) -> Address | None:
        for table, attributes in _routes(version, None, dump=True):
            name = _interface_name(attributes.get(_RTA_OIF))
            if table != netlink.MAIN or name.startswith(("ipsec", "mast")) or netlink.RTA_DST in attributes:
                continue
            gateway = _address(attributes.get(_RTA_GATEWAY), version)
            if gateway is None and name:
                interface = self.interface(name, version)
                gateway = interface.peer if interface is not None else None
            if gateway is not None:
                return gateway
        return None

    def source(self, to: Address | None, version: int) -> Address | None:
        key = ("source", to, version)
        if key not in self._known:
            self._known[key] = self._source(to, version)
        answer = self._known[key]
        return answer if isinstance(answer, Address) else None

    def _source(self, to: Address | None, version: int) -> Address | None:
        for table, attributes in _routes(version, to, dump=False):
            if table == netlink.MAIN and not _interface_name(attributes.get(_RTA_OIF)).startswith(
                ("ipsec", "mast")
            ):
                preferred = _address(attributes.get(_RTA_PREFSRC), version)
                if preferred is not None:
                    return preferred
        return None

    def interface(self, name: str, version: int) -> Interface | None:
        """The interface with its IPv4 addresses only: the kernel does not have such an ioctl for IPv6."""
        request = os.fsencode(name)[:15].ljust(40, b"\0")
        try:
            with socket.socket(_AF[version], socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                (flags,) = struct.unpack_from("=H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request), 16)
                if not flags & _IFF_UP:
                    return None
                peer = _ask(sock, _SIOCGIFDSTADDR, request, version) if flags & _IFF_POINTOPOINT else None
                return Interface(_ask(sock, _SIOCGIFADDR, request, version), peer)
        except OSError:
            return None

    def resolve(self, name: str, version: int) -> Address | None:
        key = ("resolve", name, version)
        if key not in self._known:
            try:
                infos = socket.getaddrinfo(name, None, _AF[version], socket.SOCK_DGRAM)
                self._known[key] = Address(
                    version, socket.inet_pton(_AF[version], str(infos[0][4][0]).split("%")[0])
                )
            except (OSError, ValueError):
                self._known[key] = None
        answer = self._known[key]
        return answer if isinstance(answer, Address) else None


_Route = tuple[int, dict[int, bytes]]


def _ask(sock: socket.socket, request_code: int, request: bytes, version: int) -> Address | None:
    try:
        answer = fcntl.ioctl(sock, request_code, request)
    except OSError:
        return None
    (family,) = struct.unpack_from("=H", answer, 16)
    if version != 4 or family != socket.AF_INET:
        return None
    return Address(4, answer[20:24])


def _interface_name(index: bytes | None) -> str:
    if index is None or len(index) != 4:
        return ""
    try:
        return socket.if_indextoname(int.from_bytes(index, sys.byteorder))
    except OSError:
        return ""


def _address(data: bytes | None, version: int) -> Address | None:
    return Address(version, data) if data is not None and len(data) == _SIZE[version] else None


def _routes(version: int, to: Address | None, *, dump: bool) -> Iterator[_Route]:
    """The routes in the kernel's answer: the table of each, and its attributes. No routes if the kernel refuses."""
    body = b""
    bits = 0
    if to is not None:
        body = netlink.ATTRIBUTE.pack(4 + len(to.packed), netlink.RTA_DST) + to.packed
        bits = 8 * len(to.packed)
    payload = netlink.ROUTE.pack(_AF[version], bits, 0, 0, 0, 0, 0, 0, 0) + body
    flags = _REQUEST | (_DUMP if dump else 0)
    message = netlink.HEADER.pack(netlink.HEADER.size + len(payload), _RTM_GETROUTE, flags, 1, 0) + payload
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as sock:
            sock.settimeout(5)
            sock.send(message)
            while True:
                more = yield from _parse(sock.recv(_BUFFER), _AF[version])
                if not more or not dump:
                    return
    except OSError:
        return


def _parse(data: bytes, family: int) -> Generator[_Route, None, bool]:
    """The routes of one datagram. Returns whether more datagrams follow."""
    count = 0
    for kind, body in netlink.messages(data):
        if kind in (_NLMSG_ERROR, _NLMSG_DONE):
            return False
        count += 1
        if kind == _RTM_NEWROUTE and len(body) >= netlink.ROUTE.size:
            route = netlink.ROUTE.unpack_from(body)
            if route[0] == family:
                yield route[4], netlink.attributes(body[netlink.ROUTE.size :])
    return count > 0
