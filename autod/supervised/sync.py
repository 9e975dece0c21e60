"""The typed client of the supervisor's API for a thread: each call blocks.

    from autod.supervised.sync import Supervised

    for connection in Supervised().call(List()):
        ...

Owns: waiting in a thread. See autod.supervised for the calls and the rules.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from autod.service.client import Client
from autod.service.conversation import SOCKET, TIMEOUT, check_client
from autod.supervised.calls import Call, said

__all__ = ["Supervised"]

T = TypeVar("T")


class Supervised:
    """The supervisor behind the socket `path`: as autod.supervised.Supervised, but each call blocks.

    `timeout` bounds each wait of a call, and the beginning of a stream.
    """

    def __init__(self, path: str | os.PathLike[str] = SOCKET, *, timeout: float | None = TIMEOUT) -> None:
        self.path: str = check_client(path, timeout)
        self.timeout: float | None = timeout

    def call(self, call: Call[T]) -> T:
        """The supervisor's answer."""
        with Client(self.path, timeout=self.timeout) as client:
            client.send(*said(call), more=False)
            return call.read(client.receive().parameters)

    @contextmanager
    def stream(self, call: Call[T]) -> Generator[Iterator[T], None, None]:
        """The answers to a call with several, as they come. Leaving the block ends the call."""
        with Client(self.path, timeout=self.timeout) as client:
            client.send(*said(call), more=True)
            client.set_timeout(None)

            def replies() -> Iterator[T]:
                continues = True
                while continues:
                    reply = client.receive()
                    continues = reply.continues
                    yield call.read(reply.parameters)

            yield replies()
