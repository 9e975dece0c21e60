"""One exchange with pluto, without its socket: bytes in, replies and due answers out, and how it ended.

Owns: which answers to a prompt are allowed, which prompt gets which answer, and the one rule for how an exchange ended.
Must not know: sockets, which command a message holds, what a reply means.

The shape is that of h11's Connection. The owner of the socket passes on the bytes that arrive (`receive`), sends the
answers that are due (`due`), and asks at the end how the exchange ended (`ending`). pluto closes the stream after
success and after failure alike, so an ending tells neither.

Three facts decide how an exchange ended, in this order:

* The process behind the socket has ended: GONE. The stream may have ended because of that, whatever pluto wrote before.
* The stream was reset. If pluto cannot take the request, it closes without reading it, which is a reset without a line.
  If 5.4 has not read all of ours, it resets after its last line, which is an ordinary end. A reset in the middle of a
  line counts as a reset.
* pluto closed the stream before it took one byte, and wrote nothing: this is a reset, too.

Everything else is the ordinary end.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from autod.protocol.errors import BadString, UsageError
from autod.protocol.replies import Prompt, ReplyDecoder

if TYPE_CHECKING:
    from autod.protocol.replies import Reply, ReplyCodes

__all__ = ["MAX_ANSWER", "Answers", "Ending", "Exchange"]

MAX_ANSWER = 127
"""Bytes of an answer to a prompt: pluto reads into 128 (MAX_XAUTH_USERNAME_LEN and its sibling, 4.10 and
5.2)."""


class Ending(StrEnum):
    """Why no more replies will come."""

    EOF = "eof"
    """pluto closed the stream: the ordinary end. A reset after complete lines is this as well."""

    RESET = "reset"
    """The stream was reset without a reply, or in the middle of a line, by a pluto that still runs."""

    GONE = "gone"
    """The stream ended because pluto's process ended: the request may or may not have taken effect."""

    DEADLINE = "deadline"
    """The caller's deadline passed first. pluto goes on with the request."""

    CANCELLED = "cancelled"
    """The caller cancelled first. pluto goes on with the request."""

    UNSENT = "unsent"
    """The caller's deadline passed while the request waited for its turn: nothing was sent."""

    WITHDRAWN = "withdrawn"
    """The caller cancelled while the request waited for its turn: nothing was sent."""


class Answers(msgspec.Struct, frozen=True):
    """The answers to pluto's prompts, which must be ready before the request. Neither is ever shown.

    pluto stands still while a prompt is open, so there is no time to ask a person then.
    """

    user: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return "Answers()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Nothing: msgspec would show the fields here."""
        return []

    def __post_init__(self) -> None:
        for label, answer in (("user name", self.user), ("password", self.secret)):
            if answer is None:
                continue
            if not isinstance(answer, str):
                raise UsageError(f"the {label} for pluto's prompt must be text", option="answers")
            data = answer.encode("utf-8", "surrogateescape")
            if b"\0" in data or b"\n" in data or len(data) > MAX_ANSWER:
                raise BadString(
                    f"the {label} for pluto's prompt has a NUL or a newline in it or is longer than"
                    f" {MAX_ANSWER} bytes: give another",
                    option="answers",
                )


class Exchange:
    """One exchange, from the moment its message was sent.

    `taken`: pluto's end was open when the message was sent. `answers` are for prompts; None if there are none. `only`:
    see ReplyDecoder.
    """

    __slots__ = (
        "_answers",
        "_codes",
        "_decoder",
        "_fresh",
        "_lines",
        "_only",
        "_rest",
        "due",
        "over",
        "reset",
        "taken",
    )

    def __init__(
        self,
        codes: ReplyCodes,
        *,
        taken: bool = True,
        answers: Answers | None = None,
        only: bytes | None = None,
    ) -> None:
        self.taken: bool = taken
        self.over: bool = False
        """Everything that pluto writes was received."""
        self.reset: bool = False
        self.due: list[bytes | None] = []
        """Answers that must be sent, in order. None closes our direction of the stream: pluto then gives up."""
        self._answers = answers
        self._codes = codes
        self._only = only
        self._decoder: ReplyDecoder | None = None
        self._fresh = b""
        self._lines = False
        self._rest = False

    @property
    def heard(self) -> bool:
        """Whether pluto has written anything."""
        return self._lines or self._rest

    @property
    def undecoded(self) -> bytes:
        """The bytes that were received and that `replies` has not yet decoded."""
        return self._fresh

    def receive(self, data: bytes) -> None:
        """Take bytes from pluto; b"" is the end of the stream."""
        if data:
            self._fresh += data
            self._lines = self._lines or b"\n" in data
            self._rest = data[-1:] != b"\n"
        else:
            self.over = True

    def broken(self) -> None:
        """Record that the stream was reset, which ends it."""
        self.over = self.reset = True

    def replies(self) -> list[Reply]:
        """The replies that are complete now and were not returned before. Answers to prompts among them become due."""
        fresh, self._fresh = self._fresh, b""
        decoder = self._decoder
        if decoder is None:
            # Thousands of answers are never looked at line by line.
            decoder = self._decoder = ReplyDecoder(self._codes, self._only)
        replies = decoder.feed(fresh) if fresh else []
        if self._answers is not None:
            for reply in replies:
                if isinstance(reply, Prompt):
                    answer = self._answers.secret if reply.secret else self._answers.user
                    self.due.append(
                        None if answer is None else answer.encode("utf-8", "surrogateescape") + b"\0"
                    )
        return replies + decoder.close() if self.over else replies

    def ending(self, *, gone: bool) -> Ending:
        """How the exchange ended. Call it only when the exchange is `over`. `gone`: the process that listened ended."""
        if gone:
            return Ending.GONE
        if self.reset and (self._rest or not self._lines):
            return Ending.RESET
        if not (self.taken or self.heard):
            return Ending.RESET
        return Ending.EOF
