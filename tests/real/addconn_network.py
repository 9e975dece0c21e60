"""The network namespace that the probes were recorded in, for a real addconn."""

from __future__ import annotations

import itertools
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
