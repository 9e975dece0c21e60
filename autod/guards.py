"""What is looked at before a command that would harm the pluto that gets it.

Owns: which commands those are, on which releases, and the sentence that says why one was not sent. Must not know:
how anything is sent. What else a release has of its own is in autod.emulation.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import trio

from autod.outcomes import OK, Outcome, Result, sentence
from autod.protocol import commands as c

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from autod.operation import Request
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Asked", "guard"]


class Asked(Protocol):
    """The pluto that is looked at: what autod.client gives."""

    @property
    def release(self) -> Release:
        """The release that listens."""

    async def replies(self, command: c.Command) -> tuple[Reply, ...]:
        """pluto's replies to `command`, read to the end."""

    def down(self, name: str) -> Awaitable[Outcome]:
        """Take the SAs of a connection down."""


async def guard(pluto: Asked, request: Request, started: float, end: float) -> Outcome | None:
    """Look at what must be looked at before a command that would harm this release; an outcome if it is not sent.

    `started` in seconds since the epoch; `end`, on the clock of trio, is where looking ends.
    """
    command = request.command
    if isinstance(command, c.Unroute):
        return await _unroute(pluto, command, request, started, end)
    if isinstance(command, c.RereadCerts | c.RereadAll) and (4, 6) <= pluto.release.version < (5,):
        return await _reread(pluto, request, started, end)
    if isinstance(command, c.RefreshDdns) and pluto.release.at_least(5, 4):
        # 5.4 dies of a null pointer when it has nothing to look up (seen 5 of 5 times).
        with trio.move_on_at(end):
            replies = await pluto.replies(c.BriefConnectionStatus())
            if not any("<==>" in reply.text for reply in replies):
                return _outcome(request, Result.DONE, started)
    return None


async def _unroute(
    pluto: Asked, command: c.Unroute, request: Request, started: float, end: float
) -> Outcome | None:
    with trio.move_on_at(end):
        up = _established(await pluto.replies(c.TrafficStatus(command.name)))
        if up and request.force:
            with trio.move_on_at(end):
                await pluto.down(command.name)
            up = _established(await pluto.replies(c.TrafficStatus(command.name)))
        if not up:
            return None
        harm = (
            "would kill pluto"
            if not pluto.release.at_least(5, 0)
            else "would take down its IKE SA and every connection that shares it"
        )
        said = f"it is up, and to unroute it now {harm} ({pluto.release}); take it down first, or use --force"
        return _outcome(request, Result.REFUSED, started, said=said)
    return _outcome(request, Result.DEADLINE, started)


async def _reread(pluto: Asked, request: Request, started: float, end: float) -> Outcome | None:
    """4.6 to 4.15 die of a null pointer when they reread the certificates of an instance (seen on 4.10)."""
    with trio.move_on_at(end):
        from autod.status import parse

        state = parse(await pluto.replies(c.Status()))
        instances = [one.label for one in state.connections if one.kind == "instance" or "#" in one.name]
        if not instances:
            return None
        said = (
            f"{instances[0]} is the instance of a template, and to reread certificates now would kill pluto"
            f" ({pluto.release}); --rereadsecrets and --fetchcrls do the rest, --replace rereads one connection's"
        )
        return _outcome(request, Result.REFUSED, started, said=said)
    return _outcome(request, Result.DEADLINE, started)


def _established(replies: tuple[Reply, ...]) -> frozenset[str]:
    """As autod.status.established, which is loaded only where a look at the state is needed."""
    from autod.status import established

    return established(replies)


def _outcome(request: Request, result: Result, started: float, said: str | None = None) -> Outcome:
    return Outcome(
        operation=request.operation,
        connection=request.name,
        result=result,
        ok=result in OK,
        sentence=sentence(result, request.operation, request.name, said=said),
        started=started,
        ended=time.time(),
    )
