"""A supervisor and a real pluto 4.10, and an address that comes late."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import EAST, gateways, wait_until

if TYPE_CHECKING:
    from tests.real.plutos import Pluto

LATE = "192.1.2.77"


def inside(pluto: Pluto, *words: str) -> None:
    subprocess.run(["ip", "netns", "exec", pluto.namespace.name, *words], check=True, timeout=30)


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_an_address_that_comes_late_is_followed(where: str) -> None:
    """By the kernel's word in pluto's network, by /proc from another one: up to the IKE SA."""
    with gateways() as (west, east):
        east.load(f"conn x\n\tleft={EAST}\n\tleftid=@peer\n\tright=%any\n\trightid=@me\n\tauthby=secret\n")
        west.conf.write_text(
            f"config setup\nconn late\n\tleft={LATE}\n\tleftid=@me\n\tright={EAST}\n\trightid=@peer\n"
            "\tauthby=secret\n\tauto=start\n"
        )
        settings = west.folder / "autod.toml"
        settings.write_text(
            f'[supervise]\nconfiguration = "{west.conf}"\nsecrets = []\nstate = ""\n'
            f'[pluto]\nsocket = "{west.socket}"\n[api]\nsocket = ""\n[history]\nfile = ""\n'
        )
        enter = ["ip", "netns", "exec", west.namespace.name] if where == "inside" else []
        command = [*enter, sys.executable, "-m", "autod", "supervise", "--settings", str(settings)]
        with (
            (west.folder / "autod.log").open("w+") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as supervisor,
        ):
            try:
                wait_until(
                    lambda: "not-oriented" in (west.folder / "autod.log").read_text(),
                    timeout=90,
                    what="the first try",
                )
                inside(west, "ip", "addr", "add", f"{LATE}/24", "dev", "eth1")
                wait_until(lambda: "initiator established IKE SA" in west.text(), what="the IKE SA")
            finally:
                supervisor.terminate()
                supervisor.wait(60)
