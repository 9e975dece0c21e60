"""Connections that were written alike: worked out once, and then only what differs is put in.

Owns: which values may differ, and finding out by a trial where they go. Must not know: the rules of any release, files,
how a message is packed.

A file with thousands of connections was written by a program: they differ in a name, two identities, an address, a
subnet. Their form is what is left when such values are taken out. When a form is seen for the second time, its plan is
made twice, the second time with other values of the same sort. Where the two plans differ and one of the values stands
there, as text or as the bytes of an address, is the place of that value. If they differ in anything else, or if the
system was asked about a value, nothing is concluded: each connection of that form is worked out by itself.

A sort is narrow, so that no rule of a release tells two values of it apart: a plain name, `@` and a plain name, an
address of IPv4 that is written plainly and is not 0.0.0.0, a subnet of such with no bits of a host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from autod.protocol.connection.message import Message, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.protocol.connection.addresses import Address
    from autod.protocol.connection.given import Given
    from autod.protocol.connection.keywords import Key
    from autod.protocol.connection.lookup import Lookup

__all__ = ["Form", "Forms", "Place"]

_KEPT: Final = 512
"""Forms that are remembered: a file has a handful."""

Making: TypeAlias = Callable[[str, "Mapping[str, Given]", "Lookup"], Plan]
"""Makes the plan of a connection of that name and with those settings."""

_Sort: TypeAlias = Callable[[str], int | None]
"""Tells a text of one sort from others: None if it is none, else a number that is the same for what is alike."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}\Z")
_AT_NAME: Final = re.compile(r"@[A-Za-z][A-Za-z0-9._-]{0,99}\Z")
_BYTE: Final = r"(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_ADDRESS: Final = re.compile(rf"(?!0\.0\.0\.0){_BYTE}(?:\.{_BYTE}){{3}}\Z")
_SUBNET: Final = re.compile(rf"((?!0\.0\.0\.0){_BYTE}(?:\.{_BYTE}){{3}})/([1-9]|[12][0-9]|3[0-2])\Z")


def _identity(text: str) -> int | None:
    return None if _AT_NAME.match(text) is None else -1


@lru_cache(1024)
def _host(text: str) -> int | None:
    return None if _ADDRESS.match(text) is None else 0


def _subnet(text: str) -> int | None:
    """Its bits."""
    found = _SUBNET.match(text)
    if found is None:
        return None
    bits = int(found[2])
    host = (1 << (32 - bits)) - 1
    return None if int.from_bytes(_packed(found[1]), "big") & host else bits


_SORTS: Final[dict[str, _Sort]] = {
    f"{side}{slot}": sort
    for side in ("left", "right")
    for slot, sort in (("", _host), ("id", _identity), ("sourceip", _host), ("subnet", _subnet))
}
"""The settings whose values may differ."""


def _packed(text: str) -> bytes:
    """The bytes of an address that `_host` or `_subnet` takes."""
    return bytes(map(int, text.split(".")))


def _as_text(text: str) -> object:
    return text


def _as_address(text: str) -> object:
    return _packed(text.partition("/")[0])


def _as_wide_address(text: str) -> object:
    """As in a union with IPv6."""
    return _packed(text.partition("/")[0]).ljust(16, b"\0")


_WAYS: Final = (_as_text,)
_WAYS_OF_ADDRESSES: Final = (_as_text, _as_address, _as_wide_address)

Place: TypeAlias = tuple[str, int, Callable[[str], object]]
"""Where a value goes: the path of a member; which value, and in what way."""


class Form(msgspec.Struct, frozen=True, eq=False):
    """The plan of one connection of a form, its values, and their places in each of its messages."""

    plan: Plan
    values: tuple[str, ...]
    places: tuple[tuple[tuple[Place, ...], ...], ...]

    def plan_for(self, values: Sequence[str]) -> Plan:
        """The plan of the connection with these values, the first of which is its name."""
        name, plan = values[0], self.plan
        groups = tuple(
            [
                tuple(
                    [_filled(message, of, values) for message, of in zip(group, places, strict=True)],
                )
                for group, places in zip(plan.groups, self.places, strict=True)
            ]
        )
        return Plan(name, groups, plan.remarks, plan.auto, plan.failed, (name,))


def _filled(message: Message, places: Sequence[Place], values: Sequence[str]) -> Message:
    members = {**message.members}
    for path, number, way in places:
        members[path] = way(values[number])
    return Message(message.kind, values[0], members)


class Forms:
    """The forms that were seen, for one planner and what its `conn %default` came to."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Form | bool] = {}
        """True: it was seen once. False: each connection of that form is worked out by itself."""
        self._keys: dict[int, tuple[_Sort | None, Key]] = {}
        """The sort of each key, by its number; the key is kept, so that none takes its number."""

    def known(
        self, name: str, settings: Mapping[str, Given], *flags: bool
    ) -> tuple[Form, Sequence[str]] | None:
        """The form of a connection, and its values; None where it is not one of those whose places were found."""
        sifted = self._sift(name, settings, flags)
        form = None if sifted is None else self._known.get(sifted[0])
        return (form, sifted[1]) if sifted is not None and isinstance(form, Form) else None

    def _sift(
        self, name: str, settings: Mapping[str, Given], flags: tuple[bool, ...]
    ) -> tuple[tuple[object, ...], list[str]] | None:
        """What is left of a connection without the values that may differ, and these values."""
        if _NAME.match(name) is None:
            return None
        parts: list[object] = [*flags]
        values = [name]
        keys = self._keys
        for given in settings.values():
            key, text = given.key, given.text
            number = id(key)
            known = keys.get(number)
            if known is None:
                known = keys[number] = (_SORTS.get(key.slot), key)
            sort = known[0]
            if sort is not None and text is not None and (found := sort(text)) is not None:
                # Of another type than any text.
                parts += (number, given.number, found)
                values.append(text)
            else:
                parts += (number, given.number, text)
        return tuple(parts), values

    def plan(
        self, name: str, settings: Mapping[str, Given], lookup: Lookup, make: Making, *flags: bool
    ) -> Plan:
        """What `make` makes of the connection. `flags` are what else the plan depends on."""
        sifted = self._sift(name, settings, flags)
        if sifted is None:
            return make(name, settings, lookup)
        form, values = sifted
        known = self._known.get(form)
        if isinstance(known, Form):
            return known.plan_for(values)
        if known is None and len(self._known) >= _KEPT:
            self._known.clear()
        if not known:
            self._known.setdefault(form, True)
            return make(name, settings, lookup)
        plan = make(name, settings, lookup)
        settings, others = _with_others(settings)
        system = _Noting(lookup, others)
        trial = make(_OTHER, settings, system)
        places = None if system.asked else _places(plan, values, trial, [_OTHER, *others])
        self._known[form] = False if places is None else Form(plan, tuple(values), places)
        return plan


_OTHER: Final = "Nobody0s-Name"
"""A name that no connection has."""


def _with_others(settings: Mapping[str, Given]) -> tuple[dict[str, Given], list[str]]:
    """The settings with other values of the same sort, and these values."""
    changed = dict(settings)
    values: list[str] = []
    for slot, given in settings.items():
        sort = _SORTS.get(slot)
        if sort is None or given.text is None or (found := sort(given.text)) is None:
            continue
        text = _another(sort, found, given.text, len(values))
        values.append(text)
        changed[slot] = msgspec.structs.replace(given, text=text)
    return changed, values


def _another(sort: _Sort, found: int, text: str, number: int) -> str:
    """Another value of the sort, a different one for each number below 8 as far as there are so many."""
    if sort is _identity:
        return f"@{_OTHER}-{number}"
    bits = found or 32
    head, slash, tail = text.partition("/")
    other = int.from_bytes(_packed(head), "big") ^ 1 << (32 - bits + number % bits)
    dotted = ".".join(map(str, other.to_bytes(4, "big")))
    return f"{dotted}{slash}{tail}"


def _places(
    plan: Plan, values: Sequence[str], trial: Plan, others: Sequence[str]
) -> tuple[tuple[tuple[Place, ...], ...], ...] | None:
    """Where the values are in the plan that has them: where the trial has the others. None if that is not all."""
    if (plan.remarks, plan.auto, plan.failed) != (trial.remarks, trial.auto, trial.failed):
        return None
    if (plan.name, plan.names) != (values[0], (values[0],)) or trial.names != (others[0],):
        return None
    if [len(group) for group in plan.groups] != [len(group) for group in trial.groups]:
        return None
    if len(set(others)) < len(others):
        return None
    found = []
    for group, tried in zip(plan.groups, trial.groups, strict=True):
        places = [_places_of(one, values, two, others) for one, two in zip(group, tried, strict=True)]
        if any(one is None for one in places):
            return None
        found.append(tuple(one for one in places if one is not None))
    return tuple(found)


def _places_of(
    message: Message, values: Sequence[str], tried: Message, others: Sequence[str]
) -> tuple[Place, ...] | None:
    if (message.kind, message.name) != (tried.kind, values[0]) or message.settings:
        return None
    if [*message.members] != [*tried.members]:
        return None
    places = []
    for path, value in message.members.items():
        other = tried.members[path]
        if value == other:
            continue
        explained = [
            (path, number, way)
            for number, (mine, its) in enumerate(zip(values, others, strict=True))
            for way in (_WAYS_OF_ADDRESSES if mine[:1].isdigit() else _WAYS)
            if way(mine) == value and way(its) == other
        ]
        if len(explained) != 1:
            return None
        places += explained
    return tuple(places)


class _Noting:
    """The system, which notes whether it is asked about one of `values`."""

    def __init__(self, system: Lookup, values: Sequence[str]) -> None:
        self._system = system
        self._values = frozenset(values)
        self.asked = False
        self.gateway = system.gateway
        self.interface = system.interface
        self.protocol = system.protocol
        self.service = system.service

    def source(self, to: Address | None, version: int) -> Address | None:
        if str(to) in self._values:
            self.asked = True
            return None
        return self._system.source(to, version)

    def resolve(self, name: str, version: int) -> Address | None:
        if name in self._values:
            self.asked = True
            return None
        return self._system.resolve(name, version)
