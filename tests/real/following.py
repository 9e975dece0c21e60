"""Addresses, default routes and the DNS records of peers that come, change and go under a supervisor. For tests.

Each scenario takes two gateways on one wire and `ups`, which counts how often west came up so far; it prints how long
that took from the moment from which it could be.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.real.plutos import EAST, WEST, silent_peer, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto

__all__ = [
    "a_default_route_comes",
    "a_record_changes_while_a_try_runs",
    "a_record_comes",
    "an_address_comes",
]

LATE, SECOND, SILENT, FAR = "192.1.2.77", "192.1.2.24", "192.1.2.99", "10.99.0.1"
OURS = "leftid=@me\n\trightid=@peer\n\tauthby=secret\n\tauto=start\n"
THEIRS = "leftid=@peer\n\tright=%any\n\trightid=@me\n\tauthby=secret\n"


@contextlib.contextmanager
def supervised(west: Pluto, *, inside: bool = True, hosts: Path | None = None) -> Iterator[Callable[[], str]]:
    """A supervisor of west; what it gives is its log so far. `hosts` is what it has for /etc/hosts."""
    settings = west.folder / "autod.toml"
    settings.write_text(
        f'[supervise]\nconfiguration = "{west.conf}"\nsecrets = []\nstate = ""\nconnections = ""\n'
        f'[pluto]\nsocket = "{west.socket}"\n[api]\nsocket = ""\n[history]\nfile = ""\n'
    )
    enter = west.namespace.enter if inside else []
    if hosts is not None:
        mounted = 'mount --bind "$0" /etc/hosts && exec "$@"'
        enter = [*enter, "unshare", "--mount", "sh", "-c", mounted, str(hosts)]
    command = [*enter, sys.executable, "-m", "autod", "supervise", "--settings", str(settings)]
    environment = {**os.environ, "STATE_DIRECTORY": str(west.folder / "state")}
    with (
        (west.folder / "autod.log").open("w+") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as supervisor,
    ):
        try:
            yield (west.folder / "autod.log").read_text
        except AssertionError:
            print((west.folder / "autod.log").read_text()[-6000:])
            raise
        finally:
            supervisor.terminate()
            supervisor.wait(30)


def _comes_up(ups: Callable[[], int], change: Callable[[], object], what: str) -> None:
    before, moment = ups(), time.monotonic()
    change()
    wait_until(lambda: ups() > before, timeout=180, what=f"up after {what}")
    print(f"{what}: up after {time.monotonic() - moment:.1f} s")


def an_address_comes(west: Pluto, east: Pluto, ups: Callable[[], int], *, inside: bool = True) -> None:
    """The address of west's end."""
    east.load(f"conn x\n\tleft={EAST}\n\t{THEIRS}")
    west.conf.write_text(f"config setup\nconn late\n\tleft={LATE}\n\tright={EAST}\n\t{OURS}")
    with supervised(west, inside=inside) as log:
        wait_until(lambda: "not-oriented" in log(), timeout=60, what="the first try")
        _comes_up(
            ups, lambda: west.namespace.ip("addr", "add", f"{LATE}/24", "dev", "eth1"), "an address came"
        )


def a_default_route_comes(west: Pluto, east: Pluto, ups: Callable[[], int], *, times: int = 1) -> None:
    """Comes, and so many times in all, after it went: what was resolved from it is loaded again, and tried."""
    east.namespace.ip("addr", "add", f"{FAR}/32", "dev", "lo")
    east.listen()
    east.load(f"conn x\n\tleft={FAR}\n\t{THEIRS}")
    west.conf.write_text(f"config setup\nconn late\n\tleft=%defaultroute\n\tright={FAR}\n\t{OURS}")
    with supervised(west) as log:
        wait_until(lambda: "not-oriented" in log(), timeout=60, what="the first try")
        for _ in range(times):
            _comes_up(
                ups, lambda: west.namespace.ip("route", "add", "default", "via", EAST), "a default route came"
            )
            west.namespace.ip("route", "del", "default")
            time.sleep(1)


def a_record_comes(west: Pluto, east: Pluto, ups: Callable[[], int], *, changes: bool = False) -> None:
    """The record of the peer's name: there is none, then one, and another when the peer is gone from the first."""
    east.namespace.ip("addr", "add", f"{SECOND}/24", "dev", "eth1")
    east.listen()
    sections = [f"conn {name}\n\tleft={end}\n\t{THEIRS}" for name, end in (("x", EAST), ("y", SECOND))]
    east.load(*sections)
    hosts = west.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    west.conf.write_text(f"config setup\nconn late\n\tleft={WEST}\n\tright=peer.example\n\t{OURS}")

    def points_to(address: str) -> None:
        hosts.write_text(f"127.0.0.1 localhost\n{address} peer.example\n")

    # pluto looks the name up as well.
    west.hosts = hosts
    west.restart()
    with supervised(west, hosts=hosts) as log:
        wait_until(lambda: "after=" in log(), timeout=60, what="the first try")
        _comes_up(ups, lambda: points_to(EAST), "a record came")
        if changes:
            east.whack("--name", "x", "--delete")
            _comes_up(ups, lambda: points_to(SECOND), "the record changed")


def a_record_changes_while_a_try_runs(west: Pluto, east: Pluto, ups: Callable[[], int]) -> None:
    """The first record is that of a machine that never answers: the try would take a minute to fail."""
    silent_peer(west.namespace, SILENT)
    east.load(f"conn x\n\tleft={EAST}\n\t{THEIRS}")
    west.hosts = hosts = west.folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{SILENT} peer.example\n")
    west.restart()
    west.conf.write_text(f"config setup\nconn late\n\tleft={WEST}\n\tright=peer.example\n\t{OURS}")
    with supervised(west, hosts=hosts) as log:
        wait_until(lambda: "retransmission" in west.text(), timeout=60, what="the first try")
        # The name is looked at every few seconds.
        time.sleep(6)
        hosts.write_text(f"127.0.0.1 localhost\n{EAST} peer.example\n")
        wait_until(lambda: ups() > 0, timeout=40, what="up at the other address")
        assert "went by an old address" in log()
