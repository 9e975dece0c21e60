"""Debian's own pluto and addconn in a network namespace of their own, as the probes were recorded in."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUTO = "/usr/libexec/ipsec/pluto"
ADDCONN = "/usr/libexec/ipsec/addconn"

_number = itertools.count()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def network() -> Iterator[tuple[str, ...]]:
    """A namespace with lo and eth1 (192.1.2.45/24, 2001:db8:1:2::45/64) and default routes via .254.

    Gives the words that put a command into it.
    """
    name = f"acfg{os.getpid()}x{next(_number)}"
    inside = ("ip", "netns", "exec", name)
    _run("ip", "netns", "add", name)
    try:
        _run(*inside, "ip", "link", "set", "lo", "up")
        _run(*inside, "ip", "link", "add", "eth1", "type", "veth", "peer", "name", "peer1")
        # A link-local address would become the source for some destinations, seconds later.
        for end in ("eth1", "peer1"):
            _run(*inside, "ip", "link", "set", end, "addrgenmode", "none")
        _run(*inside, "ip", "link", "set", "peer1", "up")
        _run(*inside, "ip", "addr", "add", "192.1.2.45/24", "dev", "eth1")
        _run(*inside, "ip", "-6", "addr", "add", "2001:db8:1:2::45/64", "dev", "eth1", "nodad")
        _run(*inside, "ip", "link", "set", "eth1", "up")
        _run(*inside, "ip", "route", "add", "default", "via", "192.1.2.254")
        _run(*inside, "ip", "-6", "route", "add", "default", "via", "2001:db8:1:2::254")
        yield inside
    finally:
        _run("ip", "netns", "del", name)


@dataclass(frozen=True)
class HostPluto:
    """A pluto that listens on `socket`; `inside` puts commands into its network."""

    socket: str
    folder: Path
    inside: tuple[str, ...]
    pid: int


@contextmanager
def pluto(folder: Path) -> Iterator[HostPluto]:
    """Starts pluto with its files in `folder`, and ends it."""
    (folder / "nss").mkdir(parents=True)
    (folder / "run").mkdir()
    (folder / "empty.conf").write_text("config setup\n\tprotostack=xfrm\n")
    (folder / "secrets").write_text('%any %any : PSK "not a secret"\n')
    _run("certutil", "-N", "-d", f"sql:{folder}/nss", "--empty-password")
    with network() as inside, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *inside,
                PLUTO,
                "--nofork",
                "--stderrlog",
                "--rundir",
                str(folder / "run"),
                "--config",
                str(folder / "empty.conf"),
                "--secretsfile",
                str(folder / "secrets"),
                "--nssdir",
                str(folder / "nss"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            socket = folder / "run" / "pluto.ctl"
            deadline = time.monotonic() + 20
            while not socket.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])
                time.sleep(0.02)
            yield HostPluto(str(socket), folder, inside, process.pid)
        finally:
            process.terminate()
            process.wait(20)
