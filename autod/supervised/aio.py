"""The typed client of the supervisor's API for asyncio.

    from autod.supervised.aio import Supervised

    connections = await Supervised().call(List())

Owns: waiting in an event loop of asyncio. See autod.supervised for the calls and the rules.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from socket import socket
from typing import TypeVar

from autod.service.conversation import SOCKET, TIMEOUT, Conversation, check_client, connecting, gone, late
from autod.supervised.calls import Call, said

__all__ = ["Supervised"]

T = TypeVar("T")


class Supervised:
    """The supervisor behind the socket `path`: as autod.supervised.Supervised, for asyncio."""

    def __init__(self, path: str | os.PathLike[str] = SOCKET, *, timeout: float | None = TIMEOUT) -> None:
        self.path: str = check_client(path, timeout)
        self.timeout: float | None = timeout

    async def call(self, call: Call[T]) -> T:
        """The supervisor's answer."""
        async with self._deadline(), self._asked(call, more=False) as (sock, conversation):
            while (reply := conversation.reply()) is None:
                conversation.receive(await _receive(sock))
            return call.read(reply.parameters)

    @asynccontextmanager
    async def stream(self, call: Call[T]) -> AsyncGenerator[AsyncIterator[T], None]:
        """The answers to a call with several (Watch, Up, Down), as they come. Leaving the block ends the call."""
        async with self._asked(call, more=True) as (sock, conversation):

            async def replies() -> AsyncGenerator[T, None]:
                continues = True
                while continues:
                    while (reply := conversation.reply()) is None:
                        conversation.receive(await _receive(sock))
                    continues = reply.continues
                    yield call.read(reply.parameters)

            async with aclosing(replies()) as each:
                yield each

    @asynccontextmanager
    async def _asked(self, call: Call[T], *, more: bool) -> AsyncGenerator[tuple[socket, Conversation], None]:
        async with self._deadline():
            sock = await _connected(self.path)
        with sock:
            conversation = Conversation(self.path)
            async with self._deadline():
                try:
                    data = conversation.call(*said(call), more=more)
                    await asyncio.get_running_loop().sock_sendall(sock, data)
                except (BrokenPipeError, ConnectionResetError):
                    raise gone(self.path) from None
            yield sock, conversation

    @asynccontextmanager
    async def _deadline(self) -> AsyncGenerator[None, None]:
        try:
            async with asyncio.timeout(self.timeout):
                yield
        except TimeoutError:
            raise late(self.path, self.timeout) from None


async def _connected(path: str) -> socket:
    steps = connecting(path)
    try:
        while True:
            try:
                pause = next(steps)
            except StopIteration as ending:
                sock: socket = ending.value
                return sock
            await asyncio.sleep(pause)
    finally:
        steps.close()


async def _receive(sock: socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(sock, 65536)
    except ConnectionResetError:
        return b""
