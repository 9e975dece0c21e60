"""What no type checker saw is refused before anything is sent, with one kind of error."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest

from autod.bulk import OPERATIONS, Backoff, bulk, wait
from autod.bulk.operations import OperationName
from autod.client import Pluto, open_pluto
from autod.errors import BadString, UsageError
from autod.protocol import commands as c
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
    ],
)
async def test_opening_with_a_wrong_argument_is_refused(option: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        async with open_pluto(**arguments):
            pass
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
