"""The tests of a program, with a scripted pluto: what a user's own test suite looks like.

pytest test_with_a_scripted_pluto.py
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autod
import autod.sync
from autod.protocol import commands
from autod.testing import FakePluto


def repair(socket: str, wanted: list[str]) -> dict[str, str]:
    """The program under test: bring up what is not, and say what did not work."""
    failed: dict[str, str] = {}
    with autod.sync.open_pluto(socket, timeout=10) as pluto:
        up = pluto.established()
        for name in wanted:
            if name not in up:
                outcome = pluto.up(name)
                if not outcome.ok:
                    failed[name] = outcome.result.value
    return failed


@pytest.fixture(params=["3.32", "4.10", "5.2", "5.4"])
def pluto(request: pytest.FixtureRequest) -> Iterator[FakePluto]:
    with FakePluto(request.param, connections=["a", "b", "c"], speed=20) as one:
        yield one


def test_what_is_up_is_left_alone(pluto: FakePluto) -> None:
    pluto.goes_up("a")
    assert repair(pluto.path, ["a", "b"]) == {}
    assert pluto.asked(commands.Initiate) == ["b"]
    assert pluto.up == {"a", "b"}


def test_what_fails_is_told(pluto: FakePluto) -> None:
    pluto.peer_is_silent("a", after=2)
    pluto.fails("b", autod.Result.AUTHENTICATION_FAILED)
    assert repair(pluto.path, ["a", "b", "c", "nobody"]) == {
        "a": "peer_silent",
        "b": "authentication_failed",
        "nobody": "unknown",
    }


def test_a_pluto_that_was_started_anew_is_repaired(pluto: FakePluto) -> None:
    assert repair(pluto.path, ["a"]) == {}
    pluto.restart()
    assert pluto.up == frozenset()
    assert repair(pluto.path, ["a"]) == {}
    assert pluto.up == {"a"}


def test_no_pluto_is_an_error(pluto: FakePluto) -> None:
    pluto.kill()
    with pytest.raises(autod.NoSocket):
        repair(pluto.path, ["a"])
