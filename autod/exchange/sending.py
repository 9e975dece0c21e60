"""Sending without waiting, and reading what is there: the half of an exchange that needs no event loop.

Owns: the sockets of exchanges that were begun, and who may be sent to. Must not know: whose turn it is, how anybody
waits (autod.exchange.control waits with trio), what a message asks for, what a reply means.

What pluto is makes the rules; they stand at the head of autod.exchange.control.
"""

from __future__ import annotations

import os
import select
import socket
import time
from typing import TYPE_CHECKING, Final, NoReturn

from autod.errors import WhackError
from autod.exchange.connect import SUN_PATH, check_path, finish_sending, open_socket, replaced, send_whole
from autod.exchange.peer import Listener, listener, meet, opener, seen
from autod.protocol.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.exchange.peer import Seen
    from autod.protocol.exchange import Answers, Ending
    from autod.protocol.replies import ReplyCodes

__all__ = ["AHEAD", "INSTANT", "Pending", "Sending"]

AHEAD: Final = 10
"""Requests that are worth sending before the first of them is read. pluto's backlog holds five and the kernel one more;
by the time that the last is sent, pluto is through with some of them. One that finds no place is not sent."""

INSTANT: Final = 0.001
"""Seconds in which a pluto answers that does so at once."""

_CHUNK: Final = 65536
_SLOW: Final = 8
_BURST: Final = 16


class Pending:
    """An exchange whose message was sent: the socket, what came of it so far, and the slot that it has.

    `heard`: whether pluto was heard since, and has opened the descriptor then. `at`: UNIX seconds at which it was sent.
    """

    __slots__ = ("at", "exchange", "heard", "holder", "holds_descriptor", "sock")

    def __init__(self, sock: socket.socket, exchange: Exchange, holds_descriptor: bool, holder: str) -> None:
        self.sock = sock
        self.exchange = exchange
        self.holds_descriptor = holds_descriptor
        self.holder = holder
        self.heard: bool = False
        self.at: float = time.time()

    @property
    def over(self) -> bool:
        """Whether all that pluto says was read."""
        return self.exchange.over


class Sending:
    """The control socket at `path`, for exchanges that nobody waits for. Arguments as of Control.

    Holds nothing open between exchanges.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        codes: ReplyCodes,
        seqpacket: bool | None,
        pluto: Listener | None = None,
    ) -> None:
        self.path: str = os.fspath(path)
        self._codes = codes
        self._type: int | None = None if seqpacket is None else TYPES[seqpacket]
        self._pluto = Listener() if pluto is None else pluto
        self._pinned = pluto is not None
        check_path(self.path)
        self._short = len(os.fsencode(self.path)) <= SUN_PATH
        self._quick = 0
        self._open = 0
        self._seen: Seen | None = None

    @property
    def pluto(self) -> Listener:
        """The pluto that messages are for, or where any will do, the one that listened at the last exchange."""
        return self._pluto

    @property
    def _can_start(self) -> bool:
        return self._type is not None and self._short

    def start(self, message: bytes) -> Pending | None:
        """Send without waiting: None where pluto's backlog is full, or anything else is in the way. Nothing was sent
        then. Else read() must follow, and after that finish() or drop()."""
        sent = self._sent_at_once(message) if self._can_start else None
        return None if sent is None else self._sent(*sent, None, False, "")

    def _sent_at_once(self, message: bytes) -> tuple[socket.socket, bool] | None:
        """A connected socket that the whole message went into, or that pluto shut before it took one byte."""
        assert self._type is not None
        sock = None
        try:
            sock = open_socket(self._type)
            sock.connect(self.path)
            self._meet(sock)
            return sock, send_whole(sock, message)
        except (OSError, WhackError):
            if sock is not None:
                sock.close()
            return None

    def _sent(
        self, sock: socket.socket, taken: bool, answers: Answers | None, holds_descriptor: bool, holder: str
    ) -> Pending:
        if answers is None:
            finish_sending(sock)
        self._open += 1
        return Pending(sock, Exchange(self._codes, taken=taken, answers=answers), holds_descriptor, holder)

    def read(self, pending: Pending, *, patient: bool = True, longest: float = INSTANT) -> bool:
        """Take what pluto has answered; if `patient`, blocks for `longest` seconds at most where nothing is there.
        Whether that is all of it: then finish() must follow, or else drop()."""
        sock, exchange = pending.sock, pending.exchange
        for _ in range(_BURST):
            try:
                data = sock.recv(_CHUNK)
            except BlockingIOError:
                if patient and _readable(sock, longest):
                    continue
                if patient:
                    self._quick = -_SLOW
                break
            except ConnectionResetError:
                exchange.broken()
                break
            self._hear(pending)
            exchange.receive(data)
            if not data:
                break
        return exchange.over

    def finish(self, many: Iterable[Pending]) -> list[Ending]:
        """The endings of exchanges that are over. pluto is looked at once, for all of them: if it lives now, it lived
        when each of them ended."""
        gone = self._pluto.is_gone()
        return [self._finish(pending, gone) for pending in many]

    def _finish(self, pending: Pending, gone: bool) -> Ending:
        self._close(pending)
        return pending.exchange.ending(gone=gone)

    def adopt(self, pending: Pending) -> None:
        """Go on with what another Sending has begun at the same pluto."""
        self._open += 1

    def drop(self, pending: Pending) -> None:
        """Give an exchange up; pluto goes on with what it was asked."""
        self._close(pending)

    def _close(self, pending: Pending) -> None:
        pending.sock.close()
        self._open -= 1

    def _hear(self, pending: Pending) -> None:
        """pluto was heard of it."""
        pending.heard = True

    def _meet(self, sock: socket.socket) -> None:
        """See who answers on `sock`; refuse one whom the message is not for."""
        now = seen(sock, self.path)
        if now is not None and now == self._seen:
            return
        known = self._pluto
        if not self._pinned:
            here = opener(sock)
            if here.pid is None or (here.pid, here.name) != (known.opener, known.bound):
                self._know(listener(self.path, here))
            return
        met = meet(sock, self.path, known)
        if met is None:
            self._refuse()
        elif met is not known:
            self._know(met)
        self._seen = now

    def _refuse(self) -> NoReturn:
        raise replaced(self.path)

    def _know(self, pluto: Listener) -> None:
        self._pluto = pluto


def _readable(sock: socket.socket, seconds: float) -> bool:
    """Whether there is something to read within that time."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


TYPES: Final = {False: socket.SOCK_STREAM, True: socket.SOCK_SEQPACKET}
"""Of pluto's socket, by whether it is SOCK_SEQPACKET."""
