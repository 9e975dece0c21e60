"""Reads an ipsec.conf for one release.

Owns: putting grammar, sections and rules together, and finding connections by name. Must not know: sockets, or
pluto's replies to the messages.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from autod.config.collect import Document
from autod.config.grammar import UNKNOWN, parse
from autod.config.include import Files, Text
from autod.config.merge import connections
from autod.config.model import ConfiguredConnection, Diagnostic, Place, Severity
from autod.protocol.connection.keywords import table
from autod.protocol.connection.rules import rules, rules_of
from autod.protocol.errors import Unsupported, UsageError
from autod.protocol.releases import Release

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Configuration", "load", "load_text"]


class _Index:
    """Connections by name and by alias."""

    def __init__(self, connections: Iterable[ConfiguredConnection]) -> None:
        self.names: dict[str, ConfiguredConnection] = {}
        self.aliases: dict[str, list[ConfiguredConnection]] = {}
        for connection in connections:
            self.names.setdefault(connection.name, connection)
            for alias in dict.fromkeys(connection.aliases):
                self.aliases.setdefault(alias, []).append(connection)


class Configuration(msgspec.Struct, frozen=True, dict=True):
    """A file as one release reads it: its connections in file order, and all complaints.

    `refusal` is the reason for which the release's addconn would not send anything of it, None if there is none.
    `rules` names the release whose rules were used. `sources` reads the lines of its files again.
    """

    path: str
    release: Release
    rules: str
    connections: tuple[ConfiguredConnection, ...]
    document: Document
    diagnostics: tuple[Diagnostic, ...]
    sources: Files

    @cached_property
    def _index(self) -> _Index:
        """Made at its first use."""
        return _Index(self.connections)

    def find(self, name: str) -> list[ConfiguredConnection]:
        """The connection of that name, else the first whose connalias= has the word (5.4: all of them)."""
        index = self._index
        if name in index.names:
            return [index.names[name]]
        having_alias = index.aliases.get(name, [])
        return having_alias if rules(self.rules).all_aliases else having_alias[:1]

    @property
    def refusal(self) -> Diagnostic | None:
        return next(
            (diagnostic for diagnostic in self.diagnostics if diagnostic.severity is Severity.FATAL), None
        )

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that was read, in order."""
        return tuple(self.document.files)


def load(
    path: str | os.PathLike[str],
    release: Release,
    *,
    folder: str | os.PathLike[str] | None = None,
    leaves_unknown: bool = False,
) -> Configuration:
    """Read the file at `path` and its includes, as `release` reads them.

    `leaves_unknown`: for callers that load through addconn. An unknown keyword is then a warning and not a refusal.
    Paths are relative to `folder`, the current folder if None, also in includes, as in addconn. Nothing else is
    opened; the secrets file never is. Errors: Unsupported if this reader does not have rules for the release (see
    `native`). A file that cannot be read is a refusal like any other.
    """
    for value, option in ((path, "path"), (folder, "folder")):
        if (value is not None or option == "path") and not isinstance(value, str | os.PathLike):
            raise UsageError(f"{option} must be a path; it was given {value!r}", option=option)
    files = Files(None if folder is None else os.fspath(folder))
    return _read(os.fspath(path), release, files, leaves_unknown=leaves_unknown)


def load_text(text: str, release: Release, *, path: str = "settings") -> Configuration:
    """The same for a text that a program made; `path` is its name in places."""
    if not isinstance(text, str):
        raise UsageError(f"text must be text; it was given {text!r}", option="text")
    return _read(path, release, Text(path, text))


def _read(path: str, release: Release, files: Files, *, leaves_unknown: bool = False) -> Configuration:
    if not isinstance(release, Release):
        raise UsageError(
            f"release must be a Release, such as pluto.release or releases.find(...); it was given {release!r}",
            option="release",
        )
    by = rules_of(release)
    if by is None:
        raise Unsupported(
            f"ipsec.conf of Libreswan {release} is read by its own addconn only: load through it (via_addconn=)",
            option="via_addconn",
            release=str(release),
        )
    try:
        text = files.first(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        missing = Diagnostic(Severity.FATAL, f"cannot be read: {reason}", Place(path, 0, 0), status=3)
        return Configuration(path, release, by.name, (), Document(diagnostics=[missing]), (missing,), files)
    document = parse(
        path,
        text,
        by,
        table(by.name, seccomp=release.seccomp is not False, labeled=release.labeled is not False),
        files,
    )
    if leaves_unknown:
        document.diagnostics[:] = map(_left, document.diagnostics)
    merged, more = connections(document, by)
    return Configuration(
        path, release, by.name, tuple(merged), document, (*document.diagnostics, *more), files
    )


def _left(diagnostic: Diagnostic) -> Diagnostic:
    """The complaint about an unknown keyword, as a warning, for a load through addconn."""
    if diagnostic.severity is not Severity.FATAL or not diagnostic.sentence.startswith(UNKNOWN):
        return diagnostic
    return replace(
        diagnostic, severity=Severity.WARNING, sentence=f"{diagnostic.sentence}: it is left to addconn"
    )
