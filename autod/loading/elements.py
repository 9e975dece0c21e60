"""Loading some pairs of subnets= of a connection, and leaving its other pairs alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import trio

from autod.config.elements import groups_for
from autod.config.routes import System
from autod.exchange.relay import Relayed
from autod.loading.result import Transcript, outcome_of
from autod.protocol.connection import Planner
from autod.protocol.encode import Packer
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.client import Pluto
    from autod.config import Configuration
    from autod.events import Event
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["load_elements"]


async def load_elements(
    pluto: Pluto,
    configuration: Configuration,
    name: str,
    elements: Sequence[str],
    *,
    hear: Callable[[Event], None] = lambda event: None,
) -> Outcome | None:
    """Load the pairs `elements` of the connection `name` (`m/0x2` of `m`): one outcome for them.

    None if this release has no message for these pairs alone: nothing was sent then. Raises the errors of an exchange.
    After a cancellation pluto still works on the message that it has.
    """
    started = time.time()
    (connection, *_) = configuration.find(name)
    plan = await trio.to_thread.run_sync(
        Planner(configuration.rules, System()).plan, connection.name, connection.layers
    )
    groups = groups_for(plan, configuration.rules, elements)
    if groups is None:
        return None
    packer = Packer(configuration.release)
    exchanges = []
    for group in groups:
        for message in group:
            data = packer.pack(message.members, message.settings)
            replies: list[Reply] = []
            ending = await pluto.control.exchange(data, replies.extend)
            for reply in replies:
                hear(recognise(reply, time=time.time()))
            exchanges.append(Relayed(data, tuple(replies), ending))
    return outcome_of(Transcript(name, tuple(elements), tuple(exchanges), ()), started=started)
