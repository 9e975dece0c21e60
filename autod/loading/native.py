"""Loads connections of a configuration into pluto by messages of our own, with an outcome for each.

Owns: planning ahead of sending, the order of the messages of one connection, and how many requests wait at pluto. Must
not know: what a reply means (autod.recognise), how files are read (autod.config).

If a connection needs only one message, the next ones are sent before pluto's answer to it is read (AHEAD of
autod.exchange.control): pluto never waits for us, and still works on one after the other. If a connection needs
several messages, pluto's answer to one decides whether the next is sent.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from autod.asking.guards import may_load, with_ikev1_sa
from autod.asking.request import Request
from autod.config.halt import halts
from autod.errors import NOT_LOADED, ConfigurationError, no_answer
from autod.events import Complaint
from autod.exchange.control import AHEAD
from autod.exchange.relay import Relayed
from autod.loading.groups import no_group
from autod.loading.preparing import MayWait, Prepared, Preparer, asks_first, chosen
from autod.loading.result import Transcript, outcome_of
from autod.outcomes import gather
from autod.protocol.check import check_release
from autod.protocol.commands import AddConnection, Listen, Route
from autod.protocol.connection.rules import rules
from autod.protocol.errors import Unsupported
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.client import Pluto
    from autod.config.choose import Chosen
    from autod.config.digests import Sent
    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.events import Event
    from autod.exchange.control import Pending
    from autod.loading.groups import Catches
    from autod.loading.interface import Hear, Told
    from autod.loading.plain import Answered, Begun
    from autod.outcomes import Outcome
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["NativeLoader"]

_SOON: Final = 0.05
"""Seconds for the next answer, until those before it are reported: each report looks whether pluto lives, which costs
more than an answer."""

_ROUND: Final = 32
"""Connections between two turns of the event loop: about 5 ms."""


class NativeLoader:
    """Loads into `pluto` the configuration that `read` returns for its release. It is read once, and again if another
    release listens later.

    `lookup` answers about routes and names, this machine if None. `autoall`: as addconn --autoall does, which also
    sends connections with a fault (unless it gives up before it comes to auto=), and of several sections of one name
    leaves the last in pluto. `notes`: `sent` is kept. `begun`: how far the loading of these came without an event loop;
    the first `load` goes on from there.

    `catches` tells of a group connection that it will be routed. It is then routed at once, because the packets of its
    networks leave in clear until pluto has made their connections. pluto's answer to that is not reported:
    route_group() asks again, and looks.
    """

    def __init__(
        self,
        pluto: Pluto,
        read: Callable[[Release], Configuration],
        *,
        lookup: Lookup | None = None,
        autoall: bool = False,
        notes: bool = False,
        catches: Catches = no_group,
        begun: Begun | None = None,
    ) -> None:
        self._pluto = pluto
        self._read = read
        self._begun = begun
        self._lookup = lookup
        self._autoall = autoall
        self._catches = catches
        self.sent: dict[str, Sent] | None = {} if notes else None
        """The digests of the last messages for each connection, by its name in the configuration."""
        if begun is not None and self.sent is not None:
            self.sent |= begun.sent
        self._configuration: Configuration | None = None if begun is None else begun.configuration

    @property
    def configuration(self) -> Configuration | None:
        """The configuration that was read last; None before the first."""
        return self._configuration

    async def check(self) -> None:
        """See `autod.loading.interface.Loader`. ConfigurationError for a file that cannot be used."""
        configuration = self._configuration
        if configuration is None or configuration.release != self._pluto.release:
            configuration = await trio.to_thread.run_sync(self._read, self._pluto.release)
            check_release(
                configuration.release, self._pluto.release, what=f"{configuration.path}, as it was read,"
            )
            self._configuration = configuration
        refusal = configuration.refusal
        if refusal is not None:
            raise ConfigurationError(refusal.sentence, where=str(refusal.place or configuration.path))

    async def load(
        self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None = None
    ) -> None:
        """See `autod.loading.interface.Loader`. Patterns count as names, too."""
        pluto = self._pluto
        await self.check()
        assert self._configuration is not None
        with trio.CancelScope() as scope:

            def heard() -> None:
                if timeout is not None:
                    scope.deadline = trio.current_time() + timeout

            run = _Run(
                pluto,
                self._configuration,
                names,
                self._lookup,
                hear,
                told,
                heard,
                autoall=self._autoall,
                sent=self.sent,
                catches=self._catches,
            )
            if self._begun is not None:
                begun, self._begun = self._begun, None
                run.go_on(begun)
            await run.work()
        if scope.cancelled_caught:
            raise no_answer(pluto.path, timeout, "a load", NOT_LOADED)


@dataclass(slots=True)
class _Work:
    """One connection of the configuration, and the words that asked for it."""

    connection: ConfiguredConnection
    words: list[_Word] = field(default_factory=list)
    outcome: Outcome | None = None


@dataclass(slots=True)
class _Word:
    """A name from the caller, and the connections that it means."""

    asked: str
    works: list[_Work]


class _Run:
    """One call of load(). `heard` is called when pluto has answered something."""

    def __init__(
        self,
        pluto: Pluto,
        configuration: Configuration,
        names: Sequence[str],
        lookup: Lookup | None,
        hear: Hear,
        told: Told,
        heard: Callable[[], None],
        *,
        autoall: bool,
        sent: dict[str, Sent] | None,
        catches: Catches,
    ) -> None:
        self._catches = catches
        self._caught: list[tuple[_Work, Prepared]] = []
        self._pluto = pluto
        self._pairs = rules(configuration.rules).pairs
        self._rules = configuration.rules
        self._preparer = Preparer(configuration, lookup, autoall=autoall, sent=sent)
        self._hear = hear
        self._told = told
        self._heard = heard
        self._ahead = AHEAD
        self._started = time.time()
        self._flight: deque[tuple[_Work | None, Request, Pending]] = deque()
        self._answered: list[tuple[_Work | None, Request, Pending]] = []
        self._works: dict[int, _Work] = {}
        self._words = [self._word(choice) for choice in chosen(configuration, names, autoall=autoall)]

    def _word(self, choice: Chosen) -> _Word:
        word = _Word(choice.asked, [])
        for connection in choice.connections:
            work = self._works.setdefault(id(connection), _Work(connection))
            work.words.append(word)
            word.works.append(work)
        return word

    def go_on(self, begun: Begun) -> None:
        """Report the connections that pluto has answered, and follow those in flight."""
        for answered in begun.answered:
            work = self._works.pop(id(answered.connection), None)
            if work is not None:
                self._tell(work, *self._answer(answered))
        for connection, pending in begun.flight:
            self._pluto.control.adopt(pending)
            self._flight.append((self._works.pop(id(connection), None), _request(connection.name), pending))

    def _answer(self, answered: Answered) -> tuple[Sequence[Event], Outcome]:
        return self._pluto.judged(
            _request(answered.connection.name),
            answered.data,
            answered.ending,
            started=answered.started,
            ended=answered.ended,
        )

    async def work(self) -> None:
        self._heard()
        for word in self._words:
            if not word.works:
                self._told(word.asked, outcome_of(_unknown(word.asked), started=self._started))
        try:
            endangered: frozenset[str] = frozenset()
            if self._works:
                endangered = await self._pluto.drive(with_ikev1_sa(self._pluto, float("inf")))
            for number, work in enumerate(self._works.values(), 1):
                if asks_first(work.connection) or work.connection.name in endangered:
                    await self._drain()
                    refused = await self._pluto.drive(
                        may_load(self._pluto, work.connection.name, float("inf"))
                    )
                    if refused is not None:
                        self._conclude(work, refused)
                        continue
                if self._catches(work.connection):
                    self._caught.append((work, await self._ready(work.connection)))
                else:
                    await self._catch()
                    message = self._preparer.message(work.connection)
                    if message is not None:
                        await self._ahead_of(work, _request(work.connection.name), message)
                    else:
                        await self._send(work, await self._ready(work.connection))
                if len(self._answered) >= AHEAD:
                    self._settle()
                if number % _ROUND == 0:
                    await trio.lowlevel.checkpoint()
            await self._catch()
            await self._drain()
        finally:
            for _, _, pending in self._flight:
                self._pluto.control.drop(pending)
            self._settle()

    async def _send(self, work: _Work, ready: Prepared) -> None:
        for complaint in ready.complaints if ready.groups else ():
            self._remark(work, complaint)
        if not ready.groups:
            self._conclude(work, outcome_of(_complained(work.connection.name, ready), started=self._started))
        elif ready.is_plain:
            ((name, message),) = ready.groups[0]
            await self._ahead_of(work, _request(name), message)
        else:
            await self._drain()
            await self._one_by_one(work, ready)

    async def _catch(self) -> None:
        """Load the groups that will be routed, and have pluto make the connections of their networks, routed.

        All messages are encoded first, and pluto has all of them before it answers the first, so it works on one right
        after the other.
        """
        caught, self._caught = self._caught, []
        requests = [
            Request("route", Route(work.connection.name), work.connection.name)
            for work, ready in caught
            if ready.groups
        ]
        if requests:
            requests.append(Request("listen", Listen()))
        try:
            messages = [self._pluto.message(request.command) for request in requests]
        except Unsupported:
            # The caller that routes them afterwards gets the error.
            requests, messages = [], []
        for work, ready in caught:
            await self._send(work, ready)
        for request, message in zip(requests, messages, strict=True):
            await self._ahead_of(None, request, message)

    async def _ready(self, connection: ConfiguredConnection) -> Prepared:
        """The connection, encoded, in a thread if a name server must be asked."""
        try:
            return self._preparer.prepare(connection)
        except MayWait:
            return await trio.to_thread.run_sync(partial(self._preparer.prepare, connection, patient=True))

    async def _ahead_of(self, work: _Work | None, request: Request, message: bytes) -> None:
        """Send before the answers to earlier requests are read. `work` None: the answer is not reported."""
        control = self._pluto.control
        if len(self._flight) >= self._ahead:
            await self._make_room(self._ahead // 2)
        pending = control.start(message, patient=True)
        while pending is None and self._flight:
            # There is no place in pluto's backlog: so many are enough.
            self._ahead = max(2, min(self._ahead, len(self._flight)))
            await self._make_room(max(1, self._ahead // 2))
            pending = control.start(message, patient=True)
        if pending is None:
            pending = await control.submit(message)
        self._flight.append((work, request, pending))

    async def _make_room(self, count: int) -> None:
        """Wait until pluto has answered the first `count` in flight.

        pluto works on one after the other: if the last of them is answered, the others are answered, too. If pluto is
        slow, those that were answered are reported while it works on the next.
        """
        control = self._pluto.control
        count = min(count, len(self._flight))
        is_slow = bool(count) and not control.read(self._flight[count - 1][2])
        for _ in range(count):
            pending = self._flight[0][2]
            if is_slow and self._answered:
                with trio.move_on_after(_SOON):
                    await control.read_all(pending)
                if not pending.over:
                    self._settle()
            await control.read_all(pending)
            self._answered.append(self._flight.popleft())
            if is_slow:
                self._heard()
        self._heard()

    def _hear_of(self, work: _Work, event: Event) -> None:
        self._hear(work.words[0].asked, event)

    async def _drain(self) -> None:
        """Read all answers that are still missing."""
        await self._make_room(len(self._flight))
        self._settle()

    def _settle(self) -> None:
        """Report the outcomes of the requests that pluto has answered."""
        answered, self._answered = self._answered, []
        judged = self._pluto.finish([(request, pending) for _, request, pending in answered])
        for (work, _, _), (events, outcome) in zip(answered, judged, strict=True):
            if work is not None:
                self._tell(work, events, outcome)

    def _tell(self, work: _Work, events: Sequence[Event], outcome: Outcome) -> None:
        for event in events:
            self._hear_of(work, event)
        self._conclude(work, outcome)

    async def _one_by_one(self, work: _Work, ready: Prepared) -> None:
        exchanges: list[Relayed] = []
        # From 5.0 on one message makes pluto load all pairs of subnets=.
        names = [] if self._pairs else list(ready.names)
        for group in ready.groups:
            for at, (name, message) in enumerate(group):
                relayed = await self._exchange(work, message)
                self._heard()
                exchanges.append(relayed)
                if self._pairs:
                    names.append(name)
                if at == 0 and halts(relayed.replies, self._rules):
                    break
            if halts(exchanges[-1].replies, self._rules):
                break
        transcript = Transcript(
            work.connection.name, tuple(dict.fromkeys(names)), tuple(exchanges), ready.complaints
        )
        self._conclude(work, outcome_of(transcript, started=self._started))

    async def _exchange(self, work: _Work, message: bytes) -> Relayed:
        replies: list[Reply] = []

        def take(new: list[Reply]) -> None:
            replies.extend(new)
            for reply in new:
                self._hear_of(work, recognise(reply, time=time.time()))

        ending = await self._pluto.control.exchange(message, take)
        return Relayed(message, tuple(replies), ending)

    def _remark(self, work: _Work, text: str) -> None:
        self._hear_of(work, Complaint(time=time.time(), connection=work.connection.name, text=text))

    def _conclude(self, work: _Work, outcome: Outcome) -> None:
        """Take the outcome of one connection, and report each word whose last connection it is."""
        work.outcome = outcome
        for word in work.words:
            outcomes = tuple(member.outcome for member in word.works if member.outcome is not None)
            if len(outcomes) < len(word.works):
                continue
            if len(outcomes) > 1:
                self._told(word.asked, gather("add", word.asked, outcomes))
            elif outcomes[0].connection == word.asked:
                self._told(word.asked, outcomes[0])
            else:
                self._told(word.asked, msgspec.structs.replace(outcomes[0], connection=word.asked))


def _request(name: str) -> Request:
    return Request("add", AddConnection(name), name)


def _unknown(word: str) -> Transcript:
    return Transcript(word, (), (), (f"conn {word!r}: not found (tried aliases and patterns)",), unknown=True)


def _complained(name: str, ready: Prepared) -> Transcript:
    return Transcript(name, (), (), ready.complaints)
