"""The HTTP server over real sockets: what is answered, to whom, and what a client may cost."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autod.service import http
from autod.service.access import Peer
from autod.service.http import HttpServer, Request, Response, open_socket
from autod.supervisor.addresses import Address


async def hello(asked: Request) -> Response:
    if asked.path == "/broken":
        raise ValueError("a mistake")
    return Response(f"hello {asked.query.get('name', '')}".encode())


HANDLERS = dict.fromkeys(("/", "/broken"), hello)


@asynccontextmanager
async def serving(where: str, server: HttpServer | None = None) -> AsyncIterator[socket.socket]:
    sock = open_socket(Address.parse(where))
    async with trio.open_nursery() as nursery:
        nursery.start_soon((server or HttpServer(HANDLERS)).serve, sock)
        yield sock
        nursery.cancel_scope.cancel()


async def fetch(sock: socket.socket, request: bytes) -> bytes:
    stream = await connect(sock)
    await stream.send_all(request)
    answer = b""
    with trio.move_on_after(1), suppress(trio.BrokenResourceError):
        while data := await stream.receive_some(65536):
            answer += data
    await stream.aclose()
    return answer


async def connect(sock: socket.socket) -> trio.SocketStream:
    if sock.family == socket.AF_UNIX:
        return await trio.open_unix_socket(sock.getsockname())
    return await trio.open_tcp_stream(*sock.getsockname()[:2])


@pytest.mark.parametrize("where", ["unix", "127.0.0.1:0", "[::1]:0"])
async def test_an_answer_says_what_it_is_and_nothing_keeps_it(where: str, tmp_path: Path) -> None:
    async with serving(f"unix:{tmp_path}/s" if where == "unix" else where) as sock:
        answer = await fetch(sock, b"GET /?name=you HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == b"hello you"
    assert head.startswith(b"HTTP/1.1 200")
    lines = {line.partition(b": ")[0].lower() for line in head.split(b"\r\n")}
    assert {b"cache-control", b"x-content-type-options", b"referrer-policy", b"content-length"} <= lines
    assert not {b"set-cookie", b"server", b"access-control-allow-origin"} & lines


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200),
        (b"GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 413),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: [::1]:9742\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n", 500),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 60000 + b"\r\n\r\n", 431),
    ],
)
async def test_what_is_refused_is_refused_with_its_status(request_: bytes, status: int) -> None:
    async with serving("127.0.0.1:0") as sock:
        answer = await fetch(sock, request_)
        assert int(answer.split()[1]) == status
        if request_.startswith(b"HEAD"):
            assert answer.endswith(b"\r\n\r\n")
        assert b"hello" in await fetch(sock, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")


async def test_two_requests_on_one_connection() -> None:
    async with serving("127.0.0.1:0") as sock:
        answer = await fetch(sock, b"GET /?name=a HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
    assert answer.count(b"hello a") == 2


async def test_on_a_unix_socket_the_credentials_decide(tmp_path: Path) -> None:
    asked: list[Peer] = []

    def nobody(peer: Peer) -> bool:
        asked.append(peer)
        return False

    async with serving(f"unix:{tmp_path}/s", HttpServer(HANDLERS, may=nobody)) as sock:
        answer = await fetch(sock, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.split()[1] == b"403"
    assert asked[0].uid == 0


async def test_clients_that_say_nothing_keep_nobody_out(autojump_clock: object) -> None:
    async with serving("127.0.0.1:0") as sock:
        silent = [await connect(sock) for _ in range(http.CONNECTIONS + 20)]
        stream = await connect(sock)
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"hello" in await stream.receive_some(4096)
        await trio.sleep(http.PATIENCE + 1)
        with trio.fail_after(1), suppress(trio.BrokenResourceError):
            assert await silent[-1].receive_some(10) == b""
        for one in (*silent, stream):
            await one.aclose()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.binary(max_size=300))
def test_no_bytes_stop_the_server(said: bytes) -> None:
    async def main() -> None:
        async with serving("127.0.0.1:0") as sock:
            stream = await connect(sock)
            with suppress(trio.BrokenResourceError):
                await stream.send_all(said)
                await stream.send_eof()
                while await stream.receive_some(4096):
                    pass
            await stream.aclose()
            request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            assert b"hello" in await fetch(sock, request)

    trio.run(main)
