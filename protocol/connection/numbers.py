"""Numbers as addconn reads them: integers, durations, binary multiples, and encoded data.

Owns: the spellings that a release takes, and their values. Must not know: keywords, or what a number is for.
Every function returns a value, or raises `Malformed` with a reason like addconn's. It never raises anything else.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = [
    "UINTMAX",
    "Malformed",
    "binary",
    "data",
    "decimal_scaled",
    "duration_ms",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "unsigned",
    "unsigned_prefix",
]

UINTMAX: Final = 2**64 - 1
"""UINTMAX_MAX on the 64-bit systems that Libreswan is built for."""


class Malformed(ValueError):
    """A value that addconn does not take; str() is the reason."""


def int32(number: int) -> int:
    """`number` as C stores it in an int: the low 32 bits, signed."""
    return ((number + 2**31) & (2**32 - 1)) - 2**31


def int64(number: int) -> int:
    """`number` as C stores it in an intmax_t: the low 64 bits, signed."""
    return ((number + 2**63) & UINTMAX) - 2**63


def uint32(number: int) -> int:
    """The low 32 bits."""
    return number & (2**32 - 1)


def uint64(number: int) -> int:
    """The low 64 bits."""
    return number & UINTMAX


_DIGITS: Final = {
    2: re.compile("[01]*"),
    8: re.compile("[0-7]*"),
    10: re.compile("[0-9]*"),
    16: re.compile("[0-9A-Fa-f]*"),
}
_NAMES: Final = {2: "binary", 8: "octal", 10: "decimal", 16: "hex"}


def unsigned_prefix(text: str, base: int) -> tuple[int, str]:
    """The number at the start of `text`, and the rest of the text. Base 0: 0x, 0b and 0 prefixes are understood."""
    if not text:
        raise Malformed("empty string")
    draft = base
    if base == 0:
        head = text[:2].lower()
        if head == "0x" and _DIGITS[16].match(text, 2).end() > 2:  # type: ignore[union-attr]
            text, base = text[2:], 16
        elif head == "0b" and _DIGITS[2].match(text, 2).end() > 2:  # type: ignore[union-attr]
            text, base = text[2:], 2
        elif head in ("0x", "0b") or text[0] != "0":
            base = 10
        else:
            base = 8
    match = _DIGITS[base].match(text)
    digits = match.group() if match else ""
    if not digits:
        raise Malformed(f"first {_NAMES[draft] + ' ' if draft else ''}digit invalid")
    number = int(digits, base) if len(digits) < 80 else UINTMAX + 1
    if number > UINTMAX:
        raise Malformed("unsigned-long overflow")
    return number, text[len(digits) :]


def unsigned(text: str, base: int = 10) -> int:
    """The number that the whole of `text` is."""
    number, rest = unsigned_prefix(text, base)
    if rest:
        raise Malformed(f"non-{_NAMES.get(base, 'numeric')} digit in number")
    return number


_MS: Final = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
"""Milliseconds of each suffix (durations of 4.10)."""

MICROSECONDS: Final = {"us": 1, **{suffix: ms * 1000 for suffix, ms in _MS.items()}}
"""Microseconds of each suffix (durations of 5.x)."""


def duration_ms(text: str, unit: str) -> int:
    """A duration as 4.10 reads it, in milliseconds: an integer and a suffix; `unit` is the default suffix."""
    try:
        number, suffix = unsigned_prefix(text, 10)
    except Malformed as error:
        raise Malformed(f'bad duration value "{text}": {error}') from None
    scale = _MS.get(suffix.lower() or unit)
    if scale is None:
        raise Malformed(f'unrecognized duration multiplier "{suffix}"')
    if UINTMAX // scale < number:
        raise Malformed(f'duration too large: "{text}" is more than {UINTMAX} seconds')
    return number * scale


def decimal_scaled(text: str, scales: dict[str, int], unit: str) -> int:
    """A number with an optional fraction and suffix, as 5.x reads durations and multiples: `1.5h`, `.5s`.

    A fraction of a unit is rounded down if the unit does not divide by ten as often (2.5Ki is 2 * 1024 + 5 * 102).
    The text behind a point without digits is dropped (`1.s` is 1 of the default unit).
    """
    integer, rest = unsigned_prefix(text, 10) if text[:1].isdigit() else (0, text)
    numerator, denominator = 0, 1
    if rest[:1] == ".":
        tail = rest[1:]
        try:
            numerator, rest = unsigned_prefix(tail, 10)
            denominator = uint64(10 ** (len(tail) - len(rest)))
        except Malformed:
            if rest is text:
                raise Malformed("invalid decimal fraction") from None
            rest = ""
    elif rest is text:
        raise Malformed("invalid decimal")
    scale = scales.get(rest.lower() or unit)
    if scale is None:
        raise Malformed(f'unrecognized multiplier "{rest}"')
    value = integer * scale
    if value > UINTMAX:
        raise Malformed("overflow")
    if numerator and denominator:
        if denominator > scale:
            raise Malformed("underflow")
        value += numerator * (scale // denominator)
    return uint64(value)


_PREFIXES: Final = ("ki", "mi", "gi", "ti", "pi", "ei")
BINARY: Final = {"": 1, **{prefix: 1024 ** (i + 1) for i, prefix in enumerate(_PREFIXES)}}
"""Multiples of IEC 60027-2, by lower-case suffix."""
BYTES: Final = {"": 1, **{f"{prefix}b": 1024 ** (i + 1) for i, prefix in enumerate(_PREFIXES[:5])}}
"""The same for numbers of bytes; addconn stops at PiB."""


def binary(text: str, *, bytes_: bool) -> int:
    """An integer and a binary multiple, as 4.10 reads them."""
    number, suffix = unsigned_prefix(text, 10)
    scale = (BYTES if bytes_ else BINARY).get(suffix.lower())
    if scale is None:
        raise Malformed(f'unrecognized binary multiplier "{suffix}"')
    value = uint64(number * scale)
    if number and value // number != scale:
        raise Malformed("binary too large")
    return value


_B64: Final = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}


def data(text: str, base: int) -> bytes:
    """Encoded bytes: base 16 or 64, or 0 for a prefix 0x, 0s or 0t that tells the base. Nothing is ever logged."""
    if base == 0:
        if len(text) < 2:
            raise Malformed("input too short to be valid")
        if text[0] != "0":
            raise Malformed("input does not begin with format prefix")
        base = {"x": 16, "s": 64, "t": 256}.get(text[1].lower(), 0)
        if not base:
            raise Malformed("unknown format prefix")
        text = text[2:]
    if base == 256:
        result = text.encode("utf-8", "surrogateescape")
    elif base == 16:
        result = _hex(text)
    else:
        result = _base64(text)
    if not result:
        raise Malformed("no data bytes specified by input")
    return result


_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}(?:_(?=.))?)*")


def _hex(text: str) -> bytes:
    # An underscore may stand between two bytes, never as the last character.
    match = _HEX.match(text)
    if match is None or match.end() != len(text):
        at = match.end() if match else 0
        if len(text) - at == 1:
            raise Malformed("input ends in mid-byte, perhaps truncated")
        raise Malformed("unknown character in input")
    return bytes.fromhex(text.replace("_", ""))


def _base64(text: str) -> bytes:
    result = bytearray()
    for at in range(0, len(text), 4):
        group = text[at : at + 4]
        if len(group) < 4:
            raise Malformed("input ends in mid-byte, perhaps truncated")
        padding = 2 if group[2:] == "==" else 1 if group[3] == "=" else 0
        try:
            bits = 0
            for character in group[: 4 - padding]:
                bits = bits << 6 | _B64[character]
        except KeyError:
            raise Malformed("unknown character in input") from None
        spare = {0: 0, 1: 2, 2: 4}[padding]
        if bits & ((1 << spare) - 1):
            raise Malformed("bad (non-zero) padding at end of base64 input")
        result += (bits >> spare).to_bytes(3 - padding, "big")
    return bytes(result)
