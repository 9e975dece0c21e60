"""The bound on requests that hold a descriptor in pluto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from autod.exchange.descriptors import SHARED
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


class Told:
    """A gauge that says what it is told to, and counts what it hears."""

    ceiling = 960

    def __init__(self, spare: int) -> None:
        self.free = spare
        self.unheard: list[int] = []
        self.given = self.left = self.given_later = 0

    def spare(self, unheard: int) -> int:
        self.unheard.append(unheard)
        return self.free

    def take(self) -> bool:
        self.free -= 1
        return self.free >= 0

    def give(self) -> None:
        self.given += 1

    def leave(self) -> None:
        self.left += 1

    def give_left(self) -> None:
        self.given_later += 1


async def test_no_more_are_let_in_than_pluto_can_bear(autojump_clock: MockClock) -> None:
    """Also where others gave nothing back that we would hear of: it is looked at again."""
    gauge = Told(2)
    slots = Slots(64, gauge=gauge)
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 3)
        assert admitted == [0, 1]
        gauge.free = 1
        await trio.sleep(1)
        assert admitted == [0, 1, 2]
        nursery.cancel_scope.cancel()


async def test_the_gauge_hears_what_pluto_has_not_taken_yet_and_what_becomes_of_each() -> None:
    gauge = Told(9)
    slots = Slots(64, gauge=gauge)
    for _ in range(3):
        await slots.acquire()
    assert gauge.unheard[-1] == 2
    slots.heard()
    slots.release(heard=True)
    slots.abandon("a")
    slots.abandon("b")
    assert slots.room == 6
    assert gauge.unheard[-1] == 0
    assert (gauge.given, gauge.left, gauge.given_later) == (1, 2, 0)
    slots.released("a")
    assert gauge.given_later == 1
    slots.forget()
    assert gauge.given_later == 2


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


async def test_only_who_waits_is_let_past_where_the_turn_is_anothers() -> None:
    slots = Slots(2)
    assert slots.acquire_nowait() is True
    await slots.acquire()
    assert slots.acquire_nowait() is False
    slots.limit = 4
    await slots.take_turn()
    assert slots.acquire_nowait() is False
    slots.end_turn()
    assert slots.acquire_nowait() is True
    assert slots.held == 4


@pytest.mark.parametrize("spare", [0, -3])
async def test_one_request_is_allowed_where_our_own_descriptors_are_used_up_and_none_is_under_way(
    spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots(64)
    monkeypatch.setattr(slots._own, "spare", lambda: spare)
    assert (slots.bearable, slots.room) == (1, 1)
    await slots.acquire()
    assert (slots.bearable, slots.room) == (spare, 0)
    slots.release()
    assert slots.room == 1
    slots.bound_by(Told(0))
    assert slots.room == 0


def test_the_most_there_may_be_is_what_the_gauge_says() -> None:
    assert Slots().ceiling == SHARED
    assert Slots(2, gauge=Told(1)).ceiling == 960


@pytest.mark.parametrize("way", ["release", "released", "forget", "limit", "bound_by"])
async def test_who_waits_hears_at_once_of_a_place(way: str, mock_clock: MockClock) -> None:
    """The clock stands still, so nothing is looked at again."""
    slots = Slots(2, gauge=Told(2))
    for _ in range(2):
        await slots.acquire()
    slots.abandon("a")
    slots.gauge.free = 5 if way != "bound_by" else 0  # type: ignore[union-attr]
    if way == "bound_by":
        slots.limit = 9
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 1)
        assert admitted == []
        match way:
            case "release":
                slots.release()
            case "released":
                slots.released("a")
            case "forget":
                slots.forget()
            case "limit":
                slots.limit = 3
            case _:
                slots.bound_by(Told(5))
        await wait_all_tasks_blocked()
        assert admitted == [0]


async def test_to_abandon_a_slot_frees_it_for_nobody_but_wakes_who_must_know_until_when(
    autojump_clock: MockClock,
) -> None:
    slots = Slots(1)
    await slots.acquire()
    async with trio.open_nursery() as nursery:
        admitted = await _waiters(nursery, slots, 1)
        await trio.sleep(5)
        slots.abandon("a")
        await trio.sleep(HELD - 1)
        assert admitted == []
        await trio.sleep(1.1)
        assert admitted == [0]


async def test_our_own_count_is_what_pluto_has_not_taken_yet() -> None:
    gauge = Told(9)
    slots = Slots(64, gauge=gauge)
    for _ in range(4):
        await slots.acquire()
    slots.heard()
    slots.release(heard=True)
    slots.release()
    slots.abandon(heard=False)
    assert slots.bearable > 0
    assert gauge.unheard[-1] == 1
    slots.heard()
    slots.abandon(heard=True)
    assert slots.bearable > 0
    assert gauge.unheard[-1] == 0
    assert (slots.held, slots.abandoned) == (0, 2)


def test_what_the_caller_wants_is_told() -> None:
    slots = Slots(7)
    slots.limit = 9
    assert slots.limit == 9
