"""The parts of a configuration: places, settings, sections, connections, diagnostics.

Owns: the frozen values that result from reading a file. Must not know: how they were read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from autod.protocol.connection.given import Given

__all__ = ["ConfiguredConnection", "Diagnostic", "Place", "Section", "Setting", "Severity"]


_ALIAS: Final = re.compile(r"[^ \t]+")
"""A word of connalias=: other white space is a part of it."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A place: the file by its name in the include, line and column from 1; both 0 for the file as a whole."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Setting(Given, frozen=True, gc=False):
    """A keyword and its value (see `Given`), and its place."""

    file: str
    line: int
    column: int

    @property
    def place(self) -> Place:
        return Place(self.file, self.line, self.column)


class Severity(StrEnum):
    """How serious a complaint is.

    FATAL: the release's addconn refuses the whole file, so nothing of it is sent. ERROR: one connection cannot be
    loaded. WARNING: it loads, but perhaps not with the meaning that its text suggests.
    """

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"


class Diagnostic(msgspec.Struct, frozen=True):
    """One complaint: one sentence for people, and its place. `hint` is the nearest keyword, or advice.

    `connection` names the connection that it is about. `status` is the exit status of the release's addconn for a
    file that it refuses.
    """

    severity: Severity
    sentence: str
    place: Place | None = None
    hint: str | None = None
    connection: str | None = None
    status: int = 0
    count: int = 1
    """How many connections it is about: a complaint about a section that many connections include appears once."""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        hint = f" ({self.hint})" if self.hint else ""
        times = f" [{self.count} connections]" if self.count > 1 else ""
        return f"{where}{self.severity}: {self.sentence}{hint}{times}"


class Section(msgspec.Struct, frozen=True):
    """A `conn` section as it stands in a file, in file order."""

    name: str
    place: Place
    settings: tuple[Setting, ...]


class ConfiguredConnection(msgspec.Struct, frozen=True):
    """One connection, with the settings of %default and also=.

    `layers` are the settings by slot after each `conn %default` and, last, after its own section. The effect of a
    setting may stay after another replaced it (4.8 to 5.2), so the rules of a release need all layers. `failed`:
    addconn does not load it. `partial`: addconn gave up before it looked at the values.
    """

    name: str
    place: Place
    layers: tuple[Mapping[str, Setting], ...]
    failed: bool = False
    partial: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The settings in force, by slot (`leftsubnet`, `authby`)."""
        return self.layers[-1]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The words of connalias=."""
        setting = self.settings.get("connalias")
        return tuple(_ALIAS.findall(setting.text or "")) if setting else ()
