"""Standard output and error that never hold back the writer. Must not know what the lines are.

A write to a pipe that nobody reads, or to a stopped terminal, blocks. If it blocked the event loop, pluto's replies
would not be drained, and pluto would stand still. So a thread writes the lines, from a bounded buffer. While the
buffer is full, lines are left out and counted; the count is written when there is room again.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["BOUND", "Output", "clean", "harmless", "say", "standard_streams"]

BOUND = 64 * 1024 * 1024
"""The most bytes that wait: the events of some hundred thousand negotiations."""


class Output:
    """Lines for `write`, which a thread calls. A context manager: leaving it waits until all is written.

    After a failed write (BrokenPipeError, another OSError) the next line(), and leaving, raise it.
    """

    def __init__(self, write: Callable[[bytes], None], *, bound: int = BOUND) -> None:
        self._write = write
        self._bound = bound
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._closed = False
        self._error: OSError | None = None
        self._patience: float | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="autod-output", daemon=True)

    def __enter__(self) -> Output:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._changed:
            self._tell_dropped()
            self._closed = True
            self._changed.notify_all()
        self._thread.join(self._patience)
        if self._error is not None and error is None:
            raise self._error

    def hurry(self) -> None:
        """Do not wait long for a reader at the end: lines that are not written within half a second are lost."""
        self._patience = 0.5

    def settle(self, patience: float) -> None:
        """Wait until the lines so far are written, `patience` seconds at most. Blocks: for a thread."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._error is not None, patience)

    def line(self, text: str, *, keep: bool = False) -> None:
        """Write a line. `keep`: even if the buffer is full, for a line that must not be lost, such as an outcome."""
        data = text.encode("utf-8", "surrogateescape") + b"\n"
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._waiting + len(data) > self._bound and not keep:
                self._dropped += 1
                return
            self._tell_dropped()
            self._lines.append(data)
            self._waiting += len(data)
            self._changed.notify_all()

    def _tell_dropped(self) -> None:
        if self._dropped:
            note = f"({self._dropped} lines were left out: nobody read them)\n".encode()
            self._lines.append(note)
            self._waiting += len(note)
            self._dropped = 0

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                batch = b"".join(self._lines)
                self._lines.clear()
            try:
                self._write(batch)
            except OSError as error:
                with self._changed:
                    self._error = error
                    self._lines.clear()
                    self._changed.notify_all()
                return
            with self._changed:
                self._waiting -= len(batch)
                self._changed.notify_all()


@contextmanager
def standard_streams() -> Iterator[tuple[Output, Output]]:
    """Outputs to the descriptors of sys.stdout and sys.stderr; to the text layer of one that has no descriptor (a test,
    an embedding program). One Output for both if they are the same terminal, pipe or file: the lines keep their order
    there."""
    if _same(sys.stdout, sys.stderr):
        with _to(sys.stdout) as both:
            yield both, both
    else:
        with _to(sys.stderr) as err, _to(sys.stdout) as out:
            yield out, err


def _same(one: TextIO, other: TextIO) -> bool:
    try:
        return os.path.sameopenfile(one.fileno(), other.fileno())
    except (OSError, AttributeError):
        return False


def _to(stream: TextIO) -> Output:
    stream.flush()
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):
        return Output(lambda data: _write_text(stream, data))
    terminal = os.isatty(descriptor)
    return Output(lambda data: _write_all(descriptor, harmless(data) if terminal else data))


def say(line: str = "", *, file: TextIO | None = None, flush: bool = False) -> None:
    """print(), for a line with a name or with pluto's text: without control characters if a terminal shows it."""
    stream = sys.stdout if file is None else file
    print(clean(line) if stream.isatty() else line, file=stream, flush=flush)


def clean(text: str) -> str:
    """As `harmless`, of text."""
    return harmless(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def harmless(data: bytes) -> bytes:
    """Lines of pluto, and names, for a terminal: U+FFFD stands for each control character."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}".encode(), data)


_CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
"""C0 without tab and newline, DEL, and C1 in UTF-8: ESC, BEL, carriage return and CSI are among them."""


def _write_text(stream: TextIO, data: bytes) -> None:
    stream.write(data.decode("utf-8", "surrogateescape"))
    stream.flush()


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Another process made the shared terminal or pipe non-blocking.
            select.select([], [descriptor], [])
