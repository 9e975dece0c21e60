"""A scripted pluto on a real Unix socket, for what a real one does only by accident.

    async with fake_pluto(path, answers(b"000 a line\\n")) as pluto: ...
    pluto.messages                      what each client's one read() gave, in the order of the clients
    fake_pluto(path, script, seqpacket=True, open_=False)       ... and pluto.open.set() when it may accept
    fake_pluto(path, script, release="4.10")    tells its release when the safe probe asks, which is not noted;
                                                labeled=False: that it was built without labeled IPsec

Like the real one it serves one client at a time, reads once, and lets five more wait. A script is an async function
of a Client; the ready-made ones are answers, silent, closes_unread, resets_after, prompts. Knows nothing of autod.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

__all__ = [
    "BACKLOG",
    "Client",
    "FakePluto",
    "answers",
    "closes_unread",
    "fake_pluto",
    "prompts",
    "resets_after",
    "silent",
]

BACKLOG = 5
PROBE = struct.pack("<IB", 2003331865, 1).ljust(24, b"\0")


@dataclass
class Client:
    """One accepted connection, before its message was read."""

    stream: trio.socket.SocketType
    pluto: FakePluto

    async def read(self) -> bytes:
        """The one read() of a request; noted in pluto.messages."""
        message = await self.stream.recv(65536)
        self.pluto.messages.append(message)
        return message

    async def write(self, *pieces: bytes) -> None:
        """Each piece in a send() of its own: a record, on SOCK_SEQPACKET."""
        for rest in pieces:
            piece = rest
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while piece:
                    piece = piece[await self.stream.send(piece) :]

    async def until_eof(self) -> bytes:
        """Everything more that the client sends until it shuts its way of the stream."""
        parts = []
        while part := await self.stream.recv(65536):
            parts.append(part)
        return b"".join(parts)


@dataclass
class FakePluto:
    path: Path
    open: trio.Event = field(default_factory=trio.Event)
    messages: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def fake_pluto(
    path: Path,
    script: Callable[[Client], Awaitable[None]],
    *,
    seqpacket: bool = False,
    open_: bool = True,
    backlog: int = BACKLOG,
    release: str | None = None,
    labeled: bool = True,
) -> AsyncIterator[FakePluto]:
    """Listens at `path` and plays `script` to each client; with open_=False only after pluto.open.set()."""
    kind = socket.SOCK_SEQPACKET if seqpacket else socket.SOCK_STREAM
    pluto = FakePluto(path)
    if open_:
        pluto.open.set()
    with trio.socket.socket(socket.AF_UNIX, kind) as listener:
        await listener.bind(str(path))
        listener.listen(backlog)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve, pluto, listener, script, release, labeled)
            try:
                yield pluto
            finally:
                nursery.cancel_scope.cancel()


async def _serve(
    pluto: FakePluto,
    listener: trio.socket.SocketType,
    script: Callable[[Client], Awaitable[None]],
    release: str | None,
    labeled: bool,
) -> None:
    label = f"000 secctx-attr-type={32001 if labeled else '<unsupported>'}\n".encode()
    await pluto.open.wait()
    while True:
        stream, _ = await listener.accept()
        with stream:
            if release is not None and await stream.recv(len(PROBE), socket.MSG_PEEK) == PROBE:
                await stream.send(f"000 pluto_version={release}, x\n".encode() + label)
                await stream.recv(65536)
            else:
                await script(Client(stream, pluto))


def answers(*pieces: bytes) -> Callable[[Client], Awaitable[None]]:
    """Reads the request and writes the pieces, then closes."""

    async def script(client: Client) -> None:
        await client.read()
        await client.write(*pieces)

    return script


async def silent(client: Client) -> None:
    """Reads the request and says nothing, for ever."""
    await client.read()
    await trio.sleep_forever()


async def closes_unread(client: Client) -> None:
    """Closes without a look at the request: a reset for who sent one."""


def resets_after(*pieces: bytes) -> Callable[[Client], Awaitable[None]]:
    """Writes the pieces, then resets the stream (closes it with something unread)."""

    async def script(client: Client) -> None:
        await client.write(*pieces)

    return script


def prompts(*lines: bytes) -> Callable[[Client], Awaitable[None]]:
    """Asks each line and notes the answer in pluto.answers, b"" where the client shut its way of answering."""

    async def script(client: Client) -> None:
        await client.read()
        for line in lines:
            await client.write(line)
            answer = await client.stream.recv(128)
            client.pluto.answers.append(answer)
            if not answer:
                await client.write(b"002 nothing entered, aborted\n")
                return

    return script
