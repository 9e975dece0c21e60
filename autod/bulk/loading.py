"""Loading the connections of a configuration that was read already: as the `load` of autod.bulk.bulk, or all at once.

Owns: these names, which documents promise. Must not know: how anything is loaded (autod.loading).
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import trio

from autod.asking.arguments import check_seconds, names_of
from autod.asking.guards import with_ikev1_sa
from autod.config.choose import all_names, choose
from autod.loading.native import NativeLoader
from autod.loading.plain import begin
from autod.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autod.client import Pluto
    from autod.config import Configuration
    from autod.loading.interface import Loader
    from autod.loading.plain import Begun

__all__ = ["Added", "add", "configured"]


class Added(msgspec.Struct, frozen=True):
    """What `add` came to. `loaded` are names that pluto has now, in order; `failed` has the outcome of each other."""

    loaded: tuple[str, ...]
    failed: dict[str, Outcome]

    @property
    def ok(self) -> bool:
        """Whether pluto has all of them now."""
        return not self.failed


def configured(pluto: Pluto, configuration: Configuration) -> Loader:
    """What loads a connection of `configuration` into `pluto`.

    The configuration must have been read for pluto's release (autod.config.load): ForeignMessage if not, also where
    another pluto listens later.
    """
    return NativeLoader(pluto, lambda release: configuration)


async def add(
    pluto: Pluto,
    configuration: Configuration,
    names: Iterable[str] | None = None,
    *,
    timeout: float | None = None,
) -> Added:
    """Load connections of `configuration`, one that is loaded anew: the quickest way, without events.

    `names` are connections, aliases or patterns; None stands for each connection that auto= loads. `timeout` in
    seconds: how long pluto may say nothing, None for ever. `bulk(..., "add")` does the same with events, retries and a
    limit of its own.

    Raises ConfigurationError for a file that cannot be used (nothing is sent then), ForeignMessage where it was read
    for another release than pluto's, PlutoGone where pluto goes away, DeadlinePassed. Cancelled, pluto works on the
    few messages that it has, and gets no more.
    """
    check_seconds(timeout, "timeout")
    words = all_names(configuration) if names is None else names_of(names)
    loader = NativeLoader(pluto, lambda release: configuration)
    await loader.check()
    begun = None
    patience = pluto.timeout if timeout is None else timeout
    if not await pluto.drive(
        with_ikev1_sa(pluto, pluto.now() + (float("inf") if patience is None else patience))
    ):
        begun = await _begun(pluto, configuration, words)
    if begun is not None and begun.is_done and all(word.connections for word in choose(configuration, words)):
        return Added(tuple(words), {})
    outcomes: dict[str, Outcome] = {}
    rest = NativeLoader(pluto, lambda release: configuration, begun=begun)
    await rest.load(words, hear=lambda name, event: None, told=outcomes.__setitem__, timeout=timeout)
    return Added(
        tuple(name for name, outcome in outcomes.items() if outcome.ok),
        {name: outcome for name, outcome in outcomes.items() if not outcome.ok},
    )


async def _begun(pluto: Pluto, configuration: Configuration, words: Sequence[str]) -> Begun:
    """How far a thread came that loads them as long as all goes as it should. A cancellation stops it within half a
    second, and is waited for."""
    stop = threading.Event()

    async def stop_if_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            stop.set()

    work = partial(
        begin, pluto.path, pluto.detected, configuration, words, autoall=False, stopped=stop.is_set
    )
    begun: Begun | None = None
    error: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_if_cancelled)
            try:
                begun = await trio.to_thread.run_sync(work)
            except Exception as problem:
                error = problem  # so that it leaves as it is, and not in a group
            nursery.cancel_scope.cancel()
    except BaseException:
        for _, pending in begun.flight if begun is not None else ():
            pending.sock.close()
        raise
    if error is not None:
        raise error
    assert begun is not None
    return begun
