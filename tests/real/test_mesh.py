"""A mesh of opportunistic groups: private, private-or-clear, clear and block, whoever brings it in.

What is private does not leave in clear once autod says that it is routed; --sync and the supervisor make of the
policy files what pluto's own start and `addconn --autoall` make of them.
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

import pytest

from tests.real.plutos import EAST, WEST, Pluto, gateways, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.namespaces import Namespace

SILENT, OPEN, CLEAR, BLOCK = "192.1.2.33", "192.1.2.30", "192.1.2.31", "192.1.2.32"
POLICIES = {
    "private": (EAST, SILENT),
    "private-or-clear": (OPEN,),
    "clear": (CLEAR,),
    "block": (BLOCK,),
}
ASKS = "authby=null\n\tleftid=%null\n\trightid=%null\n\tright=%opportunisticgroup\n\tikev2=insist"
MESH = f"""config setup

conn %default
\tleft={WEST}
\tretransmit-timeout=2s
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
    """A packet to each every 50 ms."""
    running = [
        subprocess.Popen([*where.enter, "ping", "-n", "-q", "-i", "0.05", one], stdout=subprocess.DEVNULL)
        for one in addresses
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait(20)


def policies(pluto: Pluto) -> None:
    folder = pluto.folder / "ipsec.d" / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    for name, addresses in POLICIES.items():
        (folder / name).write_text("".join(f"{address}/32\n" for address in addresses))


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
    return set(re.findall(r"dst (192\.1\.2\.\d+)/32", text))


def environment(pluto: Pluto) -> dict[str, str]:
    return {**os.environ, "STATE_DIRECTORY": str(pluto.folder / "state")}


def autod(pluto: Pluto, *words: str) -> None:
    where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    argv = [sys.executable, "-m", "autod", *words, *where]
    subprocess.run(argv, check=True, env=environment(pluto), timeout=120)


def empty(pluto: Pluto) -> None:
    """Start it anew with no connection."""
    pluto.conf.write_text("config setup\n")
    pluto.kill()
    for what in ("policy", "state"):
        # It was not told to take them away.
        pluto.namespace.ip("xfrm", what, "flush")
    pluto.start()
    pluto.conf.write_text(MESH)


@pytest.mark.timeout(300)
def test_a_mesh_is_the_same_whoever_brings_it_in_and_private_is_never_in_clear() -> None:
    with gateways() as (west, east):
        west.namespace.ip("route", "add", "default", "via", EAST)
        for address in (SILENT, OPEN, CLEAR, BLOCK):
            east.namespace.ip("address", "add", f"{address}/24", "dev", "eth1")
        policies(west)
        _bring_in(west)


def _bring_in(west: Pluto) -> None:
    """By pluto's own start, by addconn, by --sync, by a supervisor."""
    west.conf.write_text(MESH)
    west.restart()
    boot, in_kernel = made(west), kernel(west)
    assert {name.split("#")[0] for name, _ in boot} == set(POLICIES)

    empty(west)
    west.addconn("--autoall")
    west.listen()
    assert (made(west), kernel(west)) == (boot, in_kernel)

    empty(west)
    with watched(west.namespace) as watch, pinging(west.namespace, EAST, SILENT, CLEAR, BLOCK):
        wait_until(lambda: watch.since(0, EAST, SILENT), timeout=60, what="packets in clear before")
        autod(west, "--sync")
        routed = time.time()
        assert made(west) == boot
        assert kernel(west) >= in_kernel
        wait_until(lambda: watch.since(routed, CLEAR) > 20, timeout=60, what="packets to who is in clear")
        assert watch.since(routed, EAST, SILENT, BLOCK) == 0
        # The same again: what works is left alone, and no packet leaves in clear meanwhile.
        autod(west, "--sync")
        more = time.time()
        wait_until(lambda: watch.since(more, CLEAR) > 20, timeout=60, what="packets to who is in clear")
        assert watch.since(routed, EAST, SILENT, BLOCK) == 0

    empty(west)
    settings = west.folder / "autod.toml"
    settings.write_text(
        f'[supervise]\nconfiguration = "{west.conf}"\nsecrets = []\nstate = ""\nconnections = ""\n'
        f'[pluto]\nsocket = "{west.socket}"\n[api]\nsocket = ""\n[history]\nfile = ""\n'
    )
    argv = [*west.namespace.enter, sys.executable, "-m", "autod", "supervise", "--settings", str(settings)]
    with (
        (west.folder / "autod.log").open("w") as log,
        subprocess.Popen(argv, stdout=log, stderr=log, env=environment(west)) as supervisor,
    ):
        try:
            wait_until(
                lambda: made(west) == boot, timeout=120, what="the instances that the supervisor makes"
            )
            assert kernel(west) >= in_kernel
        finally:
            supervisor.terminate()
            supervisor.wait(30)
