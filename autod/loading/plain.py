"""Loading many connections without an event loop, as long as there is nothing unusual.

Owns: sending ahead and reading, in this thread, and when to stop. `Begun` tells how far it came, and `NativeLoader`
goes on from there. Must not know: what an unusual answer means, deadlines, output.

Of 5,000 connections mostly all are loaded, and pluto's answers differ only in the name. An event loop, an outcome for
each and the books of a run cost four times as much as sending and reading. So they begin only when they are needed:
pluto answers something else, or nothing; a connection needs more than one message; a signal comes.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from autod.config.digests import Sent
from autod.exchange.sending import AHEAD, Sending
from autod.judging.answer import judge_answer
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
"""Seconds in which pluto must answer something: it takes 0.2 ms for each connection."""

_LEFT: Final = 3
"""Messages that pluto has still to answer when the next ones are sent: it takes longer for these than that takes."""

_UNUSUAL: Final = 0.5
"""Seconds after an unusual answer in which connections are still sent, before the caller learns of it."""

_NOBODY: Final = b'"\0"'
"""Stands in the place of the name. Of two answers that are the same then, neither has the name anywhere else."""

_KEPT: Final = 256
"""Answers that are remembered."""

_ROUND: Final = 32
"""Answers that are checked together."""


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A connection that was sent, and pluto's whole answer. Times in UNIX seconds."""

    connection: ConfiguredConnection
    data: bytes
    ending: Ending
    started: float
    ended: float


class Begun(msgspec.Struct):
    """How far loading came. `flight` are the requests that pluto has not yet answered, in order; the caller must read
    or drop them. `sent` are the digests of the messages that were sent."""

    configuration: Configuration
    sent: dict[str, Sent]
    waiting: int = 0
    """Connections that were not sent."""
    unknown: bool = False
    """Whether a name is not in the configuration: somebody is to be told."""
    answered: list[Answered] = []
    flight: deque[tuple[ConfiguredConnection, Pending]] = msgspec.field(default_factory=deque)
    unusual: float | None = None
    """When the first unusual answer came (time.monotonic); None if there was none."""

    @property
    def is_done(self) -> bool:
        """Whether all are loaded, and there is nothing to report about any of them."""
        return not (self.waiting or self.flight or self.unknown) and self.unusual is None


def begin(
    path: str,
    detected: Detected,
    configuration: Configuration,
    names: Sequence[str],
    *,
    autoall: bool,
    stopped: Callable[[], bool] = lambda: False,
) -> Begun:
    """Send the messages that load `names`, each connection once, until something is unusual or `stopped()` is true.

    Blocks. `path` is the socket of the pluto that was `detected`, whose release is the configuration's. After an
    exception pluto still works on the few messages that it has.
    """
    sent: dict[str, Sent] = {}
    words = chosen(configuration, names, autoall=autoall)
    connections = {id(connection): connection for word in words for connection in word.connections}
    begun = Begun(configuration, sent, len(connections), unknown=not all(word.connections for word in words))
    sending = Sending(path, codes=detected.release.codes, seqpacket=detected.seqpacket, pluto=detected.pluto)
    run = _Run(begun, sending, Preparer(configuration, autoall=autoall, sent=sent), _Usual(detected))
    try:
        run.work(connections.values(), stopped)
    except BaseException:
        for _, pending in begun.flight:
            sending.drop(pending)
        raise
    return begun


class _Usual:
    """The usual answers for a connection that is loaded, with a placeholder in the place of the name."""

    def __init__(self, detected: Detected) -> None:
        self._codes = detected.release.codes
        self._known: dict[bytes, bool] = {}

    def covers(self, name: str, data: bytes, ending: Ending) -> bool:
        """Whether the connection was loaded, and there is nothing else to do or to report."""
        if ending is not Ending.EOF:
            return False
        like = data.replace(b'"%b"' % name.encode("utf-8", "surrogateescape"), _NOBODY)
        is_usual = self._known.get(like)
        if is_usual is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            is_usual = self._known[like] = self._is_usual(name, data)
        return is_usual

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
            if len(flight) >= ahead and not self._make_room(max(1, ahead - _LEFT)):
                break
            pending = start(message)
            while pending is None and flight:
                # There is no place in pluto's backlog: so many are enough.
                ahead = max(2, min(ahead, len(flight)))
                if not self._make_room(max(1, ahead - _LEFT)):
                    break
                pending = start(message)
            if pending is None:
                break
            flight.append((connection, pending))
            begun.waiting -= 1
        self._make_room(len(flight))
        self._settle()

    def _prepared(self, connection: ConfiguredConnection) -> bytes | None:
        """The message, if it is only one."""
        try:
            prepared = self._preparer.prepare(connection)
        except MayWait:
            return None
        return prepared.groups[0][0][1] if prepared.groups and prepared.is_plain else None

    def _is_unusual(self) -> bool:
        unusual = self._begun.unusual
        return unusual is not None and time.monotonic() - unusual > _UNUSUAL

    def _make_room(self, count: int) -> bool:
        """Read the first `count` in flight to the end. False if pluto is slow.

        pluto works on one after the other: when the last of them is answered, those before it are answered, too.
        """
        flight, over, read_to_end = self._begun.flight, self._over, self._sending.read
        if count:
            read_to_end(flight[count - 1][1], longest=_PATIENCE)
        for _ in range(count):
            connection, pending = flight[0]
            if not (pending.over or read_to_end(pending, longest=_PATIENCE)):
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
