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

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_LINE", "Prompt", "Reply", "ReplyCodes", "ReplyDecoder"]

MAX_LINE = 65536
"""Bytes of one line that are kept. pluto formats a line into 4096 bytes at most (LOG_WIDTH, 3.27 to 5.4). Sixteen times
as many bytes are not a line of pluto's, so they are cut rather than collected."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A line of pluto's: its code (None if it does not have one) and its text, without the newline.

    Bytes that are not UTF-8 stand as surrogate escapes. `cut` says that the line was longer than MAX_LINE.
    """

    code: int | None
    text: str
    cut: bool = False


class Prompt(Reply, frozen=True, gc=False):
    """A line with which pluto asks a question. It blocks until the answer comes. `secret`: the answer is a password."""

    secret: bool = False


class ReplyCodes(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of the reply codes of one era of releases (enum rc_type of that release's header)."""

    secret_prompt: int
    user_prompt: int
    errors: frozenset[int]
    names: dict[int, str]

    def is_error(self, code: int | None) -> bool:
        """Whether `code` alone tells that something was refused or failed."""
        return code in self.errors


def _lines_with(needle: bytes, block: bytes) -> Iterator[bytes]:
    """The lines that contain `needle`. The text between them is not cut into lines."""
    at = block.find(needle)
    while at >= 0:
        end = block.find(b"\n", at)
        end = len(block) if end < 0 else end
        yield block[block.rfind(b"\n", 0, at) + 1 : end]
        at = block.find(needle, end)


_PREFIXES = {f"{code:03} ": code for code in range(1000)}


class ReplyDecoder:
    """Bytes in, replies out. It never raises, and holds at most one line of MAX_LINE bytes.

    A status of 5,000 connections has 100,000 lines, and pluto waits until they are read. So lines are decoded and split
    in blocks, and a code is found with one look into a table. `only`: whole lines without these bytes are left out,
    unread.
    """

    def __init__(self, codes: ReplyCodes, only: bytes | None = None) -> None:
        self._only = only
        self._prompts = (codes.secret_prompt, codes.user_prompt)
        self._rest = b""
        self._cut = False

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. A line may be cut anywhere between two calls."""
        block, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._keep(self._rest + rest)
            return []
        block = self._rest + block
        cut, self._cut, self._rest = self._cut, False, b""
        self._keep(rest)
        only = self._only
        if only is not None:
            block = b"\n".join(_lines_with(only, block))
            if not block:
                return []
        lines = block.decode("utf-8", "surrogateescape").split("\n")
        replies = [self._reply(lines[0], cut)]
        prefixes, prompts = _PREFIXES, self._prompts
        for line in lines[1:]:
            code = prefixes.get(line[:4])
            if code is None or code in prompts or len(line) > MAX_LINE:
                replies.append(self._reply(line, False))
            else:
                replies.append(Reply(code, line[4:]))
        return replies

    def close(self) -> list[Reply]:
        """The rest that has no newline when the stream ends: one reply, or none."""
        rest, cut = self._rest, self._cut
        self._rest, self._cut = b"", False
        return [self._reply(rest.decode("utf-8", "surrogateescape"), cut)] if rest else []

    def _keep(self, rest: bytes) -> None:
        """Keep the beginning of a line, at most MAX_LINE bytes."""
        if len(rest) > MAX_LINE:
            rest, self._cut = rest[:MAX_LINE], True
        self._rest = rest

    def _reply(self, line: str, cut: bool) -> Reply:
        if len(line) > MAX_LINE:
            line, cut = line[:MAX_LINE], True
        code = _PREFIXES.get(line[:4])
        if code is None:
            return Reply(None, line, cut)
        if code in self._prompts:
            return Prompt(code, line[4:], cut, secret=code == self._prompts[0])
        return Reply(code, line[4:], cut)
