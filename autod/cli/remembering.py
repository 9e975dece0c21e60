"""What a command keeps of what it loaded: serial numbers and digests, and the names of the file.

Must not know: how anything is loaded, or what differs. Costs pluto a short question where it can be asked about single
connections (5.0 on), else a status; where that would be long for the few that were loaded, nothing is kept, and --diff
holds what pluto shows against the file instead.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import trio

from autod import __version__
from autod.config.around import Machine
from autod.config.choose import auto, choose
from autod.config.compare import Load, Sent, digests, wanted
from autod.config.record import Record
from autod.protocol import commands as c
from autod.status import parse, serials

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.cli.session import Session
    from autod.config import Configuration
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["remember", "remember_loaded", "status_of", "writer"]

_FEW = 16
"""Connections that are asked about one by one."""

_SHORT = 500
"""Loaded connections of which a whole status takes pluto some 30 ms (4.10)."""


def writer(configuration: Configuration) -> str:
    """Who makes a digest: two of the same autod and the same rules can be compared."""
    return f"{__version__} {configuration.rules}"


async def remember_loaded(
    opened: Session,
    configuration: Configuration,
    outcomes: Mapping[str, Outcome],
    sent: Mapping[str, Sent] | None,
) -> None:
    """Keep what was loaded by the words of `outcomes`, where it was; `sent` if that is known."""
    words = [word for word, outcome in outcomes.items() if outcome.ok]
    names = {one.name for word in choose(configuration, words) for one in word.connections}
    record = Record(opened.options.ctlsocket, configuration.path, pluto=opened.pluto.detected.pluto)
    await remember(opened, configuration, record, loaded=names, whole=opened.options.all, sent=sent)


async def remember(
    opened: Session,
    configuration: Configuration,
    record: Record,
    *,
    loaded: Collection[str],
    gone: Collection[str] = (),
    whole: bool,
    sent: Mapping[str, Sent] | None = None,
) -> None:
    """Keep what was sent for the connections in `loaded`, and which names are this file's.

    `whole`: the file as a whole was brought in; else only those in `loaded` are.
    """
    if loaded:
        await _note(opened, configuration, record, loaded, whole=whole, sent=sent)
    ours = wanted(configuration, () if whole else loaded) if whole or loaded else ()
    names = {one.name: one.place.file for one in ours}
    record.remember(names, forget=set(gone) - names.keys())


async def _note(
    opened: Session,
    configuration: Configuration,
    record: Record,
    names: Collection[str],
    *,
    whole: bool,
    sent: Mapping[str, Sent] | None,
) -> None:
    replies = await status_of(opened, names)
    if not replies:
        return
    if sent is None:
        sent = await trio.to_thread.run_sync(
            functools.partial(digests, configuration, frozenset(names), around=Machine(None), last=whole)
        )
    of = serials(replies)
    by = writer(configuration)
    record.note(
        {
            part: Load(of[part], sent[one.name].digest, auto(one), by)
            for one in wanted(configuration, names, last=whole)
            if one.name in sent
            for part in sent[one.name].names
            if part in of
        }
    )


async def status_of(opened: Session, names: Collection[str]) -> Sequence[Reply]:
    """What pluto says of these connections, if it costs no more than it is worth."""
    pluto = opened.pluto
    if pluto.release.at_least(5, 0) and len(names) <= _FEW:
        return [reply for name in names for reply in await pluto.replies(c.ConnectionStatus(name))]
    if pluto.release.at_least(3, 28):
        loaded = parse(await pluto.replies(c.BriefStatus())).totals.loaded
        if loaded is not None and loaded > _SHORT and len(names) * 20 < loaded:
            return ()
    return await pluto.replies(c.Status())
