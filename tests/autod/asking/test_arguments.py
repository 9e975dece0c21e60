"""What no type checker saw is refused before anything is sent, with one kind of error."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest

import autod.sync
from autod.bulk import OPERATIONS, Backoff, bulk, wait
from autod.bulk.operations import OperationName
from autod.client import Pluto, open_pluto
from autod.config import load, load_text
from autod.errors import BadString, UsageError
from autod.protocol import commands as c
from autod.protocol.exchange import Answers
from autod.protocol.releases import find
from autod.testing import FakePluto


async def enter(pluto: Pluto, *arguments: Any, **options: Any) -> None:
    async with bulk(pluto, *arguments, **options):
        pass


WRONG: tuple[tuple[str, Callable[[Pluto], Awaitable[object]]], ...] = (
    ("name", lambda pluto: pluto.up(5)),  # type: ignore[arg-type]
    ("name", lambda pluto: pluto.down(None)),  # type: ignore[arg-type]
    ("name", lambda pluto: pluto.delete(["a", "b"])),  # type: ignore[arg-type]
    ("name", lambda pluto: pluto.route(b"a")),  # type: ignore[arg-type]
    ("name", lambda pluto: pluto.replies(c.TrafficStatus(5))),  # type: ignore[arg-type]
    ("timeout", lambda pluto: pluto.up("a", timeout=-1)),
    ("timeout", lambda pluto: pluto.up("a", timeout="5")),  # type: ignore[arg-type]
    ("timeout", lambda pluto: pluto.unroute("a", timeout=float("nan"))),
    ("timeout", lambda pluto: pluto.listen(timeout=-0.1)),
    ("timeout", lambda pluto: pluto.replies(c.Status(), timeout=-1)),
    ("names", lambda pluto: enter(pluto, "c1")),
    ("names", lambda pluto: enter(pluto, b"c1")),
    ("names", lambda pluto: enter(pluto, 5)),
    ("names", lambda pluto: enter(pluto, ["a", 5])),
    ("limit", lambda pluto: enter(pluto, ["a"], limit=0)),
    ("limit", lambda pluto: enter(pluto, ["a"], limit=-1)),
    ("limit", lambda pluto: enter(pluto, ["a"], limit=1.5)),
    ("limit", lambda pluto: enter(pluto, ["a"], limit=True)),
    ("operation", lambda pluto: enter(pluto, ["a"], "upp")),
    ("operation", lambda pluto: enter(pluto, ["a"], None)),
    ("operation", lambda pluto: enter(pluto, ["a"], ["up"])),
    ("load", lambda pluto: enter(pluto, ["a"], "add")),
    ("timeout", lambda pluto: enter(pluto, ["a"], timeout=0)),
    ("deadline", lambda pluto: enter(pluto, ["a"], deadline="soon")),
    ("on_failure", lambda pluto: enter(pluto, ["a"], on_failure="explode")),
    ("retries", lambda pluto: enter(pluto, ["a"], retries=-1)),
    ("retries", lambda pluto: enter(pluto, ["a"], retries="3")),
    ("names", lambda pluto: wait(pluto, "c1")),
    ("timeout", lambda pluto: wait(pluto, ["a"], timeout=-1)),
    ("poll", lambda pluto: wait(pluto, ["a"], poll=-1)),
    ("answers", lambda pluto: pluto.up("a", answers="secret")),  # type: ignore[arg-type]
    ("members", lambda pluto: pluto.up("a", members="abc")),  # type: ignore[arg-type]
    ("remote_host", lambda pluto: pluto.up("a", remote_host=5)),  # type: ignore[arg-type]
    ("asynchronous", lambda pluto: pluto.up("a", asynchronous="yes")),  # type: ignore[arg-type]
    ("force", lambda pluto: pluto.unroute("a", force=1)),  # type: ignore[arg-type]
    ("command", lambda pluto: pluto.ask(c.Status)),  # type: ignore[arg-type]
    ("command", lambda pluto: pluto.listing("status")),  # type: ignore[arg-type]
    ("command", lambda pluto: pluto.replies("status")),  # type: ignore[arg-type]
    ("command", lambda pluto: pluto.state(c.Status)),  # type: ignore[arg-type]
    ("peers", lambda pluto: enter(pluto, ["a"], peers="x")),
    ("load", lambda pluto: enter(pluto, ["a"], "add", load="/etc/ipsec.conf")),
    ("log", lambda pluto: enter(pluto, ["a"], log="info")),
    ("wait", lambda pluto: enter(pluto, ["a"], wait=5)),
    ("pluto", lambda pluto: bulk(["a"], pluto).__aenter__()),  # type: ignore[arg-type]
    ("pluto", lambda pluto: wait(None, ["a"])),  # type: ignore[arg-type]
)


@pytest.fixture(scope="module")
def pluto_process() -> Any:
    with FakePluto("5.2", connections=["a", "c1"]) as pluto:
        yield pluto


@pytest.mark.parametrize(("option", "call"), WRONG, ids=[f"{n}-{one[0]}" for n, one in enumerate(WRONG)])
async def test_a_wrong_argument_is_refused_and_named(
    option: str, call: Callable[[Pluto], Awaitable[object]], pluto_process: FakePluto
) -> None:
    async with open_pluto(pluto_process.path, "5.2") as pluto:
        before = len(pluto_process.requests)
        with pytest.raises(UsageError) as raised:
            await call(pluto)
        assert raised.value.option == option
        assert len(pluto_process.requests) == before


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("path", {"path": 5}),
        ("path", {"path": None}),
        ("path", {"path": ""}),
        ("limit", {"limit": 0}),
        ("buffer", {"buffer": 0}),
        ("timeout", {"timeout": -1}),
        ("timeout", {"timeout": "5"}),
        ("release", {"release": 5.2}),
        ("known", {"known": "/run/autod"}),
        ("log", {"log": "info"}),
    ],
)
async def test_opening_with_a_wrong_argument_is_refused(option: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        async with open_pluto(**arguments):
            pass
    assert raised.value.option == option


@pytest.mark.parametrize("arguments", [{"path": 5}, {"release": 5.2}, {"known": "x"}, {"timeout": -1}])
def test_a_thread_opens_with_right_arguments_alone(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised, autod.sync.open_pluto(**arguments):
        pass
    assert raised.value.option == next(iter(arguments))


@pytest.mark.parametrize(
    ("option", "make"),
    [
        ("release", lambda: load("/etc/ipsec.conf", "4.10")),  # type: ignore[arg-type]
        ("path", lambda: load(None, find("4.10"))),  # type: ignore[arg-type]
        ("text", lambda: load_text(5, find("4.10"))),  # type: ignore[arg-type]
        ("release", lambda: find(5.2)),  # type: ignore[arg-type]
        ("answers", lambda: Answers(user=5)),  # type: ignore[arg-type]
        ("retries", lambda: Backoff("3")),  # type: ignore[arg-type]
        ("connections", lambda: FakePluto(connections="abc")),
        ("command", lambda: FakePluto().says("status")),  # type: ignore[arg-type]
        ("result", lambda: FakePluto().fails("a", "x")),  # type: ignore[arg-type]
        ("after", lambda: FakePluto().comes_up("a", after=-1)),
        ("name", lambda: FakePluto().comes_up(5)),  # type: ignore[arg-type]
    ],
)
def test_values_are_looked_at_where_they_are_made(option: str, make: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as raised:
        make()
    assert raised.value.option == option


def test_type_checkers_know_the_operations_of_bulk() -> None:
    assert get_args(OperationName) == tuple(OPERATIONS)


def test_a_back_off_of_ones_own_is_looked_at_too() -> None:
    with pytest.raises(UsageError):
        Backoff(1, factor=0.5)


@pytest.mark.parametrize(
    "bad", ["", "a\0b", "a\nb", "\ud800", "x" * 4096], ids=["empty", "nul", "newline", "surrogate", "long"]
)
@pytest.mark.parametrize("operation", ["up", "down", "route", "delete"])
async def test_one_name_that_cannot_be_sent_stops_all_before_the_first(
    bad: str, operation: OperationName, pluto_process: FakePluto
) -> None:
    """Among 600 others, wherever it stands; and nothing is left open."""
    names = [f"c{number}" for number in range(600)]
    names.insert(300, bad)
    async with open_pluto(pluto_process.path, "5.2") as pluto:
        before, opened = len(pluto_process.requests), len(os.listdir("/proc/self/fd"))
        with pytest.raises(BadString) as raised:
            await enter(pluto, names, operation)
        assert raised.value.name == bad
        assert len(pluto_process.requests) == before
        assert len(os.listdir("/proc/self/fd")) == opened
