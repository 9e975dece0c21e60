"""A client of the API for programs that need no event loop: one socket, calls one after the other.

Owns the client's end of the framing. Knows no method. `varlinkctl` and every other Varlink client do as well.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import msgspec

from autod.errors import ConfigurationError, DeadlinePassed, NoSocket, NotPermitted, WhackError
from autod.service.framing import Splitter

__all__ = ["SOCKET", "ApiError", "Client"]

SOCKET = "/run/autod/autod.sock"
INTERFACE = "org.libreswan.autod"

_LONGEST = 64 * 1024 * 1024
"""Bytes of a reply: List of 100,000 connections is 30 MB."""


class ApiError(WhackError):
    """The supervisor answered with a declared error: `name` without its interface, and its parameters."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        short = name.rpartition(".")[2]
        super().__init__(_sentence(short, parameters), name=short)
        self.parameters = parameters


def _sentence(name: str, parameters: dict[str, Any]) -> str:
    match name:
        case "UnknownConnection":
            return f"the supervisor keeps no connection {', '.join(map(str, parameters.get('names', ())))}"
        case "NoPluto":
            return "the supervisor has no pluto: it is not running"
        case "NoHistory":
            return f"there is no history: {parameters.get('reason')}"
        case _:
            said = ", ".join(f"{key} {value}" for key, value in parameters.items())
            return f"the supervisor says {name}" + (f": {said}" if said else "")


class Client:
    """A connection to the supervisor behind the socket `path`. Raises NoSocket, NotPermitted or DeadlinePassed.

    `timeout` (seconds; None: for ever) bounds each wait, for the connection too: systemd holds the socket, and takes
    connections, also while no supervisor runs.
    """

    def __init__(self, path: str = SOCKET, *, timeout: float | None = None) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(timeout)
        self._timeout = timeout
        self._splitter = Splitter(_LONGEST)
        self._replies: list[bytes] = []
        try:
            self._connect()
        except BaseException:
            self._socket.close()
            raise

    def _connect(self) -> None:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            try:
                return self._socket.connect(self.path)
            except PermissionError:
                raise NotPermitted(
                    f"{self.path}: you may not talk to the supervisor", path=self.path, errno=errno.EACCES
                ) from None
            except BlockingIOError:
                # As many as the socket takes wait for the same supervisor already.
                if end is not None and time.monotonic() >= end:
                    raise self._late() from None
                time.sleep(0.05)
            except TimeoutError:
                raise self._late() from None
            except OSError as problem:
                raise NoSocket(
                    f"{self.path}: no supervisor answers ({problem.strerror}); is autod.service running?",
                    path=self.path,
                    errno=problem.errno,
                ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def set_timeout(self, timeout: float | None) -> None:
        """Bound each wait from now on; a wait that is over raises DeadlinePassed."""
        self._timeout = timeout
        self._socket.settimeout(timeout)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """The reply to one call. Raises ApiError, NoSocket where the supervisor went away, or DeadlinePassed."""
        self._send(method, parameters, more=False)
        return self._receive()[0]

    def stream(self, method: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """The replies to one call with `more`, as they come. To leave it early, close the client."""
        self._send(method, parameters, more=True)
        continues = True
        while continues:
            reply, continues = self._receive()
            yield reply

    def _send(self, method: str, parameters: dict[str, object], *, more: bool) -> None:
        said = {key: value for key, value in parameters.items() if value is not None}
        name = method if "." in method else f"{INTERFACE}.{method}"
        call: dict[str, object] = {"method": name, "parameters": said}
        if more:
            call["more"] = True
        try:
            self._socket.sendall(msgspec.json.encode(call) + b"\0")
        except TimeoutError:
            raise self._late() from None
        except (BrokenPipeError, ConnectionResetError):
            raise NoSocket(f"{self.path}: the supervisor went away", path=self.path) from None

    def _late(self) -> DeadlinePassed:
        return DeadlinePassed(
            f"{self.path}: the supervisor did not answer within {self._timeout or 0:g} s; "
            "`systemctl status autod` says how it is",
            path=self.path,
            seconds=self._timeout,
        )

    def _receive(self) -> tuple[dict[str, Any], bool]:
        while not self._replies:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise self._late() from None
            except ConnectionResetError:
                data = b""
            if not data:
                raise NoSocket(f"{self.path}: the supervisor went away", path=self.path)
            self._replies += self._splitter.feed(data)
        reply = msgspec.json.decode(self._replies.pop(0))
        if "error" in reply:
            name, parameters = str(reply["error"]), dict(reply.get("parameters") or {})
            if name.endswith(".PermissionDenied"):
                raise NotPermitted(
                    f"{self.path}: you may not do this; see [api] in autod.toml", path=self.path
                )
            if name.endswith(".BadConfiguration"):
                raise ConfigurationError(str(parameters.get("reason", "")))
            raise ApiError(name, parameters)
        return dict(reply.get("parameters") or {}), bool(reply.get("continues"))
