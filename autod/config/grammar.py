"""The grammar of ipsec.conf: from tokens to sections of settings, and what is wrong with them.

Owns: which token may follow which, includes, and the rules within one section. Must not know: %default, also= and
what a connection comes to (autod.config.merge), or messages.

addconn stops at the first fault of a file and loads nothing of it. Here the first fault is as fatal, but reading
goes on with the next line, so that a person sees all faults at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from autod.config.include import Files
from autod.config.model import Diagnostic, Place, Section, Setting, Severity
from autod.config.nearest import nearest
from autod.config.scanner import Dialect, Scanner, Token, TokenKind
from autod.config.values import BOOLEANS, BadWord, Value, read_4, read_5
from protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocol.connection.keywords import Key, Table

__all__ = ["DIALECTS", "Document", "parse"]

DIALECTS: Final = {
    "4.10": Dialect(integers=True, forever="0", first_include_ends=True),
    "5.2": Dialect(integers=False, forever="0", first_include_ends=True),
    "5.3": Dialect(integers=False, forever=None, first_include_ends=False),
    "5.4": Dialect(integers=False, forever=None, first_include_ends=False),
}
"""How each set of rules cuts a file into tokens."""

_MAX_DIAGNOSTICS: Final = 1000
"""Complaints that are kept of one file: enough for a person, and a bound for a file that is none."""


@dataclass(slots=True)
class Document:
    """A file and its includes, as they stand: settings of `config setup`, `conn` sections in order, complaints.

    `files` are those that were read, in order.
    """

    setup: dict[str, Setting] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def refusal(self) -> Diagnostic | None:
        """Why nothing of the file may be sent, or None."""
        return next((one for one in self.diagnostics if one.severity is Severity.FATAL), None)


class _Fault(Exception):
    """A fault that ends addconn; the rest of the line is skipped."""

    def __init__(self, sentence: str, token: Token, status: int = 3, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.diagnostic = Diagnostic(
            Severity.FATAL, sentence, Place(token.file, token.line, token.column), hint, status=status
        )


_ORDINARY: Final = re.compile(
    r'[ \t]+([A-Za-z][A-Za-z0-9_-]*)[ \t]*=[ \t]*(?:"([^"{}\n\0]*)"|([^"{} \t\n\0]+))[ \t]*\n'
)
"""A line as most are. What it matches is cut by the scanner in just this way; the rest is left to the scanner."""


def parse(name: str, text: str, rules: str, table: Table, files: Files) -> Document:
    """Read `text`, the content of the file `name`, and what it includes, by the rules of a release."""
    return _Parser(name, text, rules, table, files).run()


class _Parser:
    def __init__(self, name: str, text: str, rules: str, table: Table, files: Files) -> None:
        self._rules = rules
        self._old = rules == "4.10"
        self._sectioned = rules in ("5.3", "5.4")
        self._table = table
        self._files = files
        self._keys = table.conn
        self.document = Document(files=files.read_so_far)
        self._scanner = Scanner(
            DIALECTS[rules],
            name,
            text,
            classify=self._classify,
            read=self._read,
            stray=self._stray,
        )
        self._token: Token | None = None
        self._place = Place(name, 1, 1)
        self._section: list[Setting] | None = None
        self._section_name = ""
        self._header: Token | None = None
        self._seen: dict[tuple[str, str], int] = {}
        self._misplaced: list[tuple[Key, Token]] = []

    # Tokens

    def _peek(self) -> Token:
        if self._token is None:
            self._token = self._scanner.next()
        return self._token

    def _take(self) -> Token:
        token = self._peek()
        self._token = None
        return token

    def _want(self, *kinds: TokenKind) -> Token:
        token = self._peek()
        if token.kind not in kinds:
            wanted = " or ".join(kind.value for kind in kinds)
            got = token.kind.value if not token.text else f"{token.text!r}"
            raise _Fault(f"syntax error: {wanted} was expected, not {got}", token)
        return self._take()

    def _classify(self, word: str) -> TokenKind:
        """What a word is to the scanner, at the moment it is read (which of the sections counts is 5.3's matter)."""
        if self._sectioned:
            return TokenKind.KEYWORD
        key = self._table.conn.get(word.lower() if word.isascii() else word)
        if self._old:
            if key is not None:
                return TokenKind.BOOL if key.keyword.kind == "bool" else TokenKind.KEYWORD
            return TokenKind.COMMENT if word[:2] in ("x-", "x_", "X-", "X_") else TokenKind.STRING
        if key is None:
            source = self._scanner.source
            column = source.at - len(word) - source.start + 1
            raise _Fault(
                f"unrecognized keyword {word!r}",
                Token(TokenKind.KEYWORD, word, source.name, source.line, max(column, 1)),
                1,
                nearest(word, self._table.conn),
            )
        return TokenKind.KEYWORD

    def _read(self, name: str) -> str | None:
        return self._files.read(name, self._place, self.document.diagnostics)

    def _stray(self, character: str) -> None:
        source = self._scanner.source
        self._complain(
            Severity.WARNING,
            f"{character!r} is ignored here",
            Place(source.name, source.line, source.at - source.start),
        )

    def _complain(
        self, severity: Severity, sentence: str, place: Place, hint: str | None = None, status: int = 0
    ) -> None:
        diagnostics = self.document.diagnostics
        if len(diagnostics) < _MAX_DIAGNOSTICS:
            diagnostics.append(
                Diagnostic(severity, sentence, place, hint, self._section_name or None, status)
            )

    # Sections

    def run(self) -> Document:
        self._guard(self._version)
        while self._guard(self._statement):
            pass
        self._close()
        if self._misplaced:
            key, token = self._misplaced[0]
            sentence = f"{key.spelled}= is no keyword of 'config setup'"
            place = Place(token.file, token.line, token.column)
            self.document.diagnostics.append(Diagnostic(Severity.FATAL, sentence, place, status=3))
        return self.document

    def _guard(self, step: Callable[[], bool]) -> bool:
        """Do one step. After a fault the line is skipped. False at the end of the file."""
        try:
            return step()
        except _Fault as fault:
            if len(self.document.diagnostics) < _MAX_DIAGNOSTICS:
                self.document.diagnostics.append(fault.diagnostic)
            ended = self._token is not None and self._token.kind in (TokenKind.EOL, TokenKind.END)
            if not ended:
                self._scanner.skip_line()
            self._token = None
            return True

    def _version(self) -> bool:
        while self._peek().kind is TokenKind.EOL:
            self._take()
        if self._peek().kind is TokenKind.VERSION:
            self._take()
            self._want(TokenKind.STRING, *([TokenKind.INTEGER] if self._old else []))
            self._want(TokenKind.EOL)
        return True

    def _statement(self) -> bool:
        token = self._take()
        match token.kind:
            case TokenKind.END:
                return False
            case TokenKind.EOL:
                pass
            case TokenKind.CONFIG:
                self._want(TokenKind.SETUP)
                self._want(TokenKind.EOL)
                self._open(None, token)
                self._settings()
            case TokenKind.CONN:
                name = self._want(TokenKind.STRING)
                self._want(TokenKind.EOL)
                self._open(name, token)
                self._settings()
            case TokenKind.INCLUDE:
                path = self._want(TokenKind.STRING)
                self._want(TokenKind.EOL)
                self._place = Place(path.file, path.line, path.column)
                names = self._files.expand(
                    path.text, self._rules, len(self._scanner.stack), self._place, self.document.diagnostics
                )
                if names:
                    self._scanner.include(names)
                # From 5.3 on nothing ends the last line of the included file, so its section goes on.
            case TokenKind.SPACES if self._section is not None and self.document.refusal is not None:
                # Only to find more faults: the section had one.
                self._token = token
                self._settings()
            case _:
                self._token = token
                text = token.text or token.kind.value
                raise _Fault(f"syntax error: {text!r} cannot stand here", token)
        return True

    def _open(self, name: Token | None, at: Token) -> None:
        self._close()
        self._section = []
        self._seen = {}
        if name is None:
            self._section_name = ""
            self._keys = self._table.setup
            self._header = None
        else:
            self._section_name = name.text
            self._keys = self._table.conn
            self._header = at

    def _close(self) -> None:
        """Put away the section that was open."""
        if self._section is None:
            return
        if self._header is None:
            for setting in self._section:
                self.document.setup[setting.key.slot] = setting
        else:
            place = Place(self._header.file, self._header.line, self._header.column)
            self.document.sections.append(Section(self._section_name, place, tuple(self._section)))
        self._section = None
        self._section_name = ""

    def _settings(self) -> None:
        """The indented lines of a section."""
        scanner = self._scanner
        while True:
            if self._token is None and scanner.at_line_start:
                self._ordinary_lines()
            if self._peek().kind is not TokenKind.SPACES:
                break
            self._take()
            if self._peek().kind is TokenKind.EOL:
                self._take()
                continue
            self._setting()

    def _ordinary_lines(self) -> None:
        source = self._scanner.source
        text, match = source.text, _ORDINARY.match
        while found := match(text, source.at):
            word, quoted, plain = found.groups()
            key = self._keys.get(word) or self._keys.get(word.lower())
            if key is None or (word[0] in "xX" and word[1:2] in ("-", "_")):
                return
            if self._sectioned and (key.keyword.optarg or key.keyword.kind == "also"):
                return
            value = quoted if plain is None else plain
            kind = TokenKind.STRING
            if plain is not None:
                if plain == "%forever":
                    return
                if self._old:
                    if key.keyword.kind == "bool":
                        if plain not in BOOLEANS:
                            return
                        kind = TokenKind.BOOL
                    elif plain.isascii() and plain.isdigit():
                        kind = TokenKind.INTEGER
            elif self._old and key.keyword.kind == "bool":
                return
            token = Token(TokenKind.KEYWORD, word, source.name, source.line, found.start(1) - source.at + 1)
            if kind is TokenKind.INTEGER and key.keyword.kind == "percent":
                return
            at = source.at
            source.at = found.end()
            source.line += 1
            source.start = source.at
            try:
                self._keep(key, token, kind, value)
            except _Fault:
                source.at, source.start = at, at
                source.line -= 1
                raise

    # Settings

    def _setting(self) -> None:
        if self._peek().kind is TokenKind.STRING:
            # 4.x: a word that is no keyword is a string, which cannot stand here.
            word = self._peek()
            raise _Fault(f"unrecognized keyword {word.text!r}", word, 3, nearest(word.text, self._keys))
        word = self._want(TokenKind.KEYWORD, TokenKind.BOOL, TokenKind.COMMENT)
        if word.kind is TokenKind.COMMENT:
            self._comment(word)
            return
        key: Key | None = None
        if not self._sectioned:
            key = self._find(word)
        if self._old:
            self._want(TokenKind.EQUAL)
            self._setting_4(self._checked(key), word)
            return
        self._want(TokenKind.EQUAL)
        text = ""
        if self._peek().kind in (TokenKind.STRING, TokenKind.KEYWORD):
            text = self._take().text
        elif self._peek().kind is not TokenKind.EOL:
            self._want(TokenKind.EOL)
        if self._sectioned:
            key = self._find(word)
        if key is not None:
            self._keep(key, word, TokenKind.STRING, text)
        self._want(TokenKind.EOL)

    @staticmethod
    def _checked(key: Key | None) -> Key:
        assert key is not None
        return key

    def _comment(self, word: Token) -> None:
        if self._old:
            self._want(TokenKind.EQUAL)
            self._want(TokenKind.STRING)
        elif self._peek().kind is TokenKind.EQUAL:
            self._take()
            if self._peek().kind is TokenKind.STRING:
                self._take()
        self._want(TokenKind.EOL)

    def _find(self, word: Token) -> Key | None:
        """The keyword, by the section that is open where the release looks there (5.3 on)."""
        lower = word.text.lower() if word.text.isascii() else word.text
        key = self._keys.get(lower)
        if self._sectioned:
            if key is not None and key.keyword.kind == "also" and self._section_name == "%default":
                key = None
            if key is not None and key.keyword.optarg:
                raise _Fault(f"{word.text}= is only for command lines", word)
            if key is None:
                what = "config setup" if self._header is None else "conn"
                hint = nearest(word.text, self._keys)
                if lower in self._table.bare_ends and self._header is not None:
                    hint = f"left{lower}= or right{lower}="
                status = 3 if self._rules == "5.4" else 1
                raise _Fault(f"unrecognized {what!r} keyword {word.text!r}", word, status, hint)
        return key

    def _setting_4(self, key: Key, word: Token) -> None:
        """The value of a keyword of 4.x, whose kind says which tokens may stand there."""
        wanted = {
            "bool": (TokenKind.BOOL,),
            "time": (TokenKind.INTEGER, TokenKind.STRING),
            "milliseconds": (TokenKind.INTEGER, TokenKind.STRING),
            "percent": (TokenKind.STRING,),
            "binary": (TokenKind.INTEGER, TokenKind.STRING),
            "bytes": (TokenKind.INTEGER, TokenKind.STRING),
        }.get(key.keyword.kind)
        if wanted is None and self._peek().kind is TokenKind.EOL:
            self._take()
            place = Place(word.file, word.line, word.column)
            self._complain(Severity.WARNING, f"{word.text}= has no value and is ignored", place)
            return
        value = self._want(*(wanted or (TokenKind.STRING, TokenKind.INTEGER)))
        self._keep(key, word, value.kind, value.text)
        self._want(TokenKind.EOL)

    def _keep(self, key: Key, word: Token, kind: TokenKind, text: str) -> None:
        """Work out the value and put the setting into the section, by the rules of the release."""
        keyword = key.keyword
        value = self._value_4(key, word, kind, text) if self._old else self._value_5(key, word, text)
        if value is None:
            return
        setting = Setting(key, value.text, value.number, word.file, word.line, word.column)
        if value.warning:
            self._complain(Severity.WARNING, f"{word.text}=: {value.warning}", setting.place)
        section = self._section
        assert section is not None
        if self._header is None:
            if not keyword.setup:
                if self._old:
                    self._misplaced.append((key, word))
                else:
                    self._complain(
                        Severity.WARNING,
                        f"{word.text}= is no keyword of 'config setup'; ignored",
                        setting.place,
                    )
                return
            section.append(setting)
            return
        if self._old:
            section.append(setting)
            return
        if not keyword.conn or (keyword.kind == "also" and self._section_name == "%default"):
            self._complain(
                Severity.WARNING, f"{word.text}= is no keyword of a connection; ignored", setting.place
            )
            return
        if keyword.kind != "also":
            mark = (keyword.name, key.side)
            if mark in self._seen:
                self._complain(
                    Severity.WARNING,
                    f"{word.text}= is given twice: this one is ignored",
                    setting.place,
                    f"the first is in line {self._seen[mark]}",
                )
                return
            self._seen[mark] = word.line
        section.append(setting)

    def _value_4(self, key: Key, word: Token, kind: TokenKind, text: str) -> Value | None:
        try:
            return read_4(key.keyword, kind, text)
        except BadWord as bad:
            hint = nearest(text, key.keyword.values)
            raise _Fault(str(bad), word, 1, hint) from None
        except Malformed as reason:
            place = Place(word.file, word.line, word.column)
            self._complain(Severity.WARNING, f"{word.text}={text} is ignored: {reason}", place)
            return None

    def _value_5(self, key: Key, word: Token, text: str) -> Value | None:
        place = Place(word.file, word.line, word.column)
        keyword = key.keyword
        if keyword.kind == "obsolete":
            self._complain(Severity.WARNING, f"{word.text}= is obsolete and ignored", place)
            return None
        if keyword.kind == "key" and not text and self._rules == "5.2":
            raise _Fault(f"{word.text}= is empty, and addconn aborts over that", word, -6)
        try:
            return read_5(keyword, text)
        except Malformed as reason:
            hint = nearest(text, keyword.values) if keyword.values else None
            if self._header is None and self._sectioned:
                raise _Fault(f"{word.text}={text}: {reason}", word, 3, hint) from None
            self._complain(Severity.WARNING, f"{word.text}={text} is ignored: {reason}", place, hint)
            return None
