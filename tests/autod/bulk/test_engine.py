"""The course of a run, on a scripted pluto and a clock that jumps."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from autod.bulk import Backoff, ResultState
from autod.bulk.call import run_with
from autod.bulk.engine import Run
from autod.bulk.events import (
    Admitted,
    Ended,
    Lost,
    Missed,
    PlutoBack,
    PlutoLost,
    Retrying,
    Said,
    Watching,
    render,
)
from autod.bulk.options import Options
from autod.bulk.result import Summary
from autod.errors import DeadlinePassed
from autod.events import Retransmission
from autod.outcomes import Outcome, Result
from autod.protocol.errors import UsageError
from tests.autod.bulk.scripted import Scripted, ends, hangs, outcome, retransmits, up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from autod.bulk.events import BulkEvent
    from autod.events import Event


async def play(driver: Scripted, operation: str = "up", **options: object) -> tuple[Run, list[BulkEvent]]:
    async with run_with(driver, operation, list(driver.scripts), Options(**options)) as run:  # type: ignore[arg-type]
        seen = [event async for event in run]
    return run, seen


def states(run: Run) -> dict[str, str]:
    return {name: result.state.value for name, result in run.result.results.items()}


async def test_each_connection_gets_its_own_result(autojump_clock: MockClock) -> None:
    """Good and bad side by side."""
    driver = Scripted(
        {"good": [up()], "bad": [ends(Result.AUTHENTICATION_FAILED)], "odd": [ends(Result.UNKNOWN)]}
    )
    run, _ = await play(driver)
    assert states(run) == {"good": "done", "bad": "failed", "odd": "failed"}
    assert run.result.summary.failed == {"authentication_failed": ("bad",), "unknown": ("odd",)}
    assert run.result.exit_status == 1


async def test_what_is_up_already_is_left_alone(autojump_clock: MockClock) -> None:
    """pluto would add one more Child SA each time; nothing is sent."""
    driver = Scripted({"a": [up()], "b": [up()]}, up={"a"})
    run, _ = await play(driver)
    assert states(run) == {"a": "already", "b": "done"}
    assert [name for _, name in driver.attempts] == ["b"]
    assert run.result.ok


async def test_without_if_down_all_are_initiated(autojump_clock: MockClock) -> None:
    """The caller asked for one more Child SA."""
    driver = Scripted({"a": [up()]}, up={"a"})
    await play(driver, if_down=False)
    assert [name for _, name in driver.attempts] == ["a"]


async def test_no_more_in_flight_than_the_limit(autojump_clock: MockClock) -> None:
    """And as many as that."""
    driver = Scripted({f"c{number}": [up()] for number in range(50)})
    run, _ = await play(driver, limit=7)
    assert driver.highest == 7
    assert run.result.summary.done == 50


async def test_no_more_in_flight_than_pluto_has_descriptors_for(autojump_clock: MockClock) -> None:
    """Whatever limit was asked for; what was given up before still holds its own."""
    driver = Scripted({f"c{number}": [up()] for number in range(50)}, ceiling=10, abandoned=4)
    await play(driver, limit=40)
    assert driver.highest == 6


async def test_silent_peers_do_not_hold_the_others_up(autojump_clock: MockClock) -> None:
    """Attempts that only retransmit give their places to others: 200 silent ones do not cost 64 s each."""
    scripts = {f"silent{number}": [retransmits] for number in range(200)}
    driver = Scripted(scripts | {f"good{number}": [up()] for number in range(40)})
    run, seen = await play(driver)
    good = [event.time for event in seen if isinstance(event, Ended) and event.state == "done"]
    first = next(event.time for event in seen if isinstance(event, Admitted))
    assert run.result.summary.done == 40
    assert max(good) - first < 30
    assert run.result.summary.retransmissions == 1400


async def test_a_limit_that_was_named_holds_for_silent_peers_too(autojump_clock: MockClock) -> None:
    """The caller meant it."""
    driver = Scripted({f"silent{number}": [retransmits] for number in range(20)})
    await play(driver, limit=8)
    assert driver.highest == 8


async def test_a_failure_that_may_pass_is_tried_again(autojump_clock: MockClock) -> None:
    """With a back-off, and as often as asked."""
    driver = Scripted({"a": [ends(Result.PEER_SILENT, 1.0), ends(Result.PEER_SILENT, 1.0), up(1.0)]})
    run, seen = await play(driver, backoff=Backoff(3, first=4.0), draw=lambda: 1.0)
    assert states(run) == {"a": "done"}
    assert [event.delay for event in seen if isinstance(event, Retrying)] == [4.0, 8.0]
    assert [attempt.cause for attempt in run.result.results["a"].attempts] == [
        "peer_silent",
        "peer_silent",
        "",
    ]


async def test_a_failure_that_cannot_pass_is_not(autojump_clock: MockClock) -> None:
    """Asking again changes nothing."""
    driver = Scripted({"a": [ends(Result.AUTHENTICATION_FAILED)]})
    run, _ = await play(driver, backoff=Backoff(5))
    assert len(run.result.results["a"].attempts) == 1


async def test_on_failure_down_takes_down_what_is_left(autojump_clock: MockClock) -> None:
    """And only where something is."""
    driver = Scripted({"a": [ends(Result.PEER_SILENT)], "b": [ends(Result.UNKNOWN)], "c": [up()]})
    await play(driver, on_failure="down")
    assert driver.downs == ["a"]


async def test_a_pending_request_of_another_is_waited_for(autojump_clock: MockClock) -> None:
    """An end without a line is not done: the state tells, with one look for all who wait."""
    driver = Scripted({f"c{number}": [ends(Result.ALREADY_NEGOTIATING, 0.001)] for number in range(20)})
    async with trio.open_nursery() as nursery:

        async def other() -> None:
            await trio.sleep(5)
            driver.up.update(driver.scripts)

        nursery.start_soon(other)
        run, seen = await play(driver)
    assert set(states(run).values()) == {"done"}
    assert sum(isinstance(event, Watching) for event in seen) == 20
    assert driver.looks < 10
    assert run.result.summary.seconds < 7


async def test_a_pending_request_that_failed_is_taken_over(autojump_clock: MockClock) -> None:
    """It is asked for again: pluto says at once if it is still pending, else begins."""
    driver = Scripted({"a": [ends(Result.ALREADY_NEGOTIATING, 0.001), ends(Result.AUTHENTICATION_FAILED)]})
    run, _ = await play(driver)
    assert run.result.results["a"].cause == "authentication_failed"
    assert run.result.summary.seconds < 15


async def test_a_request_that_stays_pending_is_not_waited_for_for_ever(autojump_clock: MockClock) -> None:
    """pluto gives up after 64 s."""
    driver = Scripted({"a": [ends(Result.ALREADY_NEGOTIATING, 0.001)]})
    run, _ = await play(driver)
    assert states(run) == {"a": "failed"}
    assert run.result.results["a"].outcome.left_behind.startswith("pluto may go on negotiating")
    assert 60 < run.result.summary.seconds < 90


async def test_asynchronous_ends_when_all_are_taken(autojump_clock: MockClock) -> None:
    """And says how many."""
    driver = Scripted({f"c{number}": [ends(Result.ACCEPTED, 0.001)] for number in range(9)})
    run, _ = await play(driver, asynchronous=True)
    assert run.result.summary.taken == 9
    assert run.result.ok


async def test_asynchronous_and_wait_ends_when_all_are_up(autojump_clock: MockClock) -> None:
    """Taken at once, then watched, each within its timeout."""
    driver = Scripted({"a": [ends(Result.ACCEPTED, 0.001, state=True)], "b": [ends(Result.ACCEPTED, 0.001)]})
    run, _ = await play(driver, asynchronous=True, wait=True, timeout=20.0)
    assert states(run) == {"a": "done", "b": "failed"}
    assert run.result.results["b"].cause == "deadline"
    assert 20 <= run.result.summary.seconds < 23


async def test_the_deadline_ends_the_run(autojump_clock: MockClock) -> None:
    """What is in flight has failed by it, what was not begun says so, what is done stays done."""
    driver = Scripted({"a": [up()], "b": [hangs], "c": [up()]})
    run, _ = await play(driver, limit=1, deadline=10.0)
    assert states(run) == {"a": "done", "b": "failed", "c": "not-started"}
    assert run.result.summary.failed == {"deadline": ("b",)}
    assert run.result.exit_status == 124
    assert run.result.summary.seconds == pytest.approx(10, abs=0.1)


async def test_after_stop_admitting_what_is_in_flight_goes_on(autojump_clock: MockClock) -> None:
    """And nothing new begins."""
    driver = Scripted({"a": [up(5)], "b": [up(5)], "c": [up(5)]})
    async with run_with(driver, "up", list(driver.scripts), Options(limit=2)) as run:
        await trio.sleep(1)
        assert run.in_flight == ("a", "b")
        run.stop_admitting()
    assert states(run) == {"a": "done", "b": "done", "c": "not-started"}
    assert run.result.summary.interrupted


async def test_cancel_ends_at_once_and_names_what_was_in_flight(autojump_clock: MockClock) -> None:
    """pluto goes on with it."""
    driver = Scripted({"a": [up(1)], "b": [hangs], "c": [up(1)]})
    async with run_with(driver, "up", list(driver.scripts), Options(limit=1)) as run:
        await trio.sleep(3)
        run.cancel()
    assert states(run) == {"a": "done", "b": "unknown", "c": "not-started"}
    assert run.result.summary.unknown == ("b",)


async def test_a_fault_of_ours_with_one_connection_leaves_the_others_alone(autojump_clock: MockClock) -> None:
    """It is that connection's result, with what was raised."""

    async def breaks(driver: Scripted, name: str, observe: object) -> Outcome:
        await trio.sleep(0.1)
        raise TypeError("no such field")

    driver = Scripted({"a": [up(1)], "b": [breaks], **{f"c{number}": [up(1)] for number in range(40)}})
    run, _ = await play(driver)
    assert states(run).pop("b") == "failed"
    assert list(states(run).values()).count("done") == 41
    assert "TypeError: no such field" in run.result.results["b"].sentence
    assert driver.flying == 0


async def test_an_error_in_the_callers_block_ends_the_run(autojump_clock: MockClock) -> None:
    """Bare, and no task stays behind."""
    driver = Scripted({"a": [hangs]})

    async def block() -> None:
        async with run_with(driver, "up", ["a"], Options()):
            await trio.sleep(1)
            raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        await block()
    assert driver.flying == 0


async def test_a_restarted_pluto_gets_everything_again(autojump_clock: MockClock) -> None:
    """What was in flight is taken up again, and so is what was up and is not any more."""
    driver = Scripted({f"c{number}": [up(1)] for number in range(30)})
    async with trio.open_nursery() as nursery:

        async def accident() -> None:
            await trio.sleep(2.5)
            driver.die()
            await trio.sleep(4)
            driver.rise()

        nursery.start_soon(accident)
        run, seen = await play(driver, limit=8)
    assert set(states(run).values()) == {"done"}
    assert driver.up == set(driver.scripts)
    assert run.result.summary.restarts == 1
    (lost,) = (event for event in seen if isinstance(event, PlutoLost))
    assert len(lost.in_flight) == 8
    assert sum(isinstance(event, PlutoBack) for event in seen) == 1
    assert sum(isinstance(event, Lost) for event in seen) == 16


async def test_a_connection_that_kills_pluto_is_asked_for_three_times(autojump_clock: MockClock) -> None:
    """pluto is started anew each time; the others come up all the same."""

    async def kills(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
        driver.die()
        driver.rise()
        return await ends(Result.UP)(driver, name, observe)

    driver = Scripted({"bad": [kills], "good": [up(1)]})
    with trio.fail_after(300):
        run, _ = await play(driver)
    assert states(run) == {"bad": "failed", "good": "done"}
    assert [name for _, name in driver.attempts].count("bad") == 3
    assert "pluto went away 3 times" in run.result.results["bad"].sentence


async def test_a_pluto_that_stays_away_leaves_nothing_counted_up(autojump_clock: MockClock) -> None:
    """After a minute; also what was up before it went."""
    driver = Scripted({f"c{number}": [up(1)] for number in range(4)})
    async with trio.open_nursery() as nursery:

        async def accident() -> None:
            await trio.sleep(1.5)
            driver.die()

        nursery.start_soon(accident)
        run, _ = await play(driver, limit=2)
    assert set(states(run).values()) == {"failed"}
    assert list(run.result.summary.failed) == ["pluto_gone"]
    assert 60 <= run.result.summary.seconds < 65


async def test_a_pluto_that_never_answers_the_first_look_ends_the_run(autojump_clock: MockClock) -> None:
    """What nobody could be asked about is not begun, and said to be so."""
    driver = Scripted({"a": [up()], "b": [up()]}, alive=False)
    with trio.fail_after(300):
        run, _ = await play(driver)
    assert states(run) == {"a": "failed", "b": "failed"}
    assert run.result.summary.failed == {"pluto_gone": ("a", "b")}
    assert driver.attempts == []


async def test_a_run_that_is_stopped_before_its_first_look_is_answered_ends_at_once(
    autojump_clock: MockClock,
) -> None:
    """With nothing in flight there is nothing to wait for."""
    driver = Scripted({"a": [up()]}, alive=False)
    async with run_with(driver, "up", ["a"], Options()) as run:
        await trio.sleep(1)
        run.stop_admitting()
        begun = trio.current_time()
        assert [event async for event in run]
    assert states(run) == {"a": "not-started"}
    assert trio.current_time() == begun


async def test_a_pluto_that_goes_away_while_a_stopped_run_ends_is_not_waited_for(
    autojump_clock: MockClock,
) -> None:
    driver = Scripted({"a": [up(4.0)], "b": [up()]})
    async with run_with(driver, "up", ["a", "b"], Options(limit=1)) as run:
        await trio.sleep(2)
        run.stop_admitting()
        driver.die()
        assert [event async for event in run]
    assert states(run) == {"a": "failed", "b": "not-started"}
    assert trio.current_time() < 10


async def test_after_a_restart_an_unknown_name_may_still_be_loading(autojump_clock: MockClock) -> None:
    """pluto's own addconn needs a moment."""
    driver = Scripted({"a": [hangs, ends(Result.UNKNOWN, 0.01), ends(Result.NOT_LISTENING, 0.01), up()]})

    async def first(driver: Scripted, name: str, observe: object) -> object:
        await trio.sleep(1)
        driver.die()
        driver.rise()

    driver.scripts["a"][0] = first  # type: ignore[call-overload]
    run, _ = await play(driver)
    assert states(run) == {"a": "done"}


async def test_what_was_up_and_is_not_any_more_is_not_counted_up(autojump_clock: MockClock) -> None:
    """One look at the end of the run."""
    driver = Scripted({"a": [up(1)], "b": [up(5)]})
    async with trio.open_nursery() as nursery:

        async def somebody() -> None:
            await trio.sleep(3)
            driver.up.discard("a")

        nursery.start_soon(somebody)
        run, _ = await play(driver)
    assert states(run) == {"a": "failed", "b": "done"}


async def test_what_came_up_after_it_had_failed_is_counted_up(autojump_clock: MockClock) -> None:
    """pluto went on trying, with success."""
    driver = Scripted({"a": [ends(Result.PEER_SILENT, 1.0, state=True)]})
    run, _ = await play(driver)
    assert states(run) == {"a": "done"}
    assert run.result.results["a"].sentence == '"a" is up, as pluto\'s state says'


async def test_a_down_that_did_not_last_is_not_counted_down(autojump_clock: MockClock) -> None:
    """The peer or traffic brought it up again."""
    driver = Scripted({"a": [ends(Result.DOWN)], "b": [ends(Result.DOWN, state=False)]}, up={"a", "b"})
    run, _ = await play(driver, "down")
    assert states(run) == {"a": "failed", "b": "done"}


async def test_events_are_numbered_and_the_summary_is_the_last(autojump_clock: MockClock) -> None:
    """Each with its time; what pluto says in between."""
    driver = Scripted({f"c{number}": [up()] for number in range(5)})
    run, seen = await play(driver)
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
    assert isinstance(seen[-1], Summary)
    assert seen[-1] == run.result.summary
    assert sum(isinstance(event, Said) for event in seen) == 15
    assert all(render(event).startswith(b'{"') for event in seen)


async def test_a_reader_that_does_not_read_holds_nothing_back(autojump_clock: MockClock) -> None:
    """Nor is anything needed of it."""
    driver = Scripted({f"c{number}": [up()] for number in range(5)})
    async with run_with(driver, "up", list(driver.scripts), Options()) as run:
        pass
    assert run.result.summary.done == 5


async def test_the_stretches_of_an_attempt_are_kept(autojump_clock: MockClock) -> None:
    """For the waterfall."""
    run, _ = await play(Scripted({"a": [up(2)]}))
    (attempt,) = run.result.results["a"].attempts
    assert [phase for phase, _ in attempt.phases] == ["queued", "ike-sa-init", "ike-auth"]
    assert [round(at - attempt.admitted) for _, at in attempt.phases] == [0, 0, 1]


async def test_nothing_to_do_is_done(autojump_clock: MockClock) -> None:
    """No names, no requests."""
    run, seen = await play(Scripted({}))
    assert run.result.ok
    assert isinstance(seen[-1], Summary)


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"deadline": -1}, {"limit": -1}, {"on_failure": "cry"}])
async def test_nonsense_is_refused_before_anything_is_sent(
    autojump_clock: MockClock, wrong: dict[str, object]
) -> None:
    """As usage errors."""
    driver = Scripted({"a": [up()]})
    with pytest.raises(UsageError):
        await play(driver, **wrong)
    assert not driver.attempts


KINDS = {
    "good": lambda: [up(0.3)],
    "refused": lambda: [ends(Result.AUTHENTICATION_FAILED, 0.2, state=False)],
    "silent": lambda: [retransmits],
    "unknown": lambda: [ends(Result.UNKNOWN, 0.001)],
    "pending, then up": lambda: [ends(Result.ALREADY_NEGOTIATING, 0.001, state=True)],
    "pending, then not": lambda: [ends(Result.ALREADY_NEGOTIATING, 0.001), ends(Result.CHILD_REJECTED, 0.1)],
    "flaky": lambda: [ends(Result.PEER_SILENT, 3.0), up(0.2)],
    "up late": lambda: [ends(Result.PEER_SILENT, 3.0, state=True)],
}


@settings(deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=40),
    limit=st.one_of(st.none(), st.integers(1, 50)),
    retries=st.integers(0, 2),
    death=st.one_of(st.none(), st.floats(0.1, 20)),
    seed=st.integers(0, 1000),
)
def test_every_result_equals_plutos_state(
    kinds: list[str], limit: int | None, retries: int, death: float | None, seed: int
) -> None:
    """Whatever the mixture, the limit and the moment at which pluto is restarted; and every run ends."""
    lot = random.Random(seed)
    driver = Scripted({f"{number} {kind}": KINDS[kind]() for number, kind in enumerate(kinds)})

    async def main() -> Run:
        async with trio.open_nursery() as nursery:
            if death is not None:
                nursery.start_soon(accident, death)
            run, _ = await play(driver, limit=limit, backoff=Backoff(retries), draw=lot.random)
            nursery.cancel_scope.cancel()
        return run

    async def accident(after: float) -> None:
        await trio.sleep(after)
        driver.die()
        await trio.sleep(2)
        driver.rise()

    run = trio.run(main, clock=MockClock(autojump_threshold=0))
    done = {name for name, result in run.result.results.items() if result.ok}
    assert done == driver.up
    assert len(run.result.results) == len(kinds)
    assert all(
        result.state in (ResultState.DONE, ResultState.FAILED, ResultState.ALREADY)
        for result in run.result.results.values()
    )


async def test_the_deadline_takes_down_what_it_cut_off_where_that_was_asked_for(
    autojump_clock: MockClock,
) -> None:
    """And nothing else."""
    driver = Scripted({"a": [up()], "b": [hangs], "c": [up()]})
    await play(driver, limit=1, deadline=10.0, on_failure="down")
    assert driver.downs == ["b"]


@pytest.mark.thorough
async def test_a_reader_that_is_too_slow_is_told_what_it_missed(autojump_clock: MockClock) -> None:
    """What became of each connection is never among it, and the numbers stay in order."""
    driver = Scripted({f"c{number}": [up()] for number in range(8000)})
    async with run_with(driver, "up", list(driver.scripts), Options(if_down=False)) as run:
        await trio.sleep(200)
        seen = [event async for event in run]
    missed = sum(event.count for event in seen if isinstance(event, Missed))
    assert missed + sum(isinstance(event, Said) for event in seen) == 24_000
    assert missed == run.result.summary.dropped > 0
    assert sum(isinstance(event, Ended) for event in seen) == 8000
    assert [event.sequence for event in seen] == sorted(event.sequence for event in seen)


class Slow(Scripted):
    """A look at it takes its time."""

    looks_take = 3.0

    async def established(self, patience: float | None = None) -> frozenset[str]:
        if patience is not None and patience < self.looks_take:
            await trio.sleep(patience)
            raise DeadlinePassed("pluto did not answer trafficstatus: it is busy or stopped")
        await trio.sleep(self.looks_take)
        return frozenset(self.up)


def speaks(at: float) -> Callable[[Scripted, str, Callable[[Event], None]], Awaitable[Outcome]]:
    """Pluto is heard `at` that time, and the attempt ends well after 70 s."""

    async def script(driver: Scripted, name: str, observe: Callable[[Event], None]) -> Outcome:
        await trio.sleep(at)
        observe(Retransmission(time=0.0, connection=name, wait=1.0))
        await trio.sleep(70.0 - at)
        driver.up.add(name)
        return outcome(name, Result.UP)

    return script


@pytest.mark.parametrize(("heard", "became"), [(55.0, "done"), (30.0, "failed")])
async def test_a_pluto_that_was_heard_lately_is_busy_and_not_stopped(
    autojump_clock: MockClock, heard: float, became: str
) -> None:
    """One request gets no answer until its end, and a look takes 3 s: the others go out all the same, unless nobody
    heard anything of pluto for long."""
    waiting = {f"c{number}": [up()] for number in range(5)}
    driver = Slow({"stuck": [ends(Result.DEADLINE, 60.0)], "slow": [speaks(heard)], **waiting})
    run, _ = await play(driver, limit=2, if_down=False)
    assert {name: states(run)[name] for name in waiting} == dict.fromkeys(waiting, became)
    assert states(run)["stuck"] == "failed"
