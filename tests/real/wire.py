"""A wire between two namespaces that a test can slow down or cut while packets fly. Knows nothing of IKE.

A thread carries Ethernet frames between two packet sockets, so the ends see each other's own addresses and
the kernel needs no netem.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import select
import socket
import struct
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from tests.real.namespaces import Namespace, namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wire", "wire_between"]

ETH_P_ALL = 0x0003
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17


class Wire:
    """`delay` is in seconds, each way; `drop` loses every frame; `carried` counts those that got through."""

    def __init__(self, one: socket.socket, other: socket.socket) -> None:
        self.delay = 0.0
        self.drop = False
        self.carried = 0
        self._across = {one: other, other: one}
        self._waiting: deque[tuple[float, socket.socket, bytes]] = deque()
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop carrying; what is still under way is lost."""
        self._stop_writer.send(b"x")
        self._thread.join()
        for end in (*self._across, self._stop_reader, self._stop_writer):
            end.close()

    def _run(self) -> None:
        while True:
            timeout = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            readable, _, _ = select.select([*self._across, self._stop_reader], [], [], timeout)
            if self._stop_reader in readable:
                return
            now = time.monotonic()
            for end in readable:
                with contextlib.suppress(OSError):
                    frame, address = end.recvfrom(65536)
                    if address[2] != socket.PACKET_OUTGOING and not self.drop:
                        self._waiting.append((now + self.delay, self._across[end], frame))
            while self._waiting and self._waiting[0][0] <= now:
                _, end, frame = self._waiting.popleft()
                with contextlib.suppress(OSError):
                    end.send(frame)
                    self.carried += 1


def _packet_socket(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((device, ETH_P_ALL))
    return end


def _real_checksums(device: str) -> None:
    """Let the kernel write checksums itself: on a veth it leaves them to hardware that is not there."""
    value = bytearray(struct.pack("=II", ETHTOOL_STXCSUM, 0))
    buffer = (ctypes.c_char * len(value)).from_buffer(value)
    request = struct.pack("16sP", device.encode(), ctypes.addressof(buffer)).ljust(40, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


@contextlib.contextmanager
def wire_between(one: Namespace, other: Namespace, device: str = "eth1") -> Iterator[Wire]:
    """Lay a Wire between two namespaces: `device` in both, without an address, and down."""
    with namespace("wire") as middle:
        for end, far in ((one, "left"), (other, "right")):
            end.ip("link", "add", device, "type", "veth", "peer", "name", far, "netns", middle.name)
            end.call(lambda: _real_checksums(device))
            middle.ip("link", "set", far, "up")
        wire = Wire(middle.call(lambda: _packet_socket("left")), middle.call(lambda: _packet_socket("right")))
        try:
            yield wire
        finally:
            wire.close()
