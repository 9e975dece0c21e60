"""The examples of docs/library.md, run one after the other on a real pluto."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import trio

from tests.helpers.examples import DOCS, run_examples
from tests.real.plutos import Pluto, connection, gateway


def test_connections_of_an_inventory_are_loaded_replaced_and_deleted(tmp_path: Path) -> None:
    """docs/examples/from_values.py: what is as it should be is left alone."""
    branches = {f"branch-{n}": {"address": f"192.0.2.{n}", "network": f"10.{n}.0.0/24"} for n in (1, 2)}

    def sync(pluto: Pluto) -> list[str]:
        (tmp_path / "inventory").write_text(json.dumps(branches))
        program = [sys.executable, str(DOCS / "examples" / "from_values.py")]
        done = subprocess.run(
            [*program, str(pluto.socket), str(tmp_path / "inventory")],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    with gateway(label="values") as pluto:
        assert sync(pluto) == ['"branch-1" is loaded', '"branch-2" is loaded']
        assert sync(pluto) == []
        branches["branch-2"]["network"] = "10.7.0.0/24"
        del branches["branch-1"]
        assert sync(pluto) == ['"branch-2" is loaded', '"branch-1" is not loaded any more']
        assert "10.7.0.0/24" in pluto.whack("--status").stdout


async def test_every_example_of_the_document_does_what_it_says() -> None:
    """They share their names, as they would in one program; each says itself what has to be true."""
    with gateway(label="library") as pluto:
        pluto.conf.write_text(f"config setup\n\n{connection('a', auto='add')}\n{connection('b', auto='add')}")
        names: dict[str, object] = {"path": str(pluto.socket), "ipsec_conf": str(pluto.conf)}
        assert await run_examples("library.md", names) >= 7
        thread: Any = names["in_a_thread"]
        await trio.to_thread.run_sync(thread, str(pluto.socket))
        under_asyncio: Any = names["under_asyncio"]
        outcome = await trio.to_thread.run_sync(lambda: asyncio.run(under_asyncio(str(pluto.socket))))
        assert outcome.code == 21
        assert names["names"] == ["a", "b"]
        assert '"a":' in pluto.whack("--status").stdout
