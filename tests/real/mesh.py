"""A mesh of opportunistic groups on a gateway, and what leaves it unencrypted. For tests.

    policies(west, peer=EAST)
    west.conf.write_text(MESH)
    with watched(west.namespace) as watch, pinging(west.namespace, EAST, SILENT):
        synced(west)
        assert watch.since(time.time(), EAST, SILENT) == 0

The namespace needs a default route, as policies are looked up after the route.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.real.plutos import EAST, WEST, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.real.namespaces import Namespace
    from tests.real.plutos import Pluto

__all__ = ["BLOCK", "CLEAR", "MESH", "OPEN", "SILENT", "Watch", "bring_in", "policies"]

SILENT, OPEN, CLEAR, BLOCK = "192.1.2.33", "192.1.2.41", "192.1.2.31", "192.1.2.32"
"""Beside the peer, which encrypts: one that never answers, one that cannot encrypt, and two that need not."""
POLICIES = {
    "private": (f"{EAST}/32", f"{SILENT}/32"),
    # On 4.10 packets to a network of one address are held for ever where the peer does not encrypt, also after a start
    # of pluto: what it puts there for a failure, and what catches packets, is one policy of the kernel's then.
    "private-or-clear": ("192.1.2.40/30",),
    "clear": (f"{CLEAR}/32",),
    "block": (f"{BLOCK}/32",),
}
ASKS = "authby=null\n\tleftid=%null\n\trightid=%null\n\tright=%opportunisticgroup\n\tikev2=insist"
MESH = f"""config setup

conn %default
\tleft={WEST}
\tretransmit-timeout=2s
\tleftupdown=%disabled
\tauto=ondemand

conn private
\t{ASKS}
\tnegotiationshunt=hold
\tfailureshunt=drop

conn private-or-clear
\t{ASKS}
\tnegotiationshunt=hold
\tfailureshunt=passthrough

conn clear
\tright=%group
\tauthby=never
\ttype=passthrough

conn block
\tright=%group
\tauthby=never
\ttype=drop
"""


class Watch:
    """What leaves a gateway unencrypted: the destination of each ping, and when."""

    def __init__(self, where: Namespace) -> None:
        self.seen: list[tuple[float, str]] = []
        self._socket = where.call(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
        # ETH_P_ALL: what goes out is shown to none but those who want everything.
        self._socket.bind(("eth1", 0x0003))
        self._socket.settimeout(0.2)
        self._ends = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends:
            try:
                data, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            # Outgoing, IPv4, an echo request.
            if source[1] != 0x0800:
                continue
            if source[2] == socket.PACKET_OUTGOING and data[9] == 1 and data[(data[0] & 15) * 4] == 8:  # type: ignore[attr-defined]
                self.seen.append((time.time(), socket.inet_ntoa(data[16:20])))

    def since(self, moment: float, *addresses: str) -> int:
        return sum(when >= moment and address in addresses for when, address in self.seen)

    def close(self) -> None:
        self._ends = True
        self._thread.join()
        self._socket.close()


@contextlib.contextmanager
def watched(where: Namespace) -> Iterator[Watch]:
    watch = Watch(where)
    try:
        yield watch
    finally:
        watch.close()


@contextlib.contextmanager
def pinging(where: Namespace, *addresses: str) -> Iterator[None]:
    """A packet to each every 20 ms."""
    running = [
        subprocess.Popen([*where.enter, "ping", "-n", "-q", "-i", "0.02", one], stdout=subprocess.DEVNULL)
        for one in addresses
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait(20)


def policies(pluto: Pluto, *, peer: str = "") -> None:
    """Write the policy files; those of a gateway whose only partner is `peer`, if that is given."""
    folder = pluto.folder / "ipsec.d" / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    for name, networks in POLICIES.items():
        own = networks if not peer else (f"{peer}/32",) if name == "private" else ()
        (folder / name).write_text("".join(f"{network}\n" for network in own))


_MADE = r'(?:000 )? *"([^"]+#[^"]+)": .*; (unrouted|prospective erouted|eroute eclipsed|erouted[^;]*|routed[^;]*);'


def made(pluto: Pluto) -> set[tuple[str, str]]:
    """What pluto made of the policy files: the name of each, and how it is routed."""
    found = set()
    for line in pluto.whack("--status").stdout.splitlines():
        match = re.match(_MADE, line)
        if match and "[" not in match[1]:
            found.add((match[1], "unrouted" if match[2] == "unrouted" else "routed"))
    return found


def kernel(pluto: Pluto) -> set[str]:
    """Destinations of the outgoing policies that the kernel has."""
    text = pluto.namespace.ip("xfrm", "policy", "list", "dir", "out")
    return set(re.findall(r"dst (192\.1\.2\.\d+/\d+)", text))


def sync(pluto: Pluto) -> None:
    """By the command."""
    where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    argv = [sys.executable, "-m", "autod", "--sync", *where]
    subprocess.run(argv, check=True, env=_environment(pluto), timeout=120)


def _environment(pluto: Pluto) -> dict[str, str]:
    return {**os.environ, "STATE_DIRECTORY": str(pluto.folder / "state")}


@contextlib.contextmanager
def supervised(pluto: Pluto) -> Iterator[None]:
    """A supervisor of the configuration."""
    settings = pluto.folder / "autod.toml"
    settings.write_text(
        f'[supervise]\nconfiguration = "{pluto.conf}"\nsecrets = []\nstate = ""\nconnections = ""\n'
        f'[pluto]\nsocket = "{pluto.socket}"\n[api]\nsocket = ""\n[history]\nfile = ""\n'
    )
    argv = [*pluto.namespace.enter, sys.executable, "-m", "autod", "supervise", "--settings", str(settings)]
    with (
        (pluto.folder / "autod.log").open("w") as log,
        subprocess.Popen(argv, stdout=log, stderr=log, env=_environment(pluto)) as supervisor,
    ):
        try:
            yield
        finally:
            supervisor.terminate()
            supervisor.wait(30)


def empty(pluto: Pluto) -> None:
    """Start it anew with no connection."""
    pluto.conf.write_text("config setup\n")
    pluto.kill()
    for what in ("policy", "state"):
        # It was not told to take them away.
        pluto.namespace.ip("xfrm", what, "flush")
    pluto.start()
    pluto.conf.write_text(MESH)


def bring_in(pluto: Pluto, synced: Callable[[Watch], None]) -> None:
    """By pluto's own start, by addconn, by --sync, by a supervisor: the same instances, and the same in the kernel.

    `synced` is called when --sync has said that all is routed, with what sees all that leaves unencrypted.
    """
    pluto.conf.write_text(MESH)
    pluto.restart()
    boot, in_kernel = made(pluto), kernel(pluto)
    assert {name.split("#")[0] for name, _ in boot} == set(POLICIES)

    empty(pluto)
    pluto.addconn("--autoall")
    pluto.listen()
    assert (made(pluto), kernel(pluto)) == (boot, in_kernel)

    empty(pluto)
    with watched(pluto.namespace) as watch, pinging(pluto.namespace, EAST, SILENT, OPEN, CLEAR, BLOCK):
        wait_until(lambda: watch.since(0, EAST, SILENT), timeout=60, what="packets in clear before")
        sync(pluto)
        routed = time.time()
        assert made(pluto) == boot
        assert kernel(pluto) >= in_kernel
        _loaded_and_routed_in_one_go(pluto)
        synced(watch)
        _more_in_clear(watch)
        # The same again: what works is left alone, and no packet leaves in clear meanwhile.
        sync(pluto)
        _more_in_clear(watch)
        assert watch.since(routed, EAST, SILENT, BLOCK) == 0
        _edit(pluto, watch)

    empty(pluto)
    with supervised(pluto):
        wait_until(lambda: made(pluto) == boot, timeout=120, what="the instances that the supervisor makes")
        assert kernel(pluto) >= in_kernel
        _loaded_and_routed_in_one_go(pluto)


def _more_in_clear(watch: Watch) -> None:
    """Wait for packets to who is always in clear: those to others were sent meanwhile too."""
    now = time.time()
    wait_until(lambda: watch.since(now, CLEAR) > 20, timeout=60, what="packets to who is in clear")


def _loaded_and_routed_in_one_go(pluto: Pluto) -> None:
    """pluto was told to listen, which makes the connections of the networks, right after it was given the groups."""
    lines = pluto.text().splitlines()
    first = max(at for at, line in enumerate(lines) if '"private": added' in line)
    listens = [at for at, line in enumerate(lines) if "listening for IKE messages" in line and at > first]
    between = {line.split('"')[1] for line in lines[first : listens[0]] if '": added' in line}
    assert between <= set(POLICIES), between


def _edit(pluto: Pluto, watch: Watch) -> None:
    """To load a group again takes away what catches its packets: they are caught again before the next is sent.

    The kernel may let the pings run in between on a busy machine, so one of ten times will do.
    """
    counts = []
    for hours in range(2, 12):
        before = time.time()
        pluto.conf.write_text(MESH.replace("conn private\n", f"conn private\n\tikelifetime={hours}h\n"))
        sync(pluto)
        _more_in_clear(watch)
        counts.append(watch.since(before, EAST, SILENT, BLOCK))
        if counts[-1] == 0:
            break
    print(f"packets to private networks in clear while their group was loaded again: {counts}")
    assert counts[-1] == 0, counts
