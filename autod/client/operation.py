"""One operation on pluto, for trio: awaited for its outcome, or entered for the stream of its events.

Owns: the task that reads while the caller is in the block. Must not know: what awaiting and entering mean
(autod.asking.handle), sockets, messages.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import trio

from autod.asking.handle import BUFFER, Handle, Perform
from autod.asking.request import Request

__all__ = ["BUFFER", "Operation"]


class Operation(Handle):
    """One operation, not begun until it is awaited or entered; once.

        outcome = await pluto.up("a")

        async with pluto.up("a") as operation:
            async for event in operation:
                ...
        operation.outcome

    It is a coroutine, so whatever takes an async function takes the methods of Pluto:

        nursery.start_soon(pluto.up, "a")
        trio.from_thread.run(pluto.up, "a")

    Leaving the block waits for the end, as a nursery does, and raises the error that nobody was told by iterating. An
    exception in the block, a cancellation, or `cancel` gives the operation up at once; pluto goes on with what it was
    asked, and `outcome` says what is left behind.

    One that is neither awaited nor entered is a RuntimeWarning, as a coroutine's. One that is awaited or entered for
    the second time raises UsageError.
    """

    def __init__(self, request: Request, perform: Perform, *, buffer: int = BUFFER) -> None:
        super().__init__(request, perform, buffer=buffer)
        self._news: trio.Event
        self._manager: AbstractAsyncContextManager[trio.Nursery]
        self._scope: trio.CancelScope

    def _end(self) -> None:
        self._scope.cancel()

    async def __aenter__(self) -> Self:
        self._enter()
        self._news = trio.Event()
        self._manager = trio.open_nursery()
        self._scope = trio.CancelScope()
        nursery = await self._manager.__aenter__()
        nursery.start_soon(self._read_in_scope)
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What the block raised is not given to the nursery, so that it leaves as it is and not in a group: the
        # reader, the only child, keeps its own errors for the consumer.
        self._left = True
        self._waiting.clear()
        if kind is not None:
            self._scope.cancel()
        await self._manager.__aexit__(None, None, None)
        if kind is None:
            self._complain()

    async def _read_in_scope(self) -> None:
        with self._scope:
            await self._read()

    def _tell(self) -> None:
        self._news.set()

    async def _news_came(self) -> None:
        self._news = trio.Event()
        await self._news.wait()

    async def _turn(self) -> None:
        await trio.lowlevel.checkpoint()
