"""Network namespaces for tests: made, joined by wires, and taken away again. Knows nothing of pluto.

    with namespace("west") as west:
        west.add_interface("eth1", "192.1.2.45/24")
        west.run("ip", "route").stdout

The name of each holds the process id of its test run, so that runs side by side do not meet, and a
namespace that a killed run left behind is removed by the next one, with the processes in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Namespace", "command", "join", "namespace", "silent_peer"]

T = TypeVar("T")

PREFIX = "autod-test-"
CLONE_NEWNET = 0x40000000  # linux/sched.h

_serial = itertools.count(1)


def command(
    *argv: str, check: bool = True, timeout: float = 60, stdin: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program with `stdin` as its input; AssertionError where it fails and `check` is set."""
    done = subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
        cwd=cwd,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace by the name that `ip netns` shows."""

    name: str

    @property
    def path(self) -> Path:
        return Path("/run/netns") / self.name

    @property
    def enter(self) -> list[str]:
        """What to put before a command so that it runs in here."""
        return ["nsenter", f"--net={self.path}"]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in here; AssertionError where it fails and `check` is set."""
        return command(*self.enter, *argv, check=check)

    def ip(self, *words: str) -> str:
        """What `ip` with these words prints in here."""
        return command("ip", "-n", self.name, *words).stdout

    def add_interface(self, device: str, *addresses: str) -> None:
        """Add an interface that is up and has these addresses, whose other end nobody listens to."""
        self.ip("link", "add", device, "type", "veth", "peer", "name", f"{device}-peer")
        self.ip("link", "set", f"{device}-peer", "up")
        self.configure(device, *addresses)

    def configure(self, device: str, *addresses: str) -> None:
        """Give an interface that exists these addresses, and set it up."""
        for address in addresses:
            self.ip("address", "add", address, "dev", device)
        self.ip("link", "set", device, "up")

    def call(self, function: Callable[[], T]) -> T:
        """The result of `function`, called by a thread inside: a socket that it opens stays in here."""
        results: list[T] = []
        errors: list[BaseException] = []

        def inside() -> None:
            try:
                with open(self.path, "rb") as file:
                    libc = ctypes.CDLL(None, use_errno=True)
                    if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                        number = ctypes.get_errno()
                        raise OSError(number, os.strerror(number), str(self.path))
                results.append(function())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=inside, name=f"in {self.name}")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]


@contextlib.contextmanager
def namespace(label: str = "ns") -> Iterator[Namespace]:
    """A fresh network namespace with lo up, for as long as the block runs."""
    _remove_leftovers()
    made = Namespace(f"{PREFIX}{os.getpid()}-{next(_serial)}-{label}")
    command("ip", "netns", "add", made.name)
    try:
        made.ip("link", "set", "lo", "up")
        yield made
    finally:
        command("ip", "netns", "delete", made.name)


def join(one: Namespace, other: Namespace, device: str = "eth1") -> None:
    """Lay a wire between two namespaces; it is `device` in both, without an address, and down."""
    command(
        "ip", "link", "add", device, "netns", one.name,
        "type", "veth", "peer", "name", device, "netns", other.name,
    )  # fmt: skip


def silent_peer(where: Namespace, address: str, device: str = "eth1") -> None:
    """Make `address` a peer that packets are sent to and that never answers (no ICMP error either)."""
    where.ip(
        "neighbour", "replace", address, "lladdr", "02:00:00:00:00:99", "nud", "permanent", "dev", device
    )


def _remove_leftovers() -> None:
    for path in Path("/run/netns").glob(f"{PREFIX}*"):
        owner = path.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            for pid in command("ip", "netns", "pids", path.name, check=False).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            command("ip", "netns", "delete", path.name, check=False)
