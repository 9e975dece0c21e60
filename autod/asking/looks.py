"""The courses that others are made of: one exchange with the release that listens, and a look at pluto's answer.

Owns: what is asked where a release lacks a command, and finding pluto again where another one listens. Must not know:
what an operation comes to (autod.asking.course), what is dangerous (autod.asking.guards).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.asking.asks import FindAgain, Send
from autod.asking.emulation import kept, native_or_substitute
from autod.errors import ConnectionLost, PlutoReplaced, no_answer
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.asking.asks import Asked, Course
    from autod.protocol import commands as c
    from autod.protocol.replies import Reply
    from autod.status.members import Members

__all__ = ["ask_and_read", "check_ended", "exchange", "look_at_members"]

_REDETECTIONS = 2


def exchange(pluto: Asked, command: c.Command, send: Send) -> Course[Ending]:
    """One exchange with the pluto whose release is certain; its release is found again if another one listens now.

    `send` says how; its command is filled in here. PlutoReplaced where that happens again and again.
    """
    on_replies = send.on_replies
    for attempts_left in reversed(range(_REDETECTIONS + 1)):
        detected = pluto.detected
        substitute = native_or_substitute(command, pluto.release)
        if send.holds_descriptor and send.pending is None:
            pluto.message(substitute.command)  # what cannot be sent is refused before it waits for its turn
        send.command = substitute.command
        send.on_replies = on_replies if substitute.keep is None else _only(on_replies, substitute.keep)
        try:
            ending: Ending = yield send
        except PlutoReplaced:
            if not attempts_left:
                raise
            yield FindAgain(detected, send.deadline)
        else:
            return ending
    raise AssertionError


def _only(
    on_replies: Callable[[list[Reply]], None], keep: Callable[[str], bool]
) -> Callable[[list[Reply]], None]:
    return lambda replies: on_replies(kept(replies, keep))


def ask_and_read(pluto: Asked, command: c.Command, deadline: float) -> Course[tuple[Reply, ...]]:
    """Ask, and give pluto's replies when all of them are there. DeadlinePassed, ConnectionLost."""
    replies: list[Reply] = []
    ending = yield from exchange(pluto, command, Send(replies.extend, deadline))
    check_ended(ending, pluto.path, command)
    return tuple(replies)


def check_ended(ending: Ending, path: str, command: c.Command, seconds: float | None = None) -> None:
    """Whether pluto said all that it had to say. DeadlinePassed (after `seconds`, where that is known),
    ConnectionLost."""
    if ending in (Ending.DEADLINE, Ending.UNSENT):
        raise no_answer(path, seconds, command.verb)
    if ending is not Ending.EOF:
        raise ConnectionLost(
            f"{path}: pluto went away in the middle of {command.verb}; see its log, and start it again",
            path=path,
        )


def look_at_members(pluto: Asked, deadline: float) -> Course[Members]:
    """What each name stands for now. Raises as `ask_and_read`.

    All of --status, 0.3 s of pluto's time with 5,000 connections: for a name that turned out to be no connection.
    """
    from autod.protocol.commands import Status
    from autod.status import parse
    from autod.status.members import Members

    return Members(parse((yield from ask_and_read(pluto, Status(), deadline))).connections)
