"""The bound on requests that hold a descriptor in pluto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from autod.exchange.slots import HELD, Slots

if TYPE_CHECKING:
    from trio.testing import MockClock


async def _waiters(nursery: trio.Nursery, slots: Slots, count: int) -> list[int]:
    """`count` tasks that want a slot, in this order; the list fills as they get one."""
    admitted: list[int] = []

    async def want(number: int) -> None:
        await slots.acquire()
        admitted.append(number)

    for number in range(count):
        nursery.start_soon(want, number)
        await wait_all_tasks_blocked()
    return admitted


async def test_no_more_than_the_limit_are_let_in_and_in_the_order_of_the_calls() -> None:
    slots = Slots(2)
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 5)
        for expected in (2, 3, 4, 5):
            assert admitted == list(range(expected))
            assert slots.held == 2
            if expected < 5:
                slots.release()
                await wait_all_tasks_blocked()


async def test_a_raised_limit_lets_waiters_in_at_once_and_a_lowered_one_takes_nothing_away() -> None:
    slots = Slots(1)
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 4)
        slots.limit = 3
        await wait_all_tasks_blocked()
        assert admitted == [0, 1, 2]
        slots.limit = 1
        slots.release()
        slots.release()
        await wait_all_tasks_blocked()
        assert admitted == [0, 1, 2]
        slots.release()
        await wait_all_tasks_blocked()
        assert admitted == [0, 1, 2, 3]


async def test_plutos_own_limit_is_a_ceiling_but_one_is_always_allowed() -> None:
    slots = Slots(64, ceiling=10)
    assert slots.limit == 10
    slots.limit = 5
    assert slots.limit == 5
    slots.ceiling = -3
    assert slots.limit == 1
    slots.ceiling = None
    assert slots.limit == 5


async def test_an_abandoned_slot_stays_counted_until_pluto_must_have_let_go(
    autojump_clock: MockClock,
) -> None:
    slots = Slots(1)
    await slots.acquire()
    slots.abandon("a")
    assert (slots.held, slots.abandoned) == (0, 1)
    begun = trio.current_time()
    await slots.acquire()
    assert trio.current_time() - begun == pytest.approx(HELD)
    assert (slots.held, slots.abandoned) == (1, 0)


async def test_an_abandoned_slot_is_free_once_its_holder_is_released() -> None:
    slots = Slots(2)
    await slots.acquire()
    await slots.acquire()
    slots.abandon("a")
    slots.abandon("b")
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 1)
        assert slots.released("c") == 0
        await wait_all_tasks_blocked()
        assert admitted == []
        assert slots.released("b") == 1
        await wait_all_tasks_blocked()
        assert admitted == [0]
        assert slots.abandoned == 1


async def test_all_abandoned_slots_are_free_once_pluto_is_gone() -> None:
    slots = Slots(2)
    await slots.acquire()
    slots.abandon()
    slots.forget()
    assert slots.abandoned == 0


async def test_who_is_cancelled_while_waiting_takes_no_slot_and_blocks_nobody() -> None:
    slots = Slots(1)
    await slots.acquire()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as first:
            first.cancel()
            await slots.acquire()
        assert first.cancelled_caught
        assert slots.held == 1
        admitted = await _waiters(nursery, slots, 1)
        slots.release()
        await wait_all_tasks_blocked()
        assert admitted == [0]


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Slots(0)
