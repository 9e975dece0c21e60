"""The clients for asyncio and for a thread, against the scripted pluto: the same methods, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from inspect import signature
from typing import Any

import pytest
import trio

import autod.bulk
import autod.sync
from autod import aio
from autod.bulk import BulkEvent, Summary
from autod.bulk.portal import BulkOptions
from autod.client import Pluto
from autod.config import Connection
from autod.errors import DeadlinePassed, NoSocket, UsageError
from autod.events import Initiating
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.testing import FakePluto


@pytest.fixture(params=["4.10", "5.4"])
def pluto(request: pytest.FixtureRequest) -> Iterator[FakePluto]:
    with FakePluto(request.param, connections=["a", "b", *(f"c{number}" for number in range(40))]) as one:
        yield one


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """In an event loop of asyncio, after which no descriptor, thread or task is left."""

    async def whole() -> Any:
        result = await work()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    result = asyncio.run(whole())
    assert len(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() <= threads, "a thread of another test may end meanwhile"
    return result


def test_an_up_is_awaited_and_its_events_are_taken(pluto: FakePluto) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            assert str(client.release) == pluto.release
            assert (await client.up("a")).result is Result.UP
            async with client.up("b") as operation:
                kinds = [type(event) async for event in operation]
            assert Initiating in kinds
            assert operation.outcome.ok
            assert (await client.state()).release == pluto.release
            assert await client.established() == {"a", "b"}
            assert {sa.connection for sa in await client.traffic()} == {"a", "b"}
            assert (await client.down("a")).ok
            with pytest.raises(UsageError):
                await client.up(5)  # type: ignore[arg-type]

    run(work)
    assert pluto.up == {"b"}


def test_many_tasks_share_one_client_within_its_limit(pluto: FakePluto) -> None:
    pluto.comes_up("c*", after=0.2)
    most = 0

    async def work() -> None:
        nonlocal most
        async with aio.open_pluto(pluto.path, limit=8) as client, asyncio.TaskGroup() as group:
            tasks = [group.create_task(client.up(f"c{number}")) for number in range(40)]
            while not all(task.done() for task in tasks):
                most = max(most, len(pluto.negotiating))
                await asyncio.sleep(0.005)
            assert all(task.result().ok for task in tasks)

    run(work)
    assert 1 < most <= 8


@pytest.mark.sampled(3)
@pytest.mark.parametrize("turns", [*range(12), 50])
def test_a_cancellation_at_any_turn_leaves_nothing(pluto: FakePluto, turns: int) -> None:
    pluto.peer_is_silent("a")

    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            task = asyncio.create_task(client.up("a"))
            for _ in range(turns):
                await asyncio.sleep(0 if turns < 12 else 0.002)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # Its place is free again.
            assert (await client.up("b")).ok

    run(work)


def test_one_that_is_given_up_has_an_outcome(pluto: FakePluto) -> None:
    pluto.peer_is_silent("a")

    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            async with client.up("a") as operation:
                await anext(operation)
                operation.cancel()
            assert operation.outcome.result is Result.CANCELLED
            assert operation.outcome.left_behind
            async with client.up("b") as operation:
                pass
            assert operation.outcome.ok

    run(work)


def test_a_place_that_does_not_come_in_time_is_told_as_never_sent(pluto: FakePluto) -> None:
    pluto.peer_is_silent("a")

    async def work() -> None:
        async with aio.open_pluto(pluto.path, limit=1) as client:
            first = asyncio.create_task(client.up("a"))
            await asyncio.sleep(0.05)
            outcome = await client.up("b", timeout=0.1)
            assert not outcome.ok
            assert outcome.left_behind is None
            first.cancel()
            await asyncio.wait((first,))

    run(work)
    assert pluto.asked(c.Initiate) == ["a"]


def test_a_pluto_that_is_started_anew_is_met_again(pluto: FakePluto) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            pluto.restart()
            assert (await client.up("a")).ok
            pluto.kill()
            with pytest.raises(NoSocket):
                await client.up("a")
            pluto.start()

    run(work)


def test_a_stopped_pluto_is_given_up_at_the_deadline(pluto: FakePluto) -> None:
    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            pluto.stop()
            assert (await client.up("a", timeout=0.2)).result is Result.DEADLINE
            with pytest.raises(DeadlinePassed):
                await client.replies(c.TrafficStatus(), timeout=0.2)

    run(work)
    pluto.go_on()


def test_bulk_runs_to_its_end_and_tells_its_events_in_this_loop(pluto: FakePluto) -> None:
    told: list[tuple[int, BulkEvent]] = []

    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            names = [f"c{number}" for number in range(40)]
            result = await aio.bulk(
                client, names, "up", on_event=lambda event: told.append((threading.get_ident(), event))
            )
            assert result.ok
            with pytest.raises(UsageError):
                await aio.bulk(client, "c1")

    run(work)
    assert len(pluto.up) == 40
    assert {thread for thread, _ in told} == {threading.get_ident()}
    assert isinstance(told[-1][1], Summary)


def test_a_cancellation_reaches_the_run_in_its_thread(pluto: FakePluto) -> None:
    pluto.peer_is_silent("c*")

    async def work() -> None:
        async with aio.open_pluto(pluto.path) as client:
            task = asyncio.create_task(aio.bulk(client, ["c1", "c2"]))
            for _ in range(1000):
                if len(pluto.negotiating) == 2:
                    break
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            early = asyncio.create_task(aio.bulk(client, ["c3"]))
            await asyncio.sleep(0)
            early.cancel()
            with pytest.raises(asyncio.CancelledError):
                await early

    run(work)


def test_a_thread_needs_no_event_loop(pluto: FakePluto) -> None:
    seen = []
    with autod.sync.open_pluto(pluto.path, on_event=seen.append) as client:
        assert client.up("a").ok
        assert any(isinstance(event, Initiating) for event in seen)
        assert client.established() == {"a"}
        assert [sa.connection for sa in client.traffic()] == ["a"]
        assert client.state().release == pluto.release
        told: list[BulkEvent] = []
        assert autod.sync.bulk(client, ["c1", "c2"], on_event=told.append).ok
        assert isinstance(told[-1], Summary)
        with pytest.raises(UsageError):
            autod.sync.bulk(client, ["c1"], "upp")  # type: ignore[arg-type]


def test_bulk_has_the_same_options_without_trio() -> None:
    """But for what loads, which belongs to a client of trio's: a configuration stands for it."""
    own = {"pluto", "names", "operation", "load"}
    options = {
        name: parameter.annotation
        for name, parameter in signature(autod.bulk.bulk).parameters.items()
        if name not in own
    }
    assert {name: value.__forward_arg__ for name, value in BulkOptions.__annotations__.items()} == options


def test_connections_are_loaded_without_trio(pluto: FakePluto) -> None:
    with autod.sync.open_pluto(pluto.path, seccomp=False) as client:
        configuration = Connection("new", left="192.0.2.1", right="192.0.2.2", authby="secret").read(
            client.release
        )
        assert autod.sync.bulk(client, ["new"], "add", configuration=configuration).ok
        assert "new" in pluto.loaded
        assert client.counters.outcomes["add", "loaded"] == 1

    async def work() -> None:
        async with aio.open_pluto(pluto.path, seccomp=False) as client:
            assert (await aio.bulk(client, ["new"], "replace", configuration=configuration)).ok

    run(work)


def test_the_three_clients_have_the_same_methods() -> None:
    """With the same arguments: what one has of its own is written here."""
    own = {
        Pluto: {
            "control",
            "dialect",
            "drive",
            "finish",
            "is_quick",
            "judged",
            "perform",
            "settle",
            "start",
            "up_the_rest",
        },
        autod.sync.Pluto: {"drive", "perform", "replies_with"},
        aio.Pluto: {"perform"},
    }
    shared = {
        "asking",
        "carrying",
        "finding",
        "leave",
        "performing",
        "find",
        "found",
        "now",
        "reads_messages",
    }
    public = {
        kind: {name for name in dir(kind) if not name.startswith("_")} - own[kind] - shared for kind in own
    }
    assert public[Pluto] == public[autod.sync.Pluto] == public[aio.Pluto]
    for name in public[Pluto]:
        if callable(getattr(Pluto, name)):
            parameters = [list(signature(getattr(kind, name)).parameters) for kind in own]
            assert parameters[0] == parameters[1] == parameters[2], name


def test_the_clock_of_a_deadline_is_that_of_the_caller(pluto: FakePluto) -> None:
    pluto.peer_is_silent("a")
    with autod.sync.open_pluto(pluto.path) as client:
        begun = time.monotonic()
        assert client.up("a", timeout=0.3).result is Result.DEADLINE
        assert 0.3 <= time.monotonic() - begun < 5


def test_trio_is_not_needed_before_bulk() -> None:
    """Nor loaded: asyncio and threads wait by themselves."""
    import subprocess
    import sys

    script = "import sys, autod.aio, autod.sync; print(sorted({'trio', 'construct'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
    assert trio.__name__ == "trio"
