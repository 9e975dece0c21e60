"""Requests sent ahead of reading: what becomes of those that a run's end catches on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from autod.bulk.call import run_with
from autod.bulk.options import Options
from autod.bulk.sprint import AHEAD
from autod.outcomes import Outcome, Result
from tests.autod.bulk.scripted import Scripted, ends, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio.testing import MockClock

    from autod.events import Event
    from tests.autod.bulk.scripted import Script


class Quick(Scripted):
    """Answers at once, until its backlog is full: `backlog` requests after the start, and never more."""

    backlog = 3
    silent = False
    is_quick = True

    def __init__(self, scripts: dict[str, list[Script]]) -> None:
        super().__init__(scripts)
        self.sent: list[str] = []
        self.dropped: list[str] = []
        self.full = trio.Event()

    async def turn(self) -> None:
        if not self.sent:
            return
        self.full.set()
        await trio.sleep_forever()

    def begin(self, name: str) -> bool:
        if len(self.sent) == self.backlog:
            return False
        self.sent.append(name)
        return True

    def finish(self, name: str, *, patient: bool) -> bool:
        return not self.silent

    def outcomes(self, names: Sequence[str]) -> list[tuple[Sequence[Event], Outcome | None]]:
        return [((), outcome(name, Result.UNKNOWN)) for name in names]

    def drop(self, name: str) -> None:
        self.dropped.append(name)


def scripts(count: int) -> dict[str, list[Script]]:
    return {f"c{number}": [ends(Result.UNKNOWN, 1000.0)] for number in range(count)}


async def test_all_are_answered_and_sent_once(autojump_clock: MockClock) -> None:
    """More than are sent ahead, in order."""
    driver = Quick(scripts(3 * AHEAD + 1))
    driver.backlog = 1000
    async with run_with(driver, "route", list(driver.scripts), Options()) as run:
        _ = [event async for event in run]
    assert driver.sent == list(driver.scripts)
    assert run.result.summary.failed == {"unknown": tuple(driver.scripts)}


async def test_what_a_run_that_ended_had_not_sent_was_not_begun(autojump_clock: MockClock) -> None:
    """The one that waited for its turn, and those behind it; what was sent is pluto's now."""
    driver = Quick(scripts(6))
    async with run_with(driver, "route", list(driver.scripts), Options()) as run:
        await driver.full.wait()
        run.cancel()
        _ = [event async for event in run]
    states = {name: result.state.value for name, result in run.result.results.items()}
    assert driver.dropped == driver.sent == ["c0", "c1", "c2"]
    assert states == dict.fromkeys(driver.sent, "unknown") | dict.fromkeys(["c3", "c4", "c5"], "not-started")
    assert "was not begun" in run.result.results["c3"].sentence


async def test_unanswered_requests_go_the_way_with_patience(autojump_clock: MockClock) -> None:
    """Nothing of them is sent again, and each gets what `attempt` found."""
    driver = Quick({name: [ends(Result.ROUTED, 5.0)] for name in ("a", "b")})
    driver.backlog, driver.silent = 1000, True
    async with run_with(driver, "route", ["a", "b"], Options()) as run:
        _ = [event async for event in run]
    assert driver.sent == ["a", "b"]
    assert sorted(name for _, name in driver.attempts) == ["a", "b"]
    assert run.result.ok
    assert run.result.summary.seconds >= 5.0
