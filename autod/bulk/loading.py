"""Loads connections of a configuration one at a time, for the operations of a run that add.

Owns: what became of one name, as an outcome. Must not know: how a configuration is read, planned or sent
(autod.config), when a connection's turn is (autod.bulk.engine).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from autod.loading.native import load_native
from autod.loading.result import outcome_of
from autod.protocol.check import check_release
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable

    from autod.bulk.driver import Loader
    from autod.client import Pluto
    from autod.config import Configuration
    from autod.events import Event
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["configured"]


def configured(pluto: Pluto, configuration: Configuration) -> Loader:
    """What loads a connection of `configuration` into `pluto`: the `load` of autod.bulk.bulk.

    The configuration must have been read for pluto's release (autod.config.load): ForeignMessage if not, also where
    another pluto listens later.
    """

    async def load(name: str, observe: Callable[[Event], None]) -> Outcome:
        started = time.time()
        check_release(configuration.release, pluto.release, what=f"{configuration.path}, as it was read,")

        def reply(of: str | None, said: Reply) -> None:
            observe(recognise(said, time=time.time()))

        (loaded,) = await load_native(
            [name], configuration=configuration, control=pluto.control, on_reply=reply
        )
        return outcome_of(loaded, started=started)

    return load
