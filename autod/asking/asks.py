"""The asks: what a course wants done next.

A course is a generator. It yields an ask; its driver carries the ask out and sends back the result, or throws the error
that came of it. What a course returns is what it came to. A driver that is cancelled throws GivenUp in and takes what
the course returns then.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from autod.protocol.errors import WhackError

if TYPE_CHECKING:
    from autod.exchange.control import Pending
    from autod.identify.detect import Detected
    from autod.protocol.commands import Command
    from autod.protocol.exchange import Answers
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["Ask", "Asked", "Course", "Driven", "FindAgain", "GivenUp", "Send"]

T = TypeVar("T")


class Send(msgspec.Struct, eq=False):
    """One exchange. The result is its Ending.

    `deadline` is on the course's clock, in seconds; the course may move it while replies come, which `on_replies`
    gets. The driver makes the message of `command` when it can be sent, so that thousands who wait hold none. `sent` is
    set by the driver when the message has gone out. `pending` is an exchange whose message was sent already, which the
    driver only reads to the end. `only`: lines without these bytes may be left out.
    """

    on_replies: Callable[[list[Reply]], None]
    deadline: float
    command: Command | None = None
    answers: Answers | None = None
    holds_descriptor: bool = False
    holder: str = ""
    pending: Pending | None = None
    sent: bool = False
    only: bytes | None = None


class FindAgain(msgspec.Struct, eq=False):
    """Another pluto listens than `stale`: find out its release. The result is a Detected.

    Many courses may ask at once; the driver finds out once for all of them.
    """

    stale: Detected
    deadline: float


Ask: TypeAlias = Send | FindAgain

Course: TypeAlias = Generator[Ask, Any, T]


class GivenUp(Exception):
    """Thrown into a course whose caller does not want to wait any longer."""


class Asked(Protocol):
    """The pluto that a course is about: what autod.client.Pluto is, and what a test can easily be."""

    @property
    def path(self) -> str:
        """Its control socket."""

    @property
    def detected(self) -> Detected:
        """What was found out about it last."""

    @property
    def release(self) -> Release:
        """The release that listens."""

    def message(self, command: Command) -> bytes:
        """The bytes that ask `command` of this release. BadString, Unsupported."""

    def now(self) -> float:
        """The driver's clock, in seconds."""


class Driven(Generic[T]):
    """A course under way, for a driver of any kind:

        driven = Driven(course, given_up)
        while (ask := driven.ask()) is not None:
            with driven:
                driven.answer = await carry_out(ask)
        return driven.result

    The block is around the work on one ask. An error of the tree that comes out of it goes to the course. Whatever else
    does gives the course up, and goes on: `given_up` gets what the course comes to then.

    Thousands of these wait at a time, so it holds as little as it can.
    """

    __slots__ = ("_course", "_error", "_given_up", "answer", "result")

    result: T

    def __init__(self, course: Course[T], given_up: Callable[[T], None] | None = None) -> None:
        self.answer: object = None
        self._error: WhackError | None = None
        self._course = course
        self._given_up = given_up

    def ask(self) -> Ask | None:
        """What the course asks for next. None: it has come to its `result`."""
        answer, self.answer = self.answer, None
        error, self._error = self._error, None
        try:
            return self._course.send(answer) if error is None else self._course.throw(error)
        except StopIteration as done:
            self.result = done.value
            return None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, WhackError):
            self._error = error
            return True
        if error is not None:
            self._give_up()
        return False

    def _give_up(self) -> None:
        try:
            self._course.throw(GivenUp())
        except StopIteration as done:
            if self._given_up is not None:
                self._given_up(done.value)
        except GivenUp:
            pass
