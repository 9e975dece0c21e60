"""The client against a real pluto: every way an operation can end, with the state that pluto then has."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import trio
import trio.testing

from autod.client import open_pluto
from autod.errors import (
    BadString,
    DeadlinePassed,
    NoSocket,
    NotPermitted,
    UnknownRelease,
    Unsupported,
    UsageError,
)
from autod.events import Dropped, Initiating, Log, Sent
from autod.outcomes import Result
from autod.protocol import commands as c
from tests.real.plutos import EAST, Pluto, connection, gateway, gateways, silent_peer, wait_until


async def test_an_unknown_name_is_unknown_and_keeps_plutos_code(shared_pluto: Pluto) -> None:
    async with open_pluto(shared_pluto.socket) as pluto:
        for operation in (pluto.up("nosuch"), pluto.up("nosuch", asynchronous=True)):
            outcome = await operation
            assert (outcome.result, outcome.ok, outcome.code, outcome.exit_status) == (
                Result.UNKNOWN,
                False,
                21,
                21,
            )
            assert not outcome.retryable


async def test_deleting_what_is_absent_is_done_and_taking_it_down_is_not(shared_pluto: Pluto) -> None:
    async with open_pluto(shared_pluto.socket) as pluto:
        deleted = await pluto.delete("nosuch")
        assert deleted.ok
        assert deleted.result is Result.DELETED
        down = await pluto.down("nosuch")
        assert (down.result, down.exit_status) == (Result.UNKNOWN, 21)


async def test_route_unroute_delete_of_a_loaded_connection(shared_pluto: Pluto) -> None:
    shared_pluto.load(connection("routed", leftsubnet="10.1.1.1/32", rightsubnet="10.2.1.1/32"))
    async with open_pluto(shared_pluto.socket) as pluto:
        assert (await pluto.route("routed")).result is Result.ROUTED
        status = shared_pluto.whack("--status").stdout
        assert "prospective erouted" in status
        assert (await pluto.unroute("routed")).result is Result.UNROUTED
        assert "prospective erouted" not in shared_pluto.whack("--status").stdout
        assert (await pluto.down("routed")).result is Result.DOWN
        assert (await pluto.delete("routed")).result is Result.DELETED
        assert '"routed"' not in shared_pluto.whack("--status").stdout
        assert (await pluto.route("routed")).exit_status == 25


async def test_not_listening() -> None:
    with gateway(listen=False) as process:
        process.load(connection("a"))
        process.whack("--unlisten")
        async with open_pluto(process.socket) as pluto:
            outcome = await pluto.up("a")
            assert (outcome.result, outcome.code) == (Result.NOT_LISTENING, 24)
            assert "autod --ready" in outcome.sentence
            assert (await pluto.listen()).ok
            assert (await pluto.route("a")).ok


async def test_a_wrong_secret_is_an_authentication_failure(two_gateways: tuple[Pluto, Pluto]) -> None:
    west, east = two_gateways
    east.secrets.write_text('%any %any : PSK "another-secret-than-that-of-west"\n')
    east.whack("--rereadsecrets")
    for process in (west, east):
        process.load(connection("a"))
    async with open_pluto(west.socket) as pluto:
        outcome = await pluto.up("a", timeout=30)
        assert outcome.result is Result.AUTHENTICATION_FAILED
        assert outcome.notification == "AUTHENTICATION_FAILED"
        assert outcome.exit_status == 36
        assert not outcome.retryable
        assert (await pluto.down("a")).ok


async def test_a_silent_peer_ends_at_the_deadline(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    async with open_pluto(pluto.socket) as client:
        outcome = await client.up("a", timeout=2)
        assert (outcome.result, outcome.exit_status) == (Result.DEADLINE, 124)
        assert outcome.retransmissions >= 1
        assert outcome.left_behind is not None
        assert client.slots.abandoned == 1
        assert (await client.down("a")).ok


async def test_a_second_up_while_one_is_pending(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    async with open_pluto(pluto.socket) as client:
        async with client.up("a", timeout=60) as first:
            events = [await anext(first), await anext(first)]
            assert [type(event) for event in events] == [Initiating, Sent]
            second = await client.up("a", timeout=60)
            assert second.result is Result.ALREADY_NEGOTIATING
            assert second.exit_status == 1
            assert (await client.delete("a")).ok
            rest = [event async for event in first]
        assert first.outcome.result is Result.DELETED_BY_OTHER, rest


async def test_pluto_killed_midway(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    async with open_pluto(pluto.socket) as client:
        async with client.up("a", timeout=60) as operation:
            await anext(operation)
            pluto.kill()
            async for _ in operation:
                pass
        assert operation.outcome.result is Result.PLUTO_GONE
        assert operation.outcome.exit_status == 33
        with pytest.raises(NoSocket):
            await client.up("a")


async def test_another_pluto_on_the_same_socket_is_met_anew(pluto: Pluto) -> None:
    async with open_pluto(pluto.socket) as client:
        before = client.detected.pid
        pluto.restart()
        assert (await client.listen()).ok
        assert client.detected.pid == pluto.pid != before


async def test_no_socket_and_no_permission(tmp_path: Path, shared_pluto: Pluto) -> None:
    with pytest.raises(NoSocket, match="ipsec start"):
        async with open_pluto(tmp_path / "none.ctl"):
            pass
    os.seteuid(65534)
    try:
        with pytest.raises(NotPermitted, match="root"):
            async with open_pluto(shared_pluto.socket, release="4.10") as pluto:
                await pluto.listen()
    finally:
        os.seteuid(0)


async def test_a_stopped_pluto_is_given_up_at_the_deadline(pluto: Pluto) -> None:
    async with open_pluto(pluto.socket) as client:
        pluto.stop()
        outcome = await client.listen(timeout=0.5)
        assert outcome.result is Result.DEADLINE
        with pytest.raises(DeadlinePassed):
            await client.replies(c.TrafficStatus(), timeout=0.2)
        pluto.cont()
        assert (await client.listen()).ok


async def test_names_that_cannot_be_sent_never_reach_pluto(shared_pluto: Pluto) -> None:
    before = shared_pluto.text()
    async with open_pluto(shared_pluto.socket) as pluto:
        for name in ("a\0b", "a\nb", "", "n" * 5000):
            for method in (pluto.up, pluto.down, pluto.delete, pluto.route, pluto.unroute):
                with pytest.raises(BadString):
                    await method(name)
        with pytest.raises(Unsupported):
            await pluto.suspend("a")
        outcome = await pluto.up("büro-ä")
        assert outcome.code == 21
        assert "büro-ä" in "".join(outcome.lines)
    assert "bad string" not in shared_pluto.text()[len(before) :]


async def test_an_uncovered_release_is_refused_before_anything_is_sent(shared_pluto: Pluto) -> None:
    before = shared_pluto.text()
    with pytest.raises(UnknownRelease, match=r"'9[.]9'"):
        async with open_pluto(shared_pluto.socket, release="9.9"):
            pass
    assert shared_pluto.text() == before


async def test_events_and_a_consumer_who_takes_none(shared_pluto: Pluto) -> None:
    """A listing of which nothing is taken is drained all the same; what did not fit is counted."""
    async with open_pluto(shared_pluto.socket, buffer=5) as pluto:
        async with pluto.status() as operation:
            await trio.testing.wait_all_tasks_blocked(0.2)
            other = await pluto.up("nosuch")
            assert other.code == 21
            events = [event async for event in operation]
        assert operation.outcome.ok
        assert all(isinstance(event, Log) for event in events[:5])
        (dropped,) = (event for event in events if isinstance(event, Dropped))
        assert dropped.count > 50
        whole = len(await pluto.replies(c.Status()))
        assert abs(whole - 5 - dropped.count) <= 2


async def test_giving_an_operation_up_leaves_no_socket(shared_pluto: Pluto) -> None:
    silent_peer(shared_pluto.namespace, EAST)
    shared_pluto.load(connection("early"))
    async with open_pluto(shared_pluto.socket) as pluto:
        before = sorted(os.listdir("/proc/self/fd"))
        async with pluto.up("early") as operation:
            assert isinstance(await anext(operation), Initiating)
            operation.cancel()
        gc.collect()
        assert sorted(os.listdir("/proc/self/fd")) == before
        assert operation.outcome.result is Result.CANCELLED
        assert operation.outcome.left_behind is not None
        assert pluto.slots.abandoned == 1
        assert (await pluto.down("early")).ok
        assert pluto.slots.abandoned == 0
        wait_until(lambda: "early" not in shared_pluto.whack("--trafficstatus").stdout)


async def test_the_peer_has_no_such_connection() -> None:
    with gateways() as (west, _):
        west.load(connection("a"))
        async with open_pluto(west.socket) as pluto:
            outcome = await pluto.up("a", timeout=3)
            assert outcome.result is Result.NO_PROPOSAL
            assert outcome.notification == "NO_PROPOSAL_CHOSEN"
            assert not outcome.retryable
            await pluto.down("a")


async def test_a_release_that_pluto_plainly_is_not_is_refused(shared_pluto: Pluto) -> None:
    """A message for 5.2 would be misread by this 4.10, so the caller's word is not taken against pluto's own. 4.15 has
    the same messages, and other faults to be spared."""
    before = shared_pluto.text()
    for wrong in ("5.2", "5.4", "3.27", "4.3", "4.15"):
        with pytest.raises(UsageError, match=r"4\.10"):
            async with open_pluto(shared_pluto.socket, release=wrong):
                pass
    async with open_pluto(shared_pluto.socket, release="4.10") as pluto:
        assert (await pluto.up("nosuch")).code == 21
    assert "bad magic" not in shared_pluto.text()[len(before) :]
