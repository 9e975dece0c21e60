"""One request: what is asked, and how long it may take.

Owns: the value. Must not know: who carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from autod.protocol.commands import Command
from autod.protocol.exchange import Answers

if TYPE_CHECKING:
    from autod.events import Event

__all__ = ["Request", "Sink"]

Sink: TypeAlias = "Callable[[Callable[[], Event]], None]"
"""Takes what gives the next event when called: lines of a listing are recognised when they are looked at."""


class Request(msgspec.Struct, frozen=True):
    """What is asked: the operation's name in outcomes, the command, and how long it may take.

    `timeout` in seconds from the call on, None for no deadline. `listing`: the replies come in bulk, so they are
    drained first and recognised after. `members`: the connections of an alias, where the caller knows them.
    `force`: take down first what would make the operation harmful. `cleared`: the guards (autod.asking.guards) that a
    look at all of pluto showed to be needless, whatever the name.
    """

    operation: str
    command: Command
    name: str | None = None
    timeout: float | None = None
    answers: Answers | None = None
    members: tuple[str, ...] | None = None
    listing: bool = False
    force: bool = False
    cleared: frozenset[str] = frozenset()

    def named(self, name: str) -> Request:
        """The same, asked of another connection."""
        return msgspec.structs.replace(
            self, command=msgspec.structs.replace(self.command, name=name), name=name
        )

    @property
    def asynchronous(self) -> bool:
        """Whether pluto is asked to answer before it is done."""
        return bool(getattr(self.command, "asynchronous", False))
