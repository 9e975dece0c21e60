"""What is looked at before a command that would harm the pluto that gets it.

Owns: the table of guards: which commands, on which releases, what is looked at, and the sentence that says why a
command was not sent. Must not know: sockets, how an ask is carried out. What else a release has of its own is in
autod.asking.emulation.

Every way to send a command asks here: an operation runs the guards that apply (autod.asking.course), and the quick
way, which has no time to look, is not taken where one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from autod.asking.looks import ask_and_read, look_at_members
from autod.asking.request import Request
from autod.errors import DeadlinePassed
from autod.judging.resolve import is_unknown
from autod.operations import of_command
from autod.outcomes import OK, Outcome, Result, quoted, sentence, with_usual_cause
from autod.protocol import commands as c

if TYPE_CHECKING:
    from autod.asking.asks import Asked, Course
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["GUARDS", "Guard", "guards_of", "look_before", "look_for_all", "may_load", "with_ikev1_sa"]


class Guard(msgspec.Struct, frozen=True):
    """One danger.

    `threatens` says which releases it harms, `concerns` which requests of those whose row names it. `look` is the
    course that looks, until the deadline that it is given; it comes to an outcome if the request must not be sent, else
    to None.
    """

    threatens: Callable[[Release], bool]
    look: Callable[[Asked, Request, float], Course[Outcome | None]]
    concerns: Callable[[Request], bool] = lambda request: True


def guards_of(request: Request, release: Release) -> list[Guard]:
    """The guards that a request to this release needs: its row of autod.operations names them."""
    names = of_command(type(request.command).__name__).guards
    guards = [GUARDS[name] for name in names if name not in request.cleared]
    return [guard for guard in guards if guard.threatens(release) and guard.concerns(request)]


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


def look_for_all(pluto: Asked, request: Request, deadline: float) -> Course[Request]:
    """`request` without the guards that one look shows to be needless, whatever its name: for thousands of them."""
    if GUARDS["narrowed"] not in guards_of(request, pluto.release):
        return request
    from autod.status import parse

    states = parse((yield from ask_and_read(pluto, c.ShowStates(), deadline)))
    if any((one.text or "").startswith(_IKEV1) for one in states.ike_sas):
        return request
    return msgspec.structs.replace(request, cleared=request.cleared | {"narrowed"})


def may_load(pluto: Asked, name: str, deadline: float) -> Course[Outcome | None]:
    """What stands in the way of loading `name`: pluto deletes the connection that has the name first."""
    return look_before(pluto, Request("add", c.Delete(name), name), deadline)


def with_ikev1_sa(pluto: Asked, deadline: float) -> Course[frozenset[str]]:
    """Names of the connections that `may_load` must be asked about, whatever the configuration says of them now: the
    one that pluto has may still have narrowing=. A look at all of them; none on a release that is not in danger."""
    if not GUARDS["narrowed"].threatens(pluto.release):
        return frozenset()
    from autod.status import parse

    states = parse((yield from ask_and_read(pluto, c.ShowStates(), deadline)))
    names = (one.connection or "" for one in states.ike_sas if (one.text or "").startswith(_IKEV1))
    return frozenset(name.partition("/")[0] for name in names)


def _is_up(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """To unroute what is up kills 4.0 to 4.15 (a null pointer, found on 4.10 and 4.15), and takes down its IKE SA and
    all siblings on 5.x. Between the look and the request another client may still bring it up."""
    name = request.name or ""
    up = yield from _up_of(pluto, name, deadline)
    if up and request.force:
        yield from ask_and_read(pluto, c.Terminate(name), deadline)
        up = yield from _up_of(pluto, name, deadline)
    if not up:
        return None
    if pluto.release.at_least(5, 0):
        harm = "to unroute it now would take down its IKE SA and every connection that shares it"
    elif pluto.release.at_least(4, 0):
        harm = "to unroute it now would kill pluto"
    else:
        harm = "pluto does not unroute what is up"
    which = "it" if up == {name} else f"{min(up)}, which it stands for,"
    sentence = f"{which} is up, and {harm} ({pluto.release}); take it down first, or use --force"
    return _outcome(request, Result.REFUSED, because=sentence)


def _up_of(pluto: Asked, name: str, deadline: float) -> Course[frozenset[str]]:
    """Which of the connections that `name` stands for are up."""
    replies = yield from ask_and_read(pluto, c.TrafficStatus(name), deadline)
    if not is_unknown(replies):
        return _established(replies)
    # Up to 4.15 it knows no alias here.
    members = (yield from look_at_members(pluto, deadline)).of(name)
    if not members:
        return frozenset()
    return _established((yield from ask_and_read(pluto, c.TrafficStatus(), deadline))) & frozenset(members)


def _names_a_peer(request: Request) -> bool:
    return isinstance(request.command, c.Initiate) and request.command.remote_host is not None


def _template_is_adrift(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """3.27 to 4.15 fail an assertion when they make an instance of a template none of whose ends is this host (seen on
    4.3 and 4.10). 5.x says so itself."""
    from autod.status import parse
    from autod.status.members import Members

    state = parse((yield from ask_and_read(pluto, c.Status(), deadline)))
    members = Members(state.connections).of(request.name or "")
    for connection in state.connections:
        if connection.name in members and connection.kind != "permanent" and connection.oriented is not True:
            sentence = (
                f"neither end of {quoted(connection.label)} is an address of this host, and to initiate it to a named"
                f" one now would kill pluto ({pluto.release}); give this host its address, and --ready"
            )
            return _outcome(request, Result.REFUSED, because=sentence)
    return None


def _peer_has_no_address(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """5.0 to 5.4 die of the missing address when they route a connection whose peer's name was not resolved when it was
    loaded (seen on all of them)."""
    from autod.status import parse

    name = request.name or ""
    state = parse((yield from ask_and_read(pluto, c.ConnectionStatus(name), deadline)))
    for connection in state.connections:
        host = connection.remote.host
        if connection.remote.address is None and host is not None and not host.startswith("%"):
            sentence = (
                f"the address of its peer {host} is not known, and to route it now would kill pluto ({pluto.release});"
                " see that the name resolves, and load it again (--replace)"
            )
            return _outcome(request, Result.REFUSED, because=sentence)
    return None


def _cannot_fetch(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """5.3.1 and 5.3.2 built with neither curl nor LDAP fail an assertion; later ones may (read to 5.4)."""
    yield from ()
    built = (
        "this pluto was built with neither curl nor LDAP"
        if pluto.release.fetching is False
        else "nothing tells whether this pluto was built with curl or LDAP"
    )
    harm = f"and without them it would kill pluto ({pluto.release})"
    sentence = f"{built}, {harm}; --rereadsecrets and --rereadcerts do the rest"
    return _outcome(request, Result.REFUSED, because=sentence)


def _instance_is_loaded(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """4.6 to 4.15 die of a null pointer when they reread the certificates of an instance (seen on 4.10)."""
    from autod.status import parse

    state = parse((yield from ask_and_read(pluto, c.Status(), deadline)))
    instances = [
        connection.label
        for connection in state.connections
        if connection.kind == "instance" or connection.template_serial is not None
    ]
    if not instances:
        return None
    sentence = (
        f"{instances[0]} is the instance of a template, and to reread certificates now would kill pluto"
        f" ({pluto.release}); --rereadsecrets and --fetchcrls do the rest, --replace rereads one connection's"
    )
    return _outcome(request, Result.REFUSED, because=sentence)


def _narrowed_has_an_ike_sa(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """5.2 to 5.3.2 load IKEv1 connections with narrowing=, which 5.0, 5.1 and 5.4 refuse; they fail an assertion when
    they delete one that has an IKE SA, as it has from its initiation on (seen on 5.2, 5.3 and 5.3.2; 4.x do not). Its
    IKE SAs are deleted first: then they do not."""
    from autod.status import parse

    name = request.name or ""
    loaded = parse((yield from ask_and_read(pluto, c.ConnectionStatus(name), deadline))).connections
    narrowed = {one.name for one in loaded if "IKEv1" in one.policy and _NARROWED & set(one.policy)}
    if not narrowed:
        return None
    left: list[int] = []
    for _ in range(2):
        states = parse((yield from ask_and_read(pluto, c.ShowStates(), deadline)))
        left = [one.serial for one in states.ike_sas if one.connection in narrowed]
        if not left:
            return None
        for serial in left:
            yield from ask_and_read(pluto, c.DeleteState(serial), deadline)
    because = (
        f"it has narrowing=, and the IKEv1 SA #{left[0]} comes back; to delete it now would kill pluto"
        f" ({pluto.release}); delete the SA (--deletestate {left[0]}), and try again"
    )
    return _outcome(request, Result.REFUSED, because=because)


_NARROWED = frozenset({"IKEV2_ALLOW_NARROWING", "NARROWING"})
_IKEV1 = ("STATE_MAIN", "STATE_AGGR", "STATE_XAUTH", "STATE_MODE_CFG")
"""The states of an IKE SA of IKEv1 (5.2 to 5.3.2)."""


def _nothing_is_loaded(pluto: Asked, request: Request, deadline: float) -> Course[Outcome | None]:
    """5.4 dies of a null pointer when it has nothing to look up (seen 5 of 5 times)."""
    replies = yield from ask_and_read(pluto, c.BriefConnectionStatus(), deadline)
    if any("<==>" in reply.text for reply in replies):
        return None
    return _outcome(request, Result.DONE)


GUARDS: dict[str, Guard] = {
    "up": Guard(lambda release: True, _is_up),
    "adrift": Guard(lambda release: not release.at_least(5, 0), _template_is_adrift, _names_a_peer),
    "unresolved": Guard(lambda release: release.at_least(5, 0), _peer_has_no_address),
    "narrowed": Guard(lambda release: (5, 2) <= release.version < (5, 4), _narrowed_has_an_ike_sa),
    "fetching": Guard(lambda release: release.at_least(5, 3) and release.fetching is not True, _cannot_fetch),
    "instances": Guard(lambda release: (4, 6) <= release.version < (5,), _instance_is_loaded),
    "loaded": Guard(lambda release: release.at_least(5, 4), _nothing_is_loaded),
}
"""Every danger that is known, by the name that the rows of autod.operations have for it."""


def _established(replies: tuple[Reply, ...]) -> frozenset[str]:
    """As autod.status.established, which is loaded only where a look at the state is needed."""
    from autod.status import established

    return established(replies)


def _outcome(request: Request, result: Result, because: str | None = None) -> Outcome:
    return with_usual_cause(
        Outcome(
            operation=request.operation,
            connection=request.name,
            result=result,
            ok=result in OK,
            sentence=sentence(result, request.operation, request.name)
            if because is None
            else f"{quoted(request.name)}: {request.operation} was not sent: {because}",
            ended=time.time(),
        )
    )
