"""What pluto can bear beside what it has open, and the count that processes share."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from autod.exchange import descriptors
from autod.exchange.descriptors import (
    RESERVE,
    SHARED,
    OwnDescriptors,
    PlutoDescriptors,
    SharedCount,
    gauge_for,
    own_spare,
)
from autod.exchange.peer import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


HERE = Listener(os.getpid())


@pytest.fixture
def opened() -> Iterator[list[int]]:
    """Descriptors of this process that a test opened; closed at its end."""
    handles: list[int] = []
    yield handles
    for handle in handles:
        os.close(handle)


def test_what_anybody_has_open_counts(opened: list[int]) -> None:
    """A look allows a part of what is free, never more, and nothing at the bound."""
    here = len(os.listdir("/proc/self/fd"))
    limit = here + RESERVE + 16 + 100
    first = PlutoDescriptors(HERE, limit).spare(0)
    assert 20 <= first <= 26
    opened += [os.open("/dev/null", os.O_RDONLY) for _ in range(98)]
    assert 1 <= PlutoDescriptors(HERE, limit).spare(0) <= 4
    opened += [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
    assert PlutoDescriptors(HERE, limit).spare(0) <= 0


def test_what_pluto_has_not_taken_yet_counts_too() -> None:
    limit = len(os.listdir("/proc/self/fd")) + RESERVE + 16 + 100
    assert PlutoDescriptors(HERE, limit).spare(90) > 0
    assert PlutoDescriptors(HERE, limit).spare(102) <= 0


def test_a_look_is_used_up_by_what_it_allowed() -> None:
    gauge = PlutoDescriptors(HERE, 2000)
    allowed = gauge.spare(0)
    for _ in range(10):
        gauge.take()
    assert gauge.spare(0) == allowed - 10


@pytest.mark.parametrize("limit", [1, 8, 16, 64, 127])
def test_the_bound_of_a_small_limit_is_half_of_it(limit: int) -> None:
    assert PlutoDescriptors(HERE, limit).ceiling == limit // 2


def test_a_place_is_taken_for_every_process(tmp_path: Path) -> None:
    one, other = SharedCount(str(tmp_path / "count")), SharedCount(str(tmp_path / "count"))
    for _ in range(3):
        assert one.take()
    assert other.spare(0) == SHARED - 3
    assert other.take()
    one.give()
    assert one.spare(0) == other.spare(0) == SHARED - 3


def test_a_place_that_was_left_counts_until_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = SharedCount(str(tmp_path / "count"), held=65.0), SharedCount(str(tmp_path / "count"))
    one.take()
    one.take()
    one.leave()
    one.leave()
    assert other.spare(0) == SHARED - 2
    one.give_left()
    assert other.spare(0) == SHARED - 1
    now = descriptors._boottime()
    monkeypatch.setattr(descriptors, "_boottime", lambda: now + 66.0)
    assert other.spare(0) == SHARED


def test_a_process_that_is_killed_leaves_its_places_until_their_time_is_over(tmp_path: Path) -> None:
    program = (
        "import os, sys; from autod.exchange.descriptors import SharedCount; count = SharedCount(sys.argv[1]);"
        "count.take(); count.take(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "count")], check=False)
    assert SharedCount(str(tmp_path / "count")).spare(0) == SHARED - 2


def test_all_places_taken_is_no_place(tmp_path: Path) -> None:
    count = SharedCount(str(tmp_path / "count"))
    assert all(count.take() for _ in range(SHARED))
    assert not count.take()
    assert count.spare(0) == 0


def test_nothing_stays_open_when_nothing_is_taken(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    count = SharedCount(str(tmp_path / "count"))
    count.take()
    count.take()
    count.give()
    count.leave()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_pluto_that_is_not_seen_is_bounded_by_the_shared_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "runtime_folder", lambda: tmp_path / "run")
    assert isinstance(gauge_for("/run/pluto/pluto.ctl", Listener()), SharedCount)
    assert isinstance(gauge_for("/run/pluto/pluto.ctl", HERE), PlutoDescriptors)
    monkeypatch.setattr(descriptors, "runtime_folder", lambda: None)
    assert gauge_for("/run/pluto/pluto.ctl", Listener()) is None


def test_our_own_descriptors_are_a_bound() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    here = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (here + 40, hard))
    try:
        assert 20 <= own_spare() <= 30
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_of_ones_own_a_look_serves_an_eighth_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """And never promises more than there is: what is opened otherwise is seen by the next look."""
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        return free

    monkeypatch.setattr(descriptors, "own_spare", look)
    own, free = OwnDescriptors(), 80
    assert [own.spare() for _ in range(11)] == list(range(80, 69, -1))
    assert len(looks) == 1
    free = 7
    assert [own.spare() for _ in range(3)] == [7, 7, 7]
    assert len(looks) == 4
