"""The loop around the engine: a scripted pluto comes, goes, stops and lies, on trio's mock clock."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
import structlog.testing
import trio

from autod.supervisor.loop import Supervisor, interval
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Act, Cause, Keep, Policy, State
from autod.supervisor.table import Wanted
from tests.fakes.scripted_link import ScriptedLink

SETTINGS = parse("[supervise]\nlimit = 8")
NAMES = [f"c{i}" for i in range(20)]


def wanted(names: list[str] = NAMES, **policy: object) -> list[Wanted]:
    return [Wanted(name=n, peer=n, policy=Policy(**policy)) for n in names]  # type: ignore[arg-type]


@asynccontextmanager
async def supervised(link: ScriptedLink, names: list[str] = NAMES) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(SETTINGS, link, version="1", wall=lambda: 1e9 + trio.current_time())
    supervisor.adopt(wanted(names))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        yield supervisor
        nursery.cancel_scope.cancel()


def count(supervisor: Supervisor, state: State) -> int:
    return supervisor.engine.states()[state]


async def test_everything_comes_up_and_nothing_more_is_done(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(30)
        assert count(supervisor, State.UP) == 20
        assert link.most == 8
        assert len(link.done) == 20
        before = dict(link.looks)
        await trio.sleep(600)
        assert len(link.done) == 20
        assert link.looks["states"] == before.get("states", 0)
        gap = interval(20, 0.01, SETTINGS.supervise.poll_min, SETTINGS.supervise.poll_max)
        assert link.looks["traffic"] - before["traffic"] == 600 / gap
        statistics = supervisor.statistics()
        assert statistics.states == {"up": 20}
        assert (statistics.in_flight, statistics.pluto.descriptors) == (0, 21)


async def test_a_pluto_that_comes_late_goes_and_comes_back(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    async with supervised(link) as supervisor:
        await trio.sleep(100)
        assert not supervisor.pluto_runs()
        for _ in range(3):
            link.start()
            await trio.sleep(10)
            assert count(supervisor, State.UP) == 20
            link.kill()
            await trio.sleep(1)
            assert count(supervisor, State.ABSENT) == 20
            assert supervisor.connection("c0").cause == "pluto-gone"  # type: ignore[union-attr]
        assert supervisor.statistics().pluto.restarts == 2
        events, lost = supervisor.feed.after(0)
        assert lost == 0
        assert [e.after for e in events if e.kind == "pluto"] == ["found", "lost"] * 3
        assert [e.sequence for e in events] == list(range(1, len(events) + 1))


async def test_a_pluto_that_dies_in_the_middle_of_everything(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES, takes=4.0)
    async with supervised(link) as supervisor:
        for after in (0.01, 0.3, 1.0, 2.7, 5.5):
            link.start()
            await trio.sleep(after)
            link.kill()
            await trio.sleep(2.0)
            assert link.flying == 0
        link.start()
        await trio.sleep(120)
        assert count(supervisor, State.UP) == 20


async def test_a_pluto_that_stands_still_is_told_once_and_left_alone(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
        link.stop()
        await trio.sleep(300)
        assert supervisor.stuck
        assert count(supervisor, State.UP) == 20
        link.go_on()
        await trio.sleep(61)
        told = [e.after for e in supervisor.feed.after(0)[0] if e.kind == "pluto"]
        assert told == ["found", "stuck", "answers"]
        assert len(link.done) == 20


async def test_what_is_lost_is_brought_back_and_what_pluto_revives_is_left_to_it(
    autojump_clock: object,
) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
        link.up -= {"c1", "c2"}
        link.negotiating = {"c2"}
        await trio.sleep(30)
        assert "c1" in link.up
        assert [n for a, n in link.done if a is Act.UP and n in ("c1", "c2")].count("c2") == 1
        assert supervisor.connection("c2").state == "starting"  # type: ignore[union-attr]
        link.up.add("c2")
        await trio.sleep(30)
        assert count(supervisor, State.UP) == 20


async def test_what_is_taken_down_at_pluto_itself_is_not_a_flap_and_is_told(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(30)
        for _ in range(8):
            link.up -= {"c1", "c2"}
            link.taken_down = {"c1"}
            await trio.sleep(20)
            assert supervisor.engine.table["c1"].record.state is State.UP
        assert not supervisor.engine.table["c1"].record.flapping
        assert supervisor.engine.table["c2"].record.flapping
        told = [e for e in supervisor.feed.after(0)[0] if e.kind == "operator"]
        assert {(e.connection, e.act, e.cause) for e in told} == {("c1", "down", "taken-down")}
        assert len(told) == 8


async def test_silent_ones_give_way_and_pluto_is_told_to_give_them_up(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES, fails=dict.fromkeys(NAMES[:10], Cause.PEER_SILENT))
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
        assert len(link.up) == 10
        assert link.given_up
        assert link.most <= 8
        assert count(supervisor, State.UP) == 10


async def test_an_act_that_raises_ends_nothing_but_itself(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES, raises={"c3": RuntimeError("a bug")})
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
        assert count(supervisor, State.UP) == 19
        seen = supervisor.connection("c3")
        assert seen is not None
        assert (seen.cause, seen.detail) == ("failed", "RuntimeError('a bug')")


async def test_operators_are_obeyed(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
        supervisor.order("down", ["c0"])
        supervisor.order("suspend", ["c1"])
        await trio.sleep(5)
        link.up.discard("c1")
        await trio.sleep(600)
        assert link.up == set(NAMES) - {"c0", "c1"}
        assert supervisor.settled("down", "c0")
        supervisor.order("up", ["c0"])
        supervisor.order("resume", ["c1"])
        assert not supervisor.settled("up", "c0")
        await trio.sleep(20)
        assert link.up == set(NAMES)
        assert supervisor.settled("up", "c0")


async def test_taking_all_down_at_the_end_is_bounded(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(20)
    await supervisor.take_down(10)
    assert link.up == set()
    assert sorted(n for a, n in link.done if a is Act.DOWN) == sorted(NAMES)
    link.up = {"c0"}
    link.stop()
    began = trio.current_time()
    await supervisor.take_down(10)
    assert trio.current_time() - began <= 10.5


async def test_connections_that_should_be_routed_or_down(autojump_clock: object) -> None:
    link = ScriptedLink(["r", "d"])
    link.start()
    link.up.add("d")
    async with supervised(link, []) as supervisor:
        supervisor.adopt(
            [
                Wanted(name="r", policy=Policy(keep=Keep.ROUTED)),
                Wanted(name="d", policy=Policy(keep=Keep.DOWN)),
            ]
        )
        await trio.sleep(20)
        assert (Act.ROUTE, "r") in link.done
        assert (Act.DOWN, "d") in link.done
        assert {n: supervisor.engine.table[n].record.state for n in "rd"} == {
            "r": State.ROUTED,
            "d": State.LOADED,
        }


async def test_a_pulse_comes_back_from_a_loop_that_lives(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES)
    async with supervised(link) as supervisor:
        for _ in range(3):
            with trio.fail_after(1):
                await supervisor.pulse()
        link.start()
        with trio.fail_after(1):
            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(supervisor.pulse)


async def test_a_pulse_does_not_come_back_from_one_that_does_not(autojump_clock: object) -> None:
    supervisor = Supervisor(SETTINGS, ScriptedLink(NAMES))
    with pytest.raises(trio.TooSlowError), trio.fail_after(5):
        await supervisor.pulse()


async def test_reading_the_secrets_again_frees_what_was_refused(autojump_clock: object) -> None:
    link = ScriptedLink(NAMES, fails={"c5": Cause.AUTHENTICATION})
    link.start()
    async with supervised(link) as supervisor:
        await trio.sleep(60)
        assert count(supervisor, State.REFUSED) == 1
        link.fails.clear()
        await supervisor.reread_secrets()
        await trio.sleep(10)
        assert link.secrets_read == 1
        assert count(supervisor, State.UP) == 20


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(3))
async def test_an_hour_of_random_faults(autojump_clock: object, seed: int) -> None:
    """The link asserts that no connection has two acts at once; here: the limit, and all up once all is well."""
    chance = random.Random(seed)
    link = ScriptedLink(NAMES, takes=1.0)
    supervisor = Supervisor(SETTINGS, link)
    supervisor.adopt(wanted(backoff_max=60.0, patience=120.0, refused_retry=300.0, flap_count=0))
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run)
            while trio.current_time() < 3600:
                some = chance.sample(NAMES, 4)
                match chance.choice(
                    ["kill", "start", "start", "stop", "fail", "mend", "drop", "revive", "order"]
                ):
                    case "kill":
                        link.kill()
                    case "start" if not link.running:
                        link.start(chance.sample(NAMES, chance.randrange(len(NAMES))))
                    case "stop":
                        link.stop()
                        await trio.sleep(chance.uniform(1, 60))
                        link.go_on()
                    case "fail":
                        link.fails |= dict.fromkeys(
                            some, chance.choice([Cause.PEER_SILENT, Cause.AUTHENTICATION])
                        )
                    case "mend":
                        link.fails.clear()
                        await supervisor.reread_secrets()
                    case "drop":
                        link.up -= set(some)
                    case "revive":
                        link.negotiating = {n for n in some if n in link.present - link.up - link.acting}
                    case "order":
                        supervisor.order(chance.choice(["up", "down", "suspend", "resume"]), some)
                await trio.sleep(chance.uniform(0.1, 30))
                assert link.most <= 8
                with trio.fail_after(60):
                    await supervisor.pulse()
            link.fails.clear()
            link.negotiating.clear()
            if not link.running:
                link.start()
            supervisor.order("resume", NAMES)
            await trio.sleep(60 + 75 + 120 + 60)
            assert count(supervisor, State.UP) == 20
            assert link.up == set(NAMES)
            scope.cancel()


@pytest.mark.parametrize(
    ("connections", "cost", "seconds"),
    [(1, 0.0, 5), (1000, 0.01, 10), (5000, 0.05, 50), (10**6, 0, 60), (1, 0.1, 40)],
)
def test_the_interval_grows_with_the_connections_and_with_what_an_answer_costs(
    connections: int, cost: float, seconds: float
) -> None:
    assert interval(connections, cost, 5.0, 60.0) == pytest.approx(seconds)


async def test_it_writes_to_the_logger_of_its_caller(autojump_clock: object) -> None:
    """With what the caller bound to it, and the keys of the API's events."""
    link = ScriptedLink(["c1"])
    link.start()
    with structlog.testing.capture_logs() as captured:
        mine = structlog.get_logger("mine").bind(site="a")
        supervisor = Supervisor(SETTINGS, link, log=mine)
        supervisor.adopt(wanted(["c1"]))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run)
            await trio.sleep(30)
            nursery.cancel_scope.cancel()
    assert {one["site"] for one in captured} == {"a"}
    assert "up" in [one.get("after") for one in captured if one.get("connection") == "c1"]
