"""Varlink on the wire: JSON objects, each ended by a NUL byte. Bytes in, calls out; replies in, bytes out.

Owns the framing and the shape of calls and replies. Knows no socket and no method. See varlink.org/Method-Call.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["BadMessage", "Call", "Reply", "Splitter", "TooLong", "decode_call", "encode"]


class BadMessage(Exception):
    """The bytes are not a Varlink call. No reply is possible: close the connection."""


class TooLong(BadMessage):
    """A message exceeds the bound, or has no end within it."""


class Call(Struct, frozen=True):
    """One call. `more`: the client takes several replies. `oneway`: it takes none."""

    method: str
    parameters: dict[str, Any] = {}
    more: bool = False
    oneway: bool = False
    upgrade: bool = False


class Reply(Struct, frozen=True, omit_defaults=True):
    """One reply. `continues`: another follows. `error`: the name of the declared error."""

    parameters: Any = None
    continues: bool = False
    error: str | None = None


class Splitter:
    """Cuts a stream into messages. Holds at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, without their NUL. Raises TooLong; after that, do not feed it again."""
        self._buffer += data
        messages = []
        while (end := self._buffer.find(0, self._searched)) >= 0:
            if end > self._limit:
                raise TooLong(f"a message of {end} bytes; {self._limit} are allowed")
            messages.append(bytes(self._buffer[:end]))
            del self._buffer[: end + 1]
            self._searched = 0
        self._searched = len(self._buffer)
        if self._searched > self._limit:
            raise TooLong(f"a message without an end after {self._searched} bytes; {self._limit} are allowed")
        return messages

    @property
    def pending(self) -> int:
        """Bytes of a message that is not complete."""
        return len(self._buffer)


_decoder = msgspec.json.Decoder(Call)
_encoder = msgspec.json.Encoder()


def decode_call(message: bytes) -> Call:
    """The call in `message`. Raises BadMessage."""
    try:
        call = _decoder.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise BadMessage(f"no Varlink call: {problem}") from None
    if not call.method:
        raise BadMessage("a call without a method")
    return call


def encode(value: Struct) -> bytes:
    """`value` as a message with its NUL."""
    return _encoder.encode(value) + b"\0"
