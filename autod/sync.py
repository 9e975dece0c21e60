"""A pluto to talk to from a thread, without an event loop: the methods of autod.Pluto, each of which blocks.

    with autod.sync.open_pluto() as pluto:
        outcome = pluto.up("branch-17", timeout=30)

Owns: the blocking driver of the courses that autod.client drives with trio. Must not know: the order of an operation's
asks (autod.course), how bytes travel (autod.exchange).

One thing at a time: what pluto says is taken as it comes, and nothing else goes on in the thread. For many connections
at once there is autod.bulk. An exception that comes in between (KeyboardInterrupt) ends the waiting and nothing in
pluto.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from autod.arguments import check_seconds
from autod.asking.asks import FindAgain, GivenUp, Send
from autod.asking.looks import exchange
from autod.asking.methods import Methods
from autod.course import operate
from autod.errors import ConnectionLost, DeadlinePassed, WhackError
from autod.exchange.blocking import Talk
from autod.exchange.connect import check_path
from autod.identify.binary import version_of_process_blocking
from autod.identify.detect import AskProgram, Probed, detection
from autod.outcomes import Outcome
from autod.protocol.codes import CODES_5_3
from autod.protocol.encode import encode
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from autod.asking.asks import Ask, Course
    from autod.asking.request import Request, Sink
    from autod.events import Event
    from autod.identify.binary import Version
    from autod.identify.cache import Known
    from autod.identify.detect import Detected
    from autod.protocol import commands as c
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["CONTROL_SOCKET", "TIMEOUT", "Pluto", "open_pluto"]

T = TypeVar("T")

CONTROL_SOCKET = "/run/pluto/pluto.ctl"
"""Where pluto of every release makes its control socket, unless it was told otherwise."""

TIMEOUT = 120.0
"""Seconds until an operation is given up, unless the caller says otherwise (see autod.client)."""


@contextmanager
def open_pluto(
    path: str | os.PathLike[str] = CONTROL_SOCKET,
    release: str | None = None,
    *,
    seccomp: bool | None = None,
    known: Known | None = None,
    timeout: float | None = TIMEOUT,
    on_event: Callable[[Event], None] | None = None,
) -> Iterator[Pluto]:
    """The pluto whose control socket is `path`; arguments and errors are those of autod.open_pluto.

    `on_event` is called with each event of every operation, as it comes; while it runs, pluto's next lines wait, so it
    must not block.
    """
    pluto = Pluto(path, release, seccomp=seccomp, known=known, timeout=timeout, on_event=on_event)
    pluto.find()
    yield pluto


class Pluto(Methods[Outcome]):
    """A pluto, and what may be asked of it: each method blocks until its outcome is known. Made by `open_pluto`.

    May be used by one thread at a time.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: str | None = None,
        *,
        seccomp: bool | None = None,
        known: Known | None = None,
        timeout: float | None = TIMEOUT,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        check_seconds(timeout, "timeout")
        self.path = os.fspath(path)
        check_path(self.path)
        self.timeout = timeout
        self._given = release
        self._seccomp = seccomp
        self._known = known
        self._on_event = on_event
        self._detected: Detected | None = None

    def find(self, deadline: float | None = None) -> Detected:
        """Find out which release listens, again: after pluto was started anew.

        DeadlinePassed after `timeout`, or at `deadline` (time.monotonic), which the program that may be asked for its
        version (5 s) can overstep.
        """
        end = deadline if deadline is not None else self.now() + _seconds(self.timeout)
        course = detection(self.path, release=self._given, seccomp=self._seccomp, known=self._known)
        answer: Version | Probed | None = None
        while True:
            try:
                question = course.send(answer)
            except StopIteration as done:
                self._detected = done.value
                return self.detected
            if isinstance(question, AskProgram):
                answer = version_of_process_blocking(question.pid)
                continue
            talk = Talk(self.path, codes=CODES_5_3, seqpacket=None, pluto=None)
            ending = talk.run(question.message, question.read, lambda: end)
            if ending in (Ending.DEADLINE, Ending.UNSENT):
                raise DeadlinePassed(
                    f"{self.path}: pluto did not answer in time: it is busy or stopped",
                    path=self.path,
                    seconds=self.timeout,
                    option="timeout",
                )
            answer = Probed(ending, talk.pluto, bool(talk.seqpacket))

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

    def replies(self, command: c.Command, *, timeout: float | None = None) -> tuple[Reply, ...]:
        """Ask, drain to the end, and give pluto's replies as they are.

        DeadlinePassed after `timeout` seconds, ConnectionLost where pluto went away in the middle.
        """
        check_seconds(timeout, "timeout")
        replies: list[Reply] = []
        limit = self.timeout if timeout is None else timeout
        ending = self.drive(exchange(self, command, Send(b"", replies.extend, self.now() + _seconds(limit))))
        if ending in (Ending.DEADLINE, Ending.UNSENT):
            raise DeadlinePassed(
                f"{self.path}: pluto did not answer {command.verb} in {limit} s",
                path=self.path,
                seconds=limit,
                option="timeout",
            )
        if ending is not Ending.EOF:
            raise ConnectionLost(
                f"{self.path}: pluto went away in the middle of {command.verb}: try again", path=self.path
            )
        return tuple(replies)

    def _operation(self, request: Request) -> Outcome:
        return self.perform(request)

    def perform(self, request: Request, sink: Sink | None = None) -> Outcome:
        """Run a request to its outcome; each event goes to `sink`, or else to `on_event`, as it comes."""
        on_event = self._on_event
        if sink is None and on_event is not None:
            return self.drive(operate(self, request, lambda event: on_event(event())))
        return self.drive(operate(self, request, sink))

    def now(self) -> float:
        """The clock of courses."""
        return time.monotonic()

    def drive(self, course: Course[T]) -> T:
        """Carry out what `course` asks for, to what it comes to."""
        step: Callable[[], Ask] = partial(next, course)
        while True:
            try:
                ask = step()
            except StopIteration as done:
                result: T = done.value
                return result
            try:
                answer = self._carry_out(ask)
            except WhackError as error:
                step = partial(course.throw, error)
            except BaseException:
                with suppress(StopIteration, GivenUp):
                    course.throw(GivenUp())
                raise
            else:
                step = partial(course.send, answer)

    def _carry_out(self, ask: Ask) -> object:
        if isinstance(ask, FindAgain):
            return self.find(ask.deadline)
        detected = self.detected
        talk = Talk(
            self.path, codes=detected.release.codes, seqpacket=detected.seqpacket, pluto=detected.pluto
        )
        try:
            return talk.run(
                ask.message,
                ask.on_replies,
                lambda: ask.deadline,
                answers=ask.answers,
                holds_descriptor=ask.holds_descriptor,
            )
        finally:
            ask.sent = talk.sent


def _seconds(timeout: float | None) -> float:
    return float("inf") if timeout is None else timeout
