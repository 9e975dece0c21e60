"""What holds for one request holds for many: guards on the quick way, and one look for a pluto started anew."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
import structlog
import trio

from autod.asking import guards
from autod.asking.guards import Guard
from autod.bulk import bulk
from autod.client import open_pluto
from autod.operations import of_command
from autod.outcomes import Outcome, Result
from autod.protocol import commands
from autod.testing import FakePluto
from tests.fakes.fakepluto import fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

    from autod.asking.asks import Asked, Course
    from autod.asking.request import Request
    from tests.fakes.fakepluto import Client

PROBE = 64
"""Bytes of the longest message that only asks for the status."""


async def answer(client: Client) -> None:
    """Tells its release, and says yes to everything else."""
    message = await client.read()
    if len(message) <= PROBE:
        await client.write(b"000 pluto_version=4.10, pluto_vendorid=OE-Libreswan-4.10\n")


async def test_a_guard_that_is_added_to_an_operation_is_asked_in_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is sent for what it refuses, also where requests would have gone the quick way."""
    asked: list[str | None] = []

    def refuse(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
        yield from ()
        asked.append(request.name)
        return Outcome(
            operation=request.operation,
            connection=request.name,
            result=Result.REFUSED,
            ok=False,
            sentence="refused by the guard",
        )

    row = of_command("Route")._replace(guards=("of the test",))
    monkeypatch.setitem(guards.GUARDS, "of the test", Guard(lambda release: True, refuse))
    monkeypatch.setattr(
        guards, "of_command", lambda command: row if command == "Route" else of_command(command)
    )
    names = [f"c{number}" for number in range(30)]
    with FakePluto("4.10", connections=names) as pluto:
        async with open_pluto(pluto.path) as client, bulk(client, names, "route") as run:
            pass
        assert pluto.asked(commands.Route) == []
    assert sorted(name for name in asked if name) == sorted(names)
    assert {result.outcome.sentence for result in run.result.results.values() if result.outcome} == {
        "refused by the guard"
    }


@pytest.mark.parametrize("narrowed", [False, True])
async def test_one_look_tells_whether_each_deletion_needs_one(narrowed: bool) -> None:
    """On 5.2, where the IKEv1 SA of a connection with narrowing= would make its deletion the end of pluto."""
    names = [f"c{number}" for number in range(200)]
    with FakePluto("5.2", connections=names) as pluto:
        kind = "STATE_MAIN_I1" if narrowed else "IKE_SA_INIT_I"
        pluto.says(commands.ShowStates, f'000 #7: "x":500 {kind} (sent its request); idle;')
        async with open_pluto(pluto.path) as client, bulk(client, names, "delete") as run:
            pass
        assert run.result.ok
        assert sorted(pluto.asked(commands.Delete)) == sorted(names)
        asked = [one.command.__name__ for one in pluto.requests]
        assert asked.count("ShowStates") == 1
        assert asked.count("ConnectionStatus") == (200 if narrowed else 0)


async def test_a_pluto_that_was_started_anew_is_looked_at_once_for_all_that_wait(tmp_path: Path) -> None:
    """300 requests wait while another pluto binds the socket: one probe, and each request is sent once."""
    path = tmp_path / "ctl"
    async with contextlib.AsyncExitStack() as stack:
        async with fake_pluto(path, answer):
            client = await stack.enter_async_context(open_pluto(path))
        path.unlink()
        async with fake_pluto(path, answer) as pluto, trio.open_nursery() as nursery:
            for number in range(300):
                nursery.start_soon(client.route, f"c{number}")
    assert sum(0 < len(message) <= PROBE for message in pluto.messages) == 1
    assert sum(not message for message in pluto.messages) == 0


async def test_a_run_writes_to_the_logger_of_the_caller() -> None:
    """Bound to the run; what is of one connection says which; the last says how it went. Also without a reader."""
    with FakePluto("4.10", connections=["a", "b"]) as pluto, structlog.testing.capture_logs() as captured:
        mine = structlog.get_logger("mine").bind(site="a")
        async with (
            open_pluto(pluto.path, "4.10") as client,
            bulk(client, ["a", "b"], "route", log=mine) as run,
        ):
            pass
    assert run.result.ok
    assert {(one["site"], one["operation"], one["release"]) for one in captured} == {("a", "route", "4.10")}
    outcomes = [one["connection"] for one in captured if one["event"] == "outcome"]
    assert sorted(outcomes) == ["a", "b"]
    assert captured[-1]["event"] == "summary"
    assert "connection" not in captured[-1]
