"""The value of one keyword: from its token to the text or number that the release keeps.

Owns: the kinds of values, as 4.8 to 4.15 and as 5.x read them. Must not know: sections, duplicates, messages.

4.x takes digits as a number for any keyword, uses zero for a number that it cannot read, and leaves out a bad duration
or percentage, all without a warning; a bad word ends addconn. 5.x leaves out a bad value with a warning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from autod.config.scanner import TokenKind
from autod.protocol.connection.numbers import (
    BINARY,
    BYTES,
    MICROSECONDS,
    UINTMAX,
    Malformed,
    binary,
    decimal_scaled,
    duration_ms,
    int32,
    int64,
    unsigned,
    unsigned_prefix,
)

if TYPE_CHECKING:
    from autod.protocol.connection.keywords import Keyword

__all__ = ["BOOLEANS", "OTHER", "BadWord", "Value", "flags", "read_4", "read_5"]

OTHER: Final = 255
"""LOOSE_ENUM_OTHER: the value is a string and none of the keyword's words."""

BOOLEANS: Final = {"y": 1, "yes": 1, "true": 1, "on": 1, "n": 0, "no": 0, "false": 0, "off": 0}
_BOOLEANS_5: Final = {**BOOLEANS, "1": 1, "0": 0}


class Value(NamedTuple):
    """The text and the number that are kept, and a warning."""

    text: str | None
    number: int | None
    warning: str | None = None


class BadWord(ValueError):
    """A word that ends 4.x's addconn with status 1. str() is the sentence."""


def read_4(
    keyword: Keyword, kind: TokenKind, text: str, *, wide: bool = True, seconds: bool = False
) -> Value | None:
    """The value that 3.27 to 4.15 keep; None if they leave out the setting. Raises Malformed (left out) and BadWord.

    `wide`: numbers have 64 bits, and not 32 as up to 4.7. `seconds`: durations are whole seconds (up to 4.6).
    """
    match keyword.kind:
        case "bool":
            return Value(None, BOOLEANS[text])
        case "time" | "milliseconds":
            if seconds:
                return Value(None, _seconds_4_6(kind, text))
            if not wide and kind is TokenKind.INTEGER:
                number = min(int(text[:21]), UINTMAX) % 2**32
                return Value(None, int32(number * (1000 if keyword.kind == "time" else 1)))
            number = _time_4(keyword, kind, text)
            return Value(None, int64(number) if wide else int32(number))
        case "percent":
            number = _percent_4(text)
            return Value(None, number if wide else int32(number))
        case "binary" | "bytes":
            number = int(text) if kind is TokenKind.INTEGER else binary(text, bytes_=keyword.kind == "bytes")
            return Value(None, int64(_fits(number)))
    if kind is TokenKind.INTEGER:
        # The digits are lost: a keyword that needs a string has none.
        number = int(text) if len(text) < 21 else 2**64
        warning = None
        if keyword.kind in ("string", "append"):
            warning = "digits alone are not a string here: quote them"
        return Value(None, int64(_fits(number)) if wide else int32(min(number, UINTMAX)), warning)
    match keyword.kind:
        case "enum":
            return Value(None, _words(keyword, text))
        case "flags":
            number_or_none = flags(keyword, text)
            if number_or_none is None:
                raise BadWord(f"{text!r} is not a value of {keyword.name}=")
            return Value(None, number_or_none)
        case "loose" | "key":
            word = keyword.values.get(_lower(text))
            return Value(None, word) if word is not None else Value(text, OTHER)
        case "number":
            return Value(None, 0, f"{text!r} is not a number: 0 is used")
    return Value(text, None)


def read_5(keyword: Keyword, text: str, *, decimals: bool = True) -> Value:
    """The value that 5.x keeps. `decimals`: numbers may have fractions.

    Raises Malformed for a value that 5.x leaves out with a warning.
    """
    match keyword.kind:
        case "bool":
            number = _BOOLEANS_5.get(_lower(text))
            if number is None:
                raise Malformed("neither yes nor no")
            return Value(text, number)
        case "enum":
            word = keyword.values.get(_lower(text))
            if word is None:
                raise Malformed("not one of " + ", ".join(keyword.values))
            return Value(text, word)
        case "flags":
            number = flags(keyword, text)
            if number is None:
                raise Malformed("not flags of " + ", ".join(keyword.values))
            return Value(text, number)
        case "loose" | "key":
            word = keyword.values.get(_lower(text))
            return Value(text, OTHER) if word is None else Value(None, word)
        case "number":
            return Value(text, int64(unsigned(text)))
        case "signed":
            return Value(text, -unsigned(text[1:]) if text[:1] == "-" else int64(unsigned(text)))
        case "time" | "milliseconds":
            unit = "s" if keyword.kind == "time" else "ms"
            if not decimals:
                return Value(text, int64(duration_ms(text, unit)) * 1000)
            return Value(text, decimal_scaled(text, MICROSECONDS, unit))
        case "percent":
            number, rest = unsigned_prefix(text, 10)
            if rest != "%":
                raise Malformed(f'bad percentage multiplier "{rest}"')
            if number > 2**32 - 1:
                raise Malformed("percentage way too large")
            return Value(text, number)
        case "binary" | "bytes" if not decimals:
            return Value(text, int64(binary(text, bytes_=keyword.kind == "bytes")))
        case "binary":
            return Value(text, int64(decimal_scaled(text, BINARY, "")))
        case "bytes":
            return Value(text, int64(decimal_scaled(text, BYTES, "")))
    return Value(text, None)


def _lower(text: str) -> str:
    """ASCII letters in lower case, as strcasecmp compares; other text stays, and is not a word of any table."""
    return text.lower() if text.isascii() else text


def _fits(number: int) -> int:
    # A number with more than 64 bits is an error that 4.x only records; it goes on with zero.
    return number if number < 2**64 else 0


def _time_4(keyword: Keyword, kind: TokenKind, text: str) -> int:
    unit = "ms" if keyword.kind == "milliseconds" else "s"
    if kind is TokenKind.INTEGER:
        return _fits(int(text) if len(text) < 21 else 2**64) * (1 if unit == "ms" else 1000)
    return duration_ms(text, unit)


_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CHANCE: Final = "addconn of this release takes no such duration, and sends one by chance"


def _seconds_4_6(kind: TokenKind, text: str) -> int:
    """Milliseconds of a duration as 3.27 to 4.6 read it: 32 bits of seconds."""
    if kind is TokenKind.INTEGER:
        return 1000 * int32(min(int(text) if len(text) < 21 else UINTMAX, UINTMAX))
    match = _STRTOUL.match(text)
    scale = _SECONDS.get(text[match.end() :]) if match is not None else None
    if match is None or scale is None or match.group(1) == "-":
        raise Malformed(_CHANCE)
    digits = match.group(2)
    number = int(digits) if len(digits) < 21 else UINTMAX
    if number > (2**32 - 1) // scale:
        raise Malformed(_CHANCE)
    return 1000 * int32(number * scale)


_STRTOUL: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")


def _percent_4(text: str) -> int:
    match = _STRTOUL.match(text)
    if match is None:
        raise Malformed(f"malformed percentage {text}")
    if text[match.end() :] != "%":
        raise Malformed(f'bad percentage multiplier "{text[match.end() :]}" on {text}')
    digits = match.group(2)
    number = int(digits) if len(digits) < 21 else 2**64
    if number >= 2**64 or (number if match.group(1) != "-" else -number % 2**64) > 2**32 - 1:
        raise Malformed(f'percentage way too large "{text}"')
    return -number % 2**64 if match.group(1) == "-" else number


_PIECES: Final = re.compile(r"[^:, \t]+")


def _words(keyword: Keyword, text: str) -> int:
    number, count = 0, 0
    for piece in _PIECES.findall(text):
        word = keyword.values.get(_lower(piece))
        if word is not None:
            number |= word
            count += 1
        elif not count:
            raise BadWord(f"{piece!r} is not a value of {keyword.name}=")
    if count > 1:
        raise BadWord(f"{keyword.name}= takes one value, not {text!r}")
    return number


_FLAGS: Final = re.compile(r"[^+, \t]+")


def flags(keyword: Keyword, text: str) -> int | None:
    """The bits of a list of debug flags (`all,no-crypt`); None if one of them is unknown."""
    bits = 0
    for piece in _FLAGS.findall(text):
        if piece == "none":
            bits = 0
            continue
        off = piece.startswith("no-")
        name = piece[3:] if off else piece
        value = keyword.values.get(name)
        if value is None:
            value = keyword.values.get(_lower(name).replace("_", "-").removeprefix("debug-"))
        if value is None:
            return None
        bits = bits & ~value if off else bits | value
    return bits
