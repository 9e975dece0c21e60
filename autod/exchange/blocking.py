"""The socket half of one exchange without trio: the same rules as autod.exchange.control, for a thread or asyncio.

Owns: the socket of one exchange, from connecting to the end of the stream. Must not know: how anybody waits (`steps`
says for what), what a message asks for, what a reply means.

pluto's rules are written at the head of autod.exchange.control. Here nothing else goes on in the thread, so there is no
gate and nothing is sent ahead; the stream is read to its end, or until the deadline.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec

from autod.exchange.connect import (
    FIRST_WAIT,
    LONGEST_WAIT,
    address_of,
    answer_prompt,
    explain,
    finish_sending,
    open_socket,
    replaced,
    send_whole,
)
from autod.exchange.descriptors import gauge_for
from autod.exchange.peer import Listener, listener, meet, opener
from autod.protocol.exchange import Ending, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from autod.protocol.exchange import Answers
    from autod.protocol.replies import Reply, ReplyCodes

__all__ = ["Talk", "Wait"]

_CHUNK = 65536
_LOOK_AGAIN = 0.05

_GULP = 0.0003
"""Seconds between two reads of a long answer: pluto writes it line by line, and the system keeps some 300 lines, which
take it 0.5 ms. To be woken for each few of them costs as much as to read them."""


class Wait(msgspec.Struct, frozen=True):
    """What an exchange waits for: until `until` (time.monotonic), or until `sock` has something to read."""

    until: float
    sock: socket.socket | None = None

    def block(self) -> None:
        """Wait in this thread. May end early."""
        # Longer than a day is asked for again.
        seconds = max(0.0, min(self.until - time.monotonic(), 86400.0))
        if self.sock is None:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.poll(seconds * 1000)


class Talk:
    """One exchange with the pluto at `path`.

    `pluto` is the one that the message is for, None where any will do (a probe that is safe on every release);
    `seqpacket` its type of socket, None to find it out. After `run` both say who answered.
    """

    def __init__(
        self, path: str, *, codes: ReplyCodes, seqpacket: bool | None, pluto: Listener | None
    ) -> None:
        self.path = path
        self.pluto: Listener = Listener() if pluto is None else pluto
        self.seqpacket = seqpacket
        self.sent: bool = False
        """The message has gone out."""
        self._pinned = pluto is not None
        self._codes = codes

    def run(
        self,
        message: bytes,
        on_replies: Callable[[list[Reply]], None],
        deadline: Callable[[], float],
        *,
        answers: Answers | None = None,
        holds_descriptor: bool = False,
    ) -> Ending:
        """As `steps`, waiting in this thread. An exception, a KeyboardInterrupt too, closes the socket; pluto goes on
        with what it was sent."""
        steps = self.steps(message, on_replies, deadline, answers=answers, holds_descriptor=holds_descriptor)
        try:
            while True:
                try:
                    wait = next(steps)
                except StopIteration as done:
                    ending: Ending = done.value
                    return ending
                wait.block()
        finally:
            steps.close()

    def steps(
        self,
        message: bytes,
        on_replies: Callable[[list[Reply]], None],
        deadline: Callable[[], float],
        *,
        answers: Answers | None = None,
        holds_descriptor: bool = False,
        only: bytes | None = None,
    ) -> Generator[Wait, None, Ending]:
        """Send `message`, hand every reply to `on_replies` as it comes, and say how it ended; yield where to wait.

        `deadline` gives the time (time.monotonic) at which waiting ends, and is asked again after each reply: UNSENT
        before the message went out, else DEADLINE. `only`: see ReplyDecoder.
        Raises as Control.exchange does. Closing the generator closes
        the socket.
        """
        gauge = gauge_for(self.path, self.pluto) if holds_descriptor else None
        while gauge is not None and not (gauge.spare(0) > 0 and gauge.take()):
            if time.monotonic() >= deadline():
                return Ending.UNSENT
            yield Wait(min(time.monotonic() + _LOOK_AGAIN, deadline()))
        over = False
        with ExitStack() as stack:
            if gauge is not None:
                # What was sent and is not over may hold pluto's descriptor still.
                stack.callback(lambda: gauge.leave() if self.sent and not over else gauge.give())
            sock = yield from self._connect(stack, deadline)
            if sock is None:
                return Ending.UNSENT
            self._meet(sock)
            exchange = Exchange(self._codes, taken=send_whole(sock, message), answers=answers, only=only)
            self.sent = True
            if answers is None:
                finish_sending(sock)
            while not exchange.over:
                yield Wait(deadline(), sock)
                if not _receive(sock, exchange):
                    if time.monotonic() >= deadline():
                        return Ending.DEADLINE
                    continue
                replies = exchange.replies()
                if replies:
                    on_replies(replies)
                if only is not None and not exchange.over:
                    yield Wait(min(time.monotonic() + _GULP, deadline()))
                for answer in exchange.due:
                    answer_prompt(sock, answer)
                exchange.due.clear()
            over = True
            return exchange.ending(gone=self.pluto.is_gone())

    def _connect(
        self, stack: ExitStack, deadline: Callable[[], float]
    ) -> Generator[Wait, None, socket.socket | None]:
        """A connected socket, None at the deadline. The type is found out where it is not known."""
        address = address_of(self.path, stack)
        for seqpacket in (False, True) if self.seqpacket is None else (self.seqpacket,):
            try:
                sock = open_socket(socket.SOCK_SEQPACKET if seqpacket else socket.SOCK_STREAM)
            except OSError as error:
                raise explain(self.path, error) from error
            stack.enter_context(sock)
            wait = FIRST_WAIT
            while True:
                try:
                    sock.connect(address)
                except BlockingIOError:
                    # pluto's backlog is full.
                    if time.monotonic() + wait >= deadline():
                        return None
                    yield Wait(time.monotonic() + wait)
                    wait = min(2 * wait, LONGEST_WAIT)
                except OSError as error:
                    if error.errno == errno.EPROTOTYPE and self.seqpacket is None and not seqpacket:
                        break
                    raise explain(self.path, error) from error
                else:
                    self.seqpacket = seqpacket
                    return sock
        raise AssertionError

    def _meet(self, sock: socket.socket) -> None:
        """See who answers; refuse one whom the message is not for."""
        if not self._pinned:
            self.pluto = listener(self.path, opener(sock))
            return
        met = meet(sock, self.path, self.pluto)
        if met is None:
            raise replaced(self.path)
        self.pluto = met


def _receive(sock: socket.socket, exchange: Exchange) -> bool:
    """Read what is there. False where nothing is."""
    try:
        exchange.receive(sock.recv(_CHUNK))
    except BlockingIOError:
        return False
    except ConnectionResetError:
        exchange.broken()
    return True
