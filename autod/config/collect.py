"""The sections of a file while it is read: the value of each setting, and the complaints about it.

Owns: the rules within one section, and the document as the result. Must not know: tokens, except the word and its
place, includes, %default and also= (autod.config.merge).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from autod.config import advice
from autod.config.model import Diagnostic, Place, Section, Setting, Severity
from autod.config.nearest import Hints
from autod.config.values import BadWord, Value, read_4, read_5
from autod.protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from autod.config.scanner import Token, TokenKind
    from autod.protocol.connection.keywords import Key, Table
    from autod.protocol.connection.rules import Rules

__all__ = ["Collector", "Document", "Fault", "Line"]

_MAX_DIAGNOSTICS: Final = 1000
"""Complaints that are kept of one file: enough for a person, and a bound for a file that is not a configuration."""


class Document(msgspec.Struct):
    """A file and its includes, as they stand: settings of `config setup`, `conn` sections in order, complaints.

    `files` are the files that were read, in order.
    """

    setup: dict[str, Setting] = {}
    sections: list[Section] = []
    diagnostics: list[Diagnostic] = []
    files: list[str] = []

    @property
    def refusal(self) -> Diagnostic | None:
        """The reason not to send anything of the file, or None."""
        return next(
            (diagnostic for diagnostic in self.diagnostics if diagnostic.severity is Severity.FATAL), None
        )


class Fault(Exception):
    """A fault that ends addconn; the rest of the line is skipped."""

    def __init__(self, sentence: str, token: Token, status: int = 3, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.diagnostic = Diagnostic(
            Severity.FATAL, sentence, Place(token.file, token.line, token.column), hint, status=status
        )


class Line(NamedTuple):
    """A line of a section: its value, the column of its keyword, and a mark that may stand in a section only once."""

    key: Key
    text: str | None
    number: int | None
    column: int
    mark: tuple[str, str] | None


class Collector:
    """The open section, and the sections before it. `keys` are the keywords that the open section may have."""

    def __init__(self, document: Document, rules: Rules, table: Table) -> None:
        self.document = document
        self.keys = table.conn
        self.name = ""
        self.hints = Hints()
        self._rules = rules
        self._old = rules.old
        self._table = table
        self._section: list[Setting] | None = None
        self._header: Place | None = None
        self._seen: dict[tuple[str, str], int] = {}
        self._misplaced: list[tuple[Key, Token]] = []

    @property
    def is_open(self) -> bool:
        return self._section is not None

    @property
    def is_setup(self) -> bool:
        """Whether the open section is `config setup`."""
        return self._header is None

    def complain(
        self, severity: Severity, sentence: str, place: Place, hint: str | None = None, status: int = 0
    ) -> None:
        diagnostics = self.document.diagnostics
        if len(diagnostics) < _MAX_DIAGNOSTICS:
            diagnostics.append(Diagnostic(severity, sentence, place, hint, self.name or None, status))

    def fault(self, fault: Fault) -> None:
        """Keep a fault that ended a line."""
        if len(self.document.diagnostics) < _MAX_DIAGNOSTICS:
            self.document.diagnostics.append(fault.diagnostic)

    def finish(self) -> None:
        """End the file, with the check that 4.x makes only now."""
        self.close()
        if self._misplaced:
            key, token = self._misplaced[0]
            sentence = f"{key.spelled}= is not a keyword of 'config setup'"
            place = Place(token.file, token.line, token.column)
            self.document.diagnostics.append(Diagnostic(Severity.FATAL, sentence, place, status=3))

    def open(self, name: str | None, place: Place) -> None:
        """Begin a section: that of a connection, or without a name `config setup`."""
        self.close()
        self._section = []
        self._seen = {}
        if name is None:
            self.name = ""
            self.keys = self._table.setup
            self._header = None
        else:
            self.name = name
            self.keys = self._table.conn
            self._header = place

    def close(self) -> None:
        """End the open section."""
        if self._section is None:
            return
        if self._header is None:
            for setting in self._section:
                self.document.setup[setting.key.slot] = setting
        else:
            self.document.sections.append(Section(self.name, self._header, tuple(self._section)))
        self._section = None
        self.name = ""

    def keep(self, key: Key, word: Token, kind: TokenKind, text: str) -> None:
        """Work out the value and put the setting into the section, by the rules of the release."""
        keyword = key.keyword
        value = self._value_4(key, word, kind, text) if self._old else self._value_5(key, word, text)
        if value is None:
            return
        setting = Setting(key, value.text, value.number, word.file, word.line, word.column)
        if value.warning:
            self.complain(Severity.WARNING, f"{word.text}=: {value.warning}", setting.place)
        section = self._section
        assert section is not None
        if self._header is None:
            if not keyword.setup:
                if self._old:
                    self._misplaced.append((key, word))
                else:
                    self.complain(
                        Severity.WARNING,
                        f"{word.text}= is not a keyword of 'config setup'; ignored",
                        setting.place,
                    )
                return
            section.append(setting)
            return
        if self._old:
            section.append(setting)
            return
        if not keyword.conn or (keyword.kind == "also" and self.name == "%default"):
            self.complain(
                Severity.WARNING, f"{word.text}= is not a keyword of a connection; ignored", setting.place
            )
            return
        if keyword.kind != "also":
            mark = (keyword.name, key.side)
            if mark in self._seen:
                self.complain(
                    Severity.WARNING,
                    f"{word.text}= is given twice: this one is ignored",
                    setting.place,
                    f"the first is in line {self._seen[mark]}",
                )
                return
            self._seen[mark] = word.line
        section.append(setting)

    @property
    def takes_lines(self) -> bool:
        """Whether `take` can keep lines of the open section."""
        return self._header is not None and (self._old or self.name != "%default")

    def line(self, key: Key, column: int, kind: TokenKind, text: str) -> Line | None:
        """The line with this keyword and value, the same in any connection; None if there is a complaint about it."""
        keyword, rules = key.keyword, self._rules
        try:
            if keyword.kind == "key" and not text:
                return None
            if self._old:
                value = read_4(keyword, kind, text, wide=rules.wide, seconds=rules.seconds)
            elif keyword.kind == "obsolete" or not keyword.conn:
                return None
            else:
                value = read_5(keyword, text, decimals=rules.decimals)
        except (BadWord, Malformed):
            return None
        if value is None or value.warning:
            return None
        mark = None if self._old or keyword.kind == "also" else (keyword.name, key.side)
        return Line(key, value.text, value.number, column, mark)

    def take(self, line: Line, file: str, number: int) -> bool:
        """Put the setting of a line into the section. False if it was not put in, because there is a complaint."""
        key, text, value, column, mark = line
        if mark is not None:
            if mark in self._seen:
                return False
            self._seen[mark] = number
        assert self._section is not None
        self._section.append(Setting(key, text, value, file, number, column))
        return True

    def _refuse_empty_key(self, key: Key, word: Token, text: str) -> None:
        if key.keyword.kind == "key" and not text and self._rules.empty_key_aborts:
            raise Fault(f"{word.text}= is empty, and addconn aborts over that", word, -6)

    def _value_4(self, key: Key, word: Token, kind: TokenKind, text: str) -> Value | None:
        self._refuse_empty_key(key, word, text)
        try:
            return read_4(key.keyword, kind, text, wide=self._rules.wide, seconds=self._rules.seconds)
        except BadWord as bad:
            hint = self.hints.value(key.keyword.name, text, key.keyword.values)
            raise Fault(str(bad), word, 1, hint) from None
        except Malformed as reason:
            place = Place(word.file, word.line, word.column)
            self.complain(Severity.WARNING, f"{word.text}={text} is ignored: {reason}", place)
            return None

    def _value_5(self, key: Key, word: Token, text: str) -> Value | None:
        place = Place(word.file, word.line, word.column)
        keyword = key.keyword
        if keyword.kind == "obsolete":
            hint = advice.for_keyword(word.text)
            self.complain(Severity.WARNING, f"{word.text}= is obsolete and ignored", place, hint)
            return None
        self._refuse_empty_key(key, word, text)
        try:
            return read_5(keyword, text, decimals=self._rules.decimals)
        except Malformed as reason:
            hint = self.hints.value(keyword.name, text, keyword.values) if keyword.values else None
            if self._header is None and self._rules.sectioned:
                raise Fault(f"{word.text}={text}: {reason}", word, 3, hint) from None
            self.complain(Severity.WARNING, f"{word.text}={text} is ignored: {reason}", place, hint)
            return None
