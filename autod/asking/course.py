"""The course of one operation: look before, ask, find pluto again, look after; to its outcome.

Owns: the order of these, and what each deadline bounds. Must not know: sockets, trio, how an ask is carried out
(autod.client and autod.exchange.blocking do), what lines mean (autod.recognise), how an outcome follows from events
(autod.judging), what is dangerous (autod.asking.guards).

Every operation ends: by pluto, or by its deadline. A deadline, like a cancellation, ends the waiting and nothing in
pluto, which goes on with what it was sent. What was not sent yet is never sent then, and the outcome says so.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from autod.asking.asks import GivenUp, Send
from autod.asking.guards import look_before
from autod.asking.looks import ask_and_read, exchange, look_at_members
from autod.errors import DeadlinePassed, WhackError
from autod.judging.judge import Judge
from autod.judging.resolve import is_unknown, settled, stands_for_others, undecided
from autod.operations import of_command
from autod.outcomes import gather
from autod.protocol import commands as c
from autod.protocol.codes import REFUSALS
from autod.protocol.exchange import Ending
from autod.recognise import recognise

if TYPE_CHECKING:
    from autod.asking.asks import Asked, Course
    from autod.asking.request import Request, Sink
    from autod.events import Event
    from autod.exchange.control import Pending
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["holds_descriptor", "lets_go", "operate", "settle"]

_LINGER = 2.0
"""Seconds that a stream may stay open after its outcome is known. 5.2 leaves it open for ever after some failures."""

_LOOK = 2.0
"""Seconds for a look at pluto's state after an exchange that did not say how it ended."""

_LOOK_AT_SILENT = 0.5
"""The same, where pluto said nothing before the deadline: it is busy or stopped, and a look that is answered at all
takes a millisecond."""


def holds_descriptor(command: c.Command) -> bool:
    """Whether pluto keeps a descriptor for `command` until a negotiation is over."""
    return of_command(type(command).__name__).holds_descriptor


def lets_go(command: c.Command) -> bool:
    """Whether pluto closes the descriptors that it holds for a connection when `command` has succeeded."""
    row = of_command(type(command).__name__)
    return row.leaves == "down" or row.name in ("down-ike", "down-child", "delete-ike", "delete-child")


def operate(
    pluto: Asked, request: Request, sink: Sink | None = None, pending: Pending | None = None
) -> Course[Outcome]:
    """Run a request to its outcome; each event goes to `sink` as it comes. `pending`: its message was sent already.

    Raises what is raised where nothing can be sent: NoSocket, NotPermitted, Unsupported, BadString. GivenUp, thrown
    in, comes to an outcome.
    """
    started = time.time()
    deadline = pluto.now() + request.timeout if request.timeout is not None else float("inf")
    if pending is None:
        try:
            refused = yield from look_before(pluto, request, deadline)
        except GivenUp:
            return _judge(request, started).end(Ending.WITHDRAWN, at=time.time())
        if refused is not None:
            return msgspec.structs.replace(refused, started=started)
    return (yield from _Watched(pluto, request, sink, started).course(deadline, pending))


class _Watched:
    """The exchange of one request, and the judge that follows it, who is not there before there is something to judge:
    thousands of these may wait for their turn."""

    __slots__ = ("_drained", "_heard", "_judging", "_pluto", "_request", "_send", "_sink", "_started")

    def __init__(self, pluto: Asked, request: Request, sink: Sink | None, started: float) -> None:
        self._pluto = pluto
        self._request = request
        self._sink = sink
        self._started = started
        self._judging: Judge | None = None
        self._drained: list[tuple[float, Reply]] | None = None
        self._heard = False

    @property
    def _judge(self) -> Judge:
        if self._judging is None:
            self._judging = _judge(self._request, self._started)
        return self._judging

    def course(self, deadline: float, pending: Pending | None) -> Course[Outcome]:
        request = self._request
        send = Send(
            self._drain if request.listing else self._follow,
            deadline,
            answers=request.answers,
            holds_descriptor=holds_descriptor(request.command),
            holder=request.name or "",
            pending=pending,
            sent=pending is not None,
        )
        self._send = send
        try:
            ending = yield from exchange(self._pluto, request.command, send)
        except GivenUp:
            ending = Ending.CANCELLED if send.sent else Ending.WITHDRAWN
            return self._outcome(ending)
        except DeadlinePassed:
            # While pluto was found again.
            ending = Ending.UNSENT
        is_open = self._judge.stands_for_several and not self._judge.is_decided
        if is_open and request.operation == "up" and ending is Ending.EOF:
            try:
                members = yield from look_at_members(self._pluto, self._pluto.now() + _LOOK)
            except (GivenUp, WhackError):
                pass
            else:
                self._judge.know(members.of(request.name or "") or ())
        outcome = self._outcome(ending)
        if outcome.needs_state and ending not in (Ending.GONE, Ending.UNSENT):
            patience = _LOOK if self._heard or ending is Ending.EOF else _LOOK_AT_SILENT
            try:
                outcome = yield from settle(self._pluto, outcome, patience)
                if outcome.operation == "down" and outcome.ok and not self._pluto.release.at_least(5):
                    outcome = yield from self._down_by_networks(outcome, self._pluto.now() + patience)
            except GivenUp:
                return outcome
        return outcome

    def _down_by_networks(self, outcome: Outcome, deadline: float) -> Course[Outcome]:
        """Up to 4.15 pluto takes nothing down by the name of a group, and says nothing: what it made for the networks
        of its list is taken down one by one."""
        from autod.status import established

        name = outcome.connection or ""
        try:
            up = established((yield from ask_and_read(self._pluto, c.TrafficStatus(), deadline)))
            # So the connections of a group are called, and others may be.
            if not any(label.startswith(f"{name}#") for label in up):
                return outcome
            members = yield from look_at_members(self._pluto, deadline)
        except WhackError:
            return undecided(outcome)
        if members.kind(name) != "group":
            return outcome
        outcomes: list[Outcome] = []
        for member in up.intersection(members.of(name)):
            member_outcome = yield from operate(self._pluto, self._request.named(member), self._sink)
            outcomes.append(member_outcome)
        if all(member_outcome.ok for member_outcome in outcomes):
            return msgspec.structs.replace(outcome, members=tuple(outcomes))
        return gather(outcome.operation, name, tuple(outcomes))

    def _outcome(self, ending: Ending) -> Outcome:
        for at, reply in self._drained or ():
            if reply.code in REFUSALS or "no connection" in reply.text or "no such connection" in reply.text:
                self._judge.see(recognise(reply, time=at))
        decided = self._judge.decided if ending in (Ending.DEADLINE, Ending.CANCELLED) else None
        return decided or self._judge.end(ending, at=time.time())

    def _drain(self, replies: list[Reply]) -> None:
        """Of a listing: recognised when somebody looks at it."""
        self._heard = True
        now = time.time()
        if self._drained is None:
            self._drained = []
        for reply in replies:
            self._drained.append((now, reply))
            if self._sink is not None:
                self._sink(partial(recognise, reply, time=now))

    def _follow(self, replies: list[Reply]) -> None:
        self._heard = True
        now = time.time()
        for reply in replies:
            event = recognise(reply, time=now)
            self._judge.see(event)
            if self._sink is not None:
                self._sink(partial(_same, event))
        at = self._pluto.now()
        if self._send.deadline - at > _LINGER and self._judge.is_decided:
            self._send.deadline = at + _LINGER


def settle(pluto: Asked, outcome: Outcome, patience: float = _LOOK) -> Course[Outcome]:
    """Look at pluto's state where its lines did not say how it ended; if there is no answer in `patience` seconds,
    silence is not taken for success."""
    if outcome.connection is None or outcome.operation not in ("up", "down"):
        return outcome
    deadline, members = pluto.now() + patience, tuple(member.connection or "" for member in outcome.members)
    try:
        if not members:
            replies = yield from ask_and_read(pluto, c.TrafficStatus(outcome.connection), deadline)
            if not (is_unknown(replies) or stands_for_others(outcome.connection, replies)):
                return settled(outcome, replies)
            if outcome.operation == "down" and outcome.ok and not pluto.release.at_least(5):
                # Up to 4.15 a down says something of each connection that the name stands for: here there is none.
                return settled(outcome, replies)
            members = (yield from look_at_members(pluto, deadline)).of(outcome.connection)
            if not members:
                return settled(outcome, replies)
        replies = yield from ask_and_read(pluto, c.TrafficStatus(), deadline)
    except WhackError:
        return undecided(outcome) if outcome.ok else outcome
    return settled(outcome, replies, members)


def _judge(request: Request, started: float) -> Judge:
    return Judge(
        request.operation,
        request.name,
        members=request.members,
        asynchronous=request.asynchronous,
        started=started,
    )


def _same(event: Event) -> Event:
    return event
