"""A command, or the members of a connection, to the bytes of one whack message.

Owns: which values are never sent (a name that does not fit, a number that depends on how pluto was built), and the
templates that make an encode cheap. Must not know: sockets, or who asks.

construct builds the head of the first message of a kind, all 300 members of it (0.2 to 0.7 ms). The next messages are
made from the first: a command of the same kind with another name takes one or two microseconds (`_Template`), and each
other member takes a microsecond (`Packer`). The tests compare such messages with those that construct builds. Simple
commands start from heads that construct built ahead of time (`outlines`), so that they do not need construct.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final

import msgspec

from autod.protocol.commands import AddConnection, AddPublicKey, Impair
from autod.protocol.errors import BadString, Unsupported, UsageError
from autod.protocol.mould import LONGEST, Mould, holes_of
from autod.protocol.outlines import BASIC_MAGIC

if TYPE_CHECKING:
    from autod.protocol.commands import Command
    from autod.protocol.families.family import Family
    from autod.protocol.packing import Place, Tuple
    from autod.protocol.releases import Release
    from autod.protocol.shapes import Shape

__all__ = ["Packer", "build", "check_string", "check_value", "encode", "pack", "probe"]

_KWS_USERNAME = 22
_LEFT = 0

_KEPT: Final = 64
"""Sets of members that a packer remembers: a file has a handful."""

_TEMPLATES: Final = 4096
"""Templates that are remembered: the arguments other than the name take few values."""


def probe() -> bytes:
    """The one message that is safe on every release from 3.27 to 5.4: a full status, which tells the version.

    The basic magic, status, and zeros up to 24 bytes (3.27 needs 12, 5.0 needs 17).
    """
    return struct.pack("<IB", BASIC_MAGIC, 1).ljust(24, b"\0")


def check_string(value: str, what: str) -> bytes:
    """The bytes of a string as they are sent: UTF-8, or the bytes that surrogate escapes stand for.

    BadString if it is empty, holds a NUL or a newline, or cannot fit into any message.
    """
    if not isinstance(value, str):
        raise UsageError(f"{what} must be text; it was given {value!r}", option="name")
    if not value:
        raise BadString(f"{what} is empty: give one.", name=value, option="name")
    for character, name in (("\0", "a NUL"), ("\n", "a newline")):
        if character in value:
            raise BadString(
                f"{what} {value[:60]!r} holds {name}, which no whack message can carry.", name=value
            )
    try:
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadString(f"{what} {value[:60]!r} holds a character that has no bytes.", name=value) from None
    if len(data) >= 4096:
        raise BadString(
            f"{what} {value[:20]!r}... has {len(data)} bytes, and a whack message has room for 4096.",
            name=value,
        )
    return data


_ROOM: Final = 4096
"""Bytes of `string` in struct whack_message (3.27 to 5.4): the packed strings must fit into it."""


class _Template:
    """A message without its name: the head, the place of the name's length in it, and the bytes behind the name."""

    __slots__ = ("head", "slot", "tail")

    def __init__(self, head: bytes, slot: int | None, tail: bytes) -> None:
        self.head = head
        self.slot = slot
        self.tail = tail

    def message(self, name: bytes) -> bytes:
        """The message with this name."""
        if len(name) + 1 + len(self.tail) > _ROOM:
            raise BadString(
                f"the name {name[:20]!r}... leaves no room in a whack message: use a shorter one.",
                name=name.decode("utf-8", "surrogateescape"),
            )
        if self.slot is None:
            return b"".join((self.head, name, b"\0", self.tail))
        head = self.head
        slot = (len(name) + 1).to_bytes(8, "little")
        return b"".join((head[: self.slot], slot, head[self.slot + 8 :], name, b"\0", self.tail))

    def unnamed(self) -> bytes:
        """The message without a name. If strings are packed in a fixed order, the NUL of the name is still there."""
        return b"".join((self.head, b"\0" if self.slot is None else b"", self.tail))


_packers: dict[Release, Packer] = {}
_templates: dict[tuple[object, ...], _Template] = {}


def encode(command: Command, release: Release) -> bytes:
    """The whole message of `command` for a pluto of `release`: send it in one call.

    Unsupported if the release does not have such a command, or the command's number depends on something unknown about
    the build. BadString if a name or value cannot be sent.
    """
    kind = type(command)
    if kind is AddConnection:
        return build(command, release)
    name = getattr(command, "name", None)
    key = (release, kind, name is None, *(getattr(command, field) for field in _others(kind)))
    template = _templates.get(key)
    if template is None:
        if name is None:
            _refuse_without_name(kind)
        template = _ahead(command, release)
        if template is None:
            if name is None:
                return build(command, release)
            with_name = kind(**{field: getattr(command, field) for field in _others(kind)}, name="x")
            template = _template(build(with_name, release), release)
        if len(_templates) > _TEMPLATES:
            _templates.clear()
        _templates[key] = template
    return template.unnamed() if name is None else template.message(check_string(name, "the name"))


def _refuse_without_name(kind: type[Command]) -> None:
    """Raise UsageError if the command is about one connection: without a name it might be about all of them."""
    if any(field.name == "name" and field.required for field in msgspec.structs.fields(kind)):
        raise UsageError(f"{kind.verb} needs the name of a connection; it was given None", option="name")


def _ahead(command: Command, release: Release) -> _Template | None:
    """The template from a message that construct built ahead of time; None if there is no such message."""
    built = release.outline.ahead(
        command, magic=release.magic, seccomp=release.seccomp, labeled=release.labeled
    )
    return None if built is None else _Template(built[0], release.outline.slot, bytes(built[1]))


def _template(message: bytes, release: Release) -> _Template:
    """The template from a message with the name "x". The name is the first packed string of every family."""
    family = release.family
    slot = family.layout["name"].offset if family.packing.lengths else None
    return _Template(message[: family.layout.head], slot, message[family.layout.head + 2 :])


_other_fields: dict[type[Command], tuple[str, ...]] = {}


def _others(kind: type[Command]) -> tuple[str, ...]:
    """The arguments of a kind of command other than the name."""
    names = _other_fields.get(kind)
    if names is None:
        names = _other_fields[kind] = tuple(name for name in kind.__struct_fields__ if name != "name")
    return names


def build(command: Command, release: Release) -> bytes:
    """The same message as `encode`, but always from the release's own struct and table of requests, never from the
    messages that were built ahead."""
    from autod.protocol.families.requests import BASIC, Address, Arg, SocketFamily, Wire

    if not release.supports(type(command)):
        raise Unsupported(f"Libreswan {release} has no {type(command).verb}.", release=str(release))
    request = release.family.requests[type(command)]
    members: dict[str, object] = {}
    tuples: list[Tuple] = []
    for path, value in request.items():
        if path == BASIC:
            continue
        match value:
            case Arg("what") if isinstance(command, Impair) and path.startswith(
                ("impairments", "whack.impair")
            ):
                members[path] = _impairment(command, path, release)
            case Arg(attribute):
                argument = getattr(command, attribute)
                if argument is not None:
                    members[path] = argument
            case Address(attribute):
                members.update(_address(getattr(command, attribute), path, release))
            case SocketFamily(attribute):
                members[path] = 2 if getattr(command, attribute).version == 4 else 10
            case Wire(wire):
                members[path] = _number(wire, release)
            case _:
                members[path] = value
    username = getattr(command, "xauth_username", None)
    if username and release.family.packing.tuples:
        tuples.append((_LEFT, _KWS_USERNAME, check_string(username, "the XAUTH user name")))
    if isinstance(command, AddConnection):
        members.update(command.members)
        tuples += [(end, key, check_value(value)) for end, key, value in command.settings]
    elif (
        "whack_from" in release.family.layout.fields and BASIC not in request and "whack_from" not in request
    ):
        members["whack_from"] = 1
    if isinstance(command, AddPublicKey) and "keyid" in members:
        members["keyid"] = check_string(command.id, "the ID of the key").decode("utf-8", "surrogateescape")
    packer = _packers.get(release)
    if packer is None:
        packer = _packers[release] = Packer(release, made_ahead=False)
    return packer.pack(members, tuples, magic=BASIC_MAGIC if BASIC in request else None)


def _number(name: str, release: Release) -> int:
    family = release.family
    if release.seccomp is None and family.depends_on_seccomp(name):
        raise Unsupported(
            f"the number of {name} differs between builds of Libreswan {release} with and without seccomp, and "
            "nothing here tells which build this is: give seccomp=",
            option="seccomp",
            release=str(release),
        )
    return family.number(name, bool(release.seccomp))


def _address(address: IPv4Address | IPv6Address | None, path: str, release: Release) -> dict[str, object]:
    """The members of an address, in the shape that it has in this family."""
    if address is None:
        return {}
    layout, family = release.family.layout.fields, release.family
    four = address.version == 4
    version = family.ipv4 if four else family.ipv6
    if path in layout:
        return {path: version}
    if f"{path}.u.v4.sin_family" in layout:
        if four:
            return {f"{path}.u.v4.sin_family": 2, f"{path}.u.v4.sin_addr": address.packed}
        return {f"{path}.u.v6.sin6_family": 10, f"{path}.u.v6.sin6_addr": address.packed}
    packed = address.packed.ljust(16, b"\0")
    members: dict[str, object] = {}
    for flag in ("is_set", "is_address", "ip.is_set"):
        if f"{path}.{flag}" in layout:
            members[f"{path}.{flag}"] = 1
    members[f"{path}.ip.version" if f"{path}.ip.version" in layout else f"{path}.version"] = version
    members[f"{path}.bytes.byte" if f"{path}.bytes.byte" in layout else f"{path}.bytes"] = packed
    return members


def _impairment(command: Impair, path: str, release: Release) -> bytes:
    from autod.protocol.packing import Things

    size = next(i.size for i in release.family.packing.order if isinstance(i, Things) and i.path == path)
    if size == 8:
        return struct.pack("<II", command.what, command.how)
    return struct.pack("<I4xQ?7x", command.what, command.how, command.enable)


def check_value(value: str) -> bytes:
    """The bytes of a setting's value: like a name, but it may be empty."""
    return check_string(value, "the value") if value else b""


def pack(
    release: Release, members: Mapping[str, object], tuples: Sequence[Tuple] = (), *, magic: int | None = None
) -> bytes:
    """A message from its members by path ("left.id", "whack_initiate"): numbers into the head, strings packed.

    A string member takes str or bytes, a member of raw bytes takes bytes, the rest take int or bool. All other members
    are zero. `magic` is the release's own by default. Unsupported if labeled IPsec decides the order of the strings and
    it is not known whether this pluto has it. construct builds the whole head: for many messages use a `Packer`.
    """
    return Packer(release, made_ahead=False).pack(members, tuples, magic=magic)


class _Last:
    """A message that was packed: its members, and the bytes of them. Other messages are made by changing it."""

    __slots__ = ("head", "members", "parts", "places")

    def __init__(self, release: Release, shape: Shape | Family, members: Mapping[str, object]) -> None:
        """Let construct build the head: the members, and the lengths in the slots of the strings."""
        family = shape
        self.members = members
        self.places: Mapping[str, Place] = _places(release, shape, members)
        strings = {path: _string(value) for path, value in members.items() if path in family.packing.paths}
        unplaced = [path for path, value in strings.items() if value is not None and path not in self.places]
        if unplaced:
            raise BadString(f"{min(unplaced)} cannot be sent with this command to this release.")
        numbers: dict[str, Any] = {p: v for p, v in members.items() if p not in family.packing.paths}
        for path, place in self.places.items():
            if place.slot is not None and strings.get(path) is not None:
                numbers[place.slot.path] = place.number(strings[path])
        self.head = bytearray(family.layout.build(numbers))
        self.parts = [place.packed(strings.get(path)) for path, place in self.places.items()]

    def copy(self) -> _Last:
        """A copy that can be changed without changing this one."""
        duplicate = _Last.__new__(_Last)
        duplicate.members, duplicate.places = self.members, self.places
        duplicate.head, duplicate.parts = bytearray(self.head), list(self.parts)
        return duplicate

    def become(self, members: Mapping[str, object], shape: Shape | Family) -> None:
        """Change the members that differ. An error leaves it half changed: do not make another message from it then."""
        layout, paths = shape.layout, shape.packing.paths
        before = self.members
        changed = [(path, value) for path, value in members.items() if before.get(path) != value]
        if members.keys() != before.keys():
            changed += [(path, None) for path in before if path not in members]
        for path, value in changed:
            if path not in paths:
                layout[path].write(self.head, 0 if value is None else value)  # type: ignore[arg-type]
            elif path in self.places:
                place, data = self.places[path], _string(value)
                self.parts[place.at] = place.packed(data)
                if place.slot is not None:
                    place.slot.write(self.head, place.number(data))
            elif value is not None:
                raise BadString(f"{path} cannot be sent with this command to this release.")
        self.members = members


class Packer:
    """Packs messages for one release: each as `pack` does, to the same bytes and with the same errors.

    construct builds the first of each kind (0.2 to 0.7 ms). The next ones are made from it by changing the members that
    differ, a microsecond per member. Two connections that were written alike differ in about ten members.
    """

    def __init__(self, release: Release, *, made_ahead: bool = True) -> None:
        """`made_ahead`: use the table of shapes if it has this release; else construct."""
        self._release = release
        self._shape = release.shape if made_ahead else release.family
        self._last: dict[tuple[object, ...], _Last] = {}

    def pack(
        self, members: Mapping[str, object], tuples: Sequence[Tuple] = (), *, magic: int | None = None
    ) -> bytes:
        """See `encode.pack`. Do not change `members` afterwards."""
        family = self._shape
        members = {**members, family.magic_path: self._release.magic if magic is None else magic}
        shape = (members.get("whack_command"), *members)
        # It is taken out, and put back after the change: after an error it must not be the base of another message.
        last = self._last.pop(shape, None) or self._alike(shape[0])
        if last is None:
            last = _Last(self._release, family, members)
        else:
            last.become(members, family)
        if len(self._last) >= _KEPT:
            self._last.clear()
        self._last[shape] = last
        return bytes(last.head) + family.packing.join(family.layout, last.parts, tuples)

    def mould(
        self,
        members: Mapping[str, object],
        places: Sequence[tuple[str, int, Callable[[str], object]]],
        values: Sequence[str],
    ) -> Mould | None:
        """The mould for messages with these members, in which only the values at `places` differ (see forms.Place).
        `values` are the values of this message. None if the mould would not be certain."""
        family = self._shape
        base = self.pack(members)
        last = next(reversed(self._last.values()))
        room = len(base) - family.layout.head + LONGEST * len(places)
        holes = holes_of(family.layout, last.places, last.parts, places, values)
        if holes is None or room > family.layout.room or any(len(value) >= LONGEST for value in values):
            return None
        mould = Mould(base, holes)
        return mould if mould.fill(values) == base else None

    def _alike(self, command: object) -> _Last | None:
        """A copy of a message of the same whack_command: its strings have the same places."""
        return next((last.copy() for shape, last in list(self._last.items()) if shape[0] == command), None)


def _places(release: Release, family: Shape | Family, members: Mapping[str, object]) -> Mapping[str, Place]:
    """The places of the strings in a message with these members."""
    if release.labeled is None and family.packing.asks_label:
        raise Unsupported(
            f"messages of Libreswan {release} depend on whether it was built with labeled IPsec, and nothing here "
            "tells that: let autod find the release by itself, without release=, or put +labeled or +unlabeled behind "
            "it",
            option="release",
            release=str(release),
        )
    command = None
    if family.numbers:
        command = family.command(int(members.get("whack_command", 0)), bool(release.seccomp))  # type: ignore[call-overload]
    return family.packing.places(family.layout, labeled=release.labeled, command=command)


def _string(value: object) -> bytes | None:
    """The bytes of a member that is a string; None if it has no value."""
    return value if value is None or isinstance(value, bytes) else check_value(str(value))
