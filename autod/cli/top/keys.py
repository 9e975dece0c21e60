"""Keys of a terminal, from the bytes it sends. Must not know what a key does."""

from __future__ import annotations

import termios
import tty
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unbuffered", "keys"]

_SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1b[5~": "page_up",
    b"\x1b[6~": "page_down",
    b"\x1b[H": "home",
    b"\x1b[1~": "home",
}
_SINGLE = {b"\r": "enter", b"\n": "enter", b"\x7f": "backspace", b"\x08": "backspace", b"\x1b": "escape"}


def keys(data: bytes) -> Iterator[str]:
    """The keys in order: a character, or the name of a key. A key without a meaning here is left out."""
    while data:
        if data.startswith((b"\x1b[", b"\x1bO")):
            end = next((at for at in range(2, len(data)) if 0x40 <= data[at] <= 0x7E), len(data))
            sequence, data = data[: end + 1], data[end + 1 :]
            if sequence in _SEQUENCES:
                yield _SEQUENCES[sequence]
        elif data[:1] in _SINGLE:
            yield _SINGLE[data[:1]]
            data = data[1:]
        else:
            character, data = _character(data)
            if character.isprintable():
                yield character


def _character(data: bytes) -> tuple[str, bytes]:
    """The first character and the rest; bytes that are not UTF-8 give one that cannot be printed."""
    for length in range(1, min(4, len(data)) + 1):
        try:
            return data[:length].decode(), data[length:]
        except UnicodeDecodeError:
            continue
    return "\0", data[1:]


class Unbuffered:
    """A terminal that gives each key at once and shows none, from take() to restore(); both may come again."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def take(self) -> None:
        """Switch the terminal. Does nothing to one that is switched already."""
        if self._before is None:
            self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor, termios.TCSADRAIN)

    def restore(self) -> None:
        """Switch it back to its state before `take`."""
        if self._before is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None
