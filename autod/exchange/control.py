"""The socket half of an exchange: gate, connect, send at once, read to the end.

Owns: the socket. Must not know: what a message asks for, what a reply means, deadlines (the caller's cancel
scope is one), which release listens, when an exchange has ended (autod.protocol.exchange).

What pluto is (facts measured on 4.10 and 5.2, read to 5.4) makes the rules here:

* It has one thread, which blocks in one read() of the request and in every write of a reply. So the message
  is ready before the connection, goes out in one send() with no checkpoint between, and the stream is
  always read to its end, whatever the consumer does: `on_replies` is called at once and must not block.
* Its backlog is 5. A non-blocking connect() to a full one fails with EAGAIN, which neither blocks nor can be
  waited for, and which trio takes for success. So one task at a time connects, in the order of the calls, and
  tries again after 0.2 to 20 ms; everyone else sleeps.
* It holds a descriptor for each synchronous up (autod.exchange.slots).
* A message for one release may shut another down. So a connection to another pluto than the one whose release
  was found is closed before anything is sent.
* It sleeps after each request that it has answered, and takes longer to wake up than to answer (4.10: 100 against
  20 microseconds). So a request may be sent while those before it are still unread: AHEAD says how many.

There is one way in each direction: `start` sends without waiting, `submit` waits for its turn first; `read` takes what
is there, `wait` reads to the end. A task uses submit and wait (`exchange` is both); who has thousands of requests that
pluto answers at once uses start and read, which need no turn of the event loop, and goes on with submit and wait where
pluto takes its time.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, NoReturn

import trio

from autod.errors import UsageError
from autod.exchange.connect import (
    address_of,
    answer_prompt,
    check_path,
    connect_patiently,
    explain,
    open_socket,
    send_whole,
)
from autod.exchange.descriptors import gauge_for, own_spare
from autod.exchange.peer import Listener, socket_file
from autod.exchange.sending import AHEAD, INSTANT, Pending, Sending
from autod.exchange.slots import Slots
from autod.protocol.exchange import Answers, Ending
from autod.protocol.replies import Reply, ReplyCodes, ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AHEAD", "Answers", "Control", "Ending", "Pending", "check_path"]

MAX_MESSAGE = 16384
"""Bytes of a message. pluto reads 7.6 kB at most (struct whack_message, 3.27 to 5.4), and what is below
half of the smallest usual send buffer goes out in one piece."""

_CHUNK = 65536
_BURST = 16
_NO_DESCRIPTOR = 0.02


class Control(Sending):
    """The control socket at `path`, for any number of exchanges at once.

    `codes` are the reply codes of the release that listens, `seqpacket` its type of socket (None: find out;
    only for messages that are safe on every release), `pluto` the one that was found to be that release
    (None: the caller answers for it). `limit` bounds the exchanges that hold a
    descriptor in pluto; `slots` shares the bound with another Control instead.

    Belongs to one trio run. Holds nothing open between exchanges.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        codes: ReplyCodes,
        seqpacket: bool | None,
        pluto: Listener | None = None,
        limit: int = 64,
        slots: Slots | None = None,
    ) -> None:
        super().__init__(path, codes=codes, seqpacket=seqpacket, pluto=pluto)
        self.slots: Slots = Slots(limit) if slots is None else slots
        self._gate = trio.Lock()
        self._bound = False
        self._ended = 0.0

    @property
    def seqpacket(self) -> bool | None:
        """Whether pluto's socket is SOCK_SEQPACKET (5.4) and not SOCK_STREAM; None where not known yet."""
        return None if self._type is None else self._type == socket.SOCK_SEQPACKET

    @property
    def peer(self) -> int | None:
        """The process that listened at the last exchange, None where it is not known."""
        return self._pluto.pid

    async def exchange(
        self,
        message: bytes,
        on_replies: Callable[[list[Reply]], None],
        *,
        answers: Answers | None = None,
        holds_descriptor: bool = False,
        holder: str = "",
        on_sent: Callable[[], None] | None = None,
    ) -> Ending:
        """Send `message`, hand every reply to `on_replies` as it comes, and say how the stream ended.

        Waits for its turn, for a stalled pluto and for the end of the stream without limit: the caller's
        cancel scope is the deadline. Neither an ending nor a code means success (rule 4 of the design).

        `answers` are for prompts; without them pluto finds the way for answers closed, and gives up instead
        of waiting. A prompt with no answer closes it too. `holds_descriptor` for requests that pluto keeps
        open until an SA is up: such wait for a slot first; `holder` names the slot for `slots.released`.
        `on_sent` is called when the message has gone out: before that, nothing was sent.

        Raises NoSocket, NotPermitted, PlutoReplaced, UsageError: nothing was sent. ConnectionLost: the
        message was cut, and pluto dropped it.

        Cancelled before the send: nothing was sent, pluto writes at most a line about a broken pipe to its
        log. Cancelled after it: the whole message was sent and will be carried out, even where pluto was
        too busy to read it yet; the socket is closed, so pluto logs a broken pipe for each further line;
        the slot stays counted for up to 65 s.
        """
        pending = await self.submit(
            message, answers=answers, holds_descriptor=holds_descriptor, holder=holder
        )
        if on_sent is not None:
            on_sent()
        return await self.wait(pending, on_replies)

    @property
    def is_quick(self) -> bool:
        """Whether start() is worth a try: pluto answered the last ones at once."""
        return self._quick >= 0 and self._can_start

    def places(self, *, holds_descriptor: bool, planned: int) -> int:
        """How many more requests pluto and this process can bear, beside `planned` ones that are to be sent or are
        under way."""
        if holds_descriptor:
            self._bind()
            return self.slots.bearable - max(0, planned - self.slots.held)
        return own_spare() - max(0, planned - self._open)

    async def turn(self) -> None:
        """Wait until those who asked before us have sent what they have."""
        async with self._gate:
            pass

    def start(
        self, message: bytes, *, holds_descriptor: bool = False, holder: str = "", patient: bool = False
    ) -> Pending | None:
        """Send without waiting: None where pluto did not answer the last ones within INSTANT (unless `patient`), its
        backlog is full, or anything else is in the way. Nothing was sent then, and submit() is to be asked. Else
        read() must follow, and after that finish(), wait() or drop()."""
        if not self._can_start or self._gate.locked() or not (patient or self._quick >= 0):
            return None
        if holds_descriptor:
            self._bind()
            if not self.slots.acquire_nowait():
                return None
        sock = self._sent_at_once(message)
        if sock is None:
            # Whatever it was, submit() waits for it or explains it.
            if holds_descriptor:
                self.slots.release(heard=False)
            return None
        return self._sent(*sock, None, holds_descriptor, holder)

    async def submit(
        self,
        message: bytes | Callable[[], bytes],
        *,
        answers: Answers | None = None,
        holds_descriptor: bool = False,
        holder: str = "",
    ) -> Pending:
        """Send when it is our turn. wait() or drop() must follow. See exchange() for errors and cancellation.

        `message` may be what makes the message: thousands that wait for a slot then hold none.
        """
        if not holds_descriptor:
            sock, taken = await self._submit(_checked(message))
        else:
            self._bind()
            await self.slots.take_turn()
            try:
                sock, taken = await self._submit(_checked(message))
            except BaseException:
                self.slots.release(heard=False)
                raise
            finally:
                self.slots.end_turn()
        return self._sent(sock, taken, answers, holds_descriptor, holder)

    async def read_all(self, pending: Pending) -> None:
        """read() until that is all of it, however long pluto takes. Cancelled: drop() must follow."""
        while not pending.over and not self.read(pending):
            await trio.lowlevel.wait_readable(pending.sock)

    async def wait(self, pending: Pending, on_replies: Callable[[list[Reply]], None]) -> Ending:
        """Read to the end, and hand every reply to `on_replies` as it comes. Cancelled: as drop()."""
        exchange = pending.exchange
        pluto = self._pluto
        try:
            self._take(pending, on_replies)
            # The others go first; by then pluto has mostly answered what costs it no negotiation.
            await trio.lowlevel.checkpoint()
            for turn in count(1):
                if exchange.over:
                    break
                await self._receive(pending)
                self._take(pending, on_replies)
                if turn % _BURST == 0:
                    await trio.lowlevel.checkpoint()
        except BaseException:
            self.drop(pending)
            raise
        now = trio.current_time()
        if self._quick < 0 and now - self._ended < INSTANT:
            self._quick += 1
        self._ended = now
        return self._finish(pending, pluto.is_gone())

    def _finish(self, pending: Pending, gone: bool) -> Ending:
        ending = super()._finish(pending, gone)
        if pending.holds_descriptor:
            self.slots.release(heard=pending.heard)
            if ending is Ending.GONE:
                self.slots.forget()
        return ending

    def drop(self, pending: Pending) -> None:
        """Give an exchange up; pluto goes on with what it was asked."""
        super().drop(pending)
        if pending.holds_descriptor:
            self.slots.abandon(pending.holder, heard=pending.heard)

    def replies(self, data: bytes) -> list[Reply]:
        """The lines of a whole answer."""
        decoder = ReplyDecoder(self._codes)
        return decoder.feed(data) + decoder.close()

    async def _submit(self, message: bytes) -> tuple[socket.socket, bool]:
        """A connected socket that the whole message went into, or that pluto shut before it took one byte."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            self._gate.acquire_nowait()  # where nobody is before us the event loop has its turn after the send
        except trio.WouldBlock:
            await self._gate.acquire()
        try:
            # So that thousands who wait for a pluto that is another one now do not each knock at it.
            self._check_file()
            sock = await self._connect()
            try:
                self._meet(sock)
                return sock, send_whole(sock, message)
            except BaseException:
                sock.close()
                raise
        finally:
            self._gate.release()

    async def _connect(self) -> socket.socket:
        if self._type is not None and self._short:
            sock = await self._socket(self._type)
            try:
                sock.connect(self.path)
            except OSError:
                sock.close()  # whatever it was, the way below waits for it or explains it
            else:
                return sock
        with ExitStack() as stack:
            address = address_of(self.path, stack)
            kind = socket.SOCK_STREAM if self._type is None else self._type
            try:
                sock = await self._socket(kind)
                try:
                    await connect_patiently(sock, address)
                except BaseException:
                    sock.close()
                    raise
            except OSError as error:
                if error.errno != errno.EPROTOTYPE or self._type is not None:
                    raise explain(self.path, error) from error
                self._type = socket.SOCK_SEQPACKET
            else:
                self._type = kind
                return sock
        return await self._connect()

    async def _socket(self, kind: int) -> socket.socket:
        """A socket; where this process has no descriptor left, as soon as one of our exchanges gives one back."""
        while True:
            try:
                return open_socket(kind)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._open:
                    raise explain(self.path, error) from error
            await trio.sleep(_NO_DESCRIPTOR)

    def _check_file(self) -> None:
        """Refuse where the socket's file is not the one that the messages are for."""
        if self._pinned and socket_file(self.path) != self._pluto.file:
            self._refuse()

    def _refuse(self) -> NoReturn:
        if self._pluto.is_gone():
            self.slots.forget()
        super()._refuse()

    def _know(self, pluto: Listener) -> None:
        self._bound = self._bound and pluto.is_same(self._pluto)
        super()._know(pluto)

    def _bind(self) -> None:
        """Find out how many descriptors pluto can spare: before the first request that holds one."""
        if not self._bound and self._pluto.file is not None:
            self.slots.bound_by(gauge_for(self.path, self._pluto))
            self._bound = True

    def _hear(self, pending: Pending) -> None:
        if not pending.heard:
            super()._hear(pending)
            if pending.holds_descriptor:
                self.slots.heard()

    def _take(self, pending: Pending, on_replies: Callable[[list[Reply]], None]) -> None:
        """Hand on what is complete, and send what is due for it."""
        exchange = pending.exchange
        replies = exchange.replies()
        if not replies:
            return
        on_replies(replies)
        for answer in exchange.due:
            answer_prompt(pending.sock, answer)
        exchange.due.clear()

    async def _receive(self, pending: Pending) -> None:
        sock, exchange = pending.sock, pending.exchange
        while True:
            try:
                exchange.receive(sock.recv(_CHUNK))
            except BlockingIOError:
                await trio.lowlevel.wait_readable(sock)
            except ConnectionResetError:
                exchange.broken()
                return
            else:
                self._hear(pending)
                return


def _checked(message: bytes | Callable[[], bytes]) -> bytes:
    """The message, where pluto can read one of that length."""
    data = message if isinstance(message, bytes) else message()
    if not 0 < len(data) <= MAX_MESSAGE:
        raise UsageError(f"a message of {len(data)} bytes: pluto reads 1 to {MAX_MESSAGE}; ask for less")
    return data
