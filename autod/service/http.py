"""HTTP for the page and the metrics: GET and HEAD, by h11 on trio.

Owns the bounds for a client (connections, the length of a request, seconds) and the headers of every answer. Knows no
metric and no page: each path has a handler.

Any site that a user visits can make the browser send requests to a loopback address. So no request changes anything,
and a request whose Host is not a name of this machine gets no answer (the site may have made its own name point here).
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import h11
import structlog
import trio

from autod.service.access import Peer, peer_of
from autod.service.server import listen
from autod.supervisor.addresses import Address

__all__ = ["Handler", "HttpServer", "Request", "Response", "open_socket"]

log = structlog.get_logger("autod.service.http")

CONNECTIONS = 64
"""Clients at once. A further client takes the place of the one that has been idle longest."""
REQUEST = 8192
"""Bytes of a request's head."""
PATIENCE = 5.0
"""Seconds for a request to come in, and for the pause between two requests."""
STALL = 30.0
"""Seconds for the answer to go out."""

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `query` has the last value of each name; `peer` is None unless it came by a Unix socket."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    peer: Peer | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` are those that only this answer has."""

    body: bytes
    content: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Awaitable[Response]]


def open_socket(address: Address) -> socket.socket:
    """A listening socket. Raises OSError."""
    if address.path:
        return listen(address.path)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.create_server((address.host, address.port), family=family, backlog=128)
    sock.setblocking(False)
    return sock


class _Client:
    __slots__ = ("idle_since", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.idle_since: float | None = None


class HttpServer:
    """Serves `handlers`, by path. `may` decides about a client of a Unix socket; None: every client may read.

    `any_host` lets every Host pass, for an address that is not a loopback address.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        may: Callable[[Peer], bool] | None = None,
        any_host: bool = False,
    ) -> None:
        self._handlers = handlers
        self._may = may
        self._any_host = any_host
        self._clients: dict[_Client, None] = {}

    async def serve(self, sock: socket.socket) -> None:
        """Answer on the listening `sock` until cancelled, which drops all clients. Closes `sock`."""
        async with trio.open_nursery() as nursery:
            with trio.socket.from_stdlib_socket(sock) as listener:
                while True:
                    try:
                        client, _ = await listener.accept()
                    except OSError as problem:
                        # Clients that have a connection keep it; others wait until one is closed.
                        await trio.sleep(0.1 if problem.errno in _FULL else 0.01)
                        continue
                    self._make_room()
                    nursery.start_soon(self._client, client)

    def _make_room(self) -> None:
        if len(self._clients) < CONNECTIONS:
            return
        idle = [c for c in self._clients if c.idle_since is not None]
        longest = min(idle, key=lambda c: c.idle_since or 0.0, default=next(iter(self._clients)))
        del self._clients[longest]
        longest.scope.cancel()

    async def _client(self, sock: trio.socket.SocketType) -> None:
        client = _Client()
        self._clients[client] = None
        try:
            with sock, client.scope, suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                peer = peer_of(sock) if sock.family == socket.AF_UNIX else None
                await self._talk(trio.SocketStream(sock), client, peer)
        except Exception:
            # An error in the answer to one client must not end supervision.
            log.exception("client failed")
        finally:
            self._clients.pop(client, None)

    async def _talk(self, stream: trio.SocketStream, client: _Client, peer: Peer | None) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=REQUEST)
        while True:
            client.idle_since = trio.current_time()
            try:
                with trio.fail_after(PATIENCE):
                    request = await _next(connection, stream)
                    if not isinstance(request, h11.Request):
                        return None
                    client.idle_since = None
                    while not isinstance(event := await _next(connection, stream), h11.EndOfMessage):
                        if isinstance(event, h11.Data):
                            # Nobody here takes a body.
                            return await _refuse(connection, stream, 413)
            except trio.TooSlowError:
                return None
            except h11.RemoteProtocolError as problem:
                return await _refuse(connection, stream, problem.error_status_hint)
            response = await self._answer(request, peer)
            with trio.move_on_after(STALL) as slow:
                await _send(connection, stream, response, head=request.method == b"HEAD")
            if slow.cancelled_caught or connection.our_state is not h11.DONE:
                return None
            connection.start_next_cycle()

    async def _answer(self, request: h11.Request, peer: Peer | None) -> Response:
        if peer is not None and self._may is not None and not self._may(peer):
            log.warning("reader refused", uid=peer.uid, pid=peer.pid)
            return Response(b"you may not look; see [api] in autod.toml\n", status=403)
        host = next((value for name, value in request.headers if name == b"host"), b"")
        if peer is None and not self._any_host and not _is_ours(host.decode("latin-1")):
            return Response(b"this is not a name of this machine\n", status=421)
        if request.method not in (b"GET", b"HEAD"):
            return Response(b"", status=405, headers=(("Allow", "GET, HEAD"),))
        path, _, query = request.target.decode("latin-1").partition("?")
        handler = self._handlers.get(path)
        if handler is None:
            return Response(f"see {' '.join(self._handlers)}\n".encode(), status=404)
        values = parse_qs(query, max_num_fields=20) if query.count("&") < 20 else {}
        try:
            return await handler(Request(path, {name: texts[-1] for name, texts in values.items()}, peer))
        except Exception:
            log.exception("no answer", path=path)
            return Response(b"this failed; the log says why\n", status=500)


def _is_ours(host: str) -> bool:
    """Whether `host` of a request is a name of this machine's loopback. A request without a host does not come from a
    browser."""
    if not host:
        return True
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


async def _next(connection: h11.Connection, stream: trio.SocketStream) -> object:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(await stream.receive_some(4096))


async def _refuse(connection: h11.Connection, stream: trio.SocketStream, status: int) -> None:
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    with trio.move_on_after(PATIENCE):
        await _send(connection, stream, Response(b"", status=status), head=False, last=True)


async def _send(
    connection: h11.Connection,
    stream: trio.SocketStream,
    response: Response,
    *,
    head: bool,
    last: bool = False,
) -> None:
    headers = [
        ("Content-Type", response.content),
        ("Content-Length", str(len(response.body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        *response.headers,
    ]
    if last:
        headers.append(("Connection", "close"))
    data = connection.send(h11.Response(status_code=response.status, headers=headers)) or b""
    if not head:
        data += connection.send(h11.Data(data=response.body)) or b""
    data += connection.send(h11.EndOfMessage()) or b""
    await stream.send_all(data)
