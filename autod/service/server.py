"""The API's server: Unix sockets, connections, their bounds. For each connection one task reads, and one answers.

Owns the bounds for a client: connections (see `shares`), the length of a message, calls that wait and that are answered
at once, seconds without a call, seconds for a reply to be taken. Knows no method (see `methods`). A client that breaks
a bound is dropped; no other client notices.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import trio

from autod.service.access import Access, Peer, Right, peer_of
from autod.service.audit import Audit
from autod.service.framing import BadMessage, Call, Reply, Splitter, TooLong, decode_call, encode
from autod.service.methods import INTERFACE, Failure, Methods
from autod.service.shares import Shares

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["Bounds", "Server", "listen"]

log = structlog.get_logger("autod.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds for one client, and for all of them. Times are in seconds, `message` in bytes.

    `calls` may wait on one connection. `answered` calls of one user that is not root are answered at once; calls that
    go on until the client leaves do not count. A connection may be without a call for `idle`, or, if its user may do
    nothing, for `rest`. A client has `stall` to take a reply.
    """

    connections: int = 256
    message: int = 65536
    calls: int = 16
    answered: int = 4
    stall: float = 60.0
    idle: float = 300.0
    rest: float = 10.0


def listen(path: str, *, backlog: int = 64) -> socket.socket:
    """A listening Unix socket at `path`, in place of a dead one. Raises OSError, also if another process listens.

    Everybody may connect: the credentials of each connection decide about its rights.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        try:
            sock.bind(path)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE or not _is_dead(path):
                raise
            os.unlink(path)
            sock.bind(path)
        os.chmod(path, 0o666)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


@dataclass(slots=True)
class _Client:
    stream: trio.SocketStream
    peer: Peer
    right: Right
    idle: trio.CancelScope
    """Ends the connection if there is no call for too long."""
    streaming: trio.CancelScope | None = None
    """The call that goes on until the client leaves."""
    ended: bool = False
    """The client has closed its end."""


class Server:
    """Serves `methods` to clients, with the rights of `access`."""

    def __init__(self, methods: Methods, access: Access, bounds: Bounds) -> None:
        self.methods = methods
        self.access = access
        self.bounds = bounds
        self.audit = Audit()
        self.shares = Shares(bounds.connections, own=access.own)
        self._turns: dict[int, tuple[trio.CapacityLimiter, int]] = {}
        self.dropped = 0
        """Clients that were dropped because they broke a bound."""

    async def serve(self, sock: socket.socket) -> None:
        """Serve on the listening `sock` until cancelled, which drops all clients. Closes `sock`."""
        listener = trio.socket.from_stdlib_socket(sock)
        with listener:
            async with trio.open_nursery() as nursery:
                while True:
                    try:
                        client, _ = await listener.accept()
                    except OSError as problem:
                        if problem.errno not in (
                            errno.EMFILE,
                            errno.ENFILE,
                            errno.ENOMEM,
                            errno.ECONNABORTED,
                        ):
                            raise
                        # Clients that have a connection keep it; others wait until one is closed.
                        await trio.sleep(0.1)
                        continue
                    try:
                        peer = peer_of(client)
                    except OSError:
                        client.close()
                        continue
                    right = self.access.right(peer)
                    refusal = self.shares.refusal(peer, right)
                    if refusal is not None:
                        self._drop(peer, refusal)
                        client.close()
                        continue
                    self.shares.take(peer, right)
                    nursery.start_soon(self._client, client, peer, right)

    @property
    def clients(self) -> int:
        """Connections that are open."""
        return self.shares.open

    async def _client(self, sock: trio.socket.SocketType, peer: Peer, right: Right) -> None:
        try:
            with sock:
                await self._talk(sock, peer, right)
        except Exception:
            # An error in the answer to one client must not end supervision.
            log.exception("client failed")
        finally:
            self.shares.give(peer, right)

    async def _talk(self, sock: trio.socket.SocketType, peer: Peer, right: Right) -> None:
        patience = self.bounds.rest if right is Right.NOTHING else self.bounds.idle
        with trio.move_on_after(patience) as idle:
            await self._converse(_Client(trio.SocketStream(sock), peer, right, idle), patience)
        if idle.cancelled_caught:
            self._drop(peer, f"it asked nothing for {patience:.0f} s")

    async def _converse(self, client: _Client, patience: float) -> None:
        calls, todo = trio.open_memory_channel[Call](self.bounds.calls)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, client, calls, nursery.cancel_scope)
            async with todo:
                # If the stream breaks, only this client ends.
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    async for call in todo:
                        client.idle.deadline = float("inf")
                        async with self._turn(client.peer, call):
                            await self._answer(client, call)
                        client.idle.deadline = trio.current_time() + patience
            nursery.cancel_scope.cancel()

    async def _read(
        self, client: _Client, calls: trio.MemorySendChannel[Call], everything: trio.CancelScope
    ) -> None:
        """Read calls until the client closes its end. Then a call that streams ends, and the others are answered."""
        splitter = Splitter(self.bounds.message)
        async with calls:
            try:
                while data := await client.stream.receive_some(16384):
                    for message in splitter.feed(data):
                        await calls.send(decode_call(message))
            except TooLong as problem:
                self._drop(client.peer, str(problem))
                error = Reply(error=f"{INTERFACE}.TooLong", parameters={"limit": self.bounds.message})
                with (
                    trio.move_on_after(1.0),
                    suppress(trio.BusyResourceError, trio.BrokenResourceError, trio.ClosedResourceError),
                ):
                    await client.stream.send_all(encode(error))
                everything.cancel()
            except BadMessage as problem:
                self._drop(client.peer, str(problem))
                everything.cancel()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                everything.cancel()
        client.ended = True
        if client.streaming is not None:
            client.streaming.cancel()

    @asynccontextmanager
    async def _turn(self, peer: Peer, call: Call) -> AsyncGenerator[None]:
        """The turn of a call among the calls of its user. A call that goes on until the client leaves needs none."""
        if call.more or peer.uid in (0, self.access.own):
            yield
            return
        limiter, users = self._turns.get(peer.uid, (trio.CapacityLimiter(self.bounds.answered), 0))
        self._turns[peer.uid] = (limiter, users + 1)
        try:
            async with limiter:
                yield
        finally:
            limiter, users = self._turns.pop(peer.uid)
            if users > 1:
                self._turns[peer.uid] = (limiter, users - 1)

    async def _answer(self, client: _Client, call: Call) -> None:
        async def send(parameters: Any, continues: bool) -> None:
            if not call.oneway:
                await self._send(client, Reply(parameters=parameters, continues=continues))

        try:
            with trio.CancelScope() as scope:
                if call.more:
                    client.streaming = scope
                    if client.ended:
                        scope.cancel()
                await self.methods.answer(call, client.right, send, partial(self.audit.operator, client.peer))
            if scope.cancelled_caught:
                # A part of a reply may have gone out, so no other reply can follow.
                raise trio.BrokenResourceError
        except Failure as failure:
            if failure.name.endswith(".PermissionDenied"):
                await self.audit.refused(client.peer, call.method)
            if not call.oneway:
                await self._send(client, Reply(error=failure.name, parameters=failure.parameters))
        finally:
            client.streaming = None

    async def _send(self, client: _Client, reply: Reply) -> None:
        """Send a reply. Raises trio.BrokenResourceError if the client does not take it in time."""
        with trio.move_on_after(self.bounds.stall):
            await client.stream.send_all(encode(reply))
            return
        self._drop(client.peer, f"it took nothing for {self.bounds.stall:.0f} s")
        raise trio.BrokenResourceError

    def _drop(self, peer: Peer, why: str) -> None:
        self.dropped += 1
        self.audit.dropped(peer, why)


def _is_dead(path: str) -> bool:
    """Whether `path` is a socket without a listener. A connection to another kind of file is refused likewise."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
    except OSError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
