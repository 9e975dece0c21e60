"""Requests that wait for their turn: what was never sent says so, and what was given up is free after a down."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import trio

from autod.client import open_pluto
from autod.outcomes import Result
from tests.real.plutos import EAST, connection, silent_peer

if TYPE_CHECKING:
    from tests.real.plutos import Pluto


async def test_an_up_that_waits_for_its_turn_until_its_deadline_was_never_sent(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("c1"), connection("c2"))
    async with open_pluto(pluto.socket, limit=1) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.up, "c1")
        await trio.sleep(0.2)
        waited = await client.up("c2", timeout=1)
        assert (waited.result, waited.ok, waited.left_behind) == (Result.NOT_SENT, False, None)
        assert waited.exit_status == 124
        assert waited.retryable
        nursery.cancel_scope.cancel()
    assert 'initiating "c2"' not in pluto.text()
    assert '"c2" #' not in pluto.text()


async def test_after_down_the_slot_of_what_was_given_up_is_free(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("c1"), connection("c2"))
    async with open_pluto(pluto.socket, limit=1) as client:
        assert (await client.up("c1", timeout=1)).result is Result.DEADLINE
        assert (await client.up("c2", timeout=1)).result is Result.NOT_SENT
        assert (await client.delete("c1")).ok
        assert (await client.up("c2", timeout=1)).result is Result.DEADLINE


async def test_a_stopped_pluto_is_given_up_in_time_and_a_cancelled_request_has_an_outcome(
    pluto: Pluto,
) -> None:
    pluto.load(connection("c1"))
    async with open_pluto(pluto.socket) as client:
        os.kill(pluto.pid, signal.SIGSTOP)
        try:
            began = trio.current_time()
            outcome = await client.down("c1", timeout=1)
            assert outcome.result is Result.DEADLINE
            assert outcome.left_behind is None or "pluto" in outcome.left_behind
            assert trio.current_time() - began < 20
            with trio.move_on_after(0.5):
                async with client.up("c1") as operation:
                    await trio.sleep_forever()
            assert operation.outcome.result is Result.CANCELLED
            assert operation.outcome.left_behind is not None
        finally:
            os.kill(pluto.pid, signal.SIGCONT)
