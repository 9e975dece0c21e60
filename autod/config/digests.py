"""Digests of the messages for connections, to tell the bytes of one set of messages from those of another. Pure.

No part of a message can be read from its digest. Must not know: who keeps them (record.py), what a difference means.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from autod.config.choose import wanted
from autod.config.elements import groups_for
from autod.protocol.connection import Planner
from autod.protocol.encode import Packer
from autod.protocol.errors import BadString, Unsupported

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from autod.config.ends import Around
    from autod.config.reader import Configuration
    from autod.protocol.connection.message import Message, Plan

__all__ = ["Sent", "digest", "digest_of", "digests", "sent_of"]

Sent: TypeAlias = "Mapping[str, str]"
"""The digests of one connection: for each of its names in pluto, a digest of the messages about that name."""


def digests(
    configuration: Configuration, names: Collection[str], *, around: Around, last: bool = False
) -> dict[str, Sent]:
    """The digests of each of these connections (see `wanted`)."""
    planner, packer = Planner(configuration.rules, around.lookup), Packer(configuration.release)
    by_connection: dict[str, Sent] = {}
    for connection in wanted(configuration, names, last=last):
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        by_connection[connection.name] = sent_of(plan, configuration.rules, packer)
    return by_connection


def sent_of(plan: Plan, rules: str, packer: Packer) -> Sent:
    """The digests of a plan. Each pair of subnets= has its own, so a change of its siblings does not change it."""
    if len(plan.names) == 1:
        return {plan.names[0]: digest(plan.groups, packer)}
    return {name: digest(groups_for(plan, rules, (name,)) or plan.groups, packer) for name in plan.names}


def digest(groups: Iterable[Iterable[Message]], packer: Packer) -> str:
    """The digest of a set of messages. A message that cannot be sent has one, too."""
    messages = []
    for group in groups:
        for message in group:
            try:
                messages.append(packer.pack(message.members, message.settings))
            except (BadString, Unsupported) as error:
                messages.append(f"{message.name} {error}".encode("utf-8", "surrogateescape"))
    return digest_of(*messages or (b"",))


def digest_of(message: bytes, *more: bytes) -> str:
    """The digest of encoded messages."""
    state = sha256(message)
    for message_behind in more:
        state.update(len(message_behind).to_bytes(4, "little"))
        state.update(message_behind)
    return state.hexdigest()[:32]
