"""Addresses, subnets, ranges and protocol/port pairs as addconn 3.27 to 5.2 reads them.

Owns: the spellings and their values. Must not know: keywords, messages, or any lookup of names but those of
protocols and services. A text that is not a number raises `Malformed`; the caller decides whether to ask a resolver.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import TYPE_CHECKING, Final

import msgspec

from autod.protocol.connection.numbers import Malformed, unsigned, unsigned_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "IPV4",
    "IPV6",
    "Address",
    "Block",
    "Names",
    "ProtoPort",
    "Range",
    "address",
    "cidr",
    "protoport",
    "protoport_3",
    "range_",
    "subnet",
    "subnet_of",
    "unspecified",
]

IPV4: Final = 4
IPV6: Final = 6
_SIZE: Final = {IPV4: 4, IPV6: 16}


class Address(msgspec.Struct, frozen=True, gc=False):
    """An address: its version (4 or 6) and its 4 or 16 bytes in network order."""

    version: int
    packed: bytes

    def __str__(self) -> str:
        return str(ipaddress.ip_address(self.packed))

    @property
    def specified(self) -> bool:
        return any(self.packed)


class Block(msgspec.Struct, frozen=True):
    """An address and the length of its prefix."""

    address: Address
    bits: int


class Range(msgspec.Struct, frozen=True):
    """The first and the last address. `is_subnet`: it was written as a block of IPv6."""

    first: Address
    last: Address
    is_subnet: bool


class ProtoPort(msgspec.Struct, frozen=True):
    """A protocol number and a port; `wildcard` for %any."""

    protocol: int
    port: int
    wildcard: bool


class Names(msgspec.Struct, frozen=True):
    """How to find the number of a protocol and of a service by name; None if there is none."""

    protocol: Callable[[str], int | None]
    service: Callable[[str], int | None]


_UNSPECIFIED: Final = {version: Address(version, bytes(size)) for version, size in _SIZE.items()}


def unspecified(version: int) -> Address:
    """0.0.0.0 or ::."""
    return _UNSPECIFIED[version]


@functools.lru_cache(maxsize=1024)
def address(text: str, version: int | None, *, old: bool = False) -> Address:
    """A numeric address; version None takes both versions. `old`: as up to 4.3, where 10.1 is 10.1.0.0."""
    if not text:
        raise Malformed("empty string")
    if old:
        return _old(text, version)
    if version != IPV6:
        if len(text) == 10 and text[:2].lower() == "0x":
            try:
                return Address(IPV4, unsigned(text[2:], 16).to_bytes(4, "big"))
            except Malformed:
                pass
        if version == IPV4 or ":" not in text:
            return _dotted(text)
    return _colon(text)


_PLAIN: Final = re.compile(
    r"(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\Z"
)
"""An address as nearly all are written: all four numbers are decimal."""


def _dotted(text: str) -> Address:
    """Dotted numbers of any usual base. The last one fills the remaining bytes (127.1 is 127.0.0.1)."""
    plain = _PLAIN.match(text)
    if plain:
        quad = [int(field) for field in plain.groups()]
        if max(quad) <= 255:
            return Address(IPV4, bytes(quad))
    packed = bytearray(4)
    fields = text.split(".")
    for at, field in enumerate(fields[:4]):
        if not field:
            raise Malformed("empty dotted-numeric address field")
        number = unsigned(field, 0)
        if at == len(fields) - 1 and at > 0:
            last = 3
            while last >= at and number:
                packed[last] = number & 255
                number >>= 8
                last -= 1
            if number:
                raise Malformed("overflow in dotted-numeric address")
            break
        if number > 255:
            raise Malformed("byte overflow in dotted-numeric address")
        packed[at] = number
    if len(fields) > 4:
        raise Malformed("garbage at end of dotted-address")
    return Address(IPV4, bytes(packed))


_BYTE: Final = re.compile(r"0*([0-9]{1,3})")
_HEX_ADDRESS: Final = re.compile(r"0([xXhH])([0-9A-Fa-f]{8})\Z")


def _old(text: str, version: int | None) -> Address:
    """An address as ttoaddr() reads it: decimal bytes (missing bytes are zero), and 0x and 0h of IPv4."""
    if version == IPV4:
        match = _HEX_ADDRESS.match(text)
        if match is not None:
            return Address(IPV4, int(match[2], 16).to_bytes(4, "big" if match[1] in "xX" else "little"))
    if ":" in text:
        if version == IPV4:
            raise Malformed("IPv4 address may not contain `:'")
        return _colon(text)
    if version == IPV6:
        raise Malformed("not numeric")
    fields = text.removesuffix(".").split(".") if text.count(".") <= 3 else text.split(".")
    if len(fields) > 4:
        raise Malformed("extra garbage on end of dotted-decimal address")
    packed = bytearray(4)
    for at, field in enumerate(fields):
        number = _BYTE.fullmatch(field)
        if number is None or int(number[1]) > 255:
            raise Malformed("not numeric")
        packed[at] = int(number[1])
    return Address(IPV4, bytes(packed))


def _colon(text: str) -> Address:
    packed = bytearray()
    gap = -1
    colons = 0
    rest = text
    while rest and len(packed) <= 14:
        if rest[0] == ":":
            rest = rest[1:]
            colons += 1
            if colons > 2:
                raise Malformed("::: in IPv6 numeric address")
            if colons == 2:
                if gap >= 0:
                    raise Malformed("more than one :: in IPv6 numeric address")
                gap = len(packed)
        elif colons == 1 and not packed:
            raise Malformed("single leading `:' in IPv6 numeric address")
        else:
            colons = 0
            number, rest = unsigned_prefix(rest, 16)
            if number > 65535:
                raise Malformed("too large")
            packed += number.to_bytes(2, "big")
    if rest:
        raise Malformed("extra garbage on end of IPv6 numeric address")
    if gap < 0 and len(packed) < 16:
        raise Malformed("incomplete IPv6 numeric address")
    if gap >= 0 and len(packed) == 16:
        raise Malformed("non-abbreviating empty field in IPv6 numeric address")
    if gap >= 0:
        packed[gap:gap] = bytes(16 - len(packed))
    return Address(IPV6, bytes(packed))


def subnet_of(single: Address) -> Block:
    """The block that holds this address only."""
    return Block(single, 8 * _SIZE[single.version])


_PREFIX: Final = {str(bits): bits for bits in range(129)}
"""Lengths of prefixes as nearly all are written."""


def subnet(text: str, version: int | None, *, strict_ipv6: bool = False, old: bool = False) -> Block:
    """ADDR/BITS, or ADDR/MASK in IPv4. Bits of the host are cleared, or refused in IPv6 if `strict_ipv6`."""
    if text.lower() == "%default":
        if version is None:
            raise Malformed("unknown address family with %default subnet not allowed.")
        return Block(unspecified(version), 0)
    head, slash, mask = text.partition("/")
    if not slash:
        raise Malformed("no / in subnet specification")
    base = address(head, version, old=old)
    most = 8 * _SIZE[base.version]
    bits = _PREFIX.get(mask)
    if bits is None:
        try:
            bits = unsigned(mask)
        except Malformed:
            bits = most + 1
    if bits > most:
        if base.version == IPV6:
            raise Malformed("masks are not permitted for IPv6 addresses")
        bits = _mask_bits(address(mask, IPV4, old=old))
    cleared = _keep(base.packed, bits)
    if cleared != base.packed and strict_ipv6 and base.version == IPV6:
        raise Malformed("improper subnet, host-part bits on")
    return Block(Address(base.version, cleared), bits)


def _keep(packed: bytes, bits: int) -> bytes:
    size = 8 * len(packed)
    if bits == size:
        return packed
    number = int.from_bytes(packed, "big") >> (size - bits) << (size - bits)
    return number.to_bytes(len(packed), "big")


def _mask_bits(mask: Address) -> int:
    number = int.from_bytes(mask.packed, "big")
    bits = number.bit_count()
    if number != ((1 << bits) - 1) << (32 - bits):
        raise Malformed("non-contiguous or otherwise erroneous mask")
    return bits


def range_(text: str, *, old: bool = False, strict: bool = False) -> Range:
    """A-B, A/BITS, or one address. `old`: as up to 4.3, where the first may not be zero. `strict`: as up to 3.32,
    where neither one address nor a block of IPv4 is a range."""
    if strict and "-" not in text and not (":" in text and "/" in text):
        raise Malformed("not ipv4 address range with '-' or ipv6 subnet")
    cut = next((at for at, c in enumerate(text) if c in "/-"), len(text))
    first = address(text[:cut], None, old=old)
    if old and not first.specified:
        raise Malformed("0.0.0.0 or :: not allowed in range")
    rest = text[cut + 1 :]
    if cut == len(text):
        return Range(first, first, False)
    if text[cut] == "/":
        bits = unsigned(rest, 0)
        most = 8 * _SIZE[first.version]
        if bits > most:
            raise Malformed("too large")
        start = _keep(first.packed, bits)
        end = int.from_bytes(start, "big") | ((1 << (most - bits)) - 1)
        return Range(
            Address(first.version, start),
            Address(first.version, end.to_bytes(len(start), "big")),
            first.version == IPV6,
        )
    last = address(rest, first.version, old=old)
    if first.packed > last.packed:
        raise Malformed("start of range is greater than end")
    return Range(first, last, False)


def cidr(text: str, *, bare: bool = False, old: bool = False) -> Block:
    """ADDR/BITS, with the bits of the host. `bare`: an address alone has all bits (5.2)."""
    head, slash, mask = text.partition("/")
    if not slash and not bare:
        raise Malformed("missing mask")
    if slash and not mask:
        raise Malformed("empty mask")
    base = address(head, None, old=old)
    if not slash:
        return subnet_of(base)
    bits = unsigned(mask, 0)
    if bits > 8 * _SIZE[base.version]:
        raise Malformed("mask is too big")
    return Block(base, bits)


def protoport(text: str, names: Names, *, any_is_zero: bool = True) -> ProtoPort:
    """PROTOCOL[/PORT], by number or name; %any for either."""
    head, slash, service = text.partition("/")
    protocol = 0 if text == "%any" and any_is_zero else _protocol(head, names)
    if not slash or not service:
        return ProtoPort(protocol, 0, False)
    if service == "%any":
        if not protocol:
            raise Malformed("port wildcard (%any) requires a valid protocol")
        return ProtoPort(protocol, 0, True)
    port = _port(service, names)
    if not protocol and port:
        raise Malformed("protocol 0 must have 0 port")
    return ProtoPort(protocol, port, False)


def protoport_3(text: str, names: Names) -> ProtoPort:
    """The same up to 3.32: a port that cannot be read is 0, and an empty protocol is 0."""
    head, _, service = text.partition("/")
    protocol = names.protocol(head)
    if protocol is None:
        protocol, rest = _strtol(head)
        if rest:
            raise Malformed("<protocol> is neither a number nor a valid name")
        if not 0 <= protocol <= 255:
            raise Malformed("<protocol> must be between 0 and 255")
    if service == "%any":
        return ProtoPort(protocol, 0, True)
    port = names.service(service)
    if port is None:
        port, rest = _strtol(service)
        if rest:
            port = 0
        if not 0 <= port <= 65535:
            raise Malformed("<port> must be between 0 and 65535")
    return ProtoPort(protocol, port, False)


def _strtol(text: str) -> tuple[int, str]:
    """strtol(3) with base 0: blanks and a sign first, the prefixes of C; 0 and the whole text if there is no number."""
    body = text.lstrip(" \t\n\v\f\r")
    sign = -1 if body[:1] == "-" else 1
    body = body[1:] if body[:1] in ("+", "-") else body
    try:
        number, rest = unsigned_prefix(body, 0)
    except Malformed:
        return 0, text
    return sign * number, rest


def _protocol(text: str, names: Names) -> int:
    by_name = names.protocol(text)
    if by_name is not None:
        return by_name
    number = unsigned(text, 0)
    if number > 255:
        raise Malformed("numeric protocol must be <= 255")
    return number


def _port(text: str, names: Names) -> int:
    by_name = names.service(text)
    if by_name is not None:
        return by_name
    number, rest = _strtol(text)
    if rest:
        raise Malformed("<protocol> is neither a number nor a valid name")
    if not 0 <= number <= 65535:
        raise Malformed("<port> must be between 0 and 65535")
    return number
