"""The sets of rules by which releases read ipsec.conf and make messages of it.

Owns: which release follows which rules, and how each set of rules reads. Must not know: keywords
(tables/NAME.json), or what becomes of a value (the modules that `module` names).

A new release is a row here, or a number in `releases` of the last row (docs/adding-a-release.md).
"""

from __future__ import annotations

import functools
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from autod.protocol.releases import Release

__all__ = ["DIALECTS", "RULES", "Rules", "dialects", "rules", "rules_of"]


class Rules(msgspec.Struct, frozen=True):
    """One set of rules. Its name is that of a release that follows it.

    `releases` follow it to the letter (their sources were compared). `module` makes the messages
    (protocol/connection/MODULE.py).
    """

    name: str
    releases: tuple[str, ...]
    module: str

    table: str = ""
    """The table of keywords, if it is that of other rules (tables/TABLE.json)."""

    dialect: str = ""
    """The distributor whose patched builds of `releases` follow these rules, "" for upstream's builds. Its patches were
    read, and tried on a build with them. Its table (tables/DIALECT.json) changes the release's."""

    old: bool = False
    """3.x and 4.x: digits alone are a number, booleans have words of their own, also= is read breadth first."""

    sectioned: bool = False
    """Keywords are looked up by the section that is open (5.3 on)."""

    bare: bool = True
    """`subnet=` stands for rightsubnet=."""

    dash: bool = True
    """`left-id=` stands for leftid=, and up to 5.2 `left-=` for left=."""

    ignores: bool = False
    """A keyword that this pluto was not built with is ignored. Other releases refuse the file."""

    pairs: bool = False
    """addconn itself makes a connection of each pair of subnets=. On later releases pluto does."""

    after: Literal["each", "listen", "nothing"] = "listen"
    """The messages that addconn --autoall sends behind the adds: `listen` and one for each connection that auto= routes
    or brings up (`each`); only `listen`; none (`nothing`)."""

    says_from: bool = True
    """A member of each message tells that addconn sent it."""

    per_second: int = 1_000_000
    """How many units of a duration's number are a second."""

    forever: str | None = "0"
    """The text that replaces %forever, None if it stays."""

    first_include_ends: bool = True
    """The end of the first file of an include ends its last line."""

    bare_words: bool = False
    """Up to 5.0: a word that is not a keyword is a string, also behind `version` and `include`, where later releases
    expect a value; and an x- comment without a value takes the next line."""

    wide: bool = True
    """Numbers have 64 bits, and not 32 as up to 4.7."""

    seconds: bool = False
    """Durations are whole seconds, and the value of one that cannot be read is undefined (up to 4.6)."""

    aborts_over_family: bool = False
    """addconn aborts over an unknown family of addresses (3.30 to 4.6)."""

    aborts_over_alias: bool = False
    """addconn aborts over connalias= in conn %default (3.28 to 4.15)."""

    runs_on: bool = False
    """Up to 4.2: a value, or the text of an x- comment, may stand in a later line; there are no words between a keyword
    and its `=`."""

    decimals: bool = True
    """Durations and multiples may have a fraction (1.5h)."""

    strings_clash: bool = True
    """A string that is set twice clashes even if both are the same."""

    words_clash: bool = False
    """left= and keys that are set twice clash even if both are the same."""

    empty_key_aborts: bool = False
    """addconn aborts over a public key that is empty."""

    all_aliases: bool = False
    """A word of connalias= stands for each connection that has it, not only for the first."""


_OLD: Final = Rules(
    "4.10",
    ("4.8", "4.9", "4.10", "4.11", "4.12", "4.13", "4.14", "4.15"),
    "rules_4",
    old=True,
    dash=False,
    pairs=True,
    after="each",
    says_from=False,
    per_second=1000,
    aborts_over_alias=True,
    bare_words=True,
    decimals=False,
    empty_key_aborts=True,
)

_OLD_4_7: Final = replace(_OLD, name="4.7", releases=("4.7",), wide=False)
_OLD_4_6: Final = replace(_OLD_4_7, name="4.6", releases=("4.6",), seconds=True, aborts_over_family=True)
_OLD_4_2: Final = replace(_OLD_4_6, name="4.2", releases=("4.2",), runs_on=True)
_OLD_3_28: Final = replace(_OLD_4_2, name="3.28", releases=("3.28", "3.29"), aborts_over_family=False)


def _el8(row: Rules, *releases: str) -> Rules:
    """The rules of `row` as RHEL 8 and its rebuilds have patched them."""
    return replace(row, name=f"{row.name}-el8", releases=releases, table=row.table or row.name, dialect="el8")


_OLD_4_3: Final = replace(_OLD_4_6, name="4.3", releases=("4.3",), table="4.2")
_OLD_4_4: Final = replace(_OLD_4_6, name="4.4", releases=("4.4",), table="4.5")
_OLD_4_5: Final = replace(_OLD_4_6, name="4.5", releases=("4.5",))

RULES: Final = (
    replace(_OLD_3_28, name="3.27", releases=("3.27",), aborts_over_alias=False),
    _OLD_3_28,
    replace(_OLD_4_2, name="3.30", releases=("3.30", "3.31")),
    replace(_OLD_4_2, name="3.32", releases=("3.32",)),
    replace(_OLD_4_2, name="4.0", releases=("4.0", "4.1")),
    _OLD_4_2,
    _OLD_4_3,
    _OLD_4_4,
    _OLD_4_5,
    _OLD_4_6,
    _OLD_4_7,
    _OLD,
    Rules(
        "5.0",
        ("5.0",),
        "rules_5_2",
        after="each",
        says_from=False,
        bare_words=True,
        decimals=False,
        words_clash=True,
        empty_key_aborts=True,
    ),
    Rules("5.1", ("5.1",), "rules_5_2", decimals=False, words_clash=True, empty_key_aborts=True),
    Rules("5.2", ("5.2",), "rules_5_2", words_clash=True, empty_key_aborts=True),
    Rules(
        "5.3",
        ("5.3", "5.3.1", "5.3.2"),
        "rules_5_3",
        sectioned=True,
        forever=None,
        first_include_ends=False,
        strings_clash=False,
        all_aliases=True,
    ),
    Rules(
        "5.4",
        ("5.4",),
        "rules_5_4",
        sectioned=True,
        bare=False,
        ignores=True,
        after="nothing",
        forever=None,
        first_include_ends=False,
        strings_clash=False,
        all_aliases=True,
    ),
)
"""Every set of rules of upstream's, oldest first."""

DIALECTS: Final = (
    _el8(_OLD_4_3, "4.3"),
    _el8(_OLD_4_4, "4.4"),
    _el8(_OLD_4_5, "4.5"),
    _el8(_OLD, "4.9", "4.12"),
)
"""The rules of distributors' patched builds."""


@functools.cache
def rules(name: str) -> Rules:
    """The rules of that name."""
    return next(row for row in (*RULES, *DIALECTS) if row.name == name)


def rules_of(release: Release) -> Rules | None:
    """The rules that `release` follows, those of its dialect before upstream's; None if no row has the release."""
    number = ".".join(map(str, release.version))
    own = (row for row in DIALECTS if row.dialect == release.dialect and number in row.releases)
    return next(chain(own, (row for row in RULES if number in row.releases)), None)


def dialects(release: Release) -> tuple[str, ...]:
    """The dialects of `release`."""
    number = ".".join(map(str, release.version))
    return tuple(row.dialect for row in DIALECTS if number in row.releases)
