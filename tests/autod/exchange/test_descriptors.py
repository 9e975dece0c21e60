"""What pluto can bear beside what it has open, and the count that processes share."""

from __future__ import annotations

import errno
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


@pytest.mark.parametrize(
    ("limit", "ceiling", "margin"),
    [(1, 0, 0), (8, 4, 1), (64, 32, 8), (127, 63, 15), (128, 64, 16), (160, 96, 16), (1024, 960, 16)],
)
def test_the_bound_of_a_small_limit_is_half_of_it(limit: int, ceiling: int, margin: int) -> None:
    gauge = PlutoDescriptors(HERE, limit)
    assert (gauge.ceiling, gauge._margin) == (ceiling, margin)


@pytest.mark.parametrize(
    ("used", "unheard", "allowed"),
    [
        (0, 0, 236),
        (None, 0, 236),
        (844, 0, 25),
        (924, 0, 5),
        (928, 0, 4),
        (941, 0, 3),
        (942, 2, 0),
        (960, 9, -7),
    ],
)
def test_a_look_allows_a_quarter_of_what_is_free_and_the_last_four(
    used: int | None, unheard: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1,024, less those that stay free, those that may lie in the backlog, and those of others."""
    monkeypatch.setattr(Listener, "open_descriptors", lambda _: used)
    assert PlutoDescriptors(HERE, 1024).spare(unheard) == allowed


def test_a_look_is_as_good_as_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    now = 50.0
    monkeypatch.setattr(descriptors.time, "monotonic", lambda: now)
    monkeypatch.setattr(Listener, "open_descriptors", lambda _: looks.append(1) or 937)
    gauge = PlutoDescriptors(HERE, 1024)
    assert gauge.spare(0) == 4
    for left in (3, 2, 1):
        assert gauge.take() is True
        assert gauge.spare(0) == left
    assert len(looks) == 1
    gauge.take()
    assert gauge.spare(0) == 4
    assert len(looks) == 2
    now += descriptors._VALID
    gauge.spare(0)
    assert len(looks) == 3


def test_where_our_own_descriptors_are_not_seen_the_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(Listener, "open_descriptors", lambda _: None)
    assert own_spare() == soft - 12
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert own_spare() == SHARED * SHARED


def test_our_soft_limit_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        descriptors.raise_own_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_concerns_a_running_pluto_is_kept_where_only_this_user_may_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert str(descriptors.runtime_folder()) == "/run/autod"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for told, expected in (("", None), ("relative", None), (str(tmp_path), f"{tmp_path}/autod")):
        monkeypatch.setenv("XDG_RUNTIME_DIR", told)
        folder = descriptors.runtime_folder()
        assert (folder if folder is None else str(folder)) == expected
    shared = gauge_for("/run/pluto/pluto.ctl", Listener())
    assert isinstance(shared, SharedCount)
    assert (tmp_path / "autod").stat().st_mode & 0o777 == 0o700
    (file,) = (tmp_path / "autod").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size == SHARED * 8
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    assert gauge_for("/run/pluto/pluto.ctl", Listener()) is None
    assert not (tmp_path / "elsewhere").exists()


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


def test_a_place_whose_lock_is_held_is_not_free_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An up may be negotiated for longer than pluto holds what was given up."""
    one, other = SharedCount(str(tmp_path / "count")), SharedCount(str(tmp_path / "count"))
    assert one.take()
    now = descriptors._boottime()
    monkeypatch.setattr(descriptors, "_boottime", lambda: now + 66.0)
    assert other.take()
    assert other._mine == [1]


def test_what_is_given_back_is_free_for_others_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while another place is still held, by the file that stays open."""
    now = descriptors._boottime()
    monkeypatch.setattr(descriptors, "_boottime", lambda: now)
    one, other = SharedCount(str(tmp_path / "count")), SharedCount(str(tmp_path / "count"))
    for _ in range(4):
        one.take()
    one.give()
    assert other.take()
    assert other._mine == [0]
    one.leave()
    monkeypatch.setattr(descriptors, "_boottime", lambda: now + descriptors.HELD)
    assert other.take()
    assert other._mine == [0, 1]
    one.give_left()
    one.give_left()
    assert (one._mine, one._left) == ([2, 3], [])


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


def test_a_disk_that_is_full_leaves_the_lock_to_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it is an exception: a run is not to end for it."""
    one, other = SharedCount(str(tmp_path / "count")), SharedCount(str(tmp_path / "count"))
    assert one.spare(0) == SHARED

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(descriptors.os, "pwrite", full)
    assert one.take()
    assert other.take()
    assert (one._mine, other._mine) == ([0], [1])
    one.give()
    other.leave()
    other.give_left()
    assert (one._mine, other._mine) == ([], [])


def test_where_the_file_cannot_be_opened_the_places_of_this_process_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = SharedCount(str(tmp_path / "count"))
    real = os.open
    with monkeypatch.context() as patch:

        def none(*_: object) -> int:
            raise OSError(errno.EMFILE, "Too many open files")

        patch.setattr(descriptors.os, "open", none)
        assert [count.take() for _ in range(3)] == [True] * 3
        assert count.spare(0) == descriptors.SHARED - 3
        count.give()
        count.leave()
        assert count.spare(0) == descriptors.SHARED - 2
        count.give_left()
        count.give()
        assert count.spare(0) == descriptors.SHARED
    assert os.open is real
    assert count.take()
