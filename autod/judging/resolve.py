"""The outcomes that pluto's lines leave open, decided by a look at its state.

Owns: reading the replies to --trafficstatus for that. Must not know: how the request is sent.
"""

from __future__ import annotations

import msgspec

from autod.events import Unknown
from autod.outcomes import Outcome, Result, gather, sentence
from autod.protocol.replies import Reply
from autod.recognise import recognise

__all__ = ["is_unknown", "settled", "stands_for_others", "undecided"]


def is_unknown(replies: tuple[Reply, ...]) -> bool:
    """Whether pluto answered that it has no connection of the name. Up to 4.15 it does so for an alias, too."""
    return any(isinstance(recognise(reply, time=0.0), Unknown) for reply in replies)


def stands_for_others(name: str, replies: tuple[Reply, ...]) -> bool:
    """Whether pluto's answer for `name` shows only other connections that are up: some of those it stands for."""
    from autod.status import established

    up = established(replies)
    return bool(up) and name not in up


def undecided(outcome: Outcome) -> Outcome:
    """The outcome of an operation that counts as a success without an error line, if the look at the state failed."""
    return msgspec.structs.replace(
        outcome,
        result=Result.UNDECIDED,
        ok=False,
        retryable=True,
        sentence=sentence(Result.UNDECIDED, outcome.operation, outcome.connection),
    )


def settled(outcome: Outcome, replies: tuple[Reply, ...], members: tuple[str, ...] = ()) -> Outcome:
    """The outcome of an up or down that needs a look at the state. `replies` are those to --trafficstatus of its name,
    or of all connections if `members` has the connections that the name stands for."""
    name = outcome.connection or ""
    from autod.status import established

    up = established(replies)
    if members:
        up &= frozenset(members)
    here = up == frozenset(members) if members else name in up
    if outcome.operation == "up":
        if not outcome.members:
            return outcome.settled(here)
        outcomes = tuple(
            member.settled(member.connection in up) if member.needs_state else member
            for member in outcome.members
        )
        return gather(outcome.operation, outcome.connection, outcomes)
    if outcome.operation != "down" or not outcome.ok:
        return outcome
    if not members and is_unknown(replies):
        result, reason = Result.UNKNOWN, None
    elif up:
        result, reason = Result.FAILED, "it is still up"
    else:
        return msgspec.structs.replace(outcome, needs_state=False)
    return msgspec.structs.replace(
        outcome,
        result=result,
        ok=False,
        needs_state=False,
        code=next((reply.code for reply in replies if reply.code == 21), None),
        sentence=sentence(result, outcome.operation, name, said=reason),
    )
