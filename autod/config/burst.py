"""Many messages to pluto, one after the other, as fast as pluto takes them.

Owns: blocking exchanges in a thread, and preparing the next message while pluto works on the last. Must not know:
what a message says, who asked for it.

An exchange through the event loop costs a quarter of a millisecond, as much as pluto needs for a connection; here it
costs a fifth of that. A blocking connect() waits its turn in the kernel where pluto's backlog is full. Everything
waits in steps of 0.2 s, between which a cancellation is seen; what was sent by then is carried out by pluto.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Final

import trio

from autod.ending import Ending
from autod.process import is_ending
from protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.control import Control
    from protocol.replies import Reply, ReplyCodes

__all__ = ["Line", "Unreachable", "open_line"]

_SUN_PATH: Final = 107
_STEP: Final = struct.pack("@ll", 0, 200_000)
"""struct timeval: 0.2 s."""
_UCRED: Final = struct.Struct("@iII")
_CHUNK: Final = 65536


class Unreachable(Exception):
    """Not the pluto that was there before, or none: nothing was sent. `Control.exchange` can say why."""


class Line:
    """A way to one pluto, known by its process. Used in a thread that trio started."""

    def __init__(self, path: str, kind: int, pid: int, codes: ReplyCodes) -> None:
        self._path, self._kind, self._pid, self._codes = path, kind, pid, codes

    def exchange(self, message: bytes, meanwhile: Callable[[], object]) -> tuple[tuple[Reply, ...], Ending]:
        """Send `message`, do `meanwhile` while pluto works on it, and read its replies to the end.

        Raises Unreachable (nothing was sent), trio.Cancelled.
        """
        with self._connect() as sock:
            try:
                if sock.send(message) != len(message):
                    raise Unreachable
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                # pluto shut the stream before it read: what it said, if anything, is still to be read.
                pass
            meanwhile()
            decoder = ReplyDecoder(self._codes)
            replies: list[Reply] = []
            reset = False
            while True:
                try:
                    data = sock.recv(_CHUNK)
                except BlockingIOError:
                    trio.from_thread.check_cancelled()
                    continue
                except OSError:
                    reset, data = True, b""
                if not data:
                    break
                replies += decoder.feed(data)
            rest = decoder.close()
            replies += rest
        if replies and not (reset and rest):
            return tuple(replies), Ending.EOF
        if is_ending(self._pid):
            return tuple(replies), Ending.GONE
        return tuple(replies), Ending.RESET if reset else Ending.EOF

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, self._kind | socket.SOCK_CLOEXEC)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STEP)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _STEP)
            while True:
                try:
                    sock.connect(self._path)
                    break
                except BlockingIOError:
                    trio.from_thread.check_cancelled()
            pid, _, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
            if pid != self._pid:
                raise Unreachable
        except OSError as error:
            sock.close()
            raise Unreachable from error
        except BaseException:
            sock.close()
            raise
        return sock


def open_line(control: Control, codes: ReplyCodes) -> Line | None:
    """A line to the pluto that `control` last spoke to; None where there was none, or its path is too long."""
    if control.peer is None or control.seqpacket is None or len(os.fsencode(control.path)) > _SUN_PATH:
        return None
    kind = socket.SOCK_SEQPACKET if control.seqpacket else socket.SOCK_STREAM
    return Line(control.path, kind, control.peer, codes)
