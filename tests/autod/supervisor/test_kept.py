"""What the supervisor keeps in files, under faults of the system: old or new, whole, and never silently neither.

The first descriptor is refused, then the second, and so on until a file is written; likewise each call that changes a
file, and each size beyond which a disk takes no byte more; and all calls are interrupted by signals.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from autod.errors import ConfigurationError
from autod.protocol.releases import find
from autod.service.ledger import Change
from autod.service.store import Named, Reader, Store
from autod.supervisor.configured import _remember, _remembered
from autod.supervisor.kept import replace_file
from autod.supervisor.own import Own
from autod.supervisor.settingsfile import LastGood

RELEASE = find("5.2", seccomp=False)
ROWS = 3
WRITTEN, NOT_WRITTEN, BROKEN = range(3)


class Kept(NamedTuple):
    """A way to keep the numbers up to `n`, and what is kept; `names` of the files that may be there."""

    write: Callable[[Path, int], None]
    read: Callable[[Path], list[int]]
    names: frozenset[str]


Way = Callable[[Kept, Path, int], bool]


def remember(folder: Path, number: int) -> None:
    _remember(str(folder / "suspended.json"), {str(one): True for one in range(number + 1)})


def remembered(folder: Path) -> list[int]:
    found, problem = _remembered(str(folder / "suspended.json"))
    assert not problem
    return [int(one) for one in found]


def keep_settings(folder: Path, number: int) -> None:
    LastGood(str(folder)).keep("a", "\n".join(map(str, range(number + 1))))


def settings(folder: Path) -> list[int]:
    return [int(line) for line in (LastGood(str(folder)).recall("a") or "").split()]


def add(folder: Path, number: int) -> None:
    Own(str(folder / "connections.conf"), RELEASE).add(str(number), f"conn {number}\n\tleft=192.0.2.1\n")


def added(folder: Path) -> list[int]:
    own = Own(str(folder / "connections.conf"), RELEASE)
    assert not own.problem
    return [int(name) for name in own.names]


def note(folder: Path, number: int) -> None:
    with closing(Store(str(folder / "history.db"), size=1 << 30, keep=1 << 40)) as store:
        assert store.damaged is None
        changes = [(Named("a"), Change(one, "state", cause=str(number))) for one in range(ROWS)]
        store.append(changes, number)
        store.put_together(number)


def noted(folder: Path) -> list[int]:
    """Each number once for all of its rows: a part of them is not a number."""
    file = folder / "history.db"
    if not file.exists() or file.stat().st_size == 0:
        return []
    with Reader.open(str(file)) as reader:
        causes = [int(one.cause) for _, one in reader.changes(["a"], 0, 1 << 50, 1000)]
    assert all(causes.count(one) == ROWS for one in causes)
    return sorted(set(causes))


KEPT = {
    "suspensions": Kept(remember, remembered, frozenset({"suspended.json"})),
    "settings": Kept(keep_settings, settings, frozenset({"last-good.toml"})),
    "connections": Kept(add, added, frozenset({"connections.conf"})),
    "history": Kept(
        note, noted, frozenset({"history.db", "history.db.lock", "history.db-wal", "history.db-shm"})
    ),
}


@pytest.fixture(params=KEPT)
def kept(request: pytest.FixtureRequest) -> Kept:
    return KEPT[request.param]


def written(kept: Kept, folder: Path, number: int) -> bool:
    """Whether `number` is said to be written; what fails says so in an orderly way."""
    try:
        kept.write(folder, number)
    except (ConfigurationError, OSError, sqlite3.Error):
        return False
    return True


def in_a_fork(fault: Callable[[], object]) -> Way:
    """The same in a process with this fault, which goes with it."""

    def way(kept: Kept, folder: Path, number: int) -> bool:
        child = os.fork()
        if not child:
            status = BROKEN
            try:
                fault()
                status = WRITTEN if written(kept, folder, number) else NOT_WRITTEN
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (WRITTEN, NOT_WRITTEN)
        return status == WRITTEN

    return way


def hold(kept: Kept, folder: Path, ways: list[Way]) -> None:
    """With each fault the file is as before or as asked for, and what was said to be written is."""
    for number, way in enumerate(ways):
        before = kept.read(folder)
        said = way(kept, folder, number)
        after = kept.read(folder)
        assert after in ([*before, number],) if said else after in (before, [*before, number])
        if after == before:
            assert written(kept, folder, number)
            assert kept.read(folder) == [*before, number]
        assert {path.name for path in folder.iterdir()} <= kept.names
    assert said, "the last fault is one that nothing meets"


def descriptors(free: int) -> Way:
    def fault() -> None:
        least = os.open(os.devnull, os.O_RDONLY)
        os.close(least)
        resource.setrlimit(resource.RLIMIT_NOFILE, (least + free, least + free))

    return in_a_fork(fault)


def room(size: int) -> Way:
    def fault() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return in_a_fork(fault)


def refusal(call: str, number: int, code: int) -> Way:
    """The call with this number fails."""

    def way(kept: Kept, folder: Path, asked: int) -> bool:
        real, left = getattr(os, call), [number]

        def called(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise OSError(code, os.strerror(code), "x")
            return real(*arguments, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, called)
            return written(kept, folder, asked)

    return way


@in_a_fork
def interrupted() -> None:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, True)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)


def test_each_descriptor_that_is_refused(kept: Kept, tmp_path: Path) -> None:
    hold(kept, tmp_path, [descriptors(free) for free in (0, 1, 2, 3, 4, 5, 6, 30)])


@pytest.mark.parametrize(
    ("call", "code"),
    [("open", errno.ENOSPC), ("fsync", errno.EIO), ("replace", errno.ENOSPC), ("unlink", errno.EROFS)],
)
def test_each_call_that_fails(kept: Kept, call: str, code: int, tmp_path: Path) -> None:
    hold(kept, tmp_path, [refusal(call, number, code) for number in (0, 1, 2, 99)])


def test_a_disk_that_takes_no_byte_more(kept: Kept, tmp_path: Path) -> None:
    """A short write first, where it ends within one."""
    hold(kept, tmp_path, [room(size) for size in (0, 1, 40, 600, 4096, 20_000, 1 << 20)])


def test_signals_between_all_calls(kept: Kept, tmp_path: Path) -> None:
    for number in range(2):
        assert interrupted(kept, tmp_path, number)
    assert kept.read(tmp_path) == [0, 1]


def test_what_is_kept_is_its_owners_alone_and_no_link_is_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "file.new").symlink_to(other)
    replace_file(str(tmp_path / "file"), "kept")
    assert (tmp_path / "file").read_text() == "kept"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert other.read_text() == "mine"
