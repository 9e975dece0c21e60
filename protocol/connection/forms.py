"""Connections that were written alike: the first is worked out, and for the others only some values are replaced.

Owns: which values may differ, and finding their places by a trial. Must not know: the rules of any release, files, how
a message is packed.

A file with thousands of connections was written by a program: they differ in a name, two identities, an address, a
subnet. Their form is the connection without such values. At the second connection of a form, its plan is made twice,
the second time with other values of the same sort. If the two plans differ at a place, and one of the values stands
there, as text or as the bytes of an address, this is the place of that value. If they differ in anything else, or if
the rules asked the system about a value, the trial fails: each connection of that form is then worked out by itself.

A sort is narrow, so that no rule of a release treats two values of it differently: a plain name, `@` and a plain name,
an address of IPv4 that is written plainly and is not 0.0.0.0, a subnet of such with no bits of a host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
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
"""Recognises the texts of one sort: None for any other text, else a number that is the same for similar texts."""

_NAME: Final = r"[A-Za-z][A-Za-z0-9._-]{0,99}\Z"
_AT_NAME: Final = r"@[A-Za-z][A-Za-z0-9._-]{0,99}\Z"
_BYTE: Final = r"(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_ADDRESS: Final = rf"(?!0\.0\.0\.0){_BYTE}(?:\.{_BYTE}){{3}}\Z"
_SUBNET: Final = rf"((?!0\.0\.0\.0){_BYTE}(?:\.{_BYTE}){{3}})/([1-9]|[12][0-9]|3[0-2])\Z"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when it is first used: a command that loads nothing would start later by all four."""
    return re.compile(text)


def _identity(text: str) -> int | None:
    return None if _pattern(_AT_NAME).match(text) is None else -1


@lru_cache(1024)
def _host(text: str) -> int | None:
    return None if _pattern(_ADDRESS).match(text) is None else 0


def _subnet(text: str) -> int | None:
    """Its bits."""
    match = _pattern(_SUBNET).match(text)
    if match is None:
        return None
    bits = int(match[2])
    host = (1 << (32 - bits)) - 1
    return None if int.from_bytes(_packed(match[1]), "big") & host else bits


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
"""The place of a value: the path of a member, the number of the value, and its conversion."""


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

    def outline_for(self, name: str) -> Plan:
        """The plan of the connection `name`, but with the messages of another connection of the form."""
        plan = self.plan
        return Plan(name, plan.groups, plan.remarks, plan.auto, plan.failed, (name,))


def _filled(message: Message, places: Sequence[Place], values: Sequence[str]) -> Message:
    members = {**message.members}
    for path, number, convert in places:
        members[path] = convert(values[number])
    return Message(message.kind, values[0], members)


class Forms:
    """The forms so far, for one planner with the effect of its `conn %default`."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Form | bool] = {}
        """True: there was one connection of the form. False: each connection of the form is worked out by itself."""
        self._keys: dict[int, tuple[_Sort | None, Key]] = {}
        """The sort of each key, by its number; the key is kept, so that none takes its number."""

    def known(
        self, name: str, settings: Mapping[str, Given], *flags: bool
    ) -> tuple[Form, Sequence[str]] | None:
        """The form of a connection, and its values; None if the places of the form are not known."""
        sifted = self._sift(name, settings, flags)
        form = None if sifted is None else self._known.get(sifted[0])
        return (form, sifted[1]) if sifted is not None and isinstance(form, Form) else None

    def _sift(
        self, name: str, settings: Mapping[str, Given], flags: tuple[bool, ...]
    ) -> tuple[tuple[object, ...], list[str]] | None:
        """The connection without the values that may differ, and these values."""
        if _pattern(_NAME).match(name) is None:
            return None
        parts: list[object] = [*flags]
        values = [name]
        keys = self._keys
        for setting in settings.values():
            key, text = setting.key, setting.text
            number = id(key)
            sort_and_key = keys.get(number)
            if sort_and_key is None:
                sort_and_key = keys[number] = (_SORTS.get(key.slot), key)
            sort = sort_and_key[0]
            if sort is not None and text is not None and (kind := sort(text)) is not None:
                # Of another type than any text.
                parts += (number, setting.number, kind)
                values.append(text)
            else:
                parts += (number, setting.number, text)
        return tuple(parts), values

    def plan(
        self,
        name: str,
        settings: Mapping[str, Given],
        lookup: Lookup,
        make: Making,
        *flags: bool,
        outline: bool = False,
    ) -> Plan:
        """The plan of the connection, as `make` makes it. `flags` are everything else on which the plan depends.

        `outline`: the caller does not need the content of the messages, only their number. They may then be those of
        another connection of the form.
        """
        sifted = self._sift(name, settings, flags)
        if sifted is None:
            return make(name, settings, lookup)
        form, values = sifted
        remembered = self._known.get(form)
        if isinstance(remembered, Form):
            return remembered.outline_for(name) if outline else remembered.plan_for(values)
        if remembered is None and len(self._known) >= _KEPT:
            self._known.clear()
        if not remembered:
            self._known.setdefault(form, True)
            return make(name, settings, lookup)
        plan = make(name, settings, lookup)
        settings, trial_values = _with_others(settings)
        system = _Noting(lookup, trial_values)
        trial = make(_OTHER, settings, system)
        places = None if system.asked else _places(plan, values, trial, [_OTHER, *trial_values])
        self._known[form] = False if places is None else Form(plan, tuple(values), places)
        return plan


_OTHER: Final = "Nobody0s-Name"
"""A name that no connection has."""


def _with_others(settings: Mapping[str, Given]) -> tuple[dict[str, Given], list[str]]:
    """The settings with other values of the same sort, and these values."""
    changed = dict(settings)
    values: list[str] = []
    for slot, setting in settings.items():
        sort = _SORTS.get(slot)
        if sort is None or setting.text is None or (kind := sort(setting.text)) is None:
            continue
        text = _another(sort, kind, setting.text, len(values))
        values.append(text)
        changed[slot] = msgspec.structs.replace(setting, text=text)
    return changed, values


def _another(sort: _Sort, bits_or_kind: int, text: str, number: int) -> str:
    """Another value of the sort, a different one for each number below 8, if there are so many."""
    if sort is _identity:
        return f"@{_OTHER}-{number}"
    bits = bits_or_kind or 32
    head, slash, tail = text.partition("/")
    changed = int.from_bytes(_packed(head), "big") ^ 1 << (32 - bits + number % bits)
    dotted = ".".join(map(str, changed.to_bytes(4, "big")))
    return f"{dotted}{slash}{tail}"


def _places(
    plan: Plan, values: Sequence[str], trial: Plan, trial_values: Sequence[str]
) -> tuple[tuple[tuple[Place, ...], ...], ...] | None:
    """The places of the values in the plan, where the trial has its own values. None if the plans differ elsewhere."""
    if (plan.remarks, plan.auto, plan.failed) != (trial.remarks, trial.auto, trial.failed):
        return None
    if (plan.name, plan.names) != (values[0], (values[0],)) or trial.names != (trial_values[0],):
        return None
    if [len(group) for group in plan.groups] != [len(group) for group in trial.groups]:
        return None
    if len(set(trial_values)) < len(trial_values):
        return None
    places_by_group = []
    for group, tried_group in zip(plan.groups, trial.groups, strict=True):
        places_by_message = []
        for message, tried in zip(group, tried_group, strict=True):
            places = _places_of(message, values, tried, trial_values)
            if places is None:
                return None
            places_by_message.append(places)
        places_by_group.append(tuple(places_by_message))
    return tuple(places_by_group)


def _places_of(
    message: Message, values: Sequence[str], tried: Message, trial_values: Sequence[str]
) -> tuple[Place, ...] | None:
    if (message.kind, message.name) != (tried.kind, values[0]) or message.settings:
        return None
    if [*message.members] != [*tried.members]:
        return None
    places = []
    for path, value in message.members.items():
        trial_value = tried.members[path]
        if value == trial_value:
            continue
        explained = [
            (path, number, convert)
            for number, (mine, its) in enumerate(zip(values, trial_values, strict=True))
            for convert in (_WAYS_OF_ADDRESSES if mine[:1].isdigit() else _WAYS)
            if convert(mine) == value and convert(its) == trial_value
        ]
        if len(explained) != 1:
            return None
        places += explained
    return tuple(places)


class _Noting:
    """The system. It notes whether it is asked about one of `values`."""

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
