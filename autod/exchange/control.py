"""One exchange with pluto: gate, connect, send at once, drain to the end.

Owns: the socket. Must not know: what a message asks for, what a reply means, deadlines (the caller's cancel
scope is one), which release listens.

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
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import trio

from autod.errors import ConnectionLost, PlutoReplaced, UsageError, WhackError
from autod.exchange.connect import SUN_PATH, address_of, check_path, connect_patiently, explain, open_socket
from autod.exchange.peer import Listener, listener, meet, opener
from autod.exchange.prompts import Answers, answer_prompts, finish_sending
from autod.exchange.slots import Slots
from autod.protocol.exchange import Ending
from autod.protocol.replies import Reply, ReplyCodes, ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


__all__ = ["RESERVE", "Answers", "Begun", "Control", "Ending", "check_path"]

MAX_MESSAGE = 16384
"""Bytes of a message. pluto reads 7.6 kB at most (struct whack_message, 3.27 to 5.4), and what is below
half of the smallest usual send buffer goes out in one piece."""

RESERVE = 64
"""Descriptors that pluto needs for itself: 21 when idle with two interfaces (measured), more with many."""

_CHUNK = 65536
_INSTANT = 0.001
_SLOW = 8
_BURST = 16


@dataclass(slots=True)
class Begun:
    """An exchange whose message was sent, and what was read of pluto's answer. `ended`: that is all of it."""

    sock: socket.socket
    taken: bool
    holds_descriptor: bool
    holder: str
    data: bytes = b""
    ended: bool = False
    reset: bool = False
    at: float = field(default_factory=time.time)
    """UNIX seconds at which it was sent."""


class Control:
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
        self.path = os.fspath(path)
        self.slots = Slots(limit) if slots is None else slots
        self._codes = codes
        self._type: int | None = None if seqpacket is None else _TYPES[seqpacket]
        self._pluto = Listener() if pluto is None else pluto
        self._gate = trio.Lock()
        self._pinned = pluto is not None
        if pluto is not None:
            # Before the first slot is taken: many may be taken before the first connection.
            self._know(pluto)
        check_path(self.path)
        self._short = len(os.fsencode(self.path)) <= SUN_PATH
        self._quick = 0
        self._ended = 0.0

    @property
    def seqpacket(self) -> bool | None:
        """Whether pluto's socket is SOCK_SEQPACKET (5.4) and not SOCK_STREAM; None where not known yet."""
        return None if self._type is None else self._type == socket.SOCK_SEQPACKET

    @property
    def peer(self) -> int | None:
        """The process that listened at the last exchange, None where it is not known."""
        return self._pluto.pid

    @property
    def pluto(self) -> Listener:
        """The pluto that messages are for, or where any will do, the one that listened at the last exchange."""
        return self._pluto

    async def exchange(
        self,
        message: bytes,
        on_replies: Callable[[list[Reply]], None],
        *,
        answers: Answers | None = None,
        holds_descriptor: bool = False,
        holder: str = "",
        begun: Begun | None = None,
    ) -> Ending:
        """Send `message`, hand every reply to `on_replies` as it comes, and say how the stream ended.

        Waits for its turn, for a stalled pluto and for the end of the stream without limit: the caller's
        cancel scope is the deadline. Neither an ending nor a code means success (rule 4 of the design).

        `answers` are for prompts; without them pluto finds the way for answers closed, and gives up instead
        of waiting. A prompt with no answer closes it too. `holds_descriptor` for requests that pluto keeps
        open until an SA is up: such wait for a slot first; `holder` names the slot for `slots.released`.
        `begun`: what begin() gave for this message, which is then not sent again.

        Raises NoSocket, NotPermitted, PlutoReplaced, UsageError: nothing was sent. ConnectionLost: the
        message was cut, and pluto dropped it.

        Cancelled before the send: nothing was sent, pluto writes at most a line about a broken pipe to its
        log. Cancelled after it: the whole message was sent and will be carried out, even where pluto was
        too busy to read it yet; the socket is closed, so pluto logs a broken pipe for each further line;
        the slot stays counted for up to 65 s.
        """
        if not 0 < len(message) <= MAX_MESSAGE:
            raise UsageError(
                f"a message of {len(message)} bytes: pluto reads 1 to {MAX_MESSAGE}; ask for less"
            )
        if begun is not None:
            sock, taken = begun.sock, begun.taken
        elif not holds_descriptor:
            sock, taken = await self._submit(message)
        else:
            await self.slots.acquire()
            try:
                sock, taken = await self._submit(message)
            except BaseException:
                self.slots.release()
                raise
        try:
            with sock:
                ending = await self._drain(sock, taken, on_replies, answers, begun)
        except BaseException:
            if holds_descriptor:
                self.slots.abandon(holder)
            raise
        if holds_descriptor:
            self.slots.release()
            if ending is Ending.GONE:
                self.slots.forget()
        return ending

    @property
    def is_quick(self) -> bool:
        """Whether begin() is worth a try: pluto answered the last ones at once."""
        return self._quick >= 0 and self._type is not None and self._short

    async def turn(self) -> None:
        """Wait until those who asked before us have sent what they have."""
        async with self._gate:
            pass

    def begin(self, message: bytes, *, holds_descriptor: bool = False, holder: str = "") -> Begun | None:
        """Begin an exchange without a turn of the event loop, for thousands of requests that pluto answers at
        once: the turn costs more than they do. Several may be begun before the first of them is read.

        None where pluto did not answer the last ones within _INSTANT, its backlog is full, or there is anything else
        in the way: nothing was sent, and exchange() is to be asked. Else collect() must follow.
        """
        if not self.is_quick or self._gate.locked():
            return None
        if holds_descriptor and not self.slots.acquire_nowait():
            return None
        assert self._type is not None
        sock = open_socket(self._type)
        try:
            sock.connect(self.path)
            self._meet(sock)
            taken = _send(sock, message)
        except (OSError, WhackError):
            sock.close()  # whatever it was, exchange() waits for it or explains it
            if holds_descriptor:
                self.slots.release()
            return None
        finish_sending(sock)
        return Begun(sock, taken, holds_descriptor, holder)

    def collect(self, begun: Begun, *, patient: bool = True) -> bool:
        """Read what pluto has answered; blocks for _INSTANT at most, if `patient`. Whether that is all of it: then
        end() must follow, else exchange() or drop()."""
        sock = begun.sock
        for _ in range(_BURST):
            try:
                part = sock.recv(_CHUNK)
            except BlockingIOError:
                if patient and sock.fileno() < 1024 and select.select((sock,), (), (), _INSTANT)[0]:
                    continue
                self._quick = -_SLOW
                break
            except ConnectionResetError:
                begun.ended = begun.reset = True
                break
            if not part:
                begun.ended = True
                break
            begun.data += part
        return begun.ended

    def end(self, many: Iterable[Begun]) -> list[Ending]:
        """The endings of exchanges that are over. pluto is looked at once, for all of them: if it lives now, it lived
        when each of them ended."""
        gone = self._pluto.is_gone()
        found = []
        for begun in many:
            begun.sock.close()
            lines, newline, rest = begun.data.rpartition(b"\n")
            ending = _ending(gone, begun.taken, begun.reset, bool(lines or newline), bool(rest))
            if begun.holds_descriptor:
                self.slots.release()
                if ending is Ending.GONE:
                    self.slots.forget()
            found.append(ending)
        return found

    def replies(self, data: bytes) -> list[Reply]:
        """The lines of a whole answer."""
        decoder = ReplyDecoder(self._codes)
        return decoder.feed(data) + decoder.close()

    def drop(self, begun: Begun) -> None:
        """Give an exchange up; pluto goes on with what it was asked."""
        begun.sock.close()
        if begun.holds_descriptor:
            self.slots.abandon(begun.holder)

    async def _submit(self, message: bytes) -> tuple[socket.socket, bool]:
        """A connected socket that the whole message went into, or that pluto shut before it took one byte."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            self._gate.acquire_nowait()  # where nobody is before us the event loop has its turn after the send
        except trio.WouldBlock:
            await self._gate.acquire()
        try:
            sock = await self._connect()
            try:
                self._meet(sock)
                return sock, _send(sock, message)
            except BaseException:
                sock.close()
                raise
        finally:
            self._gate.release()

    async def _connect(self) -> socket.socket:
        if self._type is not None and self._short:
            sock = open_socket(self._type)
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
                sock = open_socket(kind)
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

    def _meet(self, sock: socket.socket) -> None:
        """See who answers on `sock`; refuse one whom the message is not for."""
        known = self._pluto
        if not self._pinned:
            here = opener(sock)
            if here.pid is None or (here.pid, here.name) != (known.opener, known.bound):
                self._know(listener(self.path, here))
            return
        met = meet(sock, self.path, known)
        if met is None:
            if known.is_gone():
                self.slots.forget()
            raise PlutoReplaced(
                f"{self.path}: another pluto listens than the one whose release was found, so nothing was"
                f" sent: find out the release again",
                path=self.path,
            )
        if met is not known:
            self._know(met)

    def _know(self, pluto: Listener) -> None:
        """Who listens, and with it how many descriptors pluto can spare."""
        self._pluto = pluto
        soft = pluto.descriptor_limit()
        if soft is not None:
            self.slots.ceiling = max(1, soft - RESERVE)

    async def _drain(
        self,
        sock: socket.socket,
        taken: bool,
        on_replies: Callable[[list[Reply]], None],
        answers: Answers | None,
        begun: Begun | None = None,
    ) -> Ending:
        peer = self._pluto
        decoder = ReplyDecoder(self._codes)
        lines = False
        if begun is not None:
            replies = decoder.feed(begun.data)
            if replies:
                lines = True
                on_replies(replies)
        elif answers is None:
            finish_sending(sock)
        # The others go first; by then pluto has mostly answered what costs it no negotiation.
        await trio.lowlevel.checkpoint()
        for turn in count(1):
            data, reset = await self._receive(sock)
            if not data:
                break
            replies = decoder.feed(data)
            if replies:
                lines = True
                on_replies(replies)
                if answers is not None:
                    answer_prompts(sock, replies, answers)
            if turn % _BURST == 0:
                await trio.lowlevel.checkpoint()
        rest = decoder.close()
        if rest:
            on_replies(rest)
        now = trio.current_time()
        if self._quick < 0 and now - self._ended < _INSTANT:
            self._quick += 1
        self._ended = now
        return _ending(peer.is_gone(), taken, reset, lines, bool(rest))

    async def _receive(self, sock: socket.socket) -> tuple[bytes, bool]:
        """Some bytes, or none at the end of the stream, and whether it ended by a reset."""
        while True:
            try:
                return sock.recv(_CHUNK), False
            except BlockingIOError:
                await trio.lowlevel.wait_readable(sock)
            except ConnectionResetError:
                return b"", True


def _ending(gone: bool, taken: bool, reset: bool, lines: bool, rest: bool) -> Ending:
    if gone:
        return Ending.GONE
    if (reset and (rest or not lines)) or not (taken or lines):
        return Ending.RESET
    return Ending.EOF


_TYPES = {False: socket.SOCK_STREAM, True: socket.SOCK_SEQPACKET}


def _send(sock: socket.socket, message: bytes) -> bool:
    """Send all of `message` in one call; False where pluto had shut the stream before. There is no second
    call: pluto reads once, and takes what it got for the whole."""
    try:
        sent = sock.send(message)
    except (BrokenPipeError, ConnectionResetError):
        return False
    except BlockingIOError:
        sent = 0
    if sent != len(message):
        raise ConnectionLost(
            f"the system took {sent} of {len(message)} bytes for pluto, which drops such a message:"
            f" nothing was done; raise net.core.wmem_default"
        )
    return True
