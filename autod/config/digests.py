"""Digests of what is sent for connections: what tells one set of messages from another. Pure.

Nothing of a message can be read from one. Must not know: who keeps them (record.py), what a difference means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from autod.config.choose import wanted
from autod.config.elements import groups_for
from autod.protocol.connection import Planner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from autod.config.ends import Around
    from autod.config.reader import Configuration
    from autod.protocol.connection.message import Message, Plan

__all__ = ["Sent", "digest", "digests", "sent_of"]

Sent: TypeAlias = "Mapping[str, str]"
"""What was sent for a connection: by its names in pluto, a digest of the messages that are about that name."""


def digests(
    configuration: Configuration, names: Collection[str], *, around: Around, last: bool = False
) -> dict[str, Sent]:
    """What is sent for each of these connections (see `wanted`)."""
    planner = Planner(configuration.rules, around.lookup)
    found: dict[str, Sent] = {}
    for connection in wanted(configuration, names, last=last):
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        found[connection.name] = sent_of(plan, configuration.rules)
    return found


def sent_of(plan: Plan, rules: str) -> Sent:
    """Of each pair of subnets= by itself: it is not another because its siblings are."""
    if len(plan.names) == 1:
        return {plan.names[0]: digest(plan.groups)}
    return {name: digest(groups_for(plan, rules, (name,)) or plan.groups) for name in plan.names}


def digest(groups: Iterable[Iterable[Message]]) -> str:
    """What tells one set of messages from another; nothing of them can be read from it."""
    state = hashlib.blake2s(digest_size=16)
    for group in groups:
        for message in group:
            said = sorted(message.members.items(), key=_path)
            state.update(msgspec.msgpack.encode((message.kind, message.name, said, message.settings)))
    return state.hexdigest()


_path = itemgetter(0)
