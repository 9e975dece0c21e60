"""Loads connections of a configuration into pluto, and says for each what became of it.

Owns: planning ahead of sending, and the order of the messages of one connection. Must not know: what a reply means
(autod.events), how files are read.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from autod.config.check import remarks
from autod.config.choose import choose
from autod.config.halt import halts
from autod.config.routes import System
from autod.errors import BadString, ConfigurationError, PlutoGone
from autod.exchange.relay import Relayed
from autod.loading.burst import Unreachable, open_line
from autod.loading.result import Loaded
from autod.protocol.connection import Planner
from autod.protocol.connection.rules import rules
from autod.protocol.encode import Packer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.config.choose import Chosen
    from autod.config.model import Connection
    from autod.config.reader import Configuration
    from autod.exchange.control import Control
    from autod.loading.burst import Line
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.replies import Reply

__all__ = ["load_native"]

_BURST: Final = 20
"""Connections of one burst: telling their news takes as long as pluto needs for those that wait."""

_AHEAD: Final = 4
"""Messages that wait in pluto's backlog (5) while it works on one, so that it never waits for us: also between two
bursts, when the news are told."""

_LONGEST: Final = 0.5
"""Seconds after which a burst ends early: looking up a peer's name may take that long, a busy pluto too."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """One connection, encoded: groups of (name in pluto, message). `complaints` if nothing of it can be sent."""

    groups: tuple[tuple[tuple[str, bytes], ...], ...]
    complaints: tuple[str, ...]
    names: tuple[str, ...] = ()


async def load_native(
    names: Sequence[str],
    *,
    configuration: Configuration,
    control: Control,
    on_reply: Callable[[str | None, Reply], None] | None = None,
    on_loaded: Callable[[Loaded], None] | None = None,
    lookup: Lookup | None = None,
) -> tuple[Loaded, ...]:
    """Loads what `names` mean (names, aliases, patterns), in their order, each connection once.

    The counterpart of `addconn.load`, with the same messages and the same result: one `Loaded` a word. What
    cannot be sent has no messages but complaints. `on_loaded` gets each of the results as soon as it is there, in
    their order. `lookup` answers about routes and names, this machine if None.

    Errors: ConfigurationError where the release's addconn would refuse the whole file (nothing was sent), PlutoGone
    where pluto was not there for the first message. If it goes away later, what was not sent says so. A cancellation
    leaves pluto at work on the few messages that it has, whose answers are still read; those after them are never
    sent.
    """
    refusal = configuration.refusal
    if refusal is not None:
        raise ConfigurationError(refusal.sentence, where=str(refusal.place or configuration.path))
    chosen = choose(configuration, names)
    work = list({id(one): one for word in chosen for one in word.connections}.values())
    planner = Planner(configuration.rules, System() if lookup is None else lookup)
    sender = _Sender(work, planner, configuration, control)
    loaded: list[Loaded] = []

    def tell() -> None:
        for name, replies in sender.news():
            if on_reply is not None:
                for reply in replies:
                    on_reply(name, reply)
        while len(loaded) < len(chosen) and sender.is_through(chosen[len(loaded)]):
            loaded.append(sender.loaded(chosen[len(loaded)]))
            if on_loaded is not None:
                on_loaded(loaded[-1])

    try:
        while sender.more:
            await sender.first()
            while sender.bursting:
                await trio.to_thread.run_sync(sender.burst, abandon_on_cancel=True)
                tell()
            await trio.to_thread.run_sync(sender.finish, abandon_on_cancel=True)
            tell()
    except PlutoGone as gone:
        if not sender.any_sent:
            raise
        sender.give_up(gone)
    finally:
        sender.stopped = True
        if sender.waiting:
            # Cancelled: whatever pluto does, nobody waits for it, but it is not left with what nobody reads.
            trio.lowlevel.start_thread_soon(sender.finish, lambda _: None)
    tell()
    return tuple(loaded)


def _ready(connection: Connection, planner: Planner, packer: Packer) -> _Ready:
    plan = planner.plan(
        connection.name, connection.layers, failed=connection.failed, partial=connection.partial
    )
    complaints = tuple(str(one) for one in (*connection.diagnostics, *remarks(connection, plan)))
    if plan.failed or not plan.groups:
        return _Ready((), complaints)
    try:
        groups = tuple(
            tuple((one.name, packer.pack(one.members, one.settings)) for one in group)
            for group in plan.groups
        )
    except BadString as error:
        return _Ready((), (f"{connection.place}: {error}",))
    return _Ready(groups, complaints, plan.names)


@dataclass(slots=True)
class _Doing:
    """One connection while it is sent."""

    names: list[str]
    sent: list[Relayed]
    complaints: tuple[str, ...]
    through: bool = False
    """pluto has answered all that it is sent."""


class _Sender:
    """The connections that are to be sent, in order, and what became of those that were.

    The first message goes through `control`, which knows whether it is the right pluto that listens; the others go
    in bursts, in a thread, as long as it stays the same process. Only one of the two is at work at a time.
    """

    def __init__(
        self, work: list[Connection], planner: Planner, configuration: Configuration, control: Control
    ) -> None:
        self._work = work
        self._planner = planner
        self._packer = Packer(configuration.release)
        self._configuration = configuration
        self._control = control
        self._at = 0
        self._next: _Ready | None = None
        self._done: dict[int, _Doing] = {}
        self._news: list[tuple[str, tuple[Reply, ...]]] = []
        self._under_way: deque[tuple[_Doing, str, bytes, socket.socket]] = deque()
        self._working = threading.Lock()
        self.line: Line | None = None
        self.any_sent = False
        self.stopped = False
        """Nothing more is to be sent, also by a burst that is under way in its thread."""

    @property
    def more(self) -> bool:
        """Whether a connection is left."""
        return self._at < len(self._work)

    @property
    def waiting(self) -> bool:
        """Whether pluto has something whose answer nobody read yet."""
        return bool(self._under_way)

    @property
    def bursting(self) -> bool:
        """Whether the next connection can go in a burst."""
        return self.more and self.line is not None

    def news(self) -> list[tuple[str, tuple[Reply, ...]]]:
        """Replies that nobody was told of yet, each with the connection's name in pluto."""
        news, self._news = self._news, []
        return news

    def _prepare(self) -> None:
        """Have the next connection's messages ready."""
        if self._next is None and self.more:
            self._next = _ready(self._work[self._at], self._planner, self._packer)

    def _take(self) -> tuple[Connection, _Ready]:
        self._prepare()
        assert self._next is not None
        connection, ready = self._work[self._at], self._next
        self._at += 1
        self._next = None
        return connection, ready

    async def first(self) -> None:
        """Send one connection through `control`."""
        await trio.to_thread.run_sync(self._prepare)
        connection, ready = self._take()
        doing = self._begin(connection, ready)
        for group in ready.groups:
            for name, message in group:
                replies: list[Reply] = []
                ending = await self._control.exchange(message, replies.extend)
                if self._note(
                    doing, name, Relayed(message, tuple(replies), ending), first=name == group[0][0]
                ):
                    break
            if self._halted(doing):
                break
        doing.through = True
        if ready.groups:
            self.line = open_line(self._control, self._configuration.release.codes)

    def burst(self) -> None:
        """Send some connections, until `stopped`. Runs in a thread.

        Where a connection is one message, the next ones are sent before pluto's answer to it is read: pluto never
        waits for us, and does one after the other all the same. The last ones are left to the next burst, or to
        `finish`.
        """
        line = self.line
        assert line is not None
        until = time.monotonic() + _LONGEST
        with self._working:
            for _ in range(_BURST):
                if not self.more or self.stopped or time.monotonic() > until:
                    break
                connection, ready = self._take()
                doing = self._begin(connection, ready)
                try:
                    if len(ready.groups) == 1 and len(ready.groups[0]) == 1:
                        name, message = ready.groups[0][0]
                        self._under_way.append((doing, name, message, line.send(message)))
                    else:
                        self._drain(line)
                        self._send(line, doing, ready)
                        doing.through = True
                except Unreachable:
                    # What is wrong there is for `control` to find out: this connection is tried again.
                    self.line = None
                    doing.through = True
                    if not doing.sent:
                        del self._done[id(connection)]
                        self._at -= 1
                        self._next = ready
                    break
                self._prepare()
                self._drain(line, leave=_AHEAD)
            if self.stopped or self.line is None:
                self._drain(line)

    def finish(self) -> None:
        """Read what pluto has still to say. Runs in a thread."""
        with self._working:
            if self.line is not None:
                self._drain(self.line)

    def _drain(self, line: Line, *, leave: int = 0) -> None:
        while len(self._under_way) > leave:
            doing, name, message, sock = self._under_way.popleft()
            self._note(doing, name, Relayed(message, *line.drain(sock)), first=True)
            doing.through = True

    def _send(self, line: Line, doing: _Doing, ready: _Ready) -> None:
        for group in ready.groups:
            for at, (name, message) in enumerate(group):
                if self.stopped:
                    return
                relayed = Relayed(message, *line.drain(line.send(message)))
                if self._note(doing, name, relayed, first=at == 0):
                    break
            if self._halted(doing):
                break

    def _begin(self, connection: Connection, ready: _Ready) -> _Doing:
        # From 5.0 on one message makes pluto load all pairs of subnets=.
        names = [] if rules(self._configuration.rules).pairs else list(ready.names)
        doing = self._done[id(connection)] = _Doing(names, [], ready.complaints)
        return doing

    def _note(self, doing: _Doing, name: str, relayed: Relayed, *, first: bool) -> bool:
        """Keep what pluto said. True if the rest of the group is not sent."""
        self.any_sent = True
        if rules(self._configuration.rules).pairs:
            doing.names.append(name)
        doing.sent.append(relayed)
        self._news.append((name, relayed.replies))
        return first and self._halted(doing)

    def _halted(self, doing: _Doing) -> bool:
        return halts(doing.sent[-1].replies, self._configuration.rules)

    def give_up(self, gone: PlutoGone) -> None:
        """pluto went away: what was not sent was not sent because of that."""
        for connection in self._work:
            doing = self._done.get(id(connection))
            if doing is None or not (doing.sent or doing.complaints):
                doing = self._done[id(connection)] = _Doing([], [Relayed(b"", (), None, gone)], (str(gone),))
            doing.through = True

    def is_through(self, word: Chosen) -> bool:
        """Whether it is known what became of all connections of a word."""
        done = [self._done.get(id(one)) for one in word.connections]
        return all(one is not None and one.through for one in done)

    def loaded(self, word: Chosen) -> Loaded:
        """What became of one word."""
        if not word.connections:
            return Loaded(
                word.asked,
                (),
                (),
                (f"conn {word.asked!r}: not found (tried aliases and patterns)",),
                unknown=True,
            )
        done = [self._done[id(one)] for one in word.connections]
        return Loaded(
            word.asked,
            tuple(dict.fromkeys(name for one in done if one.sent for name in one.names)),
            tuple(relayed for one in done for relayed in one.sent),
            tuple(line for one in done for line in one.complaints),
        )
