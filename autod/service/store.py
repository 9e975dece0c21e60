"""The file of the history: SQLite, bounded, read and written in threads.

Owns the tables, and deletes the oldest hours when the bound is reached. Blocking; knows no event loop and no
supervisor. `ledger` knows what changes mean.

A new change is a row of its own (`fresh`), which is on the disk before `append` returns. After a while the changes are
put together: one row for each hour and connection (`hour`), with the sums, the truth at its end and the packed changes.
A connection without a change in an hour has no row for it: the truth before still holds.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from autod.errors import ConfigurationError
from autod.service.ledger import Change, Outage, Sums, Tally, Truth, outages, pack, tally, unpack

__all__ = ["HOUR", "Line", "Named", "Reader", "Store"]

HOUR = 3_600_000
PUT_TOGETHER = 600_000
"""Fresh changes are put together when this many milliseconds have passed, or when there are FRESH of them."""
FRESH = 20_000
VERSION = 1
_WAL = 4 << 20
_FEW = 200
"""The most connections that are looked up by their numbers; for more of them everything is read."""

_TABLES = """
CREATE TABLE name (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, peer TEXT NOT NULL DEFAULT '',
                   grp TEXT NOT NULL DEFAULT '', truth TEXT NOT NULL DEFAULT '0unknown');
CREATE TABLE fresh (id INTEGER PRIMARY KEY, name INTEGER NOT NULL, at INTEGER NOT NULL, what BLOB NOT NULL);
CREATE TABLE hour (name INTEGER NOT NULL, hour INTEGER NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,
                   first TEXT NOT NULL, last TEXT NOT NULL, up INTEGER NOT NULL, down INTEGER NOT NULL,
                   losses INTEGER NOT NULL, held INTEGER NOT NULL, lead INTEGER NOT NULL, trail INTEGER NOT NULL,
                   longest INTEGER NOT NULL, whole INTEGER NOT NULL, changes BLOB NOT NULL,
                   PRIMARY KEY (name, hour)) WITHOUT ROWID;
CREATE TABLE fact (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
# name.truth: the truth before the oldest hour that is kept.

_SUMS = "up, down, losses, held, lead, trail, longest, whole"
_change = msgspec.msgpack.Decoder(Change)


class Named(NamedTuple):
    """A connection: its name, and its last peer and group."""

    name: str
    peer: str = ""
    group: str = ""


class Line(NamedTuple):
    """The sums of one connection over a stretch of time, and the truth at its end."""

    named: Named
    sums: Tally
    truth: Truth


class Store:
    """The one writer of the file at `path`. The file has at most `size` bytes, and no change older than `keep`
    milliseconds.

    Raises ConfigurationError if another supervisor writes it, OSError or sqlite3.Error if it cannot be used. A damaged
    file is put aside, and a new one is begun (then `damaged` is the path of the old one).
    """

    def __init__(self, path: str, *, size: int, keep: int) -> None:
        self.path = path
        self.size = size
        self.keep = keep
        self.damaged: str | None = None
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(path) or ".", 0o700)
        self._lock = _locked(f"{path}.lock")
        try:
            self._db = self._opened()
            self._ids = {name: number for number, name in self._db.execute("SELECT id, name FROM name")}
            self._named = {
                row[0]: Named(*row) for row in self._db.execute("SELECT name, peer, grp FROM name")
            }
        except BaseException:
            os.close(self._lock)
            raise
        self._fresh = self._one("SELECT count(*) FROM fresh")
        self._due = self._one("SELECT coalesce(min(at), 0) FROM fresh") + PUT_TOGETHER

    def close(self) -> None:
        """Close the file, so that another process may write it."""
        self._db.close()
        os.close(self._lock)

    def append(self, changes: Sequence[tuple[Named, Change]], now: int) -> None:
        """Write `changes`, and a sign of life; they are on the disk when this returns. Name "" is for changes about no
        connection.

        Raises sqlite3.Error: then no change is written.
        """
        with self._writing():
            rows = [(self._id(named), change.at, msgspec.msgpack.encode(change)) for named, change in changes]
            self._db.executemany("INSERT INTO fresh (name, at, what) VALUES (?, ?, ?)", rows)
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('alive', ?)", (now,))
        self._fresh += len(changes)

    def due(self, now: int) -> bool:
        """Whether it is time to put fresh changes together."""
        return self._fresh >= FRESH or (self._fresh > 0 and now >= self._due)

    def begin(self, now: int) -> None:
        """Record that a supervisor starts, and that the time since the last sign of life is unknown. Raises
        sqlite3.Error."""
        last = self._one("SELECT coalesce((SELECT value FROM fact WHERE key = 'alive'), 0)")
        gap = [
            (line.named, Change(min(last, now), "life", state="unknown", expected=line.truth.expected))
            for line in Reader(self._db).lines(now, now)
            if line.truth.state != "unknown"
        ]
        self.append([*gap, (Named(""), Change(now, "life", act="begins"))], now)

    def put_together(self, now: int) -> None:
        """Put fresh changes into their hours, and delete hours beyond the bounds. Raises sqlite3.Error."""
        with self._writing():
            by_hour: dict[tuple[int, int], list[Change]] = {}
            for name, at, what in self._db.execute("SELECT name, at, what FROM fresh ORDER BY id"):
                by_hour.setdefault((name, at // HOUR), []).append(_change.decode(what))
            for (name, hour), changes in sorted(by_hour.items()):
                self._add(name, hour, changes)
            self._db.execute("DELETE FROM fresh")
            self._forget(now)
        self._fresh, self._due = 0, now + PUT_TOGETHER
        # While somebody reads, the write-ahead log cannot be cut: the next time will do.
        with suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def bytes_used(self) -> int:
        """The size of the pages in use."""
        pages = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return pages * self._one("PRAGMA page_size")

    # Within

    def _add(self, name: int, hour: int, changes: list[Change]) -> None:
        end = changes[-1].at
        row = self._db.execute(
            f"SELECT begin, end, first, last, changes, {_SUMS} FROM hour WHERE name = ? AND hour = ?",
            (name, hour),
        ).fetchone()
        if row is None:
            before = _before(self._db, name, hour)
            begin = hour * HOUR
            sums, truth = tally(before, begin, end, changes)
            first, packed = before.word, pack(changes)
        else:
            begin, until, first, last, packed, *old = row
            more, truth = tally(Truth.of(last), until, max(end, until), changes)
            sums, end = Tally(*old).then(more), max(end, until)
            packed = pack([*unpack(packed), *changes])
        self._db.execute(
            f"INSERT OR REPLACE INTO hour VALUES ({', '.join('?' * 15)})",
            (name, hour, begin, end, first, truth.word, *sums, packed),
        )

    def _forget(self, now: int) -> None:
        """Delete the oldest hours: those beyond `keep`, and more until the file is within `size`."""
        self._give_up((now - self.keep) // HOUR)
        for _ in range(64):
            if self.bytes_used() <= self.size:
                return
            hours = [row[0] for row in self._db.execute("SELECT DISTINCT hour FROM hour ORDER BY hour")]
            if len(hours) < 2:
                return
            self._give_up(hours[max(len(hours) // 20, 1)])

    def _give_up(self, until: int) -> None:
        """Delete all hours before `until`, and remember the truth at their end."""
        rows = self._db.execute(
            "SELECT name, max(hour), last FROM hour WHERE hour < ? GROUP BY name", (until,)
        ).fetchall()
        for name, _, last in rows:
            self._db.execute("UPDATE name SET truth = ? WHERE id = ?", (last, name))
        if rows:
            self._db.execute("DELETE FROM hour WHERE hour < ?", (until,))

    def _id(self, named: Named) -> int:
        number = self._ids.get(named.name)
        if number is None:
            number = self._ids[named.name] = self._one(
                "INSERT INTO name (name, peer, grp) VALUES (?, ?, ?) RETURNING id", named
            )
        elif named.peer and self._named.get(named.name) != named:
            self._db.execute(
                "UPDATE name SET peer = ?, grp = ? WHERE id = ?", (named.peer, named.group, number)
            )
        self._named[named.name] = named
        return number

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> int:
        value: int = self._db.execute(sql, parameters).fetchone()[0]
        return value

    @contextmanager
    def _writing(self) -> Iterator[None]:
        before = (dict(self._ids), dict(self._named))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._ids, self._named = before
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _opened(self) -> sqlite3.Connection:
        try:
            return _open(self.path)
        except sqlite3.DatabaseError as problem:
            if isinstance(problem, sqlite3.OperationalError):
                raise
        self.damaged = f"{self.path}.damaged"
        os.replace(self.path, self.damaged)
        for more in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(self.path + more)
        return _open(self.path)


class Reader:
    """Answers questions from the file. `open` gives a reader for a thread, with its own connection to the file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    @contextmanager
    def open(cls, path: str) -> Iterator[Reader]:
        """A reader of the file at `path`. Raises sqlite3.Error or OSError if that is not a history."""
        os.stat(path)
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=5.0)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise sqlite3.DatabaseError("this is not a history of this autod")
            db.execute("BEGIN")
            yield cls(db)

    def lines(
        self, since: int, until: int, concerned: Callable[[Named], bool] = lambda named: True
    ) -> list[Line]:
        """The sums of each connection that is `concerned`, from `since` to `until`, by name."""
        begin, end = since // HOUR, until // HOUR
        everyone = self._db.execute(
            "SELECT id, truth, name, peer, grp FROM name WHERE name != '' ORDER BY name"
        )
        members = [(row[0], row[1], named) for row in everyone if concerned(named := Named(*row[2:]))]
        few = f"AND name IN ({', '.join(str(row[0]) for row in members)})" if len(members) <= _FEW else ""
        fresh: dict[int, list[Change]] = {}
        sql = f"SELECT name, what FROM fresh WHERE at <= ? {few} ORDER BY id"
        for name, what in self._db.execute(sql, (until,)):
            fresh.setdefault(name, []).append(_change.decode(what))
        hours: dict[int, list[tuple[Any, ...]]] = {}
        sql = f"SELECT name, hour, begin, end, first, last, {_SUMS} FROM hour WHERE hour >= ? AND hour <= ? {few}"
        for row in self._db.execute(f"{sql} ORDER BY name, hour", (begin, end)):
            hours.setdefault(row[0], []).append(row)
        # The row of the first hour has the truth before that hour.
        unknown = [row[0] for row in members if row[0] not in hours or hours[row[0]][0][1] != begin]
        before = self._befores(begin, unknown)
        lines = []
        for number, word, named in members:
            own = hours.get(number, ())
            word_before = own[0][4] if own and own[0][1] == begin else before.get(number, word)
            truth = Truth.of(word_before)
            sums, truth = self._sum(number, truth, since, until, own, fresh.get(number, ()))
            lines.append(Line(named, sums, truth))
        return lines

    def names(self) -> list[str]:
        """Every connection of the history."""
        return [row[0] for row in self._db.execute("SELECT name FROM name WHERE name != '' ORDER BY name")]

    def changes(self, names: Iterable[str], since: int, until: int, most: int) -> list[tuple[str, Change]]:
        """The last `most` changes of `names` ("" for those about no connection), in order."""
        pairs: list[tuple[str, Change]] = []
        for name in names:
            pairs += [(name, change) for change in self._changes(self._number(name), since, until)]
        pairs.sort(key=lambda row: row[1].at)
        return pairs[-most:]

    def outages(self, name: str, since: int, until: int) -> list[Outage]:
        """The outages of `name`."""
        number = self._number(name)
        if number is None:
            return []
        hour = since // HOUR * HOUR
        # Fresh changes may be older than that hour.
        old, fresh = self._packed(number, hour, until), self._unpacked(number)
        truth, changes = _before(self._db, number, since // HOUR), [*old, *fresh]
        _, truth = tally(truth, hour, since, [change for change in changes if change.at < since])
        return list(outages(truth, since, until, [change for change in changes if change.at >= since]))

    # Within

    def _sum(
        self,
        number: int,
        truth: Truth,
        since: int,
        until: int,
        hours: Iterable[tuple[Any, ...]],
        fresh: Sequence[Change],
    ) -> tuple[Tally, Truth]:
        sums, at, counts = Sums(), since, truth.up
        word = truth.word
        for _, hour, begin, end, first, last, *packed in hours:
            if begin > at:
                sums.stretch(counts, min(begin, until) - at)
                at = min(begin, until)
            if begin < since or end > until:
                # An hour at the edge: only a part of it counts.
                inside = self._packed(number, hour * HOUR, hour * HOUR)
                cut = bisect_left(inside, at, key=_at)
                truth = next((t for c in reversed(inside[:cut]) if (t := c.truth)), Truth.of(first))
                stop = max(min(end, until), at)
                more, truth = tally(truth, at, stop, inside[cut : bisect_right(inside, until, key=_at)])
                sums.add(*more)
                at, word = stop, truth.word
            else:
                sums.add(*packed)
                at, word = end, last
            counts = _counts(word)
        truth = Truth.of(word)
        early = [change for change in fresh if change.at < at]
        _, truth = tally(truth, at, at, early)
        more, truth = tally(truth, at, max(until, at), fresh[len(early) :])
        sums.add(*more)
        return sums.tally(), truth

    def _befores(self, hour: int, numbers: Iterable[int]) -> dict[int, str]:
        """The truth of each of `numbers` before `hour`, if there is a row of an earlier hour."""
        sql = "SELECT last FROM hour WHERE name = ? AND hour < ? ORDER BY hour DESC LIMIT 1"
        rows = {number: self._db.execute(sql, (number, hour)).fetchone() for number in numbers}
        return {number: row[0] for number, row in rows.items() if row is not None}

    def _changes(self, number: int | None, since: int, until: int) -> list[Change]:
        if number is None:
            return []
        changes = [*self._packed(number, since, until), *self._unpacked(number)]
        return [change for change in changes if since <= change.at <= until]

    def _packed(self, number: int, since: int, until: int) -> list[Change]:
        """The changes of the hours from `since` to `until`."""
        sql = "SELECT changes FROM hour WHERE name = ? AND hour >= ? AND hour <= ? ORDER BY hour"
        rows = self._db.execute(sql, (number, since // HOUR, until // HOUR))
        return [change for (packed,) in rows for change in unpack(packed)]

    def _unpacked(self, number: int) -> list[Change]:
        rows = self._db.execute("SELECT what FROM fresh WHERE name = ? ORDER BY id", (number,))
        return [_change.decode(what) for (what,) in rows]

    def _number(self, name: str) -> int | None:
        row = self._db.execute("SELECT id FROM name WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])


_at = attrgetter("at")


@cache
def _counts(word: str) -> bool | None:
    return Truth.of(word).up


def _before(db: sqlite3.Connection, name: int, hour: int) -> Truth:
    """The truth of connection `name` at the begin of `hour`."""
    sql = "SELECT last FROM hour WHERE name = ? AND hour < ? ORDER BY hour DESC LIMIT 1"
    row = db.execute(sql, (name, hour)).fetchone()
    if row is None:
        row = db.execute("SELECT truth FROM name WHERE id = ?", (name,)).fetchone()
    return Truth.of(row[0])


def _open(path: str) -> sqlite3.Connection:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(handle)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # An event that a client got must be there after a power failure: each transaction ends on the disk.
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_WAL}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"version {version} of a history, which this autod does not know")
        if version == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        elif db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("it is damaged")
    except BaseException:
        db.close()
        raise
    return db


def _locked(path: str) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise ConfigurationError("another supervisor writes this history", where=path) from None
    except BaseException:
        os.close(handle)
        raise
    return handle


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
