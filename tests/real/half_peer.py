"""A peer that answers the first exchange of IKEv2 and then no more: it stands before a real pluto.

Knows two things of IKE: where the exchange type is, and that 34 is IKE_SA_INIT (RFC 7296, 3.1).
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.namespaces import Namespace

__all__ = ["half_peer"]

_IKE_SA_INIT = 34
_EXCHANGE = 18


@contextlib.contextmanager
def half_peer(where: Namespace, address: str, behind: str) -> Iterator[None]:
    """Answer at `address`, which `where` gets, with what the pluto at `behind` answers to IKE_SA_INIT."""
    where.ip("address", "add", f"{address}/24", "dev", "eth1")

    def bound(port: int) -> socket.socket:
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        end.bind((address, port))
        return end

    # Port 4500, to which the initiator goes on once it sees that somebody stands between, is open and silent.
    end, silent = where.call(lambda: bound(500)), where.call(lambda: bound(4500))
    stop_reader, stop_writer = socket.socketpair()

    def carry() -> None:
        peer: tuple[str, int] | None = None
        while True:
            readable, _, _ = select.select([end, stop_reader], [], [])
            if stop_reader in readable:
                return
            with contextlib.suppress(OSError):
                data, source = end.recvfrom(65536)
                if source[0] == behind:
                    if peer is not None:
                        end.sendto(data, peer)
                elif len(data) > _EXCHANGE and data[_EXCHANGE] == _IKE_SA_INIT:
                    peer = source
                    end.sendto(data, (behind, 500))

    thread = threading.Thread(target=carry, name="half a peer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop_writer.send(b"x")
        thread.join()
        for one in (end, silent, stop_reader, stop_writer):
            one.close()
