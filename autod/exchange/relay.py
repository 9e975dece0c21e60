"""A control socket of our own between a helper program (addconn) and pluto.

Owns: the listening socket, carrying one message to pluto and its replies back, and noting both. Must not know:
what a message means, how the helper is run, how pluto is reached (autod.exchange.control).

The helper takes us for pluto: it connects, writes one message in one call, and reads to the end. A message that the
caller's check lets pass goes on to pluto as it is, in one send; pluto's replies are drained at pluto's pace and handed
to the helper when the exchange is over, so a slow helper never holds pluto back.
"""

from __future__ import annotations

import os
import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

import trio

from autod.errors import WhackError
from autod.exchange.control import MAX_MESSAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from autod.exchange.control import Control
    from autod.protocol.exchange import Ending
    from autod.protocol.replies import Reply

__all__ = ["Relay", "Relayed", "open_relay"]

_ROOM = 80


@dataclass(frozen=True, slots=True)
class Relayed:
    """One message that the helper sent, and pluto's replies to it.

    `ending` says how pluto's stream ended; None if the message did not reach pluto, then `error` says why. The
    message may hold a key, so it is not shown.
    """

    message: bytes = field(repr=False)
    replies: tuple[Reply, ...]
    ending: Ending | None
    error: WhackError | None = None


class Relay:
    """The listening end. `path` is what the helper is told to use as its control socket."""

    def __init__(
        self,
        path: str,
        listener: trio.socket.SocketType,
        control: Control,
        check: Callable[[bytes], object],
    ) -> None:
        self.path = path
        self._listener = listener
        self._control = control
        self._check = check

    async def serve(
        self,
        on_message: Callable[[Relayed], None],
        on_reply: Callable[[bytes, Reply], None] | None = None,
    ) -> None:
        """Carries messages, one after the other, until it is cancelled.

        `on_reply` gets the message and each reply as it comes, `on_message` the whole when the exchange is over.
        A cancellation in the middle of an exchange leaves pluto at work on the message that it has.
        """
        while True:
            helper, _ = await self._listener.accept()
            with helper:
                message = await _receive(helper)
                if message:
                    relayed = await self._carry(message, on_reply)
                    on_message(relayed)
                    await _answer(helper, relayed.replies)

    async def _carry(self, message: bytes, on_reply: Callable[[bytes, Reply], None] | None) -> Relayed:
        replies: list[Reply] = []

        def take(new: list[Reply]) -> None:
            replies.extend(new)
            if on_reply is not None:
                for reply in new:
                    on_reply(message, reply)

        try:
            self._check(message)
            ending = await self._control.exchange(message, take)
        except WhackError as error:
            return Relayed(message, tuple(replies), None, error)
        return Relayed(message, tuple(replies), ending)


async def _receive(helper: trio.socket.SocketType) -> bytes:
    """The message: helpers write it in one call, so one read has it; empty if the peer left at once."""
    try:
        return await helper.recv(MAX_MESSAGE)
    except OSError:
        return b""


async def _answer(helper: trio.socket.SocketType, replies: tuple[Reply, ...]) -> None:
    lines = (
        f"{reply.text}\n" if reply.code is None else f"{reply.code:03} {reply.text}\n" for reply in replies
    )
    unsent = memoryview("".join(lines).encode("utf-8", "surrogateescape"))
    try:
        while unsent:
            unsent = unsent[await helper.send(unsent) :]
    except OSError:
        return


@asynccontextmanager
async def open_relay(
    control: Control, *, seqpacket: bool, check: Callable[[bytes], object]
) -> AsyncIterator[Relay]:
    """A relay on a socket in a folder that only this user may enter; both are removed at the end.

    `seqpacket`: the type of socket that the helper expects (5.4). `check` raises a WhackError for a message that is
    not to go to pluto: the helper is told nothing then. Errors: OSError if no socket can be made.
    """
    # The name of a socket has 107 bytes at most, which a long TMPDIR would use up.
    with TemporaryDirectory(prefix="autod-", dir=None if len(gettempdir()) < _ROOM else "/tmp") as folder:
        path = os.path.join(folder, "ctl")
        kind = trio.socket.SOCK_SEQPACKET if seqpacket else trio.socket.SOCK_STREAM
        with trio.socket.socket(trio.socket.AF_UNIX, kind) as listener:
            await listener.bind(path)
            os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
            listener.listen(8)
            yield Relay(path, listener, control, check)
