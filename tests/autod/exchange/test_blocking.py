"""An exchange without an event loop holds its place in the count that processes share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from autod.errors import NoSocket
from autod.exchange import blocking
from autod.exchange.blocking import Talk
from autod.exchange.descriptors import SHARED, SharedCount
from autod.exchange.peer import Listener
from autod.protocol import commands as c
from autod.protocol.encode import encode
from autod.protocol.exchange import Ending
from autod.protocol.releases import find
from autod.testing import FakePluto

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELEASE = find("5.2")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many places are free, where no process sees pluto's descriptors."""
    path = str(tmp_path / "count")

    def gauge(socket: str, pluto: Listener) -> SharedCount:
        return SharedCount(path)

    monkeypatch.setattr(blocking, "gauge_for", gauge)
    return lambda: SharedCount(path).spare(0)


def up(pluto: FakePluto, deadline: Callable[[], float]) -> tuple[Ending, Talk]:
    talk = Talk(pluto.path, codes=RELEASE.codes, seqpacket=False, pluto=None)
    message = encode(c.Initiate("a"), RELEASE)
    return talk.run(message, lambda replies: None, deadline, holds_descriptor=True), talk


def test_a_place_is_taken_while_pluto_negotiates_and_given_back_after(places: Callable[[], int]) -> None:
    seen: list[int] = []

    def deadline() -> float:
        seen.append(places())
        return time.monotonic() + 5

    with FakePluto("5.2", connections=["a"]) as pluto:
        ending, _ = up(pluto, deadline)
    assert ending is Ending.EOF
    assert SHARED - 1 in seen
    assert places() == SHARED


def test_the_place_of_what_was_given_up_counts_on(places: Callable[[], int]) -> None:
    end = time.monotonic() + 0.5
    with FakePluto("5.2", connections=["a"]) as pluto:
        pluto.peer_is_silent("a")
        ending, talk = up(pluto, lambda: end)
    assert ending is Ending.DEADLINE
    assert talk.sent
    assert places() == SHARED - 1


def test_what_was_not_sent_takes_no_place(places: Callable[[], int]) -> None:
    with FakePluto("5.2", connections=["a"]) as pluto:
        pluto.kill()
        with pytest.raises(NoSocket):
            up(pluto, lambda: time.monotonic() + 1)
    assert places() == SHARED


def test_it_waits_where_all_places_are_taken(places: Callable[[], int], tmp_path: Path) -> None:
    others = SharedCount(str(tmp_path / "count"))
    while others.take():
        pass
    end = time.monotonic() + 0.3
    with FakePluto("5.2", connections=["a"]) as pluto:
        ending, talk = up(pluto, lambda: end)
        assert not pluto.asked(c.Initiate)
    assert (ending, talk.sent) == (Ending.UNSENT, False)
