"""The history: sums against a plain reckoning, the file against all its bounds and against being killed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod.errors import ConfigurationError
from autod.service.history import accounts, by_peer
from autod.service.history import changes as changes_of
from autod.service.history import outages as outages_of
from autod.service.ledger import Change, Outage, Tally, Truth, outages, pack, tally, unpack
from autod.service.store import HOUR, Named, Reader, Store

MINUTE = 60_000
START = 1_700_000_000_000 // HOUR * HOUR
STATES = ["up", "waiting", "starting", "absent", "suspended", "unknown", "refused"]

changes = st.lists(
    st.builds(
        Change,
        at=st.integers(0, 1000),
        kind=st.just("state"),
        state=st.sampled_from(STATES),
        expected=st.booleans(),
        cause=st.sampled_from(["", "lost", "taken-down", "flapping"]),
    ),
    max_size=30,
).map(lambda many: sorted(many, key=lambda one: one.at))
truths = st.builds(Truth, st.sampled_from(STATES), st.booleans())


def reckoned(truth: Truth, begin: int, end: int, many: list[Change]) -> Tally:
    """The same sums, a millisecond at a time."""
    moments: list[bool | None] = []
    losses = held = 0
    at = 0
    for moment in range(begin, end + 1):
        while at < len(many) and many[at].at <= moment:
            change, before = many[at], truth
            truth = change.truth or truth
            if change.at >= begin:
                losses += bool(before.up) and truth.up is False and change.cause != "taken-down"
                held += change.cause == "flapping"
            at += 1
        if moment < end:
            moments.append(truth.up)
    runs, run = [], 0
    for one in [*moments, True]:
        if one is False:
            run += 1
        else:
            runs.append(run)
            run = 0
    trail = next((i for i, one in enumerate(reversed(moments)) if one is not False), len(moments))
    lead = next((i for i, one in enumerate(moments) if one is not False), len(moments))
    return Tally(
        moments.count(True), moments.count(False), losses, held, lead, trail, max(runs), lead == len(moments)
    )


@settings(deadline=None)
@given(truths, changes)
def test_the_sums_are_those_of_a_plain_reckoning(truth: Truth, many: list[Change]) -> None:
    found, _ = tally(truth, 0, 1000, many)
    assert found == reckoned(truth, 0, 1000, many)


@given(truths, changes, st.integers(0, 1000))
def test_the_sums_of_two_parts_are_those_of_the_whole(truth: Truth, many: list[Change], cut: int) -> None:
    first, then = tally(truth, 0, cut, [c for c in many if c.at <= cut])
    rest, last = tally(then, cut, 1000, [c for c in many if c.at > cut])
    assert (first.then(rest), last) == tally(truth, 0, 1000, many)


@given(truths, changes)
def test_the_outages_are_the_time_that_it_was_down(truth: Truth, many: list[Change]) -> None:
    found = list(outages(truth, 0, 1000, many))
    sums, _ = tally(truth, 0, 1000, many)
    assert sum((1000 if one.end is None else one.end) - one.begin for one in found) == sums.down
    assert all(a.end is not None and a.end <= b.begin for a, b in pairwise(found))


def test_what_an_outage_says_is_its_last_cause() -> None:
    many = [
        Change(10, "state", "waiting", True, "lost", "the tunnel went down"),
        Change(20, "state", "starting", True),
        Change(30, "state", "waiting", True, "peer-silent", "no answer"),
        Change(40, "state", "up", True),
        Change(50, "state", "suspended", True),
    ]
    assert list(outages(Truth("up", True), 0, 100, many)) == [Outage(10, 40, "peer-silent", "no answer")]


@given(changes)
def test_packed_changes_come_back(many: list[Change]) -> None:
    assert unpack(pack(many)) == many


@given(st.binary(max_size=100))
def test_no_bytes_are_taken_for_changes_by_mistake(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(data)


@contextmanager
def store(path: Path, *, size: int = 1 << 30, keep: int = 1000 * 24 * HOUR) -> Iterator[Store]:
    made = Store(str(path), size=size, keep=keep)
    try:
        yield made
    finally:
        made.close()


def state(at: int, after: str, cause: str = "") -> Change:
    return Change(at, "state", after, True, cause)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_whatever_was_put_together_when_the_answers_are_the_same(seed: int) -> None:
    """Random changes over six hours, put together at random times; random questions."""
    from tempfile import TemporaryDirectory

    chance = random.Random(seed)
    with TemporaryDirectory() as folder, store(Path(folder, "h.db")) as kept:
        all_of: dict[str, list[Change]] = {"a": [], "b": []}
        at = START
        while at < START + 6 * HOUR:
            at += chance.choice((0, 1, 30_000, MINUTE, 20 * MINUTE, 2 * HOUR))
            name = chance.choice("ab")
            change = Change(
                at,
                "state",
                chance.choice(STATES),
                chance.random() < 0.8,
                chance.choice(["", "lost", "taken-down"]),
            )
            all_of[name].append(change)
            kept.append([(Named(name, "192.0.2.1"), change)], at)
            if chance.random() < 0.2:
                kept.put_together(at)
        with Reader.open(kept.path) as reader:
            for _ in range(10):
                since = START + chance.randrange(6 * HOUR)
                until = since + chance.randrange(1, 3 * HOUR)
                lines = {line.named.name: line for line in reader.lines(since, until)}
                for name, many in all_of.items():
                    if not many:
                        continue
                    _, truth = tally(Truth(), START, since, [c for c in many if c.at < since])
                    sums, last = tally(truth, since, until, [c for c in many if since <= c.at <= until])
                    assert (lines[name].sums, lines[name].truth) == (sums, last)
                    inside = [c for c in many if since <= c.at <= until]
                    assert [c for _, c in reader.changes([name], since, until, 10**6)] == inside
                    assert reader.outages(name, since, until) == list(outages(truth, since, until, inside))


def test_answers_by_connection_and_by_peer(tmp_path: Path) -> None:
    with store(tmp_path / "h.db") as kept:
        rows = [
            (Named("a", "192.0.2.1", "g"), state(START, "up")),
            (Named("b", "192.0.2.1"), state(START, "up")),
            (Named("c", "192.0.2.2"), state(START, "up")),
            (Named("a", "192.0.2.1", "g"), state(START + 10 * MINUTE, "waiting", "lost")),
            (Named("a", "192.0.2.1", "g"), state(START + 20 * MINUTE, "up")),
            (Named(""), Change(START + 21 * MINUTE, "pluto", act="lost")),
        ]
        kept.append(rows, START)
        with Reader.open(kept.path) as reader:
            since, until = START / 1000, START / 1000 + 3600
            found = accounts(reader, since, until)
            assert [(one.name, one.availability, one.down, one.losses) for one in found] == [
                ("a", round(50 / 60, 6), 600, 1),
                ("b", 1, 0, 0),
                ("c", 1, 0, 0),
            ]
            assert [(one.name, one.connections, one.availability) for one in by_peer(found)] == [
                ("192.0.2.1", 2, round(110 / 120, 6)),
                ("192.0.2.2", 1, 1),
            ]
            assert [one.name for one in accounts(reader, since, until, ["b*", "c"])] == ["b", "c"]
            assert [one.name for one in accounts(reader, since, until, None, "192.0.2.2")] == ["c"]
            assert [(one.connection, one.seconds) for one in outages_of(reader, since, until, [], 10)] == [
                ("a", 600)
            ]
            assert [one.kind for one in changes_of(reader, since, until, [], 3)] == [
                "state",
                "state",
                "pluto",
            ]
            assert [one.after for one in changes_of(reader, since, until, ["a"], 9)] == [
                "up",
                "waiting",
                "up",
            ]


def test_time_in_which_no_supervisor_ran_is_not_known(tmp_path: Path) -> None:
    with store(tmp_path / "h.db") as kept:
        kept.begin(START)
        kept.append([(Named("a"), state(START, "up"))], START)
        kept.append((), START + 10 * MINUTE)
    with store(tmp_path / "h.db") as kept:
        kept.begin(START + 40 * MINUTE)
        kept.append([(Named("a"), state(START + 40 * MINUTE, "waiting"))], START + 40 * MINUTE)
        with Reader.open(kept.path) as reader:
            (found,) = accounts(reader, START / 1000, START / 1000 + 3600)
    assert (found.up, found.down, found.losses) == (600, 1200, 0)


def test_it_stays_within_its_size_and_remembers_what_was_so(tmp_path: Path) -> None:
    size = 200_000
    with store(tmp_path / "h.db", size=size) as kept:
        kept.append([(Named("quiet"), state(START, "up"))], START)
        chance = random.Random(1)
        for hour in range(150):
            at = START + hour * HOUR
            rows = [
                (Named(f"c{i}"), Change(at + j, "state", "up", True, "lost", f"{chance.random()}"))
                for i in range(10)
                for j in range(10)
            ]
            kept.append(rows, at)
            kept.put_together(at)
            assert kept.bytes_used() <= size
        assert (tmp_path / "h.db").stat().st_size < size * 1.5
        with Reader.open(kept.path) as reader:
            end = START + 150 * HOUR
            quiet = next(one for one in reader.lines(end - HOUR, end) if one.named.name == "quiet")
            assert (quiet.truth, quiet.sums.up) == (Truth("up", True), HOUR)
            assert not reader.changes(["c1"], START, START + HOUR, 10)
            assert reader.changes(["c1"], end - 2 * HOUR, end, 10)


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    with store(tmp_path / "h.db", keep=24 * HOUR) as kept:
        for hour in range(48):
            kept.append([(Named("a"), state(START + hour * HOUR, "up"))], START + hour * HOUR)
            kept.put_together(START + hour * HOUR)
        with Reader.open(kept.path) as reader:
            assert len(reader.changes(["a"], START, START + 48 * HOUR, 100)) == 25


def test_only_one_may_write(tmp_path: Path) -> None:
    with store(tmp_path / "h.db"), pytest.raises(ConfigurationError, match="another supervisor"):
        Store(str(tmp_path / "h.db"), size=1, keep=1)


@pytest.mark.parametrize("content", [b"this is not a database, and longer than its head" * 100, b"x" * 5000])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(content)
    with store(path) as kept:
        assert kept.damaged == f"{path}.damaged"
        kept.append([(Named("a"), state(START, "up"))], START)
    assert Path(f"{path}.damaged").read_bytes() == content


def test_nothing_that_was_written_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from autod.service.store import Store, Named; from autod.service.ledger import Change\n"
        "s = Store(sys.argv[1], size=1 << 30, keep=10**15)\n"
        "for n in range(10**9):\n"
        " s.append([(Named('a'), Change(n, 'state', 'up', True))], n)\n"
        " if n % 50 == 49: s.put_together(n)\n"
        " print(n, flush=True)\n"
    )
    for _ in range(3):
        path = tmp_path / "h.db"
        path.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert process.stdout is not None
        for _ in range(120):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        last = int(told[-1]) if told else 119
        with store(path) as kept, Reader.open(kept.path) as reader:
            found = [change.at for _, change in reader.changes(["a"], 0, 10**12, 10**9)]
        assert found[: last + 1] == list(range(last + 1))


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_a_thousand_connections_that_flap_for_a_day(tmp_path: Path) -> None:
    """Lost every other minute, as often as flap_hold lets them: 1.4 million changes in a day."""
    path = tmp_path / "h.db"
    names = [Named(f"branch-{i:04}", f"192.0.2.{i % 250}", "branches") for i in range(1000)]
    chance = random.Random(7)
    with store(path, size=32 << 20) as kept:
        for second in range(0, 86400, 30):
            at = START + second * 1000
            rows = []
            for named in names:
                if second % 180 == 0:
                    rows.append((named, state(at + chance.randrange(999), "waiting", "lost")))
                    rows.append((named, state(at + 2000 + chance.randrange(999), "starting")))
                    rows.append((named, state(at + 3000 + chance.randrange(999), "up")))
            if rows:
                kept.append(sorted(rows, key=lambda row: row[1].at), at)
            if kept.due(at):
                kept.put_together(at)
        size = sum(one.stat().st_size for one in tmp_path.iterdir())
        assert size < 50_000_000
        end = (START + 86_400_000) / 1000
        took = {}
        for what, ask in {
            "day": lambda r: accounts(r, end - 86400, end),
            "since half past": lambda r: accounts(r, end - 50000, end - 3000),
            "one": lambda r: changes_of(r, end - 86400, end, ["branch-0007"], 10**6),
            "peer": lambda r: by_peer(accounts(r, end - 86400, end, None, "192.0.2.7")),
            "downs": lambda r: outages_of(r, end - 86400, end, ["branch-0007"], 10**6),
        }.items():
            began = time.process_time()
            with Reader.open(str(path)) as reader:
                found = ask(reader)
            took[what] = time.process_time() - began
            assert found
        print(f"{size / 1e6:.1f} MB, {', '.join(f'{k} {v:.3f} s' for k, v in took.items())}")
        assert len(happenings_of(path, end)) == 1440


def happenings_of(path: Path, end: float) -> list[object]:
    with Reader.open(str(path)) as reader:
        return list(changes_of(reader, end - 86400, end, ["branch-0007"], 10**6))


def test_a_reader_of_something_else_says_so(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").close()
    with pytest.raises(sqlite3.DatabaseError, match="not a history"), Reader.open(str(tmp_path / "other.db")):
        pass
    with pytest.raises(FileNotFoundError), Reader.open(str(tmp_path / "none.db")):
        pass
    assert not os.path.exists(tmp_path / "none.db")
