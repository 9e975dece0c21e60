"""What became of a connection that was to be loaded, whoever sent it, and its outcome.

Must not know: how it was read or sent (autod.loading.addconn, autod.config).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from autod.judging.judge import Judge
from autod.outcomes import Outcome, Result, gather, quoted
from autod.protocol.exchange import Ending
from autod.recognise import recognise

if TYPE_CHECKING:
    from autod.exchange.relay import Relayed

__all__ = ["Loaded", "outcome_of"]

_NOT_FOUND = 21
"""RC_UNKNOWN_NAME: addconn's own exit status for a name that the file does not have (3.27 to 5.4)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one name: the messages that were sent for it, each with pluto's replies.

    A connection with subnets= has several names in pluto (`a/1x1`, `a/1x2`); `names` has them all. Empty if nothing
    was sent: then `complaints` say why, if anything does, and `unknown` that the file has no such name.
    """

    asked: str
    names: tuple[str, ...]
    messages: tuple[Relayed, ...]
    complaints: tuple[str, ...]
    unknown: bool = False

    @property
    def sent(self) -> bool:
        """Whether anything of it reached pluto."""
        return any(message.error is None for message in self.messages)


def outcome_of(loaded: Loaded, *, started: float) -> Outcome:
    """One outcome for the name: that of its connection, or of all that it stands for. `started` in UNIX seconds."""
    if not loaded.sent:
        return _not_sent(loaded, started)
    outcomes = []
    for name in loaded.names:
        judge = Judge("add", name, started=started)
        for message in loaded.messages:
            for reply in message.replies:
                event = recognise(reply, time=started)
                if event.connection in (name, None):
                    judge.see(event)
        outcomes.append(judge.end(Ending.EOF, at=time.time()))
    if len(outcomes) == 1:
        return msgspec.structs.replace(outcomes[0], connection=loaded.asked)
    return gather("add", loaded.asked, tuple(outcomes))


def _not_sent(loaded: Loaded, started: float) -> Outcome:
    said = (
        "the configuration has no connection or alias of this name"
        if loaded.unknown
        else "; ".join(line.strip() for line in loaded.complaints) or "nothing of it can be sent"
    )
    return Outcome(
        operation="add",
        connection=loaded.asked,
        result=Result.UNKNOWN if loaded.unknown else Result.LOAD_FAILED,
        ok=False,
        sentence=f"{quoted(loaded.asked)} was not loaded: {said}",
        code=_NOT_FOUND if loaded.unknown else None,
        lines=loaded.complaints,
        started=started,
        ended=time.time(),
    )
