"""The examples of docs/library.md, run one after the other on a real pluto."""

from __future__ import annotations

import asyncio
from typing import Any

import trio

from tests.helpers.examples import run_examples
from tests.real.plutos import connection, gateway


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
