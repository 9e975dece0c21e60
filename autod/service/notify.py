"""systemd's readiness protocol: datagrams to the service manager, and the sockets that it passes.

Owns the datagrams of sd_notify(3) and the variables of sd_listen_fds(3). Does not know what is ready.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

__all__ = ["Notifier", "listen_fds", "watchdog_seconds"]

_FIRST_FD = 3


class Notifier:
    """Tells the service manager. If there is none (no NOTIFY_SOCKET), each method does nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the abstract namespace. Other values, which are not paths, are not supported.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._present = address[:1] in ("@", "/")

    @property
    def present(self) -> bool:
        return self._present

    def ready(self, status: str = "") -> None:
        """The start, or a reload, is over."""
        self._send("READY=1", status)

    def reloading(self) -> None:
        """A reload begins. With Type=notify-reload systemd wants the time of that, on its own clock."""
        self._send("RELOADING=1", "", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str = "") -> None:
        self._send("STOPPING=1", status)

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send("", text)

    def watchdog(self) -> None:
        """The process is alive. To be called by a loop, so that a stuck loop does not call it."""
        self._send("WATCHDOG=1", "")

    def extend(self, seconds: float) -> None:
        """Stopping will take this much longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}", "")

    def _send(self, state: str, status: str, *more: str) -> None:
        if not self._present:
            return
        lines = [state, *more]
        if status:
            lines.append("STATUS=" + status.replace("\n", " "))
        message = "\n".join(line for line in lines if line).encode("utf-8", "replace")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.setblocking(False)
            # It is not a failure if the manager does not listen: if that matters, its watchdog acts.
            with suppress(OSError):
                sock.sendto(message, self._address)


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """The longest time between two signs of life, in seconds; None if the manager does not watch this process."""
    try:
        microseconds = int(environ["WATCHDOG_USEC"])
        pid = int(environ.get("WATCHDOG_PID", os.getpid()))
    except (KeyError, ValueError):
        return None
    return microseconds / 1e6 if microseconds > 0 and pid == os.getpid() else None


def listen_fds(environ: MutableMapping[str, str] = os.environ) -> dict[str, list[socket.socket]]:
    """The sockets that the manager passes to this process, by FileDescriptorName= (`unknown` without one).

    Takes the variables away, so that no child uses the sockets as its own.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdigit():
        return {}
    sockets: dict[str, list[socket.socket]] = {}
    for index in range(int(count)):
        sock = socket.socket(fileno=_FIRST_FD + index)
        sock.set_inheritable(False)
        sock.setblocking(False)
        name = names[index] if index < len(names) and names[index] else "unknown"
        sockets.setdefault(name, []).append(sock)
    return sockets
