"""A member of a C struct: its place and its bytes; and the interface of a layout.

Must not know: how a struct is declared (autod.protocol.cstruct).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import msgspec

__all__ = ["Field", "Laid"]

Value: TypeAlias = int | bytes


class Field(msgspec.Struct, frozen=True):
    """A member without members of its own: `path` as C would write it, `offset` and `size` in bytes.

    `raw`: its value is bytes. `signed`: its number may be negative. `flag`: it is 0 or 1.
    """

    path: str
    offset: int
    size: int
    raw: bool = False
    signed: bool = False
    flag: bool = False

    def bytes_of(self, value: Value) -> bytes:
        """The bytes of a value: a number is cut to the width (two's complement), as C does."""
        if isinstance(value, int):
            return (value & (1 << 8 * self.size) - 1).to_bytes(self.size, "little")
        assert self.raw, self.path
        assert len(value) <= self.size, self.path
        return value.ljust(self.size, b"\0")

    def write(self, head: bytearray, value: Value) -> None:
        """Put a value into a head that exists already."""
        head[self.offset : self.offset + self.size] = self.bytes_of(value)

    def read(self, head: bytes) -> int:
        """The number that stands in a head."""
        return int.from_bytes(head[self.offset : self.offset + self.size], "little", signed=self.signed)

    def value(self, value: Value) -> Value:
        """A value as its construct takes it: whole bytes, a number within its range."""
        data = self.bytes_of(value)
        return data if self.raw else int.from_bytes(data, "little", signed=self.signed)


class Laid(Protocol):
    """A layout of messages: the bytes of the head, the room for strings behind it, and the members by path."""

    @property
    def head(self) -> int: ...

    @property
    def room(self) -> int: ...

    @property
    def fields(self) -> Mapping[str, Field]: ...

    def __getitem__(self, path: str) -> Field: ...

    def build(self, members: Mapping[str, Value]) -> bytes: ...
