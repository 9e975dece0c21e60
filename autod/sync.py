"""A pluto to talk to from a thread, without an event loop: the methods of autod.Pluto, each of which blocks.

    with autod.sync.open_pluto() as pluto:
        outcome = pluto.up("branch-17", timeout=30)

Owns: waiting in a thread. Must not know: the steps of an operation (autod.client.plain).

One operation at a time: nothing else goes on in the thread while pluto answers. `bulk` is for many connections. An
exception in between (KeyboardInterrupt) ends the waiting and nothing in pluto.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar, Unpack

from autod.client import CONTROL_SOCKET, TIMEOUT
from autod.client.plain import PlainPluto, Turn
from autod.errors import UsageError
from autod.exchange.blocking import Wait
from autod.identify.binary import version_of_process_blocking
from autod.protocol import commands as c

if TYPE_CHECKING:
    from autod.asking.asks import Course
    from autod.asking.request import Request, Sink
    from autod.bulk import BulkEvent, BulkResult
    from autod.bulk.operations import OperationName
    from autod.bulk.portal import BulkOptions
    from autod.client.plain import Steps
    from autod.config import Configuration
    from autod.events import Event
    from autod.identify.binary import Version
    from autod.identify.cache import Known
    from autod.identify.detect import Detected
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply
    from autod.status import ChildSa, State

__all__ = ["CONTROL_SOCKET", "TIMEOUT", "Pluto", "bulk", "open_pluto"]

T = TypeVar("T")


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


class Pluto(PlainPluto["Outcome"]):
    """A pluto, and its operations: each method blocks until its outcome is known. Made by `open_pluto`.

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
        super().__init__(path, release, seccomp=seccomp, known=known, timeout=timeout)
        self._on_event = on_event

    def find(self, deadline: float | None = None) -> Detected:
        """Find out again which release listens, after a restart of pluto.

        DeadlinePassed after `timeout`, or at `deadline` (time.monotonic).
        """
        return _block(self.finding(deadline))

    def replies(self, command: c.Command, *, timeout: float | None = None) -> tuple[Reply, ...]:
        """Send a command, and return all of pluto's replies, unchanged.

        DeadlinePassed after `timeout` seconds, ConnectionLost if pluto went away in the middle.
        """
        return _block(self.asking(command, timeout))

    def replies_with(self, command: c.Command, part: bytes | None) -> tuple[Reply, ...]:
        """As `replies`, but only those with the bytes `part`, which saves the time to decode the others."""
        return _block(self.asking(command, None, part))

    def state(self, *commands: c.Command, timeout: float | None = None) -> State:
        """pluto's state, as typed values; see autod.Pluto.state. With 5,000 connections up to a second in all."""
        from autod.status import parse

        questions = commands or (c.Status(), c.TrafficStatus())
        return parse([reply for command in questions for reply in self.replies(command, timeout=timeout)])

    def traffic(self, name: str | None = None, *, timeout: float | None = None) -> tuple[ChildSa, ...]:
        """The established Child SAs with their traffic: all, or those of one connection."""
        return self.state(c.TrafficStatus(name), timeout=timeout).child_sas

    def established(self, *, timeout: float | None = None) -> frozenset[str]:
        """The names of the connections that have an established Child SA, the cheapest way."""
        from autod.status import established

        return established(self.replies(c.TrafficStatus(), timeout=timeout))

    def _operation(self, request: Request) -> Outcome:
        return self.perform(request)

    def perform(self, request: Request, sink: Sink | None = None) -> Outcome:
        """Run a request to its outcome; each event goes to `sink`, or else to `on_event`, as it comes."""
        on_event = self._on_event
        if sink is None and on_event is not None:
            return _block(self.performing(request, lambda event: on_event(event())))
        return _block(self.performing(request, sink))

    def drive(self, course: Course[T]) -> T:
        """Carry out the asks of `course`. Returns its result."""
        return _block(self.carrying(course))


def _block(steps: Steps[T]) -> T:
    """Wait for each step in this thread."""
    answer: Version | bool | None = None
    try:
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as ending:
                result: T = ending.value
                return result
            answer = None
            if isinstance(step, Wait):
                step.block()
            elif isinstance(step, Turn):
                answer = True
            else:
                answer = version_of_process_blocking(step.pid)
    finally:
        steps.close()


def bulk(
    pluto: Pluto,
    names: Iterable[str],
    operation: OperationName = "up",
    *,
    on_event: Callable[[BulkEvent], None] | None = None,
    configuration: Configuration | None = None,
    **options: Unpack[BulkOptions],
) -> BulkResult:
    """autod.bulk.bulk, to its end: the result of each connection. Its options are those of autod.bulk.bulk.

    `configuration` (autod.config) has the connections that an operation loads (add, replace, start, ondemand).
    `on_event` gets each event of the run as it comes. trio runs in this thread meanwhile, so no event loop may run in
    it. A KeyboardInterrupt, or an exception of `on_event`, ends the run at once; pluto goes on with requests in flight.
    """
    import trio

    from autod.bulk.portal import whole

    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        pass
    else:
        raise UsageError("an event loop of trio runs in this thread: use autod.bulk.bulk there")
    return trio.run(partial(whole, pluto, names, operation, on_event, configuration, options))
