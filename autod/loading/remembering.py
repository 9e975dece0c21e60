"""What is kept of loading: serial numbers and digests, and the names of the file.

Must not know: how anything is loaded, or what differs. Costs pluto a short question where it can be asked about single
connections (5.0 on), else a status; where that would be long for the few that were loaded, nothing is kept, and a
comparison holds what pluto shows against the file instead.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import trio

from autod.config.around import Machine
from autod.config.choose import auto, choose, wanted
from autod.config.comparison import Load
from autod.config.digests import Sent, digests
from autod.loading.holding import record_of, writer
from autod.protocol import commands as c
from autod.status import parse, serials

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.client import Pluto
    from autod.config import Configuration
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["remember", "remember_loaded", "status_of"]

_FEW = 16
"""Connections that are asked about one by one."""

_SHORT = 500
"""Loaded connections of which a whole status takes pluto some 30 ms (4.10)."""


async def remember_loaded(
    pluto: Pluto,
    configuration: Configuration,
    outcomes: Mapping[str, Outcome],
    sent: Mapping[str, Sent] | None,
    *,
    whole: bool = False,
) -> None:
    """Keep what was loaded by the words of `outcomes`, where it was; `sent` if that is known. Raises what a question to
    `pluto` does."""
    words = [word for word, outcome in outcomes.items() if outcome.ok]
    names = {one.name for word in choose(configuration, words) for one in word.connections}
    await remember(pluto, configuration, loaded=names, whole=whole, sent=sent)


async def remember(
    pluto: Pluto,
    configuration: Configuration,
    *,
    loaded: Collection[str],
    gone: Collection[str] = (),
    whole: bool,
    sent: Mapping[str, Sent] | None = None,
) -> None:
    """Keep what was sent for the connections in `loaded`, and which names are this file's.

    `whole`: the file as a whole was brought in; else only those in `loaded` are. Raises what a question to `pluto`
    does.
    """
    record = record_of(configuration, pluto.path, pluto.detected.pluto)
    if loaded:
        record.note(await _loads(pluto, configuration, loaded, whole=whole, sent=sent))
    ours = wanted(configuration, () if whole else loaded) if whole or loaded else ()
    names = {one.name: one.place.file for one in ours}
    record.remember(names, forget=set(gone) - names.keys())


async def _loads(
    pluto: Pluto,
    configuration: Configuration,
    names: Collection[str],
    *,
    whole: bool,
    sent: Mapping[str, Sent] | None,
) -> dict[str, Load]:
    replies = await status_of(pluto, names)
    if not replies:
        return {}
    if sent is None:
        sent = await trio.to_thread.run_sync(
            functools.partial(digests, configuration, frozenset(names), around=Machine(None), last=whole)
        )
    of = serials(replies)
    by = writer(configuration)
    return {
        part: Load(of[part], digest, auto(one), by)
        for one in wanted(configuration, names, last=whole)
        for part, digest in sent.get(one.name, {}).items()
        if part in of
    }


async def status_of(pluto: Pluto, names: Collection[str]) -> Sequence[Reply]:
    """What pluto says of these connections, if it costs no more than it is worth."""
    if pluto.release.at_least(5, 0) and len(names) <= _FEW:
        return [reply for name in names for reply in await pluto.replies(c.ConnectionStatus(name))]
    if pluto.release.at_least(3, 28):
        loaded = parse(await pluto.replies(c.BriefStatus())).totals.loaded
        if loaded is not None and loaded > _SHORT and len(names) * 20 < loaded:
            return ()
    return await pluto.replies(c.Status())
