"""The public names as a program uses them. mypy checks this file; nothing runs it.

`assert_type` holds what a caller sees; an `# type: ignore[...]` that is not needed is an error too, so the wrong
uses below stay wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import trio

import autod
from autod.bulk import BulkResult, Run, bulk, wait
from autod.bulk.loading import configured
from autod.config import Configuration, all_names, check, load
from autod.events import ChildEstablished, Event, to_json
from autod.identify.cache import Known
from autod.protocol import commands
from autod.protocol.releases import Release
from autod.protocol.replies import Reply
from autod.status import State, established, parse

if TYPE_CHECKING:
    from collections.abc import Iterable


async def opening() -> None:
    async with autod.open_pluto() as pluto:
        assert_type(pluto, autod.Pluto)
        assert_type(pluto.release, Release)
        assert_type(pluto.path, str)
    async with autod.open_pluto(Path("/run/pluto/pluto.ctl"), "4.10", seccomp=True, timeout=None):
        pass
    async with autod.open_pluto(limit=8, buffer=100, known=Known("/run/autod")):
        pass
    async with autod.open_pluto(5.2):  # type: ignore[arg-type]
        pass


async def operating(pluto: autod.Pluto) -> None:
    assert_type(pluto.up("a"), autod.Operation)
    assert_type(await pluto.up("a", asynchronous=True, timeout=1.5), autod.Outcome)
    await pluto.up("a", answers=autod.Answers(user="jo", secret="no"), members=("a/1x1",))
    await pluto.unroute("a", force=True)
    await pluto.reread_secrets()
    await pluto.ask(commands.RekeyIke("a"))
    await pluto.listing(commands.TrafficStatus())
    async with pluto.down("a") as operation:
        async for event in operation:
            assert_type(event, autod.Event)
    assert_type(operation.outcome, autod.Outcome)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pluto.up, "a")
        nursery.start_soon(pluto.up, 5)  # type: ignore[arg-type]
    assert_type(trio.from_thread.run(pluto.up, "a"), autod.Outcome)
    await pluto.up(["a", "b"])  # type: ignore[arg-type]
    pluto.up("a", timeouts=30)  # type: ignore[call-arg]


def reading(outcome: autod.Outcome, event: autod.Event) -> str | None:
    assert_type(outcome.ok, bool)
    assert_type(outcome.result, autod.Result)
    assert_type(outcome.code, int | None)
    assert_type(outcome.members, tuple[autod.Outcome, ...])
    assert_type(to_json(event), bytes)
    outcome.ok = True  # type: ignore[misc]
    match event:
        case ChildEstablished(spi_in=spi, connection=name):
            assert_type(name, str | None)
            return f"{name} {spi}"
        case Event(text=text):
            return text


async def state(pluto: autod.Pluto) -> frozenset[str]:
    replies = await pluto.replies(commands.Status(), timeout=10)
    assert_type(replies, tuple[Reply, ...])
    now = parse(replies)
    assert_type(now, State)
    assert_type([connection.name for connection in now.connections], list[str])
    return established(replies)


async def many(pluto: autod.Pluto, names: Iterable[str], configuration: Configuration) -> BulkResult:
    async with bulk(pluto, names, retries=2, deadline=600, on_failure="down") as run:
        assert_type(run, Run)
        run.stop_admitting()
    async with bulk(pluto, all_names(configuration), "add", load=configured(pluto, configuration)):
        pass
    async with bulk(pluto, names, on_failure="explode"):  # type: ignore[arg-type]
        pass
    assert_type((await wait(pluto, names, timeout=60)).ok, bool)
    return run.result


def configuring(pluto: autod.Pluto) -> list[str]:
    configuration = load("/etc/ipsec.conf", pluto.release)
    return [str(one.place) for one in check(configuration)]


def failing(error: autod.WhackError) -> int | str | None:
    match error:
        case autod.UnknownRelease(release=release):
            assert_type(release, str)
            return release
        case autod.DeadlinePassed(seconds=seconds):
            assert_type(seconds, float | None)
            return None
        case autod.ConfigurationError(where=where):
            return where
        case autod.NoSocket() | autod.NotPermitted() | autod.ConnectionLost():
            assert_type(error, autod.NoSocket | autod.NotPermitted | autod.ConnectionLost)
            return 33
        case _:
            return None
