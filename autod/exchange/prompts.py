"""What pluto is told when it asks: a user name and a password, ready before the request.

Owns: what may be an answer, and that a prompt never waits. Must not know: what is asked for, or how bytes come.

pluto stands still while a prompt is open, so nobody is asked then: an answer that is not there closes our way of the
stream, which pluto takes for giving up.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autod.errors import BadString
from autod.protocol.replies import Prompt

if TYPE_CHECKING:
    from autod.protocol.replies import Reply

__all__ = ["MAX_ANSWER", "Answers", "answer_prompts", "finish_sending"]

MAX_ANSWER = 127
"""Bytes of an answer to a prompt: pluto reads into 128 (MAX_XAUTH_USERNAME_LEN and its sibling, 4.10 and
5.2)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What to tell pluto when it asks, ready before the request: neither is ever shown."""

    user: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for what, answer in (("user name", self.user), ("password", self.secret)):
            if answer is None:
                continue
            data = answer.encode("utf-8", "surrogateescape")
            if b"\0" in data or b"\n" in data or len(data) > MAX_ANSWER:
                raise BadString(
                    f"the {what} for pluto's prompt has a NUL or a newline in it or is longer than"
                    f" {MAX_ANSWER} bytes: give another",
                    option="answers",
                )


def finish_sending(sock: socket.socket) -> None:
    """Shut our way of the stream, so that no prompt can wait for an answer."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def answer_prompts(sock: socket.socket, replies: list[Reply], answers: Answers) -> None:
    """Answer each prompt among `replies`, at once."""
    for reply in replies:
        if not isinstance(reply, Prompt):
            continue
        answer = answers.secret if reply.secret else answers.user
        if answer is None:
            finish_sending(sock)
            continue
        try:
            sock.send(answer.encode("utf-8", "surrogateescape") + b"\0")
        except (BrokenPipeError, ConnectionResetError, BlockingIOError):
            finish_sending(sock)
