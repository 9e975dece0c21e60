"""The status family as typed state: --json, --format table, and names that narrow it down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from autod.cli.names import is_pattern
from autod.cli.resolve import known_names, match
from autod.protocol import commands as c
from autod.status import parse
from autod.status.members import Members
from autod.status.render import is_about, narrow, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.cli.session import Session

__all__ = ["show_answer", "show_state"]

_UNKNOWN = 21
"""RC_UNKNOWN_NAME of every release."""


async def show_state(session: Session, names: Sequence[str]) -> int:
    """Ask for the whole state once, and show the parts about `names` (all, if there are none). Returns 21 if one of
    them is not loaded."""
    pluto, options = session.pluto, session.options
    now = time.time()
    replies = [*await pluto.replies(c.Status()), *await pluto.replies(c.TrafficStatus())]
    whole = parse(replies, time=now)
    if any(map(is_pattern, names)):
        names = match(names, known_names(whole), "those that pluto has loaded")
    membership = Members(whole.connections)
    members = {name: frozenset((name, *membership.of(name))) for name in names}
    all_names = frozenset().union(*members.values())
    state = narrow(whole, all_names)
    missing = [
        name
        for name in names
        if not any(is_about(connection, members[name]) for connection in whole.connections)
    ]
    if options.json:
        session.put(msgspec.structs.replace(state, refused=(*state.refused, *map(_refused, missing))))
    elif options.format == "table":
        for line in table(state, now=now):
            session.say(line)
    else:
        for reply in replies:
            if any(_names(reply.text, name) for name in all_names):
                session.show_reply(reply)
    for name in missing:
        session.complain(_refused(name))
    return _UNKNOWN if missing else 0


async def show_answer(session: Session, operation: str, commands: Sequence[c.Command]) -> int:
    """The answers to `commands` of one kind, as one document or one table. Returns 21 for an unknown name."""
    replies = [reply for command in commands for reply in await session.pluto.replies(command)]
    now = time.time()
    state = parse(replies, time=now)
    if session.options.json:
        session.put(state)
    else:
        from autod.status.tables import TABLES

        for line in TABLES[operation](state, now):
            session.say(line)
        for line in state.refused:
            session.complain(line)
    return _UNKNOWN if state.refused else 0


def _refused(name: str) -> str:
    return f'"{name}": pluto has no connection or alias of this name'


def _names(text: str, name: str) -> bool:
    """Whether a line of a status is about that connection: `"NAME":`, `"NAME"[1]`, `#3: "NAME"`."""
    start, quote, rest = text.partition(f'"{name}"')
    return bool(quote) and (not start or start.startswith("#")) and rest[:1] in (":", "[", ",")
