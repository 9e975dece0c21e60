"""The messages and replies of a load, and the outcome.

Must not know: how it was read or sent (autod.loading.native, autod.loading.addconn).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from autod.errors import PlutoGone
from autod.judging.judge import Judge
from autod.outcomes import Outcome, Result, gather, quoted, with_usual_cause
from autod.protocol.exchange import Ending
from autod.recognise import recognise

if TYPE_CHECKING:
    from autod.exchange.relay import Relayed

__all__ = ["Transcript", "outcome_of"]

_NOT_FOUND = 21
"""RC_UNKNOWN_NAME: addconn's own exit status for a name that the file does not have (3.27 to 5.4)."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The messages for one name, each with pluto's replies.

    A connection with subnets= has several names in pluto (`a/1x1`, `a/1x2`); `names` has them all. `messages` is empty
    if nothing was sent: then `complaints` are the reasons, if there are any. `unknown`: the file has no such name.
    """

    asked: str
    names: tuple[str, ...]
    messages: tuple[Relayed, ...]
    complaints: tuple[str, ...]
    unknown: bool = False

    @property
    def sent(self) -> bool:
        """Whether any message reached pluto."""
        return any(message.error is None for message in self.messages)

    @property
    def ending(self) -> Ending:
        """The worst ending of the exchanges."""
        endings = {message.ending for message in self.messages}
        for ending in (Ending.GONE, Ending.RESET):
            if ending in endings:
                return ending
        return Ending.EOF


def outcome_of(transcript: Transcript, *, started: float) -> Outcome:
    """One outcome for the name: that of its connection, or of all that it stands for. `started` is in UNIX seconds."""
    if not transcript.sent:
        return _not_sent(transcript, started)
    outcomes = []
    for name in transcript.names:
        judge = Judge("add", name, started=started)
        for message in transcript.messages:
            for reply in message.replies:
                event = recognise(reply, time=started)
                if event.connection in (name, None):
                    judge.see(event)
        outcomes.append(judge.end(transcript.ending, at=time.time()))
    if len(outcomes) == 1:
        return msgspec.structs.replace(outcomes[0], connection=transcript.asked)
    return gather("add", transcript.asked, tuple(outcomes))


def _not_sent(transcript: Transcript, started: float) -> Outcome:
    if any(isinstance(message.error, PlutoGone) for message in transcript.messages):
        outcome = Judge("add", transcript.asked, started=started).end(Ending.GONE, at=time.time())
        return msgspec.structs.replace(outcome, lines=transcript.complaints)
    reason = (
        "the configuration has no connection or alias of this name"
        if transcript.unknown
        else "; ".join(line.strip() for line in transcript.complaints) or "no message of it can be sent"
    )
    return with_usual_cause(
        Outcome(
            operation="add",
            connection=transcript.asked,
            result=Result.UNKNOWN if transcript.unknown else Result.LOAD_FAILED,
            ok=False,
            sentence=f"{quoted(transcript.asked)} was not loaded: {reason}",
            code=_NOT_FOUND if transcript.unknown else None,
            lines=transcript.complaints,
            started=started,
            ended=time.time(),
        )
    )
