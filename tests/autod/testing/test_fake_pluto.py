"""The scripted pluto does what a real one does, as far as a program can tell, for every release."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from autod.bulk import bulk
from autod.client import Pluto, open_pluto
from autod.errors import NoSocket, UsageError
from autod.exchange.peer import socket_file
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.protocol.releases import ALL
from autod.status import established, parse
from autod.testing import FakePluto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ["autod.testing.plugin"]

ERAS = ("3.27", "3.32", "4.3", "4.10", "5.0", "5.2", "5.3.2", "5.4")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the scripted pluto does by itself."""
    for _ in range(1000):
        if condition():
            return
        await trio.sleep(0.01)
    raise AssertionError("it did not happen within 10 seconds")


@pytest.fixture(scope="module", params=ALL)
def of_release(request: pytest.FixtureRequest) -> Iterator[FakePluto]:
    with FakePluto(request.param, connections=["a", "b", "c"], speed=20) as pluto:
        yield pluto


async def test_its_release_is_found_out_by_asking(of_release: FakePluto) -> None:
    async with open_pluto(of_release.path) as client:
        assert str(client.release) == of_release.release


async def test_each_way_that_an_up_can_go_is_told_as_the_release_tells_it(of_release: FakePluto) -> None:
    pluto = of_release
    pluto.fails("silent*", Result.PEER_SILENT, after=2)
    pluto.fails("unwanted", Result.NO_PROPOSAL, after=2)
    pluto.fails("unknown-to-peer", Result.AUTHENTICATION_FAILED)
    pluto.fails("childless", Result.CHILD_REJECTED)
    pluto.load("good", "silent-1", "unwanted", "unknown-to-peer", "childless")
    expected = {
        "good": Result.UP,
        "silent-1": Result.PEER_SILENT,
        "unwanted": Result.NO_PROPOSAL,
        "unknown-to-peer": Result.AUTHENTICATION_FAILED,
        "childless": Result.CHILD_REJECTED,
        "nobody": Result.UNKNOWN,
    }
    async with open_pluto(pluto.path, seccomp=False) as client:
        for name, result in expected.items():
            outcome = await client.up(name)
            assert (outcome.result, outcome.ok) == (result, result is Result.UP), name
        assert (await client.down("good")).result is Result.DOWN
        assert (await client.route("a")).result is Result.ROUTED
        assert (await client.unroute("a")).result is Result.UNROUTED
        assert (await client.delete("good")).result is Result.DELETED
        assert (await client.listen()).ok
        assert (await client.reread_secrets()).ok
    assert not pluto.up


async def test_its_state_is_read_as_that_of_the_release(of_release: FakePluto) -> None:
    pluto = of_release
    pluto.goes_up("b")
    async with open_pluto(pluto.path) as client:
        await client.route("c")
        state = parse(await client.replies(c.Status()))
        assert state.release == pluto.release
        by_name = {one.name: one for one in state.connections}
        assert {"a", "b", "c"} <= by_name.keys()
        assert (by_name["a"].routing, by_name["b"].routing, by_name["c"].routing) == (
            "unrouted",
            "tunnel",
            "ondemand",
        )
        assert [(sa.connection, sa.phase) for sa in state.child_sas] == [("b", "established")]
        assert [(sa.connection, sa.phase) for sa in state.ike_sas] == [("b", "established")]
        assert state.unparsed.count == 0
        assert established(await client.replies(c.TrafficStatus())) == {"b"}
        await client.unroute("c", force=True)
    pluto.goes_down("b")


async def test_a_fixture_has_one_that_runs(fake_pluto: FakePluto) -> None:
    fake_pluto.load("x")
    async with open_pluto(fake_pluto.path) as client:
        assert (await client.up("x")).ok
    assert fake_pluto.up == {"x"}
    assert fake_pluto.asked(c.Initiate) == ["x"]


@pytest.mark.parametrize("release", ["4.10", "5.4"])
async def test_a_restart_ends_what_is_under_way_and_forgets_what_is_up(release: str) -> None:
    with FakePluto(release, connections=["a", "b"]) as pluto:
        pluto.peer_is_silent("a")
        async with open_pluto(pluto.path) as client:
            assert (await client.up("b")).ok
            async with client.up("a") as operation:
                await anext(operation)
                first = pluto.pid
                assert pluto.negotiating == {"a"}
                pluto.restart()
            assert operation.outcome.result is Result.PLUTO_GONE
            assert (pluto.up, pluto.negotiating, pluto.loaded) == (set(), set(), {"a", "b"})
            assert pluto.pid != first
            assert (await client.up("b")).ok
        assert pluto.asked(c.Initiate) == ["b", "a", "b"]


async def test_one_that_crashed_has_no_listener_until_it_is_started() -> None:
    with FakePluto(connections=["a"]) as pluto:
        async with open_pluto(pluto.path) as client:
            pluto.kill()
            assert socket_file(pluto.path) is not None
            assert pluto.pid is None
            with pytest.raises(NoSocket):
                await client.up("a")
            pluto.start()
            assert (await client.up("a")).ok


async def test_one_that_stands_still_answers_after_it_goes_on() -> None:
    with FakePluto(connections=["a"]) as pluto:
        async with open_pluto(pluto.path) as client:
            pluto.stop()
            assert (await client.up("a", timeout=0.2)).result is Result.DEADLINE
            with pytest.raises(UsageError, match="go_on"):
                pluto.comes_up("a")
            pluto.go_on()
            await until(lambda: pluto.up == {"a"})


async def test_it_comes_up_when_the_script_says_so() -> None:
    with FakePluto("4.10", connections=["a"], speed=2) as pluto:
        pluto.comes_up("a", after=1.0)
        async with open_pluto(pluto.path) as client:
            begun = time.monotonic()
            assert (await client.up("a")).ok
            assert time.monotonic() - begun >= 0.5


async def test_an_asynchronous_up_is_answered_before_the_end() -> None:
    with FakePluto(connections=["a"]) as pluto:
        pluto.comes_up("a", after=0.3)
        async with open_pluto(pluto.path) as client:
            assert (await client.up("a", asynchronous=True)).result is Result.ACCEPTED
            assert pluto.negotiating == {"a"}
            await until(lambda: pluto.up == {"a"})
        assert [one.asynchronous for one in pluto.requests if one.command is c.Initiate] == [True]


@pytest.mark.parametrize("release", ERAS)
async def test_an_alias_is_up_when_all_its_members_are(release: str) -> None:
    with FakePluto(release, connections=["x/1", "x/2"], aliases={"x": ["x/1", "x/2"]}) as pluto:
        async with open_pluto(pluto.path) as client:
            outcome = await client.up("x", members=("x/1", "x/2"))
            assert outcome.ok, outcome
            assert (await client.down("x")).ok
        assert not pluto.up


async def test_each_synchronous_up_holds_a_descriptor_and_one_too_many_is_told() -> None:
    names = [f"c{number}" for number in range(40)]
    with FakePluto(connections=names, descriptors=128) as pluto:
        pluto.peer_is_silent("c*")
        async with open_pluto(pluto.path, limit=10) as client, trio.open_nursery() as nursery:
            for name in names[:10]:
                nursery.start_soon(client.up, name)
            await until(lambda: len(pluto.negotiating) == 10)
            assert not pluto.ran_out
            assert len(os.listdir(f"/proc/{pluto.pid}/fd")) >= 10 + 4
            nursery.cancel_scope.cancel()


async def test_a_command_can_be_answered_with_any_lines() -> None:
    with FakePluto("5.2") as pluto:
        pluto.says(c.Initiate, '002 "a" #1: initiating IKEv2 connection', "a line that nobody knows")
        async with open_pluto(pluto.path) as client:
            async with client.up("a") as operation:
                assert [event.text async for event in operation][-1] == "a line that nobody knows"
            pluto.says(c.Initiate)
            assert (await client.up("a")).result is Result.UNKNOWN


def test_what_cannot_be_scripted_is_refused() -> None:
    with pytest.raises(UsageError, match="AUTHENTICATION_FAILED"):
        FakePluto().fails("a", Result.UP)
    with pytest.raises(UsageError, match="enter it first"):
        _ = FakePluto().path
    with pytest.raises(UsageError, match="seconds"):
        FakePluto().comes_up("a", after=-1)
    with pytest.raises(UsageError, match="speed"):
        FakePluto(speed=0)
    with pytest.raises(UsageError, match=r"9\.9"):
        FakePluto("9.9")


def test_leaving_the_block_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    with FakePluto() as pluto:
        pid, path = pluto.pid, Path(pluto.path)
        assert path.is_socket()
    assert not Path(f"/proc/{pid}").exists()
    assert not path.parent.exists()
    with FakePluto(path=tmp_path / "pluto.ctl"):
        assert (tmp_path / "pluto.ctl").is_socket()
    assert tmp_path.exists()


async def test_the_state_the_traffic_and_who_is_up_are_one_call_each() -> None:
    names = [f"c{number}" for number in range(1500)]
    with FakePluto("5.2", connections=names) as pluto:
        pluto.goes_up("c7")
        async with open_pluto(pluto.path) as client:
            state = await client.state()
            assert {one.name for one in state.connections} == set(names)
            assert [sa.connection for sa in await client.traffic()] == ["c7"]
            assert [sa.bytes_in for sa in await client.traffic("c7")] == [84]
            assert await client.traffic("c8") == ()
            assert await client.established() == {"c7"}
            assert (await client.state(c.BriefStatus())).connections == ()


async def test_other_tasks_run_while_a_long_state_is_read() -> None:
    names = [f"c{number}" for number in range(4000)]
    with FakePluto("5.2", connections=names) as pluto:
        async with open_pluto(pluto.path) as client:
            turns = 0
            reading = trio.Event()

            async def count() -> None:
                nonlocal turns
                await reading.wait()
                while True:
                    turns += 1
                    await trio.lowlevel.checkpoint()

            replies = await client.replies(c.Status())

            async def answer(command: c.Command, *, timeout: float | None = None) -> object:
                reading.set()
                return replies

            client.replies = answer  # type: ignore[method-assign,assignment]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(count)
                await trio.testing.wait_all_tasks_blocked()
                await client.state(c.Status())
                nursery.cancel_scope.cancel()
            assert turns >= len(replies) // 5000


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt()], ids=["ValueError", "KeyboardInterrupt"]
)
async def test_what_the_block_of_a_run_raises_comes_out_bare(error: BaseException) -> None:
    async def block(client: Pluto) -> None:
        async with bulk(client, ["a", "b"]) as run:
            await anext(aiter(run))
            raise error

    with FakePluto(connections=["a", "b"]) as pluto:
        pluto.peer_is_silent("*")
        async with open_pluto(pluto.path) as client:
            with pytest.raises(type(error)) as raised:
                await block(client)
            assert raised.value is error
