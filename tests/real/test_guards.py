"""What kills a pluto, asked of real ones by autod: they live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.client import open_pluto
from autod.config import load
from autod.protocol.releases import find
from tests.helpers.loads import load_natively
from tests.lab.gateways import ROOTS
from tests.real.plutos import connection, gateway

if TYPE_CHECKING:
    from pathlib import Path

NARROWED = connection("n", keyexchange="ikev1", narrowing="yes", leftsubnet="10.1.0.0/24")


@pytest.mark.timeout(300)
async def test_an_ikev1_connection_with_narrowing_that_was_begun_is_deleted_and_loaded_again(
    tmp_path: Path,
) -> None:
    """5.2 fails an assertion where its IKE SA is there still."""
    config = tmp_path / "ipsec.conf"
    config.write_text(NARROWED)
    read = load(str(config), find("5.2"))
    with gateway(root=ROOTS["5.2"], label="narrowed", listen=False) as pluto:
        pluto.conf.write_text("config setup\n\tikev1-policy=accept\n")
        pluto.restart()
        async with open_pluto(pluto.socket, timeout=60) as client:
            for _ in range(2):
                loads = await load_natively(client, ["n"], read)
                assert loads.outcomes["n"].ok
                await client.up("n", asynchronous=True)
                assert '"n"' in pluto.whack("--showstates").stdout
            assert (await client.delete("n")).ok
        assert pluto.alive()
        assert pluto.whack("--briefstatus").returncode == 0
