"""A client of the API for programs that need no event loop: one socket, calls one after the other.

Owns: blocking. Knows no method; autod.supervised has typed calls. Other Varlink clients, such as `varlinkctl`, can use
the API too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import msgspec

from autod.errors import DeadlinePassed
from autod.service.conversation import SOCKET, ApiError, Conversation, Reply, connecting, gone, late

__all__ = ["SOCKET", "ApiError", "Client"]


class Client:
    """A connection to the supervisor behind the socket `path`. Raises NoSocket, NotPermitted or DeadlinePassed.

    `timeout` (seconds; None: for ever) bounds each wait, also that for the connection: systemd holds the socket, and
    accepts connections even while no supervisor runs.
    """

    def __init__(self, path: str = SOCKET, *, timeout: float | None = None) -> None:
        self.path = path
        self._timeout = timeout
        self._conversation = Conversation(path)
        end = None if timeout is None else time.monotonic() + timeout
        steps = connecting(path)
        while True:
            try:
                pause = next(steps)
            except StopIteration as ending:
                self._socket = ending.value
                break
            if end is not None and time.monotonic() >= end:
                steps.close()
                raise self._late()
            time.sleep(pause)
        self._socket.settimeout(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def set_timeout(self, timeout: float | None) -> None:
        """Bound each wait from now on; a longer wait raises DeadlinePassed."""
        self._timeout = timeout
        self._socket.settimeout(timeout)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """The reply to one call. Raises ApiError, NoSocket if the supervisor went away, or DeadlinePassed."""
        self.send(method, parameters, more=False)
        return _plain(self.receive())

    def stream(self, method: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """The replies to one call with `more`, as they come. To leave it early, close the client."""
        self.send(method, parameters, more=True)
        continues = True
        while continues:
            reply = self.receive()
            continues = reply.continues
            yield _plain(reply)

    def send(self, method: str, parameters: dict[str, object], *, more: bool) -> None:
        """Send a call. All its replies must be received before the next call."""
        try:
            self._socket.sendall(self._conversation.call(method, parameters, more=more))
        except TimeoutError:
            raise self._late() from None
        except (BrokenPipeError, ConnectionResetError):
            raise gone(self.path) from None

    def receive(self) -> Reply:
        """The next reply."""
        while (reply := self._conversation.reply()) is None:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise self._late() from None
            except ConnectionResetError:
                data = b""
            self._conversation.receive(data)
        return reply

    def _late(self) -> DeadlinePassed:
        return late(self.path, self._timeout)


def _plain(reply: Reply) -> dict[str, Any]:
    return dict(msgspec.json.decode(reply.parameters) or {})
