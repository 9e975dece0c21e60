"""Ctrl-C and SIGTERM, which end a command. Must not know what the command does, or leaves behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Ended", "ending", "heed_no_more"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """A signal came, of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def ending() -> Iterator[None]:
    """For a command without an event loop: Ctrl-C and SIGTERM end the block by Ended, the first of them. A signal that
    is ignored already stays so."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    came: list[int] = []

    def end(number: int, frame: object) -> None:
        heed_no_more()
        came.append(number)
        raise Ended(number)

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        if not came:
            for number, handler in before.items():
                signal.signal(number, handler)


def heed_no_more() -> None:
    """The program was ended, and what it still has to say is brief: a second signal is not to end that midway."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
