"""Loads connections of a configuration into pluto, and says for each what became of it.

Owns: planning ahead of sending, and the order of the messages of one connection. Must not know: what a reply means
(autod.events), how files are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from autod.addconn import Loaded
from autod.config.check import remarks
from autod.config.choose import choose
from autod.config.halt import halts
from autod.config.routes import System
from autod.errors import BadString, ConfigurationError, PlutoGone, WhackError
from autod.relay import Relayed
from protocol.connection import Planner
from protocol.encode import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.config.choose import Chosen
    from autod.config.model import Connection
    from autod.config.reader import Configuration
    from autod.control import Control
    from protocol.connection.lookup import Lookup
    from protocol.replies import Reply

__all__ = ["load_native"]

_BATCH: Final = 64
"""Connections that are planned at once, in a thread: some 10 ms of work, so that neither waits for the other."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """One connection, encoded: groups of (name in pluto, message). `complaints` if nothing of it can be sent."""

    groups: tuple[tuple[tuple[str, bytes], ...], ...]
    complaints: tuple[str, ...]


async def load_native(
    names: Sequence[str],
    *,
    configuration: Configuration,
    control: Control,
    on_reply: Callable[[str | None, Reply], None] | None = None,
    lookup: Lookup | None = None,
) -> tuple[Loaded, ...]:
    """Loads what `names` mean (names, aliases, patterns), in their order, each connection once.

    The counterpart of `autod.addconn.load`, with the same messages and the same result: one `Loaded` a word. What
    cannot be sent has no messages but complaints. `lookup` answers about routes and names, this machine if None.

    Errors: ConfigurationError where the release's addconn would refuse the whole file (nothing was sent), PlutoGone
    where pluto was not there for the first message. If it goes away later, what was not sent says so. A cancellation
    leaves pluto at work on the message that it has; those after it are never sent.
    """
    refusal = configuration.refusal
    if refusal is not None:
        raise ConfigurationError(refusal.sentence, where=str(refusal.place or configuration.path))
    chosen = choose(configuration, names)
    work = list({id(one): one for word in chosen for one in word.connections}.values())
    sender = _Sender(configuration, control, on_reply)
    planner = Planner(configuration.rules, System() if lookup is None else lookup)
    ready_in: trio.MemoryReceiveChannel[list[tuple[Connection, _Ready]]]
    ready_out, ready_in = trio.open_memory_channel[list[tuple["Connection", _Ready]]](1)
    async with trio.open_nursery() as nursery, ready_in:
        nursery.start_soon(_plan_all, work, planner, configuration, ready_out)
        async for batch in ready_in:
            for connection, ready in batch:
                await sender.send(connection, ready)
    if sender.gone is not None and not sender.any_sent:
        raise sender.gone
    return tuple(sender.loaded(word) for word in chosen)


async def _plan_all(
    work: list[Connection],
    planner: Planner,
    configuration: Configuration,
    ready: trio.MemorySendChannel[list[tuple[Connection, _Ready]]],
) -> None:
    async with ready:
        for at in range(0, len(work), _BATCH):
            batch = work[at : at + _BATCH]
            planned = await trio.to_thread.run_sync(_plan, batch, planner, configuration)
            await ready.send(planned)


def _plan(
    batch: list[Connection], planner: Planner, configuration: Configuration
) -> list[tuple[Connection, _Ready]]:
    return [(one, _ready(one, planner, configuration)) for one in batch]


def _ready(connection: Connection, planner: Planner, configuration: Configuration) -> _Ready:
    plan = planner.plan(
        connection.name, connection.layers, failed=connection.failed, partial=connection.partial
    )
    complaints = tuple(str(one) for one in (*connection.diagnostics, *remarks(connection, plan)))
    if plan.failed or not plan.groups:
        return _Ready((), complaints)
    try:
        groups = tuple(
            tuple((one.name, pack(configuration.release, one.members, one.settings)) for one in group)
            for group in plan.groups
        )
    except BadString as error:
        return _Ready((), (f"{connection.place}: {error}",))
    return _Ready(groups, complaints)


class _Sender:
    def __init__(
        self,
        configuration: Configuration,
        control: Control,
        on_reply: Callable[[str | None, Reply], None] | None,
    ) -> None:
        self._rules = configuration.rules
        self._control = control
        self._on_reply = on_reply
        self._done: dict[int, tuple[tuple[str, ...], tuple[Relayed, ...], tuple[str, ...]]] = {}
        self.gone: WhackError | None = None
        self.any_sent = False

    async def send(self, connection: Connection, ready: _Ready) -> None:
        """Send the groups of one connection, as far as pluto takes them."""
        sent: list[Relayed] = []
        names: list[str] = []
        for group in ready.groups:
            for at, (name, message) in enumerate(group):
                if self.gone is None:
                    relayed = await self._exchange(name, message)
                else:
                    relayed = Relayed(message, (), None, self.gone)
                sent.append(relayed)
                names.append(name)
                if at == 0 and (relayed.error is not None or halts(relayed.replies, self._rules)):
                    break
            if sent[-1].error is not None or halts(sent[-1].replies, self._rules):
                break
        self._done[id(connection)] = (tuple(dict.fromkeys(names)), tuple(sent), ready.complaints)

    async def _exchange(self, name: str, message: bytes) -> Relayed:
        replies: list[Reply] = []

        def take(new: list[Reply]) -> None:
            replies.extend(new)
            if self._on_reply is not None:
                for reply in new:
                    self._on_reply(name, reply)

        try:
            ending = await self._control.exchange(message, take)
        except PlutoGone as error:
            self.gone = error
            return Relayed(message, tuple(replies), None, error)
        self.any_sent = True
        return Relayed(message, tuple(replies), ending)

    def loaded(self, word: Chosen) -> Loaded:
        """What became of one word."""
        if not word.connections:
            return Loaded(
                word.asked, (), (), (f"conn {word.asked!r}: not found (tried aliases and patterns)",)
            )
        done = [self._done[id(one)] for one in word.connections]
        return Loaded(
            word.asked,
            tuple(name for names, _, _ in done for name in names),
            tuple(one for _, sent, _ in done for one in sent),
            tuple(line for _, _, complaints in done for line in complaints),
        )
