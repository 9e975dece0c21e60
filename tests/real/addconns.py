"""The real addconn against a socket that keeps what it sends."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.helpers.probing import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Capture(threading.Thread):
    """A control socket that takes every message, says nothing, and closes."""

    def __init__(self, path: str, *, seqpacket: bool) -> None:
        super().__init__(daemon=True)
        self.messages: list[bytes] = []
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_SEQPACKET if seqpacket else socket.SOCK_STREAM
        )
        self._listener.bind(path)
        self._listener.listen(100)

    def run(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            with one:
                message = one.recv(16384)
                if message:
                    self.messages.append(message)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join(5)


class Addconn:
    """Runs addconn for one file after the other, in `folder`, with `prefix` before it (a network namespace)."""

    def __init__(self, program: str, prefix: tuple[str, ...], folder: Path, capture: Capture) -> None:
        self._program, self._prefix, self.folder, self._capture = program, prefix, folder, capture

    def probe(self, text: str, *names: str) -> Probe:
        """What it does with a file of that text, in the shape of a recorded probe."""
        (self.folder / "p.conf").write_bytes(text.encode("utf-8", "surrogateescape"))
        self._capture.messages.clear()
        done = subprocess.run(
            [*self._prefix, self._program, "--ctlsocket", "S", "--config", "p.conf", *names],
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        return Probe(
            id="generated",
            text=text,
            argv=["addconn", "--ctlsocket", "S", "--config", "p.conf", *names],
            exit=done.returncode,
            messages=list(self._capture.messages),
            reply=None,
            stdout=done.stdout.decode(errors="replace"),
            stderr=done.stderr.decode(errors="replace"),
        )


@contextmanager
def addconn(
    program: str, prefix: tuple[str, ...], folder: Path, *, seqpacket: bool = False
) -> Iterator[Addconn]:
    """An addconn whose control socket `S` in `folder` keeps what it sends."""
    capture = Capture(str(folder / "S"), seqpacket=seqpacket)
    capture.start()
    try:
        yield Addconn(program, prefix, folder, capture)
    finally:
        capture.stop()
