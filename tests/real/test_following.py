"""A supervisor and a real pluto 4.10, and addresses and routes that come late."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import EAST, gateways, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.real.plutos import Pluto

LATE = "192.1.2.77"


@contextlib.contextmanager
def supervised(west: Pluto, *, inside: bool = True) -> Iterator[Callable[[], str]]:
    """A supervisor of west; what it gives is its log so far."""
    settings = west.folder / "autod.toml"
    settings.write_text(
        f'[supervise]\nconfiguration = "{west.conf}"\nsecrets = []\nstate = ""\nconnections = ""\n'
        f'[pluto]\nsocket = "{west.socket}"\n[api]\nsocket = ""\n[history]\nfile = ""\n'
    )
    enter = west.namespace.enter if inside else []
    command = [*enter, sys.executable, "-m", "autod", "supervise", "--settings", str(settings)]
    environment = {**os.environ, "STATE_DIRECTORY": str(west.folder / "state")}
    with (
        (west.folder / "autod.log").open("w+") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as supervisor,
    ):
        try:
            yield (west.folder / "autod.log").read_text
        finally:
            supervisor.terminate()
            supervisor.wait(30)


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_an_address_that_comes_late_is_followed(where: str) -> None:
    """By the kernel's word in pluto's network, by /proc from another one: an IKE SA, long before any other try."""
    with gateways() as (west, east):
        east.load(f"conn x\n\tleft={EAST}\n\tleftid=@peer\n\tright=%any\n\trightid=@me\n\tauthby=secret\n")
        west.conf.write_text(
            f"config setup\nconn late\n\tleft={LATE}\n\tleftid=@me\n\tright={EAST}\n\trightid=@peer\n"
            "\tauthby=secret\n\tauto=start\n"
        )
        with supervised(west, inside=where == "inside") as log:
            wait_until(lambda: "not-oriented" in log(), timeout=60, what="the first try")
            west.namespace.ip("addr", "add", f"{LATE}/24", "dev", "eth1")
            wait_until(lambda: "initiator established IKE SA" in west.text(), timeout=30, what="the IKE SA")


def test_a_default_route_that_comes_goes_and_comes_again_is_followed() -> None:
    """What was resolved from it is loaded again, and tried."""
    peer = "10.99.0.1"
    with gateways() as (west, east):
        east.namespace.ip("addr", "add", f"{peer}/32", "dev", "lo")
        east.listen()
        east.load(f"conn x\n\tleft={peer}\n\tleftid=@peer\n\tright=%any\n\trightid=@me\n\tauthby=secret\n")
        west.conf.write_text(
            f"config setup\nconn late\n\tleft=%defaultroute\n\tleftid=@me\n\tright={peer}\n\trightid=@peer\n"
            "\tauthby=secret\n\tauto=start\n"
        )
        with supervised(west) as log:
            wait_until(lambda: "not-oriented" in log(), timeout=60, what="the first try")
            for number in (1, 2):
                west.namespace.ip("route", "add", "default", "via", EAST)
                wait_until(
                    lambda n=number: west.text().count("initiator established IKE SA") >= n,  # type: ignore[misc]
                    timeout=60,
                    what="the IKE SA",
                )
                west.namespace.ip("route", "del", "default")
