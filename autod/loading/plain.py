"""Loading many connections without an event loop, as long as all goes as it should.

Owns: sending ahead and reading, in this thread, and when to stop: `Begun` says how far it came, and `NativeLoader`
goes on from there. Must not know: what an unusual answer means, deadlines, what is shown of anything.

Of 5,000 connections mostly all are loaded, and pluto says the same to each but for the name. An event loop, an outcome
for each and the books of a run cost four times what sending and reading does, so they wait until there is something to
do for them: pluto says something else, or nothing; a connection needs more than one message; a signal comes.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config.digests import Sent
from autod.exchange.sending import AHEAD, Sending
from autod.judging.answer import judge_answer
from autod.judging.memo import alike
from autod.loading.preparing import MayWait, Preparer, asks_first, chosen
from autod.protocol.exchange import Ending
from autod.protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.exchange.sending import Pending
    from autod.identify.detect import Detected

__all__ = ["Answered", "Begun", "begin"]

_PATIENCE: Final = 0.5
"""Seconds in which pluto is to say something: it takes 0.2 ms for each."""

_UNUSUAL: Final = 0.5
"""Seconds for which those after an unusual answer are still sent, before somebody hears of it."""

_ROUND: Final = 32
"""Answers that are looked at together."""


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A connection that was sent, and all that pluto said to it. Times in UNIX seconds."""

    connection: ConfiguredConnection
    data: bytes
    ending: Ending
    started: float
    ended: float


class Begun(msgspec.Struct):
    """How far loading came. `flight` is what pluto has not yet answered, in order; who takes it over must read it or
    drop it. `sent` are the digests of what was sent."""

    configuration: Configuration
    sent: dict[str, Sent]
    waiting: int = 0
    """Connections that were not sent."""
    answered: list[Answered] = []
    flight: deque[tuple[ConfiguredConnection, Pending]] = msgspec.field(default_factory=deque)
    unusual: float | None = None
    """When the first answer came that is not the usual one of a connection that was loaded (time.monotonic)."""

    @property
    def is_done(self) -> bool:
        """Whether all are loaded, and nothing is to be said of any."""
        return not self.waiting and not self.flight and self.unusual is None


def begin(
    path: str,
    detected: Detected,
    configuration: Configuration,
    names: Sequence[str],
    *,
    autoall: bool,
    stopped: Callable[[], bool] = lambda: False,
) -> Begun:
    """Send what loads `names`, each connection once, until there is something unusual or `stopped` is so.

    Blocks; `path` is the socket of the pluto that was `detected`, whose release is the configuration's. An exception
    leaves pluto at work on the few messages that it has.
    """
    sent: dict[str, Sent] = {}
    wanted = {
        id(one): one for word in chosen(configuration, names, autoall=autoall) for one in word.connections
    }
    begun = Begun(configuration, sent, len(wanted))
    sending = Sending(path, codes=detected.release.codes, seqpacket=detected.seqpacket, pluto=detected.pluto)
    run = _Run(begun, sending, Preparer(configuration, autoall=autoall, sent=sent), _Usual(detected))
    try:
        run.work(wanted.values(), stopped)
    except BaseException:
        for _, pending in begun.flight:
            sending.drop(pending)
        raise
    return begun


class _Usual:
    """The answers that a connection gets that is loaded, with nobody's name in them."""

    def __init__(self, detected: Detected) -> None:
        self._codes = detected.release.codes
        self._known: dict[bytes, bool] = {}

    def covers(self, name: str, data: bytes, ending: Ending) -> bool:
        """Whether it was loaded, and nothing else is to be done or said."""
        if ending is not Ending.EOF:
            return False
        like = alike(name, data)
        if like is None:
            return self._is_usual(name, data)
        known = self._known.get(like)
        if known is None:
            known = self._known[like] = self._is_usual(name, data)
        return known

    def _is_usual(self, name: str, data: bytes) -> bool:
        decoder = ReplyDecoder(self._codes)
        replies = [*decoder.feed(data), *decoder.close()]
        now = time.time()
        _, outcome = judge_answer("add", name, replies, Ending.EOF, started=now, ended=now)
        return outcome.ok and not outcome.needs_state


class _Run:
    def __init__(self, begun: Begun, sending: Sending, preparer: Preparer, usual: _Usual) -> None:
        self._begun = begun
        self._sending = sending
        self._preparer = preparer
        self._usual = usual
        self._over: list[tuple[ConfiguredConnection, Pending, float]] = []

    def work(self, connections: Iterable[ConfiguredConnection], stopped: Callable[[], bool]) -> None:
        begun, flight = self._begun, self._begun.flight
        message_of, start = self._preparer.message, self._sending.start
        ahead = AHEAD
        for connection in connections:
            if asks_first(connection) or stopped() or self._is_unusual():
                break
            message = message_of(connection) or self._prepared(connection)
            if message is None:
                break
            if len(flight) >= ahead and not self._make_room(ahead // 2):
                break
            pending = start(message)
            while pending is None and flight:
                # There is no place in pluto's backlog: so many are enough.
                ahead = max(2, min(ahead, len(flight)))
                if not self._make_room(max(1, ahead // 2)):
                    break
                pending = start(message)
            if pending is None:
                break
            flight.append((connection, pending))
            begun.waiting -= 1
        self._make_room(len(flight))
        self._settle()

    def _prepared(self, connection: ConfiguredConnection) -> bytes | None:
        """The message, where it is one alone."""
        try:
            prepared = self._preparer.prepare(connection)
        except MayWait:
            return None
        return prepared.groups[0][0][1] if prepared.groups and prepared.is_plain else None

    def _is_unusual(self) -> bool:
        unusual = self._begun.unusual
        return unusual is not None and time.monotonic() - unusual > _UNUSUAL

    def _make_room(self, count: int) -> bool:
        """Read the first `count` in flight to the end. False: pluto takes its time.

        It does one after the other: when the last of them is answered, so are those before it.
        """
        flight, over, read = self._begun.flight, self._over, self._sending.read
        if count:
            read(flight[count - 1][1], longest=_PATIENCE)
        for _ in range(count):
            connection, pending = flight[0]
            if not (pending.over or read(pending, longest=_PATIENCE)):
                return False
            over.append((connection, pending, time.time()))
            flight.popleft()
        if len(over) >= _ROUND:
            self._settle()
        return True

    def _settle(self) -> None:
        begun, usual = self._begun, self._usual
        over, self._over = self._over, []
        endings = self._sending.finish([pending for _, pending, _ in over])
        for (connection, pending, ended), ending in zip(over, endings, strict=True):
            data = pending.exchange.undecoded
            begun.answered.append(Answered(connection, data, ending, pending.at, ended))
            if not usual.covers(connection.name, data, ending) and begun.unusual is None:
                begun.unusual = time.monotonic()
