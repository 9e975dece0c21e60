"""From recorded messages to templates. Pure: bytes in, values out. Must not know sockets, files or programs.

A release writes a name as bytes with a NUL, behind a head. In 3.27 to 4.15 the head does not depend on the name; from
5.0 on an 8-byte slot of the head has the length of the name with its NUL. The bytes before and behind the name are the
same for every name. So three recordings with names of different lengths are enough for a command: two show the places
of the name and its slot, the third is predicted and compared. Messages without a name are kept whole.

A byte that differs between two recordings of the same request is padding that whack did not clear (3.27 to 5.3). Such
bytes are zero in a template; pluto ignores them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autod.protocol.commands import Initiate, TrafficStatus
from autod.protocol.errors import BadString, Unsupported, WhackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.commands import Command

__all__ = ["CannotLearn", "Learned", "Recording", "Template", "command_key", "infer", "learned_message"]

_SLOT = struct.Struct("<Q")
_STRINGS = 4096
"""The most bytes of the strings of a message, in all releases from 3.27 to 5.4."""


class CannotLearn(WhackError):
    """The recordings do not have the expected form; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A message that the program sent, and the name in it (None: there is none)."""

    name: bytes | None
    message: bytes


@dataclass(frozen=True, slots=True)
class Template:
    """A message: `before`, then, if `named`, the name and a NUL, then `after`.

    `slot` is the offset in `before` of the eight bytes with the length of the name and its NUL; None if there are no
    such bytes.
    """

    before: bytes
    after: bytes = b""
    named: bool = False
    slot: int | None = None

    def fill(self, name: bytes | None = None) -> bytes:
        """The message for `name`. BadString for a name that it cannot carry."""
        if not self.named:
            return self.before
        if not name or b"\0" in name or b"\n" in name or len(name) >= _STRINGS - len(self.after):
            raise BadString(
                "this name cannot be sent: it is empty, too long, or has a NUL or a newline in it",
                name=(name or b"").decode("utf-8", "surrogateescape"),
            )
        head = bytearray(self.before)
        if self.slot is not None:
            _SLOT.pack_into(head, self.slot, len(name) + 1)
        return bytes(head) + name + b"\0" + self.after


@dataclass(frozen=True, slots=True)
class Learned:
    """The templates of one release: its text, the socket's type, and a template for each request.

    Keys are those of command_key(). `missing` has the requests without a template, with the reason.
    """

    release: str
    seqpacket: bool
    templates: Mapping[str, Template]
    missing: Mapping[str, str] = field(default_factory=dict)


def command_key(command: Command) -> str:
    """The key of a command's template: its verb, and the options that change the message."""
    key = command.verb
    if isinstance(command, Initiate) and command.asynchronous:
        key += "+asynchronous"
    if isinstance(command, TrafficStatus) and command.name is not None:
        key += "+name"
    if getattr(command, "utc", False):
        key += "+utc"
    return key


def learned_message(command: Command, learned: Learned) -> bytes:
    """The message for `command`. Unsupported if it was not learned, BadString for a name that cannot be sent."""
    for option in ("remote_host", "xauth_username"):
        if getattr(command, option, None) is not None:
            raise Unsupported(
                f"{option}= was not learned for release {learned.release}: use its own whack for it",
                option=option,
                release=learned.release,
            )
    key = command_key(command)
    template = learned.templates.get(key)
    if template is None:
        reason = learned.missing.get(key, "it is not one of the requests that are learned")
        raise Unsupported(
            f"release {learned.release} is known only as far as it was learned, without {key}: {reason}",
            release=learned.release,
        )
    name = getattr(command, "name", None)
    return template.fill(None if name is None else name.encode("utf-8", "surrogateescape"))


def infer(recordings: Sequence[Recording]) -> Template:
    """The template of the recordings of one request: at least two; with names, three of different lengths.

    CannotLearn if no template gives all of them.
    """
    names = {recording.name for recording in recordings}
    if len(recordings) < 2:
        raise CannotLearn("one recording says nothing about what differs; record the request twice")
    if names == {None}:
        return _whole([recording.message for recording in recordings])
    named = [(recording.name, recording.message) for recording in recordings if recording.name]
    if len(named) != len(recordings) or len({len(name) for name, _ in named}) < 3:
        raise CannotLearn("a request with a name is to be recorded with names of three different lengths")
    return _with_name(named)


def _whole(messages: Sequence[bytes]) -> Template:
    first = messages[0]
    if any(len(message) != len(first) for message in messages):
        raise CannotLearn("two recordings of the same request differ in length")
    content = bytearray(first)
    for message in messages[1:]:
        for at, byte in enumerate(message):
            if byte != first[at]:
                content[at] = 0
    return Template(bytes(content))


def _with_name(recordings: Sequence[tuple[bytes, bytes]]) -> Template:
    places = {message.find(name + b"\0") for name, message in recordings}
    if len(places) != 1 or -1 in places or any(m.count(n + b"\0") != 1 for n, m in recordings):
        raise CannotLearn("the name is not found at one place in all recordings")
    place = places.pop()
    tails = {message[place + len(name) + 1 :] for name, message in recordings}
    if len(tails) != 1:
        raise CannotLearn("what follows the name differs between names")
    slot = _slot([(len(name) + 1, message[:place]) for name, message in recordings])
    heads = []
    for _, message in recordings:
        head = bytearray(message[:place])
        if slot is not None:
            _SLOT.pack_into(head, slot, 0)
        heads.append(bytes(head))
    template = Template(_whole(heads).before, tails.pop(), named=True, slot=slot)
    _verify(template, recordings)
    return template


def _slot(heads: Sequence[tuple[int, bytes]]) -> int | None:
    """The aligned eight bytes that hold the length in every head, if there are any."""
    size = len(heads[0][1])
    slots = [
        at
        for at in range(0, size - _SLOT.size + 1, _SLOT.size)
        if all(_SLOT.unpack_from(head, at)[0] == length for length, head in heads)
    ]
    if len(slots) > 1:
        raise CannotLearn(f"the name's length stands at several places of the head: {slots}")
    return slots[0] if slots else None


def _verify(template: Template, recordings: Sequence[tuple[bytes, bytes]]) -> None:
    """Every recording is what the template gives, but for bytes that are noise: zero in the template, and
    alone.

    A length in a slot this code does not know would look like noise too; but it would grow with the name.
    """
    noise = set()
    for name, message in recordings:
        filled = template.fill(name)
        if len(filled) != len(message):
            raise CannotLearn("a recording has another length than its name explains")
        different = {at for at, byte in enumerate(message) if byte != filled[at]}
        if any(filled[at] for at in different):
            raise CannotLearn("a recording differs from the others where they agree")
        noise |= different
    for at in noise:
        if all(message[at] == (len(name) + 1) & 0xFF for name, message in recordings) or all(
            message[at] == len(name) & 0xFF for name, message in recordings
        ):
            raise CannotLearn(
                f"byte {at} of the head follows the name's length, and stands in no slot that is known"
            )
