"""A pluto to talk to: one method an operation.

    async with open_pluto() as pluto:
        outcome = await pluto.up("branch-17")
        if not outcome.ok:
            print(outcome.sentence)

Owns: which command an operation sends, and the trio driver: carrying out what a course asks for. Must not know: how
bytes travel (autod.exchange), the order of an operation's asks (autod.asking.course), what lines mean
(autod.recognise), many at once (autod.bulk).

Every operation ends: by pluto, or by its deadline. A deadline, like a cancellation, ends the waiting and nothing
in pluto, which goes on with what it was asked; the outcome says what is left behind.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import trio
from msgspec.structs import replace

from autod.asking.arguments import check_command, check_count, check_opening, check_seconds
from autod.asking.asks import Driven, FindAgain, Send
from autod.asking.course import holds_descriptor, lets_go, operate, settle
from autod.asking.guards import guards_of
from autod.asking.looks import check_ended, exchange
from autod.asking.methods import Methods
from autod.asking.request import Request, Sink
from autod.client import CONTROL_SOCKET, TIMEOUT
from autod.client.operation import BUFFER, Operation
from autod.errors import DeadlinePassed, UsageError, WhackError, no_answer
from autod.exchange.control import Control
from autod.exchange.slots import Slots
from autod.identify.detect import Detected, detect
from autod.identify.dialect import read_in
from autod.judging.answer import judge_answer
from autod.judging.memo import Alike
from autod.metrics import Counters
from autod.operations import of_command
from autod.outcomes import Outcome, Result, gather, sentence
from autod.protocol import commands as c
from autod.protocol.encode import encode
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    import msgspec
    from structlog.typing import FilteringBoundLogger

    from autod.asking.asks import Course
    from autod.events import Event
    from autod.exchange.control import Pending
    from autod.identify.cache import Known
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply
    from autod.status import ChildSa, State

T = TypeVar("T")

__all__ = ["Pluto", "open_pluto"]


@asynccontextmanager
async def open_pluto(
    path: str | os.PathLike[str] = CONTROL_SOCKET,
    release: str | None = None,
    *,
    seccomp: bool | None = None,
    limit: int = 64,
    buffer: int = BUFFER,
    known: Known | None = None,
    timeout: float | None = TIMEOUT,
    log: FilteringBoundLogger | None = None,
) -> AsyncGenerator[Pluto, None]:
    """The pluto whose control socket is `path`.

    `release` names it, if the caller knows better than pluto ("5.2"); else it is found out first. `limit` bounds
    the requests that hold a descriptor in pluto. `buffer` bounds the events kept for a slow consumer of one
    operation. `timeout` (seconds, None: never) bounds the finding out, and each operation that has none of its own.
    `log` (a structlog logger) gets each event and each outcome as it comes, bound to its operation, connection and
    release; docs/events.md has the keys.

    Raises NoSocket, NotPermitted, UnknownRelease, DeadlinePassed before anything but the safe probe was sent.
    Nothing is open between operations, so leaving the block leaves nothing behind.
    """
    pluto = Pluto(
        path, release, seccomp=seccomp, limit=limit, buffer=buffer, known=known, timeout=timeout, log=log
    )
    await pluto.find()
    yield pluto


class Pluto(Methods[Operation]):
    """A pluto, and what may be asked of it. Made by `open_pluto`.

    The methods return an `Operation`: await it for its outcome, or enter it for its events. `timeout` is in seconds;
    None, which is the default, is the `timeout` that `open_pluto` was given (None there: for ever). An argument
    of a wrong type, or a time below 0, raises UsageError at the call. All raise, when run, NoSocket, NotPermitted
    or ConnectionLost where there is no pluto, BadString or Unsupported where nothing can be sent; what pluto
    refuses is an outcome.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        release: str | None,
        *,
        seccomp: bool | None,
        limit: int,
        buffer: int,
        known: Known | None,
        timeout: float | None,
        log: FilteringBoundLogger | None = None,
    ) -> None:
        self.path: str = check_opening(path, release, known, timeout)
        check_count(limit, "limit")
        check_count(buffer, "buffer")
        if log is not None and not hasattr(log, "bind"):
            raise UsageError(f"log must be a logger of structlog; it was given {log!r}", option="log")
        self.log = log
        self.slots: Slots = Slots(limit)
        self.timeout = timeout
        self.counters: Counters = Counters()
        """What was asked so far, in figures (autod.metrics)."""
        self._given = release
        self._seccomp = seccomp
        self._known = known
        self._buffer = buffer
        self._detected: Detected | None = None
        self._control: Control | None = None
        self._alike = Alike()
        self._finding = trio.Lock()

    async def find(self) -> Detected:
        """Find out which release listens, again: after pluto was started anew. DeadlinePassed after `timeout`."""
        end = self.now() + (float("inf") if self.timeout is None else self.timeout)
        with _deadline(end, no_answer(self.path, self.timeout)):
            detected = await detect(self.path, release=self._given, seccomp=self._seccomp, known=self._known)
        detected = replace(detected, release=read_in(detected.release, self.dialect))
        self._detected = detected
        self._alike = Alike()
        self._control = Control(
            self.path,
            codes=detected.release.codes,
            seqpacket=detected.seqpacket,
            pluto=detected.pluto,
            slots=self.slots,
        )
        return detected

    dialect = ""
    """Whose ipsec.conf is read, whatever was found out: "el8", "upstream", or "" as it was found out."""

    reads_messages = True
    """Whether a message of this release can be read: not where it was learned (autod.learn)."""

    @property
    def found(self) -> Detected | None:
        """What was found out about this pluto last; None before it was looked for."""
        return self._detected

    @property
    def detected(self) -> Detected:
        """What was found out about this pluto."""
        assert self._detected is not None
        return self._detected

    @property
    def release(self) -> Release:
        """The release that listens."""
        return self.detected.release

    @property
    def control(self) -> Control:
        """The exchange below, for those who bring their own messages."""
        assert self._control is not None
        return self._control

    def message(self, command: c.Command) -> bytes:
        """The bytes that ask `command` of this release. BadString, Unsupported."""
        return encode(command, self.release)

    async def replies(self, command: c.Command, *, timeout: float | None = None) -> tuple[Reply, ...]:
        """Ask, drain to the end, and give pluto's replies as they are: for those who parse them.

        DeadlinePassed after `timeout` seconds, ConnectionLost where pluto went away in the middle.
        """
        check_command(command)
        check_seconds(timeout, "timeout")
        replies: list[Reply] = []
        limit = self.timeout if timeout is None else timeout
        end = self.now() + (float("inf") if limit is None else limit)
        ending = await self.drive(exchange(self, command, Send(replies.extend, end)))
        check_ended(ending, self.path, command, limit)
        return tuple(replies)

    async def state(self, *commands: c.Command, timeout: float | None = None) -> State:
        """What pluto knows, as typed values (docs/status.md).

        `commands` are those of the family of status that are asked, one after the other; none: Status and
        TrafficStatus, which together tell all. Asking takes 0.3 s of pluto's time with 5,000 connections, so do not
        do it in a loop. Reading the answer takes as long again; it is done in slices of about 10 ms, between
        which other tasks run. `timeout` bounds each question. Raises as `replies` does.
        """
        from autod.status import parse_in_slices

        replies: list[Reply] = []
        for command in commands or (c.Status(), c.TrafficStatus()):
            replies += await self.replies(command, timeout=timeout)
        slices = parse_in_slices(replies, time=time.time())
        while True:
            try:
                next(slices)
            except StopIteration as done:
                state: State = done.value
                return state
            await trio.lowlevel.checkpoint()

    async def traffic(self, name: str | None = None, *, timeout: float | None = None) -> tuple[ChildSa, ...]:
        """The Child SAs that are established, with what went through them: all, or those of one connection.

        Cheap enough to ask often: 0.1 s of pluto's time with 5,000 that are up, and parsed in slices like `state`.
        """
        return (await self.state(c.TrafficStatus(name), timeout=timeout)).child_sas

    async def established(self, *, timeout: float | None = None) -> frozenset[str]:
        """The names of the connections that have an established Child SA, the cheapest way: for polling.

        An instance counts for the connection that it was made from.
        """
        from autod.status import established

        return established(await self.replies(c.TrafficStatus(), timeout=timeout))

    def _operation(self, request: Request) -> Operation:
        return Operation(request, self.perform, buffer=self._buffer)

    def is_quick(self, request: Request) -> bool:
        """Whether start() is worth a try: a plain request, which nothing must be looked at for, to a pluto that
        answered the last ones at once."""
        return (
            of_command(type(request.command).__name__).quick
            and request.answers is None
            and self.control.is_quick
            and not guards_of(request, self.release)
        )

    def start(self, request: Request) -> Pending | None:
        """Send a request for which `is_quick` is so, without a turn of the event loop; None: nothing was sent.
        Then control.read() must follow, and finish() or perform() after it."""
        command = request.command
        return self.control.start(
            self.message(command), holds_descriptor=holds_descriptor(command), holder=request.name or ""
        )

    def finish(self, many: Sequence[tuple[Request, Pending]]) -> list[tuple[Sequence[Event], Outcome]]:
        """The events and outcomes of requests whose exchanges are over (Control.read). An outcome may need a look
        at the state (`needs_state`): settle() has it."""
        endings = self.control.finish(pending for _, pending in many)
        now = time.time()
        judged = [
            self._judged(request, pending, ending, now)
            for (request, pending), ending in zip(many, endings, strict=True)
        ]
        for (request, _), (events, outcome) in zip(many, judged, strict=True):
            self.counters.count(outcome)
            if (write := self._writer(request)) is not None:
                for value in (*events, outcome):
                    write(value)
        return judged

    def _judged(
        self, request: Request, pending: Pending, ending: Ending, now: float
    ) -> tuple[Sequence[Event], Outcome]:
        """The events and the outcome of an exchange that is over."""
        return self.judged(request, pending.exchange.undecoded, ending, started=pending.at, ended=now)

    def judged(
        self, request: Request, data: bytes, ending: Ending, *, started: float, ended: float
    ) -> tuple[Sequence[Event], Outcome]:
        """The events and the outcome of a request whose whole answer is `data`; times in UNIX seconds."""

        def judged(name: str | None, data: bytes) -> tuple[Sequence[Event], Outcome]:
            return judge_answer(
                request.operation,
                name,
                self.control.replies(data),
                ending,
                members=request.members,
                asynchronous=request.asynchronous,
                started=started,
                ended=ended,
            )

        if request.name is None or request.members is not None:
            return judged(request.name, data)
        kind = request.operation, request.asynchronous, ending
        return self._alike.judged(kind, request.name, data, judged, started=started, ended=ended)

    async def perform(
        self,
        request: Request,
        sink: Sink | None = None,
        pending: Pending | None = None,
        *,
        given_up: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Run a request to its outcome; each event goes to `sink` as it comes. The methods above are this.

        `pending` is what start() gave for it. Cancelled: `given_up` gets the outcome, which says whether anything was
        sent and what is left behind; the slot of an up that was sent stays counted.
        """

        def conclude(outcome: Outcome) -> Outcome:
            if outcome.ok and request.name is not None and lets_go(request.command):
                # pluto let go of the requests that were given up for this connection.
                self.slots.released(request.name)
            self.counters.count(outcome)
            if write is not None:
                write(outcome)
            return outcome

        def cancelled(outcome: Outcome) -> None:
            conclude(outcome)
            if given_up is not None:
                given_up(outcome)

        write = self._writer(request)
        course = operate(self, request, sink if write is None else _both(write, sink), pending)
        self.counters.under_way[request.operation] += 1
        try:
            return conclude(await self.drive(course, given_up=cancelled))
        except WhackError as error:
            self.counters.refuse(request.operation, error)
            raise
        finally:
            self.counters.under_way[request.operation] -= 1

    async def settle(self, outcome: Outcome) -> Outcome:
        """Look at pluto's state where its lines did not say how it ended; unsettled if there is no answer."""
        return await self.drive(settle(self, outcome))

    async def up_the_rest(
        self,
        request: Request,
        members: Sequence[str],
        up: Collection[str],
        sink: Sink | None = None,
    ) -> Outcome:
        """Bring up those of `members` that are not `up`, at once; one outcome for the name they stand for.

        pluto would add one more Child SA to each that is up, if it were asked by that name. Raises and leaves behind
        what `perform` does.
        """
        outcomes = {
            member: Outcome(
                operation=request.operation,
                connection=member,
                result=Result.UP,
                ok=True,
                sentence=sentence(Result.UP, request.operation, member),
            )
            for member in members
        }
        errors: list[WhackError] = []

        async def bring_up(member: str, scope: trio.CancelScope) -> None:
            try:
                outcomes[member] = await self.perform(request.named(member), sink)
            except WhackError as error:
                errors.append(error)
                scope.cancel()

        async with trio.open_nursery() as nursery:
            for member in members:
                if member not in up:
                    nursery.start_soon(bring_up, member, nursery.cancel_scope)
        if errors:
            raise errors[0]
        return gather(request.operation, request.name, tuple(outcomes.values()))

    def _writer(self, request: Request) -> Callable[[msgspec.Struct], None] | None:
        """What writes the events of a request to the log, None where there is no log."""
        if self.log is None:
            return None
        from autod.log import logger, write

        return partial(
            write,
            logger(request.operation, connection=request.name, release=self.release.text, log=self.log),
        )

    # The trio driver

    def now(self) -> float:
        """The clock of courses: trio's."""
        return trio.current_time()

    async def drive(self, course: Course[T], *, given_up: Callable[[T], None] | None = None) -> T:
        """Carry out what `course` asks for, to what it comes to. Cancelled: `given_up` gets what the course comes to
        then."""
        driven = Driven(course, given_up)
        while (ask := driven.ask()) is not None:
            with driven:
                driven.answer = await (self._send(ask) if isinstance(ask, Send) else self._find_again(ask))
        return driven.result

    async def _send(self, ask: Send) -> Ending:
        control, command = self.control, ask.command
        assert command is not None
        with trio.CancelScope(deadline=ask.deadline) as scope:

            def take(replies: list[Reply]) -> None:
                ask.on_replies(replies)
                scope.deadline = ask.deadline

            pending, ask.pending = ask.pending, None
            if pending is None:
                pending = await control.submit(
                    partial(self.message, command),
                    answers=ask.answers,
                    holds_descriptor=ask.holds_descriptor,
                    holder=ask.holder,
                )
                ask.sent = True
            return await control.wait(pending, take)
        return Ending.DEADLINE if ask.sent else Ending.UNSENT

    async def _find_again(self, ask: FindAgain) -> Detected:
        """Found out once, for all that ask."""
        with _deadline(ask.deadline, no_answer(self.path, None, "for its release", "it was started anew")):
            async with self._finding:
                if self._detected is ask.stale:
                    await self.find()
        return self.detected


def _both(write: Callable[[msgspec.Struct], None], sink: Sink | None) -> Sink:
    """To the log, and to the caller."""

    def both(event: Callable[[], Event]) -> None:
        write(event())
        if sink is not None:
            sink(event)

    return both


@contextmanager
def _deadline(at: float, late: DeadlinePassed) -> Iterator[None]:
    """Raises `late` where what stands inside is not over at that time."""
    with trio.CancelScope(deadline=at) as scope:
        yield
    if scope.cancelled_caught:
        raise late
