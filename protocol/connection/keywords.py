"""The keywords of ipsec.conf, release by release: kind of value, words, where they are valid, aliases.

Owns: loading the tables (tables/RELEASE.json) and finding a keyword as addconn does. Must not know: how a file is
read, or what becomes of a value.

The tables say for each keyword its `kind`, the `slot` that it shares with its aliases (its own name if none is
given), `end` if it comes as leftKEYWORD and rightKEYWORD, `values` (words to numbers, or the name of such a table),
`number` (enum config_conn_keyword of 5.4), `build` (only there if pluto was built with that), `optarg` (only on
command lines). The end itself, left= and right=, is the keyword with the empty name.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Literal

import msgspec

from autod.protocol import releases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.protocol.releases import Release

__all__ = ["Key", "Keyword", "Kind", "Table", "native", "nearest_native", "table"]

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
    "time",
    "milliseconds",
    "percent",
    "bytes",
    "binary",
    "obsolete",
]
"""What the values of a keyword look like. `loose`: one of its words, else any string. `key`: a public key."""

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
    """A keyword as it stands in a file: with the end that it is for, "" where it is for the connection.

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


class _File(msgspec.Struct):
    values: dict[str, dict[str, int]]
    setup: dict[str, _Entry]
    conn: dict[str, _Entry]


class Table:
    """The keywords of one release, found by the lower-case spelling of a file.

    `setup` and `conn` differ only where the release looks keywords up by section (5.3 on); else both are one. What
    this pluto was not built with is unknown, or ignored if `ignore` (5.4).
    """

    def __init__(
        self, file: _File, *, seccomp: bool, ignore: bool, sectioned: bool, bare: Side, dash: bool
    ) -> None:
        self.setup: dict[str, Key] = {}
        self.conn: dict[str, Key] = self.setup if not sectioned else {}
        self.bare_ends: frozenset[str] = frozenset(
            name for name, entry in file.conn.items() if entry.end and name and not bare
        )
        both = file.setup.keys() & file.conn.keys()
        for keys, entries, conn in ((self.setup, file.setup, False), (self.conn, file.conn, True)):
            for name, entry in entries.items():
                kind = entry.kind
                if entry.build == "seccomp" and not seccomp:
                    if not ignore:
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
                self._add(keys, keyword, bare, dash)

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
    """The release whose rules this one follows, None where ipsec.conf is left to the release's own addconn.

    4.8 to 4.15 share their keywords and rules to the letter (their sources were compared), as do 5.3 to 5.3.2.
    """
    version = (release.version[0], release.version[1])
    if (4, 8) <= version <= (4, 15):
        return "4.10"
    return {(5, 2): "5.2", (5, 3): "5.3", (5, 4): "5.4"}.get(version)


def nearest_native(release: Release) -> Release:
    """The release by whose rules ipsec.conf is read for `release`: itself where it has some, else its neighbour.

    5.0 and 5.1 have the keywords of 5.2 but for those of IP-TFS, session resumption and ipsec-interface-managed, and
    six that 4.15 has not (their sources were compared).
    """
    if native(release) is not None:
        return release
    return releases.find("5.2" if release.at_least(5, 0) else "4.10", seccomp=release.seccomp)


@functools.cache
def table(rules: str, *, seccomp: bool = False) -> Table:
    """The keywords of the releases that follow `rules` (a result of `native`)."""
    text = resources.files(__package__).joinpath("tables", f"{rules}.json").read_bytes()
    sectioned = rules in ("5.3", "5.4")
    return Table(
        msgspec.convert(json.loads(text), _File),
        seccomp=seccomp,
        ignore=rules == "5.4",
        sectioned=sectioned,
        bare="" if rules == "5.4" else "right",
        dash=rules != "4.10",
    )
