"""Keeping the record of a load: serial numbers and digests, and the names of the file.

Must not know: how anything is loaded, or how it is compared. It costs pluto a short request if it answers requests
about single connections (5.0 on), else a status. If a status is too long for the few connections that were loaded,
nothing is kept, and a later comparison uses only what pluto shows.

The requests are a generator of asks (Look, Work), so they do not need an event loop.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from autod.config.around import Machine
from autod.config.choose import auto, choose, wanted
from autod.config.comparison import Load
from autod.config.digests import Sent, digests
from autod.loading.kept import record_of, writer
from autod.protocol import commands as c
from autod.status.polling import SERIAL, serials

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.client import Pluto
    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.identify.detect import Detected
    from autod.outcomes import Outcome
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Look", "Work", "remember", "remember_loaded", "remembering", "status_of"]

T = TypeVar("T")

_FEW = 16
"""If no more connections than this were loaded, pluto is asked about each of them."""


class Look(msgspec.Struct, frozen=True):
    """A request to pluto. The answer are its replies; lines without `only` may be left out."""

    command: c.Command
    only: bytes | None = None


class Work(msgspec.Struct, frozen=True):
    """A function that may ask the resolver, so it runs in a thread. The answer is its result."""

    work: Callable[[], object]


Asks: TypeAlias = Generator[Look | Work, Any, T]


async def remember_loaded(
    pluto: Pluto,
    configuration: Configuration,
    outcomes: Mapping[str, Outcome],
    sent: Mapping[str, Sent] | None,
    *,
    whole: bool = False,
) -> None:
    """Record the connections that were loaded by the words of `outcomes`. `sent` are their digests, if they are known.
    Raises the errors of a request to `pluto`."""
    words = [word for word, outcome in outcomes.items() if outcome.ok]
    names = {connection.name for word in choose(configuration, words) for connection in word.connections}
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
    """As `remembering`. Raises the errors of a request to `pluto`."""
    await _asked(
        pluto,
        remembering(
            configuration, pluto.path, pluto.detected, loaded=loaded, gone=gone, whole=whole, sent=sent
        ),
    )


async def status_of(pluto: Pluto, names: Collection[str]) -> Sequence[Reply]:
    """pluto's status of these connections, and before 5.0 of all."""
    return await _asked(pluto, _status_of(pluto.release, names))


async def _asked(pluto: Pluto, asks: Asks[T]) -> T:
    import trio

    answer: object = None
    while True:
        try:
            ask = asks.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(ask, Look):
            answer = await pluto.replies(ask.command)
        else:
            answer = await trio.to_thread.run_sync(ask.work)


def remembering(
    configuration: Configuration,
    socket: str,
    detected: Detected,
    *,
    loaded: Collection[str],
    gone: Collection[str] = (),
    whole: bool,
    sent: Mapping[str, Sent] | None = None,
) -> Asks[None]:
    """Record the digests of the connections in `loaded`, and the names that belong to this file.

    `socket` is that of the pluto which was `detected`. `whole`: the whole file was loaded; else only the connections in
    `loaded`. `gone`: names that no longer belong to the file.
    """
    record = record_of(configuration, socket, detected.pluto)
    ours = list(wanted(configuration, () if whole else loaded)) if whole or loaded else []
    if loaded:
        noted = [connection for connection in ours if connection.name in loaded] if whole else ours
        record.note(
            (yield from _loads(configuration, detected.release, loaded, noted, whole=whole, sent=sent))
        )
    names = {connection.name: connection.place.file for connection in ours}
    record.remember(names, forget=set(gone) - names.keys())


def _loads(
    configuration: Configuration,
    release: Release,
    names: Collection[str],
    ours: Sequence[ConfiguredConnection],
    *,
    whole: bool,
    sent: Mapping[str, Sent] | None,
) -> Asks[dict[str, Load]]:
    replies = yield from _status_of(release, names, SERIAL)
    if not replies:
        return {}
    if sent is None:
        sent = yield Work(
            functools.partial(digests, configuration, frozenset(names), around=Machine(None), last=whole)
        )
    of = serials(replies)
    by = writer(configuration)
    return {
        part: Load(of[part], digest, auto(connection), by)
        for connection in ours
        for part, digest in sent.get(connection.name, {}).items()
        if part in of
    }


def _status_of(release: Release, names: Collection[str], only: bytes | None = None) -> Asks[Sequence[Reply]]:
    if release.at_least(5, 0) and len(names) <= _FEW:
        replies: list[Reply] = []
        for name in names:
            replies += yield Look(c.ConnectionStatus(name), only)
        return replies
    status: Sequence[Reply] = yield Look(c.Status(), only)
    return status
