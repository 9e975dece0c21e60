"""The grammar of ipsec.conf: from tokens to sections of settings, and the faults in them.

Owns: which token may follow which, and includes. Must not know: the value of a setting (autod.config.collect),
%default and also= (autod.config.merge), or messages.

addconn stops at the first fault of a file and does not load anything of it. Here the first fault is fatal, too, but
reading goes on with the next line, so that a person sees all faults at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from autod.config import advice
from autod.config.collect import Collector, Document, Fault, Line
from autod.config.include import Files
from autod.config.model import Place, Severity
from autod.config.scanner import Scanner, Token, TokenKind
from autod.config.values import BOOLEANS

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.protocol.connection.keywords import Key, Table
    from autod.protocol.connection.rules import Rules

__all__ = ["UNKNOWN", "Document", "parse"]

UNKNOWN: Final = "unrecognized"
"""The first word of the sentence about a keyword that the release does not have."""

_ORDINARY: Final = re.compile(
    r'[ \t]+([A-Za-z][A-Za-z0-9_-]*)[ \t]*=[ \t]*(?:"([^"{}\n\0]*)"|([^"{} \t\n\0]+))[ \t]*\Z'
)
"""An ordinary line: a keyword and a value. The scanner would cut it in the same way; it reads all other lines."""

_PLAIN: Final = re.compile(r'[^"{} \t\n\0]+\Z')
"""The value of such a line, if it is not in quotes."""

_HEADER: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(conn)[ \t]+([A-Za-z][A-Za-z0-9._-]*)\n")
"""An ordinary first line of a section, and the comments and empty lines before it."""

_END: Final = re.compile(r"\n(?![ \t])")
"""The end of the lines that belong to a section."""

_PIECE: Final = 4096
"""Characters that are cut into lines at once. After a line that is not ordinary, the rest is cut again."""

_LINES: Final = 4096
"""Different lines that are remembered: most connections share most of theirs."""


def _place(token: Token) -> Place:
    return Place(token.file, token.line, token.column)


def parse(name: str, text: str, rules: Rules, table: Table, files: Files) -> Document:
    """Read `text`, the content of the file `name`, and its includes, by the rules of a release."""
    return _Parser(name, text, rules, table, files).run()


class _Parser:
    def __init__(self, name: str, text: str, rules: Rules, table: Table, files: Files) -> None:
        self._rules = rules
        self._old = rules.old
        self._sectioned = rules.sectioned
        self._table = table
        self._files = files
        self.document = Document(files=files.read_so_far)
        self._sections = Collector(self.document, rules, table)
        self._scanner = Scanner(
            rules,
            name,
            text,
            classify=self._classify,
            read=self._read,
            stray=self._stray,
        )
        self._lines: dict[str, Line] = {}
        self._heads: dict[str, Line] = {}
        """Lines by what stands before their value, for keywords that keep any string as it is."""
        self._token: Token | None = None
        self._place = Place(name, 1, 1)

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
            expected = " or ".join(kind.value for kind in kinds)
            actual = token.kind.value if not token.text else f"{token.text!r}"
            raise Fault(f"syntax error: {expected} was expected, not {actual}", token)
        return self._take()

    def _classify(self, word: str) -> TokenKind:
        """The kind of a word for the scanner, at the moment it is read (from 5.3 on the section decides later)."""
        if self._sectioned:
            return TokenKind.KEYWORD
        key = self._table.conn.get(word.lower() if word.isascii() else word)
        if self._rules.bare_words:
            if key is not None:
                return TokenKind.BOOL if self._old and key.keyword.kind == "bool" else TokenKind.KEYWORD
            return TokenKind.COMMENT if word[:2] in ("x-", "x_", "X-", "X_") else TokenKind.STRING
        if key is None:
            source = self._scanner.source
            column = source.at - len(word) - source.start + 1
            raise Fault(
                f"{UNKNOWN} keyword {word!r}",
                Token(TokenKind.KEYWORD, word, source.name, source.line, max(column, 1)),
                1,
                self._sections.hints.keyword(word, self._table.conn),
            )
        return TokenKind.KEYWORD

    def _read(self, name: str) -> str | None:
        return self._files.read(name, self._place, self.document.diagnostics)

    def _stray(self, character: str) -> None:
        source = self._scanner.source
        self._sections.complain(
            Severity.WARNING,
            f"{character!r} is ignored here",
            Place(source.name, source.line, source.at - source.start),
        )

    # Sections

    def run(self) -> Document:
        self._guard(self._version)
        while self._guard(self._statement):
            pass
        self._sections.finish()
        return self.document

    def _guard(self, step: Callable[[], bool]) -> bool:
        """Do one step. After a fault the line is skipped. False at the end of the file."""
        try:
            return step()
        except Fault as fault:
            self._sections.fault(fault)
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
                self._sections.open(None, _place(token))
                self._settings()
            case TokenKind.CONN:
                name = self._want(TokenKind.STRING)
                self._want(TokenKind.EOL)
                self._sections.open(name.text, _place(token))
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
                # From 5.3 on the end of an included file does not end its last line, so its section goes on.
            case TokenKind.SPACES if self._sections.is_open and self.document.refusal is not None:
                # Only to find more faults, because the section has one.
                self._token = token
                self._settings()
            case _:
                self._token = token
                text = token.text or token.kind.value
                raise Fault(f"syntax error: {text!r} cannot stand here", token, 3, self._unindented(token))
        return True

    def _unindented(self, token: Token) -> str | None:
        """Advice for the most common fault: a keyword at the left margin."""
        word = token.text.partition("=")[0].lower()
        if word in self._table.conn or word in self._table.setup or advice.for_keyword(word):
            return "indent it: the lines of a section begin with a blank or a tab"
        return None

    def _settings(self) -> None:
        """The indented lines of a section."""
        scanner = self._scanner
        while True:
            while self._token is None and scanner.at_line_start:
                self._ordinary_lines()
                if not self._ordinary_header():
                    break
            if self._peek().kind is not TokenKind.SPACES:
                break
            self._take()
            if self._peek().kind is TokenKind.EOL:
                self._take()
                continue
            self._setting()

    def _ordinary_lines(self) -> None:
        """Keep ordinary lines, up to the first that is not ordinary or that needs a complaint."""
        source, sections = self._scanner.source, self._sections
        text, at, number = source.text, source.at, source.line
        remembered, goes_on = self._lines, sections.takes_lines
        while goes_on and text.startswith((" ", "\t"), at):
            end = _END.search(text, at, at + _PIECE)
            stop = text.rfind("\n", at, at + _PIECE) if end is None else end.start()
            if stop < 0:
                break
            for line in text[at:stop].split("\n"):
                ordinary = remembered.get(line)
                if ordinary is None:
                    ordinary = self._like_another(line)
                if ordinary is None:
                    ordinary = self._line(line)
                    if ordinary is not None and len(remembered) < _LINES:
                        remembered[line] = ordinary
                goes_on = ordinary is not None and sections.take(ordinary, source.name, number)
                if not goes_on:
                    break
                at += len(line) + 1
                number += 1
        source.at = source.start = at
        source.line = number

    def _ordinary_header(self) -> bool:
        """Begin a section if the next line is an ordinary first line of one."""
        source = self._scanner.source
        header = _HEADER.match(source.text, source.at)
        if header is None:
            return False
        source.line += source.text.count("\n", source.at, header.start(1))
        self._sections.open(header[2], Place(source.name, source.line, 1))
        source.at = source.start = header.end()
        source.line += 1
        return True

    def _like_another(self, line: str) -> Line | None:
        """The result of `_line` for a line that differs from an earlier one only in its string."""
        head, _, value = line.partition("=")
        like = self._heads.get(head)
        if like is None or _PLAIN.match(value) is None or value == "%forever" or value.isdigit():
            return None
        return Line(like.key, value, None, like.column, like.mark)

    def _line(self, line: str) -> Line | None:
        """An ordinary line of a connection with its value; None if it is not ordinary or needs a complaint."""
        match = _ORDINARY.match(line)
        if match is None:
            return None
        word, quoted, plain = match.groups()
        key = self._table.conn.get(word) or self._table.conn.get(word.lower())
        if key is None or (word[0] in "xX" and word[1:2] in ("-", "_")):
            return None
        if self._sectioned and (key.keyword.optarg or key.keyword.kind == "also"):
            return None
        value = quoted if plain is None else plain
        kind = TokenKind.STRING
        if plain is not None:
            if plain == "%forever":
                return None
            if self._old:
                if key.keyword.kind == "bool":
                    if plain not in BOOLEANS:
                        return None
                    kind = TokenKind.BOOL
                elif plain.isascii() and plain.isdigit():
                    kind = TokenKind.INTEGER
        elif self._old and key.keyword.kind == "bool":
            return None
        if kind is TokenKind.INTEGER and key.keyword.kind == "percent":
            return None
        section_line = self._sections.line(key, match.start(1) + 1, kind, value)
        if (
            section_line is not None
            and section_line.text == plain
            and key.keyword.kind == "string"
            and len(self._heads) < _LINES
        ):
            # A number of 4.x has no text, and what stood in quotes is not `plain`.
            self._heads[line.partition("=")[0]] = section_line
        return section_line

    # Settings

    def _setting(self) -> None:
        if self._peek().kind is TokenKind.STRING:
            # Up to 5.0 a word that is not a keyword is a string, which cannot stand here.
            word = self._peek()
            raise Fault(
                f"{UNKNOWN} keyword {word.text!r}",
                word,
                3,
                self._sections.hints.keyword(word.text, self._sections.keys),
            )
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
            self._sections.keep(key, word, TokenKind.STRING, text)
        self._want(TokenKind.EOL)

    @staticmethod
    def _checked(key: Key | None) -> Key:
        assert key is not None
        return key

    def _comment(self, word: Token) -> None:
        if self._rules.bare_words:
            self._want(TokenKind.EQUAL)
            self._want(TokenKind.STRING)
        elif self._peek().kind is TokenKind.EQUAL:
            self._take()
            if self._peek().kind is TokenKind.STRING:
                self._take()
        self._want(TokenKind.EOL)

    def _find(self, word: Token) -> Key | None:
        """The keyword; from 5.3 on it is looked up by the open section."""
        lower = word.text.lower() if word.text.isascii() else word.text
        key = self._sections.keys.get(lower)
        if self._sectioned:
            if key is not None and key.keyword.kind == "also" and self._sections.name == "%default":
                key = None
            if key is not None and key.keyword.optarg:
                raise Fault(f"{word.text}= is only for command lines", word)
            if key is None:
                section = "config setup" if self._sections.is_setup else "conn"
                hint = self._sections.hints.keyword(word.text, self._sections.keys)
                bare = lower in self._table.bare_ends and not self._sections.is_setup
                if bare and advice.for_keyword(lower) is None:
                    hint = f"left{lower}= or right{lower}="
                status = 3 if self._rules.ignores else 1
                raise Fault(f"{UNKNOWN} {section!r} keyword {word.text!r}", word, status, hint)
        return key

    def _setting_4(self, key: Key, word: Token) -> None:
        """The value of a keyword of 4.x. The kind of the keyword decides which tokens may stand there."""
        kinds = {
            "bool": (TokenKind.BOOL,),
            "time": (TokenKind.INTEGER, TokenKind.STRING),
            "milliseconds": (TokenKind.INTEGER, TokenKind.STRING),
            "percent": (TokenKind.STRING,),
            "binary": (TokenKind.INTEGER, TokenKind.STRING),
            "bytes": (TokenKind.INTEGER, TokenKind.STRING),
        }.get(key.keyword.kind)
        if kinds is None and self._peek().kind is TokenKind.EOL:
            self._take()
            place = Place(word.file, word.line, word.column)
            self._sections.complain(Severity.WARNING, f"{word.text}= has no value and is ignored", place)
            return
        value = self._want(*(kinds or (TokenKind.STRING, TokenKind.INTEGER)))
        self._sections.keep(key, word, value.kind, value.text)
        self._want(TokenKind.EOL)
