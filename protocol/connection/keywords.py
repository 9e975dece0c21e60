"""The keywords of ipsec.conf, release by release: kind of value, words, where they are valid, aliases.

Owns: loading the tables (tables/RELEASE.json) and finding a keyword as addconn does. Must not know: how a file is
read, or what a value is used for.

A table may be `like` another: it has what differs (a keyword that is there replaces the other's), and in `without`
what is not there. The tables say for each keyword its `kind`, the `slot` that it shares with its aliases (its own
name if none is given), `end` if it comes as leftKEYWORD and rightKEYWORD, `values` (words to numbers, or the name of
such a table), `number` (enum config_conn_keyword of 5.4), `build` (it exists only if pluto was built with this option:
seccomp or labeled), `optarg` (only on command lines). The end itself, left= and right=, is the keyword with the empty
name.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from autod.protocol.connection.rules import rules, rules_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from autod.protocol.connection.rules import Rules
    from autod.protocol.releases import Release

__all__ = ["Key", "Keyword", "Kind", "Table", "native", "table"]

Kind = Literal[
    "string",
    "append",
    "also",
    "bool",
    "enum",
    "flags",
    "loose",
    "key",
    "number",
    "signed",
    "time",
    "milliseconds",
    "percent",
    "bytes",
    "binary",
    "obsolete",
]
"""The form of a keyword's values. `loose`: one of its words, else any string. `key`: a public key.
`signed`: a number that may be negative."""

Side = Literal["", "left", "right"]


class Keyword(msgspec.Struct, frozen=True):
    """One keyword: `name` as it is documented, `slot` where its value is kept (shared with its aliases)."""

    name: str
    kind: Kind
    slot: str
    end: bool = False
    values: Mapping[str, int] = {}
    number: int = 0
    setup: bool = False
    conn: bool = False
    optarg: bool = False


class Key(msgspec.Struct, frozen=True):
    """A keyword as it stands in a file: with the end that it is for, or "" if it is for the connection.

    `slot` is the keyword's slot with the end before it: `leftsubnet`, `right`, `authby`.
    """

    keyword: Keyword
    side: Side
    slot: str

    @property
    def spelled(self) -> str:
        """As people write it: `leftsubnet`, `authby`."""
        return self.side + self.keyword.name


class _Entry(msgspec.Struct):
    kind: Kind
    slot: str | None = None
    end: bool = False
    values: str | dict[str, int] = ""
    number: int = 0
    build: str = ""
    optarg: bool = False


class _Without(msgspec.Struct):
    setup: list[str] = []
    conn: list[str] = []


class _File(msgspec.Struct):
    values: dict[str, dict[str, int]] = {}
    setup: dict[str, _Entry] = {}
    conn: dict[str, _Entry] = {}
    like: str = ""
    without: _Without = msgspec.field(default_factory=_Without)


class Table:
    """The keywords of one release, found by the lower-case spelling of a file.

    `setup` and `conn` differ only if the release looks keywords up by section (5.3 on); else both are the same object.
    `builds` are the options that this pluto was built with. A keyword of another option is unknown, or ignored (5.4).
    """

    def __init__(self, file: _File, rules: Rules, builds: Collection[str]) -> None:
        sectioned = rules.sectioned
        bare: Side = "right" if rules.bare else ""
        self.setup: dict[str, Key] = {}
        self.conn: dict[str, Key] = self.setup if not sectioned else {}
        self.bare_ends: frozenset[str] = frozenset(
            name for name, entry in file.conn.items() if entry.end and name and not bare
        )
        both = file.setup.keys() & file.conn.keys()
        for keys, entries, conn in ((self.setup, file.setup, False), (self.conn, file.conn, True)):
            for name, entry in entries.items():
                kind = entry.kind
                if entry.build and entry.build not in builds:
                    if not rules.ignores:
                        continue
                    kind = "obsolete"
                if conn and not sectioned and name in both:
                    continue
                values = file.values[entry.values] if isinstance(entry.values, str) and entry.values else {}
                keyword = Keyword(
                    name,
                    kind,
                    name if entry.slot is None else entry.slot,
                    entry.end,
                    entry.values if isinstance(entry.values, dict) else values,
                    entry.number,
                    setup=not conn or name in both,
                    conn=conn or name in both,
                    optarg=entry.optarg,
                )
                self._add(keys, keyword, bare, rules.dash and bool(name or not sectioned))

    @staticmethod
    def _add(keys: dict[str, Key], keyword: Keyword, bare: Side, dash: bool) -> None:
        if not keyword.end:
            keys.setdefault(keyword.name, Key(keyword, "", keyword.slot))
            return
        if keyword.name and bare:
            keys.setdefault(keyword.name, Key(keyword, bare, bare + keyword.slot))
        sides: tuple[Side, ...] = ("left", "right")
        for side in sides:
            keys.setdefault(side + keyword.name, Key(keyword, side, side + keyword.slot))
            if dash:
                keys.setdefault(f"{side}-{keyword.name}", Key(keyword, side, side + keyword.slot))


def native(release: Release) -> str | None:
    """The name of the rules that this release follows, None where ipsec.conf is left to the release's own addconn."""
    followed = rules_of(release)
    return None if followed is None else followed.name


@functools.cache
def table(name: str, *, seccomp: bool = False, labeled: bool = True) -> Table:
    """The keywords of the releases that follow the rules of that name (a result of `native`).

    `seccomp`, `labeled`: built with that (Debian builds without the one and with the other).
    """
    by = rules(name)
    builds = {word for word, built in (("seccomp", seccomp), ("labeled", labeled)) if built}
    return Table(_file(by.table or name, by.dialect), by, builds)


def _file(name: str, dialect: str = "") -> _File:
    """The file of a table. If it is `like` another, it has only the differences; that of a dialect has additions."""
    if dialect:
        release, added = _file(name), _file(dialect)
        return _File(release.values, release.setup | added.setup, release.conn | added.conn)
    # As importlib.resources reads it, which takes longer to load than the table.
    path = os.path.join(os.path.dirname(__file__), "tables", f"{name}.json")
    data: bytes = cast("Any", __spec__.loader).get_data(path)
    file = msgspec.json.decode(data, type=_File)
    if not file.like:
        return file
    base = _file(file.like)
    return _File(
        values=base.values | file.values,
        setup=_changed(base.setup, file.without.setup, file.setup),
        conn=_changed(base.conn, file.without.conn, file.conn),
    )


def _changed(
    base: Mapping[str, _Entry], without: Collection[str], changed: Mapping[str, _Entry]
) -> dict[str, _Entry]:
    return {**{word: entry for word, entry in base.items() if word not in without}, **changed}
