"""The typed client of the API, of trio, asyncio and threads, against the service over a scripted pluto."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from autod.errors import (
    ConfigurationError,
    DeadlinePassed,
    NoSocket,
    ProtocolViolation,
    UsageError,
)
from autod.service.methods import _METHODS
from autod.service.server import listen
from autod.supervised import (
    ApiError,
    Call,
    Down,
    Get,
    GetHistory,
    GetStatistics,
    List,
    Progress,
    Reload,
    ResumeConnections,
    Supervised,
    SuspendConnections,
    Sync,
    Up,
    Watch,
    aio,
    calls,
    sync,
)
from tests.autod.service.test_server import NAMES, Running, service
from tests.helpers.cancelling import everywhere, everywhere_in_asyncio

ALL: list[type[Call[object]]] = [
    value
    for value in vars(calls).values()
    if isinstance(value, type) and issubclass(value, Call) and value is not Call
]

Ask = Callable[[Running, Call[Any]], Awaitable[Any]]


async def by_trio(running: Running, call: Call[Any]) -> Any:
    return await Supervised(running.path).call(call)


async def by_thread(running: Running, call: Call[Any]) -> Any:
    return await trio.to_thread.run_sync(sync.Supervised(running.path).call, call)


async def by_asyncio(running: Running, call: Call[Any]) -> Any:
    return await trio.to_thread.run_sync(lambda: asyncio.run(aio.Supervised(running.path).call(call)))


WAYS = pytest.mark.parametrize("ask", [by_trio, by_thread, by_asyncio])


def test_there_is_a_call_of_each_method_with_its_parameters() -> None:
    methods = {
        name.rpartition(".")[2]: method.takes.__struct_fields__
        for name, method in _METHODS.items()
        if name.startswith("org.libreswan.autod.")
    }
    assert {call.method: call.__struct_fields__ for call in ALL} == methods


@WAYS
async def test_each_call_gives_what_its_type_says(tmp_path: Path, ask: Ask) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        listed = await ask(running, List("branch-*", state="up"))
        assert [one.name for one in listed] == ["branch-1", "branch-2"]
        assert (await ask(running, Get("a"))).state == "up"
        assert (await ask(running, GetStatistics())).pluto.running
        assert [one.state for one in await ask(running, SuspendConnections(["a"]))] == ["suspended"]
        assert [one.name for one in await ask(running, ResumeConnections(("a",)))] == ["a"]
        assert (await ask(running, Sync(dry=True))).missing == ("x",)
        assert (await ask(running, Reload())).added == ("new",)
        assert (await ask(running, Up(NAMES))).connections is not None


@WAYS
async def test_what_the_supervisor_refuses_is_an_error_of_the_tree(tmp_path: Path, ask: Ask) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        with pytest.raises(ApiError) as unknown:
            await ask(running, Get("zz"))
        assert (unknown.value.name, unknown.value.parameters) == ("UnknownConnection", {"names": ["zz"]})
        with pytest.raises(ApiError) as none:
            await ask(running, GetHistory())
        assert none.value.name == "NoHistory"
        running.keeper.bad = ConfigurationError("no")
        with pytest.raises(ConfigurationError):
            await ask(running, Reload())
    with pytest.raises(NoSocket):
        await ask(running, List())


async def test_events_stream_until_the_block_is_left(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        async with Supervised(running.path).stream(Watch(since=0, names=["a"])) as events:
            async with Supervised(running.path).stream(Down(["a"])) as progress:
                told = [one async for one in progress]
            assert isinstance(told[-1], Progress)
            assert told[-1].connections is not None
            with trio.fail_after(20):
                event = await anext(events)
            assert (event.sequence, event.kind, event.after) == (1, "pluto", "found")
        await running.eventually(lambda: running.keeper.subscribers == 0)


async def test_a_thread_and_asyncio_stream_too(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()

        def in_a_thread() -> list[Progress]:
            with sync.Supervised(running.path).stream(Down(["a"])) as progress:
                return list(progress)

        async def in_asyncio() -> list[Progress]:
            async with aio.Supervised(running.path).stream(Up(["a"])) as progress:
                return [one async for one in progress]

        down = await trio.to_thread.run_sync(in_a_thread)
        up = await trio.to_thread.run_sync(lambda: asyncio.run(in_asyncio()))
        for told, state in ((down, "suspended"), (up, "up")):
            assert told[-1].connections is not None
            assert told[-1].connections[0].state == state


async def test_one_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    path = str(tmp_path / "deaf")
    with listen(path):
        with pytest.raises(DeadlinePassed) as late:
            await Supervised(path, timeout=0.05).call(List())
        assert (late.value.seconds, late.value.path) == (0.05, path)
        with pytest.raises(DeadlinePassed):
            await trio.to_thread.run_sync(sync.Supervised(path, timeout=0.05).call, List())
        with pytest.raises(DeadlinePassed):
            await trio.to_thread.run_sync(
                lambda: asyncio.run(aio.Supervised(path, timeout=0.05).call(List()))
            )


async def test_a_cancellation_leaves_nothing_open(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = Supervised(running.path)

        async def asked() -> None:
            await client.call(List())

        async def streamed() -> None:
            async with client.stream(List()) as replies:
                async for _ in replies:
                    pass

        async def served() -> None:
            await running.eventually(lambda: running.server.clients == 0)

        async def served_in_asyncio() -> None:
            for _ in range(5000):
                if running.server.clients == 0:
                    return
                await asyncio.sleep(0.002)

        async def in_asyncio() -> None:
            there = aio.Supervised(running.path)
            calls = partial(there.call, List())
            assert await everywhere_in_asyncio(calls, served_in_asyncio, turns=range(12)) > 0

        await served()
        assert await everywhere(asked, served) > 2
        assert await everywhere(streamed, served) > 2
        await trio.to_thread.run_sync(lambda: asyncio.run(in_asyncio()))


@pytest.mark.parametrize("names", ["a", b"a", 5])
def test_a_text_for_names_is_refused(names: object) -> None:
    with pytest.raises(UsageError):
        Up(names)  # type: ignore[arg-type]


def test_wrong_paths_and_times_are_refused() -> None:
    for client in (Supervised, sync.Supervised, aio.Supervised):
        with pytest.raises(UsageError):
            client(5)  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            client(timeout=-1)


def test_an_answer_of_another_kind_is_told() -> None:
    with pytest.raises(ProtocolViolation):
        List().read(b'{"connections": [5]}')
    with pytest.raises(ProtocolViolation):
        Get("a").read(b"{}")
