"""The API's server: Unix sockets, connections, their bounds. One task a connection reads, one answers.

Owns what a client may cost: connections, the length of a message, calls waiting, seconds without taking a byte.
Knows no method (see `methods`). A client that breaks a bound is dropped; nobody else notices.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
import trio

from autod.service.access import Access, Peer, Right, peer_of
from autod.service.audit import Audit
from autod.service.framing import BadMessage, Call, Reply, Splitter, TooLong, decode_call, encode
from autod.service.methods import INTERFACE, Failure, Methods

__all__ = ["Bounds", "Server", "listen"]

log = structlog.get_logger("autod.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one client, and all of them, may cost. `stall` is in seconds, `message` in bytes."""

    connections: int = 256
    message: int = 65536
    calls: int = 16
    stall: float = 60.0


def listen(path: str, *, backlog: int = 64) -> socket.socket:
    """A listening Unix socket at `path`, in place of a dead one. Raises OSError, also where somebody listens.

    Everybody may connect, as who may do what is decided by the credentials of each connection.
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
    streaming: trio.CancelScope | None = None
    """The call that goes on until the client leaves."""
    ended: bool = False
    """The client will say no more."""


class Server:
    """Serves `methods` to whom `access` lets."""

    def __init__(self, methods: Methods, access: Access, bounds: Bounds) -> None:
        self.methods = methods
        self.access = access
        self.bounds = bounds
        self.audit = Audit()
        self.clients = 0
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
                        # Those who have a connection keep it; others wait until one is closed.
                        await trio.sleep(0.1)
                        continue
                    if self.clients >= self.bounds.connections:
                        self._drop(client, "too many clients")
                        client.close()
                        continue
                    self.clients += 1
                    nursery.start_soon(self._client, client)

    async def _client(self, sock: trio.socket.SocketType) -> None:
        try:
            with sock:
                await self._talk(sock)
        except Exception:
            # A mistake of ours in answering one client must not end the keeping of the tunnels.
            log.exception("client failed")
        finally:
            self.clients -= 1

    async def _talk(self, sock: trio.socket.SocketType) -> None:
        try:
            peer = peer_of(sock)
        except OSError:
            return
        client = _Client(trio.SocketStream(sock), peer, self.access.right(peer))
        calls, todo = trio.open_memory_channel[Call](self.bounds.calls)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, client, calls, nursery.cancel_scope)
            async with todo:
                # A stream that breaks is the client's own doing, and ends it alone.
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    async for call in todo:
                        await self._answer(client, call)
            nursery.cancel_scope.cancel()

    async def _read(
        self, client: _Client, calls: trio.MemorySendChannel[Call], everything: trio.CancelScope
    ) -> None:
        """Calls from bytes, until the client says no more; then what streams ends, and the rest is answered."""
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
                # A reply may have gone out in part: nothing sensible can follow it.
                raise trio.BrokenResourceError
        except Failure as failure:
            if failure.name.endswith(".PermissionDenied"):
                await self.audit.refused(client.peer, call.method)
            if not call.oneway:
                await self._send(client, Reply(error=failure.name, parameters=failure.parameters))
        finally:
            client.streaming = None

    async def _send(self, client: _Client, reply: Reply) -> None:
        """Raises trio.BrokenResourceError where the client takes nothing for as long as it may."""
        with trio.move_on_after(self.bounds.stall):
            await client.stream.send_all(encode(reply))
            return
        self._drop(client.peer, f"it took nothing for {self.bounds.stall:.0f} s")
        raise trio.BrokenResourceError

    def _drop(self, whom: object, why: str) -> None:
        self.dropped += 1
        extra = {"uid": whom.uid, "pid": whom.pid} if isinstance(whom, Peer) else {}
        log.warning("client dropped", reason=why, **extra)


def _is_dead(path: str) -> bool:
    """Nobody listens on the socket at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
