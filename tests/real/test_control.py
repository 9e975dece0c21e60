"""The exchange with this machine's own pluto: many at once, idle, busy, stalled, killed; a consumer that is stuck."""

from __future__ import annotations

import math
import os
import resource
import time
from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from autod.errors import NoSocket, PlutoReplaced
from autod.exchange.control import Control, Ending
from autod.exchange.descriptors import RESERVE
from autod.identify.detect import detect
from autod.protocol.commands import Initiate, Status, Terminate
from autod.protocol.encode import encode
from tests.real.plutos import EAST, WEST, connection, gateway, silent_peer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply
    from tests.real.plutos import Pluto


LOADED = 5000
STALL = 1.0


@pytest.fixture(scope="module")
def loaded_pluto() -> Iterator[Pluto]:
    """A pluto with 5,000 connections loaded, whose --status takes it 0.3 s."""
    with gateway(label="loaded") as pluto:
        pluto.load(
            *(
                connection(f"c{number}", right=f"10.{number >> 8}.{number & 255}.1")
                for number in range(LOADED)
            )
        )
        yield pluto


async def control_of(pluto: Pluto, *, limit: int = 64) -> tuple[Control, Release]:
    found = await detect(pluto.socket)
    return (
        Control(
            pluto.socket,
            codes=found.release.codes,
            seqpacket=found.seqpacket,
            pluto=found.pluto,
            limit=limit,
        ),
        found.release,
    )


class Crowd:
    """Many requests at once, each for a name that pluto does not know and names in its answer."""

    def __init__(self, control: Control, release: Release, count: int) -> None:
        self.control, self.count = control, count
        self.messages = [encode(Initiate(f"nobody{number}"), release) for number in range(count)]
        self.called: list[int] = []
        self.answered: list[int] = []

    async def ask(self) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(self.count):
                nursery.start_soon(self._one, number)

    async def _one(self, number: int) -> None:
        self.called.append(number)
        replies: list[Reply] = []
        ending = await self.control.exchange(self.messages[number], replies.extend)
        assert ending is Ending.EOF
        assert f'no connection named "nobody{number}"' in replies[-1].text
        self.answered.append(number)

    def carried_out(self, pluto: Pluto, before: int) -> list[int]:
        """The numbers in the order in which pluto carried the requests out, by its log since `before`."""
        words = "initiating all conns with alias='nobody"
        return [
            int(line.partition(words)[2].partition("'")[0])
            for line in pluto.text()[before:].splitlines()
            if words in line
        ]


@pytest.mark.parametrize("count", [200, 1000])
async def test_an_idle_pluto_answers_every_one_of_many_in_the_order_of_the_calls(
    loaded_pluto: Pluto, count: int
) -> None:
    control, release = await control_of(loaded_pluto)
    crowd = Crowd(control, release, count)
    before = len(loaded_pluto.text())
    await crowd.ask()
    assert sorted(crowd.answered) == list(range(count))
    assert crowd.carried_out(loaded_pluto, before) == crowd.called


@pytest.mark.parametrize("count", [200, 1000])
async def test_a_busy_pluto_answers_every_one_of_many(loaded_pluto: Pluto, count: int) -> None:
    """Four status replies of 7.5 MB are under way among the requests."""
    control, release = await control_of(loaded_pluto)
    crowd = Crowd(control, release, count)
    before = len(loaded_pluto.text())
    lines = 0

    def count_lines(replies: list[Reply]) -> None:
        nonlocal lines
        lines += len(replies)

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(control.exchange, encode(Status(), release), count_lines)
        await wait_all_tasks_blocked()
        await crowd.ask()
    assert sorted(crowd.answered) == list(range(count))
    assert crowd.carried_out(loaded_pluto, before) == crowd.called
    assert lines > 4 * 17 * LOADED


@pytest.mark.parametrize("count", [200, 1000])
async def test_a_stalled_pluto_is_waited_for_at_next_to_no_cost(loaded_pluto: Pluto, count: int) -> None:
    """While pluto stands still, the client uses next to no processor time: it does not poll."""
    control, release = await control_of(loaded_pluto)
    crowd = Crowd(control, release, count)
    before = len(loaded_pluto.text())
    loaded_pluto.stop()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.ask)
            await wait_all_tasks_blocked(0.001)
            assert len(crowd.called) == count
            used = time.process_time()
            await trio.sleep(STALL)
            used = time.process_time() - used
            assert crowd.answered == []
            loaded_pluto.cont()
    finally:
        loaded_pluto.cont()
    assert used < 0.2 * STALL
    assert sorted(crowd.answered) == list(range(count))
    assert crowd.carried_out(loaded_pluto, before) == crowd.called


async def test_a_consumer_that_is_stuck_does_not_hold_pluto(loaded_pluto: Pluto) -> None:
    """The replies of a full status are put aside and looked at by nobody: pluto is through with it as soon as it
    can be, and another client, who asked in the middle of it, is answered then."""
    control, release = await control_of(loaded_pluto)
    aside: list[list[Reply]] = []
    begun = trio.Event()
    status_ended = other_ended = math.inf

    def put_aside(replies: list[Reply]) -> None:
        aside.append(replies)
        begun.set()

    async def status() -> None:
        nonlocal status_ended
        await control.exchange(encode(Status(), release), put_aside)
        status_ended = trio.current_time()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(status)
        await begun.wait()
        with trio.fail_after(90):
            await control.exchange(encode(Initiate("nobody"), release), lambda _: None)
        other_ended = trio.current_time()
    assert other_ended - status_ended < 5
    assert sum(map(len, aside)) > 17 * LOADED


async def test_a_cancelled_request_leaves_pluto_well_and_no_descriptor_here(shared_pluto: Pluto) -> None:
    """Given up while pluto stands still: those in its backlog are carried out later, the others never."""
    control, release = await control_of(shared_pluto)
    crowd = Crowd(control, release, 20)
    open_before, log_before = len(os.listdir("/proc/self/fd")), len(shared_pluto.text())
    shared_pluto.stop()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.ask)
            await wait_all_tasks_blocked(0.01)
            nursery.cancel_scope.cancel()
        assert len(os.listdir("/proc/self/fd")) == open_before
    finally:
        shared_pluto.cont()
    await control.exchange(encode(Initiate("nobody777"), release), lambda _: None)
    wait_until(lambda: "nobody777" in shared_pluto.text()[log_before:], what="the last request")
    assert crowd.carried_out(shared_pluto, log_before) == [*crowd.called[:6], 777]


async def test_a_pluto_killed_midway_is_gone(pluto: Pluto) -> None:
    control, release = await control_of(pluto)
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    replies: list[Reply] = []

    def killed_at_the_first_retransmission(some: list[Reply]) -> None:
        replies.extend(some)
        if any("retransmission" in reply.text for reply in some):
            pluto.kill()

    with trio.fail_after(90):
        ending = await control.exchange(
            encode(Initiate("a"), release), killed_at_the_first_retransmission, holds_descriptor=True
        )
    assert ending is Ending.GONE
    assert any('"a" #1' in reply.text for reply in replies)
    with pytest.raises(NoSocket, match="nobody listens there"):
        await control.exchange(encode(Status(), release), lambda _: None)


async def test_a_pluto_killed_before_it_read_the_request_is_gone(pluto: Pluto) -> None:
    control, release = await control_of(pluto)
    pluto.stop()
    ending: list[Ending] = []
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            ending.append(await control.exchange(encode(Status(), release), lambda _: None))

        nursery.start_soon(ask)
        await wait_all_tasks_blocked(0.01)
        pluto.kill()
    assert ending == [Ending.GONE]


async def test_a_restarted_pluto_gets_nothing_that_was_meant_for_the_one_before(pluto: Pluto) -> None:
    control, release = await control_of(pluto)
    pluto.restart()
    before = len(pluto.text())
    with pytest.raises(PlutoReplaced):
        await control.exchange(encode(Initiate("nobody1"), release), lambda _: None)
    control, release = await control_of(pluto)
    await control.exchange(encode(Initiate("nobody2"), release), lambda _: None)
    assert "nobody1" not in pluto.text()[before:]
    assert "nobody2" in pluto.text()[before:]


async def test_plutos_descriptors_are_counted_as_it_holds_them() -> None:
    """Ups of silent peers by two clients: together no more at once than pluto's limit less the reserve; what is left
    behind still counts, and is free again once the connection was taken down."""
    with gateway(files=160, label="narrow") as pluto:
        silent_peer(pluto.namespace, EAST)
        pluto.load(
            *(connection(f"u{number}", leftid=f"@w{number}", rightid=f"@e{number}") for number in range(100))
        )
        control, release = await control_of(pluto, limit=1000)
        other, _ = await control_of(pluto, limit=1000)
        await control.exchange(encode(Status(), release), lambda _: None)
        idle = pluto.descriptors()
        started: set[str] = set()

        async def up(client: Control, name: str) -> None:
            def note(_: list[Reply]) -> None:
                started.add(name)

            await client.exchange(encode(Initiate(name), release), note, holds_descriptor=True, holder=name)

        highest = 0
        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(up, control if number % 2 else other, f"u{number}")
            for _ in range(40):
                await trio.sleep(0.05)
                highest = max(highest, pluto.descriptors())
            await control.exchange(encode(Status(), release), lambda _: None)
            with trio.fail_after(60):
                # Not before it has heard of all that it may begin.
                while not idle + 20 < pluto.descriptors() == idle + len(started):
                    await trio.sleep(0.05)
                    highest = max(highest, pluto.descriptors())
            assert highest <= 160 - RESERVE
            nursery.cancel_scope.cancel()
        left = {client: client.slots.abandoned for client in (control, other)}
        assert control.slots.held == other.slots.held == 0
        assert sum(left.values()) == len(started)
        held = pluto.descriptors()
        name = min(started)
        await control.exchange(encode(Terminate(name), release), lambda _: None)
        assert control.slots.released(name) + other.slots.released(name) == 1
        wait_until(lambda: pluto.descriptors() == held - 1, what="pluto closing the descriptor")


async def test_the_limit_of_a_pluto_that_says_so_is_the_ceiling(shared_pluto: Pluto) -> None:
    control, release = await control_of(shared_pluto, limit=10**9)
    await control.exchange(encode(Status(), release), lambda _: None)
    soft, _ = resource.prlimit(shared_pluto.pid, resource.RLIMIT_NOFILE)
    assert control.places(holds_descriptor=True, planned=0) <= control.slots.ceiling == soft - RESERVE


async def test_two_gateways_bring_an_ike_sa_up_with_the_stream_to_its_end(
    two_gateways: tuple[Pluto, Pluto],
) -> None:
    west, east = two_gateways
    west.load(connection("a"))
    east.load(connection("a"))
    control, release = await control_of(west)
    replies: list[Reply] = []
    with trio.fail_after(90):
        ending = await control.exchange(encode(Initiate("a"), release), replies.extend, holds_descriptor=True)
    assert ending is Ending.EOF
    assert any(f"{WEST}" in reply.text or "initiating IKEv2 connection" in reply.text for reply in replies)
    assert (control.slots.held, control.slots.abandoned) == (0, 0)
