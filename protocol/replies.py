"""pluto's reply bytes, cut anywhere, to replies and prompts.

Owns: where a line ends, what its code is, which codes are prompts. Must not know: what a line means
(autod.events), sockets, or which operation is under way.

A reply is a line `NNN text`, ended by a newline. What running releases do to that rule:

* 3.27 sends the lines of --globalstatus without any code, and empty lines in --status;
* 5.4 sends an error's code on a line of its own, with empty text (`021 `);
* a SOCK_SEQPACKET record (5.4) may hold part of a line or several, so records are bytes like any other;
* a prompt (XAUTH, a passphrase) is an ordinary line with a code of its own: 040 and 041 up to 4.15,
  010 and 011 from 5.0 on, where 010 had been "retransmission" before.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_LINE", "Prompt", "Reply", "ReplyCodes", "ReplyDecoder"]

MAX_LINE = 65536
"""Bytes of one line that are kept. pluto formats a line into 4096 bytes at most (LOG_WIDTH, 3.27 to 5.4); what
is sixteen times longer is no line of pluto's, and is cut rather than collected."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A line of pluto's: its code (None where it had none) and its text, without the newline.

    Bytes that are no UTF-8 stand as surrogate escapes. `cut` says that the line was longer than MAX_LINE.
    """

    code: int | None
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Prompt(Reply):
    """A line by which pluto asks, and blocks until it is answered. `secret` if the answer is a password."""

    secret: bool = False


@dataclass(frozen=True, slots=True)
class ReplyCodes:
    """What the reply codes of one era of releases mean (enum rc_type of that release's header)."""

    secret_prompt: int
    user_prompt: int
    errors: frozenset[int]
    names: dict[int, str]

    def is_error(self, code: int | None) -> bool:
        """Whether `code` says by itself that something was refused or failed."""
        return code in self.errors


class ReplyDecoder:
    """Bytes in, replies out. Never raises; holds no more than one line of MAX_LINE bytes."""

    def __init__(self, codes: ReplyCodes) -> None:
        self._codes = codes
        self._rest = b""
        self._cut = False

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. A line may be cut anywhere between two calls."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        replies = []
        for line in lines:
            replies.append(self._reply(line, self._cut))
            self._cut = False
        if len(self._rest) > MAX_LINE:
            self._rest, self._cut = self._rest[:MAX_LINE], True
        return replies

    def close(self) -> list[Reply]:
        """What was left without its newline when the stream ended: one reply, or none."""
        rest, cut = self._rest, self._cut
        self._rest, self._cut = b"", False
        return [self._reply(rest, cut)] if rest else []

    def _reply(self, line: bytes, cut: bool) -> Reply:
        if len(line) > MAX_LINE:
            line, cut = line[:MAX_LINE], True
        code: int | None = None
        if len(line) >= 4 and line[3:4] == b" " and line[:3].isdigit():
            code, line = int(line[:3]), line[4:]
        text = line.decode("utf-8", "surrogateescape")
        if code is not None and code in (self._codes.secret_prompt, self._codes.user_prompt):
            return Prompt(code, text, cut, secret=code == self._codes.secret_prompt)
        return Reply(code, text, cut)
