"""The client's end of the API, without waiting: bytes to send, replies from bytes, and the exception for each error.

Owns: the words of a call, the errors of the API as those of autod, and the connection. Must not know: who waits
(autod.service.client, autod.supervised), the replies of a method (autod.supervised.calls).
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator
from typing import Any

import msgspec

from autod.asking.arguments import check_seconds
from autod.errors import (
    ConfigurationError,
    DeadlinePassed,
    NoSocket,
    NotPermitted,
    ProtocolViolation,
    UsageError,
    WhackError,
)
from autod.service.framing import BadMessage, Splitter

__all__ = [
    "SOCKET",
    "TIMEOUT",
    "ApiError",
    "Conversation",
    "Reply",
    "check_client",
    "connecting",
    "gone",
    "late",
]

SOCKET = "/run/autod/autod.sock"
TIMEOUT = 30.0
"""Seconds for the supervisor to answer, by default: systemd accepts connections even while no supervisor runs."""

INTERFACE = "org.libreswan.autod"

_LONGEST = 64 * 1024 * 1024
"""The most bytes of a reply: List of 100,000 connections has 30 MB."""

_AGAIN = 0.05
"""Seconds between two tries to connect, while the socket's queue of clients is full."""


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
            fields = ", ".join(f"{key} {value}" for key, value in parameters.items())
            return f"the supervisor says {name}" + (f": {fields}" if fields else "")


class Reply(msgspec.Struct, frozen=True):
    """One reply: its parameters, as JSON, and whether another follows."""

    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    continues: bool = False
    error: str | None = None


class Conversation:
    """Calls to the supervisor behind `path`, one after the other.

    Send the bytes of `call`, feed `receive`, take `reply`.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._splitter = Splitter(_LONGEST)
        self._replies: list[bytes] = []

    def call(self, method: str, parameters: dict[str, object], *, more: bool = False) -> bytes:
        """The bytes of a call. `more`: several replies are wanted. Parameters that are None are left out."""
        call: dict[str, object] = {
            "method": method if "." in method else f"{INTERFACE}.{method}",
            "parameters": {key: value for key, value in parameters.items() if value is not None},
        }
        if more:
            call["more"] = True
        return msgspec.json.encode(call) + b"\0"

    def receive(self, data: bytes) -> None:
        """Take bytes from the socket. NoSocket if there are none: the supervisor went away."""
        if not data:
            raise gone(self._path)
        try:
            self._replies += self._splitter.feed(data)
        except BadMessage as problem:
            raise ProtocolViolation(
                f"{self._path}: {problem}: this is no supervisor", path=self._path
            ) from None

    def reply(self) -> Reply | None:
        """The next reply; None if more bytes are needed. ApiError, NotPermitted, ConfigurationError."""
        if not self._replies:
            return None
        try:
            reply = msgspec.json.decode(self._replies.pop(0), type=Reply)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise ProtocolViolation(
                f"{self._path}: {problem}: this is no supervisor", path=self._path
            ) from None
        if reply.error is not None:
            raise self._error(reply.error, msgspec.json.decode(reply.parameters) or {})
        return reply

    def _error(self, name: str, parameters: dict[str, Any]) -> WhackError:
        if name.endswith(".PermissionDenied"):
            return NotPermitted(
                f"{self._path}: you may not do this; see [api] in autod.toml", path=self._path
            )
        if name.endswith(".BadConfiguration"):
            return ConfigurationError(str(parameters.get("reason", "")))
        return ApiError(name, parameters)


def connecting(path: str) -> Generator[float, None, socket.socket]:
    """A connected socket that does not block. Yields the seconds to wait before the next try.

    NoSocket, NotPermitted. If the generator is closed, no socket stays open.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        while True:
            try:
                sock.connect(path)
                return sock
            except BlockingIOError:
                yield _AGAIN
            except PermissionError:
                raise NotPermitted(
                    f"{path}: you may not talk to the supervisor", path=path, errno=errno.EACCES
                ) from None
            except OSError as problem:
                raise NoSocket(
                    f"{path}: no supervisor answers ({problem.strerror or problem}); is autod.service running?",
                    path=path,
                    errno=problem.errno,
                ) from None
    except BaseException:
        sock.close()
        raise


def check_client(path: str | os.PathLike[str], timeout: float | None) -> str:
    """The path of a client's socket. UsageError if `path` is not a path, or `timeout` is not a time."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"the path of the supervisor's socket must be a path; it was given {path!r}", option="path"
        )
    check_seconds(timeout, "timeout")
    return os.fspath(path)


def gone(path: str) -> NoSocket:
    """The supervisor went away in the middle."""
    return NoSocket(f"{path}: the supervisor went away", path=path)


def late(path: str, seconds: float | None) -> DeadlinePassed:
    """The supervisor did not answer in time."""
    return DeadlinePassed(
        f"{path}: the supervisor did not answer within {seconds or 0:g} s; `systemctl status autod` says how it is",
        path=path,
        seconds=seconds,
        option="timeout",
    )
