"""A connection to a Unix socket: its address, its patience, and why there is none.

Owns: connect(). Must not know: whose turn it is (autod.exchange.control), what is sent.

A non-blocking connect() to a full backlog fails with EAGAIN, which cannot be waited for; trio takes it for success.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack

from autod.errors import ConnectionLost, NoSocket, NotPermitted, PlutoReplaced, UsageError, WhackError

__all__ = [
    "FIRST_WAIT",
    "LONGEST_WAIT",
    "SUN_PATH",
    "address_of",
    "answer_prompt",
    "check_path",
    "connect_patiently",
    "explain",
    "finish_sending",
    "open_socket",
    "replaced",
    "send_whole",
]

SUN_PATH = 107
"""Bytes of a path that sun_path of struct sockaddr_un holds, less its NUL (Linux)."""

FIRST_WAIT = 0.0002
LONGEST_WAIT = 0.020
"""Seconds between two tries to connect, at first and at the longest."""


def check_path(path: str) -> None:
    """UsageError where `path` can be no file's."""
    try:
        data = os.fsencode(path)
    except UnicodeEncodeError:
        data = b""
    if not data or b"\0" in data:
        raise UsageError(
            f"{path!r} cannot be the path of pluto's control socket: give another (path=)",
            path=path,
            option="path",
        )


def open_socket(kind: int) -> socket.socket:
    """A non-blocking Unix socket of this type."""
    return socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)


def send_whole(sock: socket.socket, message: bytes) -> bool:
    """Send all of `message` in one call; False where pluto had shut the stream before. There is no second
    call: pluto reads once, and takes what it got for the whole."""
    try:
        length = sock.send(message, socket.MSG_DONTWAIT)
    except (BrokenPipeError, ConnectionResetError):
        return False
    except BlockingIOError:
        length = 0
    if length != len(message):
        raise ConnectionLost(
            f"the system took {length} of {len(message)} bytes for pluto, which drops such a message:"
            f" nothing was done; raise net.core.wmem_default"
        )
    return True


def answer_prompt(sock: socket.socket, answer: bytes | None) -> None:
    """Answer a prompt; None shuts our way of the stream."""
    if answer is None:
        finish_sending(sock)
        return
    try:
        sock.send(answer, socket.MSG_DONTWAIT)
    except (BrokenPipeError, ConnectionResetError, BlockingIOError):
        finish_sending(sock)


async def connect_patiently(sock: socket.socket, address: str) -> None:
    """Connect, however long pluto's backlog is full. After EAGAIN the same socket can try again."""
    import trio  # a command that asks for one thing does without

    wait = FIRST_WAIT
    while True:
        try:
            return sock.connect(address)
        except BlockingIOError:
            await trio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)


def finish_sending(sock: socket.socket) -> None:
    """Shut our way of the stream, so that no prompt can wait for an answer."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def address_of(path: str, stack: ExitStack) -> str:
    """What connect() is told: the path, or where that is too long for it, the same file by its folder."""
    if len(os.fsencode(path)) <= SUN_PATH:
        return path
    folder, name = os.path.split(path)
    try:
        handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise explain(path, error) from error
    stack.callback(os.close, handle)
    address = f"/proc/self/fd/{handle}/{name}"
    if len(os.fsencode(address)) > SUN_PATH:
        raise UsageError(
            f"{path}: a socket's name of {len(os.fsencode(name))} bytes is too long to connect to:"
            f" give it a shorter one",
            path=path,
            option="path",
        )
    return address


def replaced(path: str) -> PlutoReplaced:
    """The error where another pluto answers than the one that a message is for."""
    return PlutoReplaced(
        f"{path}: another pluto listens than the one whose release was found, so nothing was sent: find out the release"
        " again",
        path=path,
    )


def explain(path: str, error: OSError) -> WhackError:
    """The error for people, where the socket at `path` cannot be connected to."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NoSocket(
            f"{path}: no such socket: pluto is not running, or its control socket is elsewhere;"
            f" start it (ipsec start), or name the socket (path=)",
            path=path,
            errno=error.errno,
            option="path",
        )
    if error.errno == errno.ECONNREFUSED:
        return NoSocket(
            f"{path}: nobody listens there: pluto has ended; start it (ipsec start)",
            path=path,
            errno=error.errno,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotPermitted(
            f"{path}: this user may not talk to pluto: become root, or join its group",
            path=path,
            errno=error.errno,
        )
    if error.errno == errno.EPROTOTYPE:
        return PlutoReplaced(
            f"{path}: the socket is not of the type of the release that was expected, so nothing was"
            f" sent: find out the release again, or give the right one (release=)",
            path=path,
            errno=error.errno,
            option="release",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return UsageError(
            "there is no file descriptor left for a socket: raise the limit (ulimit -n)", errno=error.errno
        )
    return NoSocket(
        f"{path}: it cannot be connected to ({error.strerror}): name pluto's socket (path=)",
        path=path,
        errno=error.errno,
        option="path",
    )
