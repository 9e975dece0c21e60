"""What is looked at before a command that would harm the pluto that gets it.

Owns: the table of guards: which commands, on which releases, what is looked at, and the sentence that says why a
command was not sent. Must not know: sockets, how an ask is carried out. What else a release has of its own is in
autod.asking.emulation.

Every way to send a command asks here: an operation runs the guards that apply (autod.course), and the quick way, which
has no time to look, is not taken where one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autod.asking.looks import ask_and_read
from autod.errors import DeadlinePassed
from autod.operations import of_command
from autod.outcomes import OK, Outcome, Result, sentence
from autod.protocol import commands as c

if TYPE_CHECKING:
    from autod.asking.asks import Asked, Course
    from autod.asking.request import Request
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["GUARDS", "Guard", "guards_of", "look_before"]


@dataclass(frozen=True, slots=True)
class Guard:
    """One danger.

    `threatens` says which releases it harms. `look` is the course that looks, until the deadline that it is given; it
    comes to an outcome if the request must not be sent, else to None.
    """

    threatens: Callable[[Release], bool]
    look: Callable[[Asked, Request, float], Course[Outcome | None]]


def guards_of(request: Request, release: Release) -> list[Guard]:
    """The guards that a request to this release needs: its row of autod.operations names them."""
    guards = [GUARDS[name] for name in of_command(type(request.command).__name__).guards]
    return [guard for guard in guards if guard.threatens(release)]


def look_before(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """Run the guards that apply: an outcome if the request must not be sent. `deadline` on the clock of `pluto`."""
    for guard in guards_of(request, pluto.release):
        try:
            outcome = yield from guard.look(pluto, request, deadline)
        except DeadlinePassed:
            return _outcome(request, Result.NOT_SENT)
        if outcome is not None:
            return outcome
    return None


def _is_up(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """To unroute what is up kills 4.0 to 4.15 (a null pointer, found on 4.10 and 4.15), and takes down its IKE SA and
    all siblings on 5.x. Between the look and the request another client may still bring it up."""
    name = request.name or ""
    up = _established((yield from ask_and_read(pluto, c.TrafficStatus(name), deadline)))
    if up and request.force:
        yield from ask_and_read(pluto, c.Terminate(name), deadline)
        up = _established((yield from ask_and_read(pluto, c.TrafficStatus(name), deadline)))
    if not up:
        return None
    harm = (
        "would kill pluto"
        if not pluto.release.at_least(5, 0)
        else "would take down its IKE SA and every connection that shares it"
    )
    said = f"it is up, and to unroute it now {harm} ({pluto.release}); take it down first, or use --force"
    return _outcome(request, Result.REFUSED, said=said)


def _instance_is_loaded(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """4.6 to 4.15 die of a null pointer when they reread the certificates of an instance (seen on 4.10)."""
    from autod.status import parse

    state = parse((yield from ask_and_read(pluto, c.Status(), deadline)))
    instances = [one.label for one in state.connections if one.kind == "instance" or "#" in one.name]
    if not instances:
        return None
    said = (
        f"{instances[0]} is the instance of a template, and to reread certificates now would kill pluto"
        f" ({pluto.release}); --rereadsecrets and --fetchcrls do the rest, --replace rereads one connection's"
    )
    return _outcome(request, Result.REFUSED, said=said)


def _nothing_is_loaded(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """5.4 dies of a null pointer when it has nothing to look up (seen 5 of 5 times)."""
    replies = yield from ask_and_read(pluto, c.BriefConnectionStatus(), deadline)
    if any("<==>" in reply.text for reply in replies):
        return None
    return _outcome(request, Result.DONE)


GUARDS: dict[str, Guard] = {
    "up": Guard(lambda release: True, _is_up),
    "instances": Guard(lambda release: (4, 6) <= release.version < (5,), _instance_is_loaded),
    "loaded": Guard(lambda release: release.at_least(5, 4), _nothing_is_loaded),
}
"""Every danger that is known, by the name that the rows of autod.operations have for it."""


def _established(replies: tuple[Reply, ...]) -> frozenset[str]:
    """As autod.status.established, which is loaded only where a look at the state is needed."""
    from autod.status import established

    return established(replies)


def _outcome(request: Request, result: Result, said: str | None = None) -> Outcome:
    return Outcome(
        operation=request.operation,
        connection=request.name,
        result=result,
        ok=result in OK,
        sentence=sentence(result, request.operation, request.name, said=said),
        ended=time.time(),
    )
