"""One pair of subnets= at a time: the messages that load `m/0x2` of `conn m`, and leave its siblings alone.

Owns: separating the messages of a connection by its names in pluto. Must not know: sockets, the differences.

Up to 4.15 addconn sends a message for each pair, so some of the messages are left out. From 5.0 on pluto makes all
pairs from one message, and takes down the pairs that it has. So here each pair is loaded as a connection of its own,
with the name and the alias that pluto would give it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from autod.protocol.connection.keywords import table
from autod.protocol.connection.message import Message
from autod.protocol.connection.rules import rules as rules_of_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from autod.protocol.connection.message import Plan

__all__ = ["groups_for"]

_ITEMS: Final = re.compile(r"[^ \t,]+")
_PAIR: Final = re.compile(r"/(\d+)x(\d+)\Z")


def groups_for(plan: Plan, rules: str, names: Collection[str]) -> tuple[tuple[Message, ...], ...] | None:
    """The messages for these names of the plan, in groups; None if they cannot be separated from the others."""
    if set(plan.names) <= set(names):
        return plan.groups
    if rules_of_name(rules).pairs:
        return tuple(group for group in plan.groups if group[0].name in names)
    groups = []
    for name in plan.names:
        if name not in names:
            continue
        messages = tuple(_alone(plan.groups[0], name, strings=bool(plan.groups[0][0].settings)))
        if not messages:
            return None
        groups.append(messages)
    return tuple(groups)


def _alone(group: tuple[Message, ...], name: str, *, strings: bool) -> Iterator[Message]:
    pair = _PAIR.search(name)
    if pair is None:
        return
    numbers = (int(pair[1]), int(pair[2]))
    for message in group:
        if message.kind != "add":
            yield message
            continue
        own = _settings(message, name, numbers) if strings else _members(message, name, numbers)
        if own is None:
            return
        yield own


def _members(message: Message, name: str, numbers: tuple[int, int]) -> Message | None:
    members = dict(message.members)
    for at, number in enumerate(numbers):
        items = _ITEMS.findall(str(members.pop(f"end[{at}].subnets", None) or ""))
        if number > len(items):
            return None
        if number:
            members[f"end[{at}].subnet"] = items[number - 1]
    members["connalias"] = message.name
    members["name"] = name
    return Message("add", name, members)


def _settings(message: Message, name: str, numbers: tuple[int, int]) -> Message | None:
    keys = table("5.4").conn
    subnet, subnets = keys["leftsubnet"].keyword.number, keys["leftsubnets"].keyword.number
    alias = keys["connalias"].keyword.number
    settings = []
    for end, key, value in message.settings:
        number = numbers[end] if end in (0, 1) else 0
        if key == alias or (key == subnet and number):
            continue
        if key != subnets:
            settings.append((end, key, value))
            continue
        items = _ITEMS.findall(value.decode("utf-8", "surrogateescape"))
        if number > len(items):
            return None
        if number:
            settings.append((end, subnet, items[number - 1].encode("utf-8", "surrogateescape")))
    settings.append((2, alias, message.name.encode("utf-8", "surrogateescape")))
    return Message("add", name, {**message.members, "name": name}, tuple(sorted(settings)))
