"""Loads connections of a configuration one at a time, for the operations of a run that add.

Owns: what became of one name, as an outcome. Must not know: how a configuration is read, planned or sent
(autod.config), when a connection's turn is (autod.bulk.engine).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from autod.config.sending import load_native
from autod.ending import Ending
from autod.judge import Judge
from autod.outcomes import Outcome, Result, gather, quoted
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.addconn import Loaded
    from autod.bulk.driver import Loader
    from autod.client import Pluto
    from autod.config import Configuration
    from autod.events import Event
    from protocol.replies import Reply

__all__ = ["configured"]


def configured(pluto: Pluto, configuration: Configuration) -> Loader:
    """What loads a connection of `configuration` into `pluto`: the `load` of autod.bulk.bulk.

    The configuration must have been read for pluto's release (autod.config.load).
    """

    async def load(name: str, observe: Callable[[Event], None]) -> Outcome:
        started = time.time()

        def reply(of: str | None, said: Reply) -> None:
            observe(recognise(said, time=time.time()))

        known = bool(configuration.find(name))
        (loaded,) = await load_native(
            [name], configuration=configuration, control=pluto.control, on_reply=reply
        )
        return _outcome(loaded, started) if loaded.sent else _not_sent(loaded, started, known=known)

    return load


def _not_sent(loaded: Loaded, started: float, *, known: bool) -> Outcome:
    said = "; ".join(loaded.complaints) or "the configuration has no connection or alias of this name"
    return Outcome(
        operation="add",
        connection=loaded.asked,
        result=Result.LOAD_FAILED if known else Result.UNKNOWN,
        ok=False,
        sentence=f"{quoted(loaded.asked)} was not loaded: {said}",
        lines=loaded.complaints,
        started=started,
        ended=time.time(),
    )


def _outcome(loaded: Loaded, started: float) -> Outcome:
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
