"""A program on a terminal of its own, what it has drawn, and keys for it. Knows nothing of autod.

with terminal(sys.executable, "-m", "autod", "top") as screen:
    screen.shows(r"branch-1 +up")
    screen.press("q")
    screen.end()
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Terminal", "terminal"]

MODE = re.compile(r"\x1b\[\?(25|1049)([hl])")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


class Terminal:
    """A running program; `drawn` is all that it wrote, `modes` whether it has a cursor, and the other screen."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.master = master
        self.text = ""
        self.drawn = ""
        self.modes = {"cursor": True, "screen": False}

    def shows(self, pattern: str, *, timeout: float = 60) -> None:
        """Read until what was drawn since the last time matches."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"{pattern!r} was not shown:\n{self.text[-3000:]}")
            drawn = self._read()
            for number, letter in MODE.findall(drawn):
                self.modes["cursor" if number == "25" else "screen"] = letter == "h"
            self.text += CONTROL.sub("", drawn)
        self.text = ""

    def _read(self) -> str:
        """What came; nothing where the program has closed the terminal."""
        try:
            drawn = os.read(self.master, 65536).decode("utf-8", "replace")
        except OSError:
            drawn = ""
        self.drawn += drawn
        return drawn

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def end(self, *, timeout: float = 60) -> int:
        """The exit status; what is still drawn is read, so that the program does not wait for the terminal."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.05)[0] and not self._read():
                break
        while select.select([self.master], [], [], 0.05)[0] and self._read():
            pass
        return self.process.wait(timeout=60)


@contextmanager
def terminal(*command: str, lines: int = 30, columns: int = 160, **environment: str) -> Iterator[Terminal]:
    """`command` as the leader of a session whose terminal is `lines` times `columns`."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (lines, columns))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)
