"""What pluto's state says of an outcome that its lines left open.

Owns: reading the replies to --trafficstatus for that. Must not know: how they were asked for.
"""

from __future__ import annotations

import msgspec

from autod.events import Unknown
from autod.outcomes import Outcome, Result, gather, sentence
from autod.protocol.replies import Reply
from autod.recognise import recognise

__all__ = ["settled"]


def settled(outcome: Outcome, replies: tuple[Reply, ...]) -> Outcome:
    """An outcome of up or down that needed a look at the state, after the replies to --trafficstatus of its name."""
    name = outcome.connection or ""
    from autod.status import established

    up = established(replies)
    here = any(other == name or other.startswith(f"{name}/") for other in up)
    if outcome.operation == "up":
        if not outcome.members:
            return outcome.settled(here)
        members = tuple(
            member.settled(member.connection in up) if member.needs_state else member
            for member in outcome.members
        )
        return gather(outcome.operation, outcome.connection, members)
    if outcome.operation != "down" or not outcome.ok:
        return outcome
    if any(isinstance(recognise(reply, time=0.0), Unknown) for reply in replies):
        result, said = Result.UNKNOWN, None
    elif up:
        result, said = Result.FAILED, "it is still up"
    else:
        return msgspec.structs.replace(outcome, needs_state=False)
    return msgspec.structs.replace(
        outcome,
        result=result,
        ok=False,
        needs_state=False,
        code=next((reply.code for reply in replies if reply.code == 21), None),
        sentence=sentence(result, outcome.operation, name, said=said),
    )
