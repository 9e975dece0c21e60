"""A release of Libreswan: its family, its magic, its socket, its reply codes, its commands.

Owns: which releases are covered, and by which family. Must not know: how the release that listens is detected.

A version is covered if its number is one of `ALL`, with or without a distributor's suffix ("4.10", "5.2-1.el10").
A development version (git describe: "v5.1-123-gabcdef") lies between two layouts, and a number that is not listed
may have a layout of its own. Both are refused, because a message in the wrong layout can shut pluto down. The exception
are the commits in builds.json: up to these the layout is that of the release.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

from autod.protocol.errors import DecodeError, UnknownRelease, UsageError
from autod.protocol.outlines import BASIC_MAGIC, Outline, made_ahead, outline_of
from autod.protocol.shapes import made_ahead as shape_of

__all__ = [
    "ALL",
    "BASIC_MAGIC",
    "FAMILIES",
    "LABELED",
    "UNLABELED",
    "Release",
    "cksum",
    "find",
    "is_development",
]

if TYPE_CHECKING:
    from autod.protocol.commands import Command
    from autod.protocol.families.family import Family
    from autod.protocol.replies import ReplyCodes
    from autod.protocol.shapes import Shape

    FAMILIES: tuple[Family, ...]
    """Every family, oldest first."""

    ALL: tuple[str, ...]
    """Every release that is covered, oldest first."""

_MODULES = (
    *("v3_27", "v3_28", "v3_30"),
    *("v4_0", "v4_2", "v4_3", "v4_4", "v4_5", "v4_6", "v4_7", "v4_8"),
    *("v5_0", "v5_1", "v5_2", "v5_3", "v5_4"),
)
"""The modules of autod.protocol.families, oldest first, each named after its first release. A new one is added here and
nowhere else. Each is loaded when its struct is needed; all other facts stand in its outline."""


@functools.cache
def _family(module: str) -> Family:
    family: Family = importlib.import_module(f"autod.protocol.families.{module}").FAMILY
    return family


@functools.cache
def _outline(module: str) -> Outline:
    return made_ahead(module) or outline_of(module, _family(module))


def __getattr__(name: str) -> object:
    if name == "FAMILIES":
        return tuple(_family(module) for module in _MODULES)
    if name == "ALL":
        return tuple(release for module in _MODULES for release in _outline(module).releases)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _covering(number: str) -> Outline | None:
    """The family that has the release `number`. Only the last family that began before it can have it."""
    version = _parts(number)
    begun = [module for module in _MODULES if _parts(module[1:].replace("_", ".")) <= version]
    outline = _outline(begun[-1]) if begun else None
    return outline if outline is not None and number in outline.releases else None


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


_VERSION = re.compile(r"(?P<number>\d+\.\d+(?:\.\d+)?)(?P<suffix>[-+~][0-9A-Za-z.+~_-]*)?\Z")
LABELED, UNLABELED = "+labeled", "+unlabeled"
"""The suffixes with which a caller tells how a release was built."""

_DIALECT = re.compile(r"[.-](el8)(?![0-9])")
_DEVELOPMENT = r"(?i)-\d+-g[0-9a-f]{4,}|-dirty|(?:^|[-+~.]|\d)(?:rc|dr|alpha|beta)\d*(?![a-z])"
_COMMIT = r"(?P<number>\d+\.\d+(?:\.\d+)?)-\d+-g(?P<commit>[0-9a-f]{7,40})(?:-[0-9A-Za-z.+-]*)?\Z"


class Release(msgspec.Struct, frozen=True):
    """One pluto's release, as far as its messages depend on it.

    `text`: as pluto prints it. `outline`: its family without the struct. How it was built, None if it is not known:
    `seccomp` with USE_SECCOMP, `labeled` with labeled IPsec, `fetching` with curl or LDAP to fetch certificates.
    """

    text: str
    version: tuple[int, ...]
    outline: Outline
    seccomp: bool | None = None
    labeled: bool | None = None
    fetching: bool | None = None
    dialect: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def family(self) -> Family:
        """Its family with the struct. It is loaded at its first use, together with construct.

        DecodeError if the layout is not known: the messages of such a release can only be sent as they were learned.
        """
        if self.outline.module is None:
            raise DecodeError(f"the layout of the messages of Libreswan {self} is not known")
        return _family(self.outline.module)

    @property
    def shape(self) -> Shape | Family:
        """The layout and the packing of its messages, without construct if they were made ahead of time.

        DecodeError as of `family`.
        """
        shape = None if self.outline.module is None else shape_of(self.outline.module)
        return self.family if shape is None else shape

    @property
    def magic(self) -> int:
        """The magic number of this pluto's messages."""
        return self.outline.magic or cksum(self.text)

    @property
    def seqpacket(self) -> bool:
        """Whether its socket is SOCK_SEQPACKET (5.4 on)."""
        return self.outline.seqpacket

    @property
    def codes(self) -> ReplyCodes:
        """Its reply codes."""
        return self.outline.reply_codes

    def at_least(self, *version: int) -> bool:
        """Whether it is this version or a later one."""
        return self.version >= version

    def supports(self, command: type[Command]) -> bool:
        """Whether this release has the command at all."""
        return command.__name__ in self.outline.commands

    def built(
        self,
        *,
        seccomp: bool | None = None,
        labeled: bool | None = None,
        fetching: bool | None = None,
        dialect: str | None = None,
    ) -> Release:
        """The same release, with more facts about how it was built."""
        return msgspec.structs.replace(
            self,
            seccomp=self.seccomp if seccomp is None else seccomp,
            labeled=self.labeled if labeled is None else labeled,
            fetching=self.fetching if fetching is None else fetching,
            dialect=self.dialect if dialect is None else dialect,
        )

    def called(self, text: str) -> Release:
        """The same release as a build that prints itself as `text`. From 5.1 on the text decides the magic."""
        return msgspec.structs.replace(self, text=text)


def find(text: str, *, seccomp: bool | None = None, labeled: bool | None = None) -> Release:
    """The release that prints itself as `text` ("Libreswan 4.10" without its first word).

    `seccomp`: built with USE_SECCOMP, which moves numbers of enum whack_command from 5.3 on. `labeled`: built with
    labeled IPsec, which adds a string up to 4.1; "4.1+labeled" and "4.1+unlabeled" tell it, too. A suffix of RHEL 8
    ("4.12-2.el8") names its dialect of ipsec.conf. UnknownRelease if no family covers it.
    """
    if not isinstance(text, str):
        raise UsageError(f'a release must be text, such as "5.2"; it was given {text!r}', option="release")
    for suffix, built in ((LABELED, True), (UNLABELED, False)):
        if text.endswith(suffix):
            text, labeled = text.removesuffix(suffix), built
    match = _VERSION.match(text.removeprefix("v"))
    outline = _covering(match["number"]) if match else None
    if match is None or outline is None or (is_development(text) and not _equals_its_release(text)):
        raise UnknownRelease(text, _refusal(text, development=is_development(text)), option="release")
    dialect = _DIALECT.search(match["suffix"] or "")
    return Release(
        text,
        _parts(match["number"]),
        outline,
        seccomp,
        labeled,
        dialect="" if dialect is None else dialect[1],
    )


def is_development(text: str) -> bool:
    """Whether a version names a commit between two releases, or a release that somebody changed."""
    return re.search(_DEVELOPMENT, text) is not None


def _equals_its_release(text: str) -> bool:
    """Whether this development version is a commit that has the layout of its release.

    False if somebody changed it (dirty), or if its branch has a `_`, which may stand for a `/`: then the magic comes
    from another text.
    """
    match = re.match(_COMMIT, text.removeprefix("v"))
    if match is None or "dirty" in text or "rc" in text:
        return False
    commits = _builds().get(match["number"], "").split()
    return any(
        commit.startswith(match["commit"][:10]) or match["commit"].startswith(commit) for commit in commits
    )


@functools.cache
def _builds() -> dict[str, str]:
    """builds.json: for each release the commits after it that do not change messages: they change no part of a message
    in include/, lib/libipsecconf, programs/addconn and programs/whack. Source: Libreswan's repository, up to v5.4-59.
    """
    data: bytes = cast("Any", __spec__.loader).get_data(
        os.path.join(os.path.dirname(__file__), "builds.json")
    )
    return msgspec.json.decode(data, type=dict[str, str])


def _refusal(text: str, *, development: bool) -> str:
    """Why a release is refused, and what to do."""
    first, last = _outline(_MODULES[0]), _outline(_MODULES[-1])
    why = (
        "is a development version, whose messages may differ from every release"
        if development
        else f"is not a release that autod knows ({first.releases[0]} to {last.releases[-1]})"
    )
    return (
        f"Libreswan {text!r} {why}: run 'autod learn' to learn its messages from its own whack, "
        "or name the release it equals (release=)."
    )


@functools.cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


@functools.cache
def cksum(version: str) -> int:
    """The magic of 5.1 and later: POSIX cksum of the version and a newline, never the basic magic.

    Source: mk/version.mk of 5.1 to 5.4; POSIX.1-2017, cksum.
    """
    table, value = _crc_table(), 0
    data = version.encode() + b"\n"
    length = len(data)
    while length:
        data += bytes([length & 0xFF])
        length >>= 8
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ table[(value >> 24) ^ byte]
    value ^= 0xFFFFFFFF
    return value if value != BASIC_MAGIC else value ^ 0xFFFFFFFF
