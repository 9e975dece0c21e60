"""The typed client for the API of the supervisor on this machine (docs/supervisor.md).

    from autod.supervised import List, Supervised, Up, Watch

    supervised = Supervised()
    for connection in await supervised.call(List("branch-*")):
        print(connection.name, connection.state)
    async with supervised.stream(Watch()) as events:
        async for event in events:
            ...

This one is for trio; `autod.supervised.aio` has the same for asyncio, `autod.supervised.sync` for a thread.

Owns: the public names, and waiting in trio. The parts: `calls` (each method of the API, and its answer). Must not
know: the messages (autod.service.conversation).
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TypeVar

import trio

from autod.service.conversation import (
    SOCKET,
    TIMEOUT,
    ApiError,
    Conversation,
    check_client,
    connecting,
    gone,
    late,
)
from autod.service.history import Account, Change, Outage
from autod.supervised.calls import (
    Add,
    Call,
    Down,
    Get,
    GetHistory,
    GetStatistics,
    GetSummary,
    HistoryAnswer,
    List,
    Progress,
    Reload,
    Reloaded,
    Remove,
    ResumeConnections,
    SummaryAnswer,
    SuspendConnections,
    Sync,
    Up,
    Watch,
    said,
)
from autod.supervisor.views import (
    Differences,
    DifferingSetting,
    Left,
    PlutoView,
    Statistics,
    SupervisedConnection,
    SupervisorEvent,
    Unseen,
)

__all__ = [
    "SOCKET",
    "TIMEOUT",
    "Account",
    "Add",
    "ApiError",
    "Call",
    "Change",
    "Differences",
    "DifferingSetting",
    "Down",
    "Get",
    "GetHistory",
    "GetStatistics",
    "GetSummary",
    "HistoryAnswer",
    "Left",
    "List",
    "Outage",
    "PlutoView",
    "Progress",
    "Reload",
    "Reloaded",
    "Remove",
    "ResumeConnections",
    "Statistics",
    "SummaryAnswer",
    "Supervised",
    "SupervisedConnection",
    "SupervisorEvent",
    "SuspendConnections",
    "Sync",
    "Unseen",
    "Up",
    "Watch",
]

T = TypeVar("T")


class Supervised:
    """The supervisor behind the socket `path`.

    Each call has a connection of its own: any number of tasks may call at once, nothing is open between calls, and a
    cancellation leaves nothing open. A cancellation does not take back an order.

    `timeout` (seconds, None: for ever) bounds a call, and the beginning of a stream. Raises NoSocket, NotPermitted,
    DeadlinePassed, ConfigurationError (a configuration that cannot be used), and ApiError for other refusals of the
    supervisor; its `name` is that of the error in the interface.
    """

    def __init__(self, path: str | os.PathLike[str] = SOCKET, *, timeout: float | None = TIMEOUT) -> None:
        self.path: str = check_client(path, timeout)
        self.timeout: float | None = timeout

    async def call(self, call: Call[T]) -> T:
        """The supervisor's answer."""
        with self._deadline():
            async with self._asked(call, more=False) as (sock, conversation):
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
    async def _asked(
        self, call: Call[T], *, more: bool
    ) -> AsyncGenerator[tuple[trio.socket.SocketType, Conversation], None]:
        with self._deadline():
            sock = trio.socket.from_stdlib_socket(await _connected(self.path))
        with sock:
            conversation = Conversation(self.path)
            with self._deadline():
                await _send(sock, conversation.call(*said(call), more=more), self.path)
            yield sock, conversation

    @contextmanager
    def _deadline(self) -> Generator[None, None, None]:
        with trio.move_on_after(float("inf") if self.timeout is None else self.timeout) as scope:
            yield
        if scope.cancelled_caught:
            raise late(self.path, self.timeout)


async def _connected(path: str) -> socket.socket:
    steps = connecting(path)
    await trio.lowlevel.checkpoint()
    try:
        while True:
            try:
                pause = next(steps)
            except StopIteration as ending:
                sock: socket.socket = ending.value
                return sock
            await trio.sleep(pause)
    finally:
        steps.close()


async def _send(sock: trio.socket.SocketType, data: bytes, path: str) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[await sock.send(view) :]
    except (BrokenPipeError, ConnectionResetError):
        raise gone(path) from None


async def _receive(sock: trio.socket.SocketType) -> bytes:
    try:
        return await sock.recv(65536)
    except ConnectionResetError:
        return b""
