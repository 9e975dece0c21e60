"""What the clients count, and how Prometheus gets it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest
import trio
from prometheus_client import CollectorRegistry

import autod.sync
from autod import aio
from autod.bulk import bulk
from autod.client import open_pluto
from autod.errors import BadString, UsageError
from autod.metrics import Counters, collector
from autod.testing import FakePluto


@pytest.fixture
def fake() -> Iterator[FakePluto]:
    with FakePluto("4.10", connections=["a", "b", "c", "silent"]) as one:
        one.peer_is_silent("b")
        one.peer_is_silent("silent")
        yield one


def check(counters: Counters) -> None:
    assert counters.outcomes == {("up", "up"): 1, ("up", "deadline"): 1, ("delete", "deleted"): 1}
    assert counters.errors == {("up", "BadString"): 1}
    assert counters.seconds["up"] >= 0.05
    assert not +counters.under_way


async def test_trio_counts_outcomes_errors_and_what_is_under_way(fake: FakePluto) -> None:
    async with open_pluto(fake.path) as client:
        await client.up("a")
        await client.up("b", timeout=0.05)
        await client.delete("nobody")
        with pytest.raises(BadString):
            await client.up("two\nlines")
        check(client.counters)
        async with bulk(client, ["a", "c"], "up"):
            pass
        assert client.counters.outcomes["up", "up"] == 2  # one was up
        with trio.move_on_after(0.05):
            await client.up("silent")
        assert client.counters.outcomes["up", "cancelled"] == 1


def test_a_thread_and_asyncio_count_too(fake: FakePluto) -> None:
    with autod.sync.open_pluto(fake.path) as client:
        client.up("a")
        client.up("b", timeout=0.05)
        client.delete("nobody")
        with pytest.raises(BadString):
            client.up("two\nlines")
        check(client.counters)

    async def under_asyncio() -> None:
        async with aio.open_pluto(fake.path) as client:
            await client.up("a")
            await client.up("b", timeout=0.05)
            await client.delete("nobody")
            with pytest.raises(BadString):
                await client.up("two\nlines")
            check(client.counters)

    fake.restart()
    asyncio.run(under_asyncio())


async def test_prometheus_gets_them_by_socket(fake: FakePluto) -> None:
    async with open_pluto(fake.path) as client, open_pluto(fake.path) as another:
        await client.up("a")
        registry = CollectorRegistry()
        registry.register(collector(client))
        labels = {"socket": fake.path, "operation": "up"}
        value = registry.get_sample_value
        assert value("autod_client_operations_total", {**labels, "result": "up"}) == 1
        assert value("autod_client_operation_seconds_count", labels) == 1
        assert value("autod_client_operations_under_way", labels) == 0
        assert not another.counters.outcomes


def test_without_prometheus_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.core", None)
    with pytest.raises(UsageError, match="prometheus-client"):
        collector()
