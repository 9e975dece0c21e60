"""Many messages to pluto, one after the other, as fast as pluto takes them.

Owns: blocking exchanges in a thread. Must not know: what a message says, who asked for it.

An exchange through the event loop costs a quarter of a millisecond, as much as pluto needs for a connection; here it
costs a third of that. A blocking connect() waits its turn in the kernel where pluto's backlog is full, and pluto takes
messages in the order in which we connect, so the next one can wait there already while pluto works on the last. A
thread that blocks cannot be cancelled: it is abandoned, and ends when pluto has answered what it has.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Final

from autod.exchange.connect import SUN_PATH
from autod.exchange.peer import meet
from autod.protocol.exchange import Ending
from autod.protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from autod.exchange.control import Control
    from autod.exchange.peer import Listener
    from autod.protocol.replies import Reply, ReplyCodes

__all__ = ["Line", "Unreachable", "open_line"]

_CHUNK: Final = 65536


class Unreachable(Exception):
    """Not the pluto that was there before, or none: nothing was sent. `Control.exchange` can say why."""


class Line:
    """A way to one pluto. For a thread."""

    def __init__(self, path: str, kind: int, pluto: Listener, codes: ReplyCodes) -> None:
        self._path, self._kind, self._pluto, self._codes = path, kind, pluto, codes

    def send(self, message: bytes) -> socket.socket:
        """Send `message`; `drain` is to be called with the result. Raises Unreachable (nothing was sent)."""
        sock = self._connect()
        try:
            # Where it cannot all go at once the system would cut it, and pluto reads once.
            if sock.send(message, socket.MSG_DONTWAIT) != len(message):
                sock.close()
                raise Unreachable
        except (BrokenPipeError, ConnectionResetError):
            # pluto shut the stream before it read: what it said, if anything, is still to be read.
            return sock
        except OSError as error:
            sock.close()
            raise Unreachable from error
        # So that no prompt can wait for an answer.
        with contextlib.suppress(OSError):  # pluto may have shut the stream already
            sock.shutdown(socket.SHUT_WR)
        return sock

    def drain(self, sock: socket.socket) -> tuple[tuple[Reply, ...], Ending]:
        """pluto's replies to what was sent, read to the end."""
        decoder = ReplyDecoder(self._codes)
        replies: list[Reply] = []
        reset = False
        with sock:
            try:
                while data := sock.recv(_CHUNK):
                    replies += decoder.feed(data)
            except OSError:
                reset = True
        rest = decoder.close()
        replies += rest
        if replies and not (reset and rest):
            return tuple(replies), Ending.EOF
        if self._pluto.is_gone():
            return tuple(replies), Ending.GONE
        return tuple(replies), Ending.RESET if reset else Ending.EOF

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, self._kind | socket.SOCK_CLOEXEC)
        try:
            sock.connect(self._path)
            met = meet(sock, self._path, self._pluto)
            if met is None:
                raise Unreachable
            self._pluto = met
        except OSError as error:
            sock.close()
            raise Unreachable from error
        except BaseException:
            sock.close()
            raise
        return sock


def open_line(control: Control, codes: ReplyCodes) -> Line | None:
    """A line to the pluto that `control` last spoke to; None where there was none, or its path is too long."""
    if control.peer is None or control.seqpacket is None or len(os.fsencode(control.path)) > SUN_PATH:
        return None
    kind = socket.SOCK_SEQPACKET if control.seqpacket else socket.SOCK_STREAM
    return Line(control.path, kind, control.pluto, codes)
