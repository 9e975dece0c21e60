"""The tokens of ipsec.conf, in the way of the scanners of Libreswan 4.8 to 5.4.

Owns: the lexical rules of each release, and the stack of included files. Must not know: keywords (the caller tells
whether a word is one), sections, values, or where files come from (the caller opens them).

Libreswan's scanners are flex programs with states: after `=` they expect a value, after a keyword an `=`, and they drop
characters that no rule of a state matches. Some texts have a meaning only because of these states (`left foo=1.2.3.4`
is left=1.2.3.4), so this scanner has the same states. A value ends with its line.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.protocol.connection.rules import Rules

__all__ = ["Scanner", "Source", "Token", "TokenKind"]


class TokenKind(Enum):
    """The kinds of token that the grammar knows. Only 4.x has INTEGER and BOOL."""

    END = "the end of the file"
    EOL = "the end of the line"
    SPACES = "an indented line"
    EQUAL = "="
    VERSION = "version"
    CONFIG = "config"
    SETUP = "setup"
    CONN = "conn"
    INCLUDE = "include"
    KEYWORD = "a keyword"
    COMMENT = "an x- keyword"
    STRING = "a value"
    INTEGER = "a number"
    BOOL = "yes or no"


class Token(msgspec.Struct, frozen=True):
    """A token: its kind, its text, and its place. `quoted`: it stood in quotes or braces."""

    kind: TokenKind
    text: str
    file: str
    line: int
    column: int
    quoted: bool = False


class _State(Enum):
    INITIAL = 0
    KEY = 1
    BOOLEAN_KEY = 2
    COMMENT_KEY = 3
    VALUE = 4
    BOOLEAN_VALUE = 5
    COMMENT_VALUE = 6


class Source(msgspec.Struct):
    """One file that is being read: its name, its text, the position, and the next files of the same include."""

    name: str
    text: str
    rest: list[str]
    at: int = 0
    line: int = 1
    start: int = 0
    ends: bool = True


_BLANK: Final = re.compile(r"(?:[\t ]*(?:#[^\n]*)?\n)+")
_SPACES: Final = re.compile(r"[\t ]+")
_QUOTES: Final = re.compile(r'"+')
_WORD: Final = re.compile(r'[^"= \t\n]+')
_COMMENT: Final = re.compile(r"#[^\n]*")
_DIGITS: Final = re.compile(r"[0-9]+\Z")
_VALUES: Final = (
    re.compile(r'"[^"\n]*"'),
    re.compile(r'\{[^"\n]*\}'),
    re.compile(r'[^" \t\n]+'),
    re.compile(r"[^{} \t\n]+"),
)
_BOOL: Final = re.compile(r"yes|y|true|on|no|n|false|off")
_REST: Final = re.compile(r"[^\n]+")
_SECTION_WORDS: Final = {
    "version": TokenKind.VERSION,
    "config": TokenKind.CONFIG,
    "setup": TokenKind.SETUP,
    "conn": TokenKind.CONN,
    "include": TokenKind.INCLUDE,
}
_X_COMMENT: Final = re.compile(r"[Xx][_-].", re.DOTALL)


class Scanner:
    """Tokens from a file and its includes.

    `classify` tells the kind of a word at the moment it is read: KEYWORD, BOOL (a keyword that takes a boolean),
    COMMENT, or STRING (not a keyword). `read` returns the text of an included file, None if it cannot be read. `stray`
    is called with each character that no rule matches.
    """

    def __init__(
        self,
        rules: Rules,
        name: str,
        text: str,
        *,
        classify: Callable[[str], TokenKind],
        read: Callable[[str], str | None],
        stray: Callable[[str], None],
    ) -> None:
        self._rules = rules
        self._classify = classify
        self._read = read
        self._stray = stray
        self.stack = [Source(name, text, [])]
        self._state = _State.INITIAL

    @property
    def source(self) -> Source:
        """The file that is being read."""
        return self.stack[-1]

    @property
    def at_line_start(self) -> bool:
        """Whether the next token is the first of a line, and the line before has left no state."""
        source = self.stack[-1]
        return self._state is _State.INITIAL and (source.at == 0 or source.text[source.at - 1] == "\n")

    def include(self, names: list[str]) -> None:
        """Read these files next, then go on with this one. To be called between two lines."""
        self.stack.append(Source(self.source.name, "", names, ends=False))
        first = True
        self._next_file(first=first)

    def skip_line(self) -> None:
        """Go to the start of the next line, and drop the rest of this one."""
        source = self.source
        end = source.text.find("\n", source.at)
        if end < 0:
            source.at = len(source.text)
        else:
            source.at = end + 1
            self._newline(source)
        self._state = _State.INITIAL

    @staticmethod
    def _newline(source: Source) -> None:
        source.line += 1
        source.start = source.at

    def _next_file(self, *, first: bool = False) -> bool:
        """Go to the next file of the include, or back to the file that has the include. False at the end."""
        source = self.stack[-1]
        if source.rest:
            name = source.rest.pop(0)
            text = self._read(name)
            if text is not None:
                ends = not first or self._rules.first_include_ends
                self.stack[-1] = Source(name, text, source.rest, ends=ends)
                return True
        if len(self.stack) == 1:
            return False
        self.stack.pop()
        return True

    def next(self) -> Token:
        """The next token; END each time after the last."""
        while True:
            source = self.stack[-1]
            if source.at >= len(source.text):
                if source.ends:
                    source.ends = False
                    return self._token(TokenKind.EOL, "", source.at)
                if not self._next_file():
                    return self._token(TokenKind.END, "", source.at)
                continue
            token = self._scan(source)
            if token is not None:
                return token

    def _token(self, kind: TokenKind, text: str, at: int, *, quoted: bool = False) -> Token:
        source = self.stack[-1]
        if "\0" in text:
            text = text.partition("\0")[0]
        return Token(kind, text, source.name, source.line, at - source.start + 1, quoted)

    def _end_of_line(self, source: Source, *, counted: bool = True) -> Token:
        token = self._token(TokenKind.EOL, "", source.at)
        source.at += 1
        self._state = _State.INITIAL
        if counted:
            self._newline(source)
        else:
            source.start = source.at
        return token

    def _scan(self, source: Source) -> Token | None:
        match self._state:
            case _State.INITIAL:
                return self._initial(source)
            case _State.VALUE:
                return self._value(source)
            case _State.BOOLEAN_VALUE:
                return self._boolean(source)
            case _State.COMMENT_VALUE:
                return self._comment_value(source)
            case _:
                return self._key(source)

    def _initial(self, source: Source) -> Token | None:
        text, at = source.text, source.at
        if at == 0 or text[at - 1] == "\n":
            blank = _BLANK.match(text, at)
            if blank:
                source.at = blank.end()
                source.line += text.count("\n", at, source.at)
                source.start = source.at
                return None
            spaces = _SPACES.match(text, at)
            if spaces:
                token = self._token(TokenKind.SPACES, "", at)
                source.at = spaces.end()
                return token
        character = text[at]
        if character in " \t":
            source.at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
            return None
        if character == "\n":
            return self._end_of_line(source)
        if character == "=":
            source.at += 1
            self._state = _State.VALUE
            return self._token(TokenKind.EQUAL, "=", at)
        word = _WORD.match(text, at)
        comment = _COMMENT.match(text, at)
        if comment and (word is None or comment.end() > word.end()):
            source.at = comment.end()
            return None
        if word is None:
            # Only quotes are neither word nor blank.
            source.at = _QUOTES.match(text, at).end()  # type: ignore[union-attr]
            self._stray(character)
            return None
        source.at = word.end()
        return self._word(word.group(), at)

    def _word(self, word: str, at: int) -> Token:
        kind = _SECTION_WORDS.get(word)
        if kind is not None:
            if kind is TokenKind.CONN or (
                kind in (TokenKind.VERSION, TokenKind.INCLUDE) and not self._rules.bare_words
            ):
                self._state = _State.VALUE
            return self._token(kind, word, at)
        if self._rules.old:
            if _DIGITS.match(word):
                return self._token(TokenKind.INTEGER, word, at)
            kind = self._classify(word.partition("\0")[0])
            self._state = {
                TokenKind.BOOL: _State.BOOLEAN_KEY,
                TokenKind.COMMENT: _State.COMMENT_KEY,
            }.get(kind, _State.INITIAL if self._rules.runs_on else _State.KEY)
            return self._token(kind, word, at)
        kind = TokenKind.COMMENT if _X_COMMENT.match(word) else self._classify(word.partition("\0")[0])
        self._state = _State.COMMENT_KEY if kind is TokenKind.COMMENT else _State.KEY
        return self._token(kind, word, at)

    def _key(self, source: Source) -> Token | None:
        character = source.text[source.at]
        if character == "\n":
            if self._rules.runs_on and self._state is _State.COMMENT_KEY:
                return self._run_on(source)
            return self._end_of_line(source)
        at = source.at
        source.at += 1
        if character != "=":
            return None
        self._state = {
            _State.KEY: _State.VALUE,
            _State.BOOLEAN_KEY: _State.BOOLEAN_VALUE,
            _State.COMMENT_KEY: _State.COMMENT_VALUE,
        }[self._state]
        return self._token(TokenKind.EQUAL, "=", at)

    def _value(self, source: Source) -> Token | None:
        text, at = source.text, source.at
        if text[at] in " \t":
            source.at = _SPACES.match(text, at).end()  # type: ignore[union-attr]
            return None
        if text[at] == "\n":
            return self._run_on(source) if self._rules.runs_on else self._end_of_line(source)
        ends = [match.end() if match else 0 for match in (rule.match(text, at) for rule in _VALUES)]
        end = max(ends)
        source.at = end
        self._state = _State.INITIAL
        value = text[at:end]
        if self._rules.old and _DIGITS.match(value):
            return self._token(TokenKind.INTEGER, value, at)
        if value == "%forever" and self._rules.forever is not None:
            kind = TokenKind.INTEGER if self._rules.old else TokenKind.STRING
            return self._token(kind, self._rules.forever, at)
        if end in ends[:2]:
            return self._token(TokenKind.STRING, value[1:-1], at, quoted=True)
        return self._token(TokenKind.STRING, value, at)

    def _boolean(self, source: Source) -> Token | None:
        if source.text[source.at] == "\n":
            return self._end_of_line(source)
        at = source.at
        word = _BOOL.match(source.text, at)
        if word is None:
            source.at += 1
            return None
        source.at = word.end()
        self._state = _State.INITIAL
        return self._token(TokenKind.BOOL, word.group(), at)

    @staticmethod
    def _run_on(source: Source) -> None:
        """Drop a newline that no rule matches. It is not counted."""
        source.at += 1
        source.start = source.at

    def _comment_value(self, source: Source) -> Token | None:
        at = source.at
        rest = _REST.match(source.text, at)
        if rest is None:
            # Up to 5.0 no rule matches an empty value here: the newline is dropped, and the next line is the value.
            if not self._rules.bare_words:
                return self._end_of_line(source, counted=False)
            return self._run_on(source)
        source.at = rest.end()
        self._state = _State.INITIAL
        return self._token(TokenKind.STRING, rest.group(), at)
