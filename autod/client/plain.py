"""A pluto over plain sockets, for any way of waiting: what autod.sync and autod.aio have in common.

Owns: how the asks of a course are carried out without trio. Everything here is a generator that yields what is to be
waited for (a Wait, or the version of a program), so that a thread and an event loop drive the same code. Must not know:
how anybody waits, the order of an operation's asks (autod.asking.course), how bytes travel (autod.exchange).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from autod.asking.arguments import check_command, check_opening, check_seconds
from autod.asking.asks import Driven, FindAgain, Send
from autod.asking.looks import check_ended, exchange
from autod.asking.methods import Methods
from autod.errors import WhackError, no_answer
from autod.exchange.blocking import Talk, Wait
from autod.exchange.connect import check_path
from autod.identify.detect import AskProgram, Detected, Probed, detection
from autod.metrics import Counters
from autod.protocol.codes import CODES_5_3
from autod.protocol.encode import encode
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from autod.asking.asks import Ask, Course
    from autod.asking.request import Request, Sink
    from autod.identify.binary import Version
    from autod.identify.cache import Known
    from autod.outcomes import Outcome
    from autod.protocol import commands as c
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["PlainPluto", "Steps", "Turn"]

T = TypeVar("T")
R = TypeVar("R")


class Turn(msgspec.Struct, frozen=True):
    """A place among those who talk to pluto at once is wanted, until `until` (time.monotonic).

    `holds`: pluto keeps a descriptor for what follows. PlainPluto.leave gives the place back.
    """

    until: float
    holds: bool


Steps: TypeAlias = Generator[Wait | Turn | AskProgram, Any, T]
"""Yields what is to be waited for. A Wait is answered with nothing, a Turn with whether there is a place, an AskProgram
with its Version or None."""


class PlainPluto(Methods[R]):
    """A pluto, and what is known of it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: str | None,
        *,
        seccomp: bool | None,
        known: Known | None,
        timeout: float | None,
    ) -> None:
        self.path: str = check_opening(path, release, known, timeout)
        check_path(self.path)
        self.timeout = timeout
        self.counters: Counters = Counters()
        """What was asked so far, in figures (autod.metrics)."""
        self.given = release
        """What the caller said of it: the release, how it was built, and where it is remembered."""
        self.seccomp = seccomp
        self.known = known
        self._detected: Detected | None = None

    @property
    def detected(self) -> Detected:
        """What was found out about this pluto."""
        assert self._detected is not None
        return self._detected

    @property
    def release(self) -> Release:
        """The release that listens."""
        return self.detected.release

    def message(self, command: c.Command) -> bytes:
        """The bytes that ask `command` of this release. BadString, Unsupported."""
        return encode(command, self.release)

    def now(self) -> float:
        """The clock of courses."""
        return time.monotonic()

    def leave(self, holds: bool) -> None:
        """Give back the place that a Turn was answered with."""

    def finding(self, deadline: float | None = None) -> Steps[Detected]:
        """Find out which release listens. DeadlinePassed after `timeout`, or at `deadline` (time.monotonic), which the
        program that may be asked for its version (5 s) can overstep."""
        end = deadline if deadline is not None else self.now() + _endless(self.timeout)
        course = detection(self.path, release=self.given, seccomp=self.seccomp, known=self.known)
        answer: Version | Probed | None = None
        while True:
            try:
                question = course.send(answer)
            except StopIteration as done:
                self._detected = done.value
                return self.detected
            if isinstance(question, AskProgram):
                answer = yield question
                continue
            talk = Talk(self.path, codes=CODES_5_3, seqpacket=None, pluto=None)
            ending = yield from talk.steps(question.message, question.read, lambda: end)
            if ending in (Ending.DEADLINE, Ending.UNSENT):
                raise no_answer(self.path, self.timeout if deadline is None else None)
            answer = Probed(ending, talk.pluto, bool(talk.seqpacket))

    def asking(
        self, command: c.Command, timeout: float | None, only: bytes | None = None
    ) -> Steps[tuple[Reply, ...]]:
        """pluto's replies as they are, or `only` those with these bytes. DeadlinePassed, ConnectionLost."""
        check_command(command)
        check_seconds(timeout, "timeout")
        replies: list[Reply] = []
        limit = self.timeout if timeout is None else timeout
        send = Send(replies.extend, self.now() + _endless(limit), only=only)
        ending = yield from self.carrying(exchange(self, command, send))
        check_ended(ending, self.path, command, limit)
        return tuple(replies)

    def performing(
        self, request: Request, sink: Sink | None, given_up: Callable[[Outcome], None] | None = None
    ) -> Steps[Outcome]:
        """Run a request to its outcome; each event goes to `sink` as it comes."""

        from autod.asking.course import operate  # not needed by what only asks: completion is waited for

        def cancelled(outcome: Outcome) -> None:
            self.counters.count(outcome)
            if given_up is not None:
                given_up(outcome)

        self.counters.under_way[request.operation] += 1
        try:
            outcome = yield from self.carrying(operate(self, request, sink), cancelled)
        except WhackError as error:
            self.counters.refuse(request.operation, error)
            raise
        finally:
            self.counters.under_way[request.operation] -= 1
        self.counters.count(outcome)
        return outcome

    def carrying(self, course: Course[T], given_up: Callable[[T], None] | None = None) -> Steps[T]:
        """Carry out what `course` asks for, to what it comes to. An exception that is thrown in from outside gives the
        course up: `given_up` gets what it comes to then."""
        driven = Driven(course, given_up)
        while (ask := driven.ask()) is not None:
            with driven:
                driven.answer = yield from self._carry_out(ask)
        return driven.result

    def _carry_out(self, ask: Ask) -> Steps[object]:
        if isinstance(ask, FindAgain):
            if self._detected is not ask.stale:
                return self.detected  # somebody else found it meanwhile
            return (yield from self.finding(ask.deadline))
        assert ask.command is not None
        if not (yield Turn(ask.deadline, ask.holds_descriptor)):
            return Ending.UNSENT
        detected = self.detected
        talk = Talk(
            self.path, codes=detected.release.codes, seqpacket=detected.seqpacket, pluto=detected.pluto
        )
        try:
            return (
                yield from talk.steps(
                    self.message(ask.command),
                    ask.on_replies,
                    lambda: ask.deadline,
                    answers=ask.answers,
                    holds_descriptor=ask.holds_descriptor,
                    only=ask.only,
                )
            )
        finally:
            ask.sent = talk.sent
            self.leave(ask.holds_descriptor)


def _endless(timeout: float | None) -> float:
    return float("inf") if timeout is None else timeout
